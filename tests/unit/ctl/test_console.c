/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/console.h"

#include <errno.h>

#include "unit/ctl/rig.h"

static void what_is_told_cannot_steer_a_terminal(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, "");
    hg_ctl_tell(&r.ctl, "a\x1b[2Jb\nc %s", "\x7f\xc2\x9b \xc3\xa9");
    rig_read(&r);
    assert_string_equal(r.err, "headgatectl: a\\x1b[2Jb\\x0ac \\x7f\\xc2\x9b \xc3\xa9\n");
    assert_string_equal(r.out, "");
    rig_close(&r);
}

static void what_is_too_long_is_cut(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, "");
    hg_ctl_tell(&r.ctl, "%9000d", 1);
    rig_read(&r);
    assert_int_equal(r.err_len, strlen("headgatectl: ") + 4095 + 1);
    rig_close(&r);
}

static void a_full_output_is_noticed_once_and_for_all(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, "");
    struct hg_ctl ctl = {.out = fopen("/dev/full", "w"), .err = r.ctl.err};
    assert_true(hg_ctl_flush(&ctl));
    fputs("x", ctl.out);
    assert_false(hg_ctl_flush(&ctl));
    assert_int_equal(ctl.out_errno, ENOSPC);
    assert_false(hg_ctl_flush(&ctl));
    fclose(ctl.out);
    rig_close(&r);
}

static void an_output_that_nobody_reads_is_noticed(void **state) {
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct hg_ctl ctl = {.out = fdopen(fds[1], "w")};
    close(fds[0]);
    fputs("x", ctl.out);
    assert_false(hg_ctl_flush(&ctl));
    assert_int_equal(ctl.out_errno, EPIPE);
    fclose(ctl.out);
}

int test_console(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_cannot_steer_a_terminal),
        cmocka_unit_test(what_is_too_long_is_cut),
        cmocka_unit_test(a_full_output_is_noticed_once_and_for_all),
        cmocka_unit_test(an_output_that_nobody_reads_is_noticed),
    };
    return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
