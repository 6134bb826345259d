/* SPDX-License-Identifier: Apache-2.0 */
/* test_view.c - many topics are asked for at once, and not kept in the handle. */
#include "modules/log_kafka/other.h"

#include "read.h"

enum { MANY = 6 };

/* Until its leader is chosen. */
static const struct rd_kafka_metadata_topic *await(struct kafka *k, const char *topic) {
    const struct rd_kafka_metadata_topic *t = NULL;
    for (int64_t end = kafka_mono_ms() + 10000; t == NULL && kafka_mono_ms() < end;) {
        t = kafka_view_find(k, topic);
    }
    assert_non_null(t);
    return t;
}

static void one_alone_is_asked_for_by_name_and_the_next_are_seen_together(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct other o[2] = {0};
    kafka_rig_open(&rig, "");
    for (size_t i = 0; i < HG_COUNT(o); i++) {
        other_open(&o[i], NULL);
        other_make(&o[i], 3, NULL);
    }
    struct kafka *k = rig.state;
    assert_null(kafka_view_find(k, o[0].topic));
    const struct rd_kafka_metadata_topic *t = await(k, o[1].topic);
    assert_string_equal(t->topic, o[1].topic);
    assert_int_equal(t->partition_cnt, 3);
    assert_non_null(kafka_view_find(k, o[0].topic));
    assert_null(kafka_view_find(k, "no-topic-has-this-name"));
    for (size_t i = 0; i < HG_COUNT(o); i++) {
        other_close(&o[i]);
    }
    kafka_rig_close(&rig);
}

/* With one more: for a handle that keeps none it means all that there are. */
static int kept_with(struct kafka *k, const char *topic) {
    const struct rd_kafka_metadata *m = NULL;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(k->client, topic, NULL);
    assert_non_null(rkt);
    assert_int_equal(rd_kafka_metadata(k->client, 0, NULL, &m, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
    int n = m->topic_cnt;
    rd_kafka_metadata_destroy(m);
    rd_kafka_topic_destroy(rkt);
    return n;
}

static void of_many_that_are_opened_the_handle_keeps_none_but_the_first(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct other o[MANY] = {0};
    struct hg_why why = {""};
    struct hg_log_range range;
    kafka_rig_open(&rig, "");
    for (size_t i = 0; i < MANY; i++) {
        other_open(&o[i], NULL);
        other_make(&o[i], 2, NULL);
    }
    for (size_t i = 0; i < MANY; i++) { /* one whose leader is being chosen is asked for by name */
        await(rig.state, o[i].topic);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(kafka_rig_topic(&rig, i, o[i].topic, &why), 0);
        assert_int_equal(rig.ops->describe(rig.state, i, 1, &range), 0);
        assert_int_equal(range.partitions, 2);
    }
    assert_true(kept_with(rig.state, o[0].topic) <
                MANY / 2); /* a slow one counts as another first */
    for (size_t i = 0; i < MANY; i++) {
        other_close(&o[i]);
    }
    kafka_rig_close(&rig);
}

int test_view(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_alone_is_asked_for_by_name_and_the_next_are_seen_together),
        cmocka_unit_test(of_many_that_are_opened_the_handle_keeps_none_but_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
