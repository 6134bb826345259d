/* SPDX-License-Identifier: Apache-2.0 */
/* test_append.c - what is refused, and who else is touched by it. */
#include <stdio.h>
#include <string.h>

#include "modules/log_embedded/rig.h"

static void what_a_record_cannot_hold_is_refused_alone(void **state) {
    (void)state;
    static struct hg_record_header headers[65];
    static char key[600];
    struct embedded_rig e;
    struct contract_append a[4];
    embedded_start(&e, NULL, "1g");
    contract_topic(&e.rig, 5, "keys", true);
    memset(key, 'k', sizeof key);
    for (int i = 0; i < 4; i++) {
        contract_begin(&e.rig, &a[i]);
        contract_add(&a[i], i == 2 || i == 3 ? 5 : TOPIC_A, "x");
    }
    a[1].items[0].record.headers = headers;
    a[1].items[0].record.n_headers = 65;
    a[2].items[0].record.key = (struct hg_slice){key, 501};
    a[3].items[0].record.key = (struct hg_slice){key, 500};
    for (int i = 0; i < 4; i++) {
        contract_send(&a[i]);
    }
    contract_flush(&e.rig);
    static const int answers[] = {0, HG_E2BIG, HG_E2BIG, 0};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(contract_wait(&a[i]), answers[i]);
    }
    /* Where keys are not looked up their length does not matter. */
    contract_begin(&e.rig, &a[0]);
    contract_add(&a[0], TOPIC_A, "x")->record.key = (struct hg_slice){key, 600};
    contract_send(&a[0]);
    contract_flush(&e.rig);
    assert_int_equal(contract_wait(&a[0]), 0);
    embedded_end(&e);
}

static void what_is_refused_is_named(void **state) {
    (void)state;
    struct embedded_rig e;
    struct contract_append a;
    embedded_start(&e, NULL, "1g");
    contract_topic(&e.rig, 5, "keys", true);
    contract_begin(&e.rig, &a);
    contract_add(&a, TOPIC_A, "1");
    contract_add(&a, TOPIC_B, "2");
    contract_add(&a, 5, "no key");
    contract_add(&a, 5, "no key either");
    contract_send(&a);
    assert_int_equal(contract_wait(&a), HG_EINVAL);
    assert_true(a.append.refused == 2);
    assert_true(contract_range(&e.rig, TOPIC_A).next == 0);
    embedded_end(&e);
}

static void another_partition_is_refused(void **state) {
    (void)state;
    struct embedded_rig e;
    struct contract_append a;
    embedded_start(&e, NULL, "1g");
    contract_begin(&e.rig, &a);
    contract_add(&a, TOPIC_A, "x")->partition = 1;
    contract_send(&a);
    contract_flush(&e.rig);
    assert_int_equal(contract_wait(&a), HG_EINVAL);
    struct hg_log_topic t = {.name = HG_SLICE("wide"), .id = 7, .partitions = 2};
    struct hg_why why;
    assert_int_equal(e.contract.ops->topic_open(e.rig.state, &t, &why), HG_EINVAL);
    embedded_end(&e);
}

/* Until the store says that it is full; how many went in. */
static uint64_t fill_up(struct embedded_rig *e, size_t data_bytes, int *ret_err) {
    uint64_t n = contract_range(&e->rig, TOPIC_A).next;
    for (;; n++) {
        char id[24];
        (void)snprintf(id, sizeof id, "%llu", (unsigned long long)n);
        *ret_err = embedded_put(e, TOPIC_A, id, data_bytes);
        if (*ret_err != 0) {
            return n;
        }
        assert_true(n < 100000);
    }
}

static void a_full_store_refuses_serves_and_recovers(void **state) {
    (void)state;
    struct embedded_rig e;
    int err;
    embedded_start(&e, NULL, "2m");
    uint64_t n = fill_up(&e, 1500, &err);
    assert_int_equal(err, HG_EFULL);
    assert_true(n > 500);
    embedded_expect(&e, TOPIC_A, 0, n);
    assert_int_equal(embedded_put(&e, TOPIC_A, "no", 1500), HG_EFULL);
    /* Removing needs room of its own, and has it. */
    assert_int_equal(e.contract.ops->trim(e.rig.state, TOPIC_A, 0, n / 2), 0);
    e.contract.ops->tick(e.rig.state);
    uint64_t more = fill_up(&e, 1500, &err);
    assert_int_equal(err, HG_EFULL);
    assert_true(more > n + n / 4);
    embedded_expect(&e, TOPIC_A, n / 2, more);
    embedded_restart(&e);
    embedded_expect(&e, TOPIC_A, n / 2, more);
    embedded_end(&e);
}

static void a_full_store_refuses_a_group_as_a_whole(void **state) {
    (void)state;
    struct embedded_rig e;
    static struct contract_append a[400];
    int err;
    embedded_start(&e, NULL, "2m");
    uint64_t n = fill_up(&e, 1500, &err);
    assert_int_equal(e.contract.ops->trim(e.rig.state, TOPIC_A, 0, n / 4), 0);
    e.contract.ops->tick(e.rig.state);
    /* Far more than there is room for: all or none, and everybody is told. */
    char *data = hg_alloc(20000);
    for (size_t i = 0; i < HG_COUNT(a); i++) {
        contract_begin(&e.rig, &a[i]);
        struct hg_append_item *item = contract_add(&a[i], TOPIC_B, "x");
        hg_event_unref(&item->record.event);
        item->record.event = contract_event("x", data, 20000);
        contract_send(&a[i]);
    }
    contract_flush(&e.rig);
    size_t stored = 0;
    for (size_t i = 0; i < HG_COUNT(a); i++) {
        int answer = contract_wait(&a[i]);
        assert_true(answer == 0 || answer == HG_EFULL);
        stored += answer == 0;
    }
    hg_free(data);
    assert_true(stored < HG_COUNT(a));
    assert_true(contract_range(&e.rig, TOPIC_B).next == stored);
    embedded_restart(&e);
    assert_true(contract_range(&e.rig, TOPIC_B).next == stored);
    embedded_expect(&e, TOPIC_A, n / 4, n);
    embedded_end(&e);
}

int test_append(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_record_cannot_hold_is_refused_alone),
        cmocka_unit_test(what_is_refused_is_named),
        cmocka_unit_test(another_partition_is_refused),
        cmocka_unit_test(a_full_store_refuses_serves_and_recovers),
        cmocka_unit_test(a_full_store_refuses_a_group_as_a_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
