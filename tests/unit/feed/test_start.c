/* SPDX-License-Identifier: Apache-2.0 */
/* test_start.c - where a subscriber begins, and what it is told when its
 * position leads nowhere. */
#include "unit/feed/client.h"

#include <stdio.h>

#include "base/counters.h"
#include "feed/counters.h"
#include "unit/feed/tests.h"

static const struct rig_options plain = {0};
static const struct rig_options no_window = {.window_bytes_max = 1};

/* A position in partition 0 of a topic, as the truth has it. */
static struct hg_position position_of(const struct rig *rig, uint32_t topic, uint64_t offset) {
    struct hg_position p = {
        .topic_tag = hg_log_topic_tag(rig->log, topic), .epoch = 1, .offset = offset};
    const struct rig_part *part = &rig->truth[topic][0];
    for (size_t i = 0; i < part->n; i++) {
        if (part->records[i].offset == offset) {
            p.fingerprint = part->records[i].fingerprint;
        }
    }
    return p;
}

static struct client *resume_at(struct rig *rig, struct hg_position p) {
    char text[HG_POSITION_TEXT_LEN + 1];
    hg_position_format(&p, text);
    struct client *c = client_open(rig, &(struct client_wish){.cursor = text});
    rig_until_live(rig, 0);
    assert_int_equal(c->n_opened, 1);
    return c;
}

static void earliest_begins_at_the_first_record(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 5);
    struct client *c = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 5);
    assert_false(c->is_resumed);
    client_close(&c);
    rig_free(&rig);
}

static void time_begins_at_the_first_record_taken_then_or_later(void **state) {
    (void)state;
    for (int window = 0; window < 2; window++) {
        struct rig *rig = rig_new(window ? &plain : &no_window, 1);
        for (int i = 0; i < 10; i++) {
            rig->fake.log_time_ms = 1000 + i * 10;
            rig_publish(rig, 0, "a", "s");
        }
        const struct {
            int64_t time_ms;
            size_t n_events;
        } cases[] = {{0, 10},   {-5, 10},  {1000, 10}, {1001, 9},
                     {1030, 7}, {1090, 1}, {1091, 0},  {INT64_MAX, 0}};
        for (size_t i = 0; i < HG_COUNT(cases); i++) {
            struct client *c = client_open(
                rig, &(struct client_wish){.start = HG_START_TIME, .time_ms = cases[i].time_ms});
            rig_until_live(rig, 0);
            assert_int_equal(c->n_events, cases[i].n_events);
            assert_int_equal(c->n_gaps, 0);
            assert_false(c->is_resumed);
            client_close(&c);
        }
        rig_free(&rig);
    }
}

static void time_keeps_what_comes_during_the_look_up(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig->fake.log_time_ms = 1000;
    rig_publish_many(rig, 0, 3);
    rig_hold_reads(rig, true);
    struct client *c =
        client_open(rig, &(struct client_wish){.start = HG_START_TIME, .time_ms = 2000});
    rig->fake.log_time_ms = 3000;
    rig_publish_many(rig, 0, 3);
    rig_hold_reads(rig, false);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 3);
    assert_string_equal(c->last_id, "e5");
    client_close(&c);
    rig_free(&rig);
}

static void time_to_come_begins_behind_all_that_the_log_has(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    struct client *first = client_open(rig, &(struct client_wish){0});
    rig_hold_tail(rig);
    rig_publish_many(rig, 0, 3); /* the loop has not seen them */
    struct client *c =
        client_open(rig, &(struct client_wish){.start = HG_START_TIME, .time_ms = INT64_MAX / 2});
    rig_turn_ms(rig, 50);
    rig_release_tail(rig);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 0);
    rig_publish(rig, 0, "a", "s");
    assert_int_equal(c->n_events, 1);
    client_close(&first);
    client_close(&c);
    rig_free(&rig);
}

static void cursor_goes_on_without_a_gap(void **state) {
    (void)state;
    for (int window = 0; window < 2; window++) {
        struct rig *rig = rig_new(window ? &plain : &no_window, 1);
        rig_publish_many(rig, 0, 10);
        for (uint64_t at = 0; at < 10; at++) {
            struct client *c = resume_at(rig, position_of(rig, 0, at));
            assert_true(c->is_resumed);
            assert_int_equal(c->n_gaps, 0);
            assert_int_equal(c->n_events, 9 - at);
            client_assert_whole(c);
            client_close(&c);
        }
        rig_free(&rig);
    }
}

