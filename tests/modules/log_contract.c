/* SPDX-License-Identifier: Apache-2.0 */
/* log_contract.c - the promises, one test each. */
#include "modules/log_contract.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "modules/log_contract_rig.h"

static void a_record_comes_back_as_it_was(void **state) {
    struct contract_rig *rig = rig_of(state);
    static const struct hg_record_header headers[] = {
        {HG_SLICE("hg_reason"), HG_SLICE("no\0schema")}, {HG_SLICE("empty"), {NULL, 0}}};
    struct contract_append a;
    contract_begin(rig, &a);
    struct hg_record *r = &contract_add(&a, A, "id-1")->record;
    r->owner = 0x0123456789abcdef;
    r->key = HG_SLICE("the key");
    r->headers = headers;
    r->n_headers = 2;
    memcpy(r->digest, "0123456789abcdef", 16);
    struct hg_event *e = hg_event_ref(r->event);
    contract_send(&a);
    contract_flush(rig);
    assert_int_equal(contract_wait(&a), 0);
    assert_int_equal(contract_read(rig, A, 0, 10, contract_lots), 0);
    assert_int_equal(rig->records.n, 1);
    const struct hg_record *back = &rig->records.items[0];
    assert_true(contract_same_event(back->event, e));
    assert_true(back->owner == 0x0123456789abcdef);
    assert_memory_equal(back->digest, "0123456789abcdef", 16);
    assert_true(back->offset == a.items[0].record.offset);
    assert_true(back->log_time_ms == a.items[0].record.log_time_ms);
    assert_true(hg_slice_eq(back->key, HG_SLICE("the key")));
    assert_int_equal(back->n_headers, 2);
    assert_true(hg_slice_eq(back->headers[0].name, headers[0].name));
    assert_true(hg_slice_eq(back->headers[0].value, headers[0].value));
    assert_int_equal(back->headers[1].value.len, 0);
    hg_event_unref(&e);
}

static void data_of_any_size_comes_back(void **state) {
    struct contract_rig *rig = rig_of(state);
    static const size_t sizes[] = {0, 1, 100, 2000, 4096, 70000, 900 << 10};
    for (size_t i = 0; i < HG_COUNT(sizes); i++) {
        struct contract_append a;
        char *data = hg_alloc(sizes[i] + 1);
        for (size_t k = 0; k < sizes[i]; k++) {
            data[k] = (char)(k * 31 + i);
        }
        contract_begin(rig, &a);
        struct hg_append_item *item = contract_add(&a, A, "x");
        hg_event_unref(&item->record.event);
        item->record.event = contract_event("big", data, sizes[i]);
        struct hg_event *e = hg_event_ref(item->record.event);
        contract_send(&a);
        contract_flush(rig);
        assert_int_equal(contract_wait(&a), 0);
        assert_int_equal(contract_read(rig, A, item->record.offset, 1, 1), 0);
        assert_int_equal(rig->records.n, 1);
        assert_true(contract_same_event(rig->records.items[0].event, e));
        hg_event_unref(&e);
        hg_free(data);
    }
}

static void offsets_follow_each_other(void **state) {
    struct contract_rig *rig = rig_of(state);
    uint64_t next = contract_range(rig, A).next;
    for (uint64_t i = 0; i < 5; i++) {
        struct contract_append a;
        contract_begin(rig, &a);
        contract_add(&a, A, "1");
        contract_add(&a, A, "2");
        contract_send(&a);
        contract_flush(rig);
        assert_int_equal(contract_wait(&a), 0);
        assert_true(a.items[0].record.offset == next + 2 * i);
        assert_true(a.items[1].record.offset == next + 2 * i + 1);
    }
    struct hg_log_range range = contract_range(rig, A);
    assert_true(range.next == next + 10);
    assert_true(range.first == next);
    assert_int_equal(range.partitions, 1);
    assert_true(range.epoch > 0);
}

