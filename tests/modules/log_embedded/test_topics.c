/* SPDX-License-Identifier: Apache-2.0 */
/* test_topics.c - topics in the store. */
#include <stdio.h>
#include <string.h>

#include "modules/log_embedded/raw.h"
#include "modules/log_embedded/rig.h"

static int open_topic(struct embedded_rig *e, uint32_t id, const char *name, bool is_compacted,
                      struct hg_why *why) {
    struct hg_log_topic t = {
        .name = hg_slice_of(name), .id = id, .partitions = 1, .is_compacted = is_compacted};
    return e->contract.ops->topic_open(e->rig.state, &t, why);
}

static void compaction_cannot_be_changed(void **state) {
    (void)state;
    struct embedded_rig e;
    struct hg_why why = {{0}};
    embedded_start(&e, NULL, "1g");
    assert_int_equal(open_topic(&e, TOPIC_A, "a", true, &why), HG_EINVAL);
    assert_non_null(strstr(why.text, "without compaction"));
    assert_int_equal(embedded_put(&e, TOPIC_A, "0", 1), 0);
    assert_int_equal(open_topic(&e, 4, "k", true, &why), 0);
    assert_int_equal(open_topic(&e, 4, "k", false, &why), HG_EINVAL);
    assert_non_null(strstr(why.text, "with compaction"));
    embedded_restart(&e);
    assert_int_equal(open_topic(&e, 4, "k", false, &why), HG_EINVAL);
    assert_int_equal(open_topic(&e, 4, "k", true, &why), 0);
    embedded_end(&e);
}

static void opening_again_changes_nothing(void **state) {
    (void)state;
    struct embedded_rig e;
    struct hg_why why;
    embedded_start(&e, NULL, "1g");
    contract_fill(&e.rig, TOPIC_A, 10);
    struct hg_log_range before = contract_range(&e.rig, TOPIC_A);
    assert_int_equal(open_topic(&e, TOPIC_A, "a", false, &why), 0);
    struct hg_log_range after = contract_range(&e.rig, TOPIC_A);
    assert_memory_equal(&before, &after, sizeof before);
    embedded_end(&e);
}

static void many_topics_live_side_by_side(void **state) {
    (void)state;
    struct embedded_rig e;
    embedded_start(&e, NULL, "1g");
    for (uint32_t i = 2; i < 60; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "t%u", i);
        contract_topic(&e.rig, i, name, false);
    }
    for (int round = 0; round < 5; round++) {
        for (uint32_t i = 2; i < 60; i += 3) {
            char id[8] = {(char)('0' + round), 0};
            assert_int_equal(embedded_put(&e, i, id, i), 0);
        }
    }
    for (uint32_t i = 2; i < 60; i++) {
        embedded_expect(&e, i, 0, i % 3 == 2 ? 5 : 0);
    }
    embedded_end(&e);
}

static void a_name_at_the_limit_fits(void **state) {
    (void)state;
    struct embedded_rig e;
    struct hg_why why;
    char name[202];
    memset(name, 'n', sizeof name);
    name[200] = '\0';
    embedded_start(&e, NULL, "1g");
    assert_int_equal(open_topic(&e, 3, name, false, &why), 0);
    name[200] = 'n';
    name[201] = '\0';
    assert_int_equal(open_topic(&e, 4, name, false, &why), HG_EINVAL);
    embedded_end(&e);
}

static void what_a_deleted_topic_leaves_is_removed_by_and_by(void **state) {
    (void)state;
    struct embedded_rig e;
    embedded_start(&e, NULL, "1g");
    contract_fill(&e.rig, TOPIC_A, 5000);
    contract_fill(&e.rig, TOPIC_B, 10);
    assert_int_equal(e.contract.ops->topic_delete(e.rig.state, TOPIC_A), 0);
    for (int i = 0; i < 8; i++) {
        e.contract.ops->tick(e.rig.state);
    }
    embedded_expect(&e, TOPIC_B, 0, 10);
    embedded_stop(&e);
    assert_int_equal(raw_count(e.dir, "r1"), 0);
    assert_int_equal(raw_count(e.dir, "times"), 1);
    remove_dir(e.dir);
}

/* The epoch outlives the topic, and so do its numbers: positions of the old
 * one are recognised. */
static void an_epoch_is_never_used_again(void **state) {
    (void)state;
    struct embedded_rig e;
    uint32_t last = 0;
    embedded_start(&e, NULL, "1g");
    for (int i = 0; i < 5; i++) {
        uint32_t epoch = contract_range(&e.rig, TOPIC_A).epoch;
        assert_true(epoch > last);
        last = epoch;
        assert_int_equal(embedded_put(&e, TOPIC_A, "0", 1), 0);
        assert_int_equal(e.contract.ops->topic_delete(e.rig.state, TOPIC_A), 0);
        if (i % 2 == 0) {
            embedded_restart(&e);
        } else {
            contract_topic(&e.rig, TOPIC_A, "a", false);
        }
        embedded_expect(&e, TOPIC_A, 0, 0);
    }
    embedded_end(&e);
}

int test_topics(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compaction_cannot_be_changed),
        cmocka_unit_test(opening_again_changes_nothing),
        cmocka_unit_test(many_topics_live_side_by_side),
        cmocka_unit_test(a_name_at_the_limit_fits),
        cmocka_unit_test(what_a_deleted_topic_leaves_is_removed_by_and_by),
        cmocka_unit_test(an_epoch_is_never_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
