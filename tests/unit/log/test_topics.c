/* SPDX-License-Identifier: Apache-2.0 */
/* test_topics.c - the table of topics. */
#include "log/topics.h"

#include <pthread.h>
#include <stdio.h>

#include "base/alloc.h"
#include "log/position.h"
#include "unit/log/tests.h"

static const struct hg_log_range empty = {.epoch = 1, .partitions = 1};

static int add(struct hg_topics *t, int n) {
    char name[32];
    int len = snprintf(name, sizeof name, "topic.%d", n);
    return hg_topics_add(t, (struct hg_slice){name, (size_t)len}, 1, &empty);
}

static void topics_are_numbered_and_found(void **state) {
    (void)state;
    struct hg_topics *t = hg_topics_new();
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(add(t, i), 0);
        assert_int_equal(hg_topics_count(t), i + 1);
    }
    assert_int_equal(add(t, 500), HG_EEXIST);
    assert_int_equal(hg_topics_count(t), 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        const struct hg_topic *topic = hg_topics_get(t, i);
        assert_int_equal(topic->id, i);
        assert_true(topic->tag == hg_topic_tag(topic->name));
        assert_ptr_equal(hg_topics_find(t, topic->name), topic);
    }
    assert_null(hg_topics_get(t, 1000));
    assert_null(hg_topics_find(t, HG_SLICE("topic")));
    hg_topics_free(&t);
}

static void bounds_only_rise_within_an_epoch(void **state) {
    (void)state;
    struct hg_topics *t = hg_topics_new();
    assert_int_equal(add(t, 0), 0);
    struct hg_topic *topic = hg_topics_get(t, 0);
    struct hg_log_range range = {.epoch = 1, .partitions = 1, .first = 5, .next = 10};
    hg_topic_set_range(topic, 0, &range);
    hg_topic_raise_next(topic, 0, 20);
    hg_topic_set_range(topic, 0, &range); /* read before that append */
    assert_true(atomic_load(&hg_topic_part(topic, 0)->next) == 20);
    hg_topic_raise_next(topic, 0, 15);
    assert_true(atomic_load(&hg_topic_part(topic, 0)->next) == 20);
    hg_topic_raise_first(topic, 0, 7);
    assert_true(atomic_load(&hg_topic_part(topic, 0)->first) == 7);
    range = (struct hg_log_range){.epoch = 2, .partitions = 1, .first = 0, .next = 3};
    hg_topic_set_range(topic, 0, &range);
    assert_true(atomic_load(&hg_topic_part(topic, 0)->next) == 3);
    assert_true(atomic_load(&hg_topic_part(topic, 0)->first) == 0);
    assert_int_equal(atomic_load(&topic->epoch), 2);
    hg_topics_free(&t);
}

static void only_topics_with_records_need_an_index(void **state) {
    (void)state;
    struct hg_topics *t = hg_topics_new();
    const struct hg_log_range ranges[] = {{.epoch = 1, .partitions = 2, .first = 3, .next = 3},
                                          {.epoch = 1, .partitions = 2, .first = 3, .next = 4}};
    assert_int_equal(hg_topics_add(t, HG_SLICE("t"), 2, ranges), 0);
    assert_true(hg_topic_part(hg_topics_get(t, 0), 0)->is_indexed);
    assert_false(hg_topic_part(hg_topics_get(t, 0), 1)->is_indexed);
    hg_topics_free(&t);
}

static void without_memory_no_topic_is_half_there(void **state) {
    (void)state;
    for (int64_t i = 0; i < 3; i++) {
        struct hg_topics *t = hg_topics_new();
        hg_alloc_fail_after(i);
        int err = add(t, 0);
        hg_alloc_fail_after(-1);
        assert_int_equal(err, HG_ENOMEM);
        assert_int_equal(hg_topics_count(t), 0);
        assert_null(hg_topics_find(t, HG_SLICE("topic.0")));
        assert_int_equal(add(t, 0), 0);
        hg_topics_free(&t);
    }
}

