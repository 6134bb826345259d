/* SPDX-License-Identifier: Apache-2.0 */
/* test_ask.c - where the broker that is asked hangs another one is. */
#include "modules/log_kafka/brokers.h"
#include "read.h"

enum { HANG_MS = 120000, WITHIN_MS = 8000 };

static const char *const topics[] = {"a", NULL};

static void count(void *arg, const struct hg_log_topic *topic) {
    (void)topic;
    ++*(int *)arg;
}

/* Whichever it is that would be asked. */
static void who_is_there_is_told_by_one_that_answers(void **state) {
    (void)state;
    struct brokers b = {0};
    struct hg_why why = {""};
    brokers_open(&b, "", topics);
    for (int32_t n = 1; n <= BROKERS; n++) {
        int64_t begun_ms = kafka_mono_ms();
        int n_topics = 0;
        brokers_hang(&b, n, HANG_MS);
        assert_int_equal(b.rig.ops->list(b.rig.state, count, &n_topics), 0);
        assert_int_equal(n_topics, 1);
        assert_int_equal(kafka_rig_topic(&b.rig, 0, "a", &why), 0);
        assert_true(kafka_mono_ms() - begun_ms < WITHIN_MS);
        brokers_hang(&b, n, 0);
    }
    brokers_close(&b);
}

int test_ask(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_there_is_told_by_one_that_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
