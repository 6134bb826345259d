/* SPDX-License-Identifier: Apache-2.0 */
/* test_window.c - the ring of recent batches. */
#include "unit/unit.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "log/batch.h"
#include "unit/window/tests.h"
#include "window/window.h"

/* A batch of n entries from an offset, step apart. */
static struct hg_batch *make_batch(uint64_t from, size_t n, uint64_t step, size_t bytes) {
    struct hg_batch *b = hg_batch_new(n, 0, NULL);
    assert_non_null(b);
    for (size_t i = 0; i < n; i++) {
        b->entries[i].offset = from + i * step;
    }
    b->bytes = bytes;
    return b;
}

static void push(struct hg_window *w, uint64_t from, size_t n, size_t bytes) {
    struct hg_batch *b = make_batch(from, n, 1, bytes);
    hg_window_push(w, b);
    hg_batch_unref(&b);
}

/* Offsets from one on are those of an array, and then there are no more. */
static void assert_walk(const struct hg_window *w, uint64_t from, const uint64_t *want, size_t n) {
    struct hg_window_at at;
    assert_true(hg_window_find(w, from, &at));
    for (size_t i = 0; i < n; i++) {
        struct hg_entry *e = hg_window_step(w, &at);
        assert_non_null(e);
        assert_int_equal(e->offset, want[i]);
    }
    assert_null(hg_window_step(w, &at));
    assert_null(hg_window_step(w, &at));
}

static void empty_window_finds_nothing(void **state) {
    (void)state;
    struct hg_window w;
    struct hg_window_at at;
    hg_window_init(&w, 1000);
    assert_false(hg_window_find(&w, 0, &at));
    assert_int_equal(w.first, w.next);
    hg_window_fini(&w);
    hg_window_fini(&w);
}

static void walk_goes_over_batches_in_order(void **state) {
    (void)state;
    struct hg_window w;
    struct hg_window_at at;
    hg_window_init(&w, 1000);
    push(&w, 10, 3, 10);
    push(&w, 13, 1, 10);
    push(&w, 14, 2, 10);
    assert_int_equal(w.first, 10);
    assert_int_equal(w.next, 16);
    assert_walk(&w, 10, (const uint64_t[]){10, 11, 12, 13, 14, 15}, 6);
    assert_walk(&w, 12, (const uint64_t[]){12, 13, 14, 15}, 4);
    assert_walk(&w, 13, (const uint64_t[]){13, 14, 15}, 3);
    assert_walk(&w, 15, (const uint64_t[]){15}, 1);
    assert_false(hg_window_find(&w, 9, &at));
    assert_false(hg_window_find(&w, 16, &at));
    assert_false(hg_window_find(&w, UINT64_MAX, &at));
    hg_window_fini(&w);
}

static void offset_in_a_hole_finds_what_follows(void **state) {
    (void)state;
    struct hg_window w;
    hg_window_init(&w, 1000);
    struct hg_batch *b = make_batch(100, 4, 10, 10); /* 100 110 120 130 */
    hg_window_push(&w, b);
    hg_batch_unref(&b);
    push(&w, 131, 1, 10);
    assert_int_equal(w.next, 132);
    assert_walk(&w, 101, (const uint64_t[]){110, 120, 130, 131}, 4);
    assert_walk(&w, 110, (const uint64_t[]){110, 120, 130, 131}, 4);
    assert_walk(&w, 121, (const uint64_t[]){130, 131}, 2);
    hg_window_fini(&w);
}

static void batch_that_does_not_follow_begins_anew(void **state) {
    (void)state;
    struct hg_window w;
    struct hg_window_at at;
    hg_window_init(&w, 1000);
    push(&w, 10, 3, 10);
    push(&w, 20, 2, 30);
    assert_int_equal(w.first, 20);
    assert_int_equal(w.bytes, 30);
    assert_false(hg_window_find(&w, 12, &at));
    assert_walk(&w, 20, (const uint64_t[]){20, 21}, 2);
    push(&w, 5, 1, 10); /* back as well */
    assert_int_equal(w.first, 5);
    assert_int_equal(w.next, 6);
    hg_window_fini(&w);
}

static void batch_without_entries_changes_nothing(void **state) {
    (void)state;
    struct hg_window w;
    hg_window_init(&w, 1000);
    push(&w, 10, 3, 10);
    push(&w, 99, 0, 10);
    assert_int_equal(w.n, 1);
    assert_int_equal(w.next, 13);
    hg_window_fini(&w);
}

static void oldest_leave_when_over_budget(void **state) {
    (void)state;
    struct hg_window w;
    hg_window_init(&w, 100);
    for (uint64_t i = 0; i < 10; i++) {
        push(&w, i * 2, 2, 30);
        assert_true(w.bytes <= 100);
    }
    assert_int_equal(w.n, 3);
    assert_int_equal(w.first, 14);
    assert_int_equal(w.next, 20);
    hg_window_fini(&w);
}

