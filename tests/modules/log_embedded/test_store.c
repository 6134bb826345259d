/* SPDX-License-Identifier: Apache-2.0 */
/* test_store.c - the store when the system fails it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "modules/log_embedded/faults.h"
#include "modules/log_embedded/raw.h"
#include "modules/log_embedded/rig.h"

static void another_format_is_refused(void **state) {
    (void)state;
    struct embedded_rig e;
    struct hg_why why = {{0}};
    struct hg_log_up up = {0};
    struct hg_log_open open = {.n_args = 1, .up = &up};
    void *ignored;
    embedded_start(&e, NULL, "1g");
    embedded_stop(&e);
    raw_set_meta(e.dir, "format", 2);
    open.args[0] = hg_slice_of(e.dir);
    assert_int_equal(hg_module_log_embedded.log->open(&open, &ignored, &why), HG_EINVAL);
    assert_non_null(strstr(why.text, "format 2"));
    raw_set_meta(e.dir, "format", 1); /* it was not touched */
    embedded_start(&e, e.dir, "1g");
    embedded_end(&e);
}

static void put_ok(struct embedded_rig *e, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "%llu", (unsigned long long)i);
        assert_int_equal(embedded_put(e, TOPIC_A, id, 500), 0);
    }
}

/* A sync that failed once: nothing of that group is stored, nothing is tried
 * again, reading goes on, the next start decides. */
static void a_failed_sync_ends_writing_and_not_reading(void **state) {
    (void)state;
    struct embedded_rig e;
    embedded_start(&e, NULL, "1g");
    put_ok(&e, 0, 10);
    fault_set(FAULT_SYNC);
    assert_int_equal(embedded_put(&e, TOPIC_A, "lost", 500), HG_EIO);
    int syncs = fault_count();
    assert_true(syncs >= 1);
    fault_set(FAULT_NONE);
    assert_int_equal(embedded_put(&e, TOPIC_A, "lost", 500), HG_EIO);
    assert_int_equal(e.contract.ops->trim(e.rig.state, TOPIC_A, 0, 5), HG_EIO);
    assert_int_equal(e.contract.ops->topic_delete(e.rig.state, TOPIC_A), HG_EIO);
    assert_int_equal(e.contract.ops->group_commit(e.rig.state, HG_SLICE("g"), TOPIC_A, 0, 1),
                     HG_EIO);
    e.contract.ops->tick(e.rig.state);
    assert_int_equal(e.rig.n_shown, 10);
    embedded_expect(&e, TOPIC_A, 0, 10);
    embedded_restart(&e);
    embedded_expect(&e, TOPIC_A, 0, 10);
    put_ok(&e, 10, 12);
    embedded_expect(&e, TOPIC_A, 0, 12);
    embedded_end(&e);
}

static void a_failed_write_ends_writing_and_not_reading(void **state) {
    (void)state;
    static const enum fault faults[] = {FAULT_DATA, FAULT_SHORT};
    for (size_t i = 0; i < HG_COUNT(faults); i++) {
        struct embedded_rig e;
        embedded_start(&e, NULL, "1g");
        put_ok(&e, 0, 10);
        fault_set(faults[i]);
        assert_int_equal(embedded_put(&e, TOPIC_A, "lost", 5000), HG_EIO);
        assert_true(fault_count() > 0);
        fault_set(FAULT_NONE);
        assert_int_equal(embedded_put(&e, TOPIC_A, "lost", 500), HG_EIO);
        embedded_expect(&e, TOPIC_A, 0, 10);
        embedded_restart(&e);
        put_ok(&e, 10, 20);
        embedded_expect(&e, TOPIC_A, 0, 20);
        embedded_end(&e);
    }
}

/* Whether the meta page reached the disk nobody knows; what was answered is
 * there in either case. */
static void a_failed_meta_write_is_doubt(void **state) {
    (void)state;
    struct embedded_rig e;
    embedded_start(&e, NULL, "1g");
    put_ok(&e, 0, 10);
    fault_set(FAULT_META);
    assert_int_equal(embedded_put(&e, TOPIC_A, "10", 500), HG_EDOUBT);
    assert_true(fault_count() > 0);
    fault_set(FAULT_NONE);
    assert_int_equal(embedded_put(&e, TOPIC_A, "11", 500), HG_EIO);
    uint64_t next = contract_range(&e.rig, TOPIC_A).next;
    assert_true(next == 10 || next == 11);
    embedded_expect(&e, TOPIC_A, 0, next);
    embedded_restart(&e);
    embedded_expect(&e, TOPIC_A, 0, next);
    put_ok(&e, next, next + 5);
    embedded_expect(&e, TOPIC_A, 0, next + 5);
    embedded_end(&e);
}

static void a_probe_tells_whether_writing_works(void **state) {
    (void)state;
    struct embedded_rig e;
    struct contract_append a;
    embedded_start(&e, NULL, "1g");
    contract_begin(&e.rig, &a);
    fault_set(FAULT_DATA); /* only real work meets it */
    contract_send(&a);
    contract_flush(&e.rig);
    assert_int_equal(contract_wait(&a), HG_EIO);
    fault_set(FAULT_NONE);
    embedded_end(&e);
}

static void open_data(const struct embedded_rig *e, char path[DIR_BYTES + 16]) {
    (void)snprintf(path, DIR_BYTES + 16, "%s/data.mdb", e->dir);
}

static void a_file_that_was_cut_is_noticed_before_it_is_read(void **state) {
    (void)state;
    struct embedded_rig e;
    char path[DIR_BYTES + 16];
    embedded_start(&e, NULL, "1g");
    put_ok(&e, 0, 200);
    open_data(&e, path);
    assert_int_equal(truncate(path, 20480), 0);
    assert_int_equal(contract_read(&e.rig, TOPIC_A, 0, 1000, (size_t)1 << 30), HG_EIO);
    e.contract.ops->tick(e.rig.state);
    assert_int_equal(embedded_put(&e, TOPIC_A, "x", 10), HG_EIO);
    embedded_end(&e);
}

static void a_file_that_was_removed_is_noticed(void **state) {
    (void)state;
    struct embedded_rig e;
    char path[DIR_BYTES + 16];
    embedded_start(&e, NULL, "1g");
    put_ok(&e, 0, 5);
    open_data(&e, path);
    assert_int_equal(unlink(path), 0);
    e.contract.ops->tick(e.rig.state);
    assert_int_equal(embedded_put(&e, TOPIC_A, "x", 10), HG_EIO);
    embedded_end(&e);
}

int test_store(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_format_is_refused),
        cmocka_unit_test(a_failed_sync_ends_writing_and_not_reading),
        cmocka_unit_test(a_failed_write_ends_writing_and_not_reading),
        cmocka_unit_test(a_failed_meta_write_is_doubt),
        cmocka_unit_test(a_probe_tells_whether_writing_works),
        cmocka_unit_test(a_file_that_was_cut_is_noticed_before_it_is_read),
        cmocka_unit_test(a_file_that_was_removed_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
