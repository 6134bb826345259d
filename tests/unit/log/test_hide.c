/* SPDX-License-Identifier: Apache-2.0 */
/* test_hide.c - which records are copies, by example and against a plain list. */
#include "log/hide.h"

#include <stdio.h>

#include "base/alloc.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

static struct hg_hide *make(int64_t ms, size_t max) {
    struct hg_hide *h = NULL;
    assert_int_equal(hg_hide_new(&(struct hg_hide_stretch){ms, max}, &h), 0);
    return h;
}

struct given {
    const char *source, *id;
    uint64_t owner, offset;
    int64_t time_ms;
    bool has_no_digest, is_tombstone;
};

static bool is_copy(struct hg_hide *h, struct given g) {
    struct hg_record r = {.owner = g.owner, .offset = g.offset, .log_time_ms = g.time_ms};
    bool copy = false;
    r.digest[0] = g.has_no_digest ? 0 : 1;
    r.event = g.is_tombstone ? NULL : rig_event(g.source, g.id, "x");
    assert_int_equal(hg_hide_next(h, &r, &copy), 0);
    hg_event_unref(&r.event);
    return copy;
}

static void an_equal_owner_source_and_id_make_a_copy(void **state) {
    (void)state;
    struct hg_hide *h = make(1000, 100);
    assert_false(is_copy(h, (struct given){"/s", "1", .owner = 1, .offset = 0}));
    assert_false(is_copy(h, (struct given){"/s", "1", .owner = 2, .offset = 1}));
    assert_false(is_copy(h, (struct given){"/t", "1", .owner = 1, .offset = 2}));
    assert_false(is_copy(h, (struct given){"/s", "2", .owner = 1, .offset = 3}));
    assert_true(is_copy(h, (struct given){"/s", "1", .owner = 1, .offset = 4}));
    assert_true(is_copy(h, (struct given){"/s", "2", .owner = 1, .offset = 5}));
    hg_hide_free(&h);
    assert_null(h);
}

static void what_was_stored_without_dedup_is_neither_copy_nor_original(void **state) {
    (void)state;
    struct hg_hide *h = make(1000, 100);
    assert_false(is_copy(h, (struct given){"/s", "1", .offset = 0, .has_no_digest = true}));
    assert_false(is_copy(h, (struct given){"/s", "1", .offset = 1, .has_no_digest = true}));
    assert_false(is_copy(h, (struct given){"/s", "1", .offset = 2}));
    assert_false(is_copy(h, (struct given){"/s", "1", .offset = 3, .has_no_digest = true}));
    assert_false(is_copy(h, (struct given){.offset = 4, .is_tombstone = true}));
    assert_true(is_copy(h, (struct given){"/s", "1", .offset = 5}));
    hg_hide_free(&h);
}

static void the_stretch_ends_at_its_time_and_its_count(void **state) {
    (void)state;
    struct hg_hide *h = make(1000, 10);
    assert_false(is_copy(h, (struct given){"/s", "1", .offset = 0, .time_ms = 5}));
    assert_true(is_copy(h, (struct given){"/s", "1", .offset = 1, .time_ms = 1005}));
    assert_false(is_copy(h, (struct given){"/s", "1", .offset = 2, .time_ms = 2006}));
    assert_true(is_copy(h, (struct given){"/s", "1", .offset = 12, .time_ms = 2006}));
    assert_false(is_copy(h, (struct given){"/s", "1", .offset = 23, .time_ms = 2006}));
    hg_hide_free(&h);
}

/* A reader that begins between two of them sees the same. */
static void a_copy_of_a_copy_is_one_however_far_the_first_is(void **state) {
    (void)state;
    struct hg_hide *h = make(1000, 10);
    assert_false(is_copy(h, (struct given){"/s", "1", .offset = 0, .time_ms = 0}));
    for (uint64_t i = 1; i < 20; i++) {
        struct given g = {"/s", "1", .offset = 9 * i, .time_ms = 900 * (int64_t)i};
        assert_true(is_copy(h, g));
        assert_true(hg_hide_count(h) <= 2);
    }
    hg_hide_clear(h);
    assert_int_equal(hg_hide_count(h), 0);
    assert_false(is_copy(h, (struct given){"/s", "1", .offset = 500, .time_ms = 18001}));
    hg_hide_free(&h);
}

