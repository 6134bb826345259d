/* SPDX-License-Identifier: Apache-2.0 */
/* test_rest.c - reads that fail for a while. */
#include "feed/rest.h"

#include "base/counters.h"
#include "feed/counters.h"
#include "unit/feed/client.h"
#include "unit/feed/tests.h"

enum { CLIENTS = 30 };

static bool has_failed_often(void *arg) {
    return hg_counter_read(&hg_feed__reads_failed) >= *(const int64_t *)arg + 4;
}

static void run_failing(int err) {
    struct rig *rig = rig_new(&(struct rig_options){.window_bytes_max = 1}, 1);
    struct client *c[CLIENTS];
    int64_t failed = hg_counter_read(&hg_feed__reads_failed);
    rig_publish_many(rig, 0, 10);
    atomic_store(&rig->read_err, err);
    int64_t began = hg_clock_mono_ms();
    for (size_t i = 0; i < CLIENTS; i++) {
        c[i] = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    }
    rig_until(rig, has_failed_often, &failed);
    /* Two at once, then one after 50, 100, ... ms, whoever waits. */
    assert_true(hg_clock_mono_ms() - began >= 150);
    assert_true(atomic_load(&rig->n_reads) <= 5);
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(c[i]->n_events, 0);
        assert_int_equal(c[i]->n_gaps, 0);
    }
    atomic_store(&rig->read_err, 0);
    rig_until_live(rig, 0);
    assert_int_equal(rig->feed->parts.topics[0]->parts[0]->rest_ms, 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        client_assert_whole(c[i]);
        assert_int_equal(c[i]->n_gaps, 0);
        client_close(&c[i]);
    }
    rig_free(&rig);
}

static void a_log_that_is_away_is_asked_seldom_and_nothing_is_skipped(void **state) {
    (void)state;
    run_failing(HG_EAGAIN);
    run_failing(HG_EIO);
}

static void a_position_is_verified_once_the_log_is_back(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.window_bytes_max = 1}, 2);
    struct client *before = client_open(rig, &(struct client_wish){0});
    rig_publish_many(rig, 0, 3);
    char cursor[CLIENT_TEXT_MAX];
    memcpy(cursor, before->cursor, sizeof(cursor));
    struct client_wish again = {.cursor = cursor, .topics = {0, 1}, .n_topics = 2};
    int64_t failed = hg_counter_read(&hg_feed__reads_failed);
    rig_publish_many(rig, 0, 3);
    atomic_store(&rig->read_err, HG_EAGAIN);
    struct client *c = client_open(rig, &again);
    rig_until(rig, has_failed_often, &failed);
    assert_int_equal(c->n_opened, 0);
    atomic_store(&rig->read_err, 0);
    rig_until_live(rig, 0);
    assert_true(c->is_resumed);
    assert_int_equal(c->n_events, 3);
    client_close(&before);
    client_close(&c);
    rig_free(&rig);
}

static void other_topics_go_on_while_one_rests(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.window_bytes_max = 3000}, 2);
    rig_publish_many(rig, 0, 100);
    atomic_store(&rig->read_err, HG_EIO);
    struct client *c = client_open(
        rig, &(struct client_wish){.start = HG_START_EARLIEST, .topics = {0, 1}, .n_topics = 2});
    rig_turn_ms(rig, 20);
    rig_publish_many(rig, 1, 5);
    rig_turn(rig);
    assert_int_equal(c->expect[1][0], 5);
    assert_int_equal(c->expect[0][0], 0);
    atomic_store(&rig->read_err, 0);
    rig_until_live(rig, 0);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

/* The end is hidden behind somebody's open transaction. */
static void who_stands_before_the_place_that_rests_does_not_wait(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.window_bytes_max = 1}, 1);
    int64_t failed = hg_counter_read(&hg_feed__reads_failed);
    rig_publish_many(rig, 0, 10);
    atomic_store(&rig->read_err_from, 6);
    atomic_store(&rig->read_err, HG_EAGAIN);
    struct client *c = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    rig_until(rig, has_failed_often, &failed);
    assert_int_equal(c->n_events, 6);
    struct client *pull =
        client_open(rig, &(struct client_wish){.sink = &client_pull, .start = HG_START_EARLIEST});
    rig_turn_ms(rig, 20);
    assert_int_equal(pull->n_answers, 1);
    assert_int_equal(pull->n_answered, 6);
    atomic_store(&rig->read_err, 0);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 10);
    client_close(&c);
    client_close(&pull);
    rig_free(&rig);
}

int test_rest(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_that_is_away_is_asked_seldom_and_nothing_is_skipped),
        cmocka_unit_test(a_position_is_verified_once_the_log_is_back),
        cmocka_unit_test(other_topics_go_on_while_one_rests),
        cmocka_unit_test(who_stands_before_the_place_that_rests_does_not_wait),
    };
    return cmocka_run_group_tests_name("feed/rest", tests, NULL, NULL);
}
