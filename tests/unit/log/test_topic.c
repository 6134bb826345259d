/* SPDX-License-Identifier: Apache-2.0 */
/* test_topic.c - names and patterns of topics. */
#include "log/topic.h"

#include "headgate/buf.h"

#include "unit/log/tests.h"

static void names_are_segments_joined_by_dots(void **state) {
    (void)state;
    static const char *const good[] = {"a", "a.b", "A-b_9.c",      "business.orders.created",
                                       "0", "-",   "headgate.dlq", "dlq"};
    static const char *const bad[] = {"",    ".",    "a.",   ".a",   "a..b", "a b",
                                      "a/b", "a.*",  "*",    "**",   "a\n",  "\xc3\xa4",
                                      "a:b", "../a", "a.b.", "a%2e", "$x"};
    for (size_t i = 0; i < HG_COUNT(good); i++) {
        assert_true(hg_topic_name_is_valid(hg_slice_of(good[i])));
        assert_true(hg_topic_pattern_is_valid(hg_slice_of(good[i])));
        assert_true(hg_topic_pattern_is_literal(hg_slice_of(good[i])));
    }
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        assert_false(hg_topic_name_is_valid(hg_slice_of(bad[i])));
    }
    assert_false(hg_topic_name_is_valid(HG_SLICE("a\0b")));
    assert_false(hg_topic_name_is_valid((struct hg_slice){0}));
}

static void names_are_bounded(void **state) {
    (void)state;
    char name[HG_TOPIC_NAME_MAX + 1];
    memset(name, 'n', sizeof name);
    assert_true(hg_topic_name_is_valid((struct hg_slice){name, HG_TOPIC_NAME_MAX}));
    assert_false(hg_topic_name_is_valid((struct hg_slice){name, HG_TOPIC_NAME_MAX + 1}));
    assert_false(hg_topic_pattern_is_valid((struct hg_slice){name, HG_TOPIC_NAME_MAX + 1}));
}

static void stars_stand_for_whole_segments(void **state) {
    (void)state;
    static const char *const good[] = {"*", "**", "a.*", "*.a", "a.**.b", "*.*", "**.**"};
    static const char *const bad[] = {"a*", "*a", "***", "a.*b", "a.***", "*.", ".*", "**a"};
    for (size_t i = 0; i < HG_COUNT(good); i++) {
        assert_true(hg_topic_pattern_is_valid(hg_slice_of(good[i])));
        assert_false(hg_topic_pattern_is_literal(hg_slice_of(good[i])));
    }
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        assert_false(hg_topic_pattern_is_valid(hg_slice_of(bad[i])));
    }
}

static const struct {
    const char *pattern, *name;
    bool matches;
} rows[] = {
    {"a", "a", true},
    {"a", "b", false},
    {"a", "a.b", false},
    {"a.b", "a", false},
    {"a.b", "a.b", true},
    {"a.b", "A.b", false},
    {"*", "a", true},
    {"*", "a.b", false},
    {"*.*", "a", false},
    {"*.*", "a.b", true},
    {"a.*", "a.b", true},
    {"a.*", "a", false},
    {"a.*", "a.b.c", false},
    {"a.*", "ab.c", false},
    {"*.c", "a.c", true},
    {"*.c", "a.b.c", false},
    {"a.*.c", "a.b.c", true},
    {"a.*.c", "a.c", false},
    {"**", "a", true},
    {"**", "a.b.c.d", true},
    {"a.**", "a", true},
    {"a.**", "a.b", true},
    {"a.**", "a.b.c", true},
    {"a.**", "b.a", false},
    {"**.c", "c", true},
    {"**.c", "a.b.c", true},
    {"**.c", "a.b.c.d", false},
    {"a.**.z", "a.z", true},
    {"a.**.z", "a.b.c.z", true},
    {"a.**.z", "a.b.z.c", false},
    {"a.**.m.**.z", "a.m.z", true},
    {"a.**.m.**.z", "a.x.m.y.m.z", true},
    {"a.**.m.**.z", "a.x.z", false},
    {"**.b.*", "a.b.b.c", true},
    {"**.b.*", "a.b.c.d", false},
    {"**.**", "a", true},
    {"*.**", "a", true},
    {"*.**.*", "a", false},
    {"*.**.*", "a.b", true},
    /* Dead letters are named by their last segment. */
    {"**", "a.dlq", false},
    {"*", "dlq", true},
    {"a.*", "a.dlq", false},
    {"a.**", "a.b.dlq", false},
    {"*.*", "a.dlq", false},
    {"a.dlq", "a.dlq", true},
    {"*.dlq", "a.dlq", true},
    {"*.dlq", "a.b.dlq", false},
    {"**.dlq", "a.b.dlq", true},
    {"a.*.dlq", "a.b.dlq", true},
    {"a.dlq.*", "a.dlq.b", true},
    {"a.*", "a.xdlq", true},
    {"**", "a.dlqx", true},
    /* What the gateway keeps about itself is named by its first segment. */
    {"**", "audit", false},
    {"*", "audit", false},
    {"**", "audit.access", false},
    {"*.*", "audit.access", false},
    {"*.access", "audit.access", false},
    {"audit.*", "audit.access", true},
    {"audit.**", "audit.a.b", true},
    {"audit.access", "audit.access", true},
    {"audit", "audit", true},
    {"**", "headgate.registry", false},
    {"headgate.**", "headgate.registry", true},
    {"headgate.*", "headgate.dlq", false},
    {"*.dlq", "headgate.dlq", false},
    {"headgate.dlq", "headgate.dlq", true},
    {"**", "auditor.x", true},
    {"**", "x.audit", true},
    {"**", "x.headgate.y", true},
};

