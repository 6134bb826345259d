/* SPDX-License-Identifier: Apache-2.0 */
/* test_up.c - a driver's answers reach whoever opened it. */
#include "log/up.h"

#include "unit/log/tests.h"

struct listener {
    struct hg_log_up up;
    struct hg_append *append;
    int err;
    size_t tails;
    int n_ours;
};

static void on_complete(struct hg_log_up *up, struct hg_append *append, int err) {
    struct listener *l = HG_CONTAINER(up, struct listener, up);
    l->append = append;
    l->err = err;
}

static void on_tail(struct hg_log_up *up, uint32_t topic, uint32_t partition,
                    const struct hg_record *records, size_t n) {
    struct listener *l = HG_CONTAINER(up, struct listener, up);
    assert_int_equal(topic, 3);
    assert_int_equal(partition, 1);
    assert_non_null(records);
    l->tails += n;
}

static void answers_go_to_the_one_who_appended(void **state) {
    (void)state;
    struct listener a = {.up = {.on_complete = on_complete, .on_tail = on_tail}}, b = a;
    struct hg_append append = {.up = &b.up};
    hg_append_complete(&append, HG_EFULL);
    assert_null(a.append);
    assert_ptr_equal(b.append, &append);
    assert_int_equal(b.err, HG_EFULL);
}

static void a_tail_of_nothing_is_not_passed_on(void **state) {
    (void)state;
    struct listener a = {.up = {.on_complete = on_complete, .on_tail = on_tail}};
    struct hg_record record = {.offset = 1};
    hg_log_tail(&a.up, 9, 9, NULL, 0);
    hg_log_tail(&a.up, 3, 1, &record, 1);
    assert_int_equal(a.tails, 1);
}

static void on_assigned(struct hg_log_up *up, struct hg_slice group, uint32_t topic,
                        uint32_t partition, bool is_ours) {
    struct listener *l = HG_CONTAINER(up, struct listener, up);
    assert_true(hg_slice_eq(group, HG_SLICE("g")));
    assert_int_equal(topic, 3);
    assert_int_equal(partition, 1);
    l->n_ours += is_ours ? 1 : -1;
}

static void partitions_of_groups_are_told_to_who_asks(void **state) {
    (void)state;
    struct listener a = {.up = {.on_assigned = on_assigned}}, nobody = {0};
    hg_log_assigned(&a.up, HG_SLICE("g"), 3, 1, true);
    assert_int_equal(a.n_ours, 1);
    hg_log_assigned(&a.up, HG_SLICE("g"), 3, 1, false);
    assert_int_equal(a.n_ours, 0);
    hg_log_assigned(&nobody.up, HG_SLICE("g"), 3, 1, true);
}

int test_up(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_go_to_the_one_who_appended),
        cmocka_unit_test(a_tail_of_nothing_is_not_passed_on),
        cmocka_unit_test(partitions_of_groups_are_told_to_who_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
