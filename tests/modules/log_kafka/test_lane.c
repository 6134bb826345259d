/* SPDX-License-Identifier: Apache-2.0 */
/* test_lane.c - when the client is given the next message of a partition. */
#include "modules/log_kafka/tests.h"

#include "lane.h"

enum { LINGER = 1000, ANSWER = 5000, BATCH = 10 };

static void give(struct kafka_lane *lane, unsigned n, int64_t now_us) {
    for (unsigned i = 0; i < n; i++) {
        kafka_lane_given(lane, true, now_us, LINGER);
    }
}

static void report(struct kafka_lane *lane, unsigned n) {
    atomic_fetch_add(&lane->n_done, n);
}

static bool is_open(struct kafka_lane *lane, int64_t now_us) {
    return kafka_lane_is_open(lane, now_us, LINGER);
}

/* A batch was sent at LINGER and answered ANSWER later: that is when this ends. */
static int64_t learn(struct kafka_lane *lane) {
    kafka_lane_init(lane);
    give(lane, BATCH, 0);
    report(lane, BATCH);
    assert_true(is_open(lane, LINGER + ANSWER));
    return LINGER + ANSWER;
}

static void until_an_answer_is_known_nothing_waits(void **state) {
    struct kafka_lane lane;
    (void)state;
    kafka_lane_init(&lane);
    give(&lane, BATCH, 0);
    for (int64_t now = 0; now < 3 * ANSWER; now += 100) {
        assert_true(is_open(&lane, now));
    }
}

static void a_batch_is_gathered_and_what_follows_comes_in_time_for_its_answer(void **state) {
    struct kafka_lane lane;
    (void)state;
    int64_t now = learn(&lane);
    give(&lane, BATCH, now);
    assert_true(is_open(&lane, now + LINGER - 1));
    assert_false(is_open(&lane, now + LINGER));
    assert_false(is_open(&lane, now + LINGER + ANSWER - LINGER - 1));
    assert_true(is_open(&lane, now + LINGER + ANSWER - LINGER)); /* and on, however late it is */
    assert_true(is_open(&lane, now + 100 * ANSWER));
}

static void few_are_given_at_any_time(void **state) {
    struct kafka_lane lane;
    (void)state;
    int64_t now = learn(&lane);
    give(&lane, KAFKA_LANE_FREE - 1, now);
    assert_true(is_open(&lane, now + 2 * LINGER));
    give(&lane, 1, now + 2 * LINGER);
    assert_false(is_open(&lane, now + 2 * LINGER));
}

static void with_the_answer_what_was_given_meanwhile_is_on_its_way(void **state) {
    struct kafka_lane lane;
    (void)state;
    int64_t now = learn(&lane);
    give(&lane, BATCH, now);
    int64_t answered = now + LINGER + ANSWER;
    give(&lane, BATCH, answered - LINGER);
    report(&lane, BATCH);
    assert_false(is_open(&lane, answered));
    assert_false(is_open(&lane, answered + ANSWER - LINGER - 1));
    assert_true(is_open(&lane, answered + ANSWER - LINGER));
}

static void a_batch_that_is_reported_one_by_one_is_one_answer(void **state) {
    struct kafka_lane lane;
    (void)state;
    int64_t now = learn(&lane);
    give(&lane, BATCH, now);
    int64_t answered = now + LINGER + ANSWER;
    give(&lane, BATCH, answered - LINGER);
    for (unsigned i = 0; i < BATCH; i++) {
        report(&lane, 1);
        (void)is_open(&lane, answered + i);
    }
    assert_int_equal(lane.n_seen, 2 * BATCH);
    assert_in_range(lane.answer_us, ANSWER, ANSWER + BATCH);
}

static void where_answers_vary_more_is_waited_for(void **state) {
    struct kafka_lane lane;
    (void)state;
    int64_t now = learn(&lane);
    for (int i = 0; i < 20; i++) {
        give(&lane, BATCH, now);
        report(&lane, BATCH);
        now += LINGER + (i % 2 == 0 ? ANSWER / 2 : ANSWER * 3 / 2);
        assert_true(is_open(&lane, now));
    }
    give(&lane, BATCH, now);
    assert_false(is_open(&lane, now + ANSWER));
    assert_true(is_open(&lane, now + LINGER + 3 * ANSWER));
}

/* Its answer may be long in coming: what it was appended with is elsewhere. */
static void nothing_waits_behind_one_of_several(void **state) {
    struct kafka_lane lane;
    (void)state;
    int64_t now = learn(&lane);
    give(&lane, BATCH, now);
    kafka_lane_given(&lane, false, now, LINGER);
    assert_true(is_open(&lane, now + LINGER));
    report(&lane, BATCH + 1);
    give(&lane, BATCH, now + LINGER + ANSWER);
    assert_false(is_open(&lane, now + 2 * LINGER + ANSWER));
}

static void who_waits_comes_in_order(void **state) {
    struct kafka_lane lane;
    struct kafka_mark marks[5];
    (void)state;
    kafka_lane_init(&lane);
    assert_null(kafka_lane_take(&lane));
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < HG_COUNT(marks); i++) {
            kafka_lane_put(&lane, &marks[i]);
        }
        for (size_t i = 0; i < HG_COUNT(marks); i++) {
            assert_ptr_equal(kafka_lane_take(&lane), &marks[i]);
        }
        assert_null(kafka_lane_take(&lane));
    }
}

static void lanes_stay_where_they_are(void **state) {
    struct kafka_lanes all = {0};
    (void)state;
    struct kafka_lane *first = kafka_lanes_of(&all, 3, 0);
    struct kafka_lane *second = kafka_lanes_of(&all, 3, 7);
    assert_non_null(first);
    assert_ptr_not_equal(first, second);
    assert_non_null(kafka_lanes_of(&all, 100, 50));
    assert_ptr_equal(kafka_lanes_of(&all, 3, 0), first);
    assert_ptr_equal(kafka_lanes_of(&all, 3, 7), second);
    kafka_lanes_list(&all, first);
    kafka_lanes_list(&all, second);
    kafka_lanes_list(&all, first);
    assert_ptr_equal(kafka_lanes_unlist(&all), second);
    assert_ptr_equal(second->next_listed, first);
    assert_null(first->next_listed);
    assert_null(kafka_lanes_unlist(&all));
    kafka_lanes_fini(&all);
}

int test_lane(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(until_an_answer_is_known_nothing_waits),
        cmocka_unit_test(a_batch_is_gathered_and_what_follows_comes_in_time_for_its_answer),
        cmocka_unit_test(few_are_given_at_any_time),
        cmocka_unit_test(with_the_answer_what_was_given_meanwhile_is_on_its_way),
        cmocka_unit_test(a_batch_that_is_reported_one_by_one_is_one_answer),
        cmocka_unit_test(where_answers_vary_more_is_waited_for),
        cmocka_unit_test(nothing_waits_behind_one_of_several),
        cmocka_unit_test(who_waits_comes_in_order),
        cmocka_unit_test(lanes_stay_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
