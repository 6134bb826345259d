/* SPDX-License-Identifier: Apache-2.0 */
/* test_topics.c - the table of topics, and what the cluster says of them. */
#include "modules/log_kafka/other.h"

#include <stdio.h>

static void a_topic_that_is_not_there_is_said_by_name(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct hg_why why = {""};
    kafka_rig_open(&rig, "kafka_create_topics off;");
    const char *name = kafka_rig_name(&rig, 0);
    assert_int_equal(kafka_rig_topic(&rig, 0, name, &why), HG_ENOENT);
    assert_non_null(strstr(why.text, name));
    kafka_rig_close(&rig);
}

static void an_id_that_got_no_topic_is_given_to_another(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct hg_why why = {""};
    kafka_rig_open(&rig, "");
    assert_int_equal(kafka_rig_topic(&rig, 0, "not/a/name", &why), HG_EINVAL);
    assert_null(kafka_topic(rig.state, 0));
    const char *name = kafka_rig_new_topic(&rig, 0);
    assert_string_equal(kafka_topic(rig.state, 0)->name, name);
    kafka_rig_close(&rig);
}

static void opened_again_it_is_the_same(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct hg_why why = {""};
    kafka_rig_open(&rig, "");
    const char *name = kafka_rig_new_topic(&rig, 3);
    struct kafka_topic *before = kafka_topic(rig.state, 3);
    assert_int_equal(kafka_rig_topic(&rig, 3, name, &why), 0);
    assert_ptr_equal(kafka_topic(rig.state, 3), before);
    kafka_rig_close(&rig);
}

static void describe_tells_where_it_begins_and_ends(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct hg_log_range range;
    kafka_rig_open(&rig, "kafka_partitions 2;");
    (void)kafka_rig_new_topic(&rig, 0);
    assert_int_equal(rig.ops->describe(rig.state, 0, 0, &range), 0);
    assert_int_equal(range.epoch, 1);
    assert_int_equal(range.partitions, 2);
    assert_int_equal(range.first, 0);
    assert_int_equal(range.next, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kafka_rig_append(&rig, 0, "", kafka_rig_event("x", "1", 1), NULL), 0);
    }
    assert_int_equal(rig.ops->describe(rig.state, 0, 0, &range), 0);
    assert_int_equal(range.next, 3);
    assert_int_equal(rig.ops->describe(rig.state, 0, 2, &range), HG_ENOENT);
    assert_int_equal(rig.ops->describe(rig.state, 7, 0, &range), HG_ENOENT);
    kafka_rig_close(&rig);
}

/* As a gateway does that starts just then. */
static void a_topic_that_another_client_made_just_now_is_waited_for(void **state) {
    enum { TIMES = 3, PARTITIONS = 40 };
    (void)state;
    struct kafka_rig rig;
    kafka_rig_open(&rig, "");
    for (uint32_t id = 0; id < TIMES; id++) {
        struct other o = {0};
        struct hg_why why = {""};
        struct hg_log_range range;
        other_open(&o, NULL);
        other_make(&o, PARTITIONS, NULL);
        assert_int_equal(kafka_rig_topic(&rig, id, o.topic, &why), 0);
        for (uint32_t p = 0; p < PARTITIONS; p++) {
            assert_int_equal(rig.ops->describe(rig.state, id, p, &range), 0);
        }
        other_delete(&o);
        other_close(&o);
    }
    kafka_rig_close(&rig);
}

struct seek {
    const char *name;
    unsigned found, own, all;
};

static void on_listed(void *arg, const struct hg_log_topic *topic) {
    struct seek *s = arg;
    s->found += hg_slice_eq(topic->name, hg_slice_of(s->name)) && topic->partitions == 2;
    s->all++;
    s->own += hg_slice_starts(topic->name, HG_SLICE("__"));
}

