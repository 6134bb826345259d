/* SPDX-License-Identifier: Apache-2.0 */
/* test_log.c - the log's door over a driver in memory. */
#include "log/log.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/counters.h"
#include "log/counters.h"
#include "log/entry.h"
#include "support/fake_log.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

struct fixture {
    struct fake_log fake;
    struct log_rig rig;
    uint32_t topic;
    int wanted; /* of the driver's appends */
};

static void start_with(struct fixture *f, struct hg_log_setup setup) {
    fake_log_init(&f->fake);
    setup.driver = &fake_log_ops;
    setup.open = fake_log_open(&f->fake);
    rig_start(&f->rig, &setup);
    f->topic = rig_topic(&f->rig, "a.b");
}

static void start(struct fixture *f) {
    start_with(f, (struct hg_log_setup){.dedup_window_ms = 60000, .dedup_max = 1000});
}

static void stop(struct fixture *f) {
    rig_stop(&f->rig);
    fake_log_fini(&f->fake);
}

static void reopen(struct fixture *f) {
    struct hg_log_setup setup = f->rig.setup;
    rig_stop(&f->rig);
    rig_start(&f->rig, &setup);
    f->topic = rig_topic(&f->rig, "a.b");
}

static void an_event_is_stored_and_told_where(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p;
    start(&f);
    f.fake.log_time_ms = 1234;
    assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, "1", "x"), 0);
    assert_int_equal(p.items[0].stored, HG_STORED_NEW);
    const struct hg_position *at = &p.items[0].position;
    assert_true(at->topic_tag == hg_topic_tag(HG_SLICE("a.b")));
    assert_int_equal(at->epoch, 1);
    assert_int_equal(at->offset, 0);
    assert_int_equal(at->fingerprint, hg_position_fingerprint(1234, HG_SLICE("1")));
    rig_end(&p);
    stop(&f);
}

static void the_tail_is_seen_before_the_answer(void **state) {
    (void)state;
    struct fixture f;
    start(&f);
    for (unsigned i = 0; i < 50; i++) {
        struct rig_publish p;
        char id[16];
        (void)snprintf(id, sizeof id, "%u", i);
        assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, id, "x"), 0);
        assert_int_equal(p.seen_when_done, i + 1);
        assert_string_equal(f.rig.seen[i].id, id);
        assert_int_equal(f.rig.seen[i].offset, i);
        assert_int_equal(f.rig.seen[i].fingerprint, p.items[0].position.fingerprint);
        rig_end(&p);
    }
    stop(&f);
}

static void the_same_event_again_is_told_where_it_stands(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish first, again;
    start(&f);
    assert_int_equal(rig_publish_one(&f.rig, &first, f.topic, "1", "x"), 0);
    assert_int_equal(rig_publish_one(&f.rig, &again, f.topic, "1", "x"), 0);
    assert_int_equal(again.items[0].stored, HG_STORED_BEFORE);
    assert_int_equal(again.items[0].position.offset, 0);
    assert_int_equal(again.items[0].position.fingerprint, first.items[0].position.fingerprint);
    assert_int_equal(f.rig.n_seen, 1);
    rig_end(&first);
    rig_end(&again);
    stop(&f);
}

static void another_content_under_a_known_id_refuses_the_whole_publish(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish first, batch;
    start(&f);
    assert_int_equal(rig_publish_one(&f.rig, &first, f.topic, "1", "x"), 0);
    rig_begin(&f.rig, &batch);
    rig_add(&batch, f.topic, "2", "x");
    rig_add(&batch, f.topic, "1", "y");
    rig_add(&batch, f.topic, "3", "x");
    assert_int_equal(rig_send(&batch), 0);
    rig_wait(&batch);
    assert_int_equal(batch.err, HG_ECONFLICT);
    assert_int_equal(batch.at, 1);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(batch.items[i].stored, i == 1 ? HG_STORED_OTHER : HG_STORED_NOT);
    }
    assert_int_equal(f.rig.n_seen, 1);
    rig_end(&batch);
    /* What it reserved before the refusal is free again. */
    assert_int_equal(rig_publish_one(&f.rig, &batch, f.topic, "2", "z"), 0);
    assert_int_equal(batch.items[0].stored, HG_STORED_NEW);
    rig_end(&first);
    rig_end(&batch);
    stop(&f);
}

