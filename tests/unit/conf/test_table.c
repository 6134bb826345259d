/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "unit/conf/fixture.h"

struct own {
    struct hg_conf_head head;
    int64_t n;
};

static int set_nothing(struct hg_conf_load *load, void *conf, const struct hg_conf_line *line) {
    (void)load, (void)conf, (void)line;
    return 0;
}

/* Loads an empty file with one owner beside fx_core_owner. */
static void load_with(struct fx *fx, const struct hg_conf_owner *owner, const char *text) {
    const struct hg_conf_owner *const owners[] = {&fx_core_owner, owner, NULL};
    fx_open(fx);
    fx->setup.owners = owners;
    fx_file(fx, "t.conf", text);
    fx_load(fx);
}

static void expect_row_fault(struct hg_directive row, const char *error) {
    const struct hg_directive rows[] = {row, HG_DIRECTIVES_END};
    const struct hg_conf_owner owner = {"mine", rows, sizeof(struct own), NULL};
    struct fx fx;
    load_with(&fx, &owner, "");
    assert_int_equal(fx.err, HG_EINVAL);
    assert_string_equal(fx.errors.ptr, error);
    fx_close(&fx);
}

#define AT offsetof(struct own, n)

static void a_row_that_cannot_be_is_an_error_and_no_crash(void **state) {
    (void)state;
    expect_row_fault((struct hg_directive){.name = "x", .type = HG_SLOT_INT, .at = AT},
                     "t.conf:1: main: row \"x\" of mine: it says no block in which it may stand\n");
    expect_row_fault((struct hg_directive){.name = "x", .in = "main", .type = HG_SLOT_INT},
                     "t.conf:1: main: row \"x\" of mine: its value lies outside the owner's "
                     "struct\n");
    expect_row_fault(
        (struct hg_directive){.name = "x", .in = "main", .type = HG_SLOT_STRING, .at = AT},
        "t.conf:1: main: row \"x\" of mine: its value lies outside the owner's struct\n");
    expect_row_fault(
        (struct hg_directive){.name = "x", .in = "main", .type = HG_SLOT_FLAG, .at = SIZE_MAX},
        "t.conf:1: main: row \"x\" of mine: its value lies outside the owner's struct\n");
    expect_row_fault(
        (struct hg_directive){.name = "x", .in = "main", .type = (enum hg_slot)99, .at = AT},
        "t.conf:1: main: row \"x\" of mine: its type is not known\n");
    expect_row_fault(
        (struct hg_directive){.name = "x", .in = "main", .type = HG_SLOT_ENUM, .at = AT},
        "t.conf:1: main: row \"x\" of mine: it lists no values\n");
    expect_row_fault((struct hg_directive){.name = "x", .in = "main", .type = HG_SLOT_CUSTOM},
                     "t.conf:1: main: row \"x\" of mine: it has no setter\n");
    expect_row_fault(
        (struct hg_directive){
            .name = "include", .in = "main", .type = HG_SLOT_CUSTOM, .set = set_nothing},
        "t.conf:1: main: row \"include\" of mine: its name cannot be a directive's\n");
    expect_row_fault(
        (struct hg_directive){
            .name = "x", .in = "main", .type = HG_SLOT_BLOCK, .min_args = 3, .max_args = 2},
        "t.conf:1: main: row \"x\" of mine: it takes fewer arguments at most than at "
        "least\n");
}

static void two_owners_of_one_name_in_one_block_are_an_error(void **state) {
    (void)state;
    expect_row_fault(
        (struct hg_directive){.name = "mode", .in = "location main", .type = HG_SLOT_INT, .at = AT},
        "t.conf:1: main: row \"mode\" of mine: core has a row of this name for block \"main\" "
        "too\n");
}

static void two_owners_of_one_name_in_different_blocks_are_not(void **state) {
    (void)state;
    static const struct hg_directive rows[] = {
        {.name = "mode", .in = "location", .type = HG_SLOT_INT, .at = AT}, HG_DIRECTIVES_END};
    const struct hg_conf_owner owner = {"mine", rows, sizeof(struct own), NULL};
    struct fx fx;
    load_with(&fx, &owner, "mode fast; server { location / { mode 7; } }");
    fx_assert_good(&fx);
    const struct hg_conf_block *m = hg_conf_main(fx.conf);
    const struct hg_conf_block *l = fx_block(fx_block(m, "server", 0), "location", 0);
    assert_int_equal(((struct own *)hg_conf_of(l, &owner))->n, 7);
    assert_int_equal(((struct own *)hg_conf_of_table(l, rows))->n, 7);
    assert_int_equal(fx_core(m)->mode, 0);
    fx_close(&fx);
}

