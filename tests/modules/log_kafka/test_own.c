/* SPDX-License-Identifier: Apache-2.0 */
/* test_own.c - what this process wrote is shown without being fetched, in its
 * place among what others wrote. */
#include "modules/log_kafka/seen.h"
#include "tail.h"

enum { MANY = 2000 };

static struct kafka_tail *tail_of(const struct seen *s) {
    return ((struct kafka *)s->rig.state)->tail;
}

/* The tail fetches nothing of partition 0, or goes on. */
static void hold_fetch(struct seen *s, bool is_held) {
    struct kafka_tail *t = tail_of(s);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, t->topics->topic->name, 0);
    rd_kafka_resp_err_t rc =
        is_held ? rd_kafka_pause_partitions(t->rk, list) : rd_kafka_resume_partitions(t->rk, list);
    assert_int_equal(rc, RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(list->elems[0].err, RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
}

static uint64_t write_one(struct seen *s, unsigned n) {
    char id[16];
    uint64_t offset = 0;
    (void)snprintf(id, sizeof id, "%u", n);
    struct hg_event *e = kafka_rig_event(id, "{}", 2);
    assert_int_equal(kafka_rig_append(&s->rig, 0, "k", e, &offset), 0);
    return offset;
}

static void open_one(struct seen *s, struct other *o) {
    other_open(o, NULL);
    other_make(o, 1, NULL);
    seen_open(s, o);
    assert_int_equal(seen_follow(s, true), 0);
}

static void close_one(struct seen *s, struct other *o) {
    seen_close(s);
    other_delete(o);
    other_close(o);
}

static void it_is_shown_without_being_fetched(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    open_one(&s, &o);
    hold_fetch(&s, true);
    for (unsigned i = 0; i < 20; i++) {
        (void)write_one(&s, i);
        seen_wait(&s, 0, i + 1, 0);
    }
    hold_fetch(&s, false);
    other_put(&o, 0, 20, 0); /* and is not shown again when it is fetched */
    other_flush(&o);
    seen_wait(&s, 0, 21, 0);
    assert_int_equal(s.n[0], 21);
    close_one(&s, &o);
}

static void what_others_wrote_before_it_comes_first(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    open_one(&s, &o);
    hold_fetch(&s, true);
    (void)write_one(&s, 0);
    seen_wait(&s, 0, 1, 0);
    for (unsigned i = 1; i < 31; i += 3) {
        other_put(&o, 0, i, 0);
        other_flush(&o);
        assert_int_equal(write_one(&s, i + 1), i + 1);
        assert_int_equal(write_one(&s, i + 2), i + 2);
    }
    assert_int_equal(s.n[0], 1);
    hold_fetch(&s, false);
    seen_wait(&s, 0, 31, 0);
    assert_int_equal(s.n[0], 31);
    close_one(&s, &o);
}

/* More than may wait: what was dropped is fetched. */
static void many_at_once_come_whole(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    static struct kafka_try tries[MANY];
    open_one(&s, &o);
    hold_fetch(&s, true);
    other_put(&o, 0, 0, 0);
    other_flush(&o);
    for (unsigned i = 0; i < MANY; i++) {
        kafka_try_begin(&s.rig, &tries[i]);
        for (unsigned k = 0; k < RIG_ITEMS; k++) {
            (void)kafka_try_add(&tries[i], 0, "k", kafka_rig_event("many", "{}", 2));
        }
        kafka_try_send(&s.rig, &tries[i]);
    }
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(kafka_try_wait(&tries[i]), 0);
    }
    hold_fetch(&s, false);
    seen_wait(&s, 0, 1 + MANY * RIG_ITEMS, 0);
    assert_int_equal(s.n[0], 1 + MANY * RIG_ITEMS);
    close_one(&s, &o);
}

static void both_write_at_a_time(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    open_one(&s, &o);
    for (unsigned i = 0; i < 400; i++) {
        for (unsigned k = 0; k < 5; k++) {
            other_put(&o, 0, i, 0);
        }
        (void)write_one(&s, i);
    }
    other_flush(&o);
    seen_wait(&s, 0, 400 * 6, 0);
    assert_int_equal(s.n[0], 400 * 6);
    close_one(&s, &o);
}

static void nothing_is_kept_for_a_topic_that_nobody_follows(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    open_one(&s, &o);
    hold_fetch(&s, true);
    other_put(&o, 0, 0, 0);
    other_flush(&o);
    (void)write_one(&s, 1); /* waits for what it does not see */
    assert_int_equal(seen_follow(&s, false), 0);
    (void)write_one(&s, 2);
    assert_int_equal(s.n[0], 0);
    assert_true(tail_of(&s)->topics->parts[0].own.first == NULL);
    assert_int_equal(seen_follow(&s, true), 0);
    (void)write_one(&s, 3);
    seen_wait(&s, 0, 4, 0);
    assert_int_equal(s.first[0], 3);
    close_one(&s, &o);
}

int test_own(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_shown_without_being_fetched),
        cmocka_unit_test(what_others_wrote_before_it_comes_first),
        cmocka_unit_test(many_at_once_come_whole),
        cmocka_unit_test(both_write_at_a_time),
        cmocka_unit_test(nothing_is_kept_for_a_topic_that_nobody_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
