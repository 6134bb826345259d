/* SPDX-License-Identifier: Apache-2.0 */
/* test_retention.c - what goes by age and by size. */
#include <stdio.h>
#include <string.h>

#include "modules/log_embedded/faults.h"
#include "modules/log_embedded/raw.h"
#include "modules/log_embedded/rig.h"

static void pass_ms(int64_t ms) {
    wall_moved_ms += ms;
    mono_moved_ms += ms;
}

static int tear_down(void **state) {
    (void)state;
    wall_moved_ms = mono_moved_ms = 0;
    return 0;
}

static void tick(struct embedded_rig *e, int n) {
    for (int i = 0; i < n; i++) {
        e->contract.ops->tick(e->rig.state);
    }
}

static void fill(struct embedded_rig *e, uint64_t from, uint64_t to, size_t bytes) {
    for (uint64_t i = from; i < to; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "%llu", (unsigned long long)i);
        assert_int_equal(embedded_put(e, TOPIC_A, id, bytes), 0);
    }
}

static void what_is_too_old_goes(void **state) {
    (void)state;
    struct embedded_rig e;
    embedded_start(&e, NULL, "1g");
    assert_int_equal(embedded_retain(&e, TOPIC_A, 60000, 0), 0);
    fill(&e, 0, 50, 100);
    tick(&e, 1);
    pass_ms(40000);
    fill(&e, 50, 80, 100);
    tick(&e, 1);
    embedded_expect(&e, TOPIC_A, 0, 80);
    pass_ms(25000);
    tick(&e, 1);
    embedded_expect(&e, TOPIC_A, 50, 80);
    pass_ms(40000);
    tick(&e, 1);
    embedded_expect(&e, TOPIC_A, 80, 80);
    embedded_restart(&e);
    embedded_expect(&e, TOPIC_A, 80, 80);
    fill(&e, 80, 81, 100);
    embedded_expect(&e, TOPIC_A, 80, 81);
    embedded_end(&e);
}

static void what_is_too_much_goes(void **state) {
    (void)state;
    struct embedded_rig e;
    embedded_start(&e, NULL, "1g");
    assert_int_equal(embedded_retain(&e, TOPIC_A, 0, 100000), 0);
    fill(&e, 0, 300, 1000);
    tick(&e, 1);
    struct hg_log_range range = contract_range(&e.rig, TOPIC_A);
    assert_true(range.bytes <= 100000 && range.bytes > 95000);
    assert_true(range.first > 190 && range.first < 220 && range.next == 300);
    embedded_expect(&e, TOPIC_A, range.first, 300);
    tick(&e, 3);
    assert_true(contract_range(&e.rig, TOPIC_A).first == range.first);
    embedded_restart(&e);
    assert_true(contract_range(&e.rig, TOPIC_A).bytes == range.bytes);
    embedded_end(&e);
}

static void a_tick_removes_a_bounded_piece(void **state) {
    (void)state;
    struct embedded_rig e;
    embedded_start(&e, NULL, "1g");
    contract_fill(&e.rig, TOPIC_A, 15000);
    tick(&e, 1); /* what was appended counts once */
    assert_int_equal(embedded_retain(&e, TOPIC_A, 1000, 0), 0);
    pass_ms(10000);
    tick(&e, 1);
    uint64_t first = contract_range(&e.rig, TOPIC_A).first;
    assert_true(first >= 4096 && first < 7000);
    tick(&e, 5);
    embedded_expect(&e, TOPIC_A, 15000, 15000);
    embedded_end(&e);
}

static void removal_keeps_up_with_what_comes(void **state) {
    (void)state;
    struct embedded_rig e;
    embedded_start(&e, NULL, "1g");
    assert_int_equal(embedded_retain(&e, TOPIC_A, 1000, 0), 0);
    for (int i = 0; i < 4; i++) {
        contract_fill(&e.rig, TOPIC_A, 8000);
        pass_ms(2000);
        tick(&e, 1);
    }
    struct hg_log_range range = contract_range(&e.rig, TOPIC_A);
    assert_true(range.next == 32000 && range.first == 32000);
    embedded_end(&e);
}

/* A wrong clock that is set right again must not cost all history. */
static void a_jump_of_the_wall_clock_does_not_purge(void **state) {
    (void)state;
    struct embedded_rig e;
    embedded_start(&e, NULL, "1g");
    assert_int_equal(embedded_retain(&e, TOPIC_A, 7 * 86400000LL, 0), 0);
    fill(&e, 0, 20, 100);
    tick(&e, 1);
    wall_moved_ms += 3650LL * 86400000; /* ten years */
    tick(&e, 3);
    embedded_expect(&e, TOPIC_A, 0, 20);
    pass_ms(3600000);
    tick(&e, 1);
    embedded_expect(&e, TOPIC_A, 0, 20);
    wall_moved_ms -= 3650LL * 86400000;
    tick(&e, 1);
    fill(&e, 20, 22, 100);
    embedded_expect(&e, TOPIC_A, 0, 22);
    embedded_end(&e);
}

