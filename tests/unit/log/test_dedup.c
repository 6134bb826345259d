/* SPDX-License-Identifier: Apache-2.0 */
/* test_dedup.c - the index of ids seen. */
#include "log/dedup.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "unit/log/tests.h"

static struct hg_dedup_entry entry(uint64_t n, int32_t seconds) {
    return (struct hg_dedup_entry){
        .identity = {{n * 0x9e3779b97f4a7c15, n}}, .digest = n, .offset = n, .seconds = seconds};
}

static const struct hg_dedup_entry *find(struct hg_dedup *d, uint64_t n, int32_t now) {
    struct hg_dedup_entry e = entry(n, 0);
    return hg_dedup_find(d, &e.identity, now);
}

static void add(struct hg_dedup *d, uint64_t n, int32_t seconds) {
    struct hg_dedup_entry e = entry(n, seconds);
    hg_dedup_add(d, &e);
}

static struct hg_dedup *make(size_t max, int64_t window_s) {
    struct hg_dedup *d = NULL;
    assert_int_equal(hg_dedup_new(max, window_s * 1000, &d), 0);
    return d;
}

static void an_id_is_found_after_it_was_added(void **state) {
    (void)state;
    struct hg_dedup *d = make(100, 60);
    assert_null(find(d, 1, 0));
    add(d, 1, 10);
    assert_non_null(find(d, 1, 10));
    assert_int_equal(find(d, 1, 10)->offset, 1);
    assert_null(find(d, 2, 10));
    assert_int_equal(hg_dedup_count(d), 1);
    hg_dedup_free(&d);
    assert_null(d);
    hg_dedup_free(&d);
}

static void the_oldest_leave_at_the_limit(void **state) {
    (void)state;
    enum { MAX = 37 };
    struct hg_dedup *d = make(MAX, 60);
    for (uint64_t n = 0; n < 500; n++) {
        add(d, n, 1);
        assert_int_equal(hg_dedup_count(d), n + 1 < MAX ? n + 1 : MAX);
        for (uint64_t k = 0; k <= n; k++) {
            assert_int_equal(find(d, k, 1) != NULL, k + MAX > n);
        }
    }
    hg_dedup_free(&d);
}

static void ids_leave_with_the_window(void **state) {
    (void)state;
    struct hg_dedup *d = make(100, 60);
    add(d, 1, 0);
    add(d, 2, 30);
    assert_non_null(find(d, 1, 60));
    assert_null(find(d, 1, 61)); /* though nothing was expired yet */
    assert_int_equal(hg_dedup_count(d), 2);
    hg_dedup_expire(d, 61);
    assert_int_equal(hg_dedup_count(d), 1);
    assert_non_null(find(d, 2, 90));
    hg_dedup_expire(d, 1000);
    assert_int_equal(hg_dedup_count(d), 0);
    hg_dedup_free(&d);
}

static void an_id_may_come_again_after_its_window(void **state) {
    (void)state;
    struct hg_dedup *d = make(100, 60);
    struct hg_dedup_entry again = entry(1, 100);
    add(d, 1, 0);
    again.offset = 77;
    assert_null(find(d, 1, 100));
    hg_dedup_add(d, &again); /* its predecessor is still in the ring */
    assert_int_equal(find(d, 1, 100)->offset, 77);
    hg_dedup_expire(d, 100);
    assert_int_equal(hg_dedup_count(d), 1);
    assert_int_equal(find(d, 1, 100)->offset, 77);
    hg_dedup_free(&d);
}

static void a_clock_that_wraps_does_no_harm(void **state) {
    (void)state;
    struct hg_dedup *d = make(100, 60);
    add(d, 1, INT32_MAX - 5);
    add(d, 2, INT32_MIN + 5); /* eleven seconds later */
    assert_non_null(find(d, 1, INT32_MIN + 5));
    assert_null(find(d, 1, INT32_MIN + 60));
    hg_dedup_expire(d, INT32_MIN + 60);
    assert_int_equal(hg_dedup_count(d), 1);
    assert_non_null(find(d, 2, INT32_MIN + 60));
    hg_dedup_free(&d);
}

/* Against a plain list, with identities that all want the same few slots. */
static void a_crowded_table_agrees_with_a_plain_list(void **state) {
    (void)state;
    enum { MAX = 50, STEPS = 20000, NAMES = 200 };
    struct hg_dedup *d = make(MAX, 20);
    struct hg_dedup_entry list[STEPS];
    size_t from = 0, n = 0;
    uint32_t random = 1;
    for (int step = 0; step < STEPS; step++) {
        int32_t now = step / 10;
        random = random * 1664525 + 1013904223;
        uint64_t name = (random >> 8) % NAMES;
        struct hg_identity id = {{name % 3, name}};
        size_t known = n;
        for (size_t i = from; i < n; i++) {
            known = list[i].identity.half[1] == name && now - list[i].seconds <= 20 ? i : known;
        }
        const struct hg_dedup_entry *found = hg_dedup_find(d, &id, now);
        assert_int_equal(found != NULL, known < n);
        if (found != NULL) {
            assert_true(found->offset == list[known].offset);
        } else {
            list[n] =
                (struct hg_dedup_entry){.identity = id, .offset = (uint64_t)step, .seconds = now};
            hg_dedup_add(d, &list[n++]);
            from = n - from > MAX ? n - MAX : from;
        }
        if (step % 7 == 0) {
            hg_dedup_expire(d, now);
            while (from < n && now - list[from].seconds > 20) {
                from++;
            }
            assert_int_equal(hg_dedup_count(d), n - from);
        }
    }
    hg_dedup_free(&d);
}