static void one_id_of_two_owners_topics_or_sources_is_two_events(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p;
    start(&f);
    uint32_t other = rig_topic(&f.rig, "a.c");
    rig_begin(&f.rig, &p);
    rig_add(&p, f.topic, "1", "x");
    rig_add(&p, f.topic, "1", "y")->owner = 7;
    rig_add(&p, other, "1", "z");
    struct hg_publish_item *item = rig_add(&p, f.topic, "1", "w");
    hg_event_unref(&item->event);
    item->event = rig_event("/test2", "1", "w");
    assert_int_equal(rig_send(&p), 0);
    rig_wait(&p);
    assert_int_equal(p.err, 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(p.items[i].stored, HG_STORED_NEW);
    }
    rig_end(&p);
    stop(&f);
}

static void a_publish_of_nothing_is_answered(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p;
    start(&f);
    rig_begin(&f.rig, &p);
    assert_int_equal(rig_send(&p), 0);
    rig_wait(&p);
    assert_int_equal(p.err, 0);
    assert_int_equal(atomic_load(&f.fake.appends), 0);
    stop(&f);
}

static void an_unknown_topic_or_a_partition_is_refused_at_once(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p;
    start(&f);
    rig_begin(&f.rig, &p);
    rig_add(&p, 99, "1", "x");
    assert_int_equal(rig_send(&p), HG_ENOENT);
    rig_end(&p);
    struct hg_log_fetch fetch = {.topic = 99, .time_ms = -1};
    assert_int_equal(hg_log_read(f.rig.log, &fetch), HG_ENOENT);
    fetch = (struct hg_log_fetch){.topic = f.topic, .partition = 1, .time_ms = -1};
    assert_int_equal(hg_log_read(f.rig.log, &fetch), HG_ENOENT);
    stop(&f);
}

static void an_expected_position_that_differs_is_a_conflict(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p;
    start(&f);
    rig_begin(&f.rig, &p);
    rig_add(&p, f.topic, "1", "x");
    struct hg_publish_item *item = rig_add(&p, f.topic, "2", "x");
    item->has_expected = true;
    item->expected_next = 5;
    assert_int_equal(rig_send(&p), 0);
    rig_wait(&p);
    assert_int_equal(p.err, HG_ECONFLICT);
    assert_int_equal(p.at, 1);
    rig_end(&p);
    stop(&f);
}

static int64_t total(struct hg_counter *const *counters, size_t n) {
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += hg_counter_read(counters[i]);
    }
    return sum;
}

static void every_event_is_counted_once(void **state) {
    (void)state;
    struct hg_counter *const results[] = {&hg_log_events_stored, &hg_log_events_duplicate,
                                          &hg_log_events_conflict, &hg_log_events_failed};
    struct fixture f;
    struct rig_publish p;
    start(&f);
    int64_t before = total(results, 4), stored = hg_counter_read(&hg_log_events_stored);
    int64_t duplicates = hg_counter_read(&hg_log_events_duplicate);
    rig_begin(&f.rig, &p);
    rig_add(&p, f.topic, "1", "x");
    rig_add(&p, f.topic, "2", "x");
    rig_add(&p, f.topic, "1", "x"); /* the same twice in one publish */
    assert_int_equal(rig_send(&p), 0);
    rig_wait(&p);
    rig_end(&p);
    assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, "1", "y"), HG_ECONFLICT);
    rig_end(&p);
    atomic_store(&f.fake.fail_next, HG_EFULL);
    assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, "9", "y"), HG_EFULL);
    rig_end(&p);
    assert_int_equal(total(results, 4) - before, 5);
    assert_int_equal(hg_counter_read(&hg_log_events_stored) - stored, 2);
    assert_int_equal(hg_counter_read(&hg_log_events_duplicate) - duplicates, 1);
    assert_int_equal(hg_counter_read(&hg_log_queue_bytes), 0);
    stop(&f);
}

