/* SPDX-License-Identifier: Apache-2.0 */
/* test_fault.c - one line says why the cluster cannot be had. */
#include "modules/log_kafka/rig.h"

static void what_says_most_is_kept(void **state) {
    struct kafka_fault f = {0};
    (void)state;
    assert_string_equal(kafka_fault_text(&f, "nothing"), "nothing");
    kafka_fault_note(&f, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down");
    assert_string_equal(kafka_fault_text(&f, "nothing"), "1/1 brokers are down");
    kafka_fault_note(&f, RD_KAFKA_RESP_ERR__TRANSPORT, "Connect failed: refused");
    kafka_fault_note(&f, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down");
    assert_string_equal(kafka_fault_text(&f, "nothing"), "Connect failed: refused");
    assert_false(kafka_fault_is_refusal(&f));
    kafka_fault_note(&f, RD_KAFKA_RESP_ERR__AUTHENTICATION, "Authentication failed");
    kafka_fault_note(&f, RD_KAFKA_RESP_ERR__TRANSPORT, "Disconnected");
    assert_string_equal(kafka_fault_text(&f, "nothing"), "Authentication failed");
    assert_true(kafka_fault_is_refusal(&f));
}

static void a_certificate_is_refused_by_an_alert_too(void **state) {
    static const char alert[] =
        "ssl://b:1/1: error:0A00045C:SSL routines::tlsv13 alert certificate required";
    struct kafka_fault f = {0};
    (void)state;
    kafka_fault_note(&f, RD_KAFKA_RESP_ERR__TRANSPORT, alert);
    assert_true(kafka_fault_is_refusal(&f));
    f = (struct kafka_fault){0};
    kafka_fault_note(&f, RD_KAFKA_RESP_ERR__SSL, "SSL handshake failed");
    assert_true(kafka_fault_is_refusal(&f));
}

static void a_long_text_is_cut(void **state) {
    struct kafka_fault f = {0};
    char text[1000];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    kafka_fault_note(&f, RD_KAFKA_RESP_ERR__TRANSPORT, text);
    assert_int_equal(strlen(kafka_fault_text(&f, "")), sizeof f.text - 1);
}

int test_fault(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_says_most_is_kept),
        cmocka_unit_test(a_certificate_is_refused_by_an_alert_too),
        cmocka_unit_test(a_long_text_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