static void resume_in_the_window_needs_no_read(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    rig_publish_many(rig, 0, 10);
    struct client *c = resume_at(rig, position_of(rig, 0, 3));
    struct client *tip = resume_at(rig, position_of(rig, 0, 9));
    assert_int_equal(atomic_load(&rig->n_reads), 0);
    client_close(&c);
    client_close(&tip);
    rig_free(&rig);
}

static void cursor_before_the_first_record_is_good(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 3);
    struct client *c = resume_at(rig, position_of(rig, 0, UINT64_MAX));
    assert_true(c->is_resumed);
    assert_int_equal(c->n_events, 3);
    client_close(&c);
    rig_free(&rig);
}

/* A stream was opened at the end of a topic and got nothing yet. */
static void cursor_without_fingerprint_is_good_up_to_the_end(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 3);
    struct hg_position p = position_of(rig, 0, 2);
    p.fingerprint = 0;
    struct client *c = resume_at(rig, p);
    assert_true(c->is_resumed);
    assert_int_equal(c->n_events, 0);
    client_close(&c);
    p.offset = 3;
    c = resume_at(rig, p);
    assert_int_equal(c->n_gaps, 1);
    assert_string_equal(c->reason, "unknown");
    client_close(&c);
    rig_free(&rig);
}

static void other_record_at_the_position_is_a_reset(void **state) {
    (void)state;
    for (int window = 0; window < 2; window++) {
        struct rig *rig = rig_new(window ? &plain : &no_window, 1);
        rig_publish_many(rig, 0, 10);
        for (uint64_t at = 4; at < 10; at += 5) { /* in the middle and at the tip */
            struct hg_position p = position_of(rig, 0, at);
            char from[HG_POSITION_TEXT_LEN + 1];
            p.fingerprint ^= 1;
            hg_position_format(&p, from);
            struct client *c = resume_at(rig, p);
            assert_false(c->is_resumed);
            assert_int_equal(c->n_gaps, 1);
            assert_string_equal(c->reason, "reset");
            assert_string_equal(c->gap_from, from);
            assert_int_equal(c->n_events, 10);
            client_close(&c);
        }
        rig_free(&rig);
    }
}

static void other_epoch_is_a_reset(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    rig_publish_many(rig, 0, 10);
    for (uint32_t epoch = 0; epoch < 3; epoch += 2) {
        struct hg_position p = position_of(rig, 0, 4);
        p.epoch = epoch;
        struct client *c = resume_at(rig, p);
        assert_string_equal(c->reason, "reset");
        assert_int_equal(c->n_events, 10);
        client_close(&c);
    }
    rig_free(&rig);
}

static void trimmed_position_is_a_gap_up_to_the_first(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    int64_t before = 0;
    rig_publish_many(rig, 0, 10);
    rig_trim(rig, 0, 6);
    for (uint64_t at = 0; at < 5; at++) { /* the log learns of it with the first */
        struct client *c = resume_at(rig, position_of(rig, 0, at));
        assert_false(c->is_resumed);
        assert_int_equal(c->n_gaps, 1);
        assert_string_equal(c->reason, "trimmed");
        assert_string_equal(c->gap_topic, "t0");
        assert_int_equal(c->n_events, 4);
        before++;
        client_close(&c);
    }
    rig_free(&rig);
}

static void position_just_before_the_first_is_no_gap(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 10);
    rig_trim(rig, 0, 6);
    for (int i = 0; i < 2; i++) { /* by the read, then by what the log knows */
        struct client *c = resume_at(rig, position_of(rig, 0, 5));
        assert_true(c->is_resumed);
        assert_int_equal(c->n_gaps, 0);
        assert_int_equal(c->n_events, 4);
        client_close(&c);
    }
    rig_free(&rig);
}

static void position_beyond_the_end_is_unknown(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    rig_publish_many(rig, 0, 10);
    const uint64_t offsets[] = {10, 11, 1000000, UINT64_MAX - 1};
    for (size_t i = 0; i < HG_COUNT(offsets); i++) {
        struct hg_position p = position_of(rig, 0, offsets[i]);
        p.fingerprint = 77;
        struct client *c = resume_at(rig, p);
        assert_int_equal(c->n_gaps, 1);
        assert_string_equal(c->reason, "unknown");
        assert_int_equal(c->n_events, 10); /* from the first that is there */
        client_close(&c);
    }
    rig_free(&rig);
}

static void hole_at_the_position_is_no_gap(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 10);
    hg_event_unref(&rig->fake.topics[0].parts[0].records[4].event); /* compacted away */
    struct client *c = resume_at(rig, position_of(rig, 0, 4));
    assert_true(c->is_resumed);
    assert_int_equal(c->n_events, 5);
    client_close(&c);
    rig_free(&rig);
}

