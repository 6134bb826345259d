/* SPDX-License-Identifier: Apache-2.0 */
#include "headgate/event.h"

#include <stdio.h>

#include "base/alloc.h"
#include "event/attr.h"
#include "event/codec.h"
#include "unit/event/fixture.h"
#include "unit/event/tests.h"

static void core_attributes_are_read_by_number_and_by_name(void **state) {
    (void)state;
    struct hg_event *e = fixture_event(HG_DATA_NONE, NULL, "subject", "sub", "time",
                                       "2026-01-02T03:04:05Z", "dataschema", "http://x/y", NULL);
    assert_slice_equal(hg_event_core(e, HG_ATTR_SPECVERSION), "1.0");
    assert_slice_equal(hg_event_core(e, HG_ATTR_ID), "1");
    assert_slice_equal(hg_event_core(e, HG_ATTR_SOURCE), "/s");
    assert_slice_equal(hg_event_core(e, HG_ATTR_TYPE), "t");
    assert_slice_equal(hg_event_core(e, HG_ATTR_SUBJECT), "sub");
    assert_slice_equal(hg_event_core(e, HG_ATTR_TIME), "2026-01-02T03:04:05Z");
    assert_slice_equal(hg_event_core(e, HG_ATTR_DATACONTENTTYPE), "");
    assert_slice_equal(hg_event_core(e, HG_ATTR_DATASCHEMA), "http://x/y");
    assert_slice_equal(fixture_attr(e, "specversion"), "1.0");
    assert_slice_equal(fixture_attr(e, "subject"), "sub");
    hg_event_unref(&e);
}

static void what_is_absent_is_not_empty(void **state) {
    (void)state;
    struct hg_event *e = fixture_event(HG_DATA_NONE, NULL, "empty", "", NULL);
    struct hg_slice value = HG_SLICE("untouched");
    assert_false(hg_event_attr(e, HG_SLICE("subject"), &value));
    assert_false(hg_event_attr(e, HG_SLICE("nothere"), &value));
    assert_false(hg_event_attr(e, HG_SLICE("data"), &value));
    assert_slice_equal(value, "untouched");
    assert_true(hg_event_attr(e, HG_SLICE("empty"), &value));
    assert_int_equal(value.len, 0);
    hg_event_unref(&e);
}

static void extensions_keep_the_order_in_which_they_came(void **state) {
    (void)state;
    struct hg_event *e = fixture_event(HG_DATA_NONE, NULL, "zz", "1", "aa", "2", "mm", "3", NULL);
    assert_int_equal(hg_event_extensions(e), 3);
    assert_slice_equal(hg_event_extension(e, 0)->name, "zz");
    assert_slice_equal(hg_event_extension(e, 1)->value, "2");
    assert_slice_equal(hg_event_extension(e, 2)->name, "mm");
    hg_event_unref(&e);
}

static void the_last_reference_frees(void **state) {
    (void)state;
    struct hg_event *e = fixture_event(HG_DATA_TEXT, "x", NULL);
    struct hg_event *other = hg_event_ref(e);
    hg_event_unref(&e);
    assert_null(e);
    assert_slice_equal(hg_event_core(other, HG_ATTR_ID), "1");
    hg_event_unref(&other);
    hg_event_unref(&other); /* nothing: it is NULL */
}

static void a_copy_has_one_attribute_more(void **state) {
    (void)state;
    struct hg_event *e =
        fixture_event(HG_DATA_BINARY, "\x01\x02", "ext", "v", "subject", "s", NULL);
    struct hg_event *with = NULL, *both = NULL;
    assert_int_equal(hg_event_with(e, HG_SLICE("time"), HG_SLICE("2026-01-02T03:04:05Z"), &with),
                     0);
    assert_slice_equal(fixture_attr(with, "time"), "2026-01-02T03:04:05Z");
    assert_slice_equal(fixture_attr(with, "subject"), "s");
    assert_slice_equal(fixture_attr(with, "ext"), "v");
    assert_slice_equal(hg_event_core(e, HG_ATTR_TIME), "");
    enum hg_data_kind kind;
    assert_slice_equal(hg_event_data(with, &kind), "\x01\x02");
    assert_int_equal(kind, HG_DATA_BINARY);

    assert_int_equal(hg_event_with(with, HG_SLICE("more"), HG_SLICE(""), &both), 0);
    assert_int_equal(hg_event_extensions(both), 2);
    hg_event_unref(&e); /* the copies stand on their own */
    assert_slice_equal(fixture_attr(both, "ext"), "v");

    struct hg_event *none = NULL;
    assert_int_equal(hg_event_with(with, HG_SLICE("time"), HG_SLICE("x"), &none), HG_EEXIST);
    assert_int_equal(hg_event_with(with, HG_SLICE("ext"), HG_SLICE("x"), &none), HG_EEXIST);
    assert_int_equal(hg_event_with(with, HG_SLICE("Bad"), HG_SLICE("x"), &none), HG_EINVAL);
    hg_alloc_fail_after(0);
    assert_int_equal(hg_event_with(with, HG_SLICE("x"), HG_SLICE("x"), &none), HG_ENOMEM);
    hg_alloc_fail_after(-1);
    assert_null(none);
    hg_event_unref(&with);
    hg_event_unref(&both);
}

static void an_event_with_64_extensions_takes_no_more_but_a_core_attribute(void **state) {
    (void)state;
    char name[8];
    struct hg_event *e = fixture_event(HG_DATA_NONE, NULL, NULL), *next = NULL;
    for (int i = 0; i < HG_EXTENSIONS_MAX; i++) {
        snprintf(name, sizeof(name), "e%d", i);
        assert_int_equal(hg_event_with(e, hg_slice_of(name), HG_SLICE("v"), &next), 0);
        hg_event_unref(&e);
        e = next;
    }
    assert_int_equal(hg_event_with(e, HG_SLICE("onemore"), HG_SLICE("v"), &next), HG_E2BIG);
    assert_int_equal(hg_event_with(e, HG_SLICE("subject"), HG_SLICE("v"), &next), 0);
    hg_event_unref(&next);
    hg_event_unref(&e);
}

int test_event(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(core_attributes_are_read_by_number_and_by_name),
        cmocka_unit_test(what_is_absent_is_not_empty),
        cmocka_unit_test(extensions_keep_the_order_in_which_they_came),
        cmocka_unit_test(the_last_reference_frees),
        cmocka_unit_test(a_copy_has_one_attribute_more),
        cmocka_unit_test(an_event_with_64_extensions_takes_no_more_but_a_core_attribute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
