/* SPDX-License-Identifier: Apache-2.0 */
/* test_whole.c - appends of which all or nothing is stored, through the driver. */
#include "modules/log_kafka/rig.h"

#include <stdio.h>
#include <stdlib.h>

enum { MANY = 12 };

static void open_with(struct kafka_rig *rig, const char *id) {
    struct hg_why why = {""};
    char rows[160];
    (void)snprintf(rows, sizeof rows, "kafka_transactional_id %s;", id);
    assert_int_equal(kafka_rig_try(rig, kafka_rig_bootstrap(), rows, &why), 0);
}

/* With an id that nobody has. */
static void open_rig(struct kafka_rig *rig) {
    struct kafka_rig namer = {.state = NULL};
    open_with(rig, kafka_rig_name(&namer, 0));
    free(namer.names[0]);
}

static void begin(struct kafka_rig *rig, struct kafka_try *t) {
    kafka_try_begin(rig, t);
    t->append.is_whole = true;
}

static void add(struct kafka_try *t, uint32_t topic, const char *data) {
    (void)kafka_try_add(t, topic, "k", kafka_rig_event("1", data, strlen(data)));
}

static void count(void *arg, const rd_kafka_message_t *m) {
    unsigned *n = arg;
    n[m->len > 0 ? *(const unsigned char *)m->payload : 0]++;
}

static void it_is_in_all_of_its_topics(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct kafka_try t;
    unsigned n[256] = {0};
    open_rig(&rig);
    const char *topics[] = {kafka_rig_new_topic(&rig, 0), kafka_rig_new_topic(&rig, 1)};
    begin(&rig, &t);
    add(&t, 0, "a");
    add(&t, 1, "b");
    add(&t, 0, "c");
    kafka_try_send(&rig, &t);
    assert_int_equal(kafka_try_wait(&t), 0);
    assert_int_equal(t.items[2].record.offset, 1);
    assert_int_equal(t.items[1].record.offset, 0);
    assert_int_equal(kafka_rig_read(topics[0], count, n), 2);
    assert_int_equal(kafka_rig_read(topics[1], count, n), 1);
    assert_int_equal(n['a'] + n['b'] + n['c'], 3);
    kafka_rig_close(&rig);
}

static void one_that_is_too_large_refuses_all(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct kafka_try t;
    unsigned n[256] = {0};
    open_rig(&rig);
    const char *topic = kafka_rig_new_topic(&rig, 0);
    size_t limit = kafka_topic(rig.state, 0)->max_message_bytes;
    char *large = hg_alloc(limit);
    memset(large, 'x', limit);
    begin(&rig, &t);
    add(&t, 0, "a");
    (void)kafka_try_add(&t, 0, "k", kafka_rig_event("2", large, limit));
    kafka_try_send(&rig, &t);
    assert_int_equal(kafka_try_wait(&t), HG_E2BIG);
    assert_int_equal(t.append.refused, 1);
    assert_int_equal(kafka_rig_read(topic, count, n), 0);
    hg_free(large);
    kafka_rig_close(&rig);
}

/* The second topic has fewer partitions than the driver believes. */
static void what_one_undoes_the_others_do_again(void **state) {
    (void)state;
    struct kafka_rig rig;
    static struct kafka_try t[MANY];
    unsigned n[256] = {0};
    open_rig(&rig);
    const char *topic = kafka_rig_new_topic(&rig, 0);
    (void)kafka_rig_new_topic(&rig, 1);
    kafka_topic(rig.state, 1)->partitions = 9;
    for (int i = 0; i < MANY; i++) {
        begin(&rig, &t[i]);
        add(&t[i], 0, "a");
        add(&t[i], i == MANY / 2 ? 1 : 0, "a");
        t[i].items[1].partition = i == MANY / 2 ? 8 : 0;
        kafka_try_send(&rig, &t[i]);
    }
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(kafka_try_wait(&t[i]), i == MANY / 2 ? HG_EAGAIN : 0);
    }
    assert_int_equal(kafka_rig_read(topic, count, n), 2 * (MANY - 1));
    kafka_rig_close(&rig);
}

static void at_the_end_each_is_answered(void **state) {
    (void)state;
    struct kafka_rig rig;
    static struct kafka_try t[MANY];
    unsigned n[256] = {0}, n_stored = 0;
    open_rig(&rig);
    struct hg_slice name = hg_slice_of(kafka_rig_new_topic(&rig, 0));
    char topic[128];
    (void)snprintf(topic, sizeof topic, "%.*s", HG_FMT(name));
    for (int i = 0; i < MANY; i++) {
        begin(&rig, &t[i]);
        add(&t[i], 0, "a");
        add(&t[i], 0, "a");
        kafka_try_send(&rig, &t[i]);
    }
    kafka_rig_close(&rig);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(atomic_load(&t[i].n_answers), 1);
        assert_true(t[i].err == 0 || t[i].err == HG_EAGAIN || t[i].err == HG_EDOUBT);
        n_stored += t[i].err == 0;
        hg_event_unref(&t[i].items[0].record.event);
        hg_event_unref(&t[i].items[1].record.event);
    }
    assert_true(kafka_rig_read(topic, count, n) >= 2 * n_stored);
    assert_int_equal(n['a'] % 2, 0);
}

static void without_an_id_there_are_none(void **state) {
    (void)state;
    struct conf_text text;
    struct hg_why why = {""};
    kafka_rig_conf(&text, "");
    struct hg_log_open open = {.conf = hg_conf_of_table(hg_conf_main(text.conf), kafka_rows)};
    assert_int_equal(hg_module_log_kafka.log->whole(&open, &why), HG_ENOTSUP);
    assert_non_null(strstr(why.text, "expected kafka_transactional_id"));
    conf_text_close(&text);
    kafka_rig_conf(&text, "kafka_transactional_id a;");
    open.conf = hg_conf_of_table(hg_conf_main(text.conf), kafka_rows);
    assert_int_equal(hg_module_log_kafka.log->whole(&open, &why), 0);
    conf_text_close(&text);
}

int test_whole(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_id_there_are_none),
        cmocka_unit_test(it_is_in_all_of_its_topics),
        cmocka_unit_test(one_that_is_too_large_refuses_all),
        cmocka_unit_test(what_one_undoes_the_others_do_again),
        cmocka_unit_test(at_the_end_each_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