static void position_of_another_topic_is_told(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 3);
    char cursor[2 * HG_POSITION_TEXT_LEN + 2];
    char one[HG_POSITION_TEXT_LEN + 1], two[HG_POSITION_TEXT_LEN + 1];
    rig_publish_many(rig, 0, 4);
    rig_publish_many(rig, 1, 4);
    struct hg_position p = position_of(rig, 1, 2);
    hg_position_format(&p, one);
    p = position_of(rig, 0, 1);
    hg_position_format(&p, two);
    snprintf(cursor, sizeof(cursor), "%s.%s", one, two);
    struct client *c = client_open(rig, &(struct client_wish){.cursor = cursor});
    assert_int_equal(c->n_gaps, 1);
    assert_string_equal(c->reason, "unknown");
    assert_string_equal(c->gap_from, one);
    assert_string_equal(c->gap_topic, "-");
    assert_false(c->is_resumed);
    assert_int_equal(c->n_events, 2); /* where its position is good it goes on */
    client_close(&c);
    c = client_open(rig, &(struct client_wish){.cursor = one});
    assert_int_equal(c->n_gaps, 1);
    assert_int_equal(c->n_events, 0); /* nothing is known of topic 0: from now on */
    client_close(&c);
    rig_free(&rig);
}

static void publish_at(struct rig *rig, int64_t time_ms, uint32_t topic, size_t n) {
    rig->fake.log_time_ms = time_ms;
    rig_publish_many(rig, topic, n);
}

/* It may have been made while the client was away. */
static void topic_without_a_position_begins_at_the_newest_that_the_client_has(void **state) {
    static const struct rig_options *const options[] = {&plain, &no_window};
    (void)state;
    for (size_t i = 0; i < HG_COUNT(options); i++) {
        struct rig *rig = rig_new(options[i], 4);
        char text[2][HG_POSITION_TEXT_LEN + 1], cursor[128];
        publish_at(rig, 1000, 0, 2);
        publish_at(rig, 2000, 1, 1);
        publish_at(rig, 2000, 2, 3);
        publish_at(rig, 3000, 0, 1); /* the newest that the client has */
        publish_at(rig, 4000, 2, 4);
        publish_at(rig, 5000, 0, 1);
        struct hg_position p[] = {position_of(rig, 0, 2), position_of(rig, 1, 0)};
        hg_position_format(&p[0], text[0]);
        hg_position_format(&p[1], text[1]);
        snprintf(cursor, sizeof(cursor), "%s.%s", text[0], text[1]);
        struct client *c = client_open(
            rig, &(struct client_wish){.cursor = cursor, .topics = {0, 1, 2, 3}, .n_topics = 4});
        rig_until_live(rig, 0);
        assert_true(c->is_resumed);
        assert_int_equal(c->n_events, 5); /* one of topic 0, four of topic 2 */
        assert_int_equal(c->expect[2][0], 7);
        rig_publish_many(rig, 3, 1);
        assert_int_equal(c->n_events, 6);
        client_close(&c);
        rig_free(&rig);
    }
}

static void topic_without_a_position_begins_at_the_first_when_the_client_has_nothing(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 2);
    char cursor[HG_POSITION_TEXT_LEN + 1];
    struct hg_position before_all = position_of(rig, 0, UINT64_MAX);
    rig_publish_many(rig, 1, 4);
    hg_position_format(&before_all, cursor);
    struct client *c =
        client_open(rig, &(struct client_wish){.cursor = cursor, .topics = {0, 1}, .n_topics = 2});
    rig_until_live(rig, 0);
    assert_true(c->is_resumed);
    assert_int_equal(c->n_events, 4);
    client_close(&c);
    rig_free(&rig);
}

static void stream_without_topics_has_a_cursor_that_all_is_behind(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 1);
    struct client *c = client_open(rig, &(struct client_wish){.has_no_topic = true});
    rig_until_live(rig, 0);
    assert_int_equal(c->n_opened, 1);
    struct client *again =
        client_open(rig, &(struct client_wish){.has_no_topic = true, .cursor = c->cursor});
    rig_until_live(rig, 0);
    assert_true(again->is_resumed);
    assert_int_equal(again->n_gaps, 0);
    assert_string_equal(again->cursor, c->cursor);
    rig_publish_many(rig, 0, 3);
    struct client *last = client_open(rig, &(struct client_wish){.cursor = c->cursor});
    rig_until_live(rig, 0);
    assert_true(last->is_resumed);
    assert_int_equal(last->n_events, 3);
    client_close(&c);
    client_close(&again);
    client_close(&last);
    rig_free(&rig);
}

