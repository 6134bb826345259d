/* SPDX-License-Identifier: Apache-2.0 */
/* test_follow.c - a log whose tail comes by wish. */
#include "feed/follow.h"

#include "unit/feed/client.h"
#include "unit/feed/tests.h"

static const struct rig_options remote = {.is_remote = true};

static bool is_followed(void *arg) {
    struct rig *rig = arg;
    return remote_log_is_followed(&rig->remote, 0);
}

static bool is_left(void *arg) {
    return !is_followed(arg);
}

static void write_and_show(struct rig *rig, size_t n) {
    for (size_t i = 0; i < n; i++) {
        rig_write(rig, 0, 0, "a", "s");
    }
    remote_log_pump(&rig->remote);
    rig_turn(rig);
}

static void latest_is_what_comes_once_the_tail_does(void **state) {
    (void)state;
    struct rig *rig = rig_new(&remote, 2);
    write_and_show(rig, 5);
    struct client *c = client_open(rig, &(struct client_wish){0});
    assert_int_equal(c->n_opened, 0);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_opened, 1);
    assert_int_equal(c->n_events, 0);
    assert_int_equal(c->expect[0][0], 5);
    assert_false(remote_log_is_followed(&rig->remote, 1));
    write_and_show(rig, 3);
    assert_int_equal(c->n_events, 3);
    client_close(&c);
    rig_until(rig, is_left, rig);
    rig_free(&rig);
}

static void what_passed_unseen_is_read_by_who_resumes_and_by_nobody_else(void **state) {
    (void)state;
    struct rig *rig = rig_new(&remote, 1);
    struct client *first = client_open(rig, &(struct client_wish){0});
    rig_until_live(rig, 0);
    write_and_show(rig, 2);
    struct client_wish again = {.cursor = first->cursor};
    hg_subscriber_close(&first->sub);
    rig_until(rig, is_left, rig);
    write_and_show(rig, 4);
    struct client *resumed = client_open(rig, &again);
    struct client *latest = client_open(rig, &(struct client_wish){0});
    rig_until_live(rig, 0);
    assert_true(resumed->is_resumed);
    assert_int_equal(resumed->n_events, 4);
    assert_int_equal(latest->n_events, 0);
    write_and_show(rig, 1);
    assert_int_equal(resumed->n_events, 5);
    assert_int_equal(latest->n_events, 1);
    assert_int_equal(resumed->n_gaps, 0);
    client_close(&first);
    client_close(&resumed);
    client_close(&latest);
    rig_free(&rig);
}

static void every_start_waits_until_the_tail_comes(void **state) {
    (void)state;
    static const enum hg_start starts[] = {HG_START_LATEST, HG_START_EARLIEST, HG_START_TIME};
    struct rig *rig = rig_new(&remote, 1);
    struct client *c[HG_COUNT(starts)];
    write_and_show(rig, 3);
    remote_log_hold(&rig->remote, true);
    for (size_t i = 0; i < HG_COUNT(starts); i++) {
        c[i] = client_open(rig, &(struct client_wish){.start = starts[i], .time_ms = 1});
    }
    rig_turn(rig);
    for (size_t i = 0; i < HG_COUNT(starts); i++) {
        assert_int_equal(c[i]->n_opened, 0);
    }
    write_and_show(rig, 2);
    remote_log_hold(&rig->remote, false);
    rig_until_live(rig, 0);
    assert_int_equal(c[0]->n_events, 0);
    assert_int_equal(c[1]->n_events, 5);
    assert_int_equal(c[2]->n_events, 5);
    assert_int_equal(atomic_load(&rig->remote.n_follows), 1);
    for (size_t i = 0; i < HG_COUNT(starts); i++) {
        client_close(&c[i]);
    }
    rig_free(&rig);
}

static void a_wish_that_fails_is_asked_again(void **state) {
    (void)state;
    struct rig *rig = rig_new(&remote, 1);
    atomic_store(&rig->remote.follow_err, HG_EIO);
    struct client *c = client_open(rig, &(struct client_wish){0});
    rig_turn_ms(rig, 120);
    assert_int_equal(c->n_opened, 0);
    size_t asked = rig->remote.n_asked;
    assert_true(asked < 8); /* twice, then less often */
    atomic_store(&rig->remote.follow_err, 0);
    rig_until_live(rig, 0);
    write_and_show(rig, 1);
    assert_int_equal(c->n_events, 1);
    client_close(&c);
    rig_free(&rig);
}

