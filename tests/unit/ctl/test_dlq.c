/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/command.h"

#include <stdio.h>

#include "log/position.h"
#include "unit/ctl/rig.h"

#define LETTER(position)                                                                           \
    "{\"position\":\"" position "\",\"time\":\"2026-01-02T03:04:05.678Z\",\"reason\":\"r\","       \
    "\"detail\":\"d\",\"principal\":\"ada\",\"headers\":[],\"event\":{\"source\":\"/in\","         \
    "\"datacontenttype\":\"text/plain\",\"data_base64\":\"aGVsbG8=\"}}"
#define PAGE(letters, next) "{\"topic\":\"a.dlq\",\"letters\":[" letters "],\"next\":" next "}\n"
#define RESULT(letter, outcome) "{\"letter\":\"" letter "\",\"outcome\":\"" outcome "\"}"
#define RESULTS(results, next)                                                                     \
    "{\"topic\":\"a.dlq\",\"results\":[" results "],\"next\":" next ",\"through\":\"END\"}\n"
#define PURGED "{\"topic\":\"a.dlq\",\"removed\":2,\"letters\":1}\n"

static const char *address(struct rig *r) {
    return http_peer_url(r->peer, "") + strlen("http://");
}

/* One command against these answers. */
#define RUN(r, steps, status, ...)                                                                 \
    do {                                                                                           \
        rig_open((r), "");                                                                         \
        rig_serve((r), (steps), HG_COUNT(steps));                                                  \
        assert_int_equal(rig_run((r), "dlq", __VA_ARGS__, "--admin", address(r), NULL), (status)); \
    } while (0)

static void letters_are_shown_page_by_page(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{JSON_OK(PAGE(LETTER("P1"), "\"P1\"")), HTTP_PEER_CLOSE},
                                           {JSON_OK(PAGE(LETTER("P2"), "null")), HTTP_PEER_CLOSE}};
    struct rig r;
    RUN(&r, steps, 0, "show", "a.dlq");
    assert_has(r.out, "letter      P1\n");
    assert_has(r.out, "letter      P2\n");
    assert_has(http_peer_request(r.peer, 0), "GET /dlq/a.dlq?limit=100 HTTP");
    assert_has(http_peer_request(r.peer, 1), "GET /dlq/a.dlq?limit=99&position=P1 HTTP");
    rig_close(&r);
    RUN(&r, steps, 0, "show", "a.dlq", "--limit", "1");
    assert_has_not(r.out, "P2");
    assert_has(r.err, "there are more letters");
    rig_close(&r);
    RUN(&r, steps, 0, "show", "a.dlq", "--json");
    assert_string_equal(r.out, PAGE(LETTER("P1"), "\"P1\"") PAGE(LETTER("P2"), "null"));
    rig_close(&r);
}

static void letters_can_be_named_and_their_bytes_had(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{JSON_OK(PAGE(LETTER("P1"), "null")), HTTP_PEER_CLOSE},
                                           {JSON_OK(PAGE(LETTER("P2"), "null")), HTTP_PEER_CLOSE}};
    struct rig r;
    RUN(&r, steps, 0, "show", "a.dlq", "P1", "P2", "--data");
    assert_string_equal(r.out, "hellohello");
    assert_has(http_peer_request(r.peer, 1), "GET /dlq/a.dlq?at=P2 HTTP");
    rig_close(&r);
}

static void a_replay_goes_on_to_where_it_was_to_end(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {JSON_OK(RESULTS(RESULT("P1", "stored"), "\"P1\"")), HTTP_PEER_CLOSE},
        {JSON_OK(RESULTS(RESULT("P2", "duplicate"), "null")), HTTP_PEER_CLOSE}};
    struct rig r;
    RUN(&r, steps, 0, "replay", "a.dlq", "--all", "--to", "b");
    assert_string_equal(r.out, "P1 stored\nP2 duplicate\n");
    assert_has(r.err, "2 letters stored, 0 not");
    assert_has(http_peer_request(r.peer, 0), "POST /dlq/a.dlq/replay HTTP");
    assert_has(http_peer_request(r.peer, 0), "content-type: application/json\r\n");
    assert_string_equal(rig_body(&r, 0), "{\"to\":\"b\",\"all\":true}");
    assert_string_equal(rig_body(&r, 1),
                        "{\"to\":\"b\",\"all\":true,\"position\":\"P1\",\"through\":\"END\"}");
    rig_close(&r);
}

