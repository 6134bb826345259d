/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/link.h"

#include "unit/fetch/tests.h"

static void expect(const char *value, const char *want) {
    struct hg_slice target;
    bool is_found = hg_link_find(hg_slice_of(value), HG_SLICE("next"), &target);
    if (is_found != (want != NULL)) {
        fail_msg("%s: %s", value, is_found ? "found" : "not found");
    }
    if (want != NULL) {
        unit_assert_slice(target, want);
    }
}

static void the_target_of_a_relation_is_found(void **state) {
    (void)state;
    expect("<?position=x>; rel=\"next\"", "?position=x");
    expect("<a>;rel=next", "a");
    expect("  <a> ; rel = NEXT ", "a");
    expect("<a>; rel=prev, <b>; title=\"x, <c>; rel=next\"; rel=\"last next\"", "b");
    expect("<a>; crossorigin; rel=next", "a");
    expect("<>; rel=next", "");
    expect("<a>; title=\"q\\\"; rel=\"; rel=next", "a");
}

static void what_is_not_that_relation_is_not_found(void **state) {
    (void)state;
    expect("", NULL);
    expect("<a>", NULL);
    expect("<a>; rel=nexto", NULL);
    expect("<a>; rel=prev; rel=next", NULL); /* the first rel counts */
    expect("<a>; title=next", NULL);
    expect("a; rel=next", NULL);
    expect("<a; rel=next", NULL);
    expect("<a>; rel=\"next", NULL);
    expect("<a>; ; rel=next", NULL);
    expect("<a>; rel=prev <b>; rel=next", NULL);
}

int test_link(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_target_of_a_relation_is_found),
        cmocka_unit_test(what_is_not_that_relation_is_not_found),
    };
    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
