/* SPDX-License-Identifier: Apache-2.0 */
/* test_whole.c - the log room over the embedded driver: threads, dedup over a
 * restart, readers beside writers. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "log/entry.h"
#include "modules/log_embedded/tests.h"
#include "support/log_rig.h"

struct fixture {
    struct log_rig rig;
    char dir[DIR_BYTES];
    uint32_t topic;
};

static void open_all(struct fixture *f) {
    struct hg_log_setup setup = {.driver = hg_module_log_embedded.log,
                                 .dedup_window_ms = 3600000,
                                 .dedup_max = 10000,
                                 .queue_bytes_max = 64 << 20,
                                 .readers = 2};
    setup.open.args[0] = hg_slice_of(f->dir);
    setup.open.n_args = 1;
    rig_start(&f->rig, &setup);
    f->topic = rig_topic(&f->rig, "a.b");
}

static int set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    make_dir(f->dir);
    open_all(f);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    rig_stop(&f->rig);
    remove_dir(f->dir);
    hg_free(f);
    return 0;
}

enum { N = 2000 };

static bool is_all_done(void *arg) {
    struct log_rig *rig = arg;
    return rig->n_done == N;
}

static void send_all(struct fixture *f, struct rig_publish *p) {
    f->rig.n_done = 0;
    for (int i = 0; i < N; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%d", i);
        rig_begin(&f->rig, &p[i]);
        rig_add(&p[i], f->topic, id, "some data");
        assert_int_equal(rig_send(&p[i]), 0);
    }
    rig_until(&f->rig, is_all_done, &f->rig);
}

static void many_publishes_are_stored_in_order_and_known_after_a_restart(void **state) {
    struct fixture *f = *state;
    struct rig_publish *p = hg_alloc(N * sizeof *p);
    send_all(f, p);
    for (int i = 0; i < N; i++) {
        assert_int_equal(p[i].err, 0);
        assert_int_equal(p[i].items[0].stored, HG_STORED_NEW);
        assert_true(p[i].items[0].position.offset == (uint64_t)i);
        assert_true(p[i].seen_when_done > (size_t)i);
        assert_int_equal(f->rig.seen[i].fingerprint, p[i].items[0].position.fingerprint);
        rig_end(&p[i]);
    }
    rig_stop(&f->rig);
    open_all(f);
    send_all(f, p);
    for (int i = 0; i < N; i++) {
        assert_int_equal(p[i].err, 0);
        assert_int_equal(p[i].items[0].stored, HG_STORED_BEFORE);
        assert_true(p[i].items[0].position.offset == (uint64_t)i);
        rig_end(&p[i]);
    }
    assert_int_equal(f->rig.n_seen, 0);
    hg_free(p);
}

static void what_is_read_is_what_the_tail_has_shown(void **state) {
    struct fixture *f = *state;
    struct rig_publish *p = hg_alloc(N * sizeof *p);
    struct hg_batch *batch = NULL;
    send_all(f, p);
    uint64_t next = 0;
    while (next < N) {
        struct hg_log_fetch fetch = {.topic = f->topic,
                                     .from = next,
                                     .time_ms = -1,
                                     .max_records = 300,
                                     .max_bytes = 1 << 20};
        uint64_t at = next;
        assert_int_equal(rig_read(&f->rig, &fetch, &batch, &next), 0);
        assert_true(batch->n > 0 && next == at + batch->n);
        for (size_t i = 0; i < batch->n; i++) {
            const struct rig_seen *seen = &f->rig.seen[at + i];
            assert_true(batch->entries[i].offset == seen->offset);
            assert_int_equal(batch->entries[i].fingerprint, seen->fingerprint);
            assert_true(hg_slice_eq(hg_event_core(batch->entries[i].event, HG_ATTR_ID),
                                    hg_slice_of(seen->id)));
        }
        hg_batch_unref(&batch);
    }
    for (int i = 0; i < N; i++) {
        rig_end(&p[i]);
    }
    hg_free(p);
}

static void a_conflict_stores_nothing(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    assert_int_equal(rig_publish_one(&f->rig, &p, f->topic, "1", "x"), 0);
    rig_end(&p);
    rig_begin(&f->rig, &p);
    rig_add(&p, f->topic, "2", "x");
    rig_add(&p, f->topic, "1", "y");
    assert_int_equal(rig_send(&p), 0);
    rig_wait(&p);
    assert_int_equal(p.err, HG_ECONFLICT);
    assert_int_equal(p.at, 1);
    rig_end(&p);
    struct hg_log_range range;
    hg_log_topic_range(f->rig.log, f->topic, 0, &range);
    assert_true(range.next == 1);
}

/* Each allocation of a publish fails once: it is refused or stored, never in
 * between, and the tail shows it or says that there is more. */
static void without_memory_a_publish_is_refused_or_stored(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    uint64_t stored = 1;
    assert_int_equal(rig_publish_one(&f->rig, &p, f->topic, "first", "x"), 0);
    rig_end(&p);
    for (int64_t i = 0; i < 12; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%d", (int)i);
        rig_begin(&f->rig, &p);
        rig_add(&p, f->topic, id, "x");
        hg_alloc_fail_after(i);
        int err = rig_send(&p);
        assert_true(err == 0 || err == HG_ENOMEM);
        int64_t deadline = hg_clock_mono_ms() + 10000;
        while (err == 0 && !p.is_done && hg_clock_mono_ms() < deadline) {
            hg_loop_turn(f->rig.loop, false); /* rig_wait would need memory itself */
        }
        hg_alloc_fail_after(-1);
        assert_true(p.is_done == (err == 0));
        if (err == 0) {
            assert_int_equal(p.err, 0);
            assert_true(p.items[0].position.offset == stored);
            stored++;
        }
        rig_end(&p);
    }
    struct hg_log_range range;
    hg_log_topic_range(f->rig.log, f->topic, 0, &range);
    assert_true(range.next == stored && stored >= 11);
    assert_true(f->rig.n_seen >= stored - 2);
}

#define WHOLE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int test_whole(void) {
    const struct CMUnitTest tests[] = {
        WHOLE(many_publishes_are_stored_in_order_and_known_after_a_restart),
        WHOLE(what_is_read_is_what_the_tail_has_shown),
        WHOLE(a_conflict_stores_nothing),
        WHOLE(without_memory_a_publish_is_refused_or_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
