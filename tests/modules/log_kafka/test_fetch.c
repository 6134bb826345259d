/* SPDX-License-Identifier: Apache-2.0 */
/* test_fetch.c - what a fetch meets beside records: ends, holes, what is gone,
 * transactions that are not over, and no cluster at all. */
#include "log/records.h"
#include "modules/log_kafka/other.h"
#include "read.h"
#include "tail.h"

static int read_at(struct kafka_rig *rig, uint64_t from, struct hg_records *out) {
    struct hg_log_read want = {0, 0, from, 100, 1 << 20};
    hg_records_clear(out);
    return rig->ops->read(rig->state, &want, out);
}

static void what_is_gone_is_told(void **state) {
    (void)state;
    struct other o = {0};
    struct kafka_rig rig;
    struct hg_records out = {0};
    other_open(&o, NULL);
    other_make(&o, 1, (const char *[]){"retention.ms", "-1", NULL});
    for (unsigned i = 0; i < 10; i++) {
        other_put(&o, 0, i, 1700000000000);
    }
    other_flush(&o);
    other_trim(&o, 0, 4);
    other_rig(&o, &rig);
    assert_int_equal(read_at(&rig, 3, &out), HG_ENOENT);
    assert_int_equal(read_at(&rig, 4, &out), 0);
    assert_int_equal(out.n, 6);
    assert_int_equal(other_number(&out.items[0]), 4);
    hg_records_fini(&out);
    kafka_rig_close(&rig);
    other_delete(&o);
    other_close(&o);
}

/* The answer to a commit comes before its marks are in the partitions. */
static int read_later(struct kafka_rig *rig, uint64_t from, struct hg_records *out) {
    int err = HG_EAGAIN;
    for (int64_t begun = kafka_mono_ms(); err == HG_EAGAIN && kafka_mono_ms() - begun < 20000;) {
        err = read_at(rig, from, out);
    }
    return err;
}

static void put_in_transaction(struct other *o, unsigned from, unsigned n) {
    assert_null(rd_kafka_begin_transaction(o->rk));
    for (unsigned i = 0; i < n; i++) {
        other_put(o, 0, from + i, 1700000000000);
    }
    other_flush(o);
}

/* To skip what is not over would lose it for this reader: log/ takes an empty
 * answer for holes up to the end that it knows. */
static void an_open_transaction_is_waited_for(void **state) {
    (void)state;
    struct other o = {0};
    struct kafka_rig rig;
    struct hg_records out = {0};
    other_open(&o, "headgate-test-fetch");
    assert_null(rd_kafka_init_transactions(o.rk, 20000));
    other_make(&o, 1, NULL);
    put_in_transaction(&o, 0, 5);
    other_rig(&o, &rig);
    assert_int_equal(read_at(&rig, 0, &out), HG_EAGAIN);
    assert_null(rd_kafka_commit_transaction(o.rk, 20000));
    assert_int_equal(read_later(&rig, 0, &out), 0);
    assert_int_equal(out.n, 5); /* 5 is the mark of its end */
    put_in_transaction(&o, 6, 3);
    assert_int_equal(read_at(&rig, 5, &out), HG_EAGAIN);
    assert_null(rd_kafka_abort_transaction(o.rk, 20000));
    assert_int_equal(read_later(&rig, 5, &out), 0); /* holes up to 10 */
    assert_int_equal(out.n, 0);
    put_in_transaction(&o, 10, 2);
    assert_null(rd_kafka_commit_transaction(o.rk, 20000));
    kafka_reads_forget(((struct kafka *)rig.state)->reads);
    assert_int_equal(read_later(&rig, 5, &out), 0);
    assert_int_equal(out.n, 2);
    assert_true(out.items[0].offset == 10 && other_number(&out.items[0]) == 10);
    hg_records_fini(&out);
    kafka_rig_close(&rig);
    other_delete(&o);
    other_close(&o);
}

/* A consumer that stands somewhere has been told an end, and then more came. */
static void an_end_of_long_ago_is_not_believed(void **state) {
    (void)state;
    struct other o = {0};
    struct kafka_rig rig;
    struct hg_records out = {0};
    other_open(&o, NULL);
    other_make(&o, 1, NULL);
    other_rig(&o, &rig);
    for (unsigned n = 0; n < 60; n++) {
        other_put(&o, 0, n, 1700000000000);
        other_flush(&o);
        assert_int_equal(read_at(&rig, n, &out), 0);
        assert_int_equal(out.n, 1);
        assert_int_equal(other_number(&out.items[0]), n);
        rig.ops->tick(rig.state);
    }
    hg_records_fini(&out);
    kafka_rig_close(&rig);
    other_delete(&o);
    other_close(&o);
}

/* A leader that was just chosen does not know at once how far all copies are. */
static void an_end_before_what_the_tail_gave_is_not_believed(void **state) {
    (void)state;
    struct other o = {0};
    struct kafka_rig rig;
    struct hg_records out = {0};
    other_open(&o, NULL);
    other_make(&o, 1, NULL);
    for (unsigned n = 0; n < 3; n++) {
        other_put(&o, 0, n, 1700000000000);
    }
    other_flush(&o);
    other_rig(&o, &rig);
    struct kafka *k = rig.state;
    assert_int_equal(rig.ops->follow(k, 0, true), 0);
    assert_int_equal(read_at(&rig, 3, &out), 0);
    assert_int_equal(out.n, 0);
    struct tail_part *part = &k->tail->topics->parts[0];
    (void)pthread_mutex_lock(&k->tail->lock);
    assert_int_equal(part->next, 3);
    part->next = 5; /* as if two more had been given */
    part->moved_ms = kafka_mono_ms();
    (void)pthread_mutex_unlock(&k->tail->lock);
    assert_int_equal(read_at(&rig, 3, &out), HG_EAGAIN);
    (void)pthread_mutex_lock(&k->tail->lock);
    part->moved_ms -= 61 * 1000; /* what it gave may be gone again */
    (void)pthread_mutex_unlock(&k->tail->lock);
    assert_int_equal(read_at(&rig, 3, &out), 0);
    hg_records_fini(&out);
    kafka_rig_close(&rig);
    other_delete(&o);
    other_close(&o);
}

static void without_a_cluster_a_fetch_ends_in_time(void **state) {
    (void)state;
    static const struct kafka_topic topic = {.name = "nowhere", .partitions = 1};
    struct kafka k = {.base = rd_kafka_conf_new()};
    struct kafka_handle h = {0};
    struct kafka_block *block = NULL;
    char text[128];
    kafka_handles_init(&k, NULL);
    assert_int_equal(
        rd_kafka_conf_set(k.base, "bootstrap.servers", "127.0.0.1:1", text, sizeof(text)), 0);
    assert_int_equal(rd_kafka_conf_set(k.base, "log_level", "0", text, sizeof(text)), 0);
    assert_int_equal(kafka_handle_open(&h, &k), 0);
    int64_t begun = kafka_mono_ms();
    assert_int_equal(kafka_fetch(&h, &topic, 0, 0, begun + 300, &block), HG_EAGAIN);
    assert_null(block);
    assert_true(kafka_mono_ms() - begun < 3000);
    kafka_handle_close(&h);
    kafka_conf_fini(&k);
}

int test_fetch(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_gone_is_told),
        cmocka_unit_test(an_open_transaction_is_waited_for),
        cmocka_unit_test(an_end_of_long_ago_is_not_believed),
        cmocka_unit_test(an_end_before_what_the_tail_gave_is_not_believed),
        cmocka_unit_test(without_a_cluster_a_fetch_ends_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
