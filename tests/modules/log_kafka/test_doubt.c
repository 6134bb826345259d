/* SPDX-License-Identifier: Apache-2.0 */
/* test_doubt.c - an append whose commit failed stays in doubt until the next transaction
 * of its id could begin: until then the cluster may still decide. */
#include "base/counters.h"
#include "modules/log_kafka/brokers.h"
#include "read.h"
#include "transact.h"

#include <time.h>

enum { INIT_PRODUCER_ID = 22, END_TXN = 26, MANY = 100, WITHIN_MS = 10000, SOON_MS = 2000 };

static const char rows[] = "kafka_transactional_id a; kafka_property message.timeout.ms 20000;";
static const char *const topics[] = {"a", NULL};

static void publish(struct brokers *b, struct kafka_try *t) {
    kafka_try_begin(&b->rig, t);
    t->append.is_whole = true;
    (void)kafka_try_add(t, 0, "k", kafka_rig_event("1", "x", 1));
    (void)kafka_try_add(t, 0, "k", kafka_rig_event("2", "x", 1));
    kafka_try_send(&b->rig, t);
}

static void open_brokers(struct brokers *b) {
    struct kafka_try t;
    int err = HG_EAGAIN;
    brokers_open(b, rows, topics);
    while (err == HG_EAGAIN) { /* the first may take longer than it is waited for */
        publish(b, &t);
        err = kafka_try_wait(&t);
    }
    assert_int_equal(err, 0);
}

static int64_t n_in_doubt(void) {
    return hg_counter_read(&kafka_transactions[KAFKA_END_DOUBT]);
}

/* Its commit has failed, and no transaction can begin. */
static void send_into_doubt(struct brokers *b, struct kafka_try *t) {
    static const struct timespec pause = {.tv_nsec = 1000 * 1000};
    rd_kafka_resp_err_t loading[MANY];
    int64_t before = n_in_doubt(), end_ms = kafka_mono_ms() + WITHIN_MS;
    for (size_t i = 0; i < MANY; i++) {
        loading[i] = RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
    }
    rd_kafka_mock_push_request_errors_array(b->cluster, INIT_PRODUCER_ID, MANY, loading);
    rd_kafka_mock_push_request_errors(b->cluster, END_TXN, 1, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE);
    publish(b, t);
    while (n_in_doubt() == before) {
        assert_true(kafka_mono_ms() < end_ms);
        (void)nanosleep(&pause, NULL);
    }
}

static void it_is_answered_when_a_transaction_can_begin(void **state) {
    (void)state;
    struct brokers b = {0};
    struct kafka_try t[4];
    open_brokers(&b);
    send_into_doubt(&b, &t[0]);
    publish(&b, &t[1]); /* who comes meanwhile does not wait for it */
    assert_int_equal(kafka_try_wait(&t[1]), HG_EAGAIN);
    int64_t begun_ms = kafka_mono_ms();
    publish(&b, &t[3]); /* and once the cluster is known to be away, hardly at all */
    assert_int_equal(kafka_try_wait(&t[3]), HG_EAGAIN);
    assert_true(kafka_mono_ms() - begun_ms < SOON_MS);
    assert_false(atomic_load(&t[0].is_done));
    rd_kafka_mock_clear_request_errors(b.cluster, INIT_PRODUCER_ID);
    assert_int_equal(kafka_try_wait(&t[0]), HG_EDOUBT);
    publish(&b, &t[2]);
    assert_int_equal(kafka_try_wait(&t[2]), 0);
    brokers_close(&b);
}

static void an_end_does_not_wait_for_it(void **state) {
    (void)state;
    struct brokers b = {0};
    struct kafka_try t;
    open_brokers(&b);
    send_into_doubt(&b, &t);
    int64_t begun_ms = kafka_mono_ms();
    brokers_close(&b);
    assert_true(kafka_mono_ms() - begun_ms < WITHIN_MS);
    assert_int_equal(atomic_load(&t.n_answers), 1);
    assert_int_equal(t.err, HG_EDOUBT);
    hg_event_unref(&t.items[0].record.event);
    hg_event_unref(&t.items[1].record.event);
}

int test_doubt(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_answered_when_a_transaction_can_begin),
        cmocka_unit_test(an_end_does_not_wait_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
