/* SPDX-License-Identifier: Apache-2.0 */
/* test_copies.c - the tail and every reader find the same copies. */
#include "log/copies.h"

#include <stdio.h>

#include "log/entry.h"
#include "log/inner.h"
#include "support/log_rig.h"
#include "support/remote_log.h"
#include "unit/log/tests.h"

enum { RECORDS = 1200, MAX = 60, IDS = 40 };

struct fixture {
    struct remote_log remote;
    struct hg_log_ops ops;
    struct log_rig rig;
    uint32_t topic;
    int ids[RECORDS];
    size_t n;
    /* What the tail showed. */
    bool is_shown[RECORDS], was_copy[RECORDS];
    size_t n_new, n_new_copies; /* of partitions that came later */
    struct hg_log_follower *follower;
    bool is_followed;
};

static void on_tail(struct hg_loop *loop, struct hg_batch *batch, void *arg) {
    struct fixture *f = arg;
    (void)loop;
    for (size_t i = 0; i < batch->n && batch->partition > 0; i++) {
        f->n_new++;
        f->n_new_copies += batch->entries[i].is_copy;
    }
    for (size_t i = 0; i < batch->n && batch->partition == 0; i++) {
        f->is_shown[batch->entries[i].offset] = true;
        f->was_copy[batch->entries[i].offset] = batch->entries[i].is_copy;
    }
}

static int set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    remote_log_init(&f->remote);
    f->ops = remote_log_ops();
    f->ops.caps |= HG_LOG_COPIES;
    struct hg_log_setup setup = {.driver = &f->ops,
                                 .open = fake_log_open(&f->remote.fake),
                                 .on_tail = on_tail,
                                 .arg = f,
                                 .look_ms = 1,
                                 .hide_ms = 600000,
                                 .hide_max = MAX};
    rig_start(&f->rig, &setup);
    f->topic = rig_topic(&f->rig, "t");
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    hg_log_unfollow(&f->follower);
    rig_stop(&f->rig);
    remote_log_fini(&f->remote);
    hg_free(f);
    return 0;
}

/* As another gateway writes. */
static void store_in(struct fixture *f, uint32_t partition, int id) {
    char text[16];
    (void)snprintf(text, sizeof text, "%d", id);
    struct hg_append_item item = {.topic = f->topic,
                                  .partition = partition,
                                  .record = {.event = rig_event("/copies", text, "x"), .owner = 5}};
    item.record.digest[0] = 1;
    fake_log_store(&f->remote.fake, &item);
    hg_event_unref(&item.record.event);
}

static void store(struct fixture *f, int id) {
    store_in(f, 0, id);
    f->ids[f->n++] = id;
}

static void store_some(struct fixture *f, size_t n) {
    static uint32_t random = 3;
    for (size_t i = 0; i < n; i++) {
        random = random * 1664525 + 1013904223;
        store(f, (int)((random >> 8) % IDS) + (int)((f->n / 100) * IDS));
    }
}

static bool is_copy(const struct fixture *f, size_t at) {
    for (size_t k = at; k > 0 && at - (k - 1) <= MAX; k--) {
        if (f->ids[k - 1] == f->ids[at]) {
            return true;
        }
    }
    return false;
}

/* Gives back how many copies there were. */
static size_t read_at(struct fixture *f, uint64_t from, size_t max) {
    struct hg_log_fetch fetch = {.topic = f->topic,
                                 .from = from,
                                 .time_ms = -1,
                                 .max_records = max,
                                 .max_bytes = 1 << 20,
                                 .wants_copies = true};
    struct hg_batch *batch = NULL;
    uint64_t next = 0;
    size_t n_copies = 0;
    assert_int_equal(rig_read(&f->rig, &fetch, &batch, &next), 0);
    assert_true(batch->n > 0 && batch->entries[0].offset == from);
    for (size_t i = 0; i < batch->n; i++) {
        assert_int_equal(batch->entries[i].is_copy, is_copy(f, batch->entries[i].offset));
        n_copies += batch->entries[i].is_copy;
    }
    assert_true(next == from + batch->n);
    hg_batch_unref(&batch);
    return n_copies;
}

static void readers_that_begin_anywhere_find_the_same(void **state) {
    struct fixture *f = *state;
    size_t n_copies = 0;
    store_some(f, RECORDS);
    for (uint64_t from = RECORDS - 1; from > 17; from -= 17) {
        n_copies += read_at(f, from, 1 + from % 50);
    }
    for (uint64_t from = 0; from < RECORDS; from += 90) {
        n_copies += read_at(f, from, 90);
    }
    assert_true(n_copies > 300);
}

