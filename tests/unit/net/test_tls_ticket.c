/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls_ticket.h"

#include "unit/net/tests.h"

static const int64_t start_ms = 1000000;

static void key_seals_for_one_period_and_opens_for_two(void **state) {
    (void)state;
    struct hg_tls_tickets t;
    struct hg_tls_ticket_key first, key;
    bool is_old = true;
    int64_t period_ms = HG_TLS_TICKET_ROTATE_MS;
    assert_int_equal(hg_tls_tickets_init(&t, start_ms), 0);
    assert_int_equal(hg_tls_tickets_seal_key(&t, start_ms, &first), 0);
    assert_int_equal(hg_tls_tickets_seal_key(&t, start_ms + period_ms - 1, &key), 0);
    assert_memory_equal(key.name, first.name, sizeof key.name);
    assert_int_equal(hg_tls_tickets_open_key(&t, start_ms + 1, first.name, &key, &is_old), 0);
    assert_false(is_old);

    assert_int_equal(hg_tls_tickets_seal_key(&t, start_ms + period_ms, &key), 0);
    assert_memory_not_equal(key.name, first.name, sizeof key.name);
    assert_memory_not_equal(key.aes, first.aes, sizeof key.aes);
    assert_int_equal(
        hg_tls_tickets_open_key(&t, start_ms + 2 * period_ms - 1, first.name, &key, &is_old), 0);
    assert_true(is_old);
    assert_memory_equal(key.aes, first.aes, sizeof key.aes);
    assert_int_equal(
        hg_tls_tickets_open_key(&t, start_ms + 2 * period_ms, first.name, &key, &is_old),
        HG_ENOENT);
    hg_tls_tickets_fini(&t);
}

static void long_silence_ends_both_keys(void **state) {
    (void)state;
    struct hg_tls_tickets t;
    struct hg_tls_ticket_key first, key;
    bool is_old;
    assert_int_equal(hg_tls_tickets_init(&t, 0), 0);
    assert_int_equal(hg_tls_tickets_seal_key(&t, 1, &first), 0);
    int64_t later_ms = 2 * (int64_t)HG_TLS_TICKET_ROTATE_MS + 1;
    assert_int_equal(hg_tls_tickets_open_key(&t, later_ms, first.name, &key, &is_old), HG_ENOENT);
    hg_tls_tickets_fini(&t);
}

static void unknown_name_opens_nothing(void **state) {
    (void)state;
    struct hg_tls_tickets t;
    struct hg_tls_ticket_key key;
    bool is_old;
    uint8_t name[16] = {0}; /* what an absent key looks like */
    assert_int_equal(hg_tls_tickets_init(&t, start_ms), 0);
    assert_int_equal(hg_tls_tickets_open_key(&t, start_ms, name, &key, &is_old), HG_ENOENT);
    hg_tls_tickets_fini(&t);
}

int test_tls_ticket(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_seals_for_one_period_and_opens_for_two),
        cmocka_unit_test(long_silence_ends_both_keys),
        cmocka_unit_test(unknown_name_opens_nothing),
    };
    return cmocka_run_group_tests_name("net/tls_ticket", tests, NULL, NULL);
}
