/* SPDX-License-Identifier: Apache-2.0 */
/* visit.c - from a request's head to whoever answers it, and its end. */
#include "edge/visit.h"

#include "base/clock.h"
#include "headgate/counter.h"

enum { KEPT_BODY_BYTES_MAX = 16384 };

static struct hg_counter answers_2xx = {.name = "headgate_answers_total",
                                        .labels = "class=\"2xx\"",
                                        .help = "Answers sent, by class of status."};
static struct hg_counter answers_4xx = {.name = "headgate_answers_total",
                                        .labels = "class=\"4xx\"",
                                        .help = "Answers sent, by class of status."};
static struct hg_counter answers_5xx = {.name = "headgate_answers_total",
                                        .labels = "class=\"5xx\"",
                                        .help = "Answers sent, by class of status."};
struct hg_counter *const hg_visit__counters[] = {&answers_2xx, &answers_4xx, &answers_5xx, NULL};

struct hg_edge__hold *hg_edge__hold(struct hg_site *site) {
    struct hg_edge__hold *h = hg_try_alloc(sizeof(*h));
    if (h != NULL) {
        h->site = hg_site_ref(site);
        h->users = 1;
    }
    return h;
}

void hg_edge__release(struct hg_edge__hold **ph) {
    struct hg_edge__hold *h = *ph;
    *ph = NULL;
    if (h != NULL && --h->users == 0) {
        hg_site_unref(&h->site);
        hg_free(h);
    }
}

static struct hg_visit *make(struct hg_edge__port *port, struct hg_stream *s) {
    struct hg_edge *e = port->edge;
    struct hg_visit *v = hg_pool_take(&e->free_visits);
    if (v == NULL) {
        return NULL;
    }
    *v = (struct hg_visit){
        .edge = e,
        .hold = port->hold,
        .stream = s,
        .server = port->port->servers[0],
        .began_us = hg_clock_mono_us(),
    };
    v->hold->users++;
    hg_list_append(&e->visits, &v->node);
    s->user = v;
    return v;
}

struct hg_visit_work *hg_visit__work(struct hg_visit *v) {
    HG_ASSERT(v->work == NULL);
    v->work = hg_pool_take(&v->edge->free_works);
    return v->work;
}

static void give_work(struct hg_visit *v) {
    if (v->has_exchange) {
        hg_exchange_fini(&v->work->exchange);
    }
    v->work->body.max = 0;
    if (v->work->body.cap > KEPT_BODY_BYTES_MAX) {
        hg_buf_fini(&v->work->body);
    }
    hg_buf_clear(&v->work->body);
    hg_pool_give(&v->edge->free_works, v->work);
    v->work = NULL;
}

static void drop_work(struct hg_pool_item *item) {
    hg_buf_fini(&HG_CONTAINER(item, struct hg_visit_work, item)->body);
}

void hg_visit__pools_init(struct hg_edge *e) {
    e->free_visits = (struct hg_pool){.bytes = sizeof(struct hg_visit)};
    e->free_works = (struct hg_pool){.bytes = sizeof(struct hg_visit_work), .drop = drop_work};
}

void hg_visit__pools_trim(struct hg_edge *e) {
    hg_pool_trim(&e->free_visits);
    hg_pool_trim(&e->free_works);
}

void hg_visit__pools_fini(struct hg_edge *e) {
    hg_pool_fini(&e->free_visits);
    hg_pool_fini(&e->free_works);
}

/* What no location takes is the server's to log. */
static const struct hg_access_log *log_of(const struct hg_visit *v) {
    return v->location != NULL ? &v->location->access : &v->server->access;
}

static void dispose(struct hg_visit *v) {
    struct hg_edge *e = v->edge;
    if (log_of(v)->file != NULL && v->peer != NULL) {
        hg_access_write(&e->pens, log_of(v), v);
    }
    hg_subscriber_close(&v->subscriber);
    hg_socket_free(v);
    if (v->work != NULL) {
        give_work(v);
    }
    hg_principal_unref(&v->principal);
    hg_arena_fini(&v->arena);
    hg_edge__release(&v->hold);
    hg_list_remove(&v->node);
    hg_pool_give(&e->free_visits, v);
}

void hg_visit__answer(struct hg_visit *v, int status, const struct hg_field *fields, size_t n,
                      struct hg_slice body) {
    v->state = HG_VISIT_ANSWERED;
    v->status = status;
    hg_stream_answer(v->stream, status, fields, n, body);
}