static void a_clock_that_goes_back_does_not_turn_order_or_times(void **state) {
    (void)state;
    struct embedded_rig e;
    uint64_t at;
    embedded_start(&e, NULL, "1g");
    fill(&e, 0, 10, 10);
    wall_moved_ms -= 3600000;
    fill(&e, 10, 20, 10);
    embedded_restart(&e);
    fill(&e, 20, 30, 10);
    embedded_expect(&e, TOPIC_A, 0, 30);
    assert_int_equal(contract_read(&e.rig, TOPIC_A, 0, 100, (size_t)1 << 30), 0);
    for (size_t i = 1; i < e.rig.records.n; i++) {
        assert_true(e.rig.records.items[i].log_time_ms >= e.rig.records.items[i - 1].log_time_ms);
    }
    int64_t last = e.rig.records.items[29].log_time_ms;
    assert_int_equal(e.contract.ops->seek(e.rig.state, TOPIC_A, 0, last + 1, &at), 0);
    assert_true(at == 30);
    embedded_end(&e);
}

static void times_are_found_through_the_sparse_rows(void **state) {
    (void)state;
    struct embedded_rig e;
    embedded_start(&e, NULL, "1g");
    for (int i = 0; i < 20; i++) {
        contract_fill(&e.rig, TOPIC_A, 100);
        pass_ms(1000);
    }
    for (uint64_t offset = 50; offset < 2000; offset += 100) {
        uint64_t at;
        assert_int_equal(contract_read(&e.rig, TOPIC_A, offset, 1, 1), 0);
        int64_t second = e.rig.records.items[0].log_time_ms - 400; /* within the burst's second */
        assert_int_equal(e.contract.ops->seek(e.rig.state, TOPIC_A, 0, second, &at), 0);
        assert_true(at <= offset && at + 100 > offset);
    }
    embedded_stop(&e);
    assert_true(raw_count(e.dir, "times") >= 7 && raw_count(e.dir, "times") <= 9);
    remove_dir(e.dir);
}

static void old_tombstones_go_and_keys_stay(void **state) {
    (void)state;
    struct embedded_rig e;
    enum { K = 4, KEYS = 700 };
    embedded_start(&e, NULL, "1g");
    contract_topic(&e.rig, K, "keys", true);
    for (int i = 0; i < KEYS; i++) {
        struct contract_append a;
        char key[16];
        (void)snprintf(key, sizeof key, "key%04d", i);
        contract_begin(&e.rig, &a);
        struct hg_append_item *item = contract_add(&a, K, key);
        item->record.key = hg_slice_of(key);
        if (i % 2 == 0) {
            hg_event_unref(&item->record.event);
        }
        contract_send(&a);
        if (i % 50 == 49) {
            contract_flush(&e.rig);
        }
        if (a.is_done) {
            (void)contract_wait(&a);
        } else {
            contract_flush(&e.rig);
            assert_int_equal(contract_wait(&a), 0);
        }
    }
    tick(&e, 4);
    assert_int_equal(contract_read(&e.rig, K, 0, 10000, (size_t)1 << 30), 0);
    assert_int_equal(e.rig.records.n, KEYS);
    pass_ms(25LL * 3600000);
    tick(&e, 4);
    assert_int_equal(contract_read(&e.rig, K, 0, 10000, (size_t)1 << 30), 0);
    assert_int_equal(e.rig.records.n, KEYS / 2);
    hg_records_clear(&e.rig.records);
    assert_int_equal(e.contract.ops->latest(e.rig.state, K, HG_SLICE("key0001"), &e.rig.records),
                     0);
    assert_true(contract_range(&e.rig, K).next == KEYS);
    embedded_stop(&e);
    assert_int_equal(raw_count(e.dir, "keys"), KEYS / 2);
    remove_dir(e.dir);
}

static void a_trimmed_key_is_forgotten(void **state) {
    (void)state;
    struct embedded_rig e;
    struct contract_append a;
    enum { K = 4 };
    static const char *const keys[] = {"x", "y"};
    embedded_start(&e, NULL, "1g");
    contract_topic(&e.rig, K, "keys", true);
    for (int i = 0; i < 2; i++) {
        contract_begin(&e.rig, &a);
        contract_add(&a, K, keys[i])->record.key = hg_slice_of(keys[i]);
        contract_send(&a);
        contract_flush(&e.rig);
        assert_int_equal(contract_wait(&a), 0);
    }
    assert_int_equal(e.contract.ops->trim(e.rig.state, K, 0, 1), 0);
    hg_records_clear(&e.rig.records);
    assert_int_equal(e.contract.ops->latest(e.rig.state, K, HG_SLICE("x"), &e.rig.records),
                     HG_ENOENT);
    assert_int_equal(e.contract.ops->latest(e.rig.state, K, HG_SLICE("y"), &e.rig.records), 0);
    embedded_end(&e);
}

#define RETENTION(test) cmocka_unit_test_teardown(test, tear_down)

int test_retention(void) {
    const struct CMUnitTest tests[] = {
        RETENTION(what_is_too_old_goes),
        RETENTION(what_is_too_much_goes),
        RETENTION(a_tick_removes_a_bounded_piece),
        RETENTION(removal_keeps_up_with_what_comes),
        RETENTION(a_jump_of_the_wall_clock_does_not_purge),
        RETENTION(a_clock_that_goes_back_does_not_turn_order_or_times),
        RETENTION(times_are_found_through_the_sparse_rows),
        RETENTION(old_tombstones_go_and_keys_stay),
        RETENTION(a_trimmed_key_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
