/* SPDX-License-Identifier: Apache-2.0 */
#include "server/dlq.h"

#include "log/entry.h"
#include "unit/server/dlq_rig.h"

#define DLQ "/dlq/demo.events.dlq"

static void names_of_dead_letters_are_known(void **state) {
    (void)state;
    assert_true(hg_dlq_is_name(HG_SLICE("a.dlq")));
    assert_true(hg_dlq_is_name(HG_SLICE("headgate.dlq")));
    assert_false(hg_dlq_is_name(HG_SLICE(".dlq")));
    assert_false(hg_dlq_is_name(HG_SLICE("a.dlq.b")));
    assert_false(hg_dlq_is_name(HG_SLICE("adlq")));
}

static void what_a_peer_sent_is_told_in_json(void **state) {
    struct hg_buf out = {.max = 0};
    (void)state;
    hg_dlq_put_text(&out, HG_SLICE("a\"\xff\xc3\xa9"));
    unit_assert_slice(hg_buf_slice(&out), "\"a\\\"\xef\xbf\xbd\xc3\xa9\"");
    hg_buf_fini(&out);
}

static void a_position_has_to_fit(void **state) {
    struct hg_entry entries[1] = {{.offset = 3, .fingerprint = 9}};
    struct hg_batch batch = {.n = 1, .entries = entries};
    struct hg_position p = {.offset = 3, .fingerprint = 9};
    (void)state;
    assert_true(hg_dlq_is_at(&batch, &p));
    p.fingerprint = 0; /* nobody knows it */
    assert_true(hg_dlq_is_at(&batch, &p));
    p.fingerprint = 8;
    assert_false(hg_dlq_is_at(&batch, &p));
    p = (struct hg_position){.offset = 2, .fingerprint = 9};
    assert_false(hg_dlq_is_at(&batch, &p));
    batch.n = 0;
    assert_false(hg_dlq_is_at(&batch, &p));
    assert_false(hg_dlq_is_at(NULL, &p));
}

static void who_asks_too_much_at_once_comes_back(void **state) {
    struct dlq_rig r;
    (void)state;
    dlq_open(&r);
    r.admin.n_dlq = 16;
    assert_int_equal(dlq_ask(&r, "/dlq", NULL), 503);
    r.admin.n_dlq = 0;
    assert_int_equal(dlq_ask(&r, "/dlq", NULL), 200);
    dlq_close(&r);
}

static void topics_and_bodies_are_held_to_what_they_are(void **state) {
    struct dlq_rig r;
    (void)state;
    dlq_open(&r);
    assert_int_equal(dlq_ask(&r, "/dlq/demo.events", NULL), 404);
    assert_int_equal(dlq_ask(&r, "/dlq/no.dlq", NULL), 404);
    assert_said(&r, "topic-unknown");
    assert_int_equal(dlq_ask(&r, DLQ "/purge", "{\"all\":true,\"all\":true}"), 400);
    assert_said(&r, "json-invalid");
    assert_int_equal(dlq_ask(&r, DLQ "/purge", NULL), 405);
    assert_int_equal(dlq_ask(&r, DLQ, "{}"), 405);
    dlq_close(&r);
}

int test_dlq(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_dead_letters_are_known),
        cmocka_unit_test(what_a_peer_sent_is_told_in_json),
        cmocka_unit_test(a_position_has_to_fit),
        cmocka_unit_test(who_asks_too_much_at_once_comes_back),
        cmocka_unit_test(topics_and_bodies_are_held_to_what_they_are),
    };
    return cmocka_run_group_tests_name("dlq", tests, NULL, NULL);
}
