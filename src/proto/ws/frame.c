/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c - writes server frames, which are never masked, and judges the body
 * of a close frame. */
#include "proto/ws/ws.h"

#include "base/utf8.h"

enum { CONTROL_BYTES_MAX = 125, REASON_BYTES_MAX = CONTROL_BYTES_MAX - 2 };

void hg_ws_put_head(struct hg_buf *out, enum hg_ws_op op, size_t payload_bytes) {
    uint8_t head[10] = {(uint8_t)(0x80 | op)};
    size_t n = 2;
    uint64_t len = payload_bytes;
    HG_ASSERT(op < HG_WS_CLOSE || payload_bytes <= CONTROL_BYTES_MAX);
    if (len < 126) {
        head[1] = (uint8_t)len;
    } else if (len < 65536) {
        head[1] = 126;
        n = 4;
    } else {
        head[1] = 127;
        n = 10;
    }
    for (size_t i = n - 1; i >= 2; i--) {
        head[i] = (uint8_t)len;
        len >>= 8;
    }
    hg_buf_put(out, head, n);
}

void hg_ws_put_frame(struct hg_buf *out, enum hg_ws_op op, struct hg_slice payload) {
    hg_ws_put_head(out, op, payload.len);
    hg_buf_put_slice(out, payload);
}

void hg_ws_put_close(struct hg_buf *out, int code, struct hg_slice reason) {
    if (code == 0) {
        hg_ws_put_head(out, HG_WS_CLOSE, 0);
        return;
    }
    if (reason.len > REASON_BYTES_MAX) {
        reason.len = REASON_BYTES_MAX;
        while (reason.len > 0 && ((uint8_t)reason.ptr[reason.len] & 0xc0) == 0x80) {
            reason.len--;
        }
    }
    uint8_t bytes[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    hg_ws_put_head(out, HG_WS_CLOSE, 2 + reason.len);
    hg_buf_put(out, bytes, 2);
    hg_buf_put_slice(out, reason);
}

/* RFC 6455 7.4 and the registry: 1004 to 1006 and 1015 never travel. */
static bool is_code_legal(int code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

int hg_ws_close_code(struct hg_slice payload) {
    if (payload.len == 0) {
        return 1000;
    }
    if (payload.len == 1) {
        return 1002;
    }
    int code = (uint8_t)payload.ptr[0] << 8 | (uint8_t)payload.ptr[1];
    if (!is_code_legal(code)) {
        return 1002;
    }
    return hg_utf8_is_valid(payload.ptr + 2, payload.len - 2) ? code : 1007;
}