enum { RECORDS = 4000, IDS = 300, MAX = 500, MS = 3000 };

struct model {
    struct hg_event *events[IDS];
    struct hg_record records[RECORDS];
    int ids[RECORDS];
    bool copies[RECORDS];
};

static void fill(struct model *m) {
    uint32_t random = 7;
    uint64_t offset = 0;
    int64_t time_ms = 0;
    for (int i = 0; i < IDS; i++) {
        char id[8];
        (void)snprintf(id, sizeof id, "%d", i);
        m->events[i] = rig_event("/hide", id, "x");
    }
    for (int i = 0; i < RECORDS; i++) {
        random = random * 1664525 + 1013904223;
        m->ids[i] = (int)((random >> 8) % IDS);
        offset += 1 + (random >> 20) % 3;
        time_ms += (random >> 24) % 16;
        m->records[i] = (struct hg_record){
            .event = m->events[m->ids[i]], .offset = offset, .log_time_ms = time_ms};
        m->records[i].digest[3] = 1;
        for (int k = i - 1; k >= 0 && !m->copies[i]; k--) {
            m->copies[i] = m->ids[k] == m->ids[i] && offset - m->records[k].offset <= MAX &&
                           time_ms - m->records[k].log_time_ms <= MS;
        }
    }
}

static void whoever_begins_with_the_stretch_comes_to_the_same(void **state) {
    (void)state;
    struct model *m = hg_alloc(sizeof *m);
    size_t n_copies = 0;
    fill(m);
    for (int first = 0; first < RECORDS; first += 191) {
        struct hg_hide *h = make(MS, MAX);
        int start = first;
        while (start > 0 && m->records[first].offset - m->records[start - 1].offset <= MAX &&
               m->records[first].log_time_ms - m->records[start - 1].log_time_ms <= MS) {
            start--;
        }
        for (int i = start; i < RECORDS; i++) {
            bool copy = false;
            assert_int_equal(hg_hide_next(h, &m->records[i], &copy), 0);
            assert_true(i < first || copy == m->copies[i]);
            n_copies += i >= first && copy;
        }
        assert_true(hg_hide_count(h) <= MAX + 1);
        hg_hide_free(&h);
    }
    assert_true(n_copies > 1000);
    for (int i = 0; i < IDS; i++) {
        hg_event_unref(&m->events[i]);
    }
    hg_free(m);
}

static void without_memory_the_record_is_not_looked_at(void **state) {
    (void)state;
    struct hg_hide *h = NULL, *none = NULL;
    struct hg_record r = {.event = rig_event("/s", "1", "x")};
    bool copy = true;
    r.digest[0] = 1;
    h = make(1000, 10);
    for (int64_t i = 0; i < 2; i++) {
        hg_alloc_fail_after(i);
        assert_int_equal(hg_hide_next(h, &r, &copy), HG_ENOMEM);
    }
    hg_alloc_fail_after(0);
    assert_int_equal(hg_hide_new(&(struct hg_hide_stretch){1, 1}, &none), HG_ENOMEM);
    hg_alloc_fail_after(-1);
    assert_int_equal(hg_hide_next(h, &r, &copy), 0);
    assert_false(copy);
    hg_event_unref(&r.event);
    hg_hide_free(&h);
}

int test_hide(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_equal_owner_source_and_id_make_a_copy),
        cmocka_unit_test(what_was_stored_without_dedup_is_neither_copy_nor_original),
        cmocka_unit_test(the_stretch_ends_at_its_time_and_its_count),
        cmocka_unit_test(a_copy_of_a_copy_is_one_however_far_the_first_is),
        cmocka_unit_test(whoever_begins_with_the_stretch_comes_to_the_same),
        cmocka_unit_test(without_memory_the_record_is_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