static void patterns_match_as_the_table_says(void **state) {
    (void)state;
    for (size_t i = 0; i < HG_COUNT(rows); i++) {
        bool matches = hg_topic_matches(hg_slice_of(rows[i].pattern), hg_slice_of(rows[i].name));
        if (matches != rows[i].matches) {
            fail_msg("%s and %s", rows[i].pattern, rows[i].name);
        }
    }
}

/* A pattern that would take exponential time if every star were retried. */
static void a_hostile_pattern_is_matched_quickly(void **state) {
    (void)state;
    struct hg_buf pattern = {0}, name = {0};
    for (int i = 0; i < 40; i++) {
        hg_buf_put(&pattern, "**.a.", 5);
        hg_buf_put(&name, "a.a.", 4);
    }
    hg_buf_put(&pattern, "b", 1);
    hg_buf_put(&name, "c", 1);
    assert_false(hg_topic_matches(hg_buf_slice(&pattern), hg_buf_slice(&name)));
    hg_buf_fini(&pattern);
    hg_buf_fini(&name);
}

static const struct {
    const char *a, *b;
    bool meet;
} pairs[] = {
    {"a.b", "a.b", true},
    {"a.b", "a.c", false},
    {"a.b", "a.b.c", false},
    {"a.*", "a.b", true},
    {"a.*", "*.b", true},
    {"a.*", "b.*", false},
    {"a.*", "a.*.*", false},
    {"a.*", "a.b.c", false},
    {"a.**", "a.b.c", true},
    {"a.**", "a", true},
    {"a.**", "**.c", true},
    {"a.**.c", "**.b.**", true},
    {"a.**.c", "a.*", true},
    {"a.**.c", "a", false},
    {"a.**.c", "*.*.*", true},
    {"a.**.c.d", "*.*", false},
    {"**", "**", true},
    {"**", "*", true},
    {"**.a", "**.b", false},
    {"a.**", "b.**", false},
    {"**.a.**", "**.b.**", true},
    /* What is set apart has to be spelled by both. */
    {"**", "a.dlq", false},
    {"a.*", "a.dlq", false},
    {"a.*", "*.*.dlq", false},
    {"*.dlq", "a.dlq", true},
    {"a.**.dlq", "*.b.dlq", true},
    {"**", "audit.**", false},
    {"*.access", "audit.*", false},
    {"audit.*", "audit.access", true},
    {"headgate.*", "audit.*", false},
    {"headgate.*", "headgate.dlq", false},
    {"headgate.dlq", "*.dlq", false},
    /* No topic has such a name. */
    {"a..*", "a.**", false},
    {"", "**", false},
};

static void patterns_meet_where_a_name_fits_both(void **state) {
    (void)state;
    for (size_t i = 0; i < HG_COUNT(pairs); i++) {
        struct hg_slice a = hg_slice_of(pairs[i].a), b = hg_slice_of(pairs[i].b);
        if (hg_topic_patterns_meet(a, b) != pairs[i].meet ||
            hg_topic_patterns_meet(b, a) != pairs[i].meet) {
            fail_msg("%s and %s", pairs[i].a, pairs[i].b);
        }
    }
}

/* As long as patterns can be, and nothing but stars on one side. */
static void long_patterns_meet_quickly(void **state) {
    (void)state;
    struct hg_buf stars = {0}, names = {0};
    for (int i = 0; i < 49; i++) {
        HG_BUF_LIT(&stars, "**.");
        HG_BUF_LIT(&names, "a.a.");
    }
    hg_buf_put(&stars, "b", 1);
    hg_buf_put(&names, "b", 1);
    assert_true(hg_topic_patterns_meet(hg_buf_slice(&stars), hg_buf_slice(&names)));
    names.ptr[names.len - 1] = 'c';
    assert_false(hg_topic_patterns_meet(hg_buf_slice(&stars), hg_buf_slice(&names)));
    hg_buf_fini(&stars);
    hg_buf_fini(&names);
}

int test_topic(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_segments_joined_by_dots),
        cmocka_unit_test(names_are_bounded),
        cmocka_unit_test(stars_stand_for_whole_segments),
        cmocka_unit_test(patterns_match_as_the_table_says),
        cmocka_unit_test(a_hostile_pattern_is_matched_quickly),
        cmocka_unit_test(patterns_meet_where_a_name_fits_both),
        cmocka_unit_test(long_patterns_meet_quickly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
