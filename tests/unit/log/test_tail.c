/* SPDX-License-Identifier: Apache-2.0 */
/* test_tail.c - what every loop is shown. */
#include "log/inner.h"

#include "log/entry.h"
#include "log/up.h"
#include "support/fake_log.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

enum { LOOPS = 3, RECORDS = 1000 };

struct shown {
    size_t records, batches;
    uint64_t next;
    struct hg_batch *kept; /* of the first loop: one reference each */
};

static struct shown shown[LOOPS];

static void on_tail(struct hg_loop *loop, struct hg_batch *batch, void *arg) {
    struct shown *s = &shown[hg_loop_index(loop)];
    assert_null(arg);
    assert_int_equal(batch->epoch, 1);
    for (size_t i = 0; i < batch->n; i++) {
        assert_true(batch->entries[i].offset == s->next++);
        assert_non_null(batch->entries[i].event);
    }
    s->records += batch->n;
    s->batches++;
    if (s->kept == NULL) {
        s->kept = hg_batch_ref(batch);
    }
}

/* All loops see the same batches, in order; none is huge, as windows forget
 * whole batches. */
static void every_loop_sees_all_in_order(void **state) {
    (void)state;
    struct hg_loop *loops[LOOPS];
    struct fake_log fake;
    struct hg_log *log = NULL;
    struct hg_why why;
    uint32_t id;
    fake_log_init(&fake);
    for (unsigned i = 0; i < LOOPS; i++) {
        assert_int_equal(hg_loop_new(i, &loops[i]), 0);
        shown[i] = (struct shown){0};
    }
    struct hg_log_setup setup = {.driver = &fake_log_ops,
                                 .open = fake_log_open(&fake),
                                 .loops = loops,
                                 .n_loops = LOOPS,
                                 .on_tail = on_tail};
    struct hg_log_topic topic = {.name = HG_SLICE("t"), .partitions = 1};
    assert_int_equal(hg_log_start(&setup, &log, &why), 0);
    assert_int_equal(hg_log_topic(log, &topic, &id, &why), 0);
    struct hg_record *records = hg_alloc(RECORDS * sizeof *records);
    struct hg_event *event = rig_event("/tail", "1", "x");
    for (uint64_t i = 0; i < RECORDS; i++) {
        records[i] = (struct hg_record){.event = event, .offset = i, .log_time_ms = 5};
    }
    hg_log_tail(fake.up, id, 0, records, RECORDS);
    hg_event_unref(&event); /* the batches have their own */
    struct hg_log_range range;
    hg_log_topic_range(log, id, 0, &range);
    assert_true(range.next == RECORDS);
    hg_log_stop(&log);
    for (unsigned i = 0; i < LOOPS; i++) {
        hg_loop_adopt(loops[i]);
        hg_loop_turn(loops[i], false);
        assert_int_equal(shown[i].records, RECORDS);
        assert_true(shown[i].batches > 1);
        assert_ptr_equal(shown[i].kept, shown[0].kept);
    }
    for (unsigned i = 0; i < LOOPS; i++) {
        hg_batch_unref(&shown[i].kept);
        hg_loop_free(&loops[i]);
    }
    hg_free(records);
    fake_log_fini(&fake);
}

int test_tail(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_loop_sees_all_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
