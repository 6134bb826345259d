/* SPDX-License-Identifier: Apache-2.0 */
/* test_conf.c - kafka_property and its neighbours: no broker is needed. */
#include "modules/log_kafka/rig.h"

#include <stdio.h>
#include <stdlib.h>

static void expect_said(const char *rows, bool is_fault, const char *part) {
    struct conf_text text;
    kafka_rig_conf(&text, rows);
    if ((text.conf == NULL) != is_fault || strstr(text.errors.ptr, part) == NULL) {
        print_error("for: %s\nwanted: %s\ngot: %s\n", rows, part, text.errors.ptr);
        fail();
    }
    conf_text_close(&text);
}

static void what_breaks_a_promise_is_refused_with_its_line(void **state) {
    (void)state;
    static const char *const rows[] = {
        "enable.idempotence false",
        "acks 1",
        "acks 0",
        "request.required.acks 1",
        "max.in.flight 6",
        "max.in.flight.requests.per.connection 1000",
        "queuing.strategy lifo",
        "delivery.report.only.error true",
        "message.timeout.ms 0",
        "delivery.timeout.ms 0",
        "bootstrap.servers a:1",
        "metadata.broker.list a:1",
        "transactional.id x",
        "transaction.timeout.ms 5000",
        "group.id x",
        "auto.offset.reset latest",
        "enable.auto.commit true",
    };
    for (size_t i = 0; i < HG_COUNT(rows); i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "\nkafka_property %s;", rows[i]);
        expect_said(line, true, "t.conf:2: kafka_property: ");
    }
    expect_said("kafka_property acks 1;", true, "acks can only be all");
    expect_said("kafka_property max.in.flight 6;", true, "can be 5 at most");
}

static void the_same_with_a_safe_value_is_taken(void **state) {
    (void)state;
    static const char *const rows[] = {"enable.idempotence true",
                                       "acks all",
                                       "acks -1",
                                       "max.in.flight 5",
                                       "max.in.flight 1",
                                       "linger.ms 0.5",
                                       "message.timeout.ms 1000",
                                       "compression.codec zstd",
                                       "security.protocol SASL_SSL",
                                       "sasl.mechanisms PLAIN"};
    for (size_t i = 0; i < HG_COUNT(rows); i++) {
        struct conf_text text;
        char line[128];
        (void)snprintf(line, sizeof line, "kafka_property %s;", rows[i]);
        kafka_rig_conf(&text, line);
        conf_text_assert_good(&text);
        conf_text_close(&text);
    }
}

static void what_may_break_one_is_warned_about(void **state) {
    (void)state;
    expect_said("kafka_property check.crcs false;", false, "t.conf:1:");
    expect_said("kafka_property enable.ssl.certificate.verification false;", false,
                "anybody can pass for the cluster");
    expect_said("kafka_property isolation.level read_uncommitted;", false, "undone");
}

static void names_and_values_are_checked_by_librdkafka(void **state) {
    (void)state;
    expect_said("kafka_property linger.msec 1;", true, "linger.msec");
    expect_said("kafka_property linger.ms often;", true, "linger.ms");
    expect_said("kafka_property linger.ms 1; kafka_property linger.ms 2;", true,
                "linger.ms is set already");
    expect_said("kafka_property linger.ms;", true, "t.conf:1");
}

static void a_prefix_is_what_a_topics_name_may_begin_with(void **state) {
    (void)state;
    char line[160] = "kafka_topic_prefix ";
    expect_said("kafka_topic_prefix shop/;", true, "t.conf:1: kafka_topic_prefix: ");
    expect_said("kafka_topic_prefix __x;", true, "the cluster's own");
    memset(line + strlen(line), 'x', KAFKA_PREFIX_MAX + 1);
    line[strlen(line)] = ';';
    expect_said(line, true, "100 characters");
    struct conf_text text;
    kafka_rig_conf(&text, "kafka_topic_prefix Shop_1-a.;");
    conf_text_assert_good(&text);
    conf_text_close(&text);
}

