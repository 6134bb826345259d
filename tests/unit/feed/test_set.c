/* SPDX-License-Identifier: Apache-2.0 */
/* test_set.c - what a subscriber covers. */
#include "unit/feed/rig.h"

#include "base/alloc.h"
#include "feed/set.h"
#include "unit/feed/client.h"
#include "unit/feed/tests.h"

static void covers_are_sorted_by_tag_and_without_twins(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.partitions = 3}, 4);
    struct hg_subscriber sub = {.feed = rig->feed};
    const uint32_t topics[] = {3, 0, 2, 0, 3, 1};
    struct hg_feed__set *set = hg_feed__set_new(&sub, topics, HG_COUNT(topics), NULL);
    assert_non_null(set);
    assert_int_equal(set->n_covers, 4);
    assert_int_equal(set->n_places, 12);
    for (size_t c = 0; c < set->n_covers; c++) {
        assert_true(c == 0 || set->covers[c - 1].topic->tag < set->covers[c].topic->tag);
        assert_ptr_equal(hg_feed__set_find(set, set->covers[c].topic), &set->covers[c]);
        assert_ptr_equal(set->covers[c].places, set->places + 3 * c);
        assert_ptr_equal(set->covers[c].sub, &sub);
    }
    hg_feed__set_free(&set);
    assert_null(set);
    hg_feed__set_free(&set);
    rig_free(&rig);
}

static void new_places_begin_at_the_loop_and_old_ones_stay(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){0}, 3);
    struct hg_subscriber sub = {.feed = rig->feed};
    struct hg_feed__topic *t0 = hg_feed__parts_topic(&rig->feed->parts, 0);
    rig_publish_many(rig, 0, 5);
    rig_publish_many(rig, 1, 7);
    struct hg_feed__set *old = hg_feed__set_new(&sub, (const uint32_t[]){0, 2}, 2, NULL);
    struct hg_feed__cover *cover = hg_feed__set_find(old, t0);
    assert_int_equal(cover->places[0].next, 5);
    assert_int_equal(cover->places[0].fingerprint, t0->parts[0]->fingerprint);
    cover->places[0].next = 2;
    struct hg_feed__set *set = hg_feed__set_new(&sub, (const uint32_t[]){1, 0}, 2, old);
    assert_int_equal(set->n_covers, 2);
    assert_int_equal(hg_feed__set_find(set, t0)->places[0].next, 2);
    cover = hg_feed__set_find(set, hg_feed__parts_topic(&rig->feed->parts, 1));
    assert_int_equal(cover->places[0].next, 7);
    assert_null(hg_feed__set_find(set, hg_feed__parts_topic(&rig->feed->parts, 2)));
    hg_feed__set_free(&old);
    hg_feed__set_free(&set);
    rig_free(&rig);
}

static void first_place_is_where_the_log_begins(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){0}, 1);
    struct hg_subscriber sub = {.feed = rig->feed};
    rig_publish_many(rig, 0, 5);
    struct hg_feed__set *set = hg_feed__set_new(&sub, (const uint32_t[]){0}, 1, NULL);
    hg_feed__place_first(rig->feed, &set->covers[0], 0);
    assert_int_equal(set->places[0].next, 0);
    assert_int_equal(set->places[0].stand, HG_FEED__FRESH);
    hg_feed__set_free(&set);
    rig_free(&rig);
}

static void walk_meets_each_place_once_from_anywhere(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.partitions = 3}, 3);
    struct hg_subscriber sub = {.feed = rig->feed};
    struct hg_feed__set *set = hg_feed__set_new(&sub, (const uint32_t[]){0, 1, 2}, 3, NULL);
    for (size_t start = 0; start < 20; start++) {
        struct hg_feed__walk walk;
        struct hg_feed__cover *cover;
        uint32_t i;
        size_t n = 0;
        hg_feed__walk_begin(&walk, set, start);
        while (hg_feed__walk_next(&walk, &cover, &i)) {
            assert_ptr_equal(&cover->places[i], &set->places[(start + n++) % 9]);
        }
        assert_int_equal(n, 9);
    }
    hg_feed__set_free(&set);
    rig_free(&rig);
}

static void empty_set_has_nothing_to_walk(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){0}, 1);
    struct hg_subscriber sub = {.feed = rig->feed};
    struct hg_feed__walk walk;
    struct hg_feed__cover *cover;
    uint32_t i;
    struct hg_feed__set *set = hg_feed__set_new(&sub, NULL, 0, NULL);
    assert_non_null(set);
    hg_feed__walk_begin(&walk, set, 5);
    assert_false(hg_feed__walk_next(&walk, &cover, &i));
    hg_feed__set_free(&set);
    rig_free(&rig);
}

static void without_memory_there_is_no_set(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){0}, 1);
    struct hg_subscriber sub = {.feed = rig->feed};
    for (int n = 0; n < 3; n++) { /* the table, the topic, the set */
        hg_alloc_fail_after(n);
        assert_null(hg_feed__set_new(&sub, (const uint32_t[]){0}, 1, NULL));
        hg_alloc_fail_after(-1);
        hg_feed__parts_fini(&rig->feed->parts);
        rig->feed->parts.log = rig->log;
    }
    rig_free(&rig);
}

/* ----- partitions that come later ----- */

static const struct rig_options remote = {.is_remote = true};

static void write_each(struct rig *rig, uint32_t partitions) {
    for (uint32_t p = 0; p < partitions; p++) {
        rig_write(rig, 0, p, "a", "s");
    }
    remote_log_pump(&rig->remote);
    rig_turn(rig);
}