static void log_time_never_decreases(void **state) {
    struct contract_rig *rig = rig_of(state);
    contract_fill(rig, A, 300);
    assert_int_equal(contract_read(rig, A, 0, 1000, contract_lots), 0);
    for (size_t i = 1; i < rig->records.n; i++) {
        assert_true(rig->records.items[i].log_time_ms >= rig->records.items[i - 1].log_time_ms);
    }
}

/* The tail of each topic: no holes; before the answer, unless it has to be
 * wished for. */
static void the_tail_comes_whole_and_before_the_answer(void **state) {
    struct contract_rig *rig = rig_of(state);
    static struct contract_append a[30];
    uint64_t next[3] = {0};
    bool is_by_wish = (rig->contract->ops->caps & HG_LOG_FOLLOW) != 0;
    for (uint32_t t = A; is_by_wish && t <= C; t++) {
        assert_int_equal(rig->contract->ops->follow(rig->state, t, true), 0);
    }
    for (size_t i = 0; i < HG_COUNT(a); i++) {
        contract_begin(rig, &a[i]);
        contract_add(&a[i], (uint32_t)(i % 3), "x");
        contract_add(&a[i], (uint32_t)((i + 1) % 3), "y");
        contract_send(&a[i]);
        if (i % 7 == 0) {
            contract_flush(rig);
        }
    }
    contract_flush(rig);
    size_t due = 0;
    for (size_t i = 0; i < HG_COUNT(a); i++) {
        assert_int_equal(contract_wait(&a[i]), 0);
        due += 2;
        assert_true(is_by_wish || a[i].shown_when_done >= due);
    }
    contract_wait_shown(rig, due);
    for (size_t i = 0; i < due; i++) {
        assert_true(rig->shown[i].offset == next[rig->shown[i].topic]++);
    }
}

static void a_read_keeps_to_its_bounds(void **state) {
    struct contract_rig *rig = rig_of(state);
    contract_fill(rig, A, 100);
    assert_int_equal(contract_read(rig, A, 10, 7, contract_lots), 0);
    assert_true(rig->records.n >= 1 && rig->records.n <= 7);
    assert_true(rig->records.items[0].offset == 10);
    assert_int_equal(contract_read(rig, A, 10, 50, 1), 0);
    assert_int_equal(rig->records.n, 1); /* one is always given */
    assert_int_equal(contract_read(rig, A, 10, 50, 500), 0);
    assert_true(rig->records.n >= 1 && rig->records.n < 50);
}

static void reading_on_meets_every_record_once(void **state) {
    struct contract_rig *rig = rig_of(state);
    contract_fill(rig, A, 500);
    contract_fill(rig, B, 20);
    uint64_t from = 0;
    for (;;) {
        assert_int_equal(contract_read(rig, A, from, 37, contract_lots), 0);
        if (rig->records.n == 0) {
            break;
        }
        for (size_t i = 0; i < rig->records.n; i++) {
            char id[24];
            (void)snprintf(id, sizeof id, "%llu", (unsigned long long)from);
            assert_true(rig->records.items[i].offset == from++);
            assert_true(hg_slice_eq(contract_id(&rig->records.items[i]), hg_slice_of(id)));
        }
    }
    assert_true(from == 500);
}

struct marks {
    uint64_t next;
    size_t n;
};

static void on_mark(void *arg, const struct hg_log_mark *m) {
    struct marks *marks = arg;
    char id[24];
    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)m->offset);
    assert_true(m->offset == marks->next);
    assert_true(hg_slice_eq(m->id, hg_slice_of(id)));
    assert_true(hg_slice_eq(m->source, HG_SLICE("/contract")));
    assert_true(m->log_time_ms > 0 && m->owner == 0 && m->digest[0] == 0);
    marks->next++;
    marks->n++;
}

