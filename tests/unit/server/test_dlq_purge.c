/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "unit/server/dlq_rig.h"

#define DLQ "/dlq/demo.events.dlq"
#define PURGE DLQ "/purge"

static void letters_up_to_one_are_removed(void **state) {
    struct dlq_rig r;
    (void)state;
    dlq_open(&r);
    for (int i = 0; i < 4; i++) {
        dlq_put(&r, "/in", "text/plain", NULL, "hello");
    }
    assert_int_equal(dlq_ask_of(&r, PURGE, "{\"through\":\"%s\"}", 1), 200);
    assert_string_equal(r.answer, "{\"topic\":\"demo.events.dlq\",\"removed\":2,\"letters\":2}\n");
    assert_int_equal(dlq_ask_of(&r, PURGE, "{\"through\":\"%s\"}", 1), 200);
    assert_said(&r, "\"removed\":0,\"letters\":2");
    assert_int_equal(dlq_ask(&r, DLQ, NULL), 200);
    assert_false(dlq_said(&r, r.positions[1]));
    assert_said(&r, r.positions[2]);
    assert_int_equal(dlq_ask(&r, PURGE, "{\"all\":true}"), 200);
    assert_said(&r, "\"removed\":2,\"letters\":0");
    dlq_close(&r);
}

/* A token whose record is another one now must not remove anything. */
static void a_stale_token_removes_nothing(void **state) {
    struct dlq_rig r;
    struct hg_position p;
    (void)state;
    dlq_open(&r);
    dlq_put(&r, "/in", "text/plain", NULL, "hello");
    assert_int_equal(hg_position_parse(hg_slice_of(r.positions[0]), &p), 0);
    p.fingerprint++;
    hg_position_format(&p, r.positions[0]);
    assert_int_equal(dlq_ask_of(&r, PURGE, "{\"through\":\"%s\"}", 0), 404);
    p.epoch++;
    hg_position_format(&p, r.positions[0]);
    assert_int_equal(dlq_ask_of(&r, PURGE, "{\"through\":\"%s\"}", 0), 404);
    assert_int_equal(dlq_ask(&r, "/dlq", NULL), 200);
    assert_said(&r, "\"letters\":1,");
    dlq_close(&r);
}

static void one_wish_is_meant(void **state) {
    struct dlq_rig r;
    (void)state;
    dlq_open(&r);
    dlq_put(&r, "/in", "text/plain", NULL, "hello");
    assert_int_equal(dlq_ask(&r, PURGE, "{}"), 400);
    assert_int_equal(dlq_ask(&r, PURGE, "[]"), 400);
    assert_int_equal(dlq_ask(&r, PURGE, "{\"all\":false}"), 400);
    assert_int_equal(dlq_ask(&r, PURGE, "{\"all\":1}"), 400);
    assert_int_equal(dlq_ask_of(&r, PURGE, "{\"all\":true,\"through\":\"%s\"}", 0), 400);
    assert_said(&r, "request-invalid");
    dlq_close(&r);
}

static void each_partition_is_purged_by_itself(void **state) {
    struct dlq_rig r;
    struct hg_cursor c = {0};
    struct hg_buf text = {.max = 0};
    char body[512];
    size_t n[4] = {0};
    (void)state;
    dlq_open_parts(&r, 4);
    for (int i = 0; i < 12; i++) {
        struct hg_position p;
        dlq_put(&r, "/in", "text/plain", NULL, "hello");
        assert_int_equal(hg_position_parse(hg_slice_of(r.positions[i]), &p), 0);
        n[p.partition]++;
        if (p.partition < 2) {
            assert_int_equal(hg_cursor_set(&c, &p), 0);
        }
    }
    assert_true(c.n == 2 && n[2] + n[3] > 0);
    /* One that is stale keeps all of them. */
    c.items[1].fingerprint++;
    hg_cursor_format(&c, &text);
    snprintf(body, sizeof(body), "{\"through\":\"%.*s\"}", HG_FMT(hg_buf_slice(&text)));
    assert_int_equal(dlq_ask(&r, PURGE, body), 404);
    c.items[1].fingerprint--;
    hg_buf_clear(&text);
    hg_cursor_format(&c, &text);
    snprintf(body, sizeof(body), "{\"through\":\"%.*s\"}", HG_FMT(hg_buf_slice(&text)));
    assert_int_equal(dlq_ask(&r, PURGE, body), 200);
    snprintf(body, sizeof(body), "\"removed\":%zu,\"letters\":%zu", n[0] + n[1], n[2] + n[3]);
    assert_said(&r, body);
    assert_int_equal(dlq_ask(&r, PURGE, "{\"all\":true}"), 200);
    snprintf(body, sizeof(body), "\"removed\":%zu,\"letters\":0", n[2] + n[3]);
    assert_said(&r, body);
    hg_cursor_fini(&c);
    hg_buf_fini(&text);
    dlq_close(&r);
}

int test_dlq_purge(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_partition_is_purged_by_itself),
        cmocka_unit_test(letters_up_to_one_are_removed),
        cmocka_unit_test(a_stale_token_removes_nothing),
        cmocka_unit_test(one_wish_is_meant),
    };
    return cmocka_run_group_tests_name("dlq_purge", tests, NULL, NULL);
}
