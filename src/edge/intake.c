/* SPDX-License-Identifier: Apache-2.0 */
/* intake.c - requests with a body: events for the gate, anything for a
 * handler. */
#include "edge/visit.h"

#include "headgate/logline.h"

static void on_done(struct hg_exchange *x) {
    struct hg_visit *v = x->owner;
    struct hg_field fields[HG_CORS_FIELDS + 1];
    if (v->stream == NULL) {
        hg_visit__orphan_done(v);
        return;
    }
    size_t n = hg_visit__cors(v, fields);
    if (x->problem.status == 415) {
        fields[n++] = (struct hg_field){HG_SLICE("accept-post"), v->location->accept_post};
    }
    v->status = x->problem.status != 0 ? x->problem.status : x->events.n == 0 ? 204 : 202;
    v->state = HG_VISIT_ANSWERED;
    hg_gate_answer(x, v->stream, fields, n);
}

static void read_body(struct hg_visit *v, const struct hg_http_head *head, int64_t limit) {
    struct hg_buf *body = &v->work->body;
    v->state = HG_VISIT_BODY;
    body->max = (size_t)limit;
    if (head->content_length > 0 && head->content_length <= limit) {
        hg_buf_reserve(body, (size_t)head->content_length);
    }
    if (head->expects_continue) {
        hg_stream_continue(v->stream);
    }
    if (!head->has_body) {
        hg_visit__on_body(v, NULL, 0, true);
    }
}

static void refuse_without_memory(struct hg_visit *v) {
    struct hg_problem p = {.index = -1};
    hg_problem_set(&p, 503, "overloaded", "There is no memory for the request.");
    hg_visit__refuse(v, &p);
}

void hg_visit__accept(struct hg_visit *v, const struct hg_http_head *head) {
    if (hg_visit__work(v) == NULL) {
        refuse_without_memory(v);
        return;
    }
    struct hg_exchange *x = &v->work->exchange;
    *x = (struct hg_exchange){
        .gate = &v->edge->gate,
        .intake = &v->location->intake,
        .request = &v->request,
        .captured = v->captured,
        .arena = &v->arena,
        .on_done = on_done,
        .owner = v,
    };
    v->has_exchange = true;
    if (hg_exchange_fields(x, head->content_length) != HG_STEP_ON) {
        on_done(x);
        return;
    }
    read_body(v, head, x->intake->body_bytes_max);
}

static bool takes_method(const struct hg_handler_ops *h, struct hg_slice method) {
    for (size_t i = 0; h->methods[i] != NULL; i++) {
        if (hg_slice_eq(method, hg_slice_of(h->methods[i])) ||
            (hg_slice_eq(method, HG_SLICE("HEAD")) && strcmp(h->methods[i], "GET") == 0)) {
            return true;
        }
    }
    return false;
}

void hg_visit__handle(struct hg_visit *v, const struct hg_http_head *head) {
    struct hg_problem p = {.index = -1};
    const struct hg_intake *intake = &v->location->intake;
    if (!takes_method(v->location->handler, v->request.method)) {
        hg_problem_set(&p, 405, "method-not-allowed", "This location takes %.*s.",
                       HG_FMT(v->location->allow));
    } else if (!intake->proofs.is_none && intake->proofs.n > 0) {
        hg_gate_authenticate(&intake->proofs, intake->anonymous, &v->request, &v->principal, &p);
    }
    if (p.status != 0) {
        hg_visit__refuse(v, &p);
        return;
    }
    if (hg_visit__work(v) == NULL) {
        refuse_without_memory(v);
        return;
    }
    read_body(v, head, intake->body_bytes_max > 0 ? intake->body_bytes_max : 65536);
}

/* The answer, or the problem in its place; the answer's body is freed. */
static void send_answer(struct hg_visit *v, struct hg_answer *answer, struct hg_problem *p) {
    struct hg_field fields[HG_CORS_FIELDS + 1];
    if (p->status == 0 && answer->body.is_failed) {
        hg_problem_set(p, 503, "overloaded", "There is no memory for the answer.");
    }
    if (p->status != 0) {
        hg_visit__refuse(v, p);
    } else {
        size_t n = hg_visit__cors(v, fields);
        const char *type =
            answer->content_type != NULL ? answer->content_type : "text/plain; charset=utf-8";
        fields[n++] = (struct hg_field){HG_SLICE("content-type"), hg_slice_of(type)};
        hg_visit__answer(v, answer->status != 0 ? answer->status : 200, fields, n,
                         hg_buf_slice(&answer->body));
    }
    hg_buf_fini(&answer->body);
}

void hg_reply_send(struct hg_reply *reply, struct hg_answer *answer,
                   const struct hg_problem *problem) {
    struct hg_visit *v = reply->visit;
    struct hg_problem p = {.index = -1};
    HG_ASSERT(v->state == HG_VISIT_DECIDING && !v->has_exchange);
    if (v->stream == NULL) {
        hg_buf_fini(&answer->body);
        hg_visit__orphan_done(v);
        return;
    }
    send_answer(v, answer, problem != NULL ? memcpy(&p, problem, sizeof(p)) : &p);
}

/* A module that was built before handlers could answer later has a smaller
 * struct. */
static bool answers_later(const struct hg_handler_ops *h) {
    return h->size >= offsetof(struct hg_handler_ops, start) + sizeof(h->start) && h->start != NULL;
}

static void run_handler(struct hg_visit *v) {
    const struct hg_location *l = v->location;
    struct hg_answer answer = {.status = 200, .content_type = "text/plain; charset=utf-8"};
    struct hg_problem p = {.index = -1};
    struct hg_slice body = hg_buf_slice(&v->work->body);
    if (answers_later(l->handler)) {
        v->state = HG_VISIT_DECIDING;
        v->work->reply.visit = v;
        l->handler->start(l->handler_conf, &v->request, body, &v->work->reply);
        return;
    }
    int err = l->handler->handle(l->handler_conf, &v->request, body, &answer, &p);
    if (err != 0 && p.status == 0) {
        hg_problem_set(&p, 500, "internal", "The handler failed.");
        HG_LOG(HG_ERROR, "handler_failed", "handler=%s err=%s", l->handler->name, hg_err_text(err));
    }
    send_answer(v, &answer, &p);
}

static void refuse_body(struct hg_visit *v, bool is_too_large) {
    struct hg_problem p = {.index = -1};
    if (is_too_large) {
        hg_problem_set(&p, 413, "body-too-large", "The body is above the limit of %zu bytes.",
                       v->work->body.max);
    } else {
        hg_problem_set(&p, 503, "overloaded", "There is no memory for the body.");
    }
    hg_buf_fini(&v->work->body);
    hg_visit__refuse(v, &p);
}

void hg_visit__on_body(struct hg_visit *v, const char *bytes, size_t n, bool is_last) {
    struct hg_buf *body = &v->work->body;
    bool is_too_large = n > body->max - body->len;
    if (!is_too_large) {
        hg_buf_put(body, bytes, n);
    }
    if (is_too_large || body->is_failed) {
        refuse_body(v, is_too_large);
        return;
    }
    if (!is_last) {
        return;
    }
    if (v->location->handler != NULL) {
        run_handler(v);
        return;
    }
    v->state = HG_VISIT_DECIDING;
    hg_exchange_body(&v->work->exchange, hg_buf_slice(body));
}
