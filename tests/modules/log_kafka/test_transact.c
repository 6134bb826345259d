/* SPDX-License-Identifier: Apache-2.0 */
/* test_transact.c - all of a transaction is there, or nothing of it. */
#include "modules/log_kafka/other.h"

#include <stdio.h>
#include <stdlib.h>

#include "read.h"
#include "transact.h"

static bool always(void *arg) {
    (void)arg;
    return true;
}

static bool never(void *arg) {
    (void)arg;
    return false;
}

struct tx_rig {
    struct kafka_rig rig;
    struct kafka_transact t;
    const char *topic;
};

/* Each test has an id of its own: the topic's name. */
static void open_with(struct tx_rig *r, const char *more) {
    struct hg_why why = {""};
    char rows[160];
    struct kafka_rig namer = {.state = NULL};
    memset(r, 0, sizeof *r);
    (void)snprintf(rows, sizeof rows, "kafka_transactional_id %s; %s", kafka_rig_name(&namer, 0),
                   more);
    free(namer.names[0]);
    assert_int_equal(kafka_rig_try(&r->rig, kafka_rig_bootstrap(), rows, &why), 0);
    r->topic = kafka_rig_new_topic(&r->rig, 0);
    kafka_transact_init(&r->t, r->rig.state);
    r->t.goes_on = always;
}

static void open_rig(struct tx_rig *r) {
    open_with(r, "");
}

static void close_rig(struct tx_rig *r) {
    kafka_transact_fini(&r->t);
    kafka_rig_close(&r->rig);
}

static struct kafka_parcel *parcel(struct tx_rig *r, struct kafka_try *t, const char *data) {
    struct kafka_parcel *p = NULL;
    kafka_try_begin(&r->rig, t);
    (void)kafka_try_add(t, 0, "k", kafka_rig_event("1", data, strlen(data)));
    (void)kafka_try_add(t, 0, "k", kafka_rig_event("2", data, strlen(data)));
    assert_int_equal(kafka_parcel_new(r->rig.state, &t->append, &p), 0);
    return p;
}

static void answer(struct kafka_parcel *p, struct kafka_try *t, int err) {
    kafka_parcel_answer(&p, err);
    assert_int_equal(kafka_try_wait(t), err);
}

static void count(void *arg, const rd_kafka_message_t *m) {
    unsigned *n = arg;
    n[m->len > 0 ? *(const unsigned char *)m->payload : 0]++;
}

static void several_appends_are_one_transaction(void **state) {
    (void)state;
    struct tx_rig r;
    struct kafka_try t[2];
    unsigned n[256] = {0};
    open_rig(&r);
    struct kafka_parcel *a = parcel(&r, &t[0], "a"), *b = parcel(&r, &t[1], "b");
    a->next = b;
    assert_int_equal(kafka_transact_run(&r.t, a), KAFKA_END_DONE);
    assert_int_equal(a->items[0].offset, 0);
    assert_int_equal(b->items[1].offset, 3);
    assert_true(b->items[1].log_time_ms > 0);
    assert_int_equal(kafka_rig_read(r.topic, count, n), 4);
    answer(a, &t[0], 0);
    answer(b, &t[1], 0);
    close_rig(&r);
}

static void it_is_no_longer_than_a_cluster_lets_it_be(void **state) {
    (void)state;
    struct tx_rig r;
    open_with(&r, "kafka_property message.timeout.ms 1000000;");
    r.t.patience_ms = 10000;
    assert_int_equal(kafka_transact_ready(&r.t), 0);
    close_rig(&r);
}

static void one_that_no_log_takes_undoes_all(void **state) {
    (void)state;
    struct tx_rig r;
    struct kafka_try t[3];
    unsigned n[256] = {0};
    open_rig(&r);
    struct kafka_parcel *a = parcel(&r, &t[0], "a"), *b = parcel(&r, &t[1], "b");
    a->next = b;
    b->items[1].partition = 99;
    assert_int_equal(kafka_transact_run(&r.t, a), KAFKA_END_UNDONE);
    assert_int_equal(b->err, HG_EAGAIN);
    struct kafka_parcel *c = parcel(&r, &t[2], "c");
    assert_int_equal(kafka_transact_run(&r.t, c), KAFKA_END_DONE);
    assert_false(r.t.owes_end);
    assert_int_equal(kafka_rig_read(r.topic, count, n), 2);
    assert_int_equal(n['c'], 2);
    answer(a, &t[0], HG_EAGAIN);
    answer(b, &t[1], HG_EAGAIN);
    answer(c, &t[2], 0);
    close_rig(&r);
}

