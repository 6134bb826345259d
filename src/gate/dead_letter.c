/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter.c - what was refused after authentication and the right to
 * publish is kept in <topic>.dlq with its reason, where the location says so.
 *
 * Never for 401, 403, 409, 413, 415, 429 or 503: otherwise anybody could fill
 * the disk, or an overload would feed itself. One that cannot be kept is counted
 * and logged; the answer is the same, as the event was refused either way. */
#include "gate/stage.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/clock.h"
#include "headgate/counter.h"
#include "headgate/logline.h"
#include "log/topic.h"

#define LETTERS(which)                                                                             \
    {                                                                                              \
        .name = "headgate_dead_letters_total", .labels = "result=\"" which "\"",                   \
        .help = "Dead letters by what became of them; of one in doubt nobody knows whether it is " \
                "kept.",                                                                           \
        .kind = HG_COUNTER,                                                                        \
    }

static struct hg_counter letters_kept = LETTERS("kept");
static struct hg_counter letters_lost = LETTERS("lost");
static struct hg_counter letters_in_doubt = LETTERS("doubt");

struct hg_counter *const hg_gate_counters[] = {&letters_kept, &letters_lost, &letters_in_doubt,
                                               NULL};

bool hg_stage__wants_dead_letter(const struct hg_exchange *x) {
    int status = x->problem.status;
    /* An expected position is the caller's affair; the event may be a good one. */
    bool is_of_event = strcmp(x->problem.type, "position-invalid") != 0;
    return x->intake->is_dead_letter && !x->is_replay && x->principal != NULL && is_of_event &&
           (status == 400 || status == 404 || status == 422);
}

enum {
    HEADERS_OWN = 6,
    HEADERS_MAX = 56, /* a record bears 64 */
    NUMBER_BYTES = 12,
    SAY_MS = 10000,
};

struct letter {
    struct hg_publish publish; /* first: hg_publish comes back to it */
    struct hg_publish_item item;
    struct hg_exchange *x;
    struct hg_log_make make; /* of a topic for dead letters */
    struct hg_record_header headers[HEADERS_MAX];
    char status[NUMBER_BYTES], index[NUMBER_BYTES];
    char id[33];
    char topic[HG_TOPIC_NAME_MAX + 8];
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

static void set(struct hg_event_builder *b, const char *name, struct hg_slice value) {
    hg_event_builder_set(b, hg_slice_of(name), value, HG_ATTR_STRING);
}

/* The refused bytes as they came, wrapped in an event of our own. It says why,
 * too: record headers do not go out to subscribers. */
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
    set(b, "specversion", HG_SLICE("1.0"));
    set(b, "id", hg_slice_of(l->id));
    if (hg_event_builder_set(b, HG_SLICE("source"), hg_request_path(x->request), HG_ATTR_STRING) !=
        0) { /* a path may be no legal source */
        set(b, "source", HG_SLICE("/headgate"));
    }
    set(b, "type", HG_SLICE("headgate.deadletter"));
    set(b, "time", now);
    set(b, "hgreason", hg_slice_of(x->problem.type));
    set(b, "hgdetail", hg_slice_of(x->problem.detail));
    if (content_type.len > 0) {
        set(b, "datacontenttype", content_type);
    }
    hg_event_builder_data(b, HG_DATA_BINARY, x->body);
    if (hg_event_builder_seal(b, &e, &missing) != 0) {
        e = NULL;
    }
    hg_event_builder_free(&b);
    return e;
}

/* Rubbish may come by thousands a second while its topic is away: one line for it. */
static void tell_lost(const struct hg_exchange *x, int err) {
    struct hg_gate *g = x->gate;
    int64_t now_ms = hg_clock_mono_ms();
    hg_counter_add(err == HG_EDOUBT ? &letters_in_doubt : &letters_lost, 1);
    g->n_lost_unsaid++;
    if (g->lost_said_ms != 0 && now_ms < g->lost_said_ms + SAY_MS) {
        return;
    }
    HG_LOG(HG_ERROR, "dead_letter_lost", "topic=%.*s why=\"%s\" reason=%s letters=%u",
           HG_FMT(x->topic), hg_err_text(err), x->problem.type, g->n_lost_unsaid);
    g->lost_said_ms = now_ms;
    g->n_lost_unsaid = 0;
}

/* The letter is kept, or is not to be kept. */
static void end(struct letter *l, int err) {
    struct hg_exchange *x = l->x;
    if (err == 0) {
        x->dead_letter = l->item.position;
        x->has_dead_letter = true;
        hg_counter_add(&letters_kept, 1);
    } else {
        tell_lost(x, err);
    }
    hg_event_unref(&l->item.event);
    x->at = NULL;
    x->on_done(x);
}

