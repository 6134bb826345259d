/* SPDX-License-Identifier: Apache-2.0 */
/* position.c - one position as a token, and the two fixed hashes it rests on.
 *
 * Tags and fingerprints travel to clients and come back on any node and after
 * any restart, so their keys are constants. They guard against mistakes, not
 * against forgery: a position grants nothing. */
#include "log/position.h"

#include "base/base64.h"
#include "base/hash.h"

enum { VERSION = 1, RAW_LEN = 31, SUM_AT = RAW_LEN - 4 };

static const struct hg_hash_key tag_key = {0x6867746f70696331, 0x7461672d6b65792d};
static const struct hg_hash_key fingerprint_key = {0x68677265636f7264, 0x6d61726b2d6b6579};

uint64_t hg_topic_tag(struct hg_slice topic_name) {
    return hg_hash64(&tag_key, topic_name.ptr, topic_name.len);
}

uint32_t hg_position_fingerprint(int64_t log_time_ms, struct hg_slice id) {
    uint8_t time_bytes[8];
    for (int i = 0; i < 8; i++) {
        time_bytes[i] = (uint8_t)((uint64_t)log_time_ms >> (56 - 8 * i));
    }
    struct hg_hash h;
    uint8_t sum[16];
    hg_hash_begin(&h, &fingerprint_key);
    hg_hash_feed(&h, time_bytes, sizeof time_bytes);
    hg_hash_feed(&h, id.ptr, id.len);
    hg_hash_end128(&h, sum);
    uint32_t mark =
        (uint32_t)sum[0] << 24 | (uint32_t)sum[1] << 16 | (uint32_t)sum[2] << 8 | sum[3];
    return mark != 0 ? mark : 1; /* 0 says that no record is known */
}

static void put_be(uint8_t *out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
}

static uint64_t get_be(const uint8_t *in, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) {
        value = value << 8 | in[i];
    }
    return value;
}

/* Of our one fixed length, into the caller's array: hg_base64url_put wants a
 * buffer that grows, and a position is written for every event sent. */
static void encode(const uint8_t raw[RAW_LEN], char *out) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    int have = 0;
    for (int i = 0; i < RAW_LEN; i++) {
        bits = bits << 8 | raw[i];
        for (have += 8; have >= 6; have -= 6) {
            *out++ = alphabet[bits >> (have - 6) & 63];
        }
    }
    *out++ = alphabet[bits << (6 - have) & 63];
    *out = '\0';
}

void hg_position_format(const struct hg_position *p, char out[HG_POSITION_TEXT_LEN + 1]) {
    uint8_t raw[RAW_LEN] = {VERSION};
    put_be(raw + 1, p->topic_tag, 8);
    put_be(raw + 9, p->epoch, 4);
    put_be(raw + 13, p->partition, 2);
    put_be(raw + 15, p->offset, 8);
    put_be(raw + 23, p->fingerprint, 4);
    put_be(raw + SUM_AT, hg_crc32c(0, raw, SUM_AT), 4);
    encode(raw, out);
}

int hg_position_parse(struct hg_slice text, struct hg_position *ret) {
    uint8_t raw[RAW_LEN + 2]; /* the decoder asks for 3 bytes to each 4 of text */
    size_t len = 0;
    if (text.len != HG_POSITION_TEXT_LEN || hg_base64url_decode(text, raw, &len) != 0 ||
        len != RAW_LEN || raw[0] != VERSION ||
        get_be(raw + SUM_AT, 4) != hg_crc32c(0, raw, SUM_AT)) {
        return HG_EINVAL;
    }
    *ret = (struct hg_position){
        .topic_tag = get_be(raw + 1, 8),
        .epoch = (uint32_t)get_be(raw + 9, 4),
        .partition = (uint16_t)get_be(raw + 13, 2),
        .offset = get_be(raw + 15, 8),
        .fingerprint = (uint32_t)get_be(raw + 23, 4),
    };
    return 0;
}