static void *look(void *arg) {
    struct hg_topics *t = arg;
    uint32_t n;
    do {
        n = hg_topics_count(t);
        for (uint32_t id = 0; id < n; id++) {
            const struct hg_topic *topic = hg_topics_get(t, id);
            if (topic->id != id || hg_topics_find(t, topic->name) == NULL) {
                /* The newest may have its number before its name. */
                if (id + 1 < n) {
                    return t;
                }
            }
        }
    } while (n < 600);
    return NULL;
}

static void readers_look_while_topics_are_added(void **state) {
    (void)state;
    struct hg_topics *t = hg_topics_new();
    pthread_t thread;
    void *wrong = NULL;
    assert_int_equal(pthread_create(&thread, NULL, look, t), 0);
    for (int i = 0; i < 600; i++) {
        assert_int_equal(add(t, i), 0);
    }
    assert_int_equal(pthread_join(thread, &wrong), 0);
    assert_null(wrong);
    hg_topics_free(&t);
}

static void a_topic_that_is_cut_back_goes_on_below(void **state) {
    (void)state;
    struct hg_topics *t = hg_topics_new();
    struct hg_log_range range = {.epoch = 1, .partitions = 1, .first = 5, .next = 9};
    assert_int_equal(hg_topics_add(t, HG_SLICE("t"), 1, &range), 0);
    struct hg_topic *topic = hg_topics_get(t, 0);
    hg_topic_cut(topic, 0, 7);
    assert_int_equal(atomic_load(&hg_topic_part(topic, 0)->next), 7);
    assert_int_equal(atomic_load(&hg_topic_part(topic, 0)->first), 5);
    hg_topic_cut(topic, 0, 2);
    assert_int_equal(atomic_load(&hg_topic_part(topic, 0)->next), 2);
    assert_int_equal(atomic_load(&hg_topic_part(topic, 0)->first), 2);
    assert_int_equal(atomic_load(&topic->cuts), 2);
    hg_topics_free(&t);
}

static void partitions_are_added_and_stay_where_they_are(void **state) {
    (void)state;
    struct hg_topics *t = hg_topics_new();
    struct hg_log_range ranges[7];
    for (uint32_t p = 0; p < 7; p++) {
        ranges[p] = (struct hg_log_range){.epoch = 1, .partitions = 7, .next = p};
    }
    assert_int_equal(hg_topics_add(t, HG_SLICE("t"), 2, ranges), 0);
    struct hg_topic *topic = hg_topics_get(t, 0);
    struct hg_topic_part *first = hg_topic_part(topic, 1);
    hg_topic_raise_next(topic, 1, 100);
    assert_int_equal(hg_topic_grow(topic, 3, ranges), 0);
    assert_int_equal(hg_topic_grow(topic, 7, ranges), 0);
    assert_int_equal(hg_topic_partitions(topic), 7);
    assert_ptr_equal(hg_topic_part(topic, 1), first);
    assert_true(atomic_load(&first->next) == 100);
    for (uint32_t p = 2; p < 7; p++) {
        assert_true(atomic_load(&hg_topic_part(topic, p)->next) == p);
        assert_false(hg_topic_part(topic, p)->is_indexed);
    }
    assert_int_equal(hg_topic_grow(topic, 4, ranges), 0); /* partitions never go */
    assert_int_equal(hg_topic_partitions(topic), 7);
    hg_topics_free(&t);
}

int test_topics(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_that_is_cut_back_goes_on_below),
        cmocka_unit_test(topics_are_numbered_and_found),
        cmocka_unit_test(bounds_only_rise_within_an_epoch),
        cmocka_unit_test(only_topics_with_records_need_an_index),
        cmocka_unit_test(without_memory_no_topic_is_half_there),
        cmocka_unit_test(readers_look_while_topics_are_added),
        cmocka_unit_test(partitions_are_added_and_stay_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