static void a_list_has_it_and_none_of_the_clusters_own(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct seek s = {0};
    kafka_rig_open(&rig, "kafka_partitions 2;");
    s.name = kafka_rig_new_topic(&rig, 0);
    assert_int_equal(rig.ops->list(rig.state, on_listed, &s), 0);
    assert_int_equal(s.found, 1);
    assert_int_equal(s.own, 0);
    kafka_rig_close(&rig);
}

static void a_prefix_is_in_the_cluster_alone(void **state) {
    (void)state;
    struct kafka_rig ours, others;
    struct hg_why why = {""};
    char prefix[64], rows[128];
    kafka_rig_open(&others, "");
    (void)snprintf(prefix, sizeof prefix, "%s.", kafka_rig_name(&others, 0));
    (void)snprintf(rows, sizeof rows, "kafka_topic_prefix %s; kafka_partitions 2;", prefix);
    kafka_rig_open(&ours, rows);
    struct seek inside = {.name = "a"}, outside = {.name = "a"};
    assert_int_equal(kafka_rig_topic(&ours, 0, inside.name, &why), 0);
    const char *name = kafka_topic(ours.state, 0)->name;
    assert_int_equal(strncmp(name, prefix, strlen(prefix)), 0);
    assert_string_equal(name + strlen(prefix), "a");
    assert_int_equal(kafka_rig_append(&ours, 0, "", kafka_rig_event("x", "1", 1), NULL), 0);
    assert_int_equal(ours.ops->list(ours.state, on_listed, &inside), 0);
    assert_int_equal(inside.found, 1);
    assert_int_equal(inside.all, 1);
    assert_int_equal(others.ops->list(others.state, on_listed, &outside), 0);
    assert_int_equal(outside.found, 0);
    outside.name = name;
    assert_int_equal(others.ops->list(others.state, on_listed, &outside), 0);
    assert_int_equal(outside.found, 1);
    kafka_rig_close(&ours);
    kafka_rig_close(&others);
}

static void a_name_is_measured_with_its_prefix(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct hg_why why = {""};
    char name[KAFKA_NAME_MAX + 1] = "";
    kafka_rig_open(&rig, "kafka_topic_prefix ten-chars.; kafka_create_topics off;");
    memset(name, 'x', KAFKA_NAME_MAX - 9);
    assert_int_equal(kafka_rig_topic(&rig, 0, name, &why), HG_EINVAL);
    assert_non_null(strstr(why.text, "239"));
    name[KAFKA_NAME_MAX - 10] = '\0';
    assert_int_equal(kafka_rig_topic(&rig, 0, name, &why), HG_ENOENT);
    kafka_rig_close(&rig);
}

static void a_topic_that_should_be_compacted_and_is_not_is_refused(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct hg_why why = {""};
    kafka_rig_open(&rig, "");
    struct hg_log_topic topic = {
        .name = hg_slice_of(kafka_rig_new_topic(&rig, 0)), .partitions = 1, .is_compacted = true};
    assert_int_equal(rig.ops->topic_open(rig.state, &topic, &why), HG_EINVAL);
    assert_non_null(strstr(why.text, "cleanup.policy"));
    topic.name = hg_slice_of(kafka_rig_name(&rig, 1));
    topic.id = 1;
    assert_int_equal(rig.ops->topic_open(rig.state, &topic, &why), 0);
    assert_true(kafka_topic(rig.state, 1)->is_compacted);
    kafka_rig_close(&rig);
}

int test_topics(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_that_is_not_there_is_said_by_name),
        cmocka_unit_test(an_id_that_got_no_topic_is_given_to_another),
        cmocka_unit_test(opened_again_it_is_the_same),
        cmocka_unit_test(describe_tells_where_it_begins_and_ends),
        cmocka_unit_test(a_topic_that_another_client_made_just_now_is_waited_for),
        cmocka_unit_test(a_list_has_it_and_none_of_the_clusters_own),
        cmocka_unit_test(a_prefix_is_in_the_cluster_alone),
        cmocka_unit_test(a_name_is_measured_with_its_prefix),
        cmocka_unit_test(a_topic_that_should_be_compacted_and_is_not_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
