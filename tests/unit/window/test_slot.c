/* SPDX-License-Identifier: Apache-2.0 */
/* test_slot.c - slots are written once, by whichever thread is first. */
#include "unit/unit.h"

#include <pthread.h>

#include "log/batch.h"
#include "unit/window/tests.h"
#include "window/slot.h"

static void slot_is_empty_until_it_is_filled(void **state) {
    (void)state;
    struct hg_batch *b = hg_batch_new(1, 0, NULL);
    struct hg_blob *blob = hg_blob_new("abc", 3);
    assert_null(hg_entry_slot(&b->entries[0], 2));
    assert_ptr_equal(hg_entry_fill(&b->entries[0], 2, blob), blob);
    assert_ptr_equal(hg_entry_slot(&b->entries[0], 2), blob);
    assert_null(hg_entry_slot(&b->entries[0], 1));
    hg_batch_unref(&b);
}

static void second_filling_gets_the_first_blob(void **state) {
    (void)state;
    struct hg_batch *b = hg_batch_new(1, 0, NULL);
    struct hg_blob *first = hg_blob_new("first", 5);
    struct hg_blob *second = hg_blob_new("second", 6);
    hg_blob_ref(second);
    assert_ptr_equal(hg_entry_fill(&b->entries[0], 0, first), first);
    assert_ptr_equal(hg_entry_fill(&b->entries[0], 0, second), first);
    assert_int_equal(atomic_load(&second->refs), 1);
    hg_blob_unref(&second);
    hg_batch_unref(&b);
}

static void slots_weigh_what_is_in_them(void **state) {
    (void)state;
    struct hg_batch *b = hg_batch_new(1, 0, NULL);
    assert_int_equal(hg_entry_slots_bytes(&b->entries[0]), 0);
    hg_entry_fill(&b->entries[0], 0, hg_blob_new("first", 5));
    hg_entry_fill(&b->entries[0], HG_ENTRY_SLOTS - 1, hg_blob_new("second!", 7));
    assert_int_equal(hg_entry_slots_bytes(&b->entries[0]), 12 + 2 * sizeof(struct hg_blob));
    hg_batch_unref(&b);
}

static void fill_slot_7(void *arg) {
    hg_entry_fill(arg, HG_ENTRY_SLOTS, NULL);
}

static void slot_beyond_the_last_is_a_fault(void **state) {
    (void)state;
    struct hg_batch *b = hg_batch_new(1, 0, NULL);
    assert_true(unit_aborts(fill_slot_7, &b->entries[0]));
    hg_batch_unref(&b);
}

enum { RACERS = 4, RACES = 200 };

struct racer {
    pthread_barrier_t *start;
    struct hg_batch *batch;
    struct hg_blob *got[RACES];
};

static void *race(void *arg) {
    struct racer *r = arg;
    pthread_barrier_wait(r->start);
    for (int i = 0; i < RACES; i++) {
        r->got[i] = hg_entry_fill(&r->batch->entries[i], 1, hg_blob_new(&i, sizeof(i)));
    }
    return NULL;
}

static void racing_threads_agree_on_one_blob(void **state) {
    (void)state;
    static struct racer racers[RACERS];
    pthread_t threads[RACERS];
    pthread_barrier_t start;
    struct hg_batch *b = hg_batch_new(RACES, 0, NULL);
    pthread_barrier_init(&start, NULL, RACERS);
    for (int t = 0; t < RACERS; t++) {
        racers[t] = (struct racer){.start = &start, .batch = b};
        assert_int_equal(pthread_create(&threads[t], NULL, race, &racers[t]), 0);
    }
    for (int t = 0; t < RACERS; t++) {
        pthread_join(threads[t], NULL);
    }
    for (int i = 0; i < RACES; i++) {
        for (int t = 0; t < RACERS; t++) {
            assert_ptr_equal(racers[t].got[i], hg_entry_slot(&b->entries[i], 1));
        }
        assert_int_equal(atomic_load(&racers[0].got[i]->refs), 1);
    }
    pthread_barrier_destroy(&start);
    hg_batch_unref(&b);
}

int test_slot(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slot_is_empty_until_it_is_filled),
        cmocka_unit_test(second_filling_gets_the_first_blob),
        cmocka_unit_test(slots_weigh_what_is_in_them),
        cmocka_unit_test(slot_beyond_the_last_is_a_fault),
        cmocka_unit_test(racing_threads_agree_on_one_blob),
    };
    return cmocka_run_group_tests_name("window/slot", tests, NULL, NULL);
}
