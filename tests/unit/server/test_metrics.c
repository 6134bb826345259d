/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics.h"

#include <stdio.h>

#include "base/counters.h"
#include "unit/server/rig.h"

static void every_room_that_counts_is_there_once(void **state) {
    static const char *const names[] = {
        "headgate_log_lines_dropped_total",
        "headgate_connections_total",
        "headgate_requests_total",
        "headgate_log_appends_total",
        "headgate_subscribers",
        "headgate_answers_total",
        "headgate_access_log_lines_dropped_total",
    };
    struct hg_buf out = {0};
    char type[128];
    (void)state;
    hg_metrics_register();
    hg_metrics_register(); /* a second time is none */
    hg_counters_print(&out);
    hg_buf_put(&out, "", 1);
    for (size_t i = 0; i < HG_COUNT(names); i++) {
        snprintf(type, sizeof(type), "# TYPE %s ", names[i]);
        const char *at = strstr(out.ptr, type);
        assert_non_null(at);
        assert_null(strstr(at + 1, type));
    }
    hg_buf_fini(&out);
}

int test_metrics(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_room_that_counts_is_there_once)};
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