static void a_full_queue_refuses_and_lets_in_again(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p[3];
    start_with(&f, (struct hg_log_setup){.queue_bytes_max = 1});
    f.fake.is_manual = true;
    for (int i = 0; i < 3; i++) {
        rig_begin(&f.rig, &p[i]);
        rig_add(&p[i], f.topic, "1", "x");
    }
    /* The first is let in however large; it fills the queue. */
    int64_t refused = hg_counter_read(&hg_log_events_refused);
    assert_int_equal(rig_send(&p[0]), 0);
    assert_int_equal(rig_send(&p[1]), HG_EAGAIN);
    assert_int_equal(hg_counter_read(&hg_log_events_refused) - refused, 1);
    assert_true(hg_log_retry_after(f.rig.log) >= 1);
    while (atomic_load(&f.fake.n_held) == 0) {
        hg_loop_turn(f.rig.loop, false);
    }
    fake_log_answer(&f.fake, 1, 0);
    rig_wait(&p[0]);
    f.fake.is_manual = false;
    assert_int_equal(rig_send(&p[2]), 0);
    rig_wait(&p[2]);
    for (int i = 0; i < 3; i++) {
        rig_end(&p[i]);
    }
    stop(&f);
}

static bool is_writable(void *arg) {
    return hg_log_is_writable(arg);
}

static void a_log_that_was_full_finds_out_by_itself_when_it_is_not(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p;
    start(&f);
    assert_true(hg_log_is_writable(f.rig.log));
    atomic_store(&f.fake.fail_next, HG_EFULL);
    assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, "1", "x"), HG_EFULL);
    assert_int_equal(p.items[0].stored, HG_STORED_NOT);
    assert_false(hg_log_is_writable(f.rig.log));
    rig_end(&p);
    atomic_store(&f.fake.fail_next, 0);
    rig_until(&f.rig, is_writable, f.rig.log);
    assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, "1", "x"), 0);
    assert_int_equal(p.items[0].stored, HG_STORED_NEW);
    rig_end(&p);
    stop(&f);
}

static bool has_been_asked(void *arg) {
    struct fixture *f = arg;
    return atomic_load(&f->fake.appends) >= f->wanted;
}

/* Small events go on where a large one was refused. */
static void a_log_that_is_nearly_full_is_not_writable_until_it_has_room(void **state) {
    static char large[2000];
    (void)state;
    struct fixture f;
    struct rig_publish p;
    start(&f);
    memset(large, 'x', sizeof large - 1);
    atomic_store(&f.fake.room, 1000);
    assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, "1", large), HG_EFULL);
    rig_end(&p);
    assert_false(hg_log_is_writable(f.rig.log));
    for (int i = 0; i < 2; i++) { /* two probes, and what is small */
        assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, i ? "2" : "3", "x"), 0);
        rig_end(&p);
        assert_false(hg_log_is_writable(f.rig.log));
        f.wanted = atomic_load(&f.fake.appends) + 1;
        rig_until(&f.rig, has_been_asked, &f);
        assert_false(hg_log_is_writable(f.rig.log));
    }
    atomic_store(&f.fake.room, 0);
    rig_until(&f.rig, is_writable, f.rig.log);
    assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, "1", large), 0);
    rig_end(&p);
    stop(&f);
}

/* It need not wait for a probe. */
static void a_log_that_stored_as_much_as_it_refused_is_writable(void **state) {
    static char large[2000];
    (void)state;
    struct fixture f;
    struct rig_publish p;
    start(&f);
    memset(large, 'x', sizeof large - 1);
    atomic_store(&f.fake.room, 1000);
    assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, "1", large), HG_EFULL);
    rig_end(&p);
    atomic_store(&f.fake.room, 0);
    assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, "1", large), 0);
    assert_true(hg_log_is_writable(f.rig.log));
    rig_end(&p);
    stop(&f);
}

