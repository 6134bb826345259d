/* SPDX-License-Identifier: Apache-2.0 */
/* test_handle.c - handles that are open, and another user and password for them. The
 * cluster that believes it is tests/scenario/test_k16_secure.py's. */

#include "modules/log_kafka/rig.h"

static void open_base(struct kafka *k, struct conf_text *text, const char *rows) {
    struct hg_why why = {""};
    *k = (struct kafka){.magic = KAFKA_MAGIC};
    kafka_rig_conf(text, rows);
    conf_text_assert_good(text);
    struct hg_log_open open = {
        .args = {HG_SLICE("127.0.0.1:1")},
        .n_args = 1,
        .conf = hg_conf_of_table(hg_conf_main(text->conf), kafka_rows),
    };
    assert_int_equal(kafka_conf_read(&open, k, &why), 0);
}

static rd_kafka_t *open_handle(struct kafka *k) {
    static const char *const none[] = {NULL};
    struct hg_why why = {""};
    rd_kafka_conf_t *conf = kafka_handle_conf(k, none, &why);
    assert_non_null(conf);
    rd_kafka_t *rk = kafka_handle_new(k, RD_KAFKA_PRODUCER, conf, &why);
    assert_non_null(rk);
    return rk;
}

static void what_is_open_is_known_until_it_is_not(void **state) {
    struct kafka k;
    struct conf_text text;
    rd_kafka_t *rk[40];
    (void)state;
    open_base(&k, &text, "");
    for (size_t i = 0; i < HG_COUNT(rk); i++) {
        rk[i] = open_handle(&k);
        assert_int_equal(k.handles.n, i + 1);
    }
    for (size_t i = 0; i < HG_COUNT(rk); i++) {
        kafka_handle_destroy(&k, rk[i]);
        assert_int_equal(k.handles.n, HG_COUNT(rk) - i - 1);
    }
    kafka_conf_fini(&k);
    conf_text_close(&text);
}

static void without_another_password_nobody_is_asked(void **state) {
    struct kafka k;
    struct conf_text text;
    struct hg_why why = {""};
    (void)state;
    open_base(&k, &text, "kafka_property client.id x;");
    struct hg_log_open open = {
        .conf = hg_conf_of_table(hg_conf_main(text.conf), kafka_rows),
    };
    assert_int_equal(kafka_renew(&k, &open, &why), 0); /* or it would wait for who is not there */
    assert_false(k.handles.identity.is_renewed);
    kafka_conf_fini(&k);
    conf_text_close(&text);
}

int test_handle(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_open_is_known_until_it_is_not),
        cmocka_unit_test(without_another_password_nobody_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
