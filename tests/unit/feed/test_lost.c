/* SPDX-License-Identifier: Apache-2.0 */
/* test_lost.c - a topic that is cut back while streams follow it. */
#include "feed/lost.h"

#include "unit/feed/client.h"
#include "unit/feed/tests.h"

static const struct rig_options remote = {.is_remote = true};

static void write_some(struct rig *rig, size_t n) {
    for (size_t i = 0; i < n; i++) {
        rig_write(rig, 0, 0, "a", "s");
    }
}

static void show(struct rig *rig) {
    remote_log_pump(&rig->remote);
    rig_turn(rig);
}

static void cut(struct rig *rig, struct client *c, uint64_t end) {
    client_owe(c, 0);
    rig_cut(rig, 0, 0, end);
}

static void assert_reset(const struct client *c, uint64_t next) {
    assert_int_equal(c->n_gaps, 1);
    assert_string_equal(c->reason, "reset");
    assert_string_equal(c->gap_topic, "t0");
    assert_int_equal(c->expect[0][0], next);
}

static void a_live_stream_is_told_and_goes_on_with_what_is_there(void **state) {
    (void)state;
    struct rig *rig = rig_new(&remote, 1);
    struct client *c = client_open(rig, &(struct client_wish){0});
    rig_until_live(rig, 0);
    write_some(rig, 10);
    show(rig);
    assert_int_equal(c->n_events, 10);
    cut(rig, c, 6);
    rig_turn(rig);
    rig_until_live(rig, 0);
    assert_reset(c, 6);
    write_some(rig, 3); /* at the offsets of what it had */
    show(rig);
    assert_int_equal(c->n_events, 13);
    assert_int_equal(c->expect[0][0], 9);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

/* Its next record is below the cut: it has it all the same. */
static void one_that_is_behind_the_cut_goes_on_where_it_stands(void **state) {
    (void)state;
    struct rig *rig = rig_new(&remote, 1);
    struct client *c = client_open(rig, &(struct client_wish){0});
    rig_until_live(rig, 0);
    client_set_room(c, 60);
    write_some(rig, 10);
    show(rig);
    assert_int_equal(c->n_events, 2);
    assert_int_equal(c->room, 0);
    cut(rig, c, 6);
    write_some(rig, 2);
    show(rig);
    assert_int_equal(c->n_gaps, 0); /* no room */
    client_set_room(c, CLIENT_ROOM_ALL);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_gaps, 1);
    assert_int_equal(c->n_events, 8);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

static bool are_reading(void *arg) {
    return ((struct rig *)arg)->feed->n_reads > 0;
}

/* What a read brings that was begun before is nobody's. */
static void one_that_reads_begins_anew(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.is_remote = true, .window_bytes_max = 1}, 1);
    write_some(rig, 10);
    rig_hold_reads(rig, true);
    struct client *c = client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST});
    rig_until(rig, are_reading, rig);
    cut(rig, c, 4);
    rig_turn(rig);
    write_some(rig, 2);
    show(rig);
    rig_hold_reads(rig, false);
    rig_until_live(rig, 0);
    c->is_owed[0] = false; /* nothing was promised: no gap */
    assert_int_equal(c->n_gaps, 0);
    assert_int_equal(c->n_events, 6);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

static bool is_left(void *arg) {
    struct rig *rig = arg;
    return !remote_log_is_followed(&rig->remote, 0);
}

static struct client *come_back_after_a_cut(struct rig *rig, uint64_t end, size_t n_written) {
    struct client *before = client_open(rig, &(struct client_wish){0});
    rig_until_live(rig, 0);
    write_some(rig, 10);
    show(rig);
    assert_int_equal(before->n_events, 10);
    struct client_wish again = {.cursor = before->cursor};
    hg_subscriber_close(&before->sub);
    rig_until(rig, is_left, rig);
    rig_cut(rig, 0, 0, end); /* nobody looks: nobody is told */
    write_some(rig, n_written);
    struct client *c = client_open(rig, &again);
    client_close(&before);
    rig_until_live(rig, 0);
    return c;
}

static void what_was_cut_while_nobody_looked_is_found(void **state) {
    (void)state;
    for (size_t written = 0; written < 20; written += 6) {
        struct rig *rig = rig_new(&remote, 1);
        struct client *c = come_back_after_a_cut(rig, 5, written);
        struct client *latest = client_open(rig, &(struct client_wish){0});
        rig_until_live(rig, 0);
        assert_int_equal(c->n_gaps, 1);
        assert_false(c->is_resumed);
        size_t before = c->n_events;
        write_some(rig, 2);
        show(rig);
        assert_int_equal(c->n_events, before + 2);
        assert_int_equal(latest->n_events, 2);
        client_assert_whole(c);
        client_close(&c);
        client_close(&latest);
        rig_free(&rig);
    }
}

static void a_pull_that_waits_is_answered_with_the_gap(void **state) {
    (void)state;
    struct rig *rig = rig_new(&remote, 1);
    struct client *live = client_open(rig, &(struct client_wish){0});
    rig_until_live(rig, 0);
    write_some(rig, 3);
    show(rig);
    struct client *c =
        client_open(rig, &(struct client_wish){.sink = &client_pull, .wait_ms = 5000});
    rig_until_live(rig, 0);
    cut(rig, live, 1);
    rig_turn(rig);
    assert_int_equal(c->n_answers, 1);
    assert_int_equal(c->n_told_gaps, 1);
    assert_string_equal(c->reason, "reset");
    client_close(&c);
    client_close(&live);
    rig_free(&rig);
}

int test_lost(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_stream_is_told_and_goes_on_with_what_is_there),
        cmocka_unit_test(one_that_is_behind_the_cut_goes_on_where_it_stands),
        cmocka_unit_test(one_that_reads_begins_anew),
        cmocka_unit_test(what_was_cut_while_nobody_looked_is_found),
        cmocka_unit_test(a_pull_that_waits_is_answered_with_the_gap),
    };
    return cmocka_run_group_tests_name("feed/lost", tests, NULL, NULL);
}
