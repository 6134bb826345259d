/* SPDX-License-Identifier: Apache-2.0 */
/* sink_sse - events to a browser's EventSource, or to curl: server-sent events
 * (HTML 9.2).
 *
 *   event      data: {the event in the JSON event format}
 *              id: POSITION                     <- left out by close_event
 *              (blank line)
 *   notice     event: headgate.stream.opened    <- so onmessage never sees it
 *              retry: 3000
 *              data: {"position":...}
 *              id: CURSOR
 *              (blank line)
 *   heartbeat  id: CURSOR
 *              (blank line)
 *
 * The id stands last, so that a stream over several partitions can be sent
 * the shared bytes up to it and a cursor of its own after them. A block with
 * only an id moves Last-Event-ID and shows nothing. */
#include "headgate/module.h"

static struct hg_counter ids_refused = {
    .name = "headgate_sse_ids_refused_total",
    .help = "Stream ids left out because they held a byte that would break the stream.",
    .kind = HG_COUNTER,
};

static struct hg_counter *const counters[] = {&ids_refused, NULL};

/* The next part of *rest up to a byte that is not inside a quoted string,
 * without blanks around. */
static struct hg_slice cut(struct hg_slice *rest, char at) {
    bool is_quoted = false;
    size_t end = 0;
    for (; end < rest->len && (is_quoted || rest->ptr[end] != at); end++) {
        if (rest->ptr[end] == '"') {
            is_quoted = !is_quoted;
        } else if (rest->ptr[end] == '\\' && is_quoted && end + 1 < rest->len) {
            end++;
        }
    }
    struct hg_slice part = {rest->ptr, end};
    size_t eaten = end < rest->len ? end + 1 : end;
    *rest = (struct hg_slice){rest->ptr + eaten, rest->len - eaten};
    return hg_slice_trim(part);
}

/* A weight (RFC 9110 12.4.2) is above 0 when any of its digits is. */
static bool is_weight_positive(struct hg_slice weight) {
    for (size_t i = 0; i < weight.len; i++) {
        if (weight.ptr[i] >= '1' && weight.ptr[i] <= '9') {
            return true;
        }
    }
    return false;
}

/* One element of Accept: "text/event-stream; q=0.5". */
static bool is_wanted(struct hg_slice range) {
    if (!hg_slice_ieq(cut(&range, ';'), HG_SLICE("text/event-stream"))) {
        return false;
    }
    while (range.len > 0) {
        struct hg_slice value = cut(&range, ';');
        struct hg_slice name = cut(&value, '=');
        if (hg_slice_ieq(name, HG_SLICE("q"))) {
            return is_weight_positive(value);
        }
    }
    return true;
}

static int choose(const struct hg_request *r) {
    size_t n = 0;
    const struct hg_field *fields = hg_request_fields(r, &n);
    if (!hg_slice_eq(hg_request_method(r), HG_SLICE("GET"))) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        struct hg_slice rest = fields[i].value;
        if (!hg_slice_eq(fields[i].name, HG_SLICE("accept"))) {
            continue;
        }
        while (rest.len > 0) {
            if (is_wanted(cut(&rest, ','))) {
                return 50;
            }
        }
    }
    return 0;
}

/* Positions are base64url; anything else here is a fault of ours or of a
 * driver, and must not become a line of its own. */
static void put_id(struct hg_slice id, struct hg_buf *out) {
    for (size_t i = 0; i < id.len; i++) {
        if (id.ptr[i] <= ' ' || id.ptr[i] > '~') {
            hg_counter_add(&ids_refused, 1);
            return;
        }
    }
    if (id.len > 0) {
        HG_BUF_LIT(out, "id: ");
        hg_buf_put_slice(out, id);
        HG_BUF_LIT(out, "\n");
    }
}

static size_t find_line_end(struct hg_slice text) {
    const char *lf = text.len > 0 ? memchr(text.ptr, '\n', text.len) : NULL;
    size_t end = lf ? (size_t)(lf - text.ptr) : text.len;
    const char *cr = end > 0 ? memchr(text.ptr, '\r', end) : NULL;
    return cr ? (size_t)(cr - text.ptr) : end;
}

/* White space in an event's JSON data may hold line ends. What stands in out
 * after `from` is written again with each of its lines as one of the stream. */
static void split_lines(struct hg_buf *out, size_t from) {
    struct hg_slice rest = {out->ptr + from, out->len - from};
    struct hg_buf copy = {.max = out->max};
    if (find_line_end(rest) == rest.len) {
        return;
    }
    hg_buf_put_slice(&copy, rest);
    if (copy.is_failed) {
        out->is_failed = true;
    }
    rest = hg_buf_slice(&copy);
    out->len = from;
    for (;;) {
        size_t end = find_line_end(rest);
        hg_buf_put(out, rest.ptr, end);
        if (end == rest.len) {
            break;
        }
        HG_BUF_LIT(out, "\ndata: ");
        bool is_pair = rest.ptr[end] == '\r' && end + 1 < rest.len && rest.ptr[end + 1] == '\n';
        end += is_pair ? 2 : 1;
        rest = (struct hg_slice){rest.ptr + end, rest.len - end};
    }
    hg_buf_fini(&copy);
}

static void encode(const struct hg_event *e, struct hg_slice position, struct hg_buf *out,
                   size_t *ret_mark) {
    HG_BUF_LIT(out, "data: ");
    size_t from = out->len;
    hg_event_to_json(e, (struct hg_slice){NULL, 0}, out);
    if (!out->is_failed) {
        split_lines(out, from);
    }
    HG_BUF_LIT(out, "\n");
    *ret_mark = out->len;
    put_id(position, out);
    HG_BUF_LIT(out, "\n");
}

static void close_event(struct hg_slice cursor, struct hg_buf *out) {
    put_id(cursor, out);
    HG_BUF_LIT(out, "\n");
}

static void notice(const struct hg_notice *n, struct hg_buf *out) {
    const char *name = hg_notice_name(n->kind);
    if (name) {
        hg_buf_printf(out, "event: %s\n", name);
        if (n->retry_ms > 0) {
            hg_buf_printf(out, "retry: %lld\n", (long long)n->retry_ms);
        }
        HG_BUF_LIT(out, "data: ");
        hg_notice_put_json(n, out);
        HG_BUF_LIT(out, "\n");
    } else if (n->cursor.len == 0) {
        HG_BUF_LIT(out, ":\n"); /* a heartbeat that has nothing to say is a comment */
    }
    put_id(n->cursor, out);
    HG_BUF_LIT(out, "\n");
}

static const struct hg_sink_ops sink = {
    .size = sizeof(struct hg_sink_ops),
    .name = "sse",
    .framing = HG_SINK_RAW,
    .content_type = "text/event-stream",
    .choose = choose,
    .encode = encode,
    .close_event = close_event,
    .notice = notice,
};

HG_MODULE(sink_sse) = {
    .abi = HG_MODULE_ABI,
    .size = sizeof(struct hg_module),
    .name = "sink_sse",
    .counters = counters,
    .sink = &sink,
};
