/* SPDX-License-Identifier: Apache-2.0 */
/* test_feed.c - the tail: who gets what of a batch, and when. */
#include "unit/feed/client.h"
#include "unit/feed/tests.h"

#include "base/counters.h"
#include "feed/counters.h"

static const struct rig_options plain = {0};

static void live_subscriber_gets_each_event_once(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *c = client_open(rig, &(struct client_wish){0});
    assert_int_equal(c->n_opened, 1);
    assert_true(client_is_live(c));
    rig_publish_many(rig, 0, 20);
    assert_int_equal(c->n_events, 20);
    assert_string_equal(c->last_id, "e19");
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

static void subscriber_begins_at_the_loops_position(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    rig_publish_many(rig, 0, 5);
    struct client *c = client_open(rig, &(struct client_wish){0});
    assert_int_equal(c->n_events, 0);
    assert_false(c->is_resumed);
    assert_int_equal(c->expect[0][0], 5);
    rig_publish(rig, 0, "a", "s");
    assert_int_equal(c->n_events, 1);
    assert_string_equal(c->last_id, "e5");
    client_close(&c);
    rig_free(&rig);
}

/* The range of the log may be ahead of the loop's mailbox: what is below is
 * not news to one who came after it. */
static void batches_below_the_position_are_not_news(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    rig_hold_tail(rig);
    rig_publish_many(rig, 0, 6);
    struct client *c = client_open(rig, &(struct client_wish){0});
    assert_int_equal(c->expect[0][0], 6);
    rig_release_tail(rig);
    assert_int_equal(c->n_events, 0);
    /* But now it is known which record stands before the position. */
    struct hg_feed__part *part = hg_feed__parts_topic(&rig->feed->parts, 0)->parts[0];
    assert_int_equal(part->fingerprint, rig->truth[0][0].records[5].fingerprint);
    rig_publish(rig, 0, "a", "s");
    assert_int_equal(c->n_events, 1);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

static void exact_wishes_are_found_by_their_value(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *by_subject = client_open(rig, &(struct client_wish){.subject = "s1"});
    struct client *by_type = client_open(rig, &(struct client_wish){.type = "b"});
    struct client *by_both = client_open(rig, &(struct client_wish){.type = "b", .subject = "s1"});
    struct client *by_prefix = client_open(rig, &(struct client_wish){.prefix = "s"});
    const char *const types[] = {"a", "b"};
    const char *const subjects[] = {"s1", "s2", "x"};
    for (size_t i = 0; i < 12; i++) {
        rig_publish(rig, 0, types[i % 2], subjects[i % 3]);
    }
    assert_int_equal(by_subject->n_events, 4);
    assert_int_equal(by_type->n_events, 6);
    assert_int_equal(by_both->n_events, 2);
    assert_int_equal(by_prefix->n_events, 8);
    client_assert_whole(by_subject);
    client_assert_whole(by_type);
    client_assert_whole(by_both);
    client_assert_whole(by_prefix);
    client_close(&by_subject);
    client_close(&by_type);
    client_close(&by_both);
    client_close(&by_prefix);
    rig_free(&rig);
}

static void batch_without_room_continues_where_it_stalled(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *c = client_open(rig, &(struct client_wish){.room = 200});
    struct client *exact = client_open(rig, &(struct client_wish){.room = 200, .subject = "s"});
    rig_hold_tail(rig);
    rig_publish_many(rig, 0, 10);
    rig_let_tail(rig, 10, true);
    assert_in_range(c->n_events, 1, 4);
    assert_int_equal(exact->n_events, c->n_events);
    assert_false(client_is_live(c));
    client_set_room(c, CLIENT_ROOM_ALL);
    client_set_room(exact, CLIENT_ROOM_ALL);
    assert_true(client_is_live(c) && client_is_live(exact));
    assert_int_equal(c->n_events, 10);
    assert_int_equal(exact->n_events, 10);
    assert_int_equal(atomic_load(&rig->n_reads), 0); /* all from the window */
    client_close(&c);
    client_close(&exact);
    rig_free(&rig);
}

static void missing_batch_is_read_from_the_log(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *c = client_open(rig, &(struct client_wish){0});
    struct client *stalled = client_open(rig, &(struct client_wish){.room = 1});
    rig_publish(rig, 0, "a", "s");
    rig_hold_tail(rig);
    rig_publish_many(rig, 0, 3);
    hg_batch_unref(&rig->tails[1]); /* no memory for the second */
    rig->tails[1] = rig->tails[2];
    rig->n_tails = 2;
    rig_let_tail(rig, 1, false);
    rig_let_tail(rig, 1, false);
    rig_release_tail(rig);
    client_set_room(stalled, CLIENT_ROOM_ALL);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 4);
    assert_int_equal(stalled->n_events, 4);
    client_assert_whole(c);
    client_assert_whole(stalled);
    client_close(&c);
    client_close(&stalled);
    rig_free(&rig);
}

static void nudge_says_that_the_log_is_ahead(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *c = client_open(rig, &(struct client_wish){0});
    rig_publish(rig, 0, "a", "s"); /* the position has a fingerprint */
    rig_hold_tail(rig);
    rig_publish_many(rig, 0, 2);
    rig_turn(rig);
    assert_int_equal(c->n_events, 1);
    rig_tail(rig, 0, 1, 0, 0);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 3);
    /* Which record stands before the position is known from who read it. */
    assert_int_not_equal(hg_feed__parts_topic(&rig->feed->parts, 0)->parts[0]->fingerprint, 0);
    rig_release_tail(rig); /* late, and known by now */
    assert_int_equal(c->n_events, 3);
    rig_publish(rig, 0, "a", "s");
    assert_int_equal(c->n_events, 4);
    client_close(&c);
    rig_free(&rig);
}