/* A new topic whose tail does not come yet must not hold up the others. */
static void topics_that_are_followed_go_on_while_another_is_waited_for(void **state) {
    (void)state;
    struct rig *rig = rig_new(&remote, 2);
    struct client *c = client_open(rig, &(struct client_wish){0});
    rig_until_live(rig, 0);
    remote_log_hold(&rig->remote, true);
    client_set_topics(c, (uint32_t[]){0, 1}, 2);
    rig_turn(rig);
    write_and_show(rig, 3);
    assert_int_equal(c->n_events, 3);
    assert_false(client_is_live(c));
    rig_write(rig, 1, 0, "a", "s");
    remote_log_hold(&rig->remote, false);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 3);
    rig_write(rig, 1, 0, "a", "s");
    write_and_show(rig, 1);
    assert_int_equal(c->n_events, 5);
    client_close(&c);
    rig_free(&rig);
}

static void a_pull_follows_while_it_waits(void **state) {
    (void)state;
    struct rig *rig = rig_new(&remote, 1);
    struct client *c =
        client_open(rig, &(struct client_wish){.sink = &client_pull, .wait_ms = 5000});
    rig_until(rig, is_followed, rig);
    rig_turn_ms(rig, 20);
    write_and_show(rig, 1);
    rig_turn(rig);
    assert_int_equal(c->n_answers, 1);
    assert_int_equal(c->n_answered, 1);
    client_close(&c);
    rig_until(rig, is_left, rig);
    rig_free(&rig);
}

static struct client *pull(struct rig *rig, enum hg_start start, const char *cursor) {
    return client_open(
        rig, &(struct client_wish){.sink = &client_pull, .start = start, .cursor = cursor});
}

static bool is_answered(void *arg) {
    const struct client *c = arg;
    return c->n_answers == 1;
}

/* Somebody follows, and the tail has not brought the events to this loop yet. */
static void a_pull_has_what_was_acknowledged_before_it_began(void **state) {
    (void)state;
    struct rig *rig = rig_new(&remote, 1);
    struct client *live = client_open(rig, &(struct client_wish){0});
    rig_until_live(rig, 0);
    write_and_show(rig, 2);
    for (int i = 0; i < 3; i++) {
        rig_publish(rig, 0, "a", "s");
    }
    assert_int_equal(live->n_events, 2);
    struct client *all = pull(rig, HG_START_EARLIEST, NULL);
    rig_until(rig, is_answered, all);
    assert_int_equal(all->n_answered, 5);
    struct client *rest = pull(rig, HG_START_CURSOR, live->cursor);
    rig_until(rig, is_answered, rest);
    assert_int_equal(rest->n_answered, 3);
    struct client *now = pull(rig, HG_START_LATEST, NULL);
    rig_until(rig, is_answered, now);
    assert_int_equal(now->n_answered, 0);
    struct client *waits = client_open(
        rig, &(struct client_wish){.sink = &client_pull, .cursor = rest->cursor, .wait_ms = 5000});
    rig_turn(rig);
    write_and_show(rig, 1);
    rig_until(rig, is_answered, waits);
    assert_int_equal(waits->n_answered, 1);
    assert_int_equal(live->n_events, 6);
    client_close(&all);
    client_close(&rest);
    client_close(&now);
    client_close(&waits);
    client_close(&live);
    rig_free(&rig);
}

/* The loop began at the end and saw no record; its cursor has to say which is
 * there, or nobody would notice that it is another one day. */
static void who_reads_to_the_end_tells_what_stands_there(void **state) {
    (void)state;
    struct rig *rig = rig_new(&remote, 1);
    struct hg_position p = {0};
    write_and_show(rig, 3);
    struct client *all = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    rig_until_live(rig, 0);
    struct client *now = pull(rig, HG_START_LATEST, NULL);
    rig_until(rig, is_answered, now);
    assert_int_equal(hg_position_parse(hg_slice_of(now->cursor), &p), 0);
    assert_int_equal(p.offset, 2);
    assert_int_equal(p.fingerprint, rig->truth[0][0].records[2].fingerprint);
    client_close(&now);
    client_close(&all);
    rig_free(&rig);
}

static void where_every_tail_comes_nothing_is_asked(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){0}, 1);
    struct client *c = client_open(rig, &(struct client_wish){0});
    assert_true(client_is_live(c)); /* at once */
    assert_null(rig->feed->follow_timer);
    assert_null(rig->feed->parts.topics[0]->follow.wish);
    client_close(&c);
    rig_free(&rig);
}

int test_follow(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latest_is_what_comes_once_the_tail_does),
        cmocka_unit_test(what_passed_unseen_is_read_by_who_resumes_and_by_nobody_else),
        cmocka_unit_test(every_start_waits_until_the_tail_comes),
        cmocka_unit_test(a_wish_that_fails_is_asked_again),
        cmocka_unit_test(topics_that_are_followed_go_on_while_another_is_waited_for),
        cmocka_unit_test(a_pull_follows_while_it_waits),
        cmocka_unit_test(a_pull_has_what_was_acknowledged_before_it_began),
        cmocka_unit_test(who_reads_to_the_end_tells_what_stands_there),
        cmocka_unit_test(where_every_tail_comes_nothing_is_asked),
    };
    return cmocka_run_group_tests_name("feed/follow", tests, NULL, NULL);
}
