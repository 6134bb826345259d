/* SPDX-License-Identifier: Apache-2.0 */
/* test_authority.c - hosts and ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/http/authority.h"
#include "tests.h"

static void hosts_with_and_without_port_are_valid(void **state) {
    (void)state;
    static const char *const good[] = {
        "h",     "a.example",         "A-1.example:8443",   "127.0.0.1", "127.0.0.1:1",
        "[::1]", "[2001:db8::1]:443", "[::ffff:192.0.2.1]", "a:65535",   "my_host"};
    for (size_t i = 0; i < HG_COUNT(good); i++) {
        if (!hg_authority_is_valid(hg_slice_of(good[i]))) {
            fail_msg("%s is refused", good[i]);
        }
    }
}

static void anything_else_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",        ":",       ":80",    "a:",  "a:0", "a:65536", "a:70000", "a:000080",     "a:8x",
        "a:+80",   "u@a",     "u:p@a",  "a,b", "a b", "a/",      "a?",      "a#",           "a\\b",
        "[::1",    "::1",     "[::1]x", "[]",  "[:]", "[::1]:",  "[g::1]",  "[::1%25eth0]", "a%20b",
        "a:80:80", "\xc3\xa4"};
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        if (hg_authority_is_valid(hg_slice_of(bad[i]))) {
            fail_msg("%s is taken", bad[i]);
        }
    }
}

int test_authority(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_with_and_without_port_are_valid),
        cmocka_unit_test(anything_else_is_refused),
    };
    return cmocka_run_group_tests_name("proto/http/authority", tests, NULL, NULL);
}
