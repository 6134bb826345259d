/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "unit/server/dlq_rig.h"

#define REPLAY "/dlq/demo.events.dlq/replay"

static void letters_are_judged_in_their_order_and_stay(void **state) {
    struct dlq_rig r;
    char part[256];
    (void)state;
    dlq_open(&r);
    dlq_put(&r, "/in", "application/json", "a", "1");
    dlq_put(&r, "/in", "application/cloudevents+json", NULL, "rubbish");
    dlq_put(&r, "/in", "application/json", "b", "2");
    assert_int_equal(dlq_ask(&r, REPLAY, "{\"all\":true}"), 200);
    snprintf(part, sizeof(part), "\"results\":[{\"letter\":\"%s\",\"outcome\":\"stored\"",
             r.positions[0]);
    assert_said(&r, part);
    snprintf(part, sizeof(part), "{\"letter\":\"%s\",\"outcome\":\"refused\",\"problem\":{",
             r.positions[1]);
    assert_said(&r, part);
    assert_said(&r, "}],\"next\":null,\"through\":\"");
    assert_int_equal(dlq_ask(&r, REPLAY, "{\"all\":true}"), 200);
    snprintf(part, sizeof(part), "{\"letter\":\"%s\",\"outcome\":\"duplicate\"", r.positions[2]);
    assert_said(&r, part);
    assert_int_equal(dlq_ask(&r, "/dlq", NULL), 200);
    assert_said(&r, "\"letters\":3,");
    dlq_close(&r);
}

static void pieces_follow_each_other_up_to_where_it_began(void **state) {
    struct dlq_rig r;
    char body[256], through[64];
    (void)state;
    dlq_open(&r);
    dlq_put(&r, "/in", "application/json", "a", "1");
    dlq_put(&r, "/in", "application/json", "b", "1");
    assert_int_equal(dlq_ask(&r, REPLAY, "{\"all\":true,\"limit\":1}"), 200);
    snprintf(body, sizeof(body), "\"next\":\"%s\"", r.positions[0]);
    assert_said(&r, body);
    snprintf(through, sizeof(through), "%.42s", strstr(r.answer, "\"through\":\"") + 11);
    dlq_put(&r, "/in", "application/json", "c", "1");
    snprintf(body, sizeof(body), "{\"all\":true,\"position\":\"%s\",\"through\":\"%s\"}",
             r.positions[0], through);
    assert_int_equal(dlq_ask(&r, REPLAY, body), 200);
    assert_said(&r, r.positions[1]);
    assert_false(dlq_said(&r, r.positions[2])); /* it came meanwhile */
    assert_said(&r, "\"next\":null");
    dlq_close(&r);
}

static void letters_can_be_named(void **state) {
    struct dlq_rig r;
    char part[256];
    (void)state;
    dlq_open(&r);
    dlq_put(&r, "/in", "application/json", "a", "1");
    dlq_put(&r, "/in", "application/json", "b", "1");
    assert_int_equal(dlq_ask_of(&r, REPLAY, "{\"positions\":[\"%s\"]}", 1), 200);
    snprintf(part, sizeof(part), "\"results\":[{\"letter\":\"%s\",\"outcome\":\"stored\"",
             r.positions[1]);
    assert_said(&r, part);
    assert_said(&r, "}],\"next\":null,\"through\":null}\n");
    assert_int_equal(dlq_ask_of(&r, "/dlq/demo.events.dlq/purge", "{\"through\":\"%s\"}", 0), 200);
    assert_int_equal(dlq_ask_of(&r, REPLAY, "{\"positions\":[\"%s\"]}", 0), 200);
    assert_said(&r, "\"outcome\":\"gone\"}");
    dlq_close(&r);
}

