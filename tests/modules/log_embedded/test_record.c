/* SPDX-License-Identifier: Apache-2.0 */
/* test_record.c - records as bytes. */
#include "../../../modules/log_embedded/record.h"

#include <stdlib.h>
#include <string.h>

#include "headgate/record.h"
#include "modules/log_contract_rig.h"
#include "modules/log_embedded/tests.h"

static const struct hg_record_header headers[] = {{HG_SLICE("hg_reason"), HG_SLICE("schema")},
                                                  {HG_SLICE("n"), {NULL, 0}}};

struct packed {
    uint8_t key[RECORD_KEY_BYTES];
    uint8_t *bytes;
    size_t len;
    struct hg_event *event;
};

static void pack(struct packed *p) {
    struct hg_record r = {
        .event = contract_event("id-7", "the data", 8),
        .key = HG_SLICE("a key"),
        .headers = headers,
        .n_headers = 2,
        .owner = 77,
        .log_time_ms = 1700000000123,
    };
    memcpy(r.digest, "0123456789abcdef", 16);
    embedded_record_key(5, 99, p->key);
    p->len = embedded_record_bytes(&r);
    p->bytes = malloc(p->len);
    p->event = r.event;
    embedded_record_write(&r, p->key, p->bytes, p->len);
}

static void unpack(struct packed *p) {
    free(p->bytes);
    hg_event_unref(&p->event);
}

static int read_back(const struct packed *p, struct hg_record *ret) {
    static struct hg_record_header room[RECORD_HEADERS_MAX];
    return embedded_record_read(p->key, (struct hg_slice){(const char *)p->bytes, p->len}, room,
                                ret);
}

static void a_record_comes_back(void **state) {
    (void)state;
    struct packed p;
    struct hg_record r;
    pack(&p);
    assert_int_equal(read_back(&p, &r), 0);
    assert_true(contract_same_event(r.event, p.event));
    assert_true(r.offset == 99 && r.owner == 77 && r.log_time_ms == 1700000000123);
    assert_memory_equal(r.digest, "0123456789abcdef", 16);
    assert_true(hg_slice_eq(r.key, HG_SLICE("a key")));
    assert_int_equal(r.n_headers, 2);
    assert_true(hg_slice_eq(r.headers[0].value, HG_SLICE("schema")));
    assert_true(hg_slice_eq(r.headers[1].name, HG_SLICE("n")));
    int64_t time_ms = 0;
    struct hg_slice bytes = {(const char *)p.bytes, p.len};
    assert_true(embedded_record_time(bytes, &time_ms));
    assert_true(time_ms == r.log_time_ms);
    assert_true(hg_slice_eq(embedded_record_own_key(bytes), HG_SLICE("a key")));
    hg_event_unref(&r.event);
    unpack(&p);
}

