/* SPDX-License-Identifier: Apache-2.0 */
#include "event/filter.h"

#include <stdio.h>

#include "base/alloc.h"
#include "unit/event/fixture.h"
#include "unit/event/tests.h"

static struct hg_filter *make(const char *const *pairs) {
    struct hg_filter *f = hg_filter_new();
    assert_non_null(f);
    for (; pairs[0] != NULL; pairs += 2) {
        assert_int_equal(hg_filter_add_pattern(f, hg_slice_of(pairs[0]), hg_slice_of(pairs[1])), 0);
    }
    return f;
}

static void assert_passes(bool expected, ...) {
    const char *pairs[9] = {NULL};
    va_list ap;
    va_start(ap, expected);
    for (size_t i = 0; (pairs[i] = va_arg(ap, const char *)) != NULL; i++) {
    }
    va_end(ap);
    struct hg_filter *f = make(pairs);
    struct hg_event *e = fixture_event(HG_DATA_NONE, NULL, "subject", "order/7", "region", "eu",
                                       "empty", "", "star", "a*", NULL);
    if (hg_filter_passes(f, e) != expected) {
        fail_msg("%s=%s", pairs[0], pairs[1]);
    }
    hg_event_unref(&e);
    hg_filter_unref(&f);
    assert_null(f);
}

static void an_empty_filter_passes_everything(void **state) {
    (void)state;
    assert_passes(true, NULL);
    struct hg_filter *f = hg_filter_new();
    assert_true(hg_filter_is_empty(f));
    assert_int_equal(hg_filter_add_pattern(f, HG_SLICE("type"), HG_SLICE("*")), 0);
    assert_false(hg_filter_is_empty(f));
    hg_filter_unref(&f);
}

static void patterns_are_exact_prefix_or_presence(void **state) {
    (void)state;
    assert_passes(true, "subject", "order/7", NULL);
    assert_passes(false, "subject", "order/", NULL);
    assert_passes(false, "subject", "order/77", NULL);
    assert_passes(true, "subject", "order/*", NULL);
    assert_passes(true, "subject", "order/7*", NULL);
    assert_passes(false, "subject", "order/7?*", NULL);
    assert_passes(false, "subject", "ORDER/7", NULL);
    assert_passes(true, "region", "*", NULL);
    assert_passes(true, "empty", "*", NULL);
    assert_passes(true, "empty", "", NULL);
    assert_passes(false, "region", "", NULL);
    assert_passes(true, "star", "a**", NULL);
    assert_passes(true, "specversion", "1.0", NULL);
}

static void an_absent_attribute_never_passes(void **state) {
    (void)state;
    assert_passes(false, "nothere", "*", NULL);
    assert_passes(false, "nothere", "", NULL);
    assert_passes(false, "time", "*", NULL);
    assert_passes(false, "dataschema", "", NULL);
}

static void terms_on_one_attribute_are_alternatives(void **state) {
    (void)state;
    assert_passes(true, "type", "x", "type", "t", NULL);
    assert_passes(true, "type", "t", "type", "x", NULL);
    assert_passes(false, "type", "x", "type", "y*", NULL);
    assert_passes(true, "type", "x", "region", "eu", "type", "t", NULL);
    assert_passes(false, "type", "t", "region", "us", "type", "x", NULL);
    assert_passes(true, "region", "us", "type", "t", "region", "e*", "subject", "order/*", NULL);
    assert_passes(false, "region", "us", "type", "t", "region", "e*", "subject", "x*", NULL);
}

static void names_and_number_of_terms_are_checked(void **state) {
    (void)state;
    struct hg_filter *f = hg_filter_new();
    assert_int_equal(hg_filter_add(f, HG_SLICE("Type"), HG_MATCH_EXACT, HG_SLICE("x")), HG_EINVAL);
    assert_int_equal(hg_filter_add(f, HG_SLICE(""), HG_MATCH_EXACT, HG_SLICE("x")), HG_EINVAL);
    assert_int_equal(hg_filter_add(f, HG_SLICE("data"), HG_MATCH_EXACT, HG_SLICE("x")), HG_EINVAL);
    for (int i = 0; i < 32; i++) {
        assert_int_equal(hg_filter_add(f, HG_SLICE("a"), HG_MATCH_PREFIX, HG_SLICE("x")), 0);
    }
    assert_int_equal(hg_filter_add(f, HG_SLICE("a"), HG_MATCH_EXACT, HG_SLICE("x")), HG_E2BIG);
    hg_filter_unref(&f);
}

static void the_filter_keeps_its_own_texts(void **state) {
    (void)state;
    char attr[] = "subject", value[] = "order/7";
    struct hg_filter *f = hg_filter_new();
    assert_int_equal(hg_filter_add(f, hg_slice_of(attr), HG_MATCH_EXACT, hg_slice_of(value)), 0);
    memset(attr, 'x', 7);
    memset(value, 'x', 7);
    struct hg_event *e = fixture_event(HG_DATA_NONE, NULL, "subject", "order/7", NULL);
    assert_true(hg_filter_passes(f, e));
    struct hg_filter *other = hg_filter_ref(f);
    hg_filter_unref(&f);
    assert_true(hg_filter_passes(other, e));
    hg_filter_unref(&other);
    hg_event_unref(&e);
}

static void one_exact_value_is_told_to_the_index(void **state) {
    (void)state;
    struct hg_slice value = HG_SLICE("untouched");
    const char *const pairs[] = {"type",   "t", "subject", "s*", "source", "a",
                                 "source", "b", "zone",    "z",  NULL};
    struct hg_filter *f = make(pairs);
    assert_false(hg_filter_exact(f, HG_SLICE("subject"), &value));
    assert_false(hg_filter_exact(f, HG_SLICE("source"), &value));
    assert_false(hg_filter_exact(f, HG_SLICE("id"), &value));
    assert_slice_equal(value, "untouched");
    assert_true(hg_filter_exact(f, HG_SLICE("type"), &value));
    assert_slice_equal(value, "t");
    assert_true(hg_filter_exact(f, HG_SLICE("zone"), &value));
    assert_slice_equal(value, "z");
    hg_filter_unref(&f);
}

static void without_memory_a_filter_stays_as_it_was(void **state) {
    (void)state;
    hg_alloc_fail_after(0);
    assert_null(hg_filter_new());
    struct hg_filter *f = hg_filter_new();
    for (int i = 0; i < 2; i++) {
        hg_alloc_fail_after(i);
        assert_int_equal(hg_filter_add(f, HG_SLICE("a"), HG_MATCH_EXACT, HG_SLICE("x")), HG_ENOMEM);
        assert_true(hg_filter_is_empty(f));
    }
    hg_alloc_fail_after(-1);
    assert_int_equal(hg_filter_add(f, HG_SLICE("a"), HG_MATCH_EXACT, HG_SLICE("x")), 0);
    hg_filter_unref(&f);
}

int test_filter(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_filter_passes_everything),
        cmocka_unit_test(patterns_are_exact_prefix_or_presence),
        cmocka_unit_test(an_absent_attribute_never_passes),
        cmocka_unit_test(terms_on_one_attribute_are_alternatives),
        cmocka_unit_test(names_and_number_of_terms_are_checked),
        cmocka_unit_test(the_filter_keeps_its_own_texts),
        cmocka_unit_test(one_exact_value_is_told_to_the_index),
        cmocka_unit_test(without_memory_a_filter_stays_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
