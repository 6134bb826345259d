/* SPDX-License-Identifier: Apache-2.0 */
/* test_plan.c - publishes made ready on the loop. */
#include "log/plan.h"

#include <stdio.h>

#include "base/alloc.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

static struct hg_topics *make_topics(uint32_t partitions) {
    struct hg_log_range ranges[8];
    struct hg_topics *topics = hg_topics_new();
    for (uint32_t p = 0; p < 8; p++) {
        ranges[p] = (struct hg_log_range){.epoch = 1, .partitions = partitions};
    }
    assert_int_equal(hg_topics_add(topics, HG_SLICE("t"), partitions, ranges), 0);
    return topics;
}

static uint32_t partition_of(struct hg_topics *topics, const char *id, const char *key) {
    struct hg_publish_item item = {.event = rig_event("/p", id, "x"), .key = hg_slice_of(key)};
    struct hg_publish p = {.items = &item, .n_items = 1};
    assert_int_equal(hg_plan_make(topics, &p), 0);
    uint32_t partition = p.plan->appends[0].partition;
    hg_plan_free(&p.plan);
    hg_event_unref(&item.event);
    return partition;
}

static void a_key_always_has_the_same_partition(void **state) {
    (void)state;
    struct hg_topics *topics = make_topics(8);
    bool is_used[8] = {0};
    for (int i = 0; i < 200; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key%d", i);
        uint32_t partition = partition_of(topics, "a", key);
        assert_true(partition < 8);
        assert_int_equal(partition, partition_of(topics, "b", key));
        is_used[partition] = true;
    }
    for (int i = 0; i < 8; i++) {
        assert_true(is_used[i]);
    }
    hg_topics_free(&topics);
}

static void a_key_goes_where_kafka_puts_it(void **state) {
    (void)state;
    struct hg_topics *topics = make_topics(6);
    assert_int_equal(partition_of(topics, "1", "customer-1"), 3);
    assert_int_equal(partition_of(topics, "1", "customer-2"), 2);
    assert_int_equal(partition_of(topics, "customer-1", NULL), 3); /* the id, for want of a key */
    hg_topics_free(&topics);
}

static void without_a_key_copies_still_meet(void **state) {
    (void)state;
    struct hg_topics *topics = make_topics(8);
    for (int i = 0; i < 20; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "id%d", i);
        assert_int_equal(partition_of(topics, id, NULL), partition_of(topics, id, NULL));
    }
    hg_topics_free(&topics);
}

static void bytes_grow_with_what_is_queued(void **state) {
    (void)state;
    struct hg_topics *topics = make_topics(1);
    struct hg_record_header header = {HG_SLICE("name"), HG_SLICE("0123456789")};
    struct hg_publish_item item = {.event = rig_event("/p", "1", "0123456789")};
    struct hg_publish p = {.items = &item, .n_items = 1};
    assert_int_equal(hg_plan_make(topics, &p), 0);
    size_t bytes = p.bytes;
    assert_true(bytes > 40);
    hg_plan_free(&p.plan);
    item.headers = &header;
    item.n_headers = 1;
    item.key = HG_SLICE("k");
    assert_int_equal(hg_plan_make(topics, &p), 0);
    assert_int_equal(p.bytes, bytes + 15);
    hg_plan_free(&p.plan);
    hg_event_unref(&item.event);
    hg_topics_free(&topics);
}

static void an_unknown_topic_or_no_memory_leaves_no_plan(void **state) {
    (void)state;
    struct hg_topics *topics = make_topics(1);
    struct hg_publish_item items[2] = {{.event = rig_event("/p", "1", "x")}, {.topic = 1}};
    struct hg_publish p = {.items = items, .n_items = 2};
    assert_int_equal(hg_plan_make(topics, &p), HG_ENOENT);
    assert_null(p.plan);
    p.n_items = 1;
    hg_alloc_fail_after(0);
    assert_int_equal(hg_plan_make(topics, &p), HG_ENOMEM);
    hg_alloc_fail_after(-1);
    assert_null(p.plan);
    hg_event_unref(&items[0].event);
    hg_topics_free(&topics);
}

int test_plan(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_always_has_the_same_partition),
        cmocka_unit_test(a_key_goes_where_kafka_puts_it),
        cmocka_unit_test(without_a_key_copies_still_meet),
        cmocka_unit_test(bytes_grow_with_what_is_queued),
        cmocka_unit_test(an_unknown_topic_or_no_memory_leaves_no_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
