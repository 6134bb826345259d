/* SPDX-License-Identifier: Apache-2.0 */
#include "net/counters.h"

#include "base/counters.h"
#include "unit/net/tests.h"

static void counters_of_the_room_are_printed_once(void **state) {
    (void)state;
    struct hg_buf out = {0};
    hg_net_counters_register();
    hg_net_counters_register();
    hg_counters_print(&out);
    hg_buf_put(&out, "", 1);
    const char *line = strstr(out.ptr, "# TYPE headgate_connections_open gauge\n");
    assert_non_null(line);
    assert_null(strstr(line + 1, "# TYPE headgate_connections_open "));
    assert_non_null(strstr(out.ptr, "headgate_tls_handshakes_total{result=\"resumed\"} "));
    assert_non_null(strstr(out.ptr, "headgate_accept_errors_total "));
    hg_buf_fini(&out);
}

int test_counters(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_of_the_room_are_printed_once),
    };
    return cmocka_run_group_tests_name("net/counters", tests, NULL, NULL);
}
