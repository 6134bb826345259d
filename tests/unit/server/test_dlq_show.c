/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "unit/server/dlq_rig.h"

#define DLQ "/dlq/demo.events.dlq"

static void a_letter_is_shown_with_what_is_said_of_it(void **state) {
    struct dlq_rig r;
    (void)state;
    dlq_open(&r);
    dlq_put(&r, "/in", "text/plain", "the-id", "hello");
    assert_int_equal(dlq_ask(&r, DLQ, NULL), 200);
    assert_said(&r, "{\"topic\":\"demo.events.dlq\",\"letters\":[{\"position\":\"");
    assert_said(&r, "\"reason\":\"json-invalid\",\"detail\":null,\"principal\":\"ada\",");
    assert_said(&r, "\"headers\":[[\"hg_reason\",\"json-invalid\"],");
    assert_said(&r, "[\"hg_ce-id\",\"the-id\"]]");
    assert_said(&r, "\"source\":\"/in\"");
    assert_said(&r, "\"data_base64\":\"aGVsbG8=\"");
    assert_said(&r, "}],\"next\":null}\n");
    dlq_close(&r);
}

static void pages_follow_each_other(void **state) {
    struct dlq_rig r;
    char path[128];
    (void)state;
    dlq_open(&r);
    for (int i = 0; i < 3; i++) {
        dlq_put(&r, "/in", "text/plain", NULL, "hello");
    }
    assert_int_equal(dlq_ask(&r, DLQ "?limit=2", NULL), 200);
    snprintf(path, sizeof(path), "\"next\":\"%s\"", r.positions[1]);
    assert_said(&r, path);
    assert_false(dlq_said(&r, r.positions[2]));
    snprintf(path, sizeof(path), DLQ "?limit=2&position=%s", r.positions[1]);
    assert_int_equal(dlq_ask(&r, path, NULL), 200);
    assert_said(&r, r.positions[2]);
    assert_said(&r, "\"next\":null");
    snprintf(path, sizeof(path), DLQ "?at=%s", r.positions[0]);
    assert_int_equal(dlq_ask(&r, path, NULL), 200);
    assert_said(&r, r.positions[0]);
    assert_false(dlq_said(&r, r.positions[1]));
    assert_said(&r, "\"next\":null");
    dlq_close(&r);
}

static void what_is_asked_has_to_be_clear(void **state) {
    struct dlq_rig r;
    (void)state;
    dlq_open(&r);
    for (const char *const *query = (const char *const[]){"limit=", "limit=0", "limit=1001",
                                                          "limit=x", "since=earliest", NULL};
         *query != NULL; query++) {
        char path[128];
        snprintf(path, sizeof(path), DLQ "?%s", *query);
        assert_int_equal(dlq_ask(&r, path, NULL), 400);
        assert_said(&r, "query-invalid");
    }
    assert_int_equal(dlq_ask(&r, DLQ "?position=x", NULL), 400);
    assert_said(&r, "position-invalid");
    assert_int_equal(dlq_ask(&r, DLQ "?limit=1000", NULL), 200);
    dlq_close(&r);
}

static void one_partition_follows_the_other(void **state) {
    struct dlq_rig r;
    char path[128], after[HG_POSITION_TEXT_LEN + 1];
    size_t seen = 0, pages = 0;
    (void)state;
    dlq_open_parts(&r, 4);
    for (int i = 0; i < 12; i++) {
        dlq_put(&r, "/in", "text/plain", NULL, "hello");
    }
    snprintf(path, sizeof(path), DLQ "?limit=5");
    do {
        assert_int_equal(dlq_ask(&r, path, NULL), 200);
        assert_true(dlq_n_said(&r) > 0 && pages++ < 12);
        seen += dlq_n_said(&r);
        if (dlq_token(&r, "next", after, sizeof(after))) {
            seen -= strstr(strstr(r.answer, after) + 1, after) == NULL; /* not among its letters */
            snprintf(path, sizeof(path), DLQ "?limit=5&position=%s", after);
        }
    } while (!dlq_said(&r, "\"next\":null"));
    assert_int_equal(seen, 12);
    for (size_t i = 0; i < r.n_letters; i++) {
        snprintf(path, sizeof(path), DLQ "?at=%s", r.positions[i]);
        assert_int_equal(dlq_ask(&r, path, NULL), 200);
        assert_int_equal(dlq_n_said(&r), 1);
    }
    dlq_close(&r);
}

int test_dlq_show(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_partition_follows_the_other),
        cmocka_unit_test(a_letter_is_shown_with_what_is_said_of_it),
        cmocka_unit_test(pages_follow_each_other),
        cmocka_unit_test(what_is_asked_has_to_be_clear),
    };
    return cmocka_run_group_tests_name("dlq_show", tests, NULL, NULL);
}
