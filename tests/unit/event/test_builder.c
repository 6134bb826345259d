/* SPDX-License-Identifier: Apache-2.0 */
#include "event/builder.h"

#include <stdio.h>

#include "base/alloc.h"
#include "unit/event/fixture.h"
#include "unit/event/tests.h"

static int set(struct hg_event_builder *b, const char *name, const char *value) {
    return hg_event_builder_set(b, hg_slice_of(name), hg_slice_of(value), HG_ATTR_STRING);
}

static void set_required(struct hg_event_builder *b) {
    assert_int_equal(set(b, "specversion", "1.0"), 0);
    assert_int_equal(set(b, "id", "i"), 0);
    assert_int_equal(set(b, "source", "s"), 0);
    assert_int_equal(set(b, "type", "t"), 0);
}

static void sealing_names_the_first_attribute_that_is_missing(void **state) {
    (void)state;
    static const char *const required[][2] = {
        {"specversion", "1.0"}, {"id", "i"}, {"source", "s"}, {"type", "t"}};
    struct hg_event_builder *b = hg_event_builder_new();
    struct hg_event *e = NULL;
    const char *missing = NULL;
    for (size_t i = 0; i < HG_COUNT(required); i++) {
        assert_int_equal(hg_event_builder_seal(b, &e, &missing), HG_EINVAL);
        assert_string_equal(missing, required[i][0]);
        assert_null(e);
        assert_int_equal(set(b, required[i][0], required[i][1]), 0);
    }
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), 0);
    hg_event_unref(&e);
    hg_event_builder_free(&b);
    assert_null(b);
}

static void an_attribute_is_set_once(void **state) {
    (void)state;
    struct hg_event_builder *b = hg_event_builder_new();
    set_required(b);
    assert_int_equal(set(b, "ext", ""), 0);
    assert_int_equal(set(b, "ext", "again"), HG_EINVAL);
    assert_int_equal(set(b, "id", "again"), HG_EINVAL);
    assert_string_equal(hg_event_builder_fault(b, HG_SLICE("id"), HG_SLICE("x"), HG_ATTR_STRING),
                        "occurs twice");
    assert_int_equal(set(b, "time", "never"), HG_EINVAL);
    assert_int_equal(set(b, "Ext", "x"), HG_EINVAL);
    hg_event_builder_free(&b);
}

static void at_most_64_extensions_fit(void **state) {
    (void)state;
    struct hg_event_builder *b = hg_event_builder_new();
    char names[HG_EXTENSIONS_MAX + 1][8];
    set_required(b);
    for (int i = 0; i <= HG_EXTENSIONS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "e%d", i);
        assert_int_equal(set(b, names[i], "v"), i < HG_EXTENSIONS_MAX ? 0 : HG_E2BIG);
    }
    struct hg_event *e;
    const char *missing;
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), 0);
    assert_int_equal(hg_event_extensions(e), HG_EXTENSIONS_MAX);
    assert_slice_equal(hg_event_extension(e, 63)->name, "e63");
    hg_event_unref(&e);
    hg_event_builder_free(&b);
}

static void a_sealed_event_has_its_own_bytes_and_the_builder_is_empty(void **state) {
    (void)state;
    char name[] = "ext", value[] = "value", data[] = "{\"a\":1}";
    struct hg_event_builder *b = hg_event_builder_new();
    set_required(b);
    assert_int_equal(set(b, name, value), 0);
    hg_event_builder_data(b, HG_DATA_JSON, hg_slice_of(data));
    struct hg_event *e, *second;
    const char *missing;
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), 0);
    memset(name, '!', 3);
    memset(value, '!', 5);
    memset(data, '!', 7);
    enum hg_data_kind kind;
    assert_slice_equal(hg_event_extension(e, 0)->name, "ext");
    assert_slice_equal(fixture_attr(e, "ext"), "value");
    assert_slice_equal(hg_event_data(e, &kind), "{\"a\":1}");
    assert_int_equal(kind, HG_DATA_JSON);

    assert_int_equal(hg_event_builder_seal(b, &second, &missing), HG_EINVAL);
    set_required(b);
    assert_int_equal(hg_event_builder_seal(b, &second, &missing), 0);
    assert_int_equal(hg_event_extensions(second), 0);
    assert_int_equal(hg_event_data(second, &kind).len, 0);
    assert_int_equal(kind, HG_DATA_NONE);
    hg_event_unref(&e);
    hg_event_unref(&second);
    hg_event_builder_free(&b);
}

static void without_memory_the_builder_keeps_what_it_has(void **state) {
    (void)state;
    struct hg_event_builder *b = hg_event_builder_new();
    set_required(b);
    struct hg_event *e = NULL;
    const char *missing;
    hg_alloc_fail_after(0);
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), HG_ENOMEM);
    hg_alloc_fail_after(0);
    assert_null(hg_event_builder_new());
    hg_alloc_fail_after(-1);
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), 0);
    hg_event_unref(&e);
    hg_event_builder_free(&b);
}

int test_builder(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealing_names_the_first_attribute_that_is_missing),
        cmocka_unit_test(an_attribute_is_set_once),
        cmocka_unit_test(at_most_64_extensions_fit),
        cmocka_unit_test(a_sealed_event_has_its_own_bytes_and_the_builder_is_empty),
        cmocka_unit_test(without_memory_the_builder_keeps_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
