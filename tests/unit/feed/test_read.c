/* SPDX-License-Identifier: Apache-2.0 */
/* test_read.c - reads of the log: how many, in which order, and what becomes
 * of one whose subscriber is gone. */
#include "unit/feed/client.h"

#include "base/alloc.h"
#include "base/counters.h"
#include "feed/counters.h"
#include "feed/read.h"
#include "unit/feed/tests.h"

static const struct rig_options no_window = {.window_bytes_max = 1, .reads_max = 2};

static const struct client_wish earliest = {.start = HG_START_EARLIEST};

static size_t count_queue(const struct hg_list *list) {
    size_t n = 0;
    HG_LIST_EACH(it, list) {
        n++;
    }
    return n;
}

static void reads_under_way_are_bounded(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    struct client *clients[10];
    rig_publish_many(rig, 0, 10);
    rig_hold_reads(rig, true);
    int64_t before = hg_counter_read(&hg_feed__reads);
    for (size_t i = 0; i < HG_COUNT(clients); i++) {
        clients[i] = client_open(rig, &earliest);
        assert_true(rig->feed->n_reads <= 2);
    }
    assert_int_equal(rig->feed->n_reads, 2);
    assert_int_equal(count_queue(&rig->feed->reading), 8);
    assert_int_equal(hg_counter_read(&hg_feed__reads), before + 2);
    rig_hold_reads(rig, false);
    rig_until_live(rig, 0);
    for (size_t i = 0; i < HG_COUNT(clients); i++) {
        assert_int_equal(clients[i]->n_events, 10);
        client_close(&clients[i]);
    }
    assert_int_equal(rig->feed->n_reads, 0);
    rig_free(&rig);
}

struct pair {
    struct client *big, *small;
};

static bool is_small_live(void *arg) {
    return client_is_live(((struct pair *)arg)->small);
}

static void long_replay_does_not_hold_up_a_short_one(void **state) {
    (void)state;
    struct rig *rig = rig_new(
        &(struct rig_options){.window_bytes_max = 1, .reads_max = 1, .read_bytes_max = 1}, 2);
    rig_publish_many(rig, 0, 300);
    rig_publish_many(rig, 1, 3);
    struct pair p = {.big = client_open(rig, &earliest)};
    struct client_wish w = earliest;
    w.topics[0] = 1;
    p.small = client_open(rig, &w);
    rig_hold_reads(rig, false);
    rig_until(rig, is_small_live, &p);
    client_assert_whole(p.small);
    rig_until_live(rig, 0);
    client_assert_whole(p.big);
    client_close(&p.big);
    client_close(&p.small);
    rig_free(&rig);
}

static void subscriber_may_go_while_its_read_is_under_way(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 10);
    rig_hold_reads(rig, true);
    struct client *a = client_open(rig, &earliest);
    struct client *b = client_open(rig, &earliest);
    struct client *waiting = client_open(rig, &earliest);
    assert_non_null(a->sub->read);
    assert_null(waiting->sub->read);
    client_close(&a);
    client_close(&waiting);
    assert_int_equal(rig->feed->n_reads, 2); /* it is not over */
    rig_hold_reads(rig, false);
    rig_until_live(rig, 0);
    assert_int_equal(b->n_events, 10);
    client_close(&b);
    rig_turn_ms(rig, 20);
    assert_int_equal(rig->feed->n_reads, 0);
    rig_free(&rig);
}

static void feed_may_go_while_a_read_is_under_way(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 10);
    rig_hold_reads(rig, true);
    struct client *c = client_open(rig, &earliest);
    client_close(&c);
    rig_free(&rig); /* frees the feed, then lets the log finish its reads */
}

static bool has_read_twice(void *arg) {
    return atomic_load(&((struct rig *)arg)->n_reads) >= 2;
}

static void failed_read_is_tried_again(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 10);
    atomic_store(&rig->read_err, HG_EIO);
    struct client *c = client_open(rig, &earliest);
    rig_until(rig, has_read_twice, rig);
    assert_int_equal(c->n_events, 0);
    assert_int_equal(c->n_gaps, 0);
    atomic_store(&rig->read_err, 0);
    rig_until_live(rig, 0);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

static void read_without_memory_is_tried_again(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 10);
    struct client *c =
        client_open(rig, &(struct client_wish){.has_no_room = true, .start = HG_START_EARLIEST});
    c->is_parse_held = true;
    hg_alloc_fail_after(0);
    client_set_room(c, CLIENT_ROOM_ALL); /* its first need of memory is the read */
    assert_false(hg_alloc_fail_is_pending());
    hg_alloc_fail_after(-1);
    client_parse(c);
    assert_null(c->sub->read);
    rig_until_live(rig, 0);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

static void reads_that_the_log_does_not_take_wait(void **state) {
    (void)state;
    enum { MANY = 200 }; /* two readers queue 64 each */
    struct rig *rig = rig_new(&(struct rig_options){.window_bytes_max = 1, .reads_max = MANY}, 1);
    static struct client *clients[MANY];
    rig_publish_many(rig, 0, 3);
    rig_hold_reads(rig, true);
    for (size_t i = 0; i < MANY; i++) {
        clients[i] = client_open(rig, &earliest);
    }
    assert_true(rig->feed->n_reads < MANY);
    assert_false(hg_list_is_empty(&rig->feed->reading));
    rig_hold_reads(rig, false);
    rig_until_live(rig, 0);
    for (size_t i = 0; i < MANY; i++) {
        client_assert_whole(clients[i]);
        client_close(&clients[i]);
    }
    rig_free(&rig);
}

static void topics_may_change_while_a_read_is_under_way(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 2);
    rig_publish_many(rig, 0, 10);
    rig_publish_many(rig, 1, 10);
    rig_hold_reads(rig, true);
    struct client_wish w = {.topics = {0, 1}, .n_topics = 2, .start = HG_START_EARLIEST};
    struct client *c = client_open(rig, &w);
    assert_non_null(c->sub->read);
    client_set_topics(c, (const uint32_t[]){1}, 1);
    rig_turn(rig);
    rig_hold_reads(rig, false);
    rig_until_live(rig, 0);
    client_assert_whole(c);
    assert_int_equal(c->n_events, 10);
    client_close(&c);
    rig_free(&rig);
}

static void nothing_is_read_for_one_that_cannot_be_written_to(void **state) {
    (void)state;
    struct rig *rig = rig_new(&no_window, 1);
    rig_publish_many(rig, 0, 10);
    struct client *c =
        client_open(rig, &(struct client_wish){.start = HG_START_EARLIEST, .room = 1});
    rig_turn_ms(rig, 50);
    assert_int_equal(atomic_load(&rig->n_reads), 0); /* the notice took the room */
    client_set_room(c, CLIENT_ROOM_ALL);
    rig_until_live(rig, 0);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

int test_read(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_under_way_are_bounded),
        cmocka_unit_test(long_replay_does_not_hold_up_a_short_one),
        cmocka_unit_test(subscriber_may_go_while_its_read_is_under_way),
        cmocka_unit_test(feed_may_go_while_a_read_is_under_way),
        cmocka_unit_test(failed_read_is_tried_again),
        cmocka_unit_test(read_without_memory_is_tried_again),
        cmocka_unit_test(reads_that_the_log_does_not_take_wait),
        cmocka_unit_test(topics_may_change_while_a_read_is_under_way),
        cmocka_unit_test(nothing_is_read_for_one_that_cannot_be_written_to),
    };
    return cmocka_run_group_tests_name("feed/read", tests, NULL, NULL);
}
