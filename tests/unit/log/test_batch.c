/* SPDX-License-Identifier: Apache-2.0 */
/* test_batch.c - batches and what they own. */
#include "log/batch.h"

#include "base/alloc.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

static void a_batch_owns_its_events_and_encodings(void **state) {
    (void)state;
    void *extra = NULL;
    struct hg_batch *b = hg_batch_new(2, 100, &extra);
    struct hg_event *event = rig_event("/b", "7", "some data");
    struct hg_record record = {.event = hg_event_ref(event), .offset = 9, .log_time_ms = 1000};
    size_t bytes = b->bytes;
    hg_batch_fill(b, 0, &record);
    assert_true(b->bytes > bytes);
    assert_ptr_equal(b->entries[0].event, event);
    assert_true(b->entries[0].offset == 9);
    assert_int_equal(b->entries[0].fingerprint, hg_position_fingerprint(1000, HG_SLICE("7")));
    record = (struct hg_record){.offset = 10, .log_time_ms = 1001}; /* a tombstone */
    hg_batch_fill(b, 1, &record);
    assert_null(b->entries[1].event);
    assert_int_not_equal(b->entries[1].fingerprint, 0);
    memset(extra, 0x5a, 100);
    atomic_store(&b->entries[0].slots[2], hg_blob_new("frame", 5));
    struct hg_batch *second = hg_batch_ref(b);
    hg_batch_unref(&b);
    assert_null(b);
    assert_true(second->entries[0].offset == 9);
    hg_batch_unref(&second);
    hg_batch_unref(&second);
    hg_event_unref(&event);
}

static void a_batch_may_be_empty_and_memory_may_be_short(void **state) {
    (void)state;
    struct hg_batch *b = hg_batch_new(0, 0, NULL);
    assert_int_equal(b->n, 0);
    hg_batch_unref(&b);
    hg_alloc_fail_after(0);
    b = hg_batch_new(5, 0, NULL);
    hg_alloc_fail_after(-1);
    assert_null(b);
}

int test_batch(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_owns_its_events_and_encodings),
        cmocka_unit_test(a_batch_may_be_empty_and_memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
