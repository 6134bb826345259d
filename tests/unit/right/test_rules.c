/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/right/tests.h"

#include "base/alloc.h"
#include "right/right.h"
#include "support/conf_text.h"

static const struct hg_conf_owner *const owners[] = {&hg_right_owner, NULL};

static const char conf[] = "role shop { publish business.orders.* business.refunds; }\n"
                           "role desk { subscribe business.**; }\n"
                           "role desk { subscribe audit.logins; publish desk.notes; }\n"
                           "role nothing { }\n"
                           "role keeper { subscribe ** **.dlq headgate.dlq; }\n"
                           "role all { publish **; subscribe **; }\n";

struct rights {
    struct conf_text text;
    struct hg_rights *rights;
};

static struct rights *open_rights(void) {
    static struct rights r;
    conf_text_open(&r.text, owners, NULL, NULL, conf);
    conf_text_assert_good(&r.text);
    assert_int_equal(hg_rights_new(r.text.conf, &r.rights), 0);
    return &r;
}

static void close_rights(struct rights *r) {
    conf_text_close(&r->text);
    hg_rights_free(&r->rights);
    assert_null(r->rights);
}

/* A principal of this role: may it? */
static bool may(const struct rights *r, const char *role, enum hg_act act, const char *topic) {
    struct hg_principal *p = hg_principal_new("test", HG_SLICE(""), HG_SLICE("ada"), 0);
    assert_non_null(p);
    assert_int_equal(hg_principal_add_role(p, hg_slice_of(role)), 0);
    bool may_it = hg_rights_allow(r->rights, p, act, hg_slice_of(topic));
    hg_principal_unref(&p);
    return may_it;
}

static void no_rule_is_no_access(void **state) {
    struct rights *r = open_rights();
    (void)state;
    assert_false(may(r, "nobody", HG_ACT_PUBLISH, "business.refunds"));
    assert_false(may(r, "nothing", HG_ACT_PUBLISH, "business.refunds"));
    assert_false(may(r, "nothing", HG_ACT_SUBSCRIBE, "business.refunds"));
    assert_false(may(r, "anonymous", HG_ACT_SUBSCRIBE, "business.refunds"));
    close_rights(r);
}

static void a_right_to_one_act_is_none_to_another(void **state) {
    struct rights *r = open_rights();
    (void)state;
    assert_true(may(r, "shop", HG_ACT_PUBLISH, "business.refunds"));
    assert_false(may(r, "shop", HG_ACT_SUBSCRIBE, "business.refunds"));
    assert_true(may(r, "desk", HG_ACT_SUBSCRIBE, "business.refunds"));
    assert_false(may(r, "desk", HG_ACT_PUBLISH, "business.refunds"));
    for (int act = HG_ACT_REPLAY; act <= HG_ACT_ADMIN; act++) {
        assert_false(may(r, "all", (enum hg_act)act, "business.refunds"));
    }
    close_rights(r);
}

static void a_star_is_one_segment_and_two_are_any_number(void **state) {
    struct rights *r = open_rights();
    (void)state;
    assert_true(may(r, "shop", HG_ACT_PUBLISH, "business.orders.created"));
    assert_false(may(r, "shop", HG_ACT_PUBLISH, "business.orders"));
    assert_false(may(r, "shop", HG_ACT_PUBLISH, "business.orders.created.v1"));
    assert_true(may(r, "desk", HG_ACT_SUBSCRIBE, "business.orders.created.v1"));
    assert_false(may(r, "desk", HG_ACT_SUBSCRIBE, "businesses.orders"));
    close_rights(r);
}

static void stars_reach_no_dead_letters_audit_or_own_topics(void **state) {
    static const char *const apart[] = {"business.refunds.dlq", "audit.logins", "headgate.dlq",
                                        "headgate.status"};
    struct rights *r = open_rights();
    (void)state;
    for (size_t i = 0; i < HG_COUNT(apart); i++) {
        assert_false(may(r, "all", HG_ACT_PUBLISH, apart[i]));
        assert_false(may(r, "all", HG_ACT_SUBSCRIBE, apart[i]));
    }
    assert_true(may(r, "keeper", HG_ACT_SUBSCRIBE, "business.refunds.dlq"));
    assert_true(may(r, "keeper", HG_ACT_SUBSCRIBE, "headgate.dlq"));
    assert_false(may(r, "keeper", HG_ACT_SUBSCRIBE, "headgate.status"));
    close_rights(r);
}

