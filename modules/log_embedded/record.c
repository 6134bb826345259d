/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - records to and from bytes. Knows no store. */
#include "record.h"

#include "headgate/record.h"

enum { VERSION = 1, TOMBSTONE = 1, HEAD_BYTES = 40, SUM_BYTES = 4, HEADER_HEAD = 6 };

void embedded_put_be(uint8_t *out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
}

uint64_t embedded_get_be(const uint8_t *in, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) {
        value = value << 8 | in[i];
    }
    return value;
}

void embedded_record_key(uint32_t sid, uint64_t offset, uint8_t ret[RECORD_KEY_BYTES]) {
    embedded_put_be(ret, sid, 4);
    embedded_put_be(ret + 4, offset, 8);
}

size_t embedded_record_bytes(const struct hg_record *r) {
    uint64_t bytes = HEAD_BYTES + SUM_BYTES + (uint64_t)r->key.len;
    if (r->n_headers > RECORD_HEADERS_MAX || r->key.len > RECORD_BYTES_MAX) {
        return 0;
    }
    for (size_t i = 0; i < r->n_headers; i++) {
        if (r->headers[i].name.len > UINT16_MAX || r->headers[i].value.len > RECORD_BYTES_MAX) {
            return 0;
        }
        bytes += HEADER_HEAD + r->headers[i].name.len + (uint64_t)r->headers[i].value.len;
    }
    bytes += r->event != NULL ? hg_event_packed_bytes(r->event) : 0;
    return bytes <= RECORD_BYTES_MAX ? (size_t)bytes : 0;
}

static uint8_t *put_bytes(uint8_t *at, struct hg_slice s) {
    if (s.len > 0) {
        memcpy(at, s.ptr, s.len);
    }
    return at + s.len;
}

static uint32_t sum_of(const uint8_t key[RECORD_KEY_BYTES], const void *bytes, size_t len) {
    return hg_crc32c(hg_crc32c(0, key, RECORD_KEY_BYTES), bytes, len);
}

void embedded_record_write(const struct hg_record *r, const uint8_t key[RECORD_KEY_BYTES],
                           uint8_t *out, size_t bytes) {
    out[0] = VERSION;
    out[1] = r->event == NULL ? TOMBSTONE : 0;
    embedded_put_be(out + 2, r->n_headers, 2);
    embedded_put_be(out + 4, r->key.len, 4);
    embedded_put_be(out + 8, (uint64_t)r->log_time_ms, 8);
    embedded_put_be(out + 16, r->owner, 8);
    memcpy(out + 24, r->digest, sizeof r->digest);
    uint8_t *at = put_bytes(out + HEAD_BYTES, r->key);
    for (size_t i = 0; i < r->n_headers; i++) {
        embedded_put_be(at, r->headers[i].name.len, 2);
        embedded_put_be(at + 2, r->headers[i].value.len, 4);
        at = put_bytes(at + HEADER_HEAD, r->headers[i].name);
        at = put_bytes(at, r->headers[i].value);
    }
    if (r->event != NULL) {
        hg_event_pack(r->event, (char *)at);
    }
    size_t summed = bytes - SUM_BYTES;
    embedded_put_be(out + summed, sum_of(key, out, summed), SUM_BYTES);
}

/* Cut len bytes off rest. */
static bool take(struct hg_slice *rest, uint64_t len, struct hg_slice *ret) {
    if (len > rest->len) {
        return false;
    }
    *ret = (struct hg_slice){rest->ptr, (size_t)len};
    *rest = (struct hg_slice){rest->ptr + len, rest->len - (size_t)len};
    return true;
}

static bool read_headers(struct hg_slice *rest, size_t n, struct hg_record_header *headers) {
    for (size_t i = 0; i < n; i++) {
        struct hg_slice head;
        if (!take(rest, HEADER_HEAD, &head)) {
            return false;
        }
        const uint8_t *h = (const uint8_t *)head.ptr;
        if (!take(rest, embedded_get_be(h, 2), &headers[i].name) ||
            !take(rest, embedded_get_be(h + 2, 4), &headers[i].value)) {
            return false;
        }
    }
    return true;
}

