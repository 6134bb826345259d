/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include "base/list.h"
#include "unit/unit.h"

struct item {
    struct hg_list node;
    int value;
};

static void nodes_come_in_the_order_of_append(void **state) {
    (void)state;
    struct hg_list list;
    struct item items[5];
    hg_list_init(&list);
    assert_true(hg_list_is_empty(&list));
    for (int i = 0; i < 5; i++) {
        items[i].value = i;
        hg_list_append(&list, &items[i].node);
    }
    int want = 0;
    HG_LIST_EACH(it, &list) {
        assert_int_equal(HG_CONTAINER(it, struct item, node)->value, want++);
    }
    assert_int_equal(want, 5);
}

static void node_may_go_while_it_is_visited(void **state) {
    (void)state;
    struct hg_list list;
    struct item items[4];
    hg_list_init(&list);
    for (int i = 0; i < 4; i++) {
        hg_list_append(&list, &items[i].node);
    }
    HG_LIST_EACH(it, &list) {
        hg_list_remove(it);
        hg_list_remove(it); /* twice is harmless */
        assert_true(hg_list_is_empty(it));
    }
    assert_true(hg_list_is_empty(&list));
}

int test_list(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_come_in_the_order_of_append),
        cmocka_unit_test(node_may_go_while_it_is_visited),
    };
    return cmocka_run_group_tests_name("base/list", tests, NULL, NULL);
}
