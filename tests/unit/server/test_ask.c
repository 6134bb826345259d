/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ask.h"

#include "unit/server/rig.h"

static int answer; /* of the driver's check */
static size_t n_asked;

/* A driver that says something of each topic: at its own line where it has one. */
static int check(const struct hg_log_open *open, const struct hg_log_topic *topics, size_t n,
                 int64_t wait_ms, hg_log_remark_fn fn, void *arg, struct hg_why *why) {
    bool is_own;
    assert_int_equal(open->n_args, 1);
    assert_true(wait_ms > 0);
    n_asked = n;
    for (size_t i = 0; i < n && answer == 0; i++) {
        fn(arg, &topics[i], hg_conf_line_for(topics[i].conf, "retention", &is_own), "hm");
    }
    hg_why_set(why, "nobody is there");
    return answer;
}

static const struct hg_log_ops driver = {.size = sizeof(driver), .name = "asked", .check = check};

static void assert_said(struct rig *rig, const struct hg_log_ops *ops, int err, const char *said) {
    struct hg_plan plan;
    struct hg_buf out = {0};
    rig_plan(rig, &plan);
    assert_int_equal(hg_ask_log(&plan, ops, NULL, &out), err);
    hg_buf_put(&out, "", 1);
    const char *at = out.ptr; /* without the directory */
    char short_text[2048] = "";
    for (size_t len; (len = strcspn(at, "\n")) > 0; at += len + 1) {
        const char *line = strstr(at, "test.conf:");
        strncat(short_text, line, len + 1 - (size_t)(line - at));
    }
    assert_string_equal(short_text, said);
    hg_buf_fini(&out);
    hg_plan_fini(&plan);
}

static void what_is_said_of_topics_is_a_warning_where_it_belongs(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig);
    rig_write(&rig, "topic demo.events {\nretention 1h; }\ntopic idle { }", "");
    answer = 0;
    assert_said(&rig, &driver, 0,
                "test.conf:12: retention: warning: hm\n"
                "test.conf:13: topic: warning: topic idle: hm\n"
                "test.conf:8: event_log: warning: topic headgate.dlq: hm\n");
    assert_int_equal(n_asked, 3); /* demo.events once, though a location names it too */
    rig_close(&rig);
}

static void nobody_there_is_a_warning_and_a_conf_that_cannot_be_is_none(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig);
    rig_write(&rig, "", "");
    answer = HG_EAGAIN;
    assert_said(&rig, &driver, 0,
                "test.conf:8: event_log: warning: nobody is there; so how topics are kept was not "
                "looked at\n");
    answer = HG_EINVAL;
    assert_said(&rig, &driver, HG_EINVAL, "test.conf:8: event_log: nobody is there\n");
    rig_close(&rig);
}

static void a_log_on_this_machine_is_not_asked(void **state) {
    static const struct hg_log_ops silent = {.size = sizeof(silent), .name = "silent"};
    struct rig rig;
    (void)state;
    rig_open(&rig);
    rig_write(&rig, "", "");
    assert_said(&rig, &silent, 0, "");
    rig_close(&rig);
}

int test_ask(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_of_topics_is_a_warning_where_it_belongs),
        cmocka_unit_test(nobody_there_is_a_warning_and_a_conf_that_cannot_be_is_none),
        cmocka_unit_test(a_log_on_this_machine_is_not_asked),
    };
    return cmocka_run_group_tests_name("ask", tests, NULL, NULL);
}
