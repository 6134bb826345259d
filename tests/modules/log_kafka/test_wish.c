/* SPDX-License-Identifier: Apache-2.0 */
/* test_wish.c - which lines count for a topic, and what is said where the cluster differs. */
#include "modules/log_kafka/rig.h"

struct heard {
    unsigned n, line;
    char text[512];
};

static void on_remark(void *arg, const struct hg_conf_line *line, const char *text) {
    struct heard *h = arg;
    size_t len = strlen(text);
    assert_true(len < sizeof h->text);
    memcpy(h->text, text, len + 1);
    h->line = line->number;
    h->n++;
}

static void wish_of(struct kafka_rig *rig, const char *rows, const char *name,
                    struct kafka_wish *ret) {
    kafka_rig_conf(&rig->text, rows);
    conf_text_assert_good(&rig->text);
    const struct hg_log_topic topic = kafka_rig_wanted(rig, 0, name);
    kafka_wish_fill(&topic, ret);
}

static void a_topic_has_its_blocks_numbers_and_else_the_main_blocks(void **state) {
    struct kafka_rig rig = {0};
    struct kafka_wish w;
    (void)state;
    wish_of(&rig,
            "kafka_partitions 2; kafka_replication 3;\n"
            "topic a {\nkafka_partitions 6;\nretention 0; }",
            "a", &w);
    assert_int_equal(w.said[KAFKA_PARTITIONS].value, 6);
    assert_int_equal(w.said[KAFKA_PARTITIONS].line->number, 3);
    assert_true(w.said[KAFKA_PARTITIONS].is_own);
    assert_int_equal(w.said[KAFKA_REPLICATION].value, 3);
    assert_false(w.said[KAFKA_REPLICATION].is_own);
    assert_int_equal(w.said[KAFKA_MIN_INSYNC].value, 0);
    assert_int_equal(w.said[KAFKA_RETENTION].value, -1);
    assert_int_equal(w.said[KAFKA_RETENTION_SIZE].value, -1);
    assert_null(w.said[KAFKA_RETENTION_SIZE].line);
    conf_text_close(&rig.text);
}

static void only_lines_about_the_topic_are_compared(void **state) {
    struct kafka_rig rig = {0};
    struct kafka_wish w;
    struct heard h = {0};
    struct kafka_kept kept = {.has = {[KAFKA_PARTITIONS] = 4, [KAFKA_REPLICATION] = 1}};
    (void)state;
    kept.has[KAFKA_RETENTION] = 1000;
    wish_of(&rig, "kafka_partitions 2;\ntopic a {\nkafka_replication 3; }", "a", &w);
    kafka_wish_compare(&w, "the.a", &kept, on_remark, &h);
    assert_int_equal(h.n, 1); /* neither a default nor what is for topics that are made */
    assert_int_equal(h.line, 3);
    assert_non_null(strstr(h.text, "kafka_replication 3: the.a is there with copies 1"));
    kept.has[KAFKA_REPLICATION] = 3;
    kafka_wish_compare(&w, "the.a", &kept, on_remark, &h);
    assert_int_equal(h.n, 1);
    conf_text_close(&rig.text);
}

static void a_retention_of_the_main_block_is_for_all(void **state) {
    struct kafka_rig rig = {0};
    struct kafka_wish w;
    struct heard h = {0};
    struct kafka_kept kept = {.has = {[KAFKA_RETENTION] = -1}};
    (void)state;
    wish_of(&rig, "retention 1h;", "b", &w);
    kafka_wish_compare(&w, "b", &kept, on_remark, &h);
    assert_int_equal(h.n, 1);
    assert_non_null(strstr(h.text, "retention 1h: b is there with retention.ms -1"));
    kept.is_compacted = true; /* where it says nothing of how long */
    kafka_wish_compare(&w, "b", &kept, on_remark, &h);
    assert_int_equal(h.n, 1);
    conf_text_close(&rig.text);
}

static void it_is_remembered_by_id_without_its_lines(void **state) {
    struct kafka_rig rig = {0};
    struct kafka k = {0};
    struct kafka_wish w;
    (void)state;
    wish_of(&rig, "topic a { kafka_partitions 6; }", "a", &w);
    assert_int_equal(kafka_wish_keep(&k, 40, &w), 0);
    conf_text_close(&rig.text);
    kafka_wish_recall(&k, 39, &w);
    assert_false(w.is_known);
    kafka_wish_recall(&k, 1000, &w);
    assert_false(w.is_known);
    kafka_wish_recall(&k, 40, &w);
    assert_true(w.is_known);
    assert_int_equal(w.said[KAFKA_PARTITIONS].value, 6);
    assert_null(w.said[KAFKA_PARTITIONS].line);
    hg_free(k.wishes);
}

int test_wish(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_has_its_blocks_numbers_and_else_the_main_blocks),
        cmocka_unit_test(only_lines_about_the_topic_are_compared),
        cmocka_unit_test(a_retention_of_the_main_block_is_for_all),
        cmocka_unit_test(it_is_remembered_by_id_without_its_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
