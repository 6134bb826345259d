/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - an event published over a WebSocket: through the same gate as a
 * POST, answered in band by headgate.published or headgate.refused. */
#include "edge/socket.h"

#include <stdatomic.h>

struct message {
    struct hg_exchange exchange;
    struct hg_edge__socket *socket;
    struct hg_edge__hold *hold;
    struct hg_request request;
    struct hg_field content_type;
    struct hg_arena arena;
    struct hg_buf body;
};

static void put_event(const struct hg_exchange *x, struct hg_buf *out) {
    const struct hg_event *e = x->events.n > 0 ? x->events.items[0] : NULL;
    if (e != NULL) {
        HG_BUF_LIT(out, "\"id\":");
        hg_buf_put_json(out, hg_event_core(e, HG_ATTR_ID));
        HG_BUF_LIT(out, ",\"source\":");
        hg_buf_put_json(out, hg_event_core(e, HG_ATTR_SOURCE));
        HG_BUF_LIT(out, ",");
    }
}

static void put_answer(const struct hg_exchange *x, struct hg_buf *out) {
    static _Atomic uint64_t serial;
    char position[HG_POSITION_TEXT_LEN + 1];
    bool is_stored = x->problem.status == 0;
    hg_buf_printf(out, "{\"specversion\":\"1.0\",\"type\":\"headgate.%s\",\"source\":\"/headgate\","
                  "\"id\":\"p%llu\",\"data\":{", is_stored ? "published" : "refused",
                  (unsigned long long)atomic_fetch_add(&serial, 1));
    put_event(x, out);
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
    put_answer(x, &text);
    count(m);
    if (!text.is_failed) {
        hg_socket__send(m->socket, hg_buf_slice(&text));
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
    s->refs++;
    hg_socket__message_begins(s, text.len);
    m->hold = v->hold;
    m->hold->users++;
    m->content_type =
        (struct hg_field){HG_SLICE("content-type"), HG_SLICE("application/cloudevents+json")};
    m->request = (struct hg_request){.method = HG_SLICE("POST"),
                                     .path = hg_arena_copy(&m->arena, v->request.path),
                                     .fields = &m->content_type, .n_fields = 1};
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
