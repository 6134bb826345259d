/* SPDX-License-Identifier: Apache-2.0 */
/* test_hung.c - a broker that hangs, with its connections up, is left by who publishes, and by all
 * else. */
#include "modules/log_kafka/brokers.h"
#include "tail.h"

enum { HANG_MS = 120000, WITHIN_MS = 8000 };

static const char *const topics[] = {"a", NULL};

/* The client knows it from its own broker no sooner than that has been left. */
static void what_it_had_under_way_goes_to_who_leads_then(void **state) {
    (void)state;
    struct brokers b = {0};
    struct kafka_try t;
    brokers_open(&b, "kafka_property socket.timeout.ms 1000;", topics);
    assert_int_equal(kafka_rig_append(&b.rig, 0, "", kafka_rig_event("1", "x", 1), NULL), 0);
    int64_t begun_ms = kafka_mono_ms();
    brokers_hang(&b, 1, HANG_MS);
    kafka_try_begin(&b.rig, &t);
    (void)kafka_try_add(&t, 0, "", kafka_rig_event("2", "x", 1));
    kafka_try_send(&b.rig, &t);
    brokers_lead(&b, "a", 2);
    assert_int_equal(kafka_try_wait(&t), 0);
    assert_true(kafka_mono_ms() - begun_ms < WITHIN_MS);
    brokers_close(&b);
}

static void it_is_left_after_ten_seconds_or_when_the_conf_says(void **state) {
    static const struct {
        const char *row;
        int64_t wanted;
    } cases[] = {{"", 10000}, {"kafka_property socket.timeout.ms 20000;", 20000}};
    (void)state;
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        struct brokers b = {0};
        brokers_open(&b, cases[i].row, topics);
        const struct kafka *k = b.rig.state;
        assert_int_equal(b.rig.ops->follow(b.rig.state, 0, true), 0);
        rd_kafka_t *const handles[] = {k->client, k->line->rk, k->tail->rk, k->tail->care.rk};
        for (size_t h = 0; h < HG_COUNT(handles); h++) {
            assert_int_equal(kafka_conf_number(rd_kafka_conf(handles[h]), "socket.timeout.ms"),
                             cases[i].wanted);
        }
        brokers_close(&b);
    }
}

int test_hung(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_had_under_way_goes_to_who_leads_then),
        cmocka_unit_test(it_is_left_after_ten_seconds_or_when_the_conf_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