static void every_flipped_bit_is_noticed(void **state) {
    (void)state;
    struct packed p;
    struct hg_record r = {.owner = 1};
    pack(&p);
    for (size_t bit = 0; bit < p.len * 8; bit++) {
        p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(read_back(&p, &r), HG_EINVAL);
        p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(r.owner == 1 && r.event == NULL); /* untouched */
    unpack(&p);
}

static void a_record_under_another_key_is_noticed(void **state) {
    (void)state;
    struct packed p;
    struct hg_record r;
    pack(&p);
    for (size_t bit = 0; bit < RECORD_KEY_BYTES * 8; bit++) {
        p.key[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(read_back(&p, &r), HG_EINVAL);
        p.key[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    unpack(&p);
}

static void a_record_cut_anywhere_is_noticed(void **state) {
    (void)state;
    struct packed p;
    struct hg_record r;
    pack(&p);
    for (size_t len = p.len; len-- > 0;) {
        p.len = len;
        assert_int_equal(read_back(&p, &r), HG_EINVAL);
        int64_t time_ms;
        struct hg_slice bytes = {(const char *)p.bytes, len};
        (void)embedded_record_time(bytes, &time_ms);
        assert_true(embedded_record_own_key(bytes).len <= len);
    }
    unpack(&p);
}

/* Lengths that lie, with a sum that fits: by whoever has written the file. */
static void lengths_that_lie_are_noticed(void **state) {
    (void)state;
    static const struct { size_t at, len; } fields[] = {{2, 2}, {4, 4}, {45, 2}, {47, 4}};
    for (size_t i = 0; i < HG_COUNT(fields); i++) {
        struct packed p;
        struct hg_record r;
        pack(&p);
        memset(p.bytes + fields[i].at, 0xff, fields[i].len);
        uint32_t sum = hg_crc32c(0, p.key, RECORD_KEY_BYTES);
        embedded_put_be(p.bytes + p.len - 4, hg_crc32c(sum, p.bytes, p.len - 4), 4);
        assert_int_equal(read_back(&p, &r), HG_EINVAL);
        unpack(&p);
    }
}

static void a_tombstone_has_no_event(void **state) {
    (void)state;
    struct packed p = {0};
    struct hg_record r = {.key = HG_SLICE("k")};
    embedded_record_key(1, 2, p.key);
    p.len = embedded_record_bytes(&r);
    p.bytes = malloc(p.len);
    embedded_record_write(&r, p.key, p.bytes, p.len);
    memset(&r, 0x5a, sizeof r);
    assert_int_equal(read_back(&p, &r), 0);
    assert_null(r.event);
    assert_true(hg_slice_eq(r.key, HG_SLICE("k")));
    unpack(&p);
}

static void what_does_not_fit_the_format_is_refused(void **state) {
    (void)state;
    static struct hg_record_header many[RECORD_HEADERS_MAX + 1];
    static char long_name[70000];
    struct hg_record r = {.headers = many, .n_headers = RECORD_HEADERS_MAX};
    assert_true(embedded_record_bytes(&r) > 0);
    r.n_headers++;
    assert_int_equal(embedded_record_bytes(&r), 0);
    r.n_headers = 1;
    many[0].name = (struct hg_slice){long_name, UINT16_MAX};
    assert_true(embedded_record_bytes(&r) > 0);
    many[0].name.len++;
    assert_int_equal(embedded_record_bytes(&r), 0);
    many[0].name.len = 1;
    many[0].value = (struct hg_slice){long_name, (size_t)2 << 30}; /* never read */
    assert_int_equal(embedded_record_bytes(&r), 0);
    many[0].value = (struct hg_slice){long_name, SIZE_MAX};
    assert_int_equal(embedded_record_bytes(&r), 0);
    many[0] = (struct hg_record_header){{NULL, 0}, {NULL, 0}};
}

/* Files are older than programs: version 1 looks like this for ever. */
static void version_one_stays_as_it_is(void **state) {
    (void)state;
    struct packed p;
    pack(&p);
    assert_int_equal(p.bytes[0], 1);
    assert_int_equal(p.bytes[1], 0);
    assert_int_equal(embedded_get_be(p.bytes + 2, 2), 2);
    assert_int_equal(embedded_get_be(p.bytes + 4, 4), 5);
    assert_true(embedded_get_be(p.bytes + 8, 8) == 1700000000123);
    assert_true(embedded_get_be(p.bytes + 16, 8) == 77);
    assert_memory_equal(p.bytes + 24, "0123456789abcdef", 16);
    assert_memory_equal(p.bytes + 40, "a key\0\x09\0\0\0\x06hg_reasonschema\0\x01\0\0\0\0n", 33);
    assert_int_equal(embedded_get_be(p.bytes + p.len - 4, 4), 0x168caf0c);
    unpack(&p);
}

int test_record(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_comes_back),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(a_record_under_another_key_is_noticed),
        cmocka_unit_test(a_record_cut_anywhere_is_noticed),
        cmocka_unit_test(lengths_that_lie_are_noticed),
        cmocka_unit_test(a_tombstone_has_no_event),
        cmocka_unit_test(what_does_not_fit_the_format_is_refused),
        cmocka_unit_test(version_one_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