static void topic_that_was_made_again_is_a_gap(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *c = client_open(rig, &(struct client_wish){0});
    struct client *slow = client_open(rig, &(struct client_wish){.room = 1});
    rig_publish_many(rig, 0, 3);
    int64_t gaps = c->n_gaps;
    rig->truth[0][0].n = 0; /* the truth of the new topic */
    rig_tail(rig, 0, 2, 0, 2);
    rig_until_live(rig, 1);
    assert_int_equal(c->n_gaps, gaps + 1);
    assert_string_equal(c->reason, "reset");
    assert_string_equal(c->gap_topic, "t0");
    assert_int_equal(c->n_events, 5);
    client_set_room(slow, CLIENT_ROOM_ALL);
    rig_until_live(rig, 0);
    assert_int_equal(slow->n_gaps, 1);
    assert_string_equal(slow->last_id, c->last_id);
    rig_tail(rig, 0, 1, 7, 2); /* late news of the old one */
    assert_int_equal(c->n_events, 5);
    client_close(&c);
    client_close(&slow);
    rig_free(&rig);
}

static void tombstones_are_passed_over(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *c = client_open(rig, &(struct client_wish){.subject = "s"});
    struct client *all = client_open(rig, &(struct client_wish){0});
    rig_hold_tail(rig);
    rig_publish_many(rig, 0, 3);
    hg_event_unref(&rig->tails[1]->entries[0].event);
    memcpy(rig->truth[0][0].records[1].type, "refused", 8); /* nobody is to get it */
    for (size_t i = 0; i < 3; i++) {
        hg_feed_tail(rig->feed, rig->tails[i]);
        hg_batch_unref(&rig->tails[i]);
    }
    rig->n_tails = 0;
    assert_int_equal(c->n_events, 2);
    assert_int_equal(all->n_events, 2);
    client_close(&c);
    client_close(&all);
    rig_free(&rig);
}

static void event_of_an_unknown_topic_is_remembered(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 3);
    rig_publish_many(rig, 2, 4); /* nobody has opened it yet */
    struct client *c = client_open(
        rig, &(struct client_wish){.topics = {2}, .n_topics = 1, .start = HG_START_EARLIEST});
    assert_int_equal(c->n_events, 4);
    assert_int_equal(atomic_load(&rig->n_reads), 0);
    client_close(&c);
    rig_free(&rig);
}

static void feed_counts_its_subscribers(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    size_t live = 9;
    size_t catching = 9;
    int64_t live_before = hg_counter_read(&hg_feed__live);
    int64_t given_before = hg_counter_read(&hg_feed__deliveries);
    struct client *a = client_open(rig, &(struct client_wish){0});
    struct client *b = client_open(rig, &(struct client_wish){.has_no_room = true});
    hg_feed_count(rig->feed, &live, &catching);
    assert_int_equal(live, 1);
    assert_int_equal(catching, 1);
    assert_int_equal(hg_counter_read(&hg_feed__live), live_before + 1);
    rig_publish_many(rig, 0, 3);
    assert_int_equal(hg_counter_read(&hg_feed__deliveries), given_before + 3);
    client_close(&a);
    client_close(&b);
    hg_feed_count(rig->feed, &live, &catching);
    assert_int_equal(live + catching, 0);
    assert_int_equal(hg_counter_read(&hg_feed__live), live_before);
    rig_free(&rig);
}

int test_feed(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_subscriber_gets_each_event_once),
        cmocka_unit_test(subscriber_begins_at_the_loops_position),
        cmocka_unit_test(batches_below_the_position_are_not_news),
        cmocka_unit_test(exact_wishes_are_found_by_their_value),
        cmocka_unit_test(batch_without_room_continues_where_it_stalled),
        cmocka_unit_test(missing_batch_is_read_from_the_log),
        cmocka_unit_test(nudge_says_that_the_log_is_ahead),
        cmocka_unit_test(topic_that_was_made_again_is_a_gap),
        cmocka_unit_test(tombstones_are_passed_over),
        cmocka_unit_test(event_of_an_unknown_topic_is_remembered),
        cmocka_unit_test(feed_counts_its_subscribers),
    };
    return cmocka_run_group_tests_name("feed/feed", tests, NULL, NULL);
}
