/* SPDX-License-Identifier: Apache-2.0 */
/* test_part.c - where the loop stands in each partition. */
#include "unit/feed/rig.h"

#include "base/alloc.h"
#include "unit/feed/tests.h"

static void topic_begins_where_the_log_ends(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.partitions = 2}, 2);
    struct hg_feed__parts ps = {.log = rig->log, .window_bytes_max = 1000};
    rig_publish_many(rig, 1, 8);
    struct hg_feed__topic *t = hg_feed__parts_topic(&ps, 1);
    assert_non_null(t);
    assert_int_equal(t->n_parts, 2);
    assert_int_equal(t->parts[0]->next, rig->truth[1][0].n);
    assert_int_equal(t->parts[1]->next, rig->truth[1][1].n);
    assert_int_equal(t->parts[0]->epoch, 1);
    assert_int_equal(t->parts[0]->window.bytes_max, 500);
    assert_int_equal(t->tag, hg_topic_tag(HG_SLICE("t1")));
    rig_publish_many(rig, 1, 8);
    assert_ptr_equal(hg_feed__parts_topic(&ps, 1), t); /* and stands there */
    assert_true(t->parts[0]->next < rig->truth[1][0].n || t->parts[1]->next < rig->truth[1][1].n);
    hg_feed__parts_fini(&ps);
    rig_free(&rig);
}

static void topic_that_the_log_has_not_is_none(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){0}, 2);
    struct hg_feed__parts ps = {.log = rig->log};
    assert_null(hg_feed__parts_topic(&ps, 2));
    assert_non_null(hg_feed__parts_topic(&ps, 0));
    assert_null(hg_feed__parts_topic(&ps, UINT32_MAX));
    hg_feed__parts_fini(&ps);
    rig_free(&rig);
}

static void without_memory_there_is_no_topic_yet(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){0}, 2);
    struct hg_feed__parts ps = {.log = rig->log};
    for (int n = 0; n < 2; n++) {
        hg_alloc_fail_after(n);
        assert_null(hg_feed__parts_topic(&ps, 1));
    }
    hg_alloc_fail_after(-1);
    assert_non_null(hg_feed__parts_topic(&ps, 1));
    hg_feed__parts_fini(&ps);
    rig_free(&rig);
}

static void renewed_partition_holds_nothing(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){0}, 1);
    rig_publish_many(rig, 0, 4);
    struct hg_feed__part *p = hg_feed__parts_topic(&rig->feed->parts, 0)->parts[0];
    assert_int_equal(p->window.n, 4);
    assert_true(p->fingerprint != 0);
    hg_feed__part_renew(p, 7, 3);
    assert_int_equal(p->window.n, 0);
    assert_int_equal(p->window.bytes_max, 1 << 20);
    assert_int_equal(p->epoch, 7);
    assert_int_equal(p->next, 3);
    assert_int_equal(p->fingerprint, 0);
    rig_free(&rig);
}

static void token_is_of_the_position(void **state) {
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.partitions = 2}, 1);
    struct hg_feed__topic *t = hg_feed__parts_topic(&rig->feed->parts, 0);
    for (uint32_t i = 0; i < 6; i++) {
        struct hg_position p;
        hg_feed__part_move(t->parts[1], 10 * i, i);
        for (int twice = 0; twice < 2; twice++) {
            assert_int_equal(hg_position_parse(hg_feed__part_token(t, 1), &p), 0);
            assert_int_equal(p.topic_tag, t->tag);
            assert_int_equal(p.partition, 1);
            assert_int_equal(p.epoch, 1);
            assert_int_equal(p.offset + 1, 10 * i);
            assert_int_equal(p.fingerprint, i);
        }
    }
    rig_free(&rig);
}

int test_part(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topic_begins_where_the_log_ends),
        cmocka_unit_test(topic_that_the_log_has_not_is_none),
        cmocka_unit_test(without_memory_there_is_no_topic_yet),
        cmocka_unit_test(token_is_of_the_position),
        cmocka_unit_test(renewed_partition_holds_nothing),
    };
    return cmocka_run_group_tests_name("feed/part", tests, NULL, NULL);
}
