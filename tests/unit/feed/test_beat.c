/* SPDX-License-Identifier: Apache-2.0 */
/* test_beat.c - heartbeats and position notices. */
#include "unit/feed/client.h"

#include "base/clock.h"
#include "unit/feed/tests.h"

static const struct rig_options plain = {0};

struct until {
    const size_t *counter;
    size_t n;
};

static bool has_counted(void *arg) {
    const struct until *u = arg;
    return *u->counter >= u->n;
}

static void until_count(struct rig *rig, const size_t *counter, size_t n) {
    struct until u = {counter, n};
    rig_until(rig, has_counted, &u);
}

static void idle_stream_is_told_its_cursor(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *c =
        client_open(rig, &(struct client_wish){.heartbeat_ms = 100, .subject = "else"});
    rig_publish_many(rig, 0, 5); /* none of them for it */
    int64_t begin = hg_clock_mono_ms();
    until_count(rig, &c->n_beats, 3);
    assert_true(hg_clock_mono_ms() - begin >= 200);
    assert_int_equal(c->expect[0][0], 5); /* it moves all the same */
    client_close(&c);
    rig_free(&rig);
}

static void messages_have_no_heartbeat(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *raw = client_open(rig, &(struct client_wish){.heartbeat_ms = 100});
    struct client *message =
        client_open(rig, &(struct client_wish){.sink = &client_message, .heartbeat_ms = 100});
    struct client *none = client_open(rig, &(struct client_wish){0});
    until_count(rig, &raw->n_beats, 2);
    rig_publish_many(rig, 0, 5); /* each says its own position */
    until_count(rig, &raw->n_beats, 5);
    assert_int_equal(message->n_beats, 0);
    assert_int_equal(message->n_positions, 0);
    assert_int_equal(none->n_beats, 0);
    client_close(&raw);
    client_close(&message);
    client_close(&none);
    rig_free(&rig);
}

static void message_stream_is_told_what_moved_unseen(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 2);
    struct client *clock = client_open(rig, &(struct client_wish){.heartbeat_ms = 100});
    struct client *one = client_open(
        rig,
        &(struct client_wish){.sink = &client_message, .heartbeat_ms = 100, .subject = "rare"});
    struct client *two = client_open(rig, &(struct client_wish){.sink = &client_message,
                                                                .heartbeat_ms = 100,
                                                                .subject = "rare",
                                                                .topics = {0, 1},
                                                                .n_topics = 2});
    until_count(rig, &clock->n_beats, 3);
    assert_int_equal(one->n_positions, 0); /* nothing has moved */
    assert_int_equal(two->n_positions, 0);
    rig_publish_many(rig, 0, 5);
    until_count(rig, &one->n_positions, 1);
    until_count(rig, &two->n_positions, 1);
    assert_int_equal(one->expect[0][0], rig_next(rig, 0));
    assert_int_equal(two->expect[0][0], rig_next(rig, 0));
    until_count(rig, &clock->n_beats, clock->n_beats + 4);
    assert_int_equal(one->n_positions, 1); /* once */
    assert_int_equal(two->n_positions, 1);
    rig_publish(rig, 1, "a", "s");
    until_count(rig, &two->n_positions, 2);
    assert_int_equal(one->n_positions, 1); /* it does not follow that one */
    client_close(&clock);
    client_close(&one);
    client_close(&two);
    rig_free(&rig);
}

static void stream_without_room_has_no_heartbeat(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *full = client_open(rig, &(struct client_wish){.heartbeat_ms = 100});
    struct client *unopened =
        client_open(rig, &(struct client_wish){.heartbeat_ms = 100, .has_no_room = true});
    struct client *clock = client_open(rig, &(struct client_wish){.heartbeat_ms = 100});
    full->room = 0;
    until_count(rig, &clock->n_beats, 2);
    assert_int_equal(full->n_beats, 0);
    assert_int_equal(unopened->in.len, 0); /* the opened notice comes first */
    client_set_room(unopened, CLIENT_ROOM_ALL);
    full->room = CLIENT_ROOM_ALL;
    until_count(rig, &unopened->n_beats, 1);
    until_count(rig, &full->n_beats, 1);
    client_close(&full);
    client_close(&unopened);
    client_close(&clock);
    rig_free(&rig);
}

static void position_is_told_once_a_second_and_only_when_it_moved(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 2);
    struct client_wish w = {.sink = &client_message, .topics = {0, 1}, .n_topics = 2};
    struct client *c = client_open(rig, &w);
    struct client *idle = client_open(
        rig, &(struct client_wish){
                 .sink = &client_message, .topics = {0, 1}, .n_topics = 2, .subject = "else"});
    struct client *single = client_open(rig, &(struct client_wish){.sink = &client_message});
    int64_t begin = hg_clock_mono_ms();
    while (c->n_positions < 2) {
        rig_publish(rig, 0, "a", "s");
        rig_publish(rig, 1, "a", "s");
        rig_turn_ms(rig, 20);
    }
    int64_t took = hg_clock_mono_ms() - begin;
    assert_true(took >= 1900 && took < 5000);
    assert_int_equal(c->expect[0][0], rig_next(rig, 0)); /* or nearly: it is checked */
    rig_turn_ms(rig, 1200);
    size_t told = c->n_positions;
    assert_in_range(told, 2, 3);
    rig_turn_ms(rig, 1200);
    assert_int_equal(c->n_positions, told);
    assert_int_equal(idle->n_positions, 0);
    assert_int_equal(single->n_positions, 0);
    client_close(&c);
    client_close(&idle);
    client_close(&single);
    rig_free(&rig);
}

static void position_is_told_before_closing(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 2);
    struct client_wish w = {.sink = &client_message, .topics = {0, 1}, .n_topics = 2};
    struct client *c = client_open(rig, &w);
    rig_publish(rig, 0, "a", "s");
    assert_int_equal(c->n_positions, 0);
    hg_subscriber_say_closing(c->sub, "drain", 500);
    assert_int_equal(c->n_positions, 1);
    assert_int_equal(c->n_closing, 1);
    client_close(&c);
    rig_free(&rig);
}

static void position_waits_for_room(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 2);
    struct client_wish w = {.sink = &client_raw, .topics = {0, 1}, .n_topics = 2};
    struct client *c = client_open(rig, &w);
    rig_publish(rig, 0, "a", "s");
    c->room = 0;
    rig_turn_ms(rig, 1100);
    assert_int_equal(c->n_positions, 0);
    c->room = CLIENT_ROOM_ALL;
    until_count(rig, &c->n_positions, 1);
    client_close(&c);
    rig_free(&rig);
}

int test_beat(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_stream_is_told_its_cursor),
        cmocka_unit_test(messages_have_no_heartbeat),
        cmocka_unit_test(message_stream_is_told_what_moved_unseen),
        cmocka_unit_test(stream_without_room_has_no_heartbeat),
        cmocka_unit_test(position_is_told_once_a_second_and_only_when_it_moved),
        cmocka_unit_test(position_is_told_before_closing),
        cmocka_unit_test(position_waits_for_room),
    };
    return cmocka_run_group_tests_name("feed/beat", tests, NULL, NULL);
}
