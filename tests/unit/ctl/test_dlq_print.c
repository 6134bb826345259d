/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/dlq_print.h"

#include "unit/ctl/rig.h"

/* What a function prints of a JSON text, in memory of the caller's. */
static char *printed(void (*print)(FILE *out, const json_t *value), const char *json) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    json_t *value = json_loads(json, 0, NULL);
    assert_non_null(value);
    print(out, value);
    fclose(out);
    json_decref(value);
    return text;
}

static void topics_are_a_table(void **state) {
    (void)state;
    char *text = printed(hg_ctl_dlq_print_list,
                         "{\"topics\":[{\"topic\":\"a.much.longer.dlq\",\"letters\":3,\"bytes\":70,"
                         "\"first\":{\"time\":\"T1\"},\"last\":{\"time\":\"T2\"}},"
                         "{\"topic\":\"b.dlq\",\"letters\":0,\"bytes\":0,\"first\":null,"
                         "\"last\":null}]}");
    assert_has(text,
               "a.much.longer.dlq          3              70  T1                        T2\n");
    assert_has(text, "b.dlq                      0               0  -                         -\n");
    free(text);
}

static void nothing_that_was_sent_steers_a_terminal(void **state) {
    (void)state;
    char *text =
        printed(hg_ctl_dlq_print_letter,
                "{\"position\":\"P\",\"time\":\"T\",\"reason\":\"r\\u001b\",\"detail\":null,"
                "\"principal\":\"\\u009b1m\",\"headers\":[[\"hg_ce-id\",\"x\\ny\"]],"
                "\"event\":{\"source\":\"/in\",\"datacontenttype\":\"text/plain\","
                "\"data_base64\":\"YQobWzMxbQ==\"}}");
    assert_has(text, "reason      r\\x1b\n");
    assert_has(text, "detail      -\n");
    assert_has(text, "principal   \\xc2\\x9b1m\n");
    assert_has(text, "header      hg_ce-id: x\\x0ay\n");
    assert_has(text, "body        text/plain, 7 bytes\n    a\n    \\x1b[31m\n");
    free(text);
}

static void bytes_that_are_no_text_are_not_shown(void **state) {
    (void)state;
    char *text = printed(hg_ctl_dlq_print_letter, "{\"event\":{\"data_base64\":\"/w==\"}}");
    assert_has(text, "body        -, 1 bytes, no text: see --data\n");
    free(text);
}

static void a_result_is_a_line(void **state) {
    (void)state;
    char *text =
        printed(hg_ctl_dlq_print_result,
                "{\"letter\":\"P\",\"outcome\":\"stored\",\"events\":[{\"position\":\"A\"},"
                "{\"position\":\"B\"}]}");
    assert_string_equal(text, "P stored A, B\n");
    free(text);
    text = printed(hg_ctl_dlq_print_result,
                   "{\"letter\":\"P\",\"outcome\":\"refused\",\"problem\":{\"status\":400,"
                   "\"title\":\"Not JSON\",\"detail\":\"at byte\\u001b\"}}");
    assert_string_equal(text, "P refused: 400 Not JSON: at byte\\x1b\n");
    free(text);
}

static void bytes_come_as_they_were(void **state) {
    struct hg_buf bytes = {.max = 0};
    json_t *letter = json_loads("{\"event\":{\"data_base64\":\"AP8=\"}}", 0, NULL);
    json_t *none = json_loads("{\"event\":{\"data\":1}}", 0, NULL);
    (void)state;
    assert_int_equal(hg_ctl_dlq_bytes(letter, &bytes), 0);
    assert_int_equal(bytes.len, 2);
    assert_memory_equal(bytes.ptr, "\0\xff", 2);
    assert_int_equal(hg_ctl_dlq_bytes(none, &bytes), HG_EINVAL);
    hg_buf_fini(&bytes);
    json_decref(letter);
    json_decref(none);
}

int test_dlq_print(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_are_a_table),
        cmocka_unit_test(nothing_that_was_sent_steers_a_terminal),
        cmocka_unit_test(bytes_that_are_no_text_are_not_shown),
        cmocka_unit_test(a_result_is_a_line),
        cmocka_unit_test(bytes_come_as_they_were),
    };
    return cmocka_run_group_tests_name("dlq_print", tests, NULL, NULL);
}
