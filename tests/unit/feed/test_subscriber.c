/* SPDX-License-Identifier: Apache-2.0 */
/* test_subscriber.c - opening, other topics, closing. */
#include "unit/feed/client.h"

#include <malloc.h>

#include "base/alloc.h"
#include "unit/feed/tests.h"

static const struct rig_options plain = {0};

static void opening_without_memory_leaves_nothing(void **state) {
    (void)state;
    const struct hg_sink_ops *const sinks[] = {&client_raw, &client_pull};
    struct rig *rig = rig_new(&plain, 1);
    struct hg_filter *f = hg_filter_new();
    struct hg_cursor cursor = {0};
    struct hg_position stray = {.topic_tag = 1, .epoch = 1};
    uint32_t topic = 0;
    size_t live, catching;
    hg_cursor_set(&cursor, &stray);
    for (size_t s = 0; s < HG_COUNT(sinks); s++) {
        int n_failed = 0;
        bool is_over = false;
        for (int n = 0; !is_over; n++) {
            struct client c = {.rig = rig, .room = 0};
            struct hg_subscriber *sub = NULL;
            struct hg_subscription want = {.sink = sinks[s],
                                           .stream = &c.stream,
                                           .filter = f,
                                           .topics = &topic,
                                           .n_topics = 1,
                                           .start = HG_START_CURSOR,
                                           .cursor = &cursor};
            want.stream = client_stream(&c);
            hg_alloc_fail_after(n);
            int err = hg_subscriber_open(rig->feed, &want, &sub);
            is_over = hg_alloc_fail_is_pending();
            hg_alloc_fail_after(-1);
            assert_true(err == 0 || (err == HG_ENOMEM && !is_over && !sub));
            n_failed += err != 0;
            hg_subscriber_close(&sub);
            hg_feed_count(rig->feed, &live, &catching);
            assert_int_equal(live + catching, 0);
        }
        assert_true(n_failed >= 3);
    }
    hg_cursor_fini(&cursor);
    hg_filter_unref(&f);
    rig_free(&rig);
}

static void closing_nothing_is_harmless(void **state) {
    (void)state;
    struct hg_subscriber *none = NULL;
    hg_subscriber_close(&none);
    assert_null(none);
}

static void new_topics_begin_now_and_old_ones_go_on(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 3);
    struct client_wish w = {.topics = {0, 1}, .n_topics = 2};
    struct client *c = client_open(rig, &w);
    rig_publish_many(rig, 0, 2);
    rig_publish_many(rig, 2, 2);
    client_set_topics(c, (const uint32_t[]){2, 0}, 2);
    rig_publish_many(rig, 0, 2); /* before it has had a turn */
    rig_publish_many(rig, 1, 2);
    rig_publish_many(rig, 2, 2);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 2 + 2 + 2);
    client_assert_whole(c);
    assert_int_equal(c->n_gaps, 0);
    client_set_topics(c, (const uint32_t[]){2}, 1);
    rig_until_live(rig, 0);
    rig_publish_many(rig, 0, 2);
    assert_int_equal(c->n_events, 6);
    client_set_topics(c, (const uint32_t[]){1}, 1);
    rig_until_live(rig, 0);
    rig_publish_many(rig, 1, 2);
    assert_int_equal(c->n_events, 8);
    client_close(&c);
    rig_free(&rig);
}

static void stalled_subscriber_keeps_its_place_in_a_topic_that_stays(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 2);
    struct client *c = client_open(rig, &(struct client_wish){0});
    c->room = 0;
    rig_publish_many(rig, 0, 5);
    client_set_topics(c, (const uint32_t[]){0, 1}, 2);
    rig_publish_many(rig, 1, 3);
    rig_turn(rig);
    assert_int_equal(c->n_events, 0);
    client_set_room(c, CLIENT_ROOM_ALL);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 8);
    client_close(&c);
    rig_free(&rig);
}

static void other_topics_without_memory_change_nothing(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 2);
    struct client *c = client_open(rig, &(struct client_wish){0});
    hg_alloc_fail_after(0);
    assert_int_equal(hg_subscriber_set_topics(c->sub, (const uint32_t[]){1}, 1), HG_ENOMEM);
    hg_alloc_fail_after(-1);
    rig_publish(rig, 0, "a", "s");
    rig_publish(rig, 1, "a", "s");
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 1);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