static void newest_stays_whatever_its_size(void **state) {
    (void)state;
    struct hg_window w;
    hg_window_init(&w, 100);
    push(&w, 0, 1, 10);
    push(&w, 1, 1, 5000);
    assert_int_equal(w.n, 1);
    assert_walk(&w, 1, (const uint64_t[]){1}, 1);
    push(&w, 2, 1, 10);
    assert_int_equal(w.first, 2);
    hg_window_fini(&w);
}

static void encodings_count_for_the_budget(void **state) {
    (void)state;
    static const char bytes[200];
    struct hg_window w;
    hg_window_init(&w, 1000);
    for (uint64_t i = 0; i < 20; i++) {
        struct hg_batch *b = make_batch(i, 1, 1, 10);
        hg_window_push(&w, b);
        hg_entry_fill(&b->entries[0], 0, hg_blob_new(bytes, sizeof(bytes)));
        hg_batch_unref(&b);
    }
    /* Each weighs over 200, but for the newest, which is not weighed yet. */
    assert_in_range(w.n, 3, 5);
    hg_window_fini(&w);
}

static void late_encodings_are_found_by_the_hand(void **state) {
    (void)state;
    static const char bytes[100];
    struct hg_batch *old[8];
    struct hg_window w;
    hg_window_init(&w, 1000);
    for (uint64_t i = 0; i < 8; i++) {
        old[i] = make_batch(i, 1, 1, 10);
        hg_window_push(&w, old[i]);
    }
    for (size_t i = 0; i < 8; i++) { /* a refill encodes what nobody wanted live */
        hg_entry_fill(&old[i]->entries[0], 3, hg_blob_new(bytes, sizeof(bytes)));
        hg_batch_unref(&old[i]);
    }
    for (uint64_t i = 8; i < 24 && w.first == 0; i++) {
        push(&w, i, 1, 10);
    }
    assert_true(w.first > 0);
    hg_window_fini(&w);
}

static void window_holds_its_batches(void **state) {
    (void)state;
    struct hg_window w;
    hg_window_init(&w, 1000);
    struct hg_batch *b = make_batch(0, 1, 1, 10);
    hg_window_push(&w, b);
    assert_int_equal(atomic_load(&b->refs), 2);
    hg_window_fini(&w);
    assert_int_equal(atomic_load(&b->refs), 1);
    hg_batch_unref(&b);
}

static void without_memory_the_window_holds_less(void **state) {
    (void)state;
    struct hg_window w;
    struct hg_window_at at;
    hg_window_init(&w, 100000);
    struct hg_batch *b = make_batch(0, 2, 1, 10);
    hg_alloc_fail_after(0);
    hg_window_push(&w, b);
    hg_alloc_fail_after(-1);
    hg_batch_unref(&b);
    assert_false(hg_window_find(&w, 0, &at));
    assert_int_equal(w.next, 2);
    for (uint64_t i = 2; i < 18; i++) {
        push(&w, i, 1, 10);
    }
    b = make_batch(18, 1, 1, 10);
    hg_alloc_fail_after(0); /* of the larger ring */
    hg_window_push(&w, b);
    hg_alloc_fail_after(-1);
    hg_batch_unref(&b);
    assert_walk(&w, 18, (const uint64_t[]){18}, 1);
    assert_false(hg_window_find(&w, 17, &at));
    hg_window_fini(&w);
}

/* Any pushes, any holes: find and walk agree with a plain list of offsets. */
static void window_agrees_with_a_list(void **state) {
    (void)state;
    static uint64_t list[20000];
    size_t n = 0;
    uint64_t next = 0;
    struct hg_window w;
    srand(7);
    hg_window_init(&w, 3000);
    for (int round = 0; round < 2000; round++) {
        size_t size = (size_t)(rand() % 6) + 1;
        struct hg_batch *b = hg_batch_new(size, 0, NULL);
        for (size_t i = 0; i < size; i++) {
            next += i > 0 && rand() % 4 == 0 ? (uint64_t)(rand() % 5) : 0;
            b->entries[i].offset = list[n++] = next++;
        }
        b->bytes = (size_t)(rand() % 100) + 1;
        hg_window_push(&w, b);
        hg_batch_unref(&b);
        uint64_t from = w.first + (uint64_t)rand() % (w.next - w.first);
        size_t k = 0;
        while (list[k] < from) {
            k++;
        }
        assert_walk(&w, from, &list[k], n - k);
    }
    hg_window_fini(&w);
}

int test_window(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_window_finds_nothing),
        cmocka_unit_test(walk_goes_over_batches_in_order),
        cmocka_unit_test(offset_in_a_hole_finds_what_follows),
        cmocka_unit_test(batch_that_does_not_follow_begins_anew),
        cmocka_unit_test(batch_without_entries_changes_nothing),
        cmocka_unit_test(oldest_leave_when_over_budget),
        cmocka_unit_test(newest_stays_whatever_its_size),
        cmocka_unit_test(encodings_count_for_the_budget),
        cmocka_unit_test(late_encodings_are_found_by_the_hand),
        cmocka_unit_test(window_holds_its_batches),
        cmocka_unit_test(without_memory_the_window_holds_less),
        cmocka_unit_test(window_agrees_with_a_list),
    };
    return cmocka_run_group_tests_name("window/window", tests, NULL, NULL);
}
