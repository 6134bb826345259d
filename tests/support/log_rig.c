/* SPDX-License-Identifier: Apache-2.0 */
/* log_rig.c - one loop and one log for a test. */
#include "support/log_rig.h"

#include <stdio.h>
#include <string.h>

#include "event/codec.h"
#include "log/entry.h"

enum { DEADLINE_MS = 10000 };

struct hg_event *rig_event(const char *source, const char *id, const char *data) {
    struct hg_event_builder *b = hg_event_builder_new();
    struct hg_event *e = NULL;
    const char *missing = NULL;
    const char *const values[][2] = {
        {"specversion", "1.0"}, {"id", id}, {"source", source}, {"type", "com.example.test"}};
    assert_non_null(b);
    for (size_t i = 0; i < HG_COUNT(values); i++) {
        assert_int_equal(hg_event_builder_set(b, hg_slice_of(values[i][0]),
                                              hg_slice_of(values[i][1]), HG_ATTR_STRING),
                         0);
    }
    if (data != NULL) {
        hg_event_builder_data(b, HG_DATA_TEXT, hg_slice_of(data));
    }
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), 0);
    hg_event_builder_free(&b);
    return e;
}

static void see(struct log_rig *rig, const struct hg_batch *batch, const struct hg_entry *e) {
    if (rig->n_seen == rig->cap_seen) {
        rig->cap_seen = rig->cap_seen == 0 ? 64 : rig->cap_seen * 2;
        rig->seen = hg_try_realloc(rig->seen, rig->cap_seen * sizeof *rig->seen);
        assert_non_null(rig->seen);
    }
    struct rig_seen *s = &rig->seen[rig->n_seen++];
    *s = (struct rig_seen){.topic = batch->topic,
                           .partition = batch->partition,
                           .epoch = batch->epoch,
                           .offset = e->offset,
                           .fingerprint = e->fingerprint};
    if (e->event != NULL) {
        struct hg_slice id = hg_event_core(e->event, HG_ATTR_ID);
        (void)snprintf(s->id, sizeof s->id, "%.*s", HG_FMT(id));
    }
}

static void on_tail(struct hg_loop *loop, struct hg_batch *batch, void *arg) {
    struct log_rig *rig = arg;
    assert_ptr_equal(loop, rig->loop);
    rig->n_nudges += batch->n == 0;
    for (size_t i = 0; i < batch->n; i++) {
        see(rig, batch, &batch->entries[i]);
    }
    if (rig->on_tail != NULL) {
        rig->on_tail(loop, batch, rig->tail_arg);
    }
}

void rig_start(struct log_rig *rig, const struct hg_log_setup *setup) {
    struct hg_why why = {{0}};
    *rig = (struct log_rig){.setup = *setup, .on_tail = setup->on_tail, .tail_arg = setup->arg};
    assert_int_equal(hg_loop_new(0, &rig->loop), 0);
    hg_loop_adopt(rig->loop);
    rig->setup.loops = &rig->loop;
    rig->setup.n_loops = 1;
    rig->setup.on_tail = on_tail;
    rig->setup.arg = rig;
    if (rig->setup.queue_bytes_max == 0) {
        rig->setup.queue_bytes_max = 1 << 20;
    }
    if (hg_log_start(&rig->setup, &rig->log, &why) != 0) {
        fail_msg("%s", why.text);
    }
}

void rig_stop(struct log_rig *rig) {
    hg_log_stop(&rig->log);
    hg_loop_turn(rig->loop, false);
    hg_loop_free(&rig->loop);
    hg_free(rig->seen);
    rig->seen = NULL;
    rig->n_seen = rig->cap_seen = 0;
}

uint32_t rig_topic(struct log_rig *rig, const char *name) {
    struct hg_log_topic topic = {.name = hg_slice_of(name), .partitions = 1};
    struct hg_why why = {{0}};
    uint32_t id = UINT32_MAX;
    if (hg_log_topic(rig->log, &topic, &id, &why) != 0) {
        fail_msg("%s", why.text);
    }
    return id;
}

static void on_late(void *arg) {
    ((struct log_rig *)arg)->is_late = true;
}

static void on_nap(void *arg) {
    (void)arg;
}

void rig_until(struct log_rig *rig, rig_condition is_met, void *arg) {
    struct hg_timer *deadline = hg_timer_new(rig->loop, on_late, rig);
    struct hg_timer *nap = hg_timer_new(rig->loop, on_nap, rig);
    assert_non_null(deadline);
    assert_non_null(nap);
    rig->is_late = false;
    hg_timer_start(deadline, DEADLINE_MS);
    while (!is_met(arg) && !rig->is_late) {
        hg_timer_start(nap, 2); /* a condition may come true on another thread */
        hg_loop_turn(rig->loop, true);
    }
    hg_timer_free(&nap);
    hg_timer_free(&deadline);
    if (rig->is_late) {
        fail_msg("waited too long");
    }
}

void rig_begin(struct log_rig *rig, struct rig_publish *p) {
    memset(p, 0, sizeof *p);
    p->rig = rig;
    p->p.items = p->items;
}

struct hg_publish_item *rig_add(struct rig_publish *p, uint32_t topic, const char *id,
                                const char *data) {
    struct hg_publish_item *item = &p->items[p->p.n_items++];
    item->topic = topic;
    item->event = rig_event("/test", id, data);
    hg_event_digest(item->event, hg_log_digest_key(), item->digest);
    return item;
}

static void on_done(struct hg_publish *hp, int err, size_t at) {
    struct rig_publish *p = HG_CONTAINER(hp, struct rig_publish, p);
    assert_false(p->is_done);
    p->is_done = true;
    p->err = err;
    p->at = at;
    p->seen_when_done = p->rig->n_seen;
    p->order = p->rig->n_done++;
}

int rig_send(struct rig_publish *p) {
    p->p.done = on_done;
    return hg_log_append(p->rig->log, &p->p);
}

static bool is_done(void *arg) {
    return ((struct rig_publish *)arg)->is_done;
}

void rig_wait(struct rig_publish *p) {
    rig_until(p->rig, is_done, p);
}

int rig_publish_one(struct log_rig *rig, struct rig_publish *p, uint32_t topic, const char *id,
                    const char *data) {
    rig_begin(rig, p);
    rig_add(p, topic, id, data);
    assert_int_equal(rig_send(p), 0);
    rig_wait(p);
    return p->err;
}

void rig_end(struct rig_publish *p) {
    for (size_t i = 0; i < p->p.n_items; i++) {
        hg_event_unref(&p->items[i].event);
    }
}

struct read_wait {
    struct hg_log_fetch *fetch;
    struct hg_batch *batch;
    uint64_t next;
    int err;
    bool is_done;
};

/* One read at a time, so the tests need no name for it. */
static struct read_wait *reading;

static void on_read(struct hg_log_fetch *f, int err, struct hg_batch *batch, uint64_t next) {
    assert_ptr_equal(f, reading->fetch);
    reading->err = err;
    reading->batch = batch;
    reading->next = next;
    reading->is_done = true;
}

static bool is_read(void *arg) {
    return ((struct read_wait *)arg)->is_done;
}

int rig_read(struct log_rig *rig, struct hg_log_fetch *fetch, struct hg_batch **ret_batch,
             uint64_t *ret_next) {
    struct read_wait wait = {.fetch = fetch};
    reading = &wait;
    fetch->done = on_read;
    int err = hg_log_read(rig->log, fetch);
    if (err != 0) {
        return err;
    }
    rig_until(rig, is_read, &wait);
    *ret_batch = wait.batch;
    *ret_next = wait.next;
    return wait.err;
}
