/* SPDX-License-Identifier: Apache-2.0 */
/* test_state.c - into the index and out of it. */
#include "unit/feed/client.h"

#include "base/alloc.h"
#include "feed/state.h"
#include "unit/feed/tests.h"

static const struct rig_options plain = {0};

static void live_subscriber_stands_in_no_queue(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *c = client_open(rig, &(struct client_wish){0});
    assert_true(client_is_live(c));
    assert_true(hg_list_is_empty(&c->sub->queue));
    assert_null(c->sub->read);
    hg_feed__step(c->sub); /* harmless */
    hg_subscriber_on_room(c->sub);
    assert_true(client_is_live(c));
    client_close(&c);
    rig_free(&rig);
}

static void leaving_takes_the_loops_cursor_along(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 2);
    struct client_wish w = {.topics = {0, 1}, .n_topics = 2};
    struct client *c = client_open(rig, &w);
    rig_publish_many(rig, 0, 3);
    rig_publish_many(rig, 1, 5);
    hg_feed__leave_live(c->sub);
    hg_feed__leave_live(c->sub);
    assert_false(client_is_live(c));
    for (size_t i = 0; i < 2; i++) {
        const struct hg_feed__cover *cover = &c->sub->set->covers[i];
        assert_int_equal(cover->places[0].next, rig_next(rig, cover->topic->id));
        assert_int_equal(cover->places[0].fingerprint, cover->topic->parts[0]->fingerprint);
        assert_int_equal(cover->places[0].epoch, 1);
        assert_true(hg_list_is_empty(&cover->topic->index.plain));
    }
    rig_publish(rig, 0, "a", "s");
    assert_int_equal(c->n_events, 8);
    hg_feed__step(c->sub);
    assert_true(client_is_live(c));
    assert_int_equal(c->n_events, 9);
    client_close(&c);
    rig_free(&rig);
}

/* Another loop, or another node, was faster: the client has seen what this
 * loop has still to dispatch. */
static void cursor_ahead_of_the_loop_waits_for_it(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *other = client_open(rig, &(struct client_wish){0});
    rig_publish_many(rig, 0, 3);
    rig_hold_tail(rig);
    rig_publish_many(rig, 0, 5);
    const struct rig_record *r = &rig->truth[0][0].records[5];
    struct hg_position p = {.topic_tag = hg_log_topic_tag(rig->log, 0),
                            .epoch = 1,
                            .offset = r->offset,
                            .fingerprint = r->fingerprint};
    char cursor[HG_POSITION_TEXT_LEN + 1];
    hg_position_format(&p, cursor);
    struct client *c = client_open(rig, &(struct client_wish){.cursor = cursor});
    rig_turn_ms(rig, 50);
    assert_true(c->is_resumed);
    assert_false(client_is_live(c));
    rig_let_tail(rig, 2, true); /* still behind it */
    rig_turn(rig);
    assert_false(client_is_live(c));
    rig_let_tail(rig, 2, true); /* now beyond: it gets the last of these only */
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 1);
    rig_release_tail(rig);
    assert_int_equal(c->n_events, 2);
    assert_int_equal(other->n_events, 8);
    client_assert_whole(c);
    client_close(&c);
    client_close(&other);
    rig_free(&rig);
}

static void without_memory_it_goes_live_later(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *c = client_open(rig, &(struct client_wish){.subject = "s", .has_no_room = true});
    c->is_parse_held = true;
    hg_alloc_fail_after(0);
    client_set_room(c, CLIENT_ROOM_ALL); /* needs a bucket of the index */
    hg_alloc_fail_after(-1);
    client_parse(c);
    assert_int_equal(c->n_opened, 1);
    assert_false(client_is_live(c));
    rig_publish(rig, 0, "a", "s");
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 1);
    client_close(&c);
    rig_free(&rig);
}

static void without_memory_it_enters_no_index_at_all(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 2);
    struct client_wish w = {.topics = {0, 1}, .n_topics = 2, .subject = "s", .has_no_room = true};
    int n_failed = 0;
    for (int n = 0; n < 6; n++) {
        struct client *c = client_open(rig, &w);
        c->is_parse_held = true;
        hg_alloc_fail_after(n);
        client_set_room(c, CLIENT_ROOM_ALL);
        hg_alloc_fail_after(-1);
        client_parse(c);
        n_failed += !client_is_live(c);
        rig_publish(rig, 0, "a", "s");
        rig_publish(rig, 1, "a", "s");
        rig_until_live(rig, 0);
        assert_int_equal(c->n_events, 2);
        client_close(&c);
    }
    assert_true(n_failed >= 2); /* in the first topic, and in the second */
    rig_free(&rig);
}

static void kick_moves_only_who_covers_the_topic(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 2);
    struct client_wish w = {.topics = {1}, .n_topics = 1};
    struct client *zero = client_open(rig, &(struct client_wish){0});
    struct client *one = client_open(rig, &w);
    hg_feed__kick(rig->feed, hg_feed__parts_topic(&rig->feed->parts, 1));
    assert_true(client_is_live(zero));
    assert_false(client_is_live(one));
    rig_until_live(rig, 0);
    client_close(&zero);
    client_close(&one);
    rig_free(&rig);
}

enum { MANY = 300 };

/* More than one turn steps: nobody is forgotten. */
static void all_who_are_ready_are_stepped(void **state) {
    (void)state;
    static struct client *clients[MANY];
    struct rig *rig = rig_new(&plain, 1);
    for (size_t i = 0; i < MANY; i++) {
        clients[i] = client_open(rig, &(struct client_wish){0});
    }
    hg_feed__kick(rig->feed, hg_feed__parts_topic(&rig->feed->parts, 0));
    rig_publish(rig, 0, "a", "s");
    rig_until_live(rig, 0);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(clients[i]->n_events, 1);
        client_close(&clients[i]);
    }
    rig_free(&rig);
}

static void room_is_no_reason_to_leave_a_queue(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.window_bytes_max = 1, .reads_max = 1}, 1);
    rig_publish_many(rig, 0, 5);
    rig_hold_reads(rig, true);
    struct client *first = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    struct client *second = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    struct client *third = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    assert_null(second->sub->read);
    hg_subscriber_on_room(second->sub);
    hg_subscriber_on_room(first->sub);
    assert_ptr_equal(rig->feed->reading.next, &second->sub->queue);
    rig_hold_reads(rig, false);
    rig_until_live(rig, 0);
    client_close(&first);
    client_close(&second);
    client_close(&third);
    rig_free(&rig);
}

int test_state(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_subscriber_stands_in_no_queue),
        cmocka_unit_test(leaving_takes_the_loops_cursor_along),
        cmocka_unit_test(cursor_ahead_of_the_loop_waits_for_it),
        cmocka_unit_test(without_memory_it_goes_live_later),
        cmocka_unit_test(without_memory_it_enters_no_index_at_all),
        cmocka_unit_test(kick_moves_only_who_covers_the_topic),
        cmocka_unit_test(all_who_are_ready_are_stepped),
        cmocka_unit_test(room_is_no_reason_to_leave_a_queue),
    };
    return cmocka_run_group_tests_name("feed/state", tests, NULL, NULL);
}
