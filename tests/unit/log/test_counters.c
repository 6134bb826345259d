/* SPDX-License-Identifier: Apache-2.0 */
/* test_counters.c - the log's numbers can be read. */
#include "log/counters.h"

#include <string.h>

#include "base/counters.h"
#include "unit/log/tests.h"

static void every_number_is_on_the_page(void **state) {
    (void)state;
    struct hg_buf page = {0};
    hg_counters_register(hg_log_counters);
    hg_counters_print(&page);
    hg_buf_put(&page, "", 1);
    for (size_t i = 0; hg_log_counters[i] != NULL; i++) {
        assert_non_null(strstr(page.ptr, hg_log_counters[i]->name));
        assert_true(strlen(hg_log_counters[i]->help) > 10);
    }
    assert_non_null(strstr(page.ptr, "headgate_log_events_total{result=\"duplicate\"}"));
    hg_buf_fini(&page);
}

int test_counters(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_is_on_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