static void a_scan_marks_what_a_read_gives(void **state) {
    struct contract_rig *rig = rig_of(state);
    struct marks marks = {0};
    if (!has_cap(rig, HG_LOG_SCAN)) {
        return;
    }
    contract_fill(rig, A, 300);
    for (uint64_t from = 0;;) {
        struct hg_log_read want = {
            .topic = A, .from = from, .max_records = 77, .max_bytes = contract_lots};
        uint64_t next = from;
        assert_int_equal(rig->contract->ops->scan(rig->state, &want, on_mark, &marks, &next), 0);
        assert_true(next == marks.next && next <= from + 77);
        if (next == from) {
            break;
        }
        from = next;
    }
    assert_int_equal(marks.n, 300);
}

static void the_end_gives_nothing_and_is_no_error(void **state) {
    struct contract_rig *rig = rig_of(state);
    assert_int_equal(contract_read(rig, A, 0, 10, contract_lots), 0);
    assert_int_equal(rig->records.n, 0);
    contract_fill(rig, A, 3);
    contract_fill(rig, B, 3); /* what lies behind in the store is another topic's */
    assert_int_equal(contract_read(rig, A, 3, 10, contract_lots), 0);
    assert_int_equal(rig->records.n, 0);
    assert_int_equal(contract_read(rig, A, UINT64_MAX, 10, contract_lots), 0);
    assert_int_equal(rig->records.n, 0);
}

static void a_time_is_found(void **state) {
    struct contract_rig *rig = rig_of(state);
    assert_true(contract_seek(rig, A, 1000) == 0);
    assert_true(contract_seek(rig, A, INT64_MIN) == 0);
    contract_fill(rig, A, 1500);
    contract_fill(rig, B, 10);
    contract_read_on(rig, A, 0);
    assert_int_equal(rig->records.n, 1500);
    for (size_t i = 0; i < rig->records.n; i += 13) {
        int64_t time_ms = rig->records.items[i].log_time_ms;
        size_t first = i;
        while (first > 0 && rig->records.items[first - 1].log_time_ms >= time_ms) {
            first--;
        }
        assert_true(contract_seek(rig, A, time_ms) == rig->records.items[first].offset);
    }
    assert_true(contract_seek(rig, A, INT64_MIN) == 0);
    assert_true(contract_seek(rig, A, 0) == 0);
    assert_true(contract_seek(rig, A, rig->records.items[1499].log_time_ms + 1) == 1500);
    assert_true(contract_seek(rig, A, INT64_MAX) == 1500);
}

static void what_was_answered_is_there_after_a_restart(void **state) {
    struct contract_rig *rig = rig_of(state);
    contract_fill(rig, A, 700);
    contract_fill(rig, B, 3);
    assert_int_equal(contract_read(rig, A, 699, 1, contract_lots), 0);
    int64_t time_ms = rig->records.items[0].log_time_ms;
    struct hg_log_range before = contract_range(rig, A);
    contract_reopen(rig, contract_names, 3);
    struct hg_log_range after = contract_range(rig, A);
    assert_true(after.next == 700 && after.first == before.first);
    assert_int_equal(after.epoch, before.epoch);
    assert_true(after.bytes == before.bytes);
    assert_true(contract_range(rig, B).next == 3);
    assert_true(contract_range(rig, C).next == 0);
    assert_int_equal(contract_append_one(rig, A, "new"), 0);
    contract_read_on(rig, A, 699);
    assert_int_equal(rig->records.n, 2);
    assert_true(rig->records.items[1].offset == 700);
    assert_true(rig->records.items[1].log_time_ms >= time_ms);
}

static void topics_do_not_depend_on_their_numbers(void **state) {
    struct contract_rig *rig = rig_of(state);
    static const char *const turned[] = {"contract.c.dlq", "contract.new", "contract.a"};
    contract_fill(rig, A, 5);
    contract_fill(rig, C, 7);
    contract_reopen(rig, turned, 3);
    assert_true(contract_range(rig, 0).next == 7);
    assert_true(contract_range(rig, 1).next == 0);
    assert_true(contract_range(rig, 2).next == 5);
}

