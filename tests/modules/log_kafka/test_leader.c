/* SPDX-License-Identifier: Apache-2.0 */
/* test_leader.c - a leader that is gone is found out, and who leads then is asked. */
#include "modules/log_kafka/brokers.h"
#include "tail.h"

enum { TRY_MS = 1000 };

static int describe(struct brokers *b, uint32_t id) {
    struct hg_log_range range;
    return b->rig.ops->describe(b->rig.state, id, 0, &range);
}

static void another_leader_is_found_when_the_first_is_gone(void **state) {
    static const char *const topics[] = {"a", "b", NULL};
    (void)state;
    struct brokers b = {0};
    uint64_t offset;
    brokers_open(&b, "", topics);
    assert_int_equal(describe(&b, 0), 0);
    assert_int_equal(describe(&b, 1), 0);
    brokers_down(&b, 1);
    brokers_lead(&b, "a", 2);
    brokers_lead(&b, "b", 3);
    assert_int_equal(describe(&b, 0), 0);
    assert_int_equal(describe(&b, 1), 0);
    assert_int_equal(b.rig.ops->seek(b.rig.state, 1, 0, 0, &offset), 0);
    brokers_close(&b);
}

static void another_leader_is_found_when_the_first_is_not_one_any_more(void **state) {
    static const char *const topics[] = {"a", NULL};
    (void)state;
    struct brokers b = {0};
    brokers_open(&b, "", topics);
    assert_int_equal(describe(&b, 0), 0);
    brokers_lead(&b, "a", 3);
    assert_int_equal(describe(&b, 0), 0);
    brokers_close(&b);
}

/* One thread asks for all topics. */
static void one_without_a_leader_keeps_nobody_waiting_long(void **state) {
    static const char *const topics[] = {"away", "there", NULL};
    (void)state;
    struct brokers b = {0};
    brokers_open(&b, "", topics);
    assert_int_equal(describe(&b, 0), 0);
    brokers_lead(&b, "there", 2);
    assert_int_equal(describe(&b, 1), 0);
    brokers_down(&b, 1);
    int64_t begun_ms = kafka_mono_ms();
    assert_int_equal(describe(&b, 0), HG_EAGAIN);
    int64_t first_ms = kafka_mono_ms() - begun_ms;
    for (int i = 0; i < 3; i++) { /* then less than once as long, all together */
        assert_int_equal(describe(&b, 0), HG_EAGAIN);
        assert_int_equal(describe(&b, 1), 0);
    }
    assert_true(kafka_mono_ms() - begun_ms - first_ms < first_ms);
    brokers_up(&b, 1);
    int err = HG_EAGAIN;
    while (err == HG_EAGAIN) {
        err = describe(&b, 0);
    }
    assert_int_equal(err, 0);
    brokers_close(&b);
}

/* The look at who leads takes as long as this has the lock. */
static void one_that_is_lost_and_has_no_leader_keeps_no_other_from_being_followed(void **state) {
    static const char *const topics[] = {"away", "there", NULL};
    (void)state;
    struct brokers b = {0};
    brokers_open(&b, "", topics);
    struct kafka *k = b.rig.state;
    brokers_lead(&b, "there", 2);
    assert_int_equal(describe(&b, 1), 0);
    assert_int_equal(b.rig.ops->follow(k, 0, true), 0);
    brokers_down(&b, 1);
    (void)pthread_mutex_lock(&k->leaders.lock);
    (void)pthread_mutex_lock(&k->tail->lock);
    kafka_care_lost(k->tail, &k->tail->topics->parts[0]);
    (void)pthread_mutex_unlock(&k->tail->lock);
    for (int64_t end = kafka_mono_ms() + 2 * TRY_MS; kafka_mono_ms() < end;) {
        assert_int_equal(b.rig.ops->follow(k, 1, true), 0);
        assert_int_equal(b.rig.ops->follow(k, 1, false), 0);
    }
    (void)pthread_mutex_unlock(&k->leaders.lock);
    brokers_close(&b);
}

int test_leader(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_leader_is_found_when_the_first_is_gone),
        cmocka_unit_test(another_leader_is_found_when_the_first_is_not_one_any_more),
        cmocka_unit_test(one_without_a_leader_keeps_nobody_waiting_long),
        cmocka_unit_test(one_that_is_lost_and_has_no_leader_keeps_no_other_from_being_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
