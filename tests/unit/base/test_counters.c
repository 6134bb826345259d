/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/counters.h"
#include "unit/unit.h"

static struct hg_counter stored = {.name = "t_events_total",
                                   .labels = "result=\"stored\"",
                                   .help = "Events | by result.",
                                   .kind = HG_COUNTER};
static struct hg_counter refused = {.name = "t_events_total",
                                    .labels = "result=\"refused\"",
                                    .help = "Events | by result.",
                                    .kind = HG_COUNTER};
static struct hg_counter open_now = {
    .name = "t_open", .help = "A \\ and\na line.", .kind = HG_GAUGE};
static struct hg_counter stored_twin = {.name = "t_events_total",
                                        .labels = "result=\"stored\"",
                                        .help = "Events | by result.",
                                        .kind = HG_COUNTER};

static struct hg_counter *const first_table[] = {&stored, &open_now, NULL};
static struct hg_counter *const second_table[] = {&refused, &stored_twin, NULL};

static int register_tables(void **state) {
    (void)state;
    hg_counters_register(first_table);
    hg_counters_register(second_table);
    hg_counters_register(first_table);
    return 0;
}

static void rows_of_one_name_stand_together_once(void **state) {
    (void)state;
    struct hg_buf b = {0};
    hg_counter_add(&stored, 5);
    hg_counter_add(&stored_twin, 2);
    hg_counter_add(&refused, 1);
    hg_counter_add(&open_now, 3);
    hg_counter_add(&open_now, -4);
    hg_counters_print(&b);
    unit_assert_slice(hg_buf_slice(&b), "# HELP t_events_total Events | by result.\n"
                                        "# TYPE t_events_total counter\n"
                                        "t_events_total{result=\"refused\"} 1\n"
                                        "t_events_total{result=\"stored\"} 7\n"
                                        "# HELP t_open A \\\\ and\\na line.\n"
                                        "# TYPE t_open gauge\n"
                                        "t_open -1\n");
    hg_buf_fini(&b);
}

static void reference_is_a_markdown_table(void **state) {
    (void)state;
    struct hg_buf b = {0};
    hg_counters_reference(&b);
    struct hg_slice page = hg_buf_slice(&b);
    hg_buf_put(&b, "", 1);
    assert_true(hg_slice_starts(page, HG_SLICE("# ")));
    assert_non_null(strstr(b.ptr, "\n| name | kind | labels | meaning |\n| --- | --- | --- | --- "
                                  "|\n| `t_events_total` | counter | `result=\"refused\"`<br>"
                                  "`result=\"stored\"` | Events \\| by result. |\n"
                                  "| `t_open` | gauge |  | A \\ and a line. |\n"));
    hg_buf_fini(&b);
}

static void missing_memory_fails_the_page(void **state) {
    (void)state;
    struct hg_buf b = {0};
    hg_alloc_fail_after(0);
    hg_counters_print(&b);
    assert_true(b.is_failed);
    assert_int_equal(b.len, 0);
    hg_buf_clear(&b);
    hg_alloc_fail_after(0);
    hg_counters_reference(&b);
    assert_true(b.is_failed);
    hg_buf_fini(&b);
}

static struct hg_counter shared = {.name = "t_shared", .kind = HG_COUNTER};

static void *count_a_lot(void *arg) {
    hg_counter_shard = (unsigned)(uintptr_t)arg;
    for (int i = 0; i < 50000; i++) {
        hg_counter_add(&shared, 1);
    }
    return NULL;
}

static void threads_lose_no_count(void **state) {
    (void)state;
    /* The last shares the shard of the first. */
    static const uintptr_t shards[] = {0, 1, HG_COUNTER_SHARDS};
    pthread_t threads[HG_COUNT(shards)];
    for (size_t i = 0; i < HG_COUNT(shards); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_a_lot, (void *)shards[i]), 0);
    }
    for (size_t i = 0; i < HG_COUNT(shards); i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(hg_counter_read(&shared), 50000 * HG_COUNT(shards));
    assert_int_equal(hg_counter_shard, 0);
}

int test_counters(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_one_name_stand_together_once),
        cmocka_unit_test(reference_is_a_markdown_table),
        cmocka_unit_test(missing_memory_fails_the_page),
        cmocka_unit_test(threads_lose_no_count),
    };
    return cmocka_run_group_tests_name("base/counters", tests, register_tables, NULL);
}