/* Who merges what it was told has the topics that it names where it names them. */
static void cursor_of_no_topic_beside_others_says_nothing(void **state) {
    (void)state;
    struct rig *rig = rig_new(&plain, 2);
    char cursor[2 * HG_POSITION_TEXT_LEN + 2];
    struct hg_position none = {.offset = UINT64_MAX};
    publish_at(rig, 1000, 1, 2);
    publish_at(rig, 2000, 0, 2);
    publish_at(rig, 3000, 1, 2);
    struct hg_position first = position_of(rig, 0, 0);
    hg_position_format(&none, cursor);
    cursor[HG_POSITION_TEXT_LEN] = '.';
    hg_position_format(&first, cursor + HG_POSITION_TEXT_LEN + 1);
    struct client *c =
        client_open(rig, &(struct client_wish){.cursor = cursor, .topics = {0, 1}, .n_topics = 2});
    rig_until_live(rig, 0);
    assert_true(c->is_resumed);
    assert_int_equal(c->n_gaps, 0);
    assert_int_equal(c->n_events, 1 + 2);
    client_close(&c);
    rig_free(&rig);
}

static void all_gaps_are_told_before_the_stream_opens(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 3);
    char cursor[4 * HG_POSITION_TEXT_LEN];
    char text[3][HG_POSITION_TEXT_LEN + 1];
    for (uint32_t t = 0; t < 3; t++) {
        rig_publish_many(rig, t, 5);
        struct hg_position p = position_of(rig, t, 2);
        p.fingerprint ^= t != 1;
        hg_position_format(&p, text[t]);
    }
    snprintf(cursor, sizeof(cursor), "%s.%s.%s", text[0], text[1], text[2]);
    struct client_wish w = {
        .cursor = cursor, .topics = {0, 1, 2}, .n_topics = 3, .has_no_room = true};
    struct client *c = client_open(rig, &w);
    rig_turn_ms(rig, 50);
    assert_int_equal(c->in.len, 0);
    client_set_room(c, CLIENT_ROOM_ALL);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_gaps, 2);
    assert_int_equal(c->n_opened, 1); /* the client fails on events before it */
    assert_int_equal(c->n_events, 5 + 2 + 5);
    assert_memory_equal(c->in.ptr, "n 2 0 reset t", 13);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

static void claim_is_not_believed_while_the_log_does_not_answer(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    char cursor[HG_POSITION_TEXT_LEN + 1];
    rig_publish_many(rig, 0, 10);
    struct hg_position p = position_of(rig, 0, 4);
    hg_position_format(&p, cursor);
    atomic_store(&rig->read_err, HG_EIO);
    struct client *c = client_open(rig, &(struct client_wish){.cursor = cursor});
    rig_turn_ms(rig, 120);
    assert_int_equal(c->in.len, 0);
    atomic_store(&rig->read_err, 0);
    rig_until_live(rig, 0);
    assert_true(c->is_resumed);
    assert_int_equal(c->n_events, 5);
    client_close(&c);
    rig_free(&rig);
}

int test_start(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(earliest_begins_at_the_first_record),
        cmocka_unit_test(time_begins_at_the_first_record_taken_then_or_later),
        cmocka_unit_test(time_keeps_what_comes_during_the_look_up),
        cmocka_unit_test(time_to_come_begins_behind_all_that_the_log_has),
        cmocka_unit_test(cursor_goes_on_without_a_gap),
        cmocka_unit_test(resume_in_the_window_needs_no_read),
        cmocka_unit_test(cursor_before_the_first_record_is_good),
        cmocka_unit_test(cursor_without_fingerprint_is_good_up_to_the_end),
        cmocka_unit_test(other_record_at_the_position_is_a_reset),
        cmocka_unit_test(other_epoch_is_a_reset),
        cmocka_unit_test(trimmed_position_is_a_gap_up_to_the_first),
        cmocka_unit_test(position_just_before_the_first_is_no_gap),
        cmocka_unit_test(position_beyond_the_end_is_unknown),
        cmocka_unit_test(hole_at_the_position_is_no_gap),
        cmocka_unit_test(position_of_another_topic_is_told),
        cmocka_unit_test(topic_without_a_position_begins_at_the_newest_that_the_client_has),
        cmocka_unit_test(topic_without_a_position_begins_at_the_first_when_the_client_has_nothing),
        cmocka_unit_test(stream_without_topics_has_a_cursor_that_all_is_behind),
        cmocka_unit_test(cursor_of_no_topic_beside_others_says_nothing),
        cmocka_unit_test(all_gaps_are_told_before_the_stream_opens),
        cmocka_unit_test(claim_is_not_believed_while_the_log_does_not_answer),
    };
    return cmocka_run_group_tests_name("feed/start", tests, NULL, NULL);
}
