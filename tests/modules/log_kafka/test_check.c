/* SPDX-License-Identifier: Apache-2.0 */
/* test_check.c - what -t hears from a cluster, and that asking changes nothing. */
#include "modules/log_kafka/other.h"

#include <stdio.h>

#include "read.h"

enum { WAIT_MS = 10000 };

struct heard {
    unsigned n, line;
    char text[2048];
};

static void on_remark(void *arg, const struct hg_log_topic *topic, const struct hg_conf_line *line,
                      const char *text) {
    struct heard *h = arg;
    size_t at = strlen(h->text);
    assert_true(topic->name.len > 0);
    (void)snprintf(h->text + at, sizeof h->text - at, "%s\n", text);
    h->line = line != NULL ? line->number : h->line;
    h->n++;
}

static int ask(const char *bootstrap, const char *rows, const char *name, int64_t body_bytes,
               struct heard *ret, struct hg_why *why) {
    struct kafka_rig rig = {0};
    kafka_rig_conf(&rig.text, rows);
    conf_text_assert_good(&rig.text);
    struct hg_log_topic topic = kafka_rig_wanted(&rig, 0, name);
    topic.event_bytes_max = body_bytes;
    const struct hg_log_open open = {
        .args = {hg_slice_of(bootstrap)},
        .n_args = 1,
        .conf = hg_conf_of_table(hg_conf_main(rig.text.conf), kafka_rows),
    };
    *ret = (struct heard){0};
    int err = hg_module_log_kafka.log->check(&open, &topic, 1, WAIT_MS, on_remark, ret, why);
    conf_text_close(&rig.text);
    return err;
}

static void expect(const struct heard *h, const char *part) {
    if (strstr(h->text, part) == NULL) {
        fail_msg("%s is not in %s", part, h->text);
    }
}

static void a_cluster_that_is_not_there_is_an_answer_at_once(void **state) {
    struct heard h;
    struct hg_why why = {""};
    int64_t begun = kafka_mono_ms();
    (void)state;
    assert_int_equal(ask("127.0.0.1:1", "", "a", 0, &h, &why), HG_EAGAIN);
    assert_true(kafka_mono_ms() - begun < WAIT_MS - 1000);
    assert_non_null(strstr(why.text, "127.0.0.1:1 could not be asked"));
    assert_int_equal(h.n, 0);
}

static void a_conf_that_the_client_does_not_take_is_no_warning(void **state) {
    struct heard h;
    struct hg_why why = {""};
    (void)state;
    assert_int_equal(ask("127.0.0.1:1",
                         "kafka_property security.protocol SASL_PLAINTEXT; "
                         "kafka_property sasl.mechanisms NONESUCH;",
                         "a", 0, &h, &why),
                     HG_EINVAL);
}

static void what_is_there_is_compared_and_judged(void **state) {
    static const char *const settings[] = {"max.message.bytes", "20000", "message.timestamp.type",
                                           "CreateTime", NULL};
    struct other o = {0};
    struct heard h;
    struct hg_why why = {""};
    char rows[256];
    (void)state;
    other_open(&o, NULL);
    other_make(&o, 1, settings);
    (void)snprintf(rows, sizeof rows, "topic %s {\nkafka_partitions 3; }", o.topic);
    assert_int_equal(ask(kafka_rig_bootstrap(), rows, o.topic, 30000, &h, &why), 0);
    expect(&h, "kafka_partitions 3: ");
    expect(&h, "one copy");
    expect(&h, "message.timestamp.type is CreateTime");
    expect(&h, "max.message.bytes is 20000");
    assert_int_equal(h.line, 2);
    assert_int_equal(h.n, 4);
    other_delete(&o);
    other_close(&o);
}

static void what_is_not_there_is_not_made(void **state) {
    struct kafka_rig rig;
    struct heard h;
    struct hg_why why = {""};
    kafka_rig_open(&rig, "kafka_create_topics off;");
    const char *name = kafka_rig_name(&rig, 0);
    (void)state;
    assert_int_equal(ask(kafka_rig_bootstrap(), "", name, 0, &h, &why), 0);
    assert_int_equal(h.n, 0);
    assert_int_equal(ask(kafka_rig_bootstrap(), "kafka_replication 99;", name, 0, &h, &why), 0);
    expect(&h, "99"); /* in the cluster's words */
    assert_int_equal(ask(kafka_rig_bootstrap(), "kafka_create_topics off;", name, 0, &h, &why), 0);
    expect(&h, "a start would fail");
    assert_int_equal(kafka_rig_topic(&rig, 0, name, &why), HG_ENOENT);
    kafka_rig_close(&rig);
}

int test_check(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cluster_that_is_not_there_is_an_answer_at_once),
        cmocka_unit_test(a_conf_that_the_client_does_not_take_is_no_warning),
        cmocka_unit_test(what_is_there_is_compared_and_judged),
        cmocka_unit_test(what_is_not_there_is_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