static void a_table_of_too_many_rows_is_an_error(void **state) {
    (void)state;
    struct hg_directive rows[130];
    char names[129][8];
    for (size_t i = 0; i < 129; i++) {
        snprintf(names[i], sizeof(names[i]), "row%zu", i);
        rows[i] = (struct hg_directive){
            .name = names[i], .in = "main", .type = HG_SLOT_INT, .at = AT, .max = 9};
    }
    rows[129] = (struct hg_directive)HG_DIRECTIVES_END;
    const struct hg_conf_owner owner = {"mine", rows, sizeof(struct own), NULL};
    struct fx fx;
    load_with(&fx, &owner, "row1 1;");
    assert_string_equal(fx.errors.ptr, "t.conf:1: main: mine: it has more than 128 rows\n");
    fx_close(&fx);
    rows[128] = (struct hg_directive)HG_DIRECTIVES_END;
    load_with(&fx, &owner, "row127 5;");
    fx_assert_good(&fx);
    const struct hg_conf_head *head = hg_conf_of(hg_conf_main(fx.conf), &owner);
    assert_true(head->set[0] == 0 && head->set[1] == (uint64_t)1 << 63);
    fx_close(&fx);
}

static void an_unknown_name_is_compared_with_those_of_its_block_first(void **state) {
    (void)state;
    fx_expect_error("server { sse_hearbeat 5s; }",
                    "t.conf:1: sse_hearbeat: unknown directive; did you mean \"sse_heartbeat\"?");
    fx_expect_error("listn 80;", "t.conf:1: listn: unknown directive; did you mean \"listen\", "
                                 "which may stand in server?");
    fx_expect_error("proxy_pass http://a;",
                    "t.conf:1: proxy_pass: unknown directive; expected one that may stand in "
                    "\"main\", or a load_module line for it");
}

static void a_name_in_the_wrong_block_is_told_the_right_ones(void **state) {
    (void)state;
    fx_expect_error("listen 80;",
                    "t.conf:1: listen: it may not stand in the main block; expected in server");
    fx_expect_error("server { worker_threads 4; }",
                    "t.conf:1: worker_threads: it may not stand in a block server; expected in "
                    "main");
    fx_expect_error("topic a { keepalive_timeout 1s; }",
                    "t.conf:1: keepalive_timeout: it may not stand in a block topic; expected in "
                    "main, server, location");
}

static void a_name_longer_than_any_is_unknown(void **state) {
    (void)state;
    struct hg_buf text = {0};
    for (int i = 0; i < 50; i++) {
        HG_BUF_LIT(&text, "keepalive");
    }
    HG_BUF_LIT(&text, ";");
    hg_buf_put(&text, "", 1);
    fx_expect_error_with(text.ptr, "unknown directive");
    hg_buf_fini(&text);
}

static void too_many_or_too_few_arguments_are_told_the_form(void **state) {
    (void)state;
    fx_expect_error("keepalive_timeout;", "t.conf:1: keepalive_timeout: takes 1 argument, not 0; "
                                          "expected \"keepalive_timeout TIME;\"");
    fx_expect_error("mode fast safe;",
                    "t.conf:1: mode: takes 1 argument, not 2; expected \"mode fast | safe | "
                    "paranoid;\"");
    fx_expect_error("server a { }",
                    "t.conf:1: server: takes no argument, not 1; expected \"server { ... }\"");
    fx_expect_error("topic { }",
                    "t.conf:1: topic: takes 1 argument, not 0; expected \"topic NAME { ... }\"");
    fx_expect_error(
        "server { location a b c { } }",
        "t.conf:1: location: takes 1 to 2 arguments, not 3; expected \"location [=] PATH "
        "{ ... }\"");
}

int test_table(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_that_cannot_be_is_an_error_and_no_crash),
        cmocka_unit_test(two_owners_of_one_name_in_one_block_are_an_error),
        cmocka_unit_test(two_owners_of_one_name_in_different_blocks_are_not),
        cmocka_unit_test(a_table_of_too_many_rows_is_an_error),
        cmocka_unit_test(an_unknown_name_is_compared_with_those_of_its_block_first),
        cmocka_unit_test(a_name_in_the_wrong_block_is_told_the_right_ones),
        cmocka_unit_test(a_name_longer_than_any_is_unknown),
        cmocka_unit_test(too_many_or_too_few_arguments_are_told_the_form),
    };
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