/* Nothing more is tried, and nobody is told that there is more to do. */
static void a_log_that_takes_nothing_ends_it(void **state) {
    struct dlq_rig r;
    (void)state;
    dlq_open(&r);
    dlq_put(&r, "/in", "application/json", "a", "1");
    dlq_put(&r, "/in", "application/json", "b", "1");
    atomic_store(&r.log.fake.fail_next, HG_EIO);
    assert_int_equal(dlq_ask(&r, REPLAY, "{\"all\":true}"), 200);
    assert_said(&r, "\"outcome\":\"failed\",\"problem\":");
    assert_false(dlq_said(&r, r.positions[1]));
    assert_said(&r, "\"next\":null");
    atomic_store(&r.log.fake.fail_next, 0);
    assert_int_equal(dlq_ask(&r, REPLAY, "{\"all\":true}"), 200);
    assert_said(&r, r.positions[1]);
    dlq_close(&r);
}

static void one_wish_is_meant(void **state) {
    struct dlq_rig r;
    (void)state;
    dlq_open(&r);
    dlq_put(&r, "/in", "application/json", "a", "1");
    assert_int_equal(dlq_ask(&r, REPLAY, "{}"), 400);
    assert_int_equal(dlq_ask(&r, REPLAY, "{\"positions\":[]}"), 400);
    assert_int_equal(dlq_ask(&r, REPLAY, "{\"positions\":{}}"), 400);
    assert_int_equal(dlq_ask(&r, REPLAY, "{\"positions\":[null]}"), 400);
    assert_int_equal(dlq_ask_of(&r, REPLAY, "{\"all\":true,\"positions\":[\"%s\"]}", 0), 400);
    assert_int_equal(dlq_ask(&r, REPLAY, "{\"all\":true,\"limit\":101}"), 400);
    assert_int_equal(dlq_ask(&r, REPLAY, "{\"all\":true,\"to\":\"demo.mistyped\"}"), 404);
    assert_int_equal(dlq_ask(&r, REPLAY, "{\"all\":true,\"to\":\"demo.events.dlq\"}"), 404);
    assert_int_equal(dlq_ask(&r, REPLAY, "{\"all\":true,\"to\":\"demo.events\"}"), 200);
    assert_said(&r, "\"outcome\":\"stored\"");
    dlq_close(&r);
}

/* What comes meanwhile is not replayed, in whichever partition it lands. */
static void pieces_go_through_all_partitions(void **state) {
    struct dlq_rig r;
    char body[512] = "{\"all\":true,\"limit\":2}", next[HG_POSITION_TEXT_LEN + 1], id[16];
    char through[4 * (HG_POSITION_TEXT_LEN + 1)];
    size_t stored = 0, pieces = 0;
    (void)state;
    dlq_open_parts(&r, 4);
    for (int i = 0; i < 10; i++) {
        snprintf(id, sizeof(id), "%d", i);
        dlq_put(&r, "/in", "application/json", id, "1");
    }
    for (bool has_more = true; has_more; pieces++) {
        assert_int_equal(dlq_ask(&r, REPLAY, body), 200);
        for (const char *at = r.answer; (at = strstr(at, "\"outcome\":\"stored\"")) != NULL; at++) {
            stored++;
        }
        assert_true(dlq_token(&r, "through", through, sizeof(through)) && pieces < 12);
        has_more = dlq_token(&r, "next", next, sizeof(next));
        snprintf(body, sizeof(body),
                 "{\"all\":true,\"limit\":2,\"position\":\"%s\",\"through\":\"%s\"}", next,
                 through);
        snprintf(id, sizeof(id), "later%zu", pieces);
        dlq_put(&r, "/in", "application/json", id, "1");
    }
    assert_int_equal(stored, 10);
    dlq_close(&r);
}

int test_dlq_replay(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_go_through_all_partitions),
        cmocka_unit_test(letters_are_judged_in_their_order_and_stay),
        cmocka_unit_test(pieces_follow_each_other_up_to_where_it_began),
        cmocka_unit_test(letters_can_be_named),
        cmocka_unit_test(a_log_that_takes_nothing_ends_it),
        cmocka_unit_test(one_wish_is_meant),
    };
    return cmocka_run_group_tests_name("dlq_replay", tests, NULL, NULL);
}
