/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "unit/ctl/rig.h"

static void standard_input_is_read_to_its_end(void **state) {
    (void)state;
    struct rig r;
    struct hg_ctl_input in;
    struct hg_buf all = {0};
    rig_open(&r, "some text");
    assert_int_equal(hg_ctl_input_open(&r.ctl, "-", &in), 0);
    assert_int_equal(hg_ctl_input_read_all(&in, &all), 0);
    unit_assert_slice(hg_buf_slice(&all), "some text");
    hg_ctl_input_close(&in);
    hg_buf_fini(&all);
    rig_close(&r);
}

static void a_file_is_read_and_closed(void **state) {
    (void)state;
    struct rig r;
    struct hg_ctl_input in;
    struct hg_buf all = {0};
    char path[] = "/tmp/headgatectl-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "abc", 3), 3);
    close(fd);
    rig_open(&r, "not this");
    assert_int_equal(hg_ctl_input_open(&r.ctl, path, &in), 0);
    assert_int_equal(hg_ctl_input_read_all(&in, &all), 0);
    unit_assert_slice(hg_buf_slice(&all), "abc");
    hg_ctl_input_close(&in);
    hg_ctl_input_close(&in);
    unlink(path);
    assert_int_equal(hg_ctl_input_open(&r.ctl, path, &in), HG_EIO);
    rig_read(&r);
    assert_has(r.err, "No such file");
    hg_buf_fini(&all);
    rig_close(&r);
}

static void a_quiet_input_is_waited_for_so_long(void **state) {
    (void)state;
    struct rig r;
    int fds[2];
    char bytes[8];
    size_t n = 9;
    rig_open(&r, "");
    assert_int_equal(pipe(fds), 0);
    struct hg_ctl_input in = {.ctl = &r.ctl, .name = "pipe", .fd = fds[0]};
    assert_int_equal(hg_ctl_input_read(&in, bytes, sizeof(bytes), 0, &n), HG_EAGAIN);
    assert_int_equal(n, 9);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(hg_ctl_input_read(&in, bytes, sizeof(bytes), -1, &n), 0);
    assert_int_equal(n, 1);
    close(fds[1]);
    assert_int_equal(hg_ctl_input_read(&in, bytes, sizeof(bytes), -1, &n), 0);
    assert_int_equal(n, 0);
    close(fds[0]);
    rig_close(&r);
}

static void the_word_to_stop_goes_before_input(void **state) {
    (void)state;
    struct rig r;
    struct hg_ctl_input in;
    struct hg_buf all = {0};
    rig_open(&r, "text");
    assert_int_equal(eventfd_write(r.stop_fd, 1), 0);
    assert_int_equal(hg_ctl_input_open(&r.ctl, NULL, &in), 0);
    assert_int_equal(hg_ctl_input_read_all(&in, &all), HG_ECLOSED);
    assert_int_equal(all.len, 0);
    rig_close(&r);
}

static void too_much_and_unreadable_input_are_told(void **state) {
    (void)state;
    struct rig r;
    struct hg_ctl_input in;
    struct hg_buf all = {.max = 3};
    rig_open(&r, "four");
    assert_int_equal(hg_ctl_input_open(&r.ctl, "-", &in), 0);
    assert_int_equal(hg_ctl_input_read_all(&in, &all), HG_E2BIG);
    assert_int_equal(hg_ctl_input_open(&r.ctl, "/", &in), 0);
    hg_buf_clear(&all);
    assert_int_equal(hg_ctl_input_read_all(&in, &all), HG_EIO);
    hg_ctl_input_close(&in);
    rig_read(&r);
    assert_has(r.err, "standard input: more than 3 bytes");
    assert_has(r.err, "/: Is a directory");
    hg_buf_fini(&all);
    rig_close(&r);
}

int test_input(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standard_input_is_read_to_its_end),
        cmocka_unit_test(a_file_is_read_and_closed),
        cmocka_unit_test(a_quiet_input_is_waited_for_so_long),
        cmocka_unit_test(the_word_to_stop_goes_before_input),
        cmocka_unit_test(too_much_and_unreadable_input_are_told),
    };
    return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