static void who_has_the_same_id_puts_the_other_out(void **state) {
    (void)state;
    struct tx_rig r;
    struct kafka_try t[3];
    unsigned n[256] = {0};
    struct kafka_transact other;
    open_rig(&r);
    struct kafka_parcel *a = parcel(&r, &t[0], "a"), *b = parcel(&r, &t[1], "b"),
                        *c = parcel(&r, &t[2], "c");
    assert_int_equal(kafka_transact_run(&r.t, a), KAFKA_END_DONE);
    kafka_transact_init(&other, r.rig.state);
    other.goes_on = always;
    assert_int_equal(kafka_transact_ready(&other), 0);
    assert_int_equal(kafka_transact_run(&r.t, b), KAFKA_END_UNDONE);
    assert_true(r.t.rest_until_ms > kafka_mono_ms()); /* and it does not do the same at once */
    assert_false(r.t.owes_end);
    assert_int_equal(kafka_transact_ready(&r.t), HG_EAGAIN);
    assert_int_equal(kafka_transact_run(&other, c), KAFKA_END_DONE);
    kafka_transact_fini(&other);
    assert_int_equal(kafka_rig_read(r.topic, count, n), 4);
    assert_int_equal(n['b'], 0);
    answer(a, &t[0], 0);
    answer(b, &t[1], HG_EAGAIN);
    answer(c, &t[2], 0);
    close_rig(&r);
}

static void a_commit_that_fails_is_in_doubt(void **state) {
    (void)state;
    struct tx_rig r;
    struct kafka_try t;
    unsigned n[256] = {0};
    struct kafka_transact other;
    open_rig(&r);
    struct kafka_parcel *a = parcel(&r, &t, "a");
    assert_int_equal(kafka_transact_ready(&r.t), 0);
    assert_true(kafka_transact_deliver(&r.t, a));
    kafka_transact_init(&other, r.rig.state);
    other.goes_on = always;
    assert_int_equal(kafka_transact_ready(&other), 0); /* now it is decided, and not by r */
    assert_int_equal(kafka_transact_commit(&r.t), KAFKA_END_DOUBT);
    assert_int_equal(kafka_rig_read(r.topic, count, n), 0);
    kafka_transact_fini(&other);
    answer(a, &t, HG_EDOUBT);
    close_rig(&r);
}

/* As one is that makes larger batches than some topic takes. */
static void one_that_is_made_again_goes_on(void **state) {
    (void)state;
    struct tx_rig r;
    struct kafka_try t[2];
    unsigned n[256] = {0};
    open_rig(&r);
    struct kafka *k = r.rig.state;
    struct kafka_parcel *a = parcel(&r, &t[0], "a"), *b = parcel(&r, &t[1], "b");
    assert_int_equal(kafka_transact_run(&r.t, a), KAFKA_END_DONE);
    size_t before = r.t.batch_max;
    atomic_store(&k->batch_max, before / 2);
    assert_int_equal(kafka_transact_run(&r.t, b), KAFKA_END_DONE);
    assert_true(r.t.batch_max < before);
    assert_int_equal(kafka_rig_read(r.topic, count, n), 4);
    answer(a, &t[0], 0);
    answer(b, &t[1], 0);
    close_rig(&r);
}

static void what_one_before_it_left_open_is_ended(void **state) {
    (void)state;
    struct tx_rig r;
    struct other o;
    unsigned n[256] = {0};
    open_rig(&r);
    struct kafka *k = r.rig.state;
    other_open(&o, k->transactional_id);
    (void)snprintf(o.topic, sizeof o.topic, "%s", r.topic);
    assert_null(rd_kafka_init_transactions(o.rk, 20000));
    assert_null(rd_kafka_begin_transaction(o.rk));
    other_put(&o, 0, 1, 0);
    other_flush(&o);
    struct hg_event *e = kafka_rig_event("1", "plain", 5);
    assert_int_equal(kafka_rig_append(&r.rig, 0, "", e, NULL), 0);
    assert_int_equal(kafka_rig_read(r.topic, count, n), 0); /* it stands behind what is open */
    assert_int_equal(kafka_transact_ready(&r.t), 0);
    assert_int_equal(kafka_rig_read(r.topic, count, n), 1);
    other_close(&o);
    close_rig(&r);
}

static void at_the_end_nothing_stays_open(void **state) {
    (void)state;
    struct tx_rig r;
    struct kafka_try t;
    unsigned n[256] = {0};
    open_rig(&r);
    struct kafka_parcel *a = parcel(&r, &t, "a");
    assert_int_equal(kafka_transact_ready(&r.t), 0);
    r.t.goes_on = never;
    assert_int_equal(kafka_transact_run(&r.t, a), KAFKA_END_UNDONE);
    struct hg_event *e = kafka_rig_event("1", "plain", 5);
    assert_int_equal(kafka_rig_append(&r.rig, 0, "", e, NULL), 0);
    assert_int_equal(kafka_rig_read(r.topic, count, n), 1);
    assert_int_equal(n['p'], 1);
    answer(a, &t, HG_EAGAIN);
    close_rig(&r);
}

int test_transact(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_appends_are_one_transaction),
        cmocka_unit_test(it_is_no_longer_than_a_cluster_lets_it_be),
        cmocka_unit_test(one_that_no_log_takes_undoes_all),
        cmocka_unit_test(who_has_the_same_id_puts_the_other_out),
        cmocka_unit_test(a_commit_that_fails_is_in_doubt),
        cmocka_unit_test(one_that_is_made_again_goes_on),
        cmocka_unit_test(what_one_before_it_left_open_is_ended),
        cmocka_unit_test(at_the_end_nothing_stays_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
