/* SPDX-License-Identifier: Apache-2.0 */
/* test_mark.c - entries of records that were read back. */
#include "log/mark.h"

#include "log/position.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

static const uint8_t digest[16] = {1, 2, 3};
static const struct hg_mark_place place = {.topic = 3, .partition = 2};
static const struct hg_mark_clock now = {.wall_ms = 1000000, .window_ms = 60000, .now_s = 500};

static struct hg_log_mark mark(int64_t log_time_ms) {
    return (struct hg_log_mark){
        .offset = 7,
        .log_time_ms = log_time_ms,
        .owner = 9,
        .digest = digest,
        .id = HG_SLICE("id"),
        .source = HG_SLICE("source"),
    };
}

static void an_entry_is_as_if_it_had_just_been_stored(void **state) {
    (void)state;
    struct hg_log_mark m = mark(990000);
    struct hg_dedup_entry e;
    struct hg_identity identity;
    assert_true(hg_mark_entry(&now, place, &m, &e));
    hg_identity_make(3, 9, HG_SLICE("source"), HG_SLICE("id"), &identity);
    assert_memory_equal(&e.identity, &identity, sizeof identity);
    assert_true(e.digest == hg_dedup_digest(digest));
    assert_int_equal(e.offset, 7);
    assert_int_equal(e.topic, 3);
    assert_int_equal(e.partition, 2);
    assert_int_equal(e.seconds, 490);
    assert_int_equal(e.fingerprint, hg_position_fingerprint(990000, HG_SLICE("id")));
}

static void times_beyond_the_window_are_its_ends(void **state) {
    (void)state;
    struct hg_log_mark future = mark(99000000), past = mark(1000);
    struct hg_dedup_entry e;
    assert_true(hg_mark_entry(&now, place, &future, &e));
    assert_int_equal(e.seconds, 500);
    assert_true(hg_mark_entry(&now, place, &past, &e));
    assert_int_equal(e.seconds, 440);
}

static void a_record_without_digest_has_none(void **state) {
    (void)state;
    static const uint8_t no_digest[16];
    struct hg_log_mark m = mark(990000);
    struct hg_dedup_entry e;
    m.digest = no_digest;
    assert_false(hg_mark_entry(&now, place, &m, &e));
}

static void the_mark_of_a_record_has_what_its_event_has(void **state) {
    (void)state;
    struct hg_record r = {.event = rig_event("/s", "4", "x"), .owner = 5, .offset = 6};
    r.log_time_ms = 8;
    r.digest[0] = 1;
    struct hg_log_mark m = hg_mark_of(&r);
    assert_true(hg_slice_eq(m.id, HG_SLICE("4")));
    assert_true(hg_slice_eq(m.source, HG_SLICE("/s")));
    assert_int_equal(m.owner, 5);
    assert_int_equal(m.offset, 6);
    assert_int_equal(m.log_time_ms, 8);
    assert_memory_equal(m.digest, r.digest, sizeof r.digest);
    hg_event_unref(&r.event);
}

int test_mark(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_as_if_it_had_just_been_stored),
        cmocka_unit_test(times_beyond_the_window_are_its_ends),
        cmocka_unit_test(a_record_without_digest_has_none),
        cmocka_unit_test(the_mark_of_a_record_has_what_its_event_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
