/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ws.c - frames of a WebSocket. What is handed up, and the close code, do
 * not depend on how the bytes are cut. */
#include "fuzz/fuzz.h"
#include "proto/ws/ws.h"

enum { MESSAGE_MAX = 4096 };

struct outcome {
    struct hg_buf text;
    int code;
};

static void on_message(void *arg, enum hg_ws_op op, struct hg_slice payload) {
    struct outcome *o = arg;
    char *copy = fuzz_copy(payload);
    HG_ASSERT(payload.len <= MESSAGE_MAX);
    HG_ASSERT(op <= HG_WS_BINARY || payload.len <= 125);
    if (op == HG_WS_CLOSE) {
        int code = hg_ws_close_code(payload);
        HG_ASSERT(code >= 1000 && code < 5000);
    }
    hg_buf_printf(&o->text, "%d:%zu:", op, payload.len);
    hg_buf_put(&o->text, copy, payload.len);
    hg_free(copy);
}

static void run(struct hg_slice bytes, size_t piece_max, struct outcome *o) {
    static const struct hg_ws_ops ops = {on_message};
    struct hg_ws ws = {
        .ops = &ops, .arg = o, .message_bytes_max = MESSAGE_MAX, .fragments_max = 16};
    *o = (struct outcome){.text = {0}};
    for (size_t at = 0; at < bytes.len && o->code == 0 && !ws.is_closed; at += piece_max) {
        size_t left = bytes.len - at, n = left < piece_max ? left : piece_max;
        char *copy = fuzz_copy((struct hg_slice){bytes.ptr + at, n});
        o->code = hg_ws_feed(&ws, copy, n);
        hg_free(copy);
    }
    hg_ws_fini(&ws);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input(data, size);
    size_t piece_max = 1 + fuzz_byte(&in) % 64;
    struct outcome whole, cut;
    run(fuzz_rest(&in), SIZE_MAX / 2, &whole);
    run(fuzz_rest(&in), piece_max, &cut);
    HG_ASSERT(whole.code == cut.code);
    HG_ASSERT(hg_slice_eq(hg_buf_slice(&whole.text), hg_buf_slice(&cut.text)));
    hg_buf_fini(&whole.text);
    hg_buf_fini(&cut.text);
    return 0;
}