static void a_live_stream_has_a_new_partition_from_its_first_record(void **state) {
    (void)state;
    struct rig *rig = rig_new(&remote, 1);
    struct client *c[2];
    for (int i = 0; i < 2; i++) {
        c[i] = client_open(rig, &(struct client_wish){.subject = i == 0 ? NULL : "s"});
    }
    rig_until_live(rig, 0);
    write_each(rig, 1);
    remote_log_grow(&rig->remote, 0, 3);
    rig_write(rig, 0, 2, "a", "s"); /* the log does not know of it yet */
    rig_grow(rig, 0, 3);
    write_each(rig, 3);
    rig_until_live(rig, 0);
    write_each(rig, 3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(c[i]->n_events, 8);
        assert_int_equal(c[i]->n_gaps, 0);
        assert_int_equal(c[i]->sub->set->n_places, 3);
        client_assert_whole(c[i]);
        client_close(&c[i]);
    }
    rig_free(&rig);
}

static void one_without_room_has_it_when_there_is_room(void **state) {
    (void)state;
    struct rig *rig = rig_new(&remote, 1);
    struct client *c = client_open(rig, &(struct client_wish){0});
    rig_until_live(rig, 0);
    client_set_room(c, 0);
    write_each(rig, 1);
    rig_grow(rig, 0, 2);
    write_each(rig, 2);
    write_each(rig, 2);
    assert_int_equal(c->n_events, 0);
    client_set_room(c, CLIENT_ROOM_ALL);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_events, 5);
    client_assert_whole(c);
    client_close(&c);
    rig_free(&rig);
}

/* It was there, with records, before the client's gateway knew of it. */
static void a_cursor_from_before_a_partition_misses_nothing_of_it(void **state) {
    (void)state;
    struct rig *rig = rig_new(&remote, 1);
    struct client *c = client_open(rig, &(struct client_wish){0});
    char cursor[CLIENT_TEXT_MAX];
    rig_until_live(rig, 0);
    rig->fake.log_time_ms = 100000;
    remote_log_grow(&rig->remote, 0, 2);
    rig_write(rig, 0, 1, "a", "s");
    rig->fake.log_time_ms = 100500;
    write_each(rig, 1);
    assert_int_equal(c->n_events, 1);
    memcpy(cursor, c->cursor, sizeof(cursor));
    client_close(&c);
    rig_grow(rig, 0, 2);
    c = client_open(rig, &(struct client_wish){.cursor = cursor});
    rig_until_live(rig, 0);
    assert_int_equal(c->n_gaps, 0);
    assert_int_equal(c->n_events, 1);
    client_close(&c);
    rig_free(&rig);
}

static void a_pull_that_waits_has_the_first_of_a_new_partition(void **state) {
    (void)state;
    struct rig *rig = rig_new(&remote, 1);
    struct client *live = client_open(rig, &(struct client_wish){0});
    rig_until_live(rig, 0);
    write_each(rig, 1);
    struct client *c = client_open(
        rig, &(struct client_wish){.sink = &client_pull, .cursor = live->cursor, .wait_ms = 5000});
    rig_until_live(rig, 0);
    assert_non_null(c->sub->answer->ends); /* of one place */
    rig_grow(rig, 0, 3);
    rig_write(rig, 0, 2, "a", "s");
    remote_log_pump(&rig->remote);
    rig_turn(rig);
    rig_until_live(rig, 0);
    assert_int_equal(c->n_answers, 1);
    assert_int_equal(c->n_answered, 1);
    client_close(&c);
    client_close(&live);
    rig_free(&rig);
}

static void without_memory_it_is_put_off(void **state) {
    (void)state;
    for (int n = 0;; n++) {
        struct rig *rig = rig_new(&remote, 1);
        struct client *c = client_open(rig, &(struct client_wish){0});
        rig_until_live(rig, 0);
        rig_grow(rig, 0, 2);
        for (uint32_t p = 0; p < 2; p++) {
            rig_write(rig, 0, p, "a", "s");
        }
        remote_log_pump(&rig->remote);
        c->is_parse_held = true;
        assert_int_equal(hg_buf_reserve(&c->in, 1 << 16), 0);
        hg_alloc_fail_after(n);
        rig_turn(rig);
        bool is_over = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        client_parse(c);
        write_each(rig, 2);
        rig_until_live(rig, 0);
        assert_int_equal(c->sub->set->n_places, 2);
        assert_int_equal(c->n_events, 4);
        assert_int_equal(c->n_gaps, 0);
        client_assert_whole(c);
        client_close(&c);
        rig_free(&rig);
        if (is_over) {
            assert_true(n > 4);
            return;
        }
    }
}

int test_set(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(covers_are_sorted_by_tag_and_without_twins),
        cmocka_unit_test(new_places_begin_at_the_loop_and_old_ones_stay),
        cmocka_unit_test(first_place_is_where_the_log_begins),
        cmocka_unit_test(walk_meets_each_place_once_from_anywhere),
        cmocka_unit_test(empty_set_has_nothing_to_walk),
        cmocka_unit_test(without_memory_there_is_no_set),
        cmocka_unit_test(a_live_stream_has_a_new_partition_from_its_first_record),
        cmocka_unit_test(one_without_room_has_it_when_there_is_room),
        cmocka_unit_test(a_cursor_from_before_a_partition_misses_nothing_of_it),
        cmocka_unit_test(a_pull_that_waits_has_the_first_of_a_new_partition),
        cmocka_unit_test(without_memory_it_is_put_off),
    };
    return cmocka_run_group_tests_name("feed/set", tests, NULL, NULL);
}
