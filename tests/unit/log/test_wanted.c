/* SPDX-License-Identifier: Apache-2.0 */
/* test_wanted.c - which topics of others are of use here. */
#include "log/wanted.h"

#include "unit/log/tests.h"

static const struct hg_slice items[] = {{"demo.**", 7}, {"shop.*.made", 11}, {"other.dlq", 9}};
static const struct hg_log_patterns patterns = {items, HG_COUNT(items)};

static void what_fits_a_pattern_is_wanted_with_its_dead_letters(void **state) {
    static const struct {
        const char *name;
        bool is_wanted;
    } rows[] = {
        {"demo.a", true},           {"demo.a.b", true},
        {"demo.a.dlq", true},       {"shop.x.made", true},
        {"shop.x.lost", false},     {"shop.x.made.dlq", true},
        {"shop.x.lost.dlq", false}, {"other", false},
        {"other.dlq", true},        {"dlq", false},
        {"headgate.dlq", false},    {"demo.a.dlq.dlq", false},
    };
    (void)state;
    for (size_t i = 0; i < HG_COUNT(rows); i++) {
        if (hg_wanted_has(&patterns, hg_slice_of(rows[i].name)) != rows[i].is_wanted) {
            fail_msg("%s", rows[i].name);
        }
    }
}

static void without_patterns_nothing_is(void **state) {
    struct hg_wanted w = {0};
    (void)state;
    assert_false(hg_wanted_has(&w.patterns, HG_SLICE("demo.a")));
    assert_false(hg_wanted_has(&w.patterns, HG_SLICE("demo.a.dlq")));
}

static void what_was_set_is_a_copy_and_goes_when_another_comes(void **state) {
    struct hg_wanted w = {0};
    char text[] = "demo.*";
    struct hg_slice one = {text, 6};
    (void)state;
    assert_int_equal(hg_wanted_set(&w, &(struct hg_log_patterns){&one, 1}), 0);
    memset(text, 'x', 6);
    assert_true(hg_wanted_has(&w.patterns, HG_SLICE("demo.a")));
    assert_int_equal(hg_wanted_set(&w, &(struct hg_log_patterns){NULL, 0}), 0);
    assert_false(hg_wanted_has(&w.patterns, HG_SLICE("demo.a")));
    hg_wanted_fini(&w);
}

int test_wanted(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_a_pattern_is_wanted_with_its_dead_letters),
        cmocka_unit_test(without_patterns_nothing_is),
        cmocka_unit_test(what_was_set_is_a_copy_and_goes_when_another_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