void hg_visit__refuse(struct hg_visit *v, const struct hg_problem *p) {
    struct hg_field fields[HG_CORS_FIELDS + HG_PROOFS_MAX];
    size_t n = v->location != NULL ? hg_visit__cors(v, fields) : 0;
    if (p->status == 401 && v->location != NULL) {
        n += hg_gate_challenges(&v->location->intake.proofs, fields + n);
    }
    if (p->status == 405 && v->location != NULL) {
        fields[n++] = (struct hg_field){HG_SLICE("allow"), v->location->allow};
    }
    if (p->status == 415 && v->location != NULL && v->location->accept_post.len > 0) {
        fields[n++] = (struct hg_field){HG_SLICE("accept-post"), v->location->accept_post};
    }
    if (p->status == 426) {
        fields[n++] = (struct hg_field){HG_SLICE("sec-websocket-version"), HG_SLICE("13")};
    }
    v->state = HG_VISIT_ANSWERED;
    v->status = p->status;
    v->problem = p->type;
    hg_gate_answer_problem(v->stream, p, fields, n);
}

/* The one connection may ask for one server only [RFC 9110 7.4]: the name in
 * its handshake and the request's authority must lead to the same. */
static bool find_server(struct hg_visit *v, const struct hg_edge__port *port,
                        const struct hg_http_head *head, struct hg_problem *p) {
    struct hg_slice sni = hg_conn_sni(v->stream->conn);
    struct hg_slice host = hg_site__host(head->authority);
    v->server = hg_site__server(port->port, host.len > 0 ? host : sni);
    if (sni.len > 0 && v->server != hg_site__server(port->port, sni)) {
        hg_problem_set(p, 421, "misdirected", "The connection was made for another server.");
        return false;
    }
    return true;
}

/* No path begins like this: the engines let it through with OPTIONS alone. */
static bool is_asterisk(const struct hg_visit *v) {
    return hg_slice_eq(v->request.path, HG_SLICE("*"));
}

static void dispatch(struct hg_visit *v, const struct hg_http_head *head) {
    struct hg_problem p = {.index = -1};
    struct hg_slice method = v->request.method;
    HG_ASSERT(v->location != NULL); /* a request without one was refused */
    bool is_get = hg_slice_eq(method, HG_SLICE("GET")) || head->is_websocket;
    if (hg_slice_eq(method, HG_SLICE("OPTIONS"))) {
        hg_visit__options(v);
    } else if (v->location->handler != NULL) {
        hg_visit__handle(v, head);
    } else if (is_get && v->location->conf->stream.n > 0) {
        hg_visit__subscribe(v, head);
    } else if (hg_slice_eq(method, HG_SLICE("POST")) && v->location->intake.source != NULL) {
        hg_visit__accept(v, head);
    } else {
        hg_problem_set(&p, 405, "method-not-allowed", "This location takes %.*s.",
                       HG_FMT(v->location->allow));
        hg_visit__refuse(v, &p);
    }
}

/* The connection is on its way out: nothing new is begun under old rules. */
static void refuse_late(struct hg_stream *s) {
    struct hg_problem p = {.index = -1};
    hg_problem_set(&p, 503, "draining", "This address is served no more.");
    hg_gate_answer_problem(s, &p, NULL, 0);
}

static void on_head(struct hg_stream *s, const struct hg_http_head *head) {
    struct hg_edge__port *port = hg_conn_listener_arg(s->conn);
    struct hg_problem p = {.index = -1};
    if (port->hold == NULL) {
        refuse_late(s);
        return;
    }
    struct hg_visit *v = make(port, s);
    if (v == NULL) {
        hg_stream_reset(s);
        return;
    }
    v->is_h2 = head->is_h2;
    v->authority = head->authority;
    int err = hg_request_init(&v->request, head, &v->arena);
    if (err == HG_ENOMEM) {
        hg_problem_set(&p, 503, "overloaded", "There is no memory for the request.");
    } else if (err != 0) {
        hg_problem_set(&p, 400, "request-invalid", "The path or query cannot be read.");
    } else if (port->is_fixed && !hg_visit__admin_allowed(v, port, head)) {
        hg_problem_set(&p, 403, "origin-refused", "Pages in a browser may not ask this.");
    } else if (find_server(v, port, head, &p) && !is_asterisk(v)) {
        v->location = hg_site__locate(v->server, v->request.path, &v->captured);
        if (v->location == NULL) {
            hg_problem_set(&p, 404, "not-found", "There is nothing at this path.");
        }
    }
    if (p.status != 0) {
        hg_visit__refuse(v, &p);
    } else if (v->location == NULL) {
        hg_visit__options_server(v);
    } else {
        dispatch(v, head);
    }
}

