/* SPDX-License-Identifier: Apache-2.0 */
/* test_refill.c - from a cursor to the loop's position. */
#include "unit/feed/client.h"

#include "feed/refill.h"
#include "unit/feed/tests.h"

static const struct rig_options no_window = {.window_bytes_max = 1};

static void log_and_window_are_joined_without_a_seam(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.window_bytes_max = 4000}, 1);
    rig_publish_many(rig, 0, 200);
    const struct hg_window *w = &hg_feed__parts_topic(&rig->feed->parts, 0)->parts[0]->window;
    assert_true(w->first > 0 && w->first < 199);
    struct client *c = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 200);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

static void records_behind_the_loops_position_are_left_to_the_tail(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 5);
    rig_hold_tail(rig);
    rig_publish_many(rig, 0, 5); /* the log has them, the loop has not */
    struct client *c = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 5);
    rig_release_tail(rig);
    assert_int_equal(c->n_events, 10);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

/* A compacted topic, or another system's broker. */
static void make_hole(struct rig *rig, size_t from, size_t to) {
    struct fake_part *part = &rig->fake.topics[0].parts[0];
    for (size_t i = from; i < to; i++) {
        hg_event_unref(&part->records[i].event);
        memcpy(rig->truth[0][0].records[i].type, "refused", 8); /* is not expected */
    }
}

static void holes_are_passed_over(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 20);
    make_hole(rig, 0, 3);
    make_hole(rig, 7, 12);
    struct client *c = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 12);
    assert_int_equal(c->n_gaps, 0);
    client_close(&c);
    rig_free(&rig);
}

static void hole_at_the_end_is_passed_over(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 20);
    rig_tail(rig, 0, 1, 20, 1); /* the log does not have this one */
    rig->truth[0][0].n = 20;
    hg_window_fini(&hg_feed__parts_topic(&rig->feed->parts, 0)->parts[0]->window);
    make_hole(rig, 15, 20);
    struct client *c = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 15);
    client_close(&c);
    rig_free(&rig);
}

static void hole_before_the_window_is_passed_over(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.window_bytes_max = 4000}, 1);
    rig_publish_many(rig, 0, 200);
    const struct hg_window *w = &hg_feed__parts_topic(&rig->feed->parts, 0)->parts[0]->window;
    assert_true(w->first > 10);
    make_hole(rig, w->first - 5, w->first);
    struct client *c = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 195);
    client_close(&c);
    rig_free(&rig);
}

static void slow_reader_costs_a_cursor(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 100);
    struct client *c =
        client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST, .room = 400});
    for (int i = 0; c->n_events < 100; i++) {
        assert_true(i < 100);
        rig_turn_ms(rig, 5);
        if (c->room == 0) {
            assert_false(client_is_live(c));
            assert_null(c->sub->read); /* what did not fit is not kept */
            assert_true(hg_list_is_empty(&c->sub->queue));
            client_set_room(c, 400);
        }
    }
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

static void trim_while_catching_up_is_a_gap(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 50);
    struct client *c =
        client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST, .room = 500});
    while (c->room > 0) {
        rig_turn_ms(rig, 5);
    }
    size_t before = c->n_events;
    char at[CLIENT_TEXT_MAX];
    memcpy(at, c->cursor, sizeof(at));
    assert_in_range(before, 1, 30);
    rig_trim(rig, 0, 40);
    client_set_room(c, CLIENT_ROOM_ALL);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_gaps, 1);
    assert_string_equal(c->reason, "trimmed");
    assert_string_equal(c->gap_from, at);
    assert_string_equal(c->gap_topic, "t0");
    assert_int_equal(c->n_events, before + 10);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

static void trim_of_what_was_never_promised_is_none(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 50);
    struct client *c =
        client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST, .has_no_room = true});
    rig_trim(rig, 0, 40); /* after it was placed, before its first read */
    c->expect[0][0] = 40;
    client_set_room(c, CLIENT_ROOM_ALL);
    c->expect[0][0] = 40;
    rig_until_live(rig, 0);
    assert_int_equal(c->n_gaps, 0);
    assert_int_equal(c->n_events, 10);
    client_close(&c);
    rig_free(&rig);
}

