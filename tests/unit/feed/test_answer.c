/* SPDX-License-Identifier: Apache-2.0 */
/* test_answer.c - pulls. */
#include "unit/feed/client.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "feed/answer.h"
#include "unit/feed/tests.h"

static const struct rig_options plain = {0};

static struct client_wish pull(enum hg_start start) {
    return (struct client_wish){.sink = &client_pull, .start = start};
}

static bool is_answered(void *arg) {
    return ((struct client *)arg)->n_answers > 0;
}

static void until_answered(struct client *c) {
    rig_until(c->rig, is_answered, c);
    assert_int_equal(c->n_answers, 1);
}

static void answer_has_what_is_there(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    rig_publish_many(rig, 0, 3);
    struct client_wish w = pull(HG_START_EARLIEST);
    struct client *c = client_open(rig, &w);
    assert_int_equal(c->n_answers, 0); /* not before open returns */
    until_answered(c);
    assert_int_equal(c->n_answered, 3);
    assert_memory_equal(c->body, "[\ne e0 ", 7);
    assert_non_null(strstr(c->body, "\n,\ne e1 "));
    assert_non_null(strstr(c->body, "\n,\ne e2 "));
    assert_int_equal(c->body[strlen(c->body) - 1], ']');
    client_close(&c);
    rig_free(&rig);
}

static void empty_answer_is_the_prefix_and_the_suffix(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client_wish w = pull(HG_START_EARLIEST);
    struct client *c = client_open(rig, &w);
    until_answered(c);
    assert_string_equal(c->body, "[\n]");
    assert_int_equal(strlen(c->cursor), HG_POSITION_TEXT_LEN);
    client_close(&c);
    rig_free(&rig);
}

/* Follows the cursors until an answer is empty. */
static size_t pull_all(struct rig *rig, struct client_wish w, size_t *ret_answers) {
    char cursor[CLIENT_TEXT_MAX] = "";
    size_t n = 0;
    *ret_answers = 0;
    for (;;) {
        w.cursor = cursor[0] ? cursor : NULL;
        struct client *c = client_open(rig, &w);
        until_answered(c);
        assert_int_equal(c->n_told_gaps, 0);
        char want[32];
        snprintf(want, sizeof(want), "[\ne e%zu ", n);
        size_t got = c->n_answered;
        assert_true(got == 0 || memcmp(c->body, want, strlen(want)) == 0);
        snprintf(cursor, sizeof(cursor), "%s", c->cursor);
        client_close(&c);
        if (got == 0) {
            return n;
        }
        n += got;
        (*ret_answers)++;
    }
}

static void answers_follow_each_other_without_gap_or_repeat(void **state) {
    (void)state;
    size_t answers = 0;
    struct rig *rig = rig_new(&(struct rig_options){.window_bytes_max = 2000}, 1);
    struct client_wish w = pull(HG_START_EARLIEST);
    rig_publish_many(rig, 0, 50);
    w.events_max = 7;
    assert_int_equal(pull_all(rig, w, &answers), 50);
    assert_int_equal(answers, 8);
    w.events_max = 1000;
    w.bytes_max = 200;
    assert_int_equal(pull_all(rig, w, &answers), 50);
    assert_in_range(answers, 13, 26);
    w.bytes_max = 1; /* one event is always given */
    assert_int_equal(pull_all(rig, w, &answers), 50);
    assert_int_equal(answers, 50);
    rig_free(&rig);
}

static void body_stays_within_its_bytes(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    rig_publish_many(rig, 0, 50);
    for (size_t max = 60; max < 400; max += 7) {
        struct client_wish w = pull(HG_START_EARLIEST);
        w.bytes_max = max;
        struct client *c = client_open(rig, &w);
        until_answered(c);
        assert_true(strlen(c->body) <= max);
        assert_true(strlen(c->body) + 60 > max); /* and is not left empty */
        client_close(&c);
    }
    rig_free(&rig);
}