static void what_was_not_stored_is_not_well_and_not_purged(void **state) {
    (void)state;
    static const struct hg_position at[] = {{.topic_tag = 1, .offset = 1},
                                            {.topic_tag = 1, .offset = 2},
                                            {.topic_tag = 1, .offset = 3},
                                            {.topic_tag = 1, .offset = 4},
                                            {.topic_tag = 1, .partition = 1, .offset = 9}};
    char p[HG_COUNT(at)][HG_POSITION_TEXT_LEN + 1], answer[1024], body[256];
    for (size_t i = 0; i < HG_COUNT(at); i++) {
        hg_position_format(&at[i], p[i]);
    }
    snprintf(answer, sizeof(answer),
             JSON_OK(RESULTS(
                 RESULT("%s", "stored") "," RESULT("%s", "duplicate") "," RESULT(
                     "%s", "no-location") "," RESULT("%s", "stored") "," RESULT("%s", "stored"),
                 "null")),
             p[0], p[1], p[2], p[3], p[4]);
    const struct http_peer_step steps[] = {{answer, HTTP_PEER_CLOSE},
                                           {JSON_OK(PURGED), HTTP_PEER_CLOSE}};
    struct rig r;
    RUN(&r, steps, 1, "replay", "a.dlq", "--all", "--purge");
    assert_has(r.out, " no-location\n");
    assert_has(r.out, "2 removed, 1 left\n");
    assert_has(http_peer_request(r.peer, 1), "POST /dlq/a.dlq/purge HTTP");
    /* Of each partition what lies before its first that was not stored. */
    snprintf(body, sizeof(body), "{\"through\":\"%s.%s\"}", p[1], p[4]);
    assert_string_equal(rig_body(&r, 1), body);
    rig_close(&r);
    const struct http_peer_step none[] = {
        {JSON_OK(RESULTS(RESULT("P1", "refused"), "null")), HTTP_PEER_CLOSE}};
    RUN(&r, none, 1, "replay", "a.dlq", "--all", "--purge");
    assert_int_equal(http_peer_seen(r.peer), 1);
    rig_close(&r);
}

static void letters_to_replay_can_be_named(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {JSON_OK(RESULTS(RESULT("P1", "stored"), "null")), HTTP_PEER_CLOSE}};
    struct rig r;
    RUN(&r, steps, 0, "replay", "a.dlq", "P1", "P2");
    assert_string_equal(rig_body(&r, 0), "{\"positions\":[\"P1\",\"P2\"]}");
    rig_close(&r);
}

static void a_purge_says_what_is_gone(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{JSON_OK(PURGED), HTTP_PEER_CLOSE}};
    struct rig r;
    RUN(&r, steps, 0, "purge", "a.dlq", "P1");
    assert_string_equal(r.out, "2 removed, 1 left\n");
    assert_string_equal(rig_body(&r, 0), "{\"through\":\"P1\"}");
    rig_close(&r);
    RUN(&r, steps, 0, "purge", "a.dlq", "--all", "--json");
    assert_string_equal(r.out, PURGED);
    assert_string_equal(rig_body(&r, 0), "{\"all\":true}");
    rig_close(&r);
}

static void a_refusal_is_told(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {PROBLEM("404", "{\"title\":\"No such topic\",\"detail\":\"d\"}"), HTTP_PEER_CLOSE}};
    struct rig r;
    RUN(&r, steps, 1, "list");
    assert_has(r.err, "dlq: 404 No such topic: d\n");
    rig_close(&r);
    RUN(&r, steps, 1, "replay", "a.dlq", "--all");
    assert_has(r.err, "dlq: 404 No such topic: d\n");
    rig_close(&r);
}

static void what_cannot_be_meant_is_misuse(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, "");
    assert_int_equal(rig_run(&r, "dlq", NULL), 2);
    assert_int_equal(rig_run(&r, "dlq", "burn", NULL), 2);
    assert_has(r.err, "expected list, show, replay or purge");
    assert_int_equal(rig_run(&r, "dlq", "show", NULL), 2);
    assert_int_equal(rig_run(&r, "dlq", "show", "a/../b", NULL), 2);
    assert_int_equal(rig_run(&r, "dlq", "replay", "a.dlq", NULL), 2);
    assert_int_equal(rig_run(&r, "dlq", "replay", "a.dlq", "P", "--purge", NULL), 2);
    assert_int_equal(rig_run(&r, "dlq", "purge", "a.dlq", "P", "--all", NULL), 2);
    assert_int_equal(rig_run(&r, "dlq", "purge", "a.dlq", "P", "Q", NULL), 2);
    assert_int_equal(rig_run(&r, "dlq", "list", "--all", NULL), 2);
    assert_int_equal(rig_run(&r, "dlq", "list", "--to", "b", NULL), 2);
    assert_int_equal(rig_run(&r, "dlq", "list", "--data", NULL), 2);
    assert_int_equal(rig_run(&r, "dlq", "list", "--admin", "", NULL), 2);
    rig_close(&r);
}

int test_dlq(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_are_shown_page_by_page),
        cmocka_unit_test(letters_can_be_named_and_their_bytes_had),
        cmocka_unit_test(a_replay_goes_on_to_where_it_was_to_end),
        cmocka_unit_test(what_was_not_stored_is_not_well_and_not_purged),
        cmocka_unit_test(letters_to_replay_can_be_named),
        cmocka_unit_test(a_purge_says_what_is_gone),
        cmocka_unit_test(a_refusal_is_told),
        cmocka_unit_test(what_cannot_be_meant_is_misuse),
    };
    return cmocka_run_group_tests_name("dlq", tests, NULL, NULL);
}
