/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/hash.h"
#include "event/codec.h"
#include "unit/event/fixture.h"
#include "unit/event/tests.h"

#define HEAD "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\",\"type\":\"t\""

static bool is_same(const char *a, const char *b) {
    const struct hg_hash_key key = {1, 2};
    uint8_t da[16], db[16];
    struct hg_event *ea = fixture_structured(a), *eb = fixture_structured(b);
    hg_event_digest(ea, &key, da);
    hg_event_digest(eb, &key, db);
    hg_event_unref(&ea);
    hg_event_unref(&eb);
    return memcmp(da, db, sizeof(da)) == 0;
}

static void the_same_content_has_the_same_digest(void **state) {
    (void)state;
    assert_true(is_same(HEAD ",\"a\":\"1\",\"b\":\"2\",\"data\":1}",
                        HEAD ",\"data\":1,\"b\":\"2\",\"a\":\"1\"}"));
    /* Binary mode knows strings only. */
    assert_true(is_same(HEAD ",\"n\":5,\"y\":true}", HEAD ",\"n\":\"5\",\"y\":\"true\"}"));
    assert_true(is_same(HEAD "}", HEAD ",\"traceparent\":\"x\",\"tracestate\":\"y\"}"));
    assert_true(is_same(HEAD ",\"datacontenttype\":\"text/plain\",\"data\":\"hi\"}",
                        HEAD ",\"datacontenttype\":\"text/plain\",\"data_base64\":\"aGk=\"}"));
}

static void white_space_around_json_does_not_count(void **state) {
    (void)state;
    const struct hg_hash_key key = {1, 2};
    static const char *const data[] = {"{ }", " \r{ }\n\t", "{}"};
    uint8_t digests[3][16];
    for (int i = 0; i < 3; i++) {
        struct hg_event *e = fixture_event(HG_DATA_JSON, data[i], NULL);
        hg_event_digest(e, &key, digests[i]);
        hg_event_unref(&e);
    }
    assert_memory_equal(digests[0], digests[1], 16);
    assert_memory_not_equal(digests[0], digests[2], 16);
}

static void other_content_has_another_digest(void **state) {
    (void)state;
    assert_false(is_same(HEAD "}", HEAD ",\"data\":null}"));
    assert_false(is_same(HEAD "}", HEAD ",\"data_base64\":\"\"}"));
    assert_false(is_same(HEAD ",\"data\":1}", HEAD ",\"data\":2}"));
    assert_false(is_same(HEAD ",\"data\":1}", HEAD ",\"data\":\"1\"}"));
    assert_false(is_same(HEAD ",\"subject\":\"x\"}", HEAD ",\"dataschema\":\"x\"}"));
    assert_false(is_same(HEAD ",\"a\":\"\"}", HEAD "}"));
    assert_false(is_same(HEAD ",\"ab\":\"c\"}", HEAD ",\"a\":\"bc\"}"));
    assert_false(is_same(HEAD ",\"a\":\"1\",\"b\":\"2\"}", HEAD ",\"a\":\"2\",\"b\":\"1\"}"));
    assert_false(is_same(HEAD ",\"traceparents\":\"x\"}", HEAD "}"));
    assert_false(is_same(HEAD ",\"time\":\"2026-01-02T03:04:05Z\"}",
                         HEAD ",\"time\":\"2026-01-02T03:04:06Z\"}"));
}

/* Digests lie in the log: a record of years ago has to match its copy of today. */
static void digests_stay_what_they_are(void **state) {
    (void)state;
    static const uint8_t as_ever[16] = {0x4f, 0xa8, 0xa2, 0xf6, 0x6d, 0x43, 0xd1, 0xbf,
                                        0x7a, 0xfd, 0x2a, 0x07, 0x1e, 0xca, 0x1a, 0xba};
    const struct hg_hash_key key = {1, 2};
    char text[901], body[2048];
    uint8_t digest[16];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    (void)snprintf(body, sizeof(body),
                   "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\","
                   "\"zone\":\"b\",\"area\":7,\"traceparent\":\"x\",\"data\":{\"text\":\"%s\"}}",
                   text);
    struct hg_event *e = fixture_structured(body);
    hg_event_digest(e, &key, digest);
    hg_event_unref(&e);
    assert_memory_equal(digest, as_ever, sizeof(digest));
}

int test_digest(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_content_has_the_same_digest),
        cmocka_unit_test(white_space_around_json_does_not_count),
        cmocka_unit_test(other_content_has_another_digest),
        cmocka_unit_test(digests_stay_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