static void empty_answer_is_held_back_for_the_first_event(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client_wish w = pull(HG_START_LATEST);
    w.wait_ms = 8000;
    w.subject = "s";
    struct client *c = client_open(rig, &w);
    rig_turn(rig);
    assert_true(client_is_live(c));
    rig_publish(rig, 0, "a", "else");
    assert_int_equal(c->n_answers, 0);
    rig_hold_tail(rig);
    rig_publish_many(rig, 0, 3);
    rig_let_tail(rig, 3, true);
    until_answered(c);
    assert_int_equal(c->n_answered, 3); /* the others of its batch come along */
    client_close(&c);
    rig_free(&rig);
}

static void event_between_catching_up_and_waiting_is_not_lost(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client_wish w = pull(HG_START_LATEST);
    w.wait_ms = 8000;
    w.events_max = 2;
    struct client *c = client_open(rig, &w);
    rig_hold_tail(rig);
    rig_publish_many(rig, 0, 5);
    rig_let_tail(rig, 5, true); /* before its first turn, or while it waits */
    until_answered(c);
    assert_int_equal(c->n_answered, 2);
    w.cursor = c->cursor;
    struct client *next = client_open(rig, &w);
    until_answered(next);
    assert_int_equal(next->n_answered, 2);
    assert_memory_equal(next->body, "[\ne e2 ", 7);
    client_close(&c);
    client_close(&next);
    rig_free(&rig);
}

static void wait_has_an_end(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client_wish w = pull(HG_START_LATEST);
    w.wait_ms = 250;
    int64_t begin = hg_clock_mono_ms();
    struct client *c = client_open(rig, &w);
    until_answered(c);
    assert_true(hg_clock_mono_ms() - begin >= 200);
    assert_int_equal(c->n_answered, 0);
    client_close(&c);
    rig_free(&rig);
}

static void gap_is_told_beside_a_body_that_has_no_place_for_it(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.window_bytes_max = 1}, 1);
    rig_publish_many(rig, 0, 10);
    struct client_wish w = pull(HG_START_EARLIEST);
    w.events_max = 2;
    struct client *first = client_open(rig, &w);
    until_answered(first);
    rig_trim(rig, 0, 6);
    w.cursor = first->cursor;
    w.wait_ms = 8000;
    struct client *c = client_open(rig, &w);
    until_answered(c);
    assert_int_equal(c->n_told_gaps, 1);
    assert_string_equal(c->reason, "trimmed");
    assert_string_equal(c->gap_from, first->cursor);
    assert_memory_equal(c->body, "[\ne e6 ", 7);
    client_close(&first);
    client_close(&c);
    rig_free(&rig);
}

static void gap_alone_is_worth_an_answer(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.window_bytes_max = 1}, 1);
    rig_publish_many(rig, 0, 10);
    struct client_wish w = pull(HG_START_EARLIEST);
    w.events_max = 2;
    struct client *first = client_open(rig, &w);
    until_answered(first);
    rig_trim(rig, 0, 10);
    w.sink = &client_pull_told;
    w.cursor = first->cursor;
    w.wait_ms = 60000;
    struct client *c = client_open(rig, &w);
    until_answered(c);
    assert_int_equal(c->n_answered, 0);
    assert_int_equal(c->n_told_gaps, 0); /* its body has a place for it */
    assert_memory_equal(c->body, "[\nn 2 0 trimmed t0 ", 19);
    client_close(&first);
    client_close(&c);
    rig_free(&rig);
}

static void closed_pull_is_not_answered(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client_wish w = pull(HG_START_EARLIEST);
    rig_publish_many(rig, 0, 3);
    struct client *c = client_open(rig, &w);
    hg_subscriber_close(&c->sub);
    rig_turn(rig);
    assert_int_equal(c->n_answers, 0);
    client_close(&c);
    rig_free(&rig);
}

static void closing_hurries_the_answer(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client_wish w = pull(HG_START_LATEST);
    w.wait_ms = 60000;
    struct client *c = client_open(rig, &w);
    rig_turn(rig);
    assert_true(client_is_live(c));
    hg_subscriber_say_closing(c->sub, "drain", 100);
    until_answered(c);
    assert_int_equal(c->n_answered, 0);
    client_close(&c);
    rig_free(&rig);
}