static void on_body(struct hg_stream *s, const char *bytes, size_t n, bool is_last) {
    struct hg_visit *v = s->user;
    if (v == NULL) {
        return;
    }
    if (v->state == HG_VISIT_BODY) {
        hg_visit__on_body(v, bytes, n, is_last);
    } else if (v->state == HG_VISIT_SOCKET) {
        hg_socket_on_bytes(v, bytes, n, is_last);
    }
}

static void on_room(struct hg_stream *s) {
    struct hg_visit *v = s->user;
    if (v != NULL && v->socket != NULL) {
        hg_socket_on_room(v);
    }
    if (v != NULL && v->subscriber != NULL) {
        hg_subscriber_on_room(v->subscriber);
    }
}

/* The address goes with the connection; the line may be written later. */
static void keep_peer(struct hg_visit *v) {
    if (log_of(v)->file != NULL) {
        char *text = hg_arena_alloc(&v->arena, HG_ADDR_TEXT_MAX);
        if (text != NULL) {
            struct hg_addr peer = hg_conn_peer(v->stream->conn);
            hg_addr_format(&peer, text);
        }
        v->peer = text;
    }
}

static void count_answer(const struct hg_conn *c, int status) {
    if (hg_conn_is_private(c)) {
        return;
    }
    if (status >= 200 && status < 300) {
        hg_counter_add(&answers_2xx, 1);
    } else if (status >= 400 && status < 500) {
        hg_counter_add(&answers_4xx, 1);
    } else if (status >= 500) {
        hg_counter_add(&answers_5xx, 1);
    }
}

/* A request that never became a visit: what is known of it has its line all the
 * same, in the log of the server that the connection was made for. */
static void log_refusal(struct hg_conn *c, const struct hg_http_refusal *r) {
    struct hg_edge__port *port = hg_conn_listener_arg(c);
    const struct hg_http_head *head = r->head;
    struct hg_addr peer = hg_conn_peer(c);
    char peer_text[HG_ADDR_TEXT_MAX];
    if (port->hold == NULL) {
        return;
    }
    const struct hg_server *server = hg_site__server(port->port, hg_conn_sni(c));
    if (server->access.file == NULL) {
        return;
    }
    const char *mark =
        head->target.len > 0 ? memchr(head->target.ptr, '?', head->target.len) : NULL;
    hg_addr_format(&peer, peer_text);
    const struct hg_visit v = {
        .is_h2 = head->is_h2,
        .status = r->status,
        .problem = r->type,
        .began_us = hg_clock_mono_us(),
        .peer = peer_text,
        .request =
            {
                .method = head->is_websocket && head->is_h2 ? HG_SLICE("CONNECT") : head->method,
                .path = {head->target.ptr,
                         mark != NULL ? (size_t)(mark - head->target.ptr) : head->target.len},
                .fields = head->fields,
                .n_fields = head->n_fields,
            },
    };
    hg_access_write(&port->edge->pens, &server->access, &v);
}

static void on_refused(struct hg_conn *c, struct hg_stream *s, const struct hg_http_refusal *r) {
    struct hg_visit *v = s != NULL ? s->user : NULL;
    if (v != NULL) { /* on_gone counts it, and its line is to come */
        v->status = r->status;
        v->problem = r->type;
    } else if (s == NULL) {
        count_answer(c, r->status);
        log_refusal(c, r);
    }
}

static void on_gone(struct hg_stream *s, bool is_complete) {
    struct hg_visit *v = s->user;
    (void)is_complete;
    if (v == NULL) {
        return;
    }
    s->user = NULL;
    keep_peer(v);
    count_answer(v->stream->conn, v->status);
    v->stream = NULL;
    /* An append that is under way is still accounted for, and a handler ends what
     * it began: on_done, hg_reply_send dispose. */
    if (v->state != HG_VISIT_DECIDING) {
        dispose(v);
    }
}

void hg_visit__orphan_done(struct hg_visit *v) {
    dispose(v);
}

const struct hg_stream_ops hg_edge__stream_ops = {
    .on_head = on_head,
    .on_body = on_body,
    .on_room = on_room,
    .on_refused = on_refused,
    .on_gone = on_gone,
};
