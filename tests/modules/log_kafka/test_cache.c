/* SPDX-License-Identifier: Apache-2.0 */
/* test_cache.c - blocks say what is in a stretch, holes and all. */
#include "log/records.h"
#include "modules/log_kafka/tests.h"
#include "read.h"
#include "unit/unit.h"

static const struct kafka_topic topic = {.partitions = 1}, other_topic = {.partitions = 1};

/* Tombstones at the offsets named; key and header are its number. */
static struct kafka_block *block_of(uint64_t first, const unsigned *offsets, size_t n,
                                    uint64_t next) {
    struct kafka_block *b = kafka_block_new(&topic, 0, first);
    for (size_t i = 0; i < n; i++) {
        const struct hg_record_header header = {HG_SLICE("hg_x"), HG_SLICE("value")};
        struct hg_record r = {
            .offset = offsets[i], .key = HG_SLICE("key"), .headers = &header, .n_headers = 1};
        assert_int_equal(kafka_block_add(b, &r, 1000), 0);
    }
    b->next = next;
    return b;
}

static size_t give(struct kafka_cache *c, uint64_t from, size_t max, struct hg_records *out,
                   uint64_t *ret_from) {
    struct kafka_want want = {.topic = &topic, .from = from, .max_records = max, .max_bytes = 1000};
    hg_records_clear(out);
    assert_int_equal(kafka_cache_give(c, &want, out), 0);
    assert_int_equal(want.n, out->n);
    *ret_from = want.from;
    return out->n;
}

static void what_is_known_is_given_over_blocks_and_holes(void **state) {
    (void)state;
    struct kafka_cache c = {.bytes_max = 1 << 20};
    struct hg_records out = {.has_details = true};
    uint64_t next;
    struct kafka_block *a = block_of(10, (unsigned[]){12, 13, 17}, 3, 20);
    struct kafka_block *b = block_of(20, (unsigned[]){20}, 1, 25);
    kafka_cache_put(&c, &b);
    kafka_cache_put(&c, &a);
    assert_int_equal(give(&c, 9, 10, &out, &next), 0);
    assert_true(next == 9);
    assert_int_equal(give(&c, 10, 10, &out, &next), 4);
    assert_true(next == 25);
    unit_assert_slice(out.items[0].key, "key");
    unit_assert_slice(out.items[0].headers[0].value, "value");
    assert_int_equal(give(&c, 14, 1, &out, &next), 1);
    assert_true(out.items[0].offset == 17 && next >= 18);
    assert_int_equal(give(&c, 21, 10, &out, &next), 0); /* only a hole is known */
    assert_true(next == 25);
    assert_int_equal(give(&c, 25, 10, &out, &next), 0);
    struct kafka_want want = {.topic = &other_topic, .from = 12, .max_records = 1};
    assert_int_equal(kafka_cache_give(&c, &want, &out), 0);
    assert_int_equal(want.n, 0);
    hg_records_fini(&out);
    kafka_cache_clear(&c);
}

static void the_oldest_makes_room(void **state) {
    (void)state;
    struct kafka_cache c = {.bytes_max = 5000};
    struct hg_records out = {0};
    uint64_t next;
    for (unsigned i = 0; i < 600; i++) {
        struct kafka_block *b = block_of(i, &i, 1, i + 1);
        kafka_cache_put(&c, &b);
        assert_true(c.bytes <= 5000 && c.n <= 5);
    }
    assert_int_equal(give(&c, 599, 1, &out, &next), 1);
    assert_int_equal(give(&c, 590, 1, &out, &next), 0);
    hg_records_fini(&out);
    kafka_cache_clear(&c);
    assert_true(c.n == 0 && c.bytes == 0 && c.newest == NULL && c.oldest == NULL);
}

static void what_is_old_is_not_given(void **state) {
    (void)state;
    struct kafka_cache c = {.bytes_max = 5000};
    struct hg_records out = {0};
    uint64_t next;
    struct kafka_block *b = block_of(0, (unsigned[]){0}, 1, 1);
    b->made_ms -= 60000;
    kafka_cache_put(&c, &b);
    assert_int_equal(give(&c, 0, 1, &out, &next), 0);
    assert_true(c.n == 0);
    hg_records_fini(&out);
}

int test_cache(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_given_over_blocks_and_holes),
        cmocka_unit_test(the_oldest_makes_room),
        cmocka_unit_test(what_is_old_is_not_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
