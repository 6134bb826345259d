/* SPDX-License-Identifier: Apache-2.0 */
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

int test_digest(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_content_has_the_same_digest),
        cmocka_unit_test(white_space_around_json_does_not_count),
        cmocka_unit_test(other_content_has_another_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
