/* SPDX-License-Identifier: Apache-2.0 */
/* body.c - the stages between the whole body and the append. */
#include "gate/stage.h"

#include "base/clock.h"
#include "event/codec.h"

enum hg_step hg_stage__decode(struct hg_exchange *x) {
    if ((int64_t)x->body.len > x->intake->body_bytes_max) {
        hg_stage__refuse_body(x);
        return HG_STEP_DONE;
    }
    x->events.max = (size_t)x->intake->events_max;
    int err = x->intake->source->decode(x->intake->source_conf, x->request, x->body, &x->events,
                                        &x->problem);
    if (err != 0 && x->problem.status == 0) {
        hg_problem_set(&x->problem, 503, "overloaded", "There is no memory for the request.");
    }
    return err == 0 ? HG_STEP_ON : HG_STEP_DONE;
}

/* A notice on a WebSocket is an event too: nobody may publish what looks like
 * one. */
enum hg_step hg_stage__vet(struct hg_exchange *x) {
    for (size_t i = 0; i < x->events.n; i++) {
        struct hg_slice type = hg_event_core(x->events.items[i], HG_ATTR_TYPE);
        if (hg_slice_starts(type, HG_SLICE("headgate."))) {
            hg_problem_set(
                &x->problem, 400, "type-reserved",
                "attribute \"type\" begins with \"headgate.\", as only the gateway's own "
                "do.");
            x->problem.index = x->events.n > 1 ? (int)i : -1;
            return HG_STEP_DONE;
        }
    }
    return HG_STEP_ON;
}

static int make_items(struct hg_exchange *x) {
    x->items = &x->one;
    if (x->events.n > 1) {
        x->items = hg_arena_alloc(x->arena, x->events.n * sizeof(*x->items));
    }
    if (x->items == NULL) {
        hg_problem_set(&x->problem, 503, "overloaded", "There is no memory for the request.");
        return HG_ENOMEM;
    }
    return 0;
}

static enum hg_step route_to(struct hg_exchange *x, uint32_t topic) {
    for (size_t i = 0; i < x->events.n; i++) {
        x->items[i].topic = topic;
    }
    return HG_STEP_ON;
}

static void on_made(struct hg_log_make *m, int err, uint32_t id) {
    struct hg_exchange *x = HG_CONTAINER(m, struct hg_exchange, make);
    x->gate->n_making--;
    if (err != 0) {
        hg_problem_set(&x->problem, 503, "log-failed", "The topic could not be made.");
        x->retry_after_s = 5;
    }
    hg_exchange__resume(x, err == 0 ? route_to(x, id) : HG_STEP_DONE);
}

/* A name that the conf's allowed list covers and that nobody used before; or
 * one that is there, behind an exchange that waits for such a one. */
static enum hg_step make_topic(struct hg_exchange *x) {
    x->make.topic = (struct hg_log_topic){
        .name = x->topic,
        .partitions = 1,
        .retention_ms = x->intake->retention_ms,
        .retention_bytes = x->intake->retention_bytes,
        .event_bytes_max = x->intake->body_bytes_max,
        .conf = x->intake->conf,
    };
    x->make.done = on_made;
    if (hg_log_topic_make(x->gate->log, &x->make) != 0) {
        hg_problem_set(&x->problem, 503, "draining", "The gateway is going away.");
        return HG_STEP_DONE;
    }
    x->gate->n_making++;
    return HG_STEP_WAIT;
}

/* Before the body the caller was found to have the right to x->topic, and
 * there all events go. It may be there before those who wait for it are told. Who
 * comes now takes the same way, which keeps the order: it must not overtake
 * them. */
enum hg_step hg_stage__route(struct hg_exchange *x) {
    uint32_t topic;
    HG_ASSERT(x->topic.len > 0);
    if (make_items(x) != 0) {
        return HG_STEP_DONE;
    }
    bool is_known = hg_log_topic_find(x->gate->log, x->topic, &topic);
    return is_known && x->gate->n_making == 0 ? route_to(x, topic) : make_topic(x);
}

static struct hg_slice key_of(const struct hg_intake *intake, const struct hg_publish_item *item) {
    const struct hg_topic_keys *keys = intake->keys;
    int key = item->topic < keys->n ? keys->keys[item->topic] : HG_KEY_NONE;
    return hg_topic_key_of((enum hg_topic_key)key, item->event);
}

/* Written for the first event that has no time; the others get the same. */
struct now {
    size_t len;
    char text[HG_CLOCK_RFC3339_MAX];
};

/* The content digest is taken from the event as the client sent it, so that
 * the same event sent again without a time is the same event. */
static int enrich_one(struct hg_publish_item *item, struct hg_event **pe, struct now *now) {
    struct hg_event *timed = NULL;
    hg_event_digest(*pe, hg_log_digest_key(), item->digest);
    if (hg_event_core(*pe, HG_ATTR_TIME).len > 0) {
        return 0;
    }
    now->len = now->len > 0 ? now->len : hg_clock_format(hg_clock_wall_ms(), now->text);
    int err = hg_event_with(*pe, HG_SLICE("time"), (struct hg_slice){now->text, now->len}, &timed);
    if (err == 0) {
        hg_event_unref(pe);
        *pe = timed;
    }
    return err;
}

enum hg_step hg_stage__enrich(struct hg_exchange *x) {
    struct now now = {.len = 0};
    uint64_t owner = x->is_replay ? x->replay_owner : hg_principal_owner(x->principal);
    for (size_t i = 0; i < x->events.n; i++) {
        struct hg_publish_item *item = &x->items[i];
        if (enrich_one(item, &x->events.items[i], &now) != 0) {
            hg_problem_set(&x->problem, 503, "overloaded", "There is no memory for the request.");
            return HG_STEP_DONE;
        }
        item->event = x->events.items[i];
        item->owner = owner;
        item->key = key_of(x->intake, item);
    }
    return HG_STEP_ON;
}