static void on_kept(struct hg_publish *p, int err, size_t at) {
    (void)at;
    end((struct letter *)p, err);
}

static void add_header(struct letter *l, struct hg_slice name, struct hg_slice value) {
    if (value.len > 0 && l->item.n_headers < HEADERS_MAX) {
        l->headers[l->item.n_headers++] = (struct hg_record_header){name, value};
    }
}

/* In binary mode the fields are part of the event; hg_ce-id and so on. */
static void add_fields(struct hg_exchange *x, struct letter *l) {
    size_t n;
    const struct hg_field *fields = hg_request_fields(x->request, &n);
    for (size_t i = 0; i < n; i++) {
        char *name = NULL;
        if (hg_slice_starts(fields[i].name, HG_SLICE("ce-"))) {
            name = hg_arena_alloc(x->arena, fields[i].name.len + 3);
        }
        if (name != NULL) {
            memcpy(name, "hg_", 3);
            memcpy(name + 3, fields[i].name.ptr, fields[i].name.len);
            add_header(l, (struct hg_slice){name, fields[i].name.len + 3}, fields[i].value);
        }
    }
}

static void add_headers(struct hg_exchange *x, struct letter *l) {
    snprintf(l->status, sizeof(l->status), "%d", x->problem.status);
    if (x->problem.index >= 0) {
        snprintf(l->index, sizeof(l->index), "%d", x->problem.index);
    }
    const struct hg_record_header own[HEADERS_OWN] = {
        {HG_SLICE("hg_reason"), hg_slice_of(x->problem.type)},
        {HG_SLICE("hg_detail"), hg_slice_of(x->problem.detail)},
        {HG_SLICE("hg_status"), hg_slice_of(l->status)},
        {HG_SLICE("hg_index"), hg_slice_of(l->index)},
        {HG_SLICE("hg_pointer"), hg_slice_of(x->problem.pointer)},
        {HG_SLICE("hg_principal"), hg_principal_id(x->principal)},
    };
    for (size_t i = 0; i < HEADERS_OWN; i++) {
        add_header(l, own[i].name, own[i].value);
    }
    add_fields(x, l);
    l->item.headers = l->headers;
}

static void append(struct letter *l, uint32_t topic) {
    l->item.topic = topic;
    l->publish.items = &l->item;
    l->publish.n_items = 1;
    l->publish.done = on_kept;
    int err = hg_log_append(l->x->gate->log, &l->publish);
    if (err != 0) {
        end(l, err);
    }
}

static void on_made(struct hg_log_make *m, int err, uint32_t id) {
    struct letter *l = HG_CONTAINER(m, struct letter, make);
    if (err == 0) {
        append(l, id);
    } else {
        end(l, err);
    }
}

/* <topic>.dlq, or headgate.dlq where that is no name. */
static struct hg_slice topic_of(const struct hg_exchange *x, struct letter *l) {
    HG_ASSERT(x->topic.len > 0);
    if (x->topic.len + 4 > HG_TOPIC_NAME_MAX) {
        return HG_SLICE("headgate.dlq");
    }
    int len = snprintf(l->topic, sizeof(l->topic), "%.*s.dlq", HG_FMT(x->topic));
    return (struct hg_slice){l->topic, (size_t)len};
}

/* The topic of a template has none for its dead letters before the first. */
static void find_topic(struct hg_exchange *x, struct letter *l) {
    struct hg_slice name = topic_of(x, l);
    uint32_t topic;
    if (hg_log_topic_find(x->gate->log, name, &topic)) {
        append(l, topic);
        return;
    }
    l->make.topic = (struct hg_log_topic){
        .name = name,
        .partitions = 1,
        .retention_ms = x->intake->retention_ms,
        .retention_bytes = x->intake->retention_bytes,
        .conf = x->intake->conf,
    };
    l->make.done = on_made;
    int err = hg_log_topic_make(x->gate->log, &l->make);
    if (err != 0) {
        end(l, err);
    }
}

void hg_stage__dead_letter(struct hg_exchange *x) {
    static const struct hg_stage keeping = {"dead_letter", NULL};
    struct letter *l = hg_arena_alloc(x->arena, sizeof(*l));
    if (l == NULL || (l->item.event = wrap(x, l)) == NULL) {
        tell_lost(x, HG_ENOMEM);
        x->on_done(x);
        return;
    }
    l->x = x;
    l->item.owner = hg_principal_owner(x->principal);
    l->item.is_dedup_off = true;
    add_headers(x, l);
    x->at = &keeping;
    find_topic(x, l);
}