/* A thousand records that nobody wants, then one: others run in between. */
static void step_looks_at_a_bounded_number_of_records(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){0}, 1);
    rig_publish_many(rig, 0, 1200);
    rig_publish(rig, 0, "b", "s");
    struct client *c =
        client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST, .type = "b"});
    assert_false(client_is_live(c));
    assert_int_equal(c->n_events, 0);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 1);
    assert_int_equal(atomic_load(&rig->n_reads), 0);
    client_close(&c);
    rig_free(&rig);
}

/* One topic has more to say than the reader takes: the other is heard. */
static void busy_topic_does_not_silence_the_other(void **state) {
    (void)state;
    for (uint32_t busy = 0; busy < 2; busy++) {
        struct rig *rig = rig_new(&(struct rig_options){0}, 2);
        struct client_wish w = {.topics = {0, 1}, .n_topics = 2};
        struct client *c = client_open(rig, &w);
        c->room = 0;
        rig_publish(rig, 1 - busy, "a", "s");
        int i = 0;
        while (c->expect[1 - busy][0] == 0) {
            assert_true(i++ < 10);
            rig_publish_many(rig, busy, 20);
            client_set_room(c, 200);
        }
        client_close(&c);
        rig_free(&rig);
    }
}

static bool has_gap(void *arg) {
    return ((struct client *)arg)->n_gaps > 0;
}

/* Only the log has heard that the topic was made again. */
static void read_tells_that_the_topic_was_made_again(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 10);
    struct client *live = client_open(rig, &(struct client_wish){0});
    struct client *c =
        client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST, .room = 1});
    pthread_mutex_lock(&rig->fake.lock); /* the log thread asks for it */
    rig->fake.topics[0].epoch = 2;
    pthread_mutex_unlock(&rig->fake.lock);
    while (hg_log_topic_epoch(rig->log, 0) == 1) {
        rig_turn_ms(rig, 10);
    }
    live->expect[0][0] = 0;
    client_set_room(c, CLIENT_ROOM_ALL);
    rig_until(rig, has_gap, c);
    rig_until_live(rig, 0);
    assert_string_equal(c->reason, "reset");
    assert_int_equal(c->n_events, 10);
    assert_string_equal(live->reason, "reset");
    assert_int_equal(live->n_events, 10);
    client_close(&c);
    client_close(&live);
    rig_free(&rig);
}

/* The loop has heard of the new topic before the log's readers have. */
static void records_of_the_topic_before_are_not_given(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 10);
    struct hg_feed__part *part = hg_feed__parts_topic(&rig->feed->parts, 0)->parts[0];
    rig->truth[0][0].n = 0;
    rig_tail(rig, 0, 2, 0, 3);
    hg_window_fini(&part->window); /* only the log could give them */
    struct client *c = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    rig_turn_ms(rig, 100);
    assert_int_equal(part->epoch, 2);
    assert_int_equal(c->n_events, 0);
    assert_int_equal(c->n_gaps, 0);
    client_close(&c);
    rig_free(&rig);
}

int test_refill(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_and_window_are_joined_without_a_seam),
        cmocka_unit_test(records_behind_the_loops_position_are_left_to_the_tail),
        cmocka_unit_test(holes_are_passed_over),
        cmocka_unit_test(hole_at_the_end_is_passed_over),
        cmocka_unit_test(hole_before_the_window_is_passed_over),
        cmocka_unit_test(slow_reader_costs_a_cursor),
        cmocka_unit_test(trim_while_catching_up_is_a_gap),
        cmocka_unit_test(trim_of_what_was_never_promised_is_none),
        cmocka_unit_test(step_looks_at_a_bounded_number_of_records),
        cmocka_unit_test(busy_topic_does_not_silence_the_other),
        cmocka_unit_test(read_tells_that_the_topic_was_made_again),
        cmocka_unit_test(records_of_the_topic_before_are_not_given),
    };
    return cmocka_run_group_tests_name("feed/refill", tests, NULL, NULL);
}
