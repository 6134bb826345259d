/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter.c - what was refused after authentication and the right to
 * publish is kept in <topic>.dlq with its reason, where the location says so.
 *
 * Never for 401, 403, 409, 413, 415, 429 or 503: otherwise anybody could fill
 * the disk, or an overload would feed itself. */
#include "gate/stage.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/clock.h"
#include "log/topic.h"

bool hg_stage__wants_dead_letter(const struct hg_exchange *x) {
    int status = x->problem.status;
    /* An expected position is the caller's affair; the event may be a good one. */
    bool is_of_event = strcmp(x->problem.type, "position-invalid") != 0;
    return x->intake->is_dead_letter && x->principal != NULL && is_of_event &&
           (status == 400 || status == 404 || status == 422);
}

struct letter {
    struct hg_publish publish; /* first: hg_publish comes back to it */
    struct hg_publish_item item;
    struct hg_exchange *x;
    struct hg_record_header headers[4];
    char status[4];
    char id[33];
};

static void make_id(char out[33]) {
    static const char digits[] = "0123456789abcdef";
    unsigned char raw[16] = {0};
    ssize_t got = getrandom(raw, sizeof(raw), 0); /* 16 bytes are always given whole */
    HG_ASSERT(got == (ssize_t)sizeof(raw));
    for (size_t i = 0; i < sizeof(raw); i++) {
        out[2 * i] = digits[raw[i] >> 4];
        out[2 * i + 1] = digits[raw[i] & 15];
    }
    out[32] = 0;
}

/* The refused bytes as they came, wrapped in an event of our own. */
static struct hg_event *wrap(struct hg_exchange *x, struct letter *l) {
    char text[HG_CLOCK_RFC3339_MAX];
    struct hg_slice now = {text, hg_clock_format(hg_clock_wall_ms(), text)};
    struct hg_slice content_type = hg_request_field(x->request, HG_SLICE("content-type"));
    struct hg_event_builder *b = hg_event_builder_new();
    struct hg_event *e = NULL;
    const char *missing;
    if (b == NULL) {
        return NULL;
    }
    make_id(l->id);
    hg_event_builder_set(b, HG_SLICE("specversion"), HG_SLICE("1.0"), HG_ATTR_STRING);
    hg_event_builder_set(b, HG_SLICE("id"), hg_slice_of(l->id), HG_ATTR_STRING);
    if (hg_event_builder_set(b, HG_SLICE("source"), hg_request_path(x->request),
                             HG_ATTR_STRING) != 0) { /* a path may be no legal source */
        hg_event_builder_set(b, HG_SLICE("source"), HG_SLICE("/headgate"), HG_ATTR_STRING);
    }
    hg_event_builder_set(b, HG_SLICE("type"), HG_SLICE("headgate.deadletter"), HG_ATTR_STRING);
    hg_event_builder_set(b, HG_SLICE("time"), now, HG_ATTR_STRING);
    if (content_type.len > 0) {
        hg_event_builder_set(b, HG_SLICE("datacontenttype"), content_type, HG_ATTR_STRING);
    }
    hg_event_builder_data(b, HG_DATA_BINARY, x->body);
    if (hg_event_builder_seal(b, &e, &missing) != 0) {
        e = NULL;
    }
    hg_event_builder_free(&b);
    return e;
}

static void on_kept(struct hg_publish *p, int err, size_t at) {
    struct letter *l = (struct letter *)p;
    struct hg_exchange *x = l->x;
    (void)at;
    if (err == 0) {
        x->dead_letter = l->item.position;
        x->has_dead_letter = true;
    }
    hg_event_unref(&l->item.event);
    x->at = NULL;
    x->on_done(x);
}

static bool find_topic(struct hg_exchange *x, uint32_t *ret_topic) {
    struct hg_slice name;
    char text[HG_TOPIC_NAME_MAX + 8];
    struct hg_problem keep = x->problem;
    bool has_name = hg_gate__topic_name(x, &name);
    x->problem = keep;
    if (has_name) {
        int len = snprintf(text, sizeof(text), "%.*s.dlq", HG_FMT(name));
        if (hg_log_topic_find(x->gate->log, (struct hg_slice){text, (size_t)len}, ret_topic)) {
            return true;
        }
    }
    return hg_log_topic_find(x->gate->log, HG_SLICE("headgate.dlq"), ret_topic);
}

static void add_headers(struct hg_exchange *x, struct letter *l) {
    snprintf(l->status, sizeof(l->status), "%d", x->problem.status);
    l->headers[0] = (struct hg_record_header){HG_SLICE("hg_reason"), hg_slice_of(x->problem.type)};
    l->headers[1] =
        (struct hg_record_header){HG_SLICE("hg_detail"), hg_slice_of(x->problem.detail)};
    l->headers[2] = (struct hg_record_header){HG_SLICE("hg_status"), hg_slice_of(l->status)};
    l->headers[3] =
        (struct hg_record_header){HG_SLICE("hg_principal"), hg_principal_id(x->principal)};
    l->item.headers = l->headers;
    l->item.n_headers = HG_COUNT(l->headers);
}

void hg_stage__dead_letter(struct hg_exchange *x) {
    static const struct hg_stage keeping = {"dead_letter", NULL};
    struct letter *l = hg_arena_alloc(x->arena, sizeof(*l));
    uint32_t topic;
    if (l == NULL || !find_topic(x, &topic) || (l->item.event = wrap(x, l)) == NULL) {
        x->on_done(x);
        return;
    }
    l->x = x;
    l->item.topic = topic;
    l->item.owner = hg_principal_owner(x->principal);
    l->item.is_dedup_off = true;
    add_headers(x, l);
    l->publish.items = &l->item;
    l->publish.n_items = 1;
    l->publish.done = on_kept;
    if (hg_log_append(x->gate->log, &l->publish) != 0) {
        hg_event_unref(&l->item.event);
        x->on_done(x);
        return;
    }
    x->at = &keeping;
}
