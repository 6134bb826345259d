/* SPDX-License-Identifier: Apache-2.0 */
/* test_page.c - pulls over several places. */
#include "unit/feed/client.h"

#include <stdio.h>
#include <stdlib.h>

#include "feed/page.h"
#include "unit/feed/tests.h"

enum { EACH = 40, TOPICS = 8 };

/* Events are numbered over all topics: EACH of the first, EACH of the next. */
struct reader {
    struct rig *rig;
    struct client_wish wish;
    char cursor[CLIENT_TEXT_MAX];
    size_t next[TOPICS]; /* of each topic */
    size_t n_of[TOPICS]; /* in the last page */
    size_t n_topics;     /* in the last page */
    size_t n_reads;      /* for the last page */
};

static struct reader reader_open(const struct rig_options *options, uint32_t n_topics) {
    struct reader r = {.rig = rig_new(options, n_topics)};
    r.wish = (struct client_wish){
        .sink = &client_pull, .start = HG_START_EARLIEST, .n_topics = n_topics};
    for (uint32_t t = 0; t < n_topics; t++) {
        r.wish.topics[t] = t;
        rig_publish_many(r.rig, t, EACH);
    }
    return r;
}

static bool is_answered(void *arg) {
    return ((struct client *)arg)->n_answers > 0;
}

/* Of each topic the next one, whatever the order of topics. */
static void take(struct reader *r, const char *body) {
    memset(r->n_of, 0, sizeof(r->n_of));
    r->n_topics = 0;
    for (const char *at = body; (at = strstr(at, "\ne e")) != NULL; at += 4) {
        size_t number = strtoul(at + 4, NULL, 10), topic = number / EACH;
        assert_true(topic < TOPICS);
        assert_int_equal(number % EACH, r->next[topic]++);
        r->n_topics += r->n_of[topic]++ == 0;
    }
}

static size_t read_page(struct reader *r) {
    r->wish.cursor = r->cursor[0] ? r->cursor : NULL;
    int before = atomic_load(&r->rig->n_reads);
    struct client *c = client_open(r->rig, &r->wish);
    rig_until(r->rig, is_answered, c);
    size_t n = c->n_answered;
    take(r, c->body);
    snprintf(r->cursor, sizeof(r->cursor), "%s", c->cursor);
    r->n_reads = (size_t)(atomic_load(&r->rig->n_reads) - before);
    client_close(&c);
    return n;
}

static size_t read_all(struct reader *r) {
    size_t n = 0, got;
    while ((got = read_page(r)) > 0) {
        n += got;
    }
    return n;
}

static const struct rig_options of_the_window = {0};
static const struct rig_options of_the_log = {.window_bytes_max = 1};

static void a_page_has_a_share_of_each_place(void **state) {
    const struct rig_options *const options[] = {&of_the_window, &of_the_log};
    (void)state;
    for (size_t i = 0; i < HG_COUNT(options); i++) {
        struct reader r = reader_open(options[i], 4);
        r.wish.events_max = 10; /* 3, 3, 3 and what is left */
        assert_int_equal(read_page(&r), 10);
        assert_int_equal(r.n_topics, 4);
        for (size_t t = 0; t < 4; t++) {
            assert_in_range(r.n_of[t], 1, 3);
        }
        assert_true(r.n_reads <= 4);
        assert_int_equal(read_all(&r), 4 * EACH - 10);
        rig_free(&r.rig);
    }
}

static void pages_smaller_than_the_number_of_places_begin_somewhere_else_each_time(void **state) {
    struct reader r = reader_open(&of_the_log, TOPICS);
    (void)state;
    r.wish.events_max = 2;
    for (int i = 0; i < 5 * TOPICS; i++) { /* a quarter of all there is */
        assert_int_equal(read_page(&r), 2);
        assert_int_equal(r.n_topics, 2);
    }
    for (size_t t = 0; t < TOPICS; t++) {
        assert_in_range(r.next[t], 1, EACH - 1);
    }
    assert_int_equal(read_all(&r), TOPICS * EACH - 10 * TOPICS);
    rig_free(&r.rig);
}

static void bytes_are_shared_out_like_events(void **state) {
    struct reader r = reader_open(&of_the_log, 4);
    (void)state;
    r.wish.bytes_max = 1200;
    assert_in_range(read_page(&r), 8, 4 * EACH - 1);
    assert_int_equal(r.n_topics, 4);
    rig_free(&r.rig);
}

/* Most have had their say: who has more is given room, in a few rounds. */
static void what_the_others_leave_goes_to_who_has_more(void **state) {
    struct reader r = reader_open(&of_the_log, 2);
    (void)state;
    rig_trim(r.rig, 1, EACH - 1);
    r.next[1] = EACH - 1;
    r.wish.events_max = 32;
    assert_int_equal(read_page(&r), 32);
    assert_int_equal(r.n_of[0], 31);
    assert_int_equal(r.n_of[1], 1);
    assert_true(r.n_reads <= 6);
    rig_free(&r.rig);
}

/* The filter passes the last event of one topic only: all others are looked at. */
static void a_filter_finds_what_it_wants_wherever_it_is(void **state) {
    struct reader r = reader_open(&of_the_log, 4);
    (void)state;
    rig_publish(r.rig, 2, "rare", "s");
    r.wish.type = "rare";
    struct client *c = client_open(r.rig, &r.wish);
    rig_until(r.rig, is_answered, c);
    assert_int_equal(c->n_answered, 1);
    client_close(&c);
    rig_free(&r.rig);
}

int test_page(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_has_a_share_of_each_place),
        cmocka_unit_test(pages_smaller_than_the_number_of_places_begin_somewhere_else_each_time),
        cmocka_unit_test(bytes_are_shared_out_like_events),
        cmocka_unit_test(what_the_others_leave_goes_to_who_has_more),
        cmocka_unit_test(a_filter_finds_what_it_wants_wherever_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
