/* SPDX-License-Identifier: Apache-2.0 */
/* dlq_letter.c - from a record back to a request. gate/dead_letter.c wrote it. */
#include "server/dlq_letter.h"

#include "log/topic.h"

/* Do letters of the topic lie there? */
static bool is_of(struct hg_slice dlq, struct hg_slice topic) {
    if (topic.len + 4 > HG_TOPIC_NAME_MAX) {
        return hg_slice_eq(dlq, HG_SLICE("headgate.dlq"));
    }
    return dlq.len == topic.len + 4 && hg_slice_starts(dlq, topic);
}

/* The location at the letter's path, on whichever server it publishes to the
 * topic of the letter, or to that where it is to go. */
static bool find_location(struct hg_dlq_letter *l, struct hg_slice path,
                          struct hg_slice *ret_topic) {
    struct hg_exchange *x = &l->exchange;
    for (size_t i = 0; i < hg_site_servers(l->setup.site); i++) {
        struct hg_problem ignored;
        x->intake = hg_site_intake(l->setup.site, i, path, &x->captured);
        if (x->intake != NULL &&
            hg_intake_name_topic(x->intake, x->captured, &l->arena, ret_topic, &ignored) &&
            (is_of(l->setup.dlq, *ret_topic) || hg_slice_eq(l->setup.to, *ret_topic))) {
            *ret_topic = l->setup.to.len > 0 ? l->setup.to : *ret_topic;
            return true;
        }
    }
    return false;
}

/* Content-Type, and the fields of binary mode. */
static bool make_request(struct hg_dlq_letter *l, struct hg_slice path) {
    const struct hg_record *r = l->setup.record;
    struct hg_slice type = hg_event_core(l->setup.event, HG_ATTR_DATACONTENTTYPE);
    struct hg_field *fields = hg_arena_alloc(&l->arena, (r->n_headers + 1) * sizeof(*fields));
    size_t n = 0;
    if (fields == NULL) {
        return false;
    }
    if (type.len > 0) {
        fields[n++] = (struct hg_field){HG_SLICE("content-type"), type};
    }
    for (size_t i = 0; i < r->n_headers; i++) {
        struct hg_slice name = r->headers[i].name;
        if (hg_slice_starts(name, HG_SLICE("hg_ce-"))) {
            fields[n++] = (struct hg_field){{name.ptr + 3, name.len - 3}, r->headers[i].value};
        }
    }
    l->request = (struct hg_request){
        .method = HG_SLICE("POST"), .path = path, .fields = fields, .n_fields = n};
    return true;
}

static void on_done(struct hg_exchange *x) {
    struct hg_dlq_letter *l = x->owner;
    l->setup.on_judged(l);
}

static void judge(struct hg_dlq_letter *l) {
    struct hg_exchange *x = &l->exchange;
    struct hg_slice path = hg_event_core(l->setup.event, HG_ATTR_SOURCE), topic;
    enum hg_data_kind kind;
    if (!find_location(l, path, &topic)) {
        l->outcome = "no-location";
    } else if (!make_request(l, path)) {
        l->outcome = "failed";
    } else {
        x->gate = l->setup.gate;
        x->request = &l->request;
        x->is_replay = true;
        x->replay_owner = l->setup.record->owner;
        x->arena = &l->arena;
        x->on_done = on_done;
        x->owner = l;
        hg_exchange_replay(x, topic, hg_event_data(l->setup.event, &kind));
        return;
    }
    l->setup.on_judged(l);
}

void hg_dlq_letter_judge(struct hg_dlq_letter *l, const struct hg_dlq_letter_setup *setup) {
    *l = (struct hg_dlq_letter){.setup = *setup};
    bool is_ours = setup->event != NULL && hg_slice_eq(hg_event_core(setup->event, HG_ATTR_TYPE),
                                                       HG_SLICE("headgate.deadletter"));
    if (is_ours) {
        judge(l);
        return;
    }
    l->outcome = "no-letter";
    setup->on_judged(l);
}

void hg_dlq_letter_fini(struct hg_dlq_letter *l) {
    hg_exchange_fini(&l->exchange);
    hg_arena_fini(&l->arena);
}

static size_t count_new(const struct hg_exchange *x) {
    size_t n = 0;
    for (size_t i = 0; i < x->events.n; i++) {
        n += x->items[i].stored == HG_STORED_NEW;
    }
    return n;
}

static const char *outcome_of(const struct hg_dlq_letter *l) {
    const struct hg_exchange *x = &l->exchange;
    if (l->outcome != NULL) {
        return l->outcome;
    }
    if (x->problem.status == 0) {
        return x->events.n == 0 || count_new(x) > 0 ? "stored" : "duplicate";
    }
    return x->problem.status == 504 ? "in-doubt" : x->problem.status < 500 ? "refused" : "failed";
}

static void put_events(const struct hg_exchange *x, struct hg_buf *out) {
    HG_BUF_LIT(out, ",\"events\":[");
    for (size_t i = 0; i < x->events.n; i++) {
        hg_buf_printf(out, "%s{\"position\":", i > 0 ? "," : "");
        hg_dlq_put_position(out, &x->items[i].position);
        hg_buf_printf(out, ",\"duplicate\":%s}",
                      x->items[i].stored == HG_STORED_BEFORE ? "true" : "false");
    }
    HG_BUF_LIT(out, "]");
}

void hg_dlq_letter_print(const struct hg_dlq_letter *l, struct hg_buf *out) {
    hg_buf_printf(out, ",\"outcome\":\"%s\"", outcome_of(l));
    if (hg_dlq_letter_is_stored(l)) {
        put_events(&l->exchange, out);
    } else if (l->outcome == NULL) {
        HG_BUF_LIT(out, ",\"problem\":");
        hg_exchange_print_problem(&l->exchange, out);
    }
}

bool hg_dlq_letter_is_stored(const struct hg_dlq_letter *l) {
    return l->outcome == NULL && l->exchange.problem.status == 0;
}

bool hg_dlq_letter_is_hopeless(const struct hg_dlq_letter *l) {
    return l->outcome == NULL && l->exchange.problem.status >= 500;
}
