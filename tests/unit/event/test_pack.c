/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/alloc.h"
#include "event/codec.h"
#include "unit/event/fixture.h"
#include "unit/event/tests.h"

static struct hg_slice pack(const struct hg_event *e) {
    size_t len = hg_event_packed_bytes(e);
    char *bytes = malloc(len);
    assert_non_null(bytes);
    hg_event_pack(e, bytes);
    return (struct hg_slice){bytes, len};
}

static void assert_comes_back(const char *json) {
    struct hg_event *e = fixture_structured(json), *back = NULL;
    struct hg_slice packed = pack(e);
    assert_int_equal(hg_event_unpack(packed, &back), 0);
    free((char *)packed.ptr);
    char *before = fixture_json(e), *after = fixture_json(back);
    assert_string_equal(before, after);
    for (size_t i = 0; i < hg_event_extensions(e); i++) {
        assert_int_equal(hg_event_extension(e, i)->type, hg_event_extension(back, i)->type);
    }
    enum hg_data_kind kind, kind_back;
    hg_event_data(e, &kind);
    hg_event_data(back, &kind_back);
    assert_int_equal(kind, kind_back);
    free(before);
    free(after);
    hg_event_unref(&e);
    hg_event_unref(&back);
}

#define FULL                                                                                       \
    "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"/src\",\"type\":\"t\",\"subject\":"        \
    "\"\xC3\xBC\",\"time\":\"2026-01-02T03:04:05Z\",\"datacontenttype\":\"text/plain\","           \
    "\"dataschema\":\"s\",\"n\":-5,\"b\":true,\"e\":\"\",\"t\":\"text\",\"data\":\"h\\u00e9\"}"

static void an_event_comes_back_as_it_was_packed(void **state) {
    (void)state;
    assert_comes_back(FULL);
    assert_comes_back("{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\",\"type\":\"t\"}");
    assert_comes_back(
        "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\",\"type\":\"t\",\"data\":null}");
    assert_comes_back("{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\",\"type\":\"t\","
                      "\"data_base64\":\"AP8=\"}");
}

static void id_and_source_are_read_without_the_rest(void **state) {
    (void)state;
    struct hg_event *e = fixture_structured(FULL);
    struct hg_slice packed = pack(e), id, source;
    assert_int_equal(hg_event_packed_identity(packed, &id, &source), 0);
    assert_slice_equal(id, "i");
    assert_slice_equal(source, "/src");
    /* 36 bytes of head, then "i" and "/src"; what follows need not be there. */
    for (size_t len = 0; len <= 41; len++) {
        struct hg_slice part = fixture_copy(packed.ptr, len);
        assert_int_equal(hg_event_packed_identity(part, &id, &source), len < 41 ? HG_EINVAL : 0);
        free((char *)part.ptr);
    }
    free((char *)packed.ptr);
    hg_event_unref(&e);
}

static void a_packed_event_that_is_cut_or_longer_is_refused(void **state) {
    (void)state;
    struct hg_event *e = fixture_structured(FULL), *back = NULL;
    struct hg_slice packed = pack(e);
    for (size_t len = 0; len < packed.len; len++) {
        struct hg_slice part = fixture_copy(packed.ptr, len);
        assert_int_equal(hg_event_unpack(part, &back), HG_EINVAL);
        free((char *)part.ptr);
    }
    char *longer = malloc(packed.len + 1);
    memcpy(longer, packed.ptr, packed.len);
    longer[packed.len] = 'x';
    assert_int_equal(hg_event_unpack((struct hg_slice){longer, packed.len + 1}, &back), HG_EINVAL);
    free(longer);
    free((char *)packed.ptr);
    hg_event_unref(&e);
    assert_null(back);
}

/* Whatever a byte says, reading stays inside; what is taken can be used. */
static void no_byte_of_a_packed_event_is_believed(void **state) {
    (void)state;
    struct hg_event *e = fixture_structured(FULL);
    struct hg_slice packed = pack(e);
    for (size_t at = 0; at < packed.len; at++) {
        for (unsigned flip = 1; flip < 256; flip = flip * 2 + 1) {
            struct hg_slice bad = fixture_copy(packed.ptr, packed.len);
            ((char *)bad.ptr)[at] ^= (char)flip;
            struct hg_event *back = NULL;
            struct hg_slice id, source;
            if (hg_event_unpack(bad, &back) == 0) {
                char *text = fixture_json(back);
                free(text);
                hg_event_unref(&back);
            }
            if (hg_event_packed_identity(bad, &id, &source) == 0) {
                assert_true(source.ptr + source.len <= bad.ptr + bad.len);
            }
            free((char *)bad.ptr);
        }
    }
    free((char *)packed.ptr);
    hg_event_unref(&e);
}

static void no_memory_is_told(void **state) {
    (void)state;
    struct hg_event *e = fixture_structured(FULL), *back = NULL;
    struct hg_slice packed = pack(e);
    hg_alloc_fail_after(0);
    assert_int_equal(hg_event_unpack(packed, &back), HG_ENOMEM);
    hg_alloc_fail_after(-1);
    assert_null(back);
    free((char *)packed.ptr);
    hg_event_unref(&e);
}

int test_pack(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_comes_back_as_it_was_packed),
        cmocka_unit_test(id_and_source_are_read_without_the_rest),
        cmocka_unit_test(a_packed_event_that_is_cut_or_longer_is_refused),
        cmocka_unit_test(no_byte_of_a_packed_event_is_believed),
        cmocka_unit_test(no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
