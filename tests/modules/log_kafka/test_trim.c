/* SPDX-License-Identifier: Apache-2.0 */
/* test_trim.c - what was removed is gone from every read, at once and for good. */
#include "log/records.h"
#include "modules/log_kafka/other.h"

static int read_at(struct kafka_rig *rig, uint32_t partition, uint64_t from,
                   struct hg_records *out) {
    struct hg_log_read want = {0, partition, from, 10, 1 << 20};
    hg_records_clear(out);
    return rig->ops->read(rig->state, &want, out);
}

static void assert_range(struct kafka_rig *rig, uint32_t partition, uint64_t first, uint64_t next) {
    struct hg_log_range range;
    assert_int_equal(rig->ops->describe(rig->state, 0, partition, &range), 0);
    assert_true(range.first == first && range.next == next);
}

static void open_topic(struct other *o, struct kafka_rig *rig, int partitions,
                       const char *const *settings) {
    *o = (struct other){0};
    other_open(o, NULL);
    other_make(o, partitions, settings);
    for (int p = 0; p < partitions; p++) {
        for (unsigned i = 0; i < 20; i++) {
            other_put(o, p, i, 1700000000000 + i);
        }
    }
    other_flush(o);
    other_rig(o, rig);
}

static void close_topic(struct other *o, struct kafka_rig *rig) {
    kafka_rig_close(rig);
    other_delete(o);
    other_close(o);
}

static void what_is_trimmed_is_gone_from_its_partition(void **state) {
    (void)state;
    static const char *const forever[] = {"retention.ms", "-1", NULL};
    struct other o;
    struct kafka_rig rig;
    struct hg_records out = {0};
    open_topic(&o, &rig, 2, forever);
    assert_int_equal(read_at(&rig, 1, 3, &out), 0); /* from now on it is in memory, too */
    assert_int_equal(out.n, 10);
    assert_int_equal(rig.ops->trim(rig.state, 0, 1, 7), 0);
    assert_range(&rig, 1, 7, 20);
    assert_range(&rig, 0, 0, 20);
    assert_int_equal(read_at(&rig, 1, 3, &out), HG_ENOENT);
    assert_int_equal(read_at(&rig, 1, 7, &out), 0);
    assert_int_equal(other_number(&out.items[0]), 7);
    assert_int_equal(rig.ops->trim(rig.state, 0, 1, 2), 0); /* it is gone already */
    assert_range(&rig, 1, 7, 20);
    assert_int_equal(rig.ops->trim(rig.state, 0, 1, 9999), 0); /* what there is */
    assert_range(&rig, 1, 20, 20);
    assert_int_equal(read_at(&rig, 1, 20, &out), 0);
    assert_int_equal(out.n, 0);
    assert_int_equal(rig.ops->trim(rig.state, 0, 2, 1), HG_ENOENT);
    assert_int_equal(rig.ops->trim(rig.state, 9, 0, 1), HG_ENOENT);
    hg_records_fini(&out);
    close_topic(&o, &rig);
}

static void a_compacted_topic_cannot_be_trimmed(void **state) {
    (void)state;
    static const char *const compact[] = {"cleanup.policy", "compact", NULL};
    struct other o;
    struct kafka_rig rig;
    open_topic(&o, &rig, 1, compact);
    assert_int_equal(rig.ops->trim(rig.state, 0, 0, 7), HG_EINVAL);
    assert_range(&rig, 0, 0, 20);
    close_topic(&o, &rig);
}

int test_trim(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_trimmed_is_gone_from_its_partition),
        cmocka_unit_test(a_compacted_topic_cannot_be_trimmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
