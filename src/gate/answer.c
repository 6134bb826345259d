/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c - what the producer is told: 202 with positions, or the problem. */
#include "gate/gate.h"

#include <stdio.h>

#include "gate/problems.h"

enum { FIELDS_MAX = 24 };

struct answer {
    int status;
    struct hg_field fields[FIELDS_MAX];
    size_t n;
};

static void add(struct answer *a, struct hg_slice name, struct hg_slice value) {
    HG_ASSERT(a->n < FIELDS_MAX);
    a->fields[a->n++] = (struct hg_field){name, value};
}

static void add_extra(struct answer *a, const struct hg_field *extra, size_t n) {
    for (size_t i = 0; i < n; i++) {
        add(a, extra[i].name, extra[i].value);
    }
}

void hg_problem_print(const struct hg_problem *p, struct hg_buf *out) {
    hg_buf_printf(out, "{\"type\":\"" HG_PROBLEM_URI "%s\",\"title\":", p->type);
    hg_buf_put_json(out, hg_slice_of(hg_problem_title(p->type)));
    hg_buf_printf(out, ",\"status\":%d", p->status);
    if (p->detail[0] != 0) {
        HG_BUF_LIT(out, ",\"detail\":");
        hg_buf_put_json(out, hg_slice_of(p->detail));
    }
    if (p->index >= 0) {
        hg_buf_printf(out, ",\"index\":%d", p->index);
    }
    if (p->pointer[0] != 0) {
        HG_BUF_LIT(out, ",\"pointer\":");
        hg_buf_put_json(out, hg_slice_of(p->pointer));
    }
    HG_BUF_LIT(out, "}");
}

void hg_gate_answer_problem(struct hg_stream *s, const struct hg_problem *p,
                            const struct hg_field *extra, size_t n_extra) {
    struct hg_buf body = {.max = 4096};
    struct answer a = {.status = p->status};
    hg_problem_print(p, &body);
    add(&a, HG_SLICE("content-type"), HG_SLICE("application/problem+json"));
    add_extra(&a, extra, n_extra);
    hg_stream_answer(s, a.status, a.fields, a.n, hg_buf_slice(&body));
    hg_buf_fini(&body);
}

static void put_position(struct hg_buf *out, const struct hg_position *p) {
    char text[HG_POSITION_TEXT_LEN + 1];
    hg_position_format(p, text);
    hg_buf_put(out, text, HG_POSITION_TEXT_LEN);
}

static void answer_problem(struct hg_exchange *x, struct hg_stream *s, struct answer *a) {
    struct hg_buf body = {.max = 4096};
    char seconds[16];
    const struct hg_proofs *proofs = &x->intake->proofs;
    hg_problem_print(&x->problem, &body);
    if (x->has_dead_letter) {
        body.len -= 1; /* reopen the object */
        HG_BUF_LIT(&body, ",\"deadletter\":\"");
        put_position(&body, &x->dead_letter);
        HG_BUF_LIT(&body, "\"}");
    }
    if (x->retry_after_s > 0) {
        int len = snprintf(seconds, sizeof(seconds), "%u", x->retry_after_s);
        add(a, HG_SLICE("retry-after"), (struct hg_slice){seconds, (size_t)len});
    }
    for (size_t i = 0; x->problem.status == 401 && i < proofs->n; i++) {
        if (proofs->ops[i]->challenge != NULL) {
            add(a, HG_SLICE("www-authenticate"), hg_slice_of(proofs->ops[i]->challenge));
        }
    }
    a->status = x->problem.status;
    add(a, HG_SLICE("content-type"), HG_SLICE("application/problem+json"));
    hg_stream_answer(s, a->status, a->fields, a->n, hg_buf_slice(&body));
    hg_buf_fini(&body);
}

static void answer_one(struct hg_exchange *x, struct hg_stream *s, struct answer *a) {
    char position[HG_POSITION_TEXT_LEN + 1];
    hg_position_format(&x->items[0].position, position);
    add(a, HG_SLICE("headgate-position"), (struct hg_slice){position, HG_POSITION_TEXT_LEN});
    if (x->items[0].stored == HG_STORED_BEFORE) {
        add(a, HG_SLICE("headgate-duplicate"), HG_SLICE("true"));
    }
    hg_stream_answer(s, 202, a->fields, a->n, (struct hg_slice){NULL, 0});
}

static bool wants_representation(const struct hg_request *r) {
    struct hg_slice prefer = hg_request_field(r, HG_SLICE("prefer"));
    return prefer.len > 0 && memmem(prefer.ptr, prefer.len, "return=representation", 21) != NULL;
}

static void answer_batch(struct hg_exchange *x, struct hg_stream *s, struct answer *a) {
    struct hg_buf body = {.max = 0};
    if (!wants_representation(x->request)) {
        hg_stream_answer(s, 202, a->fields, a->n, (struct hg_slice){NULL, 0});
        return;
    }
    HG_BUF_LIT(&body, "{\"events\":[");
    for (size_t i = 0; i < x->events.n; i++) {
        HG_BUF_LIT(&body, "{\"position\":\"");
        put_position(&body, &x->items[i].position);
        hg_buf_printf(&body, "\",\"duplicate\":%s}%s",
                      x->items[i].stored == HG_STORED_BEFORE ? "true" : "false",
                      i + 1 < x->events.n ? "," : "");
    }
    HG_BUF_LIT(&body, "]}");
    if (!body.is_failed) { /* stored all the same: without memory the list is left out */
        add(a, HG_SLICE("content-type"), HG_SLICE("application/json"));
        add(a, HG_SLICE("preference-applied"), HG_SLICE("return=representation"));
    }
    hg_stream_answer(s, 202, a->fields, a->n, body.is_failed ? HG_SLICE("") : hg_buf_slice(&body));
    hg_buf_fini(&body);
}

void hg_gate_answer(struct hg_exchange *x, struct hg_stream *s, const struct hg_field *extra,
                    size_t n_extra) {
    struct answer a = {0};
    add_extra(&a, extra, n_extra);
    if (x->problem.status != 0) {
        answer_problem(x, s, &a);
    } else if (x->events.n == 0) {
        hg_stream_answer(s, 204, a.fields, a.n, (struct hg_slice){NULL, 0});
    } else if (x->events.n == 1) {
        answer_one(x, s, &a);
    } else {
        answer_batch(x, s, &a);
    }
}
