/* SPDX-License-Identifier: Apache-2.0 */
/* dlq_show.c - GET /dlq/{topic}: letters, with what is said about them: record
 * headers go out to no subscriber. */
#include "server/dlq.h"

#include "log/entry.h"
#include "log/records.h"
#include "proto/http/request.h"

struct show {
    struct hg_dlq d; /* first */
    bool is_one;     /* the letter at `at` alone */
    struct hg_position at;
    struct hg_dlq_place place; /* what is read */
    size_t limit;
};

static struct hg_slice header(const struct hg_record *r, struct hg_slice name) {
    for (size_t i = 0; i < r->n_headers; i++) {
        if (hg_slice_eq(r->headers[i].name, name)) {
            return r->headers[i].value;
        }
    }
    return (struct hg_slice){NULL, 0};
}

static void put_named(struct hg_buf *out, const char *name, struct hg_slice value) {
    hg_buf_printf(out, ",\"%s\":", name);
    if (value.len > 0) {
        hg_dlq_put_text(out, value);
    } else {
        HG_BUF_LIT(out, "null");
    }
}

/* Pairs, since a name may stand there twice: that may be why it was refused. */
static void put_headers(struct hg_buf *out, const struct hg_record *r) {
    HG_BUF_LIT(out, ",\"headers\":[");
    for (size_t i = 0; i < r->n_headers; i++) {
        hg_buf_printf(out, "%s[", i > 0 ? "," : "");
        hg_dlq_put_text(out, r->headers[i].name);
        HG_BUF_LIT(out, ",");
        hg_dlq_put_text(out, r->headers[i].value);
        HG_BUF_LIT(out, "]");
    }
    HG_BUF_LIT(out, "]");
}

static void put_letter(struct show *s, const struct hg_batch *batch, size_t i) {
    struct hg_buf *out = &s->d.answer.body;
    const struct hg_entry *e = &batch->entries[i];
    const struct hg_record *r = &s->d.fetch.details->items[i];
    const struct hg_position position = hg_dlq_position(&s->d, batch, i);
    hg_buf_printf(out, "%s{\"position\":", i > 0 ? "," : "");
    hg_dlq_put_position(out, &position);
    HG_BUF_LIT(out, ",\"time\":");
    hg_dlq_put_time(out, e->log_time_ms);
    put_named(out, "reason", header(r, HG_SLICE("hg_reason")));
    put_named(out, "detail", header(r, HG_SLICE("hg_detail")));
    put_named(out, "principal", header(r, HG_SLICE("hg_principal")));
    put_headers(out, r);
    HG_BUF_LIT(out, ",\"event\":");
    if (e->event != NULL) {
        hg_event_to_json(e->event, (struct hg_slice){NULL, 0}, out);
    } else {
        HG_BUF_LIT(out, "null");
    }
    HG_BUF_LIT(out, "}");
}

static void put_next(struct show *s, const struct hg_batch *batch) {
    struct hg_buf *out = &s->d.answer.body;
    struct hg_dlq_place rest = s->place;
    if (batch->n > 0) {
        rest.offset = batch->entries[batch->n - 1].offset + 1;
    }
    HG_BUF_LIT(out, "],\"next\":");
    if (!s->is_one && batch->n > 0 && hg_dlq_go_on(&s->d, NULL, &rest)) {
        const struct hg_position last = hg_dlq_position(&s->d, batch, batch->n - 1);
        hg_dlq_put_position(out, &last);
    } else {
        HG_BUF_LIT(out, "null");
    }
    HG_BUF_LIT(out, "}\n");
}

static void on_read(struct hg_dlq *d, struct hg_batch *batch) {
    struct show *s = (struct show *)d;
    struct hg_dlq_place rest = {s->place.partition + 1, 0};
    if (!s->is_one && batch != NULL && batch->n == 0 && hg_dlq_go_on(d, NULL, &rest)) {
        hg_batch_unref(&batch);
        s->place = rest;
        hg_dlq_read(d, rest, s->limit, on_read);
        return;
    }
    if (batch == NULL || (s->is_one && !hg_dlq_is_at(batch, &s->at))) {
        hg_problem_set(&d->problem, 404, "not-found", "The letter is not there any more.");
    } else {
        HG_BUF_LIT(&d->answer.body, "{\"topic\":");
        hg_buf_put_json(&d->answer.body, hg_log_topic_name(d->admin->log, d->topic));
        HG_BUF_LIT(&d->answer.body, ",\"letters\":[");
        for (size_t i = 0; i < batch->n; i++) {
            put_letter(s, batch, i);
        }
        put_next(s, batch);
    }
    hg_batch_unref(&batch);
    hg_dlq_end(d);
}

static int read_limit(struct hg_dlq *d, struct hg_slice text, size_t *ret) {
    size_t n = 0;
    for (size_t i = 0; i < text.len && n <= HG_DLQ_LETTERS_MAX; i++) {
        bool is_digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        n = is_digit ? 10 * n + (size_t)(text.ptr[i] - '0') : HG_DLQ_LETTERS_MAX + 1;
    }
    if (n == 0 || n > HG_DLQ_LETTERS_MAX) {
        return hg_problem_set(&d->problem, 400, "query-invalid", "limit: expected 1 to %d letters.",
                              HG_DLQ_LETTERS_MAX);
    }
    *ret = n;
    return 0;
}

/* Where to begin: behind `position`, at `at`, or with the first that is there. */
static int read_query(struct show *s, const struct hg_request *r) {
    struct hg_position p;
    struct hg_field param;
    size_t cursor = 0;
    while (hg_request_param_next(r, &cursor, &param)) {
        int err = 0;
        if (hg_slice_eq(param.name, HG_SLICE("limit"))) {
            err = read_limit(&s->d, param.value, &s->limit);
        } else if (hg_slice_eq(param.name, HG_SLICE("position"))) {
            err = hg_dlq_read_position(&s->d, param.value, &p);
            if (err == 0) {
                s->place = (struct hg_dlq_place){p.partition, p.offset + 1};
            }
        } else if (hg_slice_eq(param.name, HG_SLICE("at"))) {
            err = hg_dlq_read_position(&s->d, param.value, &s->at);
            s->is_one = true;
        } else {
            err = hg_problem_set(&s->d.problem, 400, "query-invalid",
                                 "Expected position, at or limit.");
        }
        if (err != 0) {
            return err;
        }
    }
    if (s->is_one) {
        s->place = (struct hg_dlq_place){s->at.partition, s->at.offset};
        s->limit = 1;
    } else if (!hg_dlq_go_on(&s->d, NULL, &s->place)) { /* nothing is there: an empty page */
        s->place = (struct hg_dlq_place){0, hg_dlq_range(&s->d, 0).next};
    }
    return 0;
}

static void start(const void *conf, const struct hg_request *r, struct hg_slice body,
                  struct hg_reply *reply) {
    struct show *s = hg_dlq_begin(conf, reply, sizeof(*s));
    (void)body;
    if (s == NULL) {
        return;
    }
    s->limit = HG_DLQ_LETTERS;
    if (hg_dlq_find(&s->d, r) != 0 || read_query(s, r) != 0) {
        hg_dlq_end(&s->d);
        return;
    }
    hg_dlq_read(&s->d, s->place, s->limit, on_read);
}

static const char *const methods[] = {"GET", NULL};
const struct hg_handler_ops hg_dlq_show = {.size = sizeof(hg_dlq_show),
                                           .name = "dlq_show",
                                           .directive = "",
                                           .methods = methods,
                                           .start = start};