static void who_does_not_ask_is_told_nothing(void **state) {
    struct fixture *f = *state;
    struct hg_log_fetch fetch = {
        .topic = f->topic, .from = 1, .time_ms = -1, .max_records = 1, .max_bytes = 1};
    struct hg_batch *batch = NULL;
    uint64_t next = 0;
    store(f, 1);
    store(f, 1);
    assert_int_equal(rig_read(&f->rig, &fetch, &batch, &next), 0);
    assert_false(batch->entries[0].is_copy);
    hg_batch_unref(&batch);
    assert_int_equal(read_at(f, 1, 1), 1);
}

static void on_followed(void *arg, int err) {
    struct fixture *f = arg;
    assert_int_equal(err, 0);
    f->is_followed = true;
}

static bool is_followed(void *arg) {
    return ((struct fixture *)arg)->is_followed;
}

static void begin_follow(struct fixture *f) {
    f->is_followed = false;
    assert_int_equal(hg_log_follow(f->rig.log, f->topic, on_followed, f, &f->follower), 0);
}

static void follow(struct fixture *f) {
    begin_follow(f);
    rig_until(&f->rig, is_followed, f);
}

static bool is_last_shown(void *arg) {
    struct fixture *f = arg;
    return f->is_shown[f->n - 1];
}

static void show(struct fixture *f) {
    remote_log_pump(&f->remote);
    rig_until(&f->rig, is_last_shown, f);
}

static void check_tail(struct fixture *f, size_t from) {
    for (size_t i = from; i < f->n; i++) {
        assert_true(f->is_shown[i]);
        assert_int_equal(f->was_copy[i], is_copy(f, i));
    }
}

static void the_tail_knows_what_stands_before_it(void **state) {
    struct fixture *f = *state;
    store_some(f, 150);
    follow(f);
    store_some(f, 100);
    show(f);
    check_tail(f, 150);
    for (uint64_t from = 100; from < f->n; from += 13) { /* looked up, walked, and both */
        (void)read_at(f, from, 1);
        (void)read_at(f, from, 40);
    }
}

static void a_tail_that_begins_again_knows_it_as_well(void **state) {
    struct fixture *f = *state;
    store_some(f, 50);
    follow(f);
    store_some(f, 20);
    show(f);
    hg_log_unfollow(&f->follower);
    store_some(f, 70);
    follow(f);
    store_some(f, 60);
    show(f);
    check_tail(f, 140);
}

static bool is_read(void *arg) {
    return remote_log_reading(arg) > 0;
}

/* Nobody is shown the tail until it can be judged. */
static void what_comes_before_the_stretch_is_read_is_not_shown(void **state) {
    struct fixture *f = *state;
    store_some(f, 120);
    remote_log_hold_reads(&f->remote, f->topic, true);
    begin_follow(f);
    rig_until(&f->rig, is_read, &f->remote);
    store_some(f, 30);
    remote_log_pump(&f->remote);
    remote_log_hold_reads(&f->remote, f->topic, false);
    rig_until(&f->rig, is_followed, f);
    assert_false(f->is_shown[149]);
    struct hg_log_range range;
    hg_log_topic_range(f->rig.log, f->topic, 0, &range);
    assert_true(range.next == 150);
    store_some(f, 40);
    show(f);
    check_tail(f, 150);
}

static void after_a_cut_readers_find_what_is_there(void **state) {
    struct fixture *f = *state;
    store_some(f, 100);
    follow(f);
    (void)read_at(f, 10, 90);
    remote_log_cut(&f->remote, f->topic, 0, 50);
    f->n = 50;
    memset(f->is_shown, 0, sizeof f->is_shown);
    for (int i = 0; i < 10; i++) {
        store(f, 5000 + i);
    }
    store(f, 5003);
    show(f);
    check_tail(f, 50);
    (void)read_at(f, 10, 80);
    (void)read_at(f, 45, 3);
}

/* Its only event, again and again. */
static bool is_new_copy_shown(void *arg) {
    struct fixture *f = arg;
    store_in(f, 2, 1);
    remote_log_pump(&f->remote);
    return f->n_new_copies > 0;
}

static void partitions_that_come_later_are_walked_too(void **state) {
    struct fixture *f = *state;
    store_some(f, 10);
    follow(f);
    remote_log_grow(&f->remote, f->topic, 3);
    rig_until(&f->rig, is_new_copy_shown, f);
    assert_true(f->n_new - f->n_new_copies <= 1); /* the first */
    store_some(f, 10);
    show(f);
    check_tail(f, 10);
}

#define COPIES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int test_copies(void) {
    const struct CMUnitTest tests[] = {
        COPIES(readers_that_begin_anywhere_find_the_same),
        COPIES(who_does_not_ask_is_told_nothing),
        COPIES(the_tail_knows_what_stands_before_it),
        COPIES(a_tail_that_begins_again_knows_it_as_well),
        COPIES(what_comes_before_the_stretch_is_read_is_not_shown),
        COPIES(partitions_that_come_later_are_walked_too),
        COPIES(after_a_cut_readers_find_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
