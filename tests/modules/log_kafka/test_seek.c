/* SPDX-License-Identifier: Apache-2.0 */
/* test_seek.c - times become offsets. */
#include <stdlib.h>

#include "modules/log_kafka/other.h"

enum { RECORDS = 20000, BEGUN_MS = 500000000, SEEKS = 100 };

static uint64_t seek(struct kafka_rig *rig, int64_t time_ms) {
    uint64_t offset = UINT64_MAX;
    assert_int_equal(rig->ops->seek(rig->state, 0, 0, time_ms, &offset), 0);
    return offset;
}

/* Record i is of BEGUN_MS + 10 * (i / 3): three of each time. */
static void random_times_give_the_first_record(void **state) {
    (void)state;
    struct other o = {0};
    struct kafka_rig rig;
    unsigned seed = 7;
    uint64_t offset = 0;
    other_open(&o, NULL);
    other_make(&o, 1, (const char *[]){"retention.ms", "-1", NULL});
    other_rig(&o, &rig);
    assert_true(seek(&rig, INT64_MIN) == 0);
    assert_true(seek(&rig, BEGUN_MS) == 0); /* an empty log */
    for (unsigned i = 0; i < RECORDS; i++) {
        other_put(&o, 0, i, BEGUN_MS + 10 * (int64_t)(i / 3));
    }
    other_flush(&o);
    for (unsigned i = 0; i < SEEKS; i++) {
        int64_t after = rand_r(&seed) % (10 * RECORDS / 3);
        assert_true(seek(&rig, BEGUN_MS + after) == (uint64_t)((after + 9) / 10 * 3));
    }
    assert_true(seek(&rig, 0) == 0 && seek(&rig, BEGUN_MS - 1) == 0);
    assert_true(seek(&rig, INT64_MAX) == RECORDS);
    assert_true(seek(&rig, BEGUN_MS + 10 * RECORDS) == RECORDS);
    other_trim(&o, 0, 6000);
    assert_true(seek(&rig, INT64_MIN) == 6000);
    assert_true(seek(&rig, -1) == 6000 && seek(&rig, BEGUN_MS) == 6000);
    assert_int_equal(rig.ops->seek(rig.state, 0, 1, 0, &offset), HG_ENOENT);
    assert_int_equal(rig.ops->seek(rig.state, 9, 0, 0, &offset), HG_ENOENT);
    kafka_rig_close(&rig);
    other_delete(&o);
    other_close(&o);
}

int test_seek(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_times_give_the_first_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
