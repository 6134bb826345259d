/* SPDX-License-Identifier: Apache-2.0 */
/* test_readers.c - reader threads and their bounded queue. */
#include "log/readers.h"

#include <stdio.h>

#include "log/entry.h"
#include "log/records.h"
#include "support/fake_log.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

struct fixture {
    struct fake_log fake;
    struct log_rig rig;
    uint32_t topic;
};

static int set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    fake_log_init(&f->fake);
    struct hg_log_setup setup = {
        .driver = &fake_log_ops, .open = fake_log_open(&f->fake), .readers = 2};
    rig_start(&f->rig, &setup);
    f->topic = rig_topic(&f->rig, "t");
    for (int i = 0; i < 10; i++) {
        struct rig_publish p;
        char id[16];
        (void)snprintf(id, sizeof id, "%d", i);
        assert_int_equal(rig_publish_one(&f->rig, &p, f->topic, id, "x"), 0);
        rig_end(&p);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    rig_stop(&f->rig);
    fake_log_fini(&f->fake);
    hg_free(f);
    return 0;
}

enum { FETCHES = 400 };

struct fetches {
    struct hg_log_fetch f[FETCHES];
    size_t sent, done, records;
};

static struct fetches *all;

static void on_done(struct hg_log_fetch *f, int err, struct hg_batch *batch, uint64_t next) {
    assert_int_equal(err, 0);
    assert_true(next == f->from + batch->n);
    all->records += batch->n;
    all->done++;
    hg_batch_unref(&batch);
}

static bool is_all_done(void *arg) {
    struct fetches *a = arg;
    return a->done == a->sent;
}

/* With the driver blocked the queue fills; nobody waits in vain. */
static void a_full_queue_says_so(void **state) {
    struct fixture *f = *state;
    int err = 0;
    all = hg_alloc(sizeof *all);
    assert_int_equal(pthread_mutex_lock(&f->fake.lock), 0);
    for (size_t i = 0; i < FETCHES && err == 0; i++) {
        all->f[i] = (struct hg_log_fetch){
            .topic = f->topic, .from = i % 10, .time_ms = -1, .max_records = 1, .done = on_done};
        err = hg_log_read(f->rig.log, &all->f[i]);
        all->sent += err == 0;
    }
    assert_int_equal(err, HG_EAGAIN);
    assert_true(all->sent >= 128 && all->sent <= 130);
    assert_int_equal(pthread_mutex_unlock(&f->fake.lock), 0);
    rig_until(&f->rig, is_all_done, all);
    assert_int_equal(all->records, all->sent);
    hg_free(all);
}

static void stopping_answers_everybody(void **state) {
    struct fixture *f = *state;
    all = hg_alloc(sizeof *all);
    for (size_t i = 0; i < 50; i++) {
        all->f[i] = (struct hg_log_fetch){
            .topic = f->topic, .time_ms = -1, .max_records = 5, .done = on_done};
        assert_int_equal(hg_log_read(f->rig.log, &all->f[i]), 0);
        all->sent++;
    }
    struct hg_log_setup setup = f->rig.setup;
    rig_stop(&f->rig);
    assert_int_equal(all->done, 50);
    hg_free(all);
    rig_start(&f->rig, &setup); /* for the tear-down */
}

/* Records that are gone at the end of a topic: the reader is told to go on
 * behind them, not that it stands at the end for ever. */
static void holes_at_the_end_are_passed(void **state) {
    struct fixture *f = *state;
    struct hg_batch *batch = NULL;
    uint64_t next = 0;
    for (size_t i = 7; i < 10; i++) {
        hg_event_unref(&f->fake.topics[0].parts[0].records[i].event);
    }
    struct hg_log_fetch fetch = {.topic = f->topic, .from = 7, .time_ms = -1, .max_records = 5};
    assert_int_equal(rig_read(&f->rig, &fetch, &batch, &next), 0);
    assert_int_equal(batch->n, 0);
    assert_true(next == 10);
    hg_batch_unref(&batch);
}

/* Headers and owner go out to no subscriber; who must see them asks for them. */
static void details_come_to_who_wants_them(void **state) {
    struct fixture *f = *state;
    const struct hg_record_header header = {HG_SLICE("hg_reason"), HG_SLICE("json-invalid")};
    struct hg_batch *batch = NULL;
    struct rig_publish p;
    uint64_t next = 0;
    rig_begin(&f->rig, &p);
    struct hg_publish_item *item = rig_add(&p, f->topic, "said", "x");
    item->headers = &header;
    item->n_headers = 1;
    item->owner = 77;
    assert_int_equal(rig_send(&p), 0);
    rig_wait(&p);
    rig_end(&p);
    struct hg_log_fetch plain = {.topic = f->topic, .from = 9, .time_ms = -1, .max_records = 5};
    assert_int_equal(rig_read(&f->rig, &plain, &batch, &next), 0);
    assert_null(plain.details);
    hg_batch_unref(&batch);
    struct hg_log_fetch full = plain;
    full.wants_details = true;
    assert_int_equal(rig_read(&f->rig, &full, &batch, &next), 0);
    assert_int_equal(batch->n, 2);
    assert_int_equal(full.details->n, 2);
    assert_int_equal(full.details->items[0].n_headers, 0);
    const struct hg_record *said = &full.details->items[1];
    assert_int_equal(said->n_headers, 1);
    assert_true(hg_slice_eq(said->headers[0].value, HG_SLICE("json-invalid")));
    assert_true(said->owner == 77);
    assert_null(said->event);
    hg_records_fini(full.details);
    hg_free(full.details);
    hg_batch_unref(&batch);
}

#define READERS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int test_readers(void) {
    const struct CMUnitTest tests[] = {
        READERS(a_full_queue_says_so),
        READERS(stopping_answers_everybody),
        READERS(holes_at_the_end_are_passed),
        READERS(details_come_to_who_wants_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