/* A pattern is asked about before there is any topic. */
static void a_pattern_is_allowed_where_a_rule_meets_it(void **state) {
    static const struct {
        const char *role, *pattern;
        bool may;
    } cases[] = {
        {"desk", "business.*", true},
        {"desk", "*.refunds", true},
        {"desk", "other.*", false},
        {"desk", "audit.*", true},
        {"desk", "*.refunds.dlq", false},
        {"shop", "business.**", false}, /* it may publish there, no more */
        {"nothing", "**", false},
        {"keeper", "a.*.dlq", true},
        {"all", "a.*.dlq", false},
        {"all", "audit.*", false},
    };
    struct rights *r = open_rights();
    (void)state;
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        struct hg_principal *p = hg_principal_new("test", HG_SLICE(""), HG_SLICE("ada"), 0);
        assert_int_equal(hg_principal_add_role(p, hg_slice_of(cases[i].role)), 0);
        if (hg_rights_allow_some(r->rights, p, HG_ACT_SUBSCRIBE, hg_slice_of(cases[i].pattern)) !=
            cases[i].may) {
            fail_msg("%s and %s", cases[i].role, cases[i].pattern);
        }
        hg_principal_unref(&p);
    }
    close_rights(r);
}

static void blocks_of_one_role_add_up(void **state) {
    struct rights *r = open_rights();
    (void)state;
    assert_true(may(r, "desk", HG_ACT_SUBSCRIBE, "business.refunds"));
    assert_true(may(r, "desk", HG_ACT_SUBSCRIBE, "audit.logins"));
    assert_true(may(r, "desk", HG_ACT_PUBLISH, "desk.notes"));
    close_rights(r);
}

static void any_role_of_a_principal_suffices(void **state) {
    struct rights *r = open_rights();
    struct hg_principal *p = hg_principal_new("test", HG_SLICE(""), HG_SLICE("ada"), 0);
    (void)state;
    hg_principal_add_role(p, HG_SLICE("nothing"));
    hg_principal_add_role(p, HG_SLICE("shop"));
    hg_principal_add_role(p, HG_SLICE("desk"));
    assert_true(hg_rights_allow(r->rights, p, HG_ACT_PUBLISH, HG_SLICE("business.refunds")));
    assert_true(hg_rights_allow(r->rights, p, HG_ACT_SUBSCRIBE, HG_SLICE("business.refunds")));
    hg_principal_unref(&p);
    close_rights(r);
}

static void a_principal_without_roles_may_nothing(void **state) {
    struct rights *r = open_rights();
    struct hg_principal *p = hg_principal_new("test", HG_SLICE(""), HG_SLICE("ada"), 0);
    (void)state;
    assert_false(hg_rights_allow(r->rights, p, HG_ACT_PUBLISH, HG_SLICE("business.refunds")));
    hg_principal_unref(&p);
    close_rights(r);
}

static void rights_outlive_the_caller_s_configuration(void **state) {
    struct rights *r = open_rights();
    (void)state;
    conf_text_close(&r->text);
    assert_true(may(r, "shop", HG_ACT_PUBLISH, "business.refunds"));
    hg_rights_free(&r->rights);
    hg_rights_free(&r->rights); /* nothing */
}

static void what_is_no_pattern_is_a_fault_at_its_role(void **state) {
    (void)state;
    conf_text_assert_fault(owners, "role a { publish x..y; }", "t.conf:1: role: \"x..y\"");
    conf_text_assert_fault(owners, "role a { subscribe x.*y; }", "\"x.*y\" is no topic pattern");
    conf_text_assert_fault(owners, "role a { subscribe \"a b\"; }", "is no topic pattern");
    conf_text_assert_fault(owners, "role a { publish \"\"; }", "is no topic pattern");
    conf_text_assert_fault(owners, "role { publish a; }", "t.conf:1: role:");
}

static void without_memory_there_are_no_rights(void **state) {
    struct conf_text text;
    struct hg_rights *rights = NULL;
    (void)state;
    conf_text_open(&text, owners, NULL, NULL, conf);
    hg_alloc_fail_after(0);
    assert_int_equal(hg_rights_new(text.conf, &rights), HG_ENOMEM);
    assert_null(rights);
    conf_text_close(&text);
}

int test_rules(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_rule_is_no_access),
        cmocka_unit_test(a_right_to_one_act_is_none_to_another),
        cmocka_unit_test(a_star_is_one_segment_and_two_are_any_number),
        cmocka_unit_test(stars_reach_no_dead_letters_audit_or_own_topics),
        cmocka_unit_test(a_pattern_is_allowed_where_a_rule_meets_it),
        cmocka_unit_test(blocks_of_one_role_add_up),
        cmocka_unit_test(any_role_of_a_principal_suffices),
        cmocka_unit_test(a_principal_without_roles_may_nothing),
        cmocka_unit_test(rights_outlive_the_caller_s_configuration),
        cmocka_unit_test(what_is_no_pattern_is_a_fault_at_its_role),
        cmocka_unit_test(without_memory_there_are_no_rights),
    };
    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
