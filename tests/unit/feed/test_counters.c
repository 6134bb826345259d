/* SPDX-License-Identifier: Apache-2.0 */
/* test_counters.c - the numbers of the feed are visible, with their reasons. */
#include "unit/unit.h"

#include "base/counters.h"
#include "feed/counters.h"
#include "feed/feed.h"
#include "unit/feed/tests.h"

static bool is_printed(const char *line) {
    struct hg_buf out = {0};
    hg_counters_print(&out);
    hg_buf_put(&out, "", 1);
    bool is_there = !out.is_failed && strstr(out.ptr, line);
    hg_buf_fini(&out);
    return is_there;
}

static void gaps_are_counted_by_reason(void **state) {
    (void)state;
    hg_feed_counters_register();
    hg_feed_counters_register();
    hg_feed__count_gap("reset");
    hg_feed__count_gap("trimmed");
    hg_feed__count_gap("trimmed");
    hg_feed__count_gap("something else");
    assert_true(is_printed("headgate_gaps_total{reason=\"reset\"} 1\n"));
    assert_true(is_printed("headgate_gaps_total{reason=\"trimmed\"} 2\n"));
    assert_true(is_printed("headgate_gaps_total{reason=\"unknown\"} 0\n"));
    hg_counter_add(&hg_feed__live, 3);
    assert_true(is_printed("headgate_subscribers{state=\"live\"} 3\n"));
    hg_counter_add(&hg_feed__live, -3);
    assert_true(is_printed("headgate_subscribers{state=\"catching\"} 0\n"));
    assert_true(is_printed("# TYPE headgate_deliveries_total counter\n"));
    assert_true(is_printed("# TYPE headgate_encodings_total counter\n"));
    assert_true(is_printed("# TYPE headgate_feed_reads_total counter\n"));
}

int test_counters(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_are_counted_by_reason),
    };
    return cmocka_run_group_tests_name("feed/counters", tests, NULL, NULL);
}