bool embedded_record_is_sound(const uint8_t key[RECORD_KEY_BYTES], struct hg_slice bytes) {
    const uint8_t *in = (const uint8_t *)bytes.ptr;
    if (bytes.len < HEAD_BYTES + SUM_BYTES) {
        return false;
    }
    size_t summed = bytes.len - SUM_BYTES;
    return embedded_get_be(in + summed, SUM_BYTES) == sum_of(key, in, summed) && in[0] == VERSION;
}

int embedded_record_read(const uint8_t key[RECORD_KEY_BYTES], struct hg_slice bytes,
                         struct hg_record_header ret_headers[RECORD_HEADERS_MAX],
                         struct hg_record *ret) {
    const uint8_t *in = (const uint8_t *)bytes.ptr;
    if (!embedded_record_is_sound(key, bytes)) {
        return HG_EINVAL;
    }
    struct hg_record r = {
        .offset = embedded_get_be(key + 4, 8),
        .n_headers = embedded_get_be(in + 2, 2),
        .headers = ret_headers,
        .log_time_ms = (int64_t)embedded_get_be(in + 8, 8),
        .owner = embedded_get_be(in + 16, 8),
    };
    memcpy(r.digest, in + 24, sizeof r.digest);
    struct hg_slice rest = {bytes.ptr + HEAD_BYTES, bytes.len - SUM_BYTES - HEAD_BYTES};
    if (r.n_headers > RECORD_HEADERS_MAX || !take(&rest, embedded_get_be(in + 4, 4), &r.key) ||
        !read_headers(&rest, r.n_headers, ret_headers)) {
        return HG_EINVAL;
    }
    if (in[1] == TOMBSTONE) {
        *ret = r;
        return rest.len == 0 ? 0 : HG_EINVAL;
    }
    int err = hg_event_unpack(rest, &r.event);
    if (err == 0) {
        *ret = r;
    }
    return err;
}

int embedded_record_mark(const uint8_t key[RECORD_KEY_BYTES], struct hg_slice bytes,
                         struct hg_log_mark *ret) {
    struct hg_record_header headers[RECORD_HEADERS_MAX];
    const uint8_t *in = (const uint8_t *)bytes.ptr;
    if (!embedded_record_is_sound(key, bytes)) {
        return HG_EINVAL;
    }
    struct hg_slice own, rest = {bytes.ptr + HEAD_BYTES, bytes.len - SUM_BYTES - HEAD_BYTES};
    size_t n_headers = embedded_get_be(in + 2, 2);
    if (n_headers > RECORD_HEADERS_MAX || !take(&rest, embedded_get_be(in + 4, 4), &own) ||
        !read_headers(&rest, n_headers, headers)) {
        return HG_EINVAL;
    }
    if (in[1] == TOMBSTONE) {
        return HG_ENOENT;
    }
    *ret = (struct hg_log_mark){
        .offset = embedded_get_be(key + 4, 8),
        .log_time_ms = (int64_t)embedded_get_be(in + 8, 8),
        .owner = embedded_get_be(in + 16, 8),
        .digest = in + 24,
    };
    return hg_event_packed_identity(rest, &ret->id, &ret->source);
}

bool embedded_record_time(struct hg_slice bytes, int64_t *ret_ms) {
    if (bytes.len < HEAD_BYTES + SUM_BYTES) {
        return false;
    }
    *ret_ms = (int64_t)embedded_get_be((const uint8_t *)bytes.ptr + 8, 8);
    return true;
}

struct hg_slice embedded_record_own_key(struct hg_slice bytes) {
    struct hg_slice key = {0};
    if (bytes.len >= HEAD_BYTES + SUM_BYTES) {
        struct hg_slice rest = {bytes.ptr + HEAD_BYTES, bytes.len - HEAD_BYTES};
        (void)take(&rest, embedded_get_be((const uint8_t *)bytes.ptr + 4, 4), &key);
    }
    return key;
}
