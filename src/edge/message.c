/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - an event published over a WebSocket: through the same gate as a
 * POST, answered in band by headgate.published or headgate.refused. */
#include "edge/socket.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "event/json.h"

struct message {
    struct hg_exchange exchange;
    struct hg_edge__socket *socket;
    uint64_t number; /* of the text messages of its socket, from 1 */
    struct hg_edge__hold *hold;
    struct hg_request request;
    struct hg_field content_type;
    struct hg_arena arena;
    struct hg_buf body;
};

static void put_member(struct hg_buf *out, const char *name, struct hg_slice value) {
    hg_buf_printf(out, "\"%s\":", name);
    hg_buf_put_json(out, value);
    HG_BUF_LIT(out, ",");
}

/* A string of a text that is no event, if it is one. */
static void put_raw(const struct hg_json_tape *tape, uint32_t key, const char *name,
                    struct hg_buf *out) {
    struct hg_buf value = {.max = tape->text.len};
    bool is_named = hg_slice_eq(hg_json_bytes(tape, key), hg_slice_of(name));
    if (is_named && tape->nodes[key + 1].type == HG_JSON_STRING) {
        hg_json_unescape(tape, key + 1, &value);
        put_member(out, name, hg_buf_slice(&value));
    }
    hg_buf_fini(&value);
}

/* What was refused before it was an event: its id and source all the same, if
 * it is an object in JSON that names them once. */
static void put_unread(struct hg_slice text, struct hg_buf *out) {
    struct hg_json_tape tape = {0};
    size_t at;
    if (hg_json_scan(&tape, text, NULL, &at) == 0 && tape.nodes[0].type == HG_JSON_OBJECT &&
        hg_json_duplicate_member(&tape, 0) == 0) {
        for (uint32_t key = 1; key < tape.n; key = tape.nodes[key + 1].next) {
            put_raw(&tape, key, "id", out);
            put_raw(&tape, key, "source", out);
        }
    }
    hg_json_tape_fini(&tape);
}

static void put_event(const struct message *m, struct hg_buf *out) {
    const struct hg_events *events = &m->exchange.events;
    if (events->n == 0) {
        put_unread(hg_buf_slice(&m->body), out);
        return;
    }
    put_member(out, "id", hg_event_core(events->items[0], HG_ATTR_ID));
    put_member(out, "source", hg_event_core(events->items[0], HG_ATTR_SOURCE));
}

/* The time makes the ids of answers differ from those of an earlier process. */
static void put_head(bool is_stored, struct hg_buf *out) {
    static _Atomic uint64_t serial;
    hg_buf_printf(out,
                  "{\"specversion\":\"1.0\",\"type\":\"headgate.%s\",\"source\":\"/headgate\","
                  "\"id\":\"p%llx-%llx\",\"data\":{",
                  is_stored ? "published" : "refused", (unsigned long long)hg_clock_wall_ms(),
                  (unsigned long long)atomic_fetch_add(&serial, 1));
}

static void put_answer(const struct message *m, struct hg_buf *out) {
    const struct hg_exchange *x = &m->exchange;
    char position[HG_POSITION_TEXT_LEN + 1];
    bool is_stored = x->problem.status == 0;
    put_head(is_stored, out);
    put_event(m, out);
    hg_buf_printf(out, "\"message\":%llu,", (unsigned long long)m->number);
    if (is_stored) {
        hg_position_format(&x->items[0].position, position);
        hg_buf_printf(out, "\"position\":\"%s\",\"duplicate\":%s}}", position,
                      x->items[0].stored == HG_STORED_BEFORE ? "true" : "false");
    } else {
        HG_BUF_LIT(out, "\"problem\":");
        hg_exchange_print_problem(x, out);
        HG_BUF_LIT(out, "}}");
    }
}

static void count(const struct message *m) {
    struct hg_visit *v = m->socket->visit;
    if (v != NULL && m->exchange.problem.status == 0) {
        bool is_before = m->exchange.items[0].stored == HG_STORED_BEFORE;
        v->n_before += is_before;
        v->n_stored += !is_before;
    }
}

static void on_done(struct hg_exchange *x) {
    struct message *m = x->owner;
    /* Id and source come back; escaped they are six times as long at most. */
    struct hg_buf text = {.max = 6 * m->body.len + 8192};
    put_answer(m, &text);
    count(m);
    if (!text.is_failed) {
        hg_socket__send(m->socket, hg_buf_slice(&text));
    } else if (m->socket->visit != NULL) { /* without an answer the peer would wait for ever */
        hg_socket_close(m->socket->visit, 1013, "no memory");
    }
    hg_buf_fini(&text);
    hg_socket__message_ends(m->socket, m->body.len);
    hg_socket__unref(&m->socket);
    hg_exchange_fini(x);
    hg_arena_fini(&m->arena);
    hg_buf_fini(&m->body);
    hg_edge__release(&m->hold);
    hg_free(m);
}

static struct message *make(struct hg_edge__socket *s, struct hg_slice text) {
    struct hg_visit *v = s->visit;
    struct message *m = hg_try_alloc(sizeof(*m));
    if (m == NULL) {
        return NULL;
    }
    hg_buf_put(&m->body, text.ptr, text.len);
    if (m->body.is_failed) {
        hg_free(m);
        return NULL;
    }
    m->socket = s;
    m->number = ++s->n_messages;
    s->refs++;
    hg_socket__message_begins(s, text.len);
    m->hold = v->hold;
    m->hold->users++;
    m->content_type =
        (struct hg_field){HG_SLICE("content-type"), HG_SLICE("application/cloudevents+json")};
    m->request = (struct hg_request){.method = HG_SLICE("POST"),
                                     .path = hg_arena_copy(&m->arena, v->request.path),
                                     .fields = &m->content_type,
                                     .n_fields = 1};
    m->exchange = (struct hg_exchange){
        .gate = &v->edge->gate,
        .intake = &v->location->intake,
        .request = &m->request,
        .captured = hg_arena_copy(&m->arena, v->captured),
        .principal = hg_principal_ref(v->principal), /* proved at the handshake */
        .arena = &m->arena,
        .on_done = on_done,
        .owner = m,
    };
    return m;
}

void hg_socket__publish(struct hg_edge__socket *s, struct hg_slice text) {
    struct message *m = make(s, text);
    if (m == NULL) {
        hg_socket_close(s->visit, 1013, "no memory");
    } else if (hg_exchange_fields(&m->exchange, (int64_t)text.len) != HG_STEP_ON) {
        on_done(&m->exchange);
    } else {
        hg_exchange_body(&m->exchange, hg_buf_slice(&m->body));
    }
}
