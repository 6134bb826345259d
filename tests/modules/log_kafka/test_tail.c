/* SPDX-License-Identifier: Apache-2.0 */
/* test_tail.c - what is followed comes whole and in order; what is cut back is
 * told. */
#include "modules/log_kafka/seen.h"
#include "tail.h"

enum { PARTITIONS = SEEN_PARTITIONS, MANY = 30000 };

static void what_others_write_comes_without_holes(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    struct hg_log_range range;
    other_open(&o, NULL);
    other_make(&o, PARTITIONS, NULL);
    for (unsigned i = 0; i < 300; i++) {
        other_put(&o, (int)(i % PARTITIONS), i, 0);
    }
    other_flush(&o);
    seen_open(&s, &o);
    for (unsigned i = 0; i < MANY; i++) { /* others write meanwhile */
        if (i == MANY / 2) {
            assert_int_equal(seen_follow(&s, true), 0);
            assert_int_equal(s.rig.ops->describe(s.rig.state, 0, 0, &range), 0);
            assert_int_equal(seen_follow(&s, true), 0); /* again: nothing */
        }
        other_put(&o, (int)(i % PARTITIONS), i, 0);
    }
    other_flush(&o);
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        seen_wait(&s, p, 100 + MANY / PARTITIONS, 0);
        assert_true(s.first[p] >= 100);
    }
    assert_true(s.first[0] <= range.next);
    assert_int_equal(s.n_lost, 0);
    seen_close(&s);
    other_delete(&o);
    other_close(&o);
}

static void what_is_not_followed_does_not_come(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    other_open(&o, NULL);
    other_make(&o, 1, NULL);
    seen_open(&s, &o);
    assert_int_equal(seen_follow(&s, false), 0);
    assert_int_equal(seen_follow(&s, true), 0);
    other_put(&o, 0, 0, 0);
    other_flush(&o);
    seen_wait(&s, 0, 1, 0);
    assert_int_equal(seen_follow(&s, false), 0);
    for (unsigned i = 1; i < 50; i++) {
        other_put(&o, 0, i, 0);
    }
    other_flush(&o);
    assert_int_equal(s.n[0], 1);
    s.is_begun[0] = false;
    assert_int_equal(seen_follow(&s, true), 0);
    other_put(&o, 0, 50, 0);
    other_flush(&o);
    seen_wait(&s, 0, 51, 0);
    assert_true(s.first[0] == 50 && s.n[0] == 2);
    seen_close(&s);
    other_delete(&o);
    other_close(&o);
}

static void listed(void *arg, const struct hg_log_topic *topic) {
    (void)arg;
    (void)topic;
}

static void new_partitions_come_from_their_first_record_and_old_ones_go_on(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    struct hg_log_range range;
    other_open(&o, NULL);
    other_make(&o, 1, NULL);
    other_put(&o, 0, 0, 0);
    other_flush(&o);
    seen_open(&s, &o);
    assert_int_equal(seen_follow(&s, true), 0);
    other_put(&o, 0, 1, 0);
    other_flush(&o);
    seen_wait(&s, 0, 2, 0);
    other_grow(&o, PARTITIONS);
    for (unsigned i = 0; i < 30; i++) {
        other_put(&o, (int)(i % PARTITIONS), i, 0);
    }
    other_flush(&o);
    do {
        assert_int_equal(s.rig.ops->list(s.rig.state, listed, NULL), 0);
        assert_int_equal(s.rig.ops->describe(s.rig.state, 0, 0, &range), 0);
    } while (range.partitions < PARTITIONS);
    assert_int_equal(seen_follow(&s, true), 0);
    for (unsigned i = 0; i < 30; i++) {
        other_put(&o, (int)(i % PARTITIONS), i, 0);
    }
    other_flush(&o);
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        seen_wait(&s, p, p == 0 ? 22 : 20, 0);
        assert_int_equal(s.first[p], p == 0 ? 1 : 0);
    }
    assert_int_equal(s.n_lost, 0);
    seen_close(&s);
    other_delete(&o);
    other_close(&o);
}

static void a_topic_made_again_is_told_as_lost(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    other_open(&o, NULL);
    other_make(&o, 1, NULL);
    seen_open(&s, &o);
    assert_int_equal(seen_follow(&s, true), 0);
    for (unsigned i = 0; i < 20; i++) {
        other_put(&o, 0, i, 0);
    }
    other_flush(&o);
    seen_wait(&s, 0, 20, 0);
    other_delete(&o);
    other_make(&o, 1, NULL);
    seen_wait(&s, 0, 0, 1);
    assert_true(s.lost_next == 0);
    for (unsigned i = 0; i < 5; i++) {
        other_put(&o, 0, i, 0);
    }
    other_flush(&o);
    seen_wait(&s, 0, 5, 1);
    assert_true(s.first[0] == 0);
    seen_close(&s);
    other_delete(&o);
    other_close(&o);
}

int test_tail(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_others_write_comes_without_holes),
        cmocka_unit_test(what_is_not_followed_does_not_come),
        cmocka_unit_test(new_partitions_come_from_their_first_record_and_old_ones_go_on),
        cmocka_unit_test(a_topic_made_again_is_told_as_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