static void merged_entries_are_sorted_in(void **state) {
    (void)state;
    struct hg_dedup *d = make(6, 1000);
    add(d, 10, 100);
    add(d, 11, 200);
    struct hg_dedup_entry more[] = {entry(3, 150), entry(1, 50), entry(2, 60), entry(4, 160)};
    assert_int_equal(hg_dedup_merge(d, more, 4), 0);
    assert_int_equal(hg_dedup_count(d), 6);
    add(d, 20, 201); /* drops the oldest of all, whoever brought it */
    assert_null(find(d, 1, 201));
    add(d, 21, 201);
    assert_null(find(d, 2, 201));
    assert_non_null(find(d, 10, 201));
    hg_dedup_free(&d);
}

static void a_merge_keeps_the_newest_and_of_twins_the_older(void **state) {
    (void)state;
    struct hg_dedup *d = make(10, 1000);
    struct hg_dedup_entry *more = calloc(100, sizeof *more);
    assert_non_null(more);
    for (uint64_t i = 0; i < 100; i++) {
        more[i] = entry(i, (int32_t)i);
    }
    assert_int_equal(hg_dedup_merge(d, more, 100), 0);
    assert_int_equal(hg_dedup_count(d), 10);
    assert_null(find(d, 89, 100));
    assert_non_null(find(d, 90, 100));
    struct hg_dedup_entry twins[] = {entry(99, 101), entry(500, 102), entry(500, 103)};
    twins[0].offset = 1000;
    twins[2].offset = 1001;
    assert_int_equal(hg_dedup_merge(d, twins, 3), 0);
    assert_int_equal(find(d, 99, 110)->offset, 99);
    assert_int_equal(find(d, 500, 110)->offset, 500);
    free(more);
    hg_dedup_free(&d);
}

static void a_merge_without_memory_changes_nothing(void **state) {
    (void)state;
    struct hg_dedup *d = make(10, 1000), *none = NULL;
    struct hg_dedup_entry more[] = {entry(1, 1)};
    add(d, 2, 1);
    hg_alloc_fail_after(0);
    assert_int_equal(hg_dedup_merge(d, more, 1), HG_ENOMEM);
    assert_int_equal(hg_dedup_count(d), 1);
    assert_non_null(find(d, 2, 1));
    for (int64_t i = 0; i < 3; i++) {
        hg_alloc_fail_after(i);
        assert_int_equal(hg_dedup_new(10, 1000, &none), HG_ENOMEM);
        assert_null(none);
    }
    hg_alloc_fail_after(-1);
    hg_dedup_free(&d);
}

static void a_partition_is_forgotten_and_no_other(void **state) {
    (void)state;
    enum { MAX = 10 };
    struct hg_dedup *d = make(MAX, 60);
    for (uint64_t n = 0; n < 15; n++) { /* it wraps */
        struct hg_dedup_entry e = entry(n, 1);
        e.topic = n % 2;
        e.partition = n % 3 == 0;
        hg_dedup_add(d, &e);
    }
    hg_dedup_forget(d, 1, 1); /* 9; 3 and 15 are not there */
    assert_int_equal(hg_dedup_count(d), MAX - 1);
    for (uint64_t n = 5; n < 15; n++) {
        assert_int_equal(find(d, n, 1) != NULL, n != 9);
    }
    add(d, 100, 2);
    add(d, 101, 2); /* drops the oldest */
    assert_null(find(d, 5, 2));
    assert_non_null(find(d, 6, 2));
    assert_non_null(find(d, 100, 2));
    hg_dedup_forget(d, 7, 7);
    assert_int_equal(hg_dedup_count(d), MAX);
    hg_dedup_free(&d);
}

static bool is_equal(struct hg_identity a, struct hg_identity b) {
    return a.half[0] == b.half[0] && a.half[1] == b.half[1];
}

static void identities_have_no_seams(void **state) {
    (void)state;
    struct hg_identity a, b;
    hg_identity_make(1, 2, HG_SLICE("source"), HG_SLICE("id"), &a);
    hg_identity_make(1, 2, HG_SLICE("source"), HG_SLICE("id"), &b);
    assert_true(is_equal(a, b));
    hg_identity_make(1, 2, HG_SLICE("sourcei"), HG_SLICE("d"), &b);
    assert_false(is_equal(a, b));
    hg_identity_make(2, 2, HG_SLICE("source"), HG_SLICE("id"), &b);
    assert_false(is_equal(a, b));
    hg_identity_make(1, 3, HG_SLICE("source"), HG_SLICE("id"), &b);
    assert_false(is_equal(a, b));
}

int test_dedup(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_found_after_it_was_added),
        cmocka_unit_test(the_oldest_leave_at_the_limit),
        cmocka_unit_test(ids_leave_with_the_window),
        cmocka_unit_test(an_id_may_come_again_after_its_window),
        cmocka_unit_test(a_clock_that_wraps_does_no_harm),
        cmocka_unit_test(a_crowded_table_agrees_with_a_plain_list),
        cmocka_unit_test(merged_entries_are_sorted_in),
        cmocka_unit_test(a_merge_keeps_the_newest_and_of_twins_the_older),
        cmocka_unit_test(a_merge_without_memory_changes_nothing),
        cmocka_unit_test(a_partition_is_forgotten_and_no_other),
        cmocka_unit_test(identities_have_no_seams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
