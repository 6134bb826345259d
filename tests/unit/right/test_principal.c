/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/right/tests.h"

#include "base/alloc.h"
#include "right/right.h"

static struct hg_principal *make(const char *how, struct hg_slice issuer, struct hg_slice id) {
    struct hg_principal *p = hg_principal_new(how, issuer, id, 0);
    assert_non_null(p);
    return p;
}

static uint64_t owner_of(const char *how, struct hg_slice issuer, struct hg_slice id) {
    struct hg_principal *p = make(how, issuer, id);
    uint64_t owner = hg_principal_owner(p);
    hg_principal_unref(&p);
    assert_null(p);
    return owner;
}

static void texts_are_copied(void **state) {
    char how[] = "jwt", issuer[] = "corp", id[] = "ada", role[] = "shop";
    (void)state;
    struct hg_principal *p = make(how, hg_slice_of(issuer), hg_slice_of(id));
    assert_int_equal(hg_principal_add_role(p, hg_slice_of(role)), 0);
    memset(how, 'x', 3);
    memset(issuer, 'x', 4);
    memset(id, 'x', 3);
    memset(role, 'x', 4);
    assert_string_equal(hg_principal_how(p), "jwt");
    unit_assert_slice(hg_principal_id(p), "ada");
    assert_true(hg_principal_has_role(p, HG_SLICE("shop")));
    hg_principal_unref(&p);
}

static void a_principal_has_the_roles_it_was_given_and_no_other(void **state) {
    struct hg_principal *p = make("jwt", HG_SLICE("corp"), HG_SLICE("ada"));
    (void)state;
    assert_false(hg_principal_has_role(p, HG_SLICE("shop")));
    assert_int_equal(hg_principal_add_role(p, HG_SLICE("shop")), 0);
    assert_int_equal(hg_principal_add_role(p, HG_SLICE("desk")), 0);
    assert_true(hg_principal_has_role(p, HG_SLICE("shop")));
    assert_true(hg_principal_has_role(p, HG_SLICE("desk")));
    assert_false(hg_principal_has_role(p, HG_SLICE("sho")));
    assert_false(hg_principal_has_role(p, HG_SLICE("shops")));
    assert_false(hg_principal_has_role(p, HG_SLICE("")));
    hg_principal_unref(&p);
}

static void sixty_four_roles_are_the_most(void **state) {
    struct hg_principal *p = make("jwt", HG_SLICE("corp"), HG_SLICE("ada"));
    (void)state;
    for (int i = 0; i < 64; i++) {
        char name[8] = {(char)('a' + i % 26), (char)('a' + i / 26)};
        assert_int_equal(hg_principal_add_role(p, hg_slice_of(name)), 0);
    }
    assert_int_equal(hg_principal_add_role(p, HG_SLICE("more")), HG_E2BIG);
    assert_false(hg_principal_has_role(p, HG_SLICE("more")));
    assert_true(hg_principal_has_role(p, HG_SLICE("lc")));
    hg_principal_unref(&p);
}

static void the_last_reference_frees_it(void **state) {
    struct hg_principal *p = make("jwt", HG_SLICE("corp"), HG_SLICE("ada"));
    struct hg_principal *other = hg_principal_ref(p);
    (void)state;
    assert_ptr_equal(other, p);
    hg_principal_unref(&p);
    assert_null(p);
    unit_assert_slice(hg_principal_id(other), "ada");
    hg_principal_unref(&other);
    hg_principal_unref(&other); /* nothing */
}

static void the_owner_is_the_same_for_the_same_caller(void **state) {
    (void)state;
    assert_int_equal(owner_of("jwt", HG_SLICE("corp"), HG_SLICE("ada")),
                     owner_of("jwt", HG_SLICE("corp"), HG_SLICE("ada")));
}

/* Ids are deduplicated per owner: nobody may come out as somebody else. */
static void the_owner_differs_by_how_issuer_and_id(void **state) {
    uint64_t owner = owner_of("jwt", HG_SLICE("corp"), HG_SLICE("ada"));
    (void)state;
    assert_int_not_equal(owner, owner_of("mtls", HG_SLICE("corp"), HG_SLICE("ada")));
    assert_int_not_equal(owner, owner_of("jwt", HG_SLICE("corq"), HG_SLICE("ada")));
    assert_int_not_equal(owner, owner_of("jwt", HG_SLICE("corp"), HG_SLICE("adb")));
    assert_int_not_equal(owner, owner_of("jwt", HG_SLICE("corpa"), HG_SLICE("da")));
    assert_int_not_equal(owner, owner_of("jwt", HG_SLICE(""), HG_SLICE("ada")));
}

static void a_nul_in_an_id_moves_no_border(void **state) {
    (void)state;
    assert_int_not_equal(owner_of("jwt", HG_SLICE("a"), HG_SLICE("b\0c")),
                         owner_of("jwt", HG_SLICE("a\0b"), HG_SLICE("c")));
}

static void the_anonymous_one_has_the_role_anonymous_alone(void **state) {
    struct hg_principal *p = hg_principal_anonymous();
    (void)state;
    assert_non_null(p);
    unit_assert_slice(hg_principal_id(p), "anonymous");
    assert_true(hg_principal_has_role(p, HG_SLICE("anonymous")));
    assert_int_equal(hg_principal_owner(p),
                     owner_of("anonymous", HG_SLICE(""), HG_SLICE("anonymous")));
    hg_principal_unref(&p);
}

static void without_memory_there_is_no_principal(void **state) {
    (void)state;
    for (int64_t n = 0;; n++) {
        hg_alloc_fail_after(n);
        struct hg_principal *p = hg_principal_anonymous();
        if (hg_alloc_fail_is_pending()) {
            assert_non_null(p);
            hg_principal_unref(&p);
            break;
        }
        assert_null(p);
    }
    hg_alloc_fail_after(-1);
}

int test_principal(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(a_principal_has_the_roles_it_was_given_and_no_other),
        cmocka_unit_test(sixty_four_roles_are_the_most),
        cmocka_unit_test(the_last_reference_frees_it),
        cmocka_unit_test(the_owner_is_the_same_for_the_same_caller),
        cmocka_unit_test(the_owner_differs_by_how_issuer_and_id),
        cmocka_unit_test(a_nul_in_an_id_moves_no_border),
        cmocka_unit_test(the_anonymous_one_has_the_role_anonymous_alone),
        cmocka_unit_test(without_memory_there_is_no_principal),
    };
    return cmocka_run_group_tests_name("principal", tests, NULL, NULL);
}
