/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs every group of tests of src/log. */
#include "unit/log/tests.h"

int main(void) {
    int failed = 0;
    failed += test_position();
    failed += test_cursor();
    failed += test_topic();
    failed += test_settings();
    failed += test_counters();
    failed += test_dedup();
    failed += test_mark();
    failed += test_pending();
    failed += test_topics();
    failed += test_murmur2();
    failed += test_plan();
    failed += test_admit();
    failed += test_judge();
    failed += test_line();
    failed += test_inbox();
    failed += test_crossing();
    failed += test_records();
    failed += test_batch();
    failed += test_up();
    failed += test_log();
    failed += test_log_thread();
    failed += test_expect();
    failed += test_topic_open();
    failed += test_errands();
    failed += test_trim();
    failed += test_readers();
    failed += test_tail();
    failed += test_index();
    failed += test_recall();
    failed += test_late();
    failed += test_hide();
    failed += test_copies();
    failed += test_follow();
    failed += test_grow();
    failed += test_refresh();
    failed += test_upkeep();
    failed += test_wanted();
    return failed != 0;
}
