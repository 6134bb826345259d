/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c - what the producer is told: 202 with positions, or the problem. */
#include "gate/gate.h"

#include <stdio.h>

#include "gate/problems.h"

enum { FIELDS_MAX = 24 }; /* the caller's 8, a challenge of each authenticator, ours */

struct answer {
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

size_t hg_gate_challenges(const struct hg_proofs *proofs, struct hg_field *fields) {
    size_t n = 0;
    for (size_t i = 0; i < proofs->n; i++) {
        if (proofs->ops[i]->challenge != NULL) {
            fields[n++] = (struct hg_field){HG_SLICE("www-authenticate"),
                                            hg_slice_of(proofs->ops[i]->challenge)};
        }
    }
    return n;
}

/* Without memory for the document the status has to say it all. */
static void send_problem(struct hg_stream *s, struct answer *a, int status, unsigned retry_after_s,
                         struct hg_buf *body) {
    char seconds[16];
    if (status == 429 || status == 503) {
        int len = snprintf(seconds, sizeof(seconds), "%u", retry_after_s > 0 ? retry_after_s : 1);
        add(a, HG_SLICE("retry-after"), (struct hg_slice){seconds, (size_t)len});
    }
    if (body->is_failed) {
        hg_buf_clear(body);
    } else {
        add(a, HG_SLICE("content-type"), HG_SLICE("application/problem+json"));
    }
    hg_stream_answer(s, status, a->fields, a->n, hg_buf_slice(body));
    hg_buf_fini(body);
}

void hg_gate_answer_problem(struct hg_stream *s, const struct hg_problem *p,
                            const struct hg_field *extra, size_t n_extra) {
    struct hg_buf body = {.max = 4096};
    struct answer a = {0};
    hg_problem_print(p, &body);
    add_extra(&a, extra, n_extra);
    send_problem(s, &a, p->status, 0, &body);
}

static void put_position(struct hg_buf *out, const struct hg_position *p) {
    char text[HG_POSITION_TEXT_LEN + 1];
    hg_position_format(p, text);
    hg_buf_put(out, text, HG_POSITION_TEXT_LEN);
}

/* What is known of each event where they ended differently, or in doubt. */
static void put_states(struct hg_buf *out, const struct hg_exchange *x) {
    HG_BUF_LIT(out, ",\"events\":[");
    for (size_t i = 0; i < x->events.n; i++) {
        const struct hg_publish_item *item = &x->items[i];
        bool is_stored = item->stored == HG_STORED_NEW || item->stored == HG_STORED_BEFORE;
        hg_buf_printf(out, "%s{\"state\":\"%s\"", i > 0 ? "," : "",
                      is_stored                         ? "stored"
                      : item->stored == HG_STORED_DOUBT ? "in-doubt"
                                                        : "not-stored");
        if (is_stored) {
            HG_BUF_LIT(out, ",\"position\":\"");
            put_position(out, &item->position);
            HG_BUF_LIT(out, "\"");
        }
        HG_BUF_LIT(out, "}");
    }
    HG_BUF_LIT(out, "]");
}

void hg_exchange_print_problem(const struct hg_exchange *x, struct hg_buf *out) {
    hg_problem_print(&x->problem, out);
    if (out->is_failed) {
        return;
    }
    out->len -= 1; /* reopen the object */
    if (x->has_dead_letter) {
        HG_BUF_LIT(out, ",\"deadletter\":\"");
        put_position(out, &x->dead_letter);
        HG_BUF_LIT(out, "\"");
    }
    if (x->has_states) {
        put_states(out, x);
    }
    HG_BUF_LIT(out, "}");
}

static void answer_problem(struct hg_exchange *x, struct hg_stream *s, struct answer *a) {
    struct hg_buf body = {.max = 0};
    hg_exchange_print_problem(x, &body);
    if (x->problem.status == 401) {
        a->n += hg_gate_challenges(&x->intake->proofs, a->fields + a->n);
    }
    send_problem(s, a, x->problem.status, x->retry_after_s, &body);
}

/* The next element of a comma-separated list, up to its parameters. */
static struct hg_slice take_element(struct hg_slice *rest) {
    const char *comma = memchr(rest->ptr, ',', rest->len);
    struct hg_slice e = {rest->ptr, comma ? (size_t)(comma - rest->ptr) : rest->len};
    size_t used = e.len + (comma != NULL);
    *rest = (struct hg_slice){rest->ptr + used, rest->len - used};
    const char *parameters = e.len > 0 ? memchr(e.ptr, ';', e.len) : NULL;
    e.len = parameters ? (size_t)(parameters - e.ptr) : e.len;
    return hg_slice_trim(e);
}

/* Prefer: return=representation [RFC 7240 2, 4.2] */
static bool wants_representation(const struct hg_request *r) {
    size_t n;
    const struct hg_field *fields = hg_request_fields(r, &n);
    for (size_t i = 0; i < n; i++) {
        struct hg_slice rest = fields[i].value;
        bool is_prefer = hg_slice_eq(fields[i].name, HG_SLICE("prefer"));
        while (is_prefer && rest.len > 0) {
            struct hg_slice e = take_element(&rest);
            if (hg_slice_ieq(e, HG_SLICE("return=representation")) ||
                hg_slice_ieq(e, HG_SLICE("return=\"representation\""))) {
                return true;
            }
        }
    }
    return false;
}

static void print_list(const struct hg_exchange *x, struct hg_buf *body) {
    HG_BUF_LIT(body, "{\"events\":[");
    for (size_t i = 0; i < x->events.n; i++) {
        HG_BUF_LIT(body, "{\"position\":\"");
        put_position(body, &x->items[i].position);
        hg_buf_printf(body, "\",\"duplicate\":%s}%s",
                      x->items[i].stored == HG_STORED_BEFORE ? "true" : "false",
                      i + 1 < x->events.n ? "," : "");
    }
    HG_BUF_LIT(body, "]}");
}

static void answer_stored(struct hg_exchange *x, struct hg_stream *s, struct answer *a) {
    struct hg_buf body = {.max = 0};
    char position[HG_POSITION_TEXT_LEN + 1];
    if (x->events.n == 1) {
        hg_position_format(&x->items[0].position, position);
        add(a, HG_SLICE("headgate-position"), (struct hg_slice){position, HG_POSITION_TEXT_LEN});
    }
    if (x->events.n == 1 && x->items[0].stored == HG_STORED_BEFORE) {
        add(a, HG_SLICE("headgate-duplicate"), HG_SLICE("true"));
    }
    if (wants_representation(x->request)) {
        print_list(x, &body);
    }
    if (body.is_failed) { /* stored all the same: without memory the list is left out */
        hg_buf_clear(&body);
    } else if (body.len > 0) {
        add(a, HG_SLICE("content-type"), HG_SLICE("application/json"));
        add(a, HG_SLICE("preference-applied"), HG_SLICE("return=representation"));
    }
    hg_stream_answer(s, 202, a->fields, a->n, hg_buf_slice(&body));
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
    } else {
        answer_stored(x, s, &a);
    }
}