static void what_nothing_could_be_stored_with_is_refused(void **state) {
    (void)state;
    expect_said("kafka_replication 3; kafka_min_insync_replicas 4;", true,
                "t.conf:1: kafka_min_insync_replicas: 4 copies");
    expect_said("kafka_replication 3;\ntopic a { kafka_min_insync_replicas 4; }", true,
                "t.conf:2: kafka_min_insync_replicas: 4 copies");
    struct conf_text text;
    kafka_rig_conf(&text, "kafka_min_insync_replicas 2; topic a { kafka_replication 2; }");
    conf_text_assert_good(&text);
    conf_text_close(&text);
}

/* Reads files and the environment itself. */
static void load_live(struct conf_text *text, const char *rows) {
    static struct hg_conf_owner owner = {"log_kafka", kafka_rows, sizeof(struct kafka_settings),
                                         NULL};
    static const struct hg_conf_owner *const owners[] = {&owner, NULL};
    struct hg_conf_setup setup = {
        .files = hg_conf_files_new(true), .path = HG_SLICE("t.conf"), .owners = owners};
    *text = (struct conf_text){.files = setup.files};
    assert_int_equal(hg_conf_files_put(text->files, setup.path, hg_slice_of(rows)), 0);
    assert_int_equal(hg_conf_load(&setup, &text->conf, &text->errors), 0);
}

static void secrets_come_from_elsewhere_and_are_never_shown(void **state) {
    (void)state;
    struct conf_text text;
    struct hg_buf dump = {0};
    expect_said("kafka_property sasl.password hunter2;", true, "file:");
    assert_int_equal(setenv("LOG_KAFKA_TEST", "hunter2", 1), 0);
    load_live(&text, "kafka_property sasl.password env:LOG_KAFKA_TEST;");
    const struct kafka_settings *s = hg_conf_of_table(hg_conf_main(text.conf), kafka_rows);
    assert_string_equal(s->properties->value.ptr, "hunter2");
    hg_conf_dump(text.conf, &dump);
    hg_buf_put(&dump, "", 1);
    assert_null(strstr(dump.ptr, "hunter2"));
    hg_buf_fini(&dump);
    conf_text_close(&text);
}

static void one_argument_names_the_brokers(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct hg_why why = {""};
    assert_int_equal(kafka_rig_try(&rig, NULL, "", &why), HG_EINVAL);
    assert_non_null(strstr(why.text, "BROKER:PORT"));
}

static void an_id_of_transactions_is_text_without_blanks(void **state) {
    (void)state;
    expect_said("kafka_transactional_id \"a b\";", true, "printable ASCII characters only");
    expect_said("kafka_transactional_id \"\";", true, "1 to 249 characters");
    assert_int_equal(setenv("TEST_KAFKA_ID", "gateway-7", 1), 0);
    struct conf_text text;
    load_live(&text, "kafka_transactional_id env:TEST_KAFKA_ID;");
    const struct kafka_settings *s = hg_conf_of_table(hg_conf_main(text.conf), kafka_rows);
    assert_string_equal(s->transactional_id.ptr, "gateway-7");
    conf_text_close(&text);
}

int test_conf(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_breaks_a_promise_is_refused_with_its_line),
        cmocka_unit_test(the_same_with_a_safe_value_is_taken),
        cmocka_unit_test(what_may_break_one_is_warned_about),
        cmocka_unit_test(names_and_values_are_checked_by_librdkafka),
        cmocka_unit_test(a_prefix_is_what_a_topics_name_may_begin_with),
        cmocka_unit_test(what_nothing_could_be_stored_with_is_refused),
        cmocka_unit_test(secrets_come_from_elsewhere_and_are_never_shown),
        cmocka_unit_test(one_argument_names_the_brokers),
        cmocka_unit_test(an_id_of_transactions_is_text_without_blanks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
