/* SPDX-License-Identifier: Apache-2.0 */
/* test_read.c - damage is reported and never served. */
#include <stdio.h>
#include <string.h>

#include "base/counters.h"
#include "modules/log_embedded/raw.h"
#include "modules/log_embedded/rig.h"

static struct hg_counter *damaged(void) {
    return hg_module_log_embedded.counters[0];
}

static const size_t lots = (size_t)1 << 30;

/* Topic a is the store's first: sid 1. */
enum { SID_A = 1, RECORDS = 20 };

static void start(struct embedded_rig *e) {
    embedded_start(e, NULL, "1g");
    contract_fill(&e->rig, TOPIC_A, RECORDS);
    contract_fill(&e->rig, TOPIC_B, 5);
}

/* All offsets of a but one are served as they were; returns how many were
 * counted as damaged. */
static int64_t expect_all_but(struct embedded_rig *e, uint64_t missing, uint64_t n_missing) {
    int64_t before = hg_counter_read(damaged());
    assert_int_equal(contract_read(&e->rig, TOPIC_A, 0, 100, lots), 0);
    assert_int_equal(e->rig.records.n, RECORDS - n_missing);
    for (size_t i = 0; i < e->rig.records.n; i++) {
        char id[24];
        uint64_t at = i < missing ? i : i + n_missing;
        (void)snprintf(id, sizeof id, "%llu", (unsigned long long)at);
        assert_true(e->rig.records.items[i].offset == at);
        assert_true(hg_slice_eq(contract_id(&e->rig.records.items[i]), hg_slice_of(id)));
    }
    return hg_counter_read(damaged()) - before;
}

static void a_flipped_bit_costs_one_record_and_is_reported_once(void **state) {
    (void)state;
    struct embedded_rig e;
    start(&e);
    embedded_stop(&e);
    assert_true(raw_flip(e.dir, SID_A, 7, 600));
    embedded_start(&e, e.dir, "1g");
    assert_int_equal(expect_all_but(&e, 7, 1), 1);
    assert_int_equal(expect_all_but(&e, 7, 1), 0); /* known by now */
    assert_int_equal(contract_read(&e.rig, TOPIC_A, 7, 1, 1), 0);
    assert_int_equal(e.rig.records.n, 1);
    assert_true(e.rig.records.items[0].offset == 8);
    embedded_expect(&e, TOPIC_B, 0, 5);
    embedded_end(&e);
}

static void every_byte_of_a_record_is_under_its_sum(void **state) {
    (void)state;
    struct embedded_rig e;
    start(&e);
    for (size_t bit = 0; bit < 200 * 8; bit += 37) {
        embedded_stop(&e);
        assert_true(raw_flip(e.dir, SID_A, 3, bit));
        embedded_start(&e, e.dir, "1g");
        assert_int_equal(expect_all_but(&e, 3, 1), 1);
        embedded_stop(&e);
        assert_true(raw_flip(e.dir, SID_A, 3, bit));
        embedded_start(&e, e.dir, "1g");
    }
    assert_int_equal(expect_all_but(&e, 0, 0), 0);
    embedded_end(&e);
}

static void a_record_that_vanished_is_damage(void **state) {
    (void)state;
    struct embedded_rig e;
    start(&e);
    embedded_stop(&e);
    raw_remove(e.dir, SID_A, 0);
    raw_remove(e.dir, SID_A, 1);
    embedded_start(&e, e.dir, "1g");
    assert_int_equal(expect_all_but(&e, 0, 2), 2);
    embedded_end(&e);
}

static void damage_at_the_end_reuses_no_offset(void **state) {
    (void)state;
    struct embedded_rig e;
    start(&e);
    embedded_stop(&e);
    assert_true(raw_flip(e.dir, SID_A, RECORDS - 1, 70)); /* in the log time */
    embedded_start(&e, e.dir, "1g");
    assert_true(contract_range(&e.rig, TOPIC_A).next == RECORDS);
    assert_int_equal(expect_all_but(&e, RECORDS - 1, 1), 1);
    assert_int_equal(embedded_put(&e, TOPIC_A, "20", 3), 0);
    assert_int_equal(contract_read(&e.rig, TOPIC_A, RECORDS - 1, 10, lots), 0);
    assert_int_equal(e.rig.records.n, 1);
    assert_true(e.rig.records.items[0].offset == RECORDS);
    /* The damaged time did not become the log's clock. */
    uint64_t at = 0;
    int64_t time_ms = e.rig.records.items[0].log_time_ms;
    assert_int_equal(contract_read(&e.rig, TOPIC_A, 0, 1, lots), 0);
    assert_true(time_ms - e.rig.records.items[0].log_time_ms < 3600000);
    assert_int_equal(e.contract.ops->seek(e.rig.state, TOPIC_A, 0, time_ms, &at), 0);
    assert_true(at <= RECORDS);
    embedded_end(&e);
}

static void a_damaged_last_record_of_a_key_is_not_served(void **state) {
    (void)state;
    struct embedded_rig e;
    struct contract_append a;
    start(&e);
    contract_topic(&e.rig, 5, "keys", true);
    contract_begin(&e.rig, &a);
    contract_add(&a, 5, "k1")->record.key = HG_SLICE("x");
    contract_send(&a);
    contract_flush(&e.rig);
    assert_int_equal(contract_wait(&a), 0);
    embedded_stop(&e);
    assert_true(raw_flip(e.dir, 3, 0, 500));
    embedded_start(&e, e.dir, "1g");
    contract_topic(&e.rig, 5, "keys", true);
    hg_records_clear(&e.rig.records);
    assert_int_equal(e.contract.ops->latest(e.rig.state, 5, HG_SLICE("x"), &e.rig.records), HG_EIO);
    assert_int_equal(e.rig.records.n, 0);
    embedded_end(&e);
}

int test_read(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flipped_bit_costs_one_record_and_is_reported_once),
        cmocka_unit_test(every_byte_of_a_record_is_under_its_sum),
        cmocka_unit_test(a_record_that_vanished_is_damage),
        cmocka_unit_test(damage_at_the_end_reuses_no_offset),
        cmocka_unit_test(a_damaged_last_record_of_a_key_is_not_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