static void closing_does_not_wait_for_a_read(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.window_bytes_max = 1}, 1);
    rig_publish_many(rig, 0, 10);
    struct client_wish w = pull(HG_START_EARLIEST);
    struct client *c = client_open(rig, &w);
    rig_hold_reads(rig, true);
    rig_turn(rig);
    assert_non_null(c->sub->read);
    hg_subscriber_say_closing(c->sub, "drain", 100);
    until_answered(c);
    rig_hold_reads(rig, false);
    rig_turn_ms(rig, 50);
    client_close(&c);
    rig_free(&rig);
}

struct closer {
    struct hg_subscriber *sub;
    int n;
};

static void close_inside(void *arg, struct hg_slice body, size_t n_events, struct hg_slice cursor) {
    struct closer *c = arg;
    (void)body;
    (void)n_events;
    (void)cursor;
    hg_subscriber_close(&c->sub); /* as when the answer ends the connection */
    assert_null(c->sub);
    c->n++;
}

static bool is_closed(void *arg) {
    return ((struct closer *)arg)->n > 0;
}

static void pull_may_be_closed_by_its_answer(void **state) {
    (void)state;
    static const struct hg_subscriber_ops ops = {.on_answer = close_inside};
    struct rig *rig = rig_new(&plain, 1);
    struct closer closer = {0};
    struct hg_filter *f = hg_filter_new();
    uint32_t topic = 0;
    struct hg_subscription s = {.sink = &client_pull,
                                .slot = 2,
                                .filter = f,
                                .topics = &topic,
                                .n_topics = 1,
                                .events_max = 1,
                                .bytes_max = 100,
                                .ops = &ops,
                                .arg = &closer};
    assert_int_equal(hg_subscriber_open(rig->feed, &s, &closer.sub), 0);
    rig_until(rig, is_closed, &closer);
    hg_filter_unref(&f);
    rig_free(&rig);
}

static void body_without_memory_is_answered_as_far_as_it_goes(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client_wish w = pull(HG_START_LATEST);
    w.wait_ms = 60000;
    struct client *c = client_open(rig, &w);
    char big[400];
    memset(big, 'x', sizeof(big));
    rig_turn(rig);
    hg_alloc_fail_after(0);
    assert_int_equal(hg_feed__answer_take(c->sub, (struct hg_slice){big, sizeof(big)}, true),
                     HG_FEED__NO_MEMORY);
    assert_int_equal(hg_feed__answer_take(c->sub, HG_SLICE("one"), true), HG_FEED__GIVEN);
    hg_alloc_fail_after(0);
    assert_int_equal(hg_feed__answer_take(c->sub, (struct hg_slice){big, sizeof(big)}, true),
                     HG_FEED__NO_ROOM);
    hg_alloc_fail_after(-1);
    hg_subscriber_say_closing(c->sub, "drain", 0);
    until_answered(c);
    assert_string_equal(c->body, "[\none]");
    client_close(&c);
    rig_free(&rig);
}

int test_answer(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_has_what_is_there),
        cmocka_unit_test(empty_answer_is_the_prefix_and_the_suffix),
        cmocka_unit_test(answers_follow_each_other_without_gap_or_repeat),
        cmocka_unit_test(body_stays_within_its_bytes),
        cmocka_unit_test(empty_answer_is_held_back_for_the_first_event),
        cmocka_unit_test(event_between_catching_up_and_waiting_is_not_lost),
        cmocka_unit_test(wait_has_an_end),
        cmocka_unit_test(gap_is_told_beside_a_body_that_has_no_place_for_it),
        cmocka_unit_test(gap_alone_is_worth_an_answer),
        cmocka_unit_test(closed_pull_is_not_answered),
        cmocka_unit_test(closing_hurries_the_answer),
        cmocka_unit_test(closing_does_not_wait_for_a_read),
        cmocka_unit_test(pull_may_be_closed_by_its_answer),
        cmocka_unit_test(body_without_memory_is_answered_as_far_as_it_goes),
    };
    return cmocka_run_group_tests_name("feed/answer", tests, NULL, NULL);
}
