/* SPDX-License-Identifier: Apache-2.0 */
/* test_index.c - where interests stand and how they are found. */
#include "unit/unit.h"

#include <stdio.h>

#include "base/alloc.h"
#include "feed/index.h"
#include "unit/feed/tests.h"

struct wish {
    const char *attr;
    enum hg_match match;
    const char *value;
};

static struct hg_filter *make_filter(const struct wish *wishes, size_t n) {
    struct hg_filter *f = hg_filter_new();
    assert_non_null(f);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(hg_filter_add(f, hg_slice_of(wishes[i].attr), wishes[i].match,
                                       hg_slice_of(wishes[i].value)),
                         0);
    }
    return f;
}

static void add(struct hg_feed__index *ix, struct hg_feed__interest *it, const char *attr,
                enum hg_match match, const char *value) {
    struct hg_filter *f = make_filter(&(struct wish){attr, match, value}, 1);
    assert_int_equal(hg_feed__index_add(ix, it, f), 0);
    hg_filter_unref(&f);
}

static size_t count(const struct hg_list *list) {
    size_t n = 0;
    HG_LIST_EACH(it, list) {
        n++;
    }
    return n;
}

static size_t count_of(const struct hg_map *map, const char *value) {
    struct hg_feed__bucket *b = hg_feed__bucket_hold(map, hg_slice_of(value));
    size_t n = b ? count(&b->interests) : 0;
    if (b) {
        hg_feed__bucket_release(b);
    }
    return n;
}

static void exact_subject_and_type_stand_under_their_value(void **state) {
    (void)state;
    struct hg_feed__index ix;
    struct hg_feed__interest it[5] = {0};
    hg_feed__index_init(&ix);
    add(&ix, &it[0], "subject", HG_MATCH_EXACT, "s1");
    add(&ix, &it[1], "subject", HG_MATCH_EXACT, "s1");
    add(&ix, &it[2], "type", HG_MATCH_EXACT, "s1");
    add(&ix, &it[3], "subject", HG_MATCH_PREFIX, "s1");
    add(&ix, &it[4], "source", HG_MATCH_EXACT, "s1");
    assert_int_equal(count_of(&ix.by_subject, "s1"), 2);
    assert_int_equal(count_of(&ix.by_type, "s1"), 1);
    assert_int_equal(count_of(&ix.by_type, "s2"), 0);
    assert_int_equal(count(&ix.plain), 2);
    for (size_t i = 0; i < HG_COUNT(it); i++) {
        hg_feed__index_remove(&it[i]);
        hg_feed__index_remove(&it[i]); /* harmless */
    }
    hg_feed__index_fini(&ix);
}

static void subject_goes_before_type(void **state) {
    (void)state;
    struct hg_feed__index ix;
    struct hg_feed__interest it = {0};
    const struct wish wishes[] = {{"type", HG_MATCH_EXACT, "t"}, {"subject", HG_MATCH_EXACT, "s"}};
    struct hg_filter *f = make_filter(wishes, 2);
    hg_feed__index_init(&ix);
    assert_int_equal(hg_feed__index_add(&ix, &it, f), 0);
    assert_int_equal(count_of(&ix.by_subject, "s"), 1);
    assert_int_equal(count_of(&ix.by_type, "t"), 0);
    hg_feed__index_remove(&it);
    hg_filter_unref(&f);
    hg_feed__index_fini(&ix);
}

static void alternatives_are_no_exact_value(void **state) {
    (void)state;
    struct hg_feed__index ix;
    struct hg_feed__interest it = {0};
    const struct wish wishes[] = {{"subject", HG_MATCH_EXACT, "s1"},
                                  {"subject", HG_MATCH_EXACT, "s2"}};
    struct hg_filter *f = make_filter(wishes, 2);
    hg_feed__index_init(&ix);
    assert_int_equal(hg_feed__index_add(&ix, &it, f), 0);
    assert_int_equal(count(&ix.plain), 1);
    hg_feed__index_remove(&it);
    hg_filter_unref(&f);
    hg_feed__index_fini(&ix);
}

static void interest_that_never_stood_can_be_removed(void **state) {
    (void)state;
    struct hg_feed__interest it = {0};
    hg_feed__index_remove(&it);
    assert_null(it.bucket);
}