static void topics_are_found_by_name(void **state) {
    (void)state;
    struct fixture f;
    start(&f);
    uint32_t other = rig_topic(&f.rig, "x.y.z"), id = 99;
    assert_int_equal(other, 1);
    assert_int_equal(rig_topic(&f.rig, "a.b"), f.topic);
    assert_int_equal(hg_log_topic_count(f.rig.log), 2);
    assert_true(hg_log_topic_find(f.rig.log, HG_SLICE("x.y.z"), &id));
    assert_int_equal(id, 1);
    assert_false(hg_log_topic_find(f.rig.log, HG_SLICE("x.y"), &id));
    assert_true(hg_slice_eq(hg_log_topic_name(f.rig.log, 1), HG_SLICE("x.y.z")));
    assert_true(hg_log_topic_tag(f.rig.log, 1) == hg_topic_tag(HG_SLICE("x.y.z")));
    assert_int_equal(hg_log_topic_partitions(f.rig.log, 1), 1);
    assert_int_equal(hg_log_topic_epoch(f.rig.log, 1), 1);
    struct hg_log_topic wrong = {.name = HG_SLICE("no good"), .partitions = 1};
    struct hg_why why = {{0}};
    assert_int_equal(hg_log_topic(f.rig.log, &wrong, &id, &why), HG_EINVAL);
    assert_true(strlen(why.text) > 0);
    wrong = (struct hg_log_topic){.name = HG_SLICE("a.b"), .partitions = 2};
    assert_int_equal(hg_log_topic(f.rig.log, &wrong, &id, &why), HG_EINVAL);
    stop(&f);
}

static void the_range_is_never_behind_what_was_acknowledged(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p;
    struct hg_log_range range;
    start(&f);
    for (unsigned i = 0; i < 20; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%u", i);
        assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, id, "x"), 0);
        hg_log_topic_range(f.rig.log, f.topic, 0, &range);
        assert_true(range.next == i + 1);
        rig_end(&p);
    }
    stop(&f);
}

static void a_read_gives_a_batch_and_where_to_go_on(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p;
    struct hg_batch *batch = NULL;
    uint64_t next = 0;
    start(&f);
    for (int i = 0; i < 5; i++) {
        char id[2] = {(char)('0' + i), 0};
        f.fake.log_time_ms = 1000 + i;
        assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, id, "x"), 0);
        rig_end(&p);
    }
    struct hg_log_fetch fetch = {
        .topic = f.topic, .from = 1, .time_ms = -1, .max_records = 3, .max_bytes = 1 << 20};
    assert_int_equal(rig_read(&f.rig, &fetch, &batch, &next), 0);
    assert_int_equal(batch->n, 3);
    assert_true(next == 4);
    assert_int_equal(batch->epoch, 1);
    assert_int_equal(batch->entries[0].offset, 1);
    assert_int_equal(batch->entries[2].fingerprint, hg_position_fingerprint(1003, HG_SLICE("3")));
    hg_batch_unref(&batch);
    fetch.time_ms = 1003;
    assert_int_equal(rig_read(&f.rig, &fetch, &batch, &next), 0);
    assert_int_equal(batch->n, 2);
    assert_true(next == 5);
    hg_batch_unref(&batch);
    fetch.time_ms = -1;
    fetch.from = 5;
    assert_int_equal(rig_read(&f.rig, &fetch, &batch, &next), 0);
    assert_int_equal(batch->n, 0);
    assert_true(next == 5);
    hg_batch_unref(&batch);
    stop(&f);
}

static void a_read_of_what_is_gone_tells_where_the_log_begins(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p;
    struct hg_batch *batch = NULL;
    uint64_t next = 0;
    start(&f);
    for (int i = 0; i < 5; i++) {
        char id[2] = {(char)('0' + i), 0};
        assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, id, "x"), 0);
        rig_end(&p);
    }
    assert_int_equal(fake_log_ops.trim(&f.fake, f.topic, 0, 3), 0);
    struct hg_log_fetch fetch = {.topic = f.topic, .time_ms = -1, .max_records = 3};
    assert_int_equal(rig_read(&f.rig, &fetch, &batch, &next), HG_ENOENT);
    assert_null(batch);
    assert_true(next == 3);
    stop(&f);
}

static void ids_are_known_after_a_restart(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p;
    start(&f);
    assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, "1", "x"), 0);
    rig_end(&p);
    reopen(&f);
    assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, "1", "x"), 0);
    assert_int_equal(p.items[0].stored, HG_STORED_BEFORE);
    rig_end(&p);
    assert_int_equal(rig_publish_one(&f.rig, &p, f.topic, "1", "y"), HG_ECONFLICT);
    rig_end(&p);
    stop(&f);
}

