/* SPDX-License-Identifier: Apache-2.0 */
/* test_fatal.c - a producer that takes nothing any more is made again. */
#include "modules/log_kafka/rig.h"

enum { SENT = 8 };

struct seen {
    unsigned n, of_after;
};

static void on_message(void *arg, const rd_kafka_message_t *m) {
    struct seen *s = arg;
    s->n++;
    s->of_after += m->len == 5 && memcmp(m->payload, "after", 5) == 0;
}

/* Each event: in doubt, or not stored, or stored; and then it is. */
static void expect_told(struct kafka_try *t, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int err = kafka_try_wait(&t[i]);
        assert_true(err == 0 || err == HG_EDOUBT || err == HG_EAGAIN);
        assert_int_equal(t[i].items[0].err, err);
    }
}

static void break_line(struct kafka_rig *rig) {
    struct kafka *k = rig->state;
    assert_int_equal(rd_kafka_test_fatal_error(
                         k->line->rk, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "asked for"),
                     0);
}

static void what_was_under_way_is_told_and_what_follows_is_stored(void **state) {
    (void)state;
    struct kafka_rig rig;
    static struct kafka_try t[SENT];
    struct seen seen = {0};
    kafka_rig_open(&rig, "kafka_property linger.ms 200;");
    const char *name = kafka_rig_new_topic(&rig, 0);
    assert_int_equal(kafka_rig_append(&rig, 0, "", kafka_rig_event("0", "first", 5), NULL), 0);
    for (size_t i = 0; i < SENT; i++) {
        kafka_try_begin(&rig, &t[i]);
        (void)kafka_try_add(&t[i], 0, "", kafka_rig_event("1", "under way", 9));
        kafka_try_send(&rig, &t[i]);
    }
    break_line(&rig);
    int err = HG_EAGAIN;
    for (int i = 0; i < 3 && err == HG_EAGAIN; i++) { /* the one that finds it may be refused */
        err = kafka_rig_append(&rig, 0, "", kafka_rig_event("2", "after", 5), NULL);
    }
    assert_int_equal(err, 0);
    expect_told(t, SENT);
    size_t stored = 0;
    for (size_t i = 0; i < SENT; i++) {
        stored += t[i].err == 0;
    }
    (void)kafka_rig_read(name, on_message, &seen);
    assert_int_equal(seen.of_after, 1);
    assert_true(seen.n >= stored + 2);
    kafka_rig_close(&rig);
}

static void it_may_happen_again_and_again(void **state) {
    (void)state;
    struct kafka_rig rig;
    kafka_rig_open(&rig, "");
    (void)kafka_rig_new_topic(&rig, 0);
    for (int round = 0; round < 4; round++) {
        int err = HG_EAGAIN;
        for (int i = 0; i < 3 && err == HG_EAGAIN; i++) {
            err = kafka_rig_append(&rig, 0, "", kafka_rig_event("2", "after", 5), NULL);
        }
        assert_int_equal(err, 0);
        break_line(&rig);
    }
    kafka_rig_close(&rig);
}

int test_fatal(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_under_way_is_told_and_what_follows_is_stored),
        cmocka_unit_test(it_may_happen_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