static void bucket_outlives_the_filter_that_made_it(void **state) {
    (void)state;
    struct hg_feed__index ix;
    struct hg_feed__interest first = {0}, second = {0};
    hg_feed__index_init(&ix);
    add(&ix, &first, "subject", HG_MATCH_EXACT, "the value is the bucket's own copy");
    add(&ix, &second, "subject", HG_MATCH_EXACT, "the value is the bucket's own copy");
    hg_feed__index_remove(&first);
    assert_int_equal(count_of(&ix.by_subject, "the value is the bucket's own copy"), 1);
    hg_feed__index_remove(&second);
    assert_int_equal(ix.by_subject.n, 0);
    hg_feed__index_fini(&ix);
}

static void all_of_a_held_bucket_may_leave_during_the_walk(void **state) {
    (void)state;
    struct hg_feed__index ix;
    struct hg_feed__interest it[4] = {0};
    size_t seen = 0;
    hg_feed__index_init(&ix);
    for (size_t i = 0; i < HG_COUNT(it); i++) {
        add(&ix, &it[i], "type", HG_MATCH_EXACT, "t");
    }
    struct hg_feed__bucket *b = hg_feed__bucket_hold(&ix.by_type, HG_SLICE("t"));
    HG_LIST_EACH(node, &b->interests) {
        seen++;
        hg_feed__index_remove(HG_CONTAINER(node, struct hg_feed__interest, node));
    }
    assert_int_equal(seen, 4);
    assert_int_equal(ix.by_type.n, 1);
    hg_feed__bucket_release(b);
    assert_int_equal(ix.by_type.n, 0);
    hg_feed__index_fini(&ix);
}

static void without_memory_it_stands_nowhere(void **state) {
    (void)state;
    struct hg_feed__index ix;
    struct hg_feed__interest it = {0};
    struct hg_filter *f = make_filter(&(struct wish){"subject", HG_MATCH_EXACT, "s"}, 1);
    hg_feed__index_init(&ix);
    for (int n = 0; n < 2; n++) {
        hg_alloc_fail_after(n);
        assert_int_equal(hg_feed__index_add(&ix, &it, f), HG_ENOMEM);
        assert_int_equal(ix.by_subject.n, 0);
        hg_feed__index_remove(&it);
    }
    hg_alloc_fail_after(-1);
    assert_int_equal(hg_feed__index_add(&ix, &it, f), 0);
    hg_feed__index_remove(&it);
    hg_filter_unref(&f);
    hg_feed__index_fini(&ix);
}

enum { MANY = 10000 };

static void each_of_many_subjects_finds_its_own(void **state) {
    (void)state;
    static struct hg_feed__interest it[MANY];
    struct hg_feed__index ix;
    char value[16];
    hg_feed__index_init(&ix);
    for (int i = 0; i < MANY; i++) {
        snprintf(value, sizeof(value), "s%d", i);
        add(&ix, &it[i], "subject", HG_MATCH_EXACT, value);
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(value, sizeof(value), "s%d", i);
        struct hg_feed__bucket *b = hg_feed__bucket_hold(&ix.by_subject, hg_slice_of(value));
        assert_ptr_equal(b->interests.next, &it[i].node);
        assert_ptr_equal(b->interests.prev, &it[i].node);
        hg_feed__bucket_release(b);
    }
    for (int i = 0; i < MANY; i++) {
        hg_feed__index_remove(&it[i]);
    }
    hg_feed__index_fini(&ix);
}

int test_index(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_subject_and_type_stand_under_their_value),
        cmocka_unit_test(subject_goes_before_type),
        cmocka_unit_test(alternatives_are_no_exact_value),
        cmocka_unit_test(interest_that_never_stood_can_be_removed),
        cmocka_unit_test(bucket_outlives_the_filter_that_made_it),
        cmocka_unit_test(all_of_a_held_bucket_may_leave_during_the_walk),
        cmocka_unit_test(without_memory_it_stands_nowhere),
        cmocka_unit_test(each_of_many_subjects_finds_its_own),
    };
    return cmocka_run_group_tests_name("feed/index", tests, NULL, NULL);
}