static void a_driver_that_does_not_open_is_reported(void **state) {
    (void)state;
    struct fake_log fake;
    struct hg_log *log = NULL;
    struct hg_why why = {{0}};
    fake_log_init(&fake);
    atomic_store(&fake.open_err, HG_EIO);
    struct hg_log_setup setup = {.driver = &fake_log_ops, .open = fake_log_open(&fake)};
    assert_int_equal(hg_log_start(&setup, &log, &why), HG_EIO);
    assert_null(log);
    assert_string_equal(why.text, "the fake was told to fail");
    fake_log_fini(&fake);
}

static void stopping_finishes_what_is_queued(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p[20];
    start(&f);
    for (int i = 0; i < 20; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%d", i);
        rig_begin(&f.rig, &p[i]);
        rig_add(&p[i], f.topic, id, "x");
        assert_int_equal(rig_send(&p[i]), 0);
    }
    rig_stop(&f.rig);
    for (int i = 0; i < 20; i++) {
        assert_true(p[i].is_done);
        assert_int_equal(p[i].err, 0);
        assert_int_equal(p[i].items[0].position.offset, i);
        rig_end(&p[i]);
    }
    fake_log_fini(&f.fake);
}

static bool has_nudge(void *arg) {
    return ((struct log_rig *)arg)->n_nudges > 0;
}

/* A batch of the tail that found no memory must not stay unknown for ever. */
static void a_tail_without_memory_is_told_later(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p;
    struct hg_log_range range;
    start(&f);
    f.fake.is_manual = true;
    rig_begin(&f.rig, &p);
    rig_add(&p, f.topic, "1", "x");
    assert_int_equal(rig_send(&p), 0);
    while (atomic_load(&f.fake.n_held) == 0) {
        hg_loop_turn(f.rig.loop, false);
    }
    hg_alloc_fail_after(1); /* the fake's array, then the batch */
    fake_log_answer(&f.fake, 1, 0);
    assert_false(hg_alloc_fail_is_pending());
    hg_alloc_fail_after(-1);
    rig_wait(&p);
    assert_int_equal(p.err, 0);
    assert_int_equal(f.rig.n_seen, 0);
    rig_until(&f.rig, has_nudge, &f.rig);
    hg_log_topic_range(f.rig.log, f.topic, 0, &range);
    assert_true(range.next == 1);
    rig_end(&p);
    stop(&f);
}

int test_log(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_stored_and_told_where),
        cmocka_unit_test(the_tail_is_seen_before_the_answer),
        cmocka_unit_test(the_same_event_again_is_told_where_it_stands),
        cmocka_unit_test(another_content_under_a_known_id_refuses_the_whole_publish),
        cmocka_unit_test(one_id_of_two_owners_topics_or_sources_is_two_events),
        cmocka_unit_test(a_publish_of_nothing_is_answered),
        cmocka_unit_test(an_unknown_topic_or_a_partition_is_refused_at_once),
        cmocka_unit_test(an_expected_position_that_differs_is_a_conflict),
        cmocka_unit_test(every_event_is_counted_once),
        cmocka_unit_test(a_full_queue_refuses_and_lets_in_again),
        cmocka_unit_test(a_log_that_was_full_finds_out_by_itself_when_it_is_not),
        cmocka_unit_test(a_log_that_is_nearly_full_is_not_writable_until_it_has_room),
        cmocka_unit_test(a_log_that_stored_as_much_as_it_refused_is_writable),
        cmocka_unit_test(topics_are_found_by_name),
        cmocka_unit_test(the_range_is_never_behind_what_was_acknowledged),
        cmocka_unit_test(a_read_gives_a_batch_and_where_to_go_on),
        cmocka_unit_test(a_read_of_what_is_gone_tells_where_the_log_begins),
        cmocka_unit_test(ids_are_known_after_a_restart),
        cmocka_unit_test(a_driver_that_does_not_open_is_reported),
        cmocka_unit_test(stopping_finishes_what_is_queued),
        cmocka_unit_test(a_tail_without_memory_is_told_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
