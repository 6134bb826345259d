/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/reach.h"

#include <stdlib.h>

#include "unit/ctl/rig.h"

static void the_users_fields_go_before_the_requests(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{ANSWER("204", ""), HTTP_PEER_CLOSE}};
    struct rig r;
    struct hg_ctl_peer p;
    char path[] = "/tmp/headgatectl-XXXXXX", at_path[64];
    static const char lines[] = "X-Three: 3\r\n\n  X-Four:4\n";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, lines, sizeof(lines) - 1), sizeof(lines) - 1);
    close(fd);
    snprintf(at_path, sizeof(at_path), "@%s", path);
    struct hg_ctl_reach reach = {.headers = {{"X-One: 1", "X-Two:  a: b  ", at_path}, 3},
                                 .timeout_ms = 5000};
    rig_open(&r, "");
    rig_serve(&r, steps, 1);
    assert_int_equal(hg_ctl_peer_open(&r.ctl, &reach, true, &p), 0);
    assert_int_equal(p.n_fields, 4);
    struct hg_field own = {HG_SLICE("X-Own"), HG_SLICE("o")};
    struct hg_fetch_request request = {
        .url = http_peer_url(r.peer, "/"), .fields = &own, .n_fields = 1};
    hg_ctl_peer_ask(&p, &request);
    assert_int_equal(p.answer.status, 204);
    const char *seen = http_peer_request(r.peer, 0);
    assert_has(seen, "\r\nX-One: 1\r\nX-Two: a: b\r\nX-Three: 3\r\nX-Four: 4\r\nX-Own: o\r\n");
    hg_ctl_peer_close(&p);
    unlink(path);
    rig_close(&r);
}

static void expect_refused(const char *header, int want, const char *told) {
    struct rig r;
    struct hg_ctl_peer p = {.n_fields = 77};
    struct hg_ctl_reach reach = {.headers = {{header}, 1}};
    rig_open(&r, "");
    assert_int_equal(hg_ctl_peer_open(&r.ctl, &reach, true, &p), want);
    assert_int_equal(p.n_fields, 77);
    rig_read(&r);
    assert_has(r.err, told);
    assert_has_not(r.err, "secret");
    rig_close(&r);
}

static void what_is_no_field_is_refused_without_repeating_it(void **state) {
    (void)state;
    expect_refused("Bearer secret", HG_EINVAL, "expected 'NAME: VALUE'");
    expect_refused(": secret", HG_EINVAL, "expected 'NAME: VALUE'");
    expect_refused("A B: secret", HG_EINVAL, "expected 'NAME: VALUE'");
    expect_refused("A: secret\x01", HG_EINVAL, "expected 'NAME: VALUE'");
    expect_refused("@/nonexistent/file", HG_EIO, "No such file");
    expect_refused("@/", HG_EIO, "cannot be read");
}

static void a_field_of_two_lines_is_refused(void **state) {
    (void)state;
    expect_refused("A: b\nC: d", HG_EINVAL, "more than one line");
}

static void fields_have_a_limit(void **state) {
    (void)state;
    char path[] = "/tmp/headgatectl-XXXXXX", at_path[64];
    int fd = mkstemp(path);
    for (int i = 0; i <= HG_CTL_FIELDS_MAX / 2; i++) {
        assert_int_equal(write(fd, "A: b\n", 5), 5);
    }
    snprintf(at_path, sizeof(at_path), "@%s", path);
    expect_refused(at_path, HG_EINVAL, "more than 32 fields");
    assert_int_equal(ftruncate(fd, 0), 0);
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(write(fd, "A: 4567890123456789012345678901234\n", 35), 35);
    }
    expect_refused(at_path, HG_EINVAL, "more than 65536 bytes");
    close(fd);
    unlink(path);
}

static void an_admin_listener_may_be_a_port_an_address_or_a_url(void **state) {
    static const char *const pairs[][2] = {{"9180", "http://127.0.0.1:9180"},
                                           {"[::1]:9180", "http://[::1]:9180"},
                                           {"https://h:1/admin/", "https://h:1/admin"},
                                           {"", NULL},
                                           {"ftp://x/", NULL}};
    (void)state;
    for (size_t i = 0; i < HG_COUNT(pairs); i++) {
        struct hg_buf url = {.max = 0};
        assert_int_equal(hg_ctl_admin_url(pairs[i][0], &url), pairs[i][1] != NULL);
        if (pairs[i][1] != NULL) {
            unit_assert_slice(hg_buf_slice(&url), pairs[i][1]);
        }
        hg_buf_fini(&url);
    }
}

int test_reach(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_users_fields_go_before_the_requests),
        cmocka_unit_test(what_is_no_field_is_refused_without_repeating_it),
        cmocka_unit_test(a_field_of_two_lines_is_refused),
        cmocka_unit_test(fields_have_a_limit),
        cmocka_unit_test(an_admin_listener_may_be_a_port_an_address_or_a_url),
    };
    return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