static void an_append_without_items_is_answered(void **state) {
    struct contract_rig *rig = rig_of(state);
    struct contract_append a;
    int err = HG_EAGAIN;
    for (int i = 0; i < 10 && err == HG_EAGAIN; i++) { /* from afar no answer may come in time */
        contract_begin(rig, &a);
        contract_send(&a);
        contract_flush(rig);
        err = contract_wait(&a);
    }
    assert_int_equal(err, 0);
    assert_int_equal(rig->n_shown, 0);
}

static void what_does_not_exist_is_told(void **state) {
    struct contract_rig *rig = rig_of(state);
    struct hg_log_range range;
    uint64_t offset;
    assert_int_equal(contract_read(rig, 7, 0, 1, 1), HG_ENOENT);
    assert_int_equal(rig->contract->ops->describe(rig->state, 7, 0, &range), HG_ENOENT);
    assert_int_equal(rig->contract->ops->describe(rig->state, A, 1, &range), HG_ENOENT);
    assert_int_equal(rig->contract->ops->seek(rig->state, 7, 0, 0, &offset), HG_ENOENT);
    assert_int_not_equal(contract_append_one(rig, 7, "x"), 0);
    assert_int_equal(contract_append_one(rig, A, "x"), 0);
}

static void an_append_over_topics_is_all_or_nothing(void **state) {
    struct contract_rig *rig = rig_of(state);
    struct contract_append a;
    if (!has_cap(rig, HG_LOG_ATOMIC | HG_LOG_EXPECT)) {
        return;
    }
    contract_begin(rig, &a);
    contract_add(&a, A, "1");
    contract_add(&a, B, "2");
    struct hg_append_item *item = contract_add(&a, C, "3");
    item->has_expected = true;
    item->expected_next = 1;
    contract_send(&a);
    contract_flush(rig);
    assert_int_equal(contract_wait(&a), HG_ECONFLICT);
    assert_true(a.append.refused == 2 || a.append.refused == SIZE_MAX);
    for (uint32_t t = A; t <= C; t++) {
        assert_true(contract_range(rig, t).next == 0);
        assert_int_equal(contract_read(rig, t, 0, 10, contract_lots), 0);
        assert_int_equal(rig->records.n, 0);
    }
    assert_int_equal(rig->n_shown, 0);
    contract_reopen(rig, contract_names, 3);
    assert_true(contract_range(rig, A).next == 0);
}

static void an_unexpected_position_spares_the_others_of_its_group(void **state) {
    struct contract_rig *rig = rig_of(state);
    static struct contract_append a[5];
    if (!has_cap(rig, HG_LOG_EXPECT)) {
        return;
    }
    for (size_t i = 0; i < HG_COUNT(a); i++) {
        contract_begin(rig, &a[i]);
        struct hg_append_item *item = contract_add(&a[i], A, "x");
        item->has_expected = i % 2 == 1;
        item->expected_next = i == 3 ? 3 : 0; /* the second is wrong: one stands before it */
        contract_send(&a[i]);
    }
    contract_flush(rig);
    static const int answers[] = {0, HG_ECONFLICT, 0, HG_ECONFLICT, 0};
    for (size_t i = 0; i < HG_COUNT(a); i++) {
        assert_int_equal(contract_wait(&a[i]), answers[i]);
    }
    assert_true(contract_range(rig, A).next == 3);
    assert_int_equal(rig->n_shown, 3);
}

static void expected_positions_count_within_an_append_and_a_group(void **state) {
    struct contract_rig *rig = rig_of(state);
    struct contract_append a, b;
    if (!has_cap(rig, HG_LOG_EXPECT)) {
        return;
    }
    contract_begin(rig, &a);
    contract_begin(rig, &b);
    for (uint64_t i = 0; i < 3; i++) {
        struct hg_append_item *item = contract_add(&a, A, "a");
        item->has_expected = true;
        item->expected_next = i;
        item = contract_add(&b, A, "b");
        item->has_expected = true;
        item->expected_next = 3 + i;
    }
    contract_send(&a);
    contract_send(&b);
    contract_flush(rig);
    assert_int_equal(contract_wait(&a), 0);
    assert_int_equal(contract_wait(&b), 0);
    assert_true(b.items[2].record.offset == 5);
}

