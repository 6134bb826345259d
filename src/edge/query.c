/* SPDX-License-Identifier: Apache-2.0 */
/* query.c - what a subscriber asks for, from Last-Event-ID and the query. An
 * unknown parameter is a fault: a mistyped filter must not widen a stream. */
#include "edge/visit.h"

#include "base/clock.h"

static int refuse(struct hg_problem *problem, struct hg_field param, const char *expected) {
    return hg_problem_set(problem, 400, "query-invalid", "%.*s: expected %s.", HG_FMT(param.name),
                          expected);
}

static int refuse_memory(struct hg_problem *problem) {
    return hg_problem_set(problem, 503, "overloaded", "There is no memory for the request.");
}

/* However much is asked for, max is given. */
static int read_number(struct hg_slice text, int64_t max, int64_t *ret) {
    int64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return HG_EINVAL;
        }
        value = value * 10 + (text.ptr[i] - '0');
        value = value < max ? value : max;
    }
    if (text.len == 0) {
        return HG_EINVAL;
    }
    *ret = value;
    return 0;
}

static int read_since(struct hg_wish *w, struct hg_field p, struct hg_problem *problem) {
    if (hg_slice_eq(p.value, HG_SLICE("earliest"))) {
        w->start = HG_START_EARLIEST;
    } else if (hg_slice_eq(p.value, HG_SLICE("latest"))) {
        w->start = HG_START_LATEST;
    } else if (hg_clock_parse(p.value, &w->time_ms) == 0) {
        w->start = HG_START_TIME;
    } else {
        return refuse(problem, p, "earliest, latest or an RFC 3339 time");
    }
    return 0;
}

static int read_position(struct hg_wish *w, struct hg_slice text, struct hg_problem *problem) {
    int err = hg_cursor_merge(&w->cursor, text);
    if (err == HG_ENOMEM) {
        return refuse_memory(problem);
    }
    if (err != 0) {
        return hg_problem_set(problem, 400, "position-invalid",
                              err == HG_E2BIG
                                  ? "There are more positions to go on from than are taken."
                                  : "The position to go on from is no token of this gateway.");
    }
    w->start = HG_START_CURSOR;
    return 0;
}

static int read_filter(struct hg_wish *w, struct hg_field p, struct hg_problem *problem) {
    struct hg_slice name = p.name;
    if (hg_slice_starts(name, HG_SLICE("ext."))) {
        name = (struct hg_slice){name.ptr + 4, name.len - 4};
    }
    if (p.value.len == 0) {
        return refuse(problem, p, "a value, or the start of one and *");
    }
    switch (hg_filter_add_pattern(w->filter, name, p.value)) {
    case 0:
        return 0;
    case HG_ENOMEM:
        return refuse_memory(problem);
    case HG_E2BIG:
        return refuse(problem, p, "no more filters than there are already");
    default:
        return refuse(problem, p, "ext. and the name of an attribute");
    }
}

static bool is_filter(struct hg_slice name) {
    return hg_slice_eq(name, HG_SLICE("type")) || hg_slice_eq(name, HG_SLICE("source")) ||
           hg_slice_eq(name, HG_SLICE("subject")) ||
           (name.len > 4 && hg_slice_starts(name, HG_SLICE("ext.")));
}

static bool is_repeated(const struct hg_visit *v, struct hg_field p) {
    struct hg_slice first;
    return hg_request_param(&v->request, p.name, &first) && first.ptr != p.value.ptr;
}

/* Filters are alternatives and positions are merged; of the rest one is meant,
 * and nobody can say which. */
static int read_param(const struct hg_visit *v, struct hg_wish *w, struct hg_field p,
                      struct hg_problem *problem) {
    const struct hg_edge__conf *c = v->location->conf;
    int64_t number;
    if (is_filter(p.name)) {
        return read_filter(w, p, problem);
    }
    if (hg_slice_eq(p.name, HG_SLICE("position"))) {
        return read_position(w, p.value, problem);
    }
    if (is_repeated(v, p)) {
        return refuse(problem, p, "it once");
    }
    if (hg_slice_eq(p.name, HG_SLICE("since"))) {
        return read_since(w, p, problem);
    }
    if (hg_slice_eq(p.name, HG_SLICE("limit"))) {
        if (read_number(p.value, c->pull_events_max, &number) != 0 || number == 0) {
            return refuse(problem, p, "a number of events");
        }
        w->events_max = (size_t)number;
        return 0;
    }
    if (hg_slice_eq(p.name, HG_SLICE("wait"))) {
        if (read_number(p.value, c->pull_wait_max_ms, &number) != 0) {
            return refuse(problem, p, "a number of seconds");
        }
        number *= 1000;
        w->wait_ms = number < c->pull_wait_max_ms ? number : c->pull_wait_max_ms;
        return 0;
    }
    return hg_problem_set(problem, 400, "query-invalid",
                          "%.*s is not known; expected type, source, subject, ext.NAME, since, "
                          "position, limit or wait.",
                          HG_FMT(p.name));
}

int hg_wish_read(struct hg_visit *v, struct hg_wish *w, struct hg_problem *problem) {
    const struct hg_edge__conf *c = v->location->conf;
    struct hg_slice last_id = hg_request_field(&v->request, HG_SLICE("last-event-id"));
    struct hg_field p;
    size_t at = 0;
    w->events_max = (size_t)c->pull_events_max;
    w->filter = hg_filter_new();
    if (w->filter == NULL) {
        return refuse_memory(problem);
    }
    while (hg_request_param_next(&v->request, &at, &p)) {
        if (read_param(v, w, p, problem) != 0) {
            return HG_EINVAL;
        }
    }
    /* An EventSource comes back to the address it was made with and says in
     * Last-Event-ID how far it got: what the query said of a start is old. */
    if (last_id.len > 0) {
        hg_cursor_fini(&w->cursor);
        return read_position(w, last_id, problem);
    }
    if (w->cursor.n > 0) {
        w->start = HG_START_CURSOR;
    }
    return 0;
}

void hg_wish_fini(struct hg_wish *w) {
    hg_filter_unref(&w->filter);
    hg_cursor_fini(&w->cursor);
}

static void put_escaped(struct hg_buf *out, struct hg_slice s) {
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || memchr("-._~*/:", c, 7) != NULL;
        if (is_plain) {
            hg_buf_put(out, &s.ptr[i], 1);
        } else {
            hg_buf_printf(out, "%%%02X", c);
        }
    }
}

/* A relative reference replaces the whole query [RFC 3986 5.2.2]: what the
 * caller asked for besides a start has to be in it. */
void hg_wish_print_next(const struct hg_visit *v, struct hg_slice cursor, struct hg_buf *out) {
    struct hg_field p;
    size_t at = 0;
    hg_buf_printf(out, "<?position=%.*s", HG_FMT(cursor));
    while (hg_request_param_next(&v->request, &at, &p)) {
        if (!hg_slice_eq(p.name, HG_SLICE("since")) && !hg_slice_eq(p.name, HG_SLICE("position"))) {
            HG_BUF_LIT(out, "&");
            put_escaped(out, p.name);
            HG_BUF_LIT(out, "=");
            put_escaped(out, p.value);
        }
    }
    HG_BUF_LIT(out, ">; rel=\"next\"");
}