static void closing_is_the_last_word(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *c = client_open(rig, &(struct client_wish){.heartbeat_ms = 100});
    struct client *stalled = client_open(rig, &(struct client_wish){0});
    stalled->room = 0;
    rig_publish_many(rig, 0, 3);
    hg_subscriber_say_closing(c->sub, "drain", 700);
    hg_subscriber_say_closing(stalled->sub, "drain", 700); /* room or not */
    assert_int_equal(c->n_closing, 1);
    assert_string_equal(c->reason, "drain");
    assert_int_equal(c->expect[0][0], 3);
    assert_int_equal(stalled->n_closing, 1);
    assert_int_equal(stalled->expect[0][0], 0); /* its cursor, not the loop's */
    size_t said = c->in.len;
    rig_publish_many(rig, 0, 3);
    hg_subscriber_say_closing(c->sub, "again", 1);
    hg_subscriber_on_room(c->sub);
    client_set_room(stalled, CLIENT_ROOM_ALL);
    assert_int_equal(hg_subscriber_set_topics(c->sub, NULL, 0), 0);
    rig_turn_ms(rig, 250);
    assert_int_equal(c->in.len, said);
    assert_int_equal(stalled->n_events, 0);
    client_close(&c);
    client_close(&stalled);
    rig_free(&rig);
}

static void closing_before_opening_tells_no_cursor(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.window_bytes_max = 1}, 1);
    rig_publish_many(rig, 0, 3);
    rig_hold_reads(rig, true);
    struct client *c =
        client_open(rig, &(struct client_wish){.start = HG_START_TIME, .time_ms = 1});
    hg_subscriber_say_closing(c->sub, "drain", 700);
    assert_int_equal(c->n_closing, 1);
    assert_int_equal(c->n_opened, 0);
    assert_string_equal(c->cursor, "");
    rig_hold_reads(rig, false);
    rig_turn_ms(rig, 30);
    client_close(&c);
    rig_free(&rig);
}

static void idle_live_subscriber_is_small(void **state) {
    (void)state;
    enum { BYTES_MAX = 400 };
    struct rig *rig = rig_new(&plain, 1);
    struct client *c = client_open(rig, &(struct client_wish){.heartbeat_ms = 15000});
    assert_true(client_is_live(c));
    /* All it has but its bucket, which is there only for an exact wish. */
    size_t heap = malloc_usable_size(c->sub) + malloc_usable_size(c->sub->set);
    assert_null(c->sub->read);
    assert_null(c->sub->answer);
    assert_null(c->sub->strays);
    print_message("idle subscriber: %zu bytes of heap\n", heap);
    assert_true(heap <= BYTES_MAX);
    client_close(&c);
    rig_free(&rig);
}

/* One that was made after the stream began, and has events by now. */
static void a_new_topic_is_had_from_its_first_record(void **state) {
    static const struct rig_options options[] = {{0}, {.window_bytes_max = 1}};
    (void)state;
    for (size_t i = 0; i < HG_COUNT(options); i++) {
        struct rig *rig = rig_new(&options[i], 2);
        struct client *c = client_open(rig, &(struct client_wish){.topics = {0}, .n_topics = 1});
        rig_until_live(rig, 0);
        rig_publish_many(rig, 1, 5);
        for (int twice = 0; twice < 2; twice++) { /* the second time it is covered */
            assert_int_equal(hg_subscriber_add_topic(c->sub, 1), 0);
            c->wish.topics[1] = 1;
            c->wish.n_topics = 2;
            rig_until_live(rig, 0);
            assert_int_equal(c->n_events, 5);
        }
        rig_publish_many(rig, 0, 2);
        rig_publish_many(rig, 1, 2);
        assert_int_equal(c->n_events, 9);
        client_assert_whole(c);
        client_close(&c);
        rig_free(&rig);
    }
}

static void without_memory_a_new_topic_waits(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){0}, 2);
    struct client *c = client_open(rig, &(struct client_wish){.topics = {0}, .n_topics = 1});
    rig_until_live(rig, 0);
    rig_publish_many(rig, 1, 5);
    for (int n = 0; n < 2; n++) { /* the list, the set */
        hg_alloc_fail_after(n);
        assert_int_equal(hg_subscriber_add_topic(c->sub, 1), HG_ENOMEM);
        hg_alloc_fail_after(-1);
        rig_until_live(rig, 0);
        assert_int_equal(c->n_events, 0);
    }
    assert_int_equal(hg_subscriber_add_topic(c->sub, 1), 0);
    c->wish.topics[1] = 1;
    c->wish.n_topics = 2;
    rig_until_live(rig, 0);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

int test_subscriber(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_topic_is_had_from_its_first_record),
        cmocka_unit_test(without_memory_a_new_topic_waits),
        cmocka_unit_test(opening_without_memory_leaves_nothing),
        cmocka_unit_test(closing_nothing_is_harmless),
        cmocka_unit_test(new_topics_begin_now_and_old_ones_go_on),
        cmocka_unit_test(stalled_subscriber_keeps_its_place_in_a_topic_that_stays),
        cmocka_unit_test(other_topics_without_memory_change_nothing),
        cmocka_unit_test(closing_is_the_last_word),
        cmocka_unit_test(closing_before_opening_tells_no_cursor),
        cmocka_unit_test(idle_live_subscriber_is_small),
    };
    return cmocka_run_group_tests_name("feed/subscriber", tests, NULL, NULL);
}