struct follower {
    struct contract_rig *rig;
    atomic_bool is_over;
    uint64_t seen;
    bool is_broken;
};

/* As a subscriber that catches up: reads on, never misses one. */
static void *follow(void *arg) {
    struct follower *f = arg;
    struct hg_records records = {0};
    for (bool was_over = false;;) {
        struct hg_log_read want = {
            .topic = A, .from = f->seen, .max_records = 50, .max_bytes = contract_lots};
        hg_records_clear(&records);
        int err = f->rig->contract->ops->read(f->rig->state, &want, &records);
        f->is_broken |= err != 0 && err != HG_EAGAIN; /* a driver that does not see so far yet */
        for (size_t i = 0; i < records.n; i++) {
            f->is_broken |= records.items[i].offset != f->seen++;
        }
        if ((was_over && records.n == 0 && err == 0) || f->is_broken) {
            break;
        }
        was_over = atomic_load(&f->is_over);
    }
    hg_records_fini(&records);
    return NULL;
}

static void readers_go_on_while_others_append(void **state) {
    struct contract_rig *rig = rig_of(state);
    struct follower f[3];
    pthread_t threads[3];
    for (size_t i = 0; i < HG_COUNT(f); i++) {
        f[i] = (struct follower){.rig = rig};
        assert_int_equal(pthread_create(&threads[i], NULL, follow, &f[i]), 0);
    }
    contract_fill(rig, A, 3000);
    for (size_t i = 0; i < HG_COUNT(f); i++) {
        atomic_store(&f[i].is_over, true);
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    for (size_t i = 0; i < HG_COUNT(f); i++) { /* only now: a failure ends the test */
        assert_false(f[i].is_broken);
        assert_true(f[i].seen == 3000);
    }
}

/* What is appended but not flushed is finished by close, or was never there. */
static void closing_leaves_no_half_group(void **state) {
    struct contract_rig *rig = rig_of(state);
    struct contract_append a;
    contract_begin(rig, &a);
    contract_add(&a, A, "1");
    contract_add(&a, B, "2");
    contract_send(&a);
    contract_reopen(rig, contract_names, 3);
    assert_true(a.is_done);
    int err = contract_wait(&a);
    assert_true(contract_range(rig, A).next == (err == 0 ? 1 : 0));
    assert_true(contract_range(rig, B).next == (err == 0 ? 1 : 0));
}

int log_contract_run(const struct log_contract *contract) {
    const struct CMUnitTest tests[] = {
        PROMISE(a_record_comes_back_as_it_was),
        PROMISE(data_of_any_size_comes_back),
        PROMISE(offsets_follow_each_other),
        PROMISE(log_time_never_decreases),
        PROMISE(the_tail_comes_whole_and_before_the_answer),
        PROMISE(a_read_keeps_to_its_bounds),
        PROMISE(reading_on_meets_every_record_once),
        PROMISE(a_scan_marks_what_a_read_gives),
        PROMISE(the_end_gives_nothing_and_is_no_error),
        PROMISE(a_time_is_found),
        PROMISE(what_was_answered_is_there_after_a_restart),
        PROMISE(topics_do_not_depend_on_their_numbers),
        PROMISE(an_append_without_items_is_answered),
        PROMISE(what_does_not_exist_is_told),
        PROMISE(an_append_over_topics_is_all_or_nothing),
        PROMISE(an_unexpected_position_spares_the_others_of_its_group),
        PROMISE(expected_positions_count_within_an_append_and_a_group),
        PROMISE(readers_go_on_while_others_append),
        PROMISE(closing_leaves_no_half_group),
    };
    contract_use(contract);
    return cmocka_run_group_tests_name(contract->ops->name, tests, NULL, NULL) +
           log_contract_run_topics(contract);
}
