/* SPDX-License-Identifier: Apache-2.0 */
/* sse.c - cuts an event stream into lines, lines into fields, and gives an
 * event for each block that has data. */
#include "proto/sse/sse.h"

static int put(struct hg_sse *s, struct hg_buf *to, struct hg_slice bytes) {
    to->max = s->event_bytes_max;
    if (bytes.len == 0) {
        return 0;
    }
    int err = hg_buf_reserve(to, bytes.len);
    if (err == 0) {
        hg_buf_put_slice(to, bytes);
    }
    return err;
}

static int set(struct hg_sse *s, struct hg_buf *to, struct hg_slice bytes) {
    hg_buf_clear(to);
    return put(s, to, bytes);
}

/* ASCII digits only; a number too long to hold is held as the largest. */
static void tell_retry(struct hg_sse *s, struct hg_slice value) {
    int64_t ms = 0;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c < '0' || c > '9') {
            return;
        }
        ms = ms > (INT64_MAX - 9) / 10 ? INT64_MAX - 9 : ms * 10 + (c - '0');
    }
    if (value.len > 0 && s->ops->on_retry) {
        s->ops->on_retry(s->arg, ms);
    }
}

static int take_field(struct hg_sse *s, struct hg_slice name, struct hg_slice value) {
    if (hg_slice_eq(name, HG_SLICE("data"))) {
        int err = put(s, &s->data, value);
        return err ? err : put(s, &s->data, HG_SLICE("\n"));
    }
    if (hg_slice_eq(name, HG_SLICE("event"))) {
        return set(s, &s->type, value);
    }
    if (hg_slice_eq(name, HG_SLICE("id"))) {
        /* Last-Event-ID could not carry a NUL. */
        bool has_nul = value.len > 0 && memchr(value.ptr, '\0', value.len) != NULL;
        return has_nul ? 0 : set(s, &s->id, value);
    }
    if (hg_slice_eq(name, HG_SLICE("retry"))) {
        tell_retry(s, value);
    }
    return 0;
}

static int end_block(struct hg_sse *s) {
    int err = set(s, &s->last_id, hg_buf_slice(&s->id));
    if (err == 0 && s->data.len > 0) {
        struct hg_sse_event event = {
            .type = s->type.len > 0 ? hg_buf_slice(&s->type) : HG_SLICE("message"),
            .data = {s->data.ptr, s->data.len - 1}, /* without the last LF */
            .id = hg_buf_slice(&s->last_id),
        };
        s->ops->on_event(s->arg, &event);
    }
    hg_buf_clear(&s->type);
    hg_buf_clear(&s->data);
    return err;
}

static int take_line(struct hg_sse *s, struct hg_slice line) {
    if (!s->has_begun) {
        s->has_begun = true;
        if (hg_slice_starts(line, HG_SLICE("\xef\xbb\xbf"))) {
            line = (struct hg_slice){line.ptr + 3, line.len - 3};
        }
    }
    if (line.len == 0) {
        return end_block(s);
    }
    const char *colon = memchr(line.ptr, ':', line.len);
    if (!colon) {
        return take_field(s, line, (struct hg_slice){NULL, 0});
    }
    struct hg_slice name = {line.ptr, (size_t)(colon - line.ptr)};
    struct hg_slice value = {colon + 1, line.len - name.len - 1};
    if (value.len > 0 && value.ptr[0] == ' ') {
        value = (struct hg_slice){value.ptr + 1, value.len - 1};
    }
    /* A comment has an empty name, which is no field's. */
    return take_field(s, name, value);
}

static size_t find_line_end(const char *bytes, size_t n) {
    size_t i = 0;
    while (i < n && bytes[i] != '\n' && bytes[i] != '\r') {
        i++;
    }
    return i;
}

/* A line has ended: what earlier pieces brought of it, and then end. */
static int join_line(struct hg_sse *s, struct hg_slice end) {
    if (s->line.len == 0) {
        return take_line(s, end);
    }
    int err = put(s, &s->line, end);
    if (err == 0) {
        err = take_line(s, hg_buf_slice(&s->line));
    }
    hg_buf_clear(&s->line);
    return err;
}

int hg_sse_feed(struct hg_sse *s, const char *bytes, size_t n) {
    int err = 0;
    while (n > 0 && !s->is_failed) {
        if (s->is_after_cr && bytes[0] == '\n') {
            s->is_after_cr = false;
            bytes++;
            n--;
            continue;
        }
        s->is_after_cr = false;
        size_t len = find_line_end(bytes, n);
        struct hg_slice piece = {bytes, len};
        if (len == n) {
            err = put(s, &s->line, piece);
            n = 0;
        } else {
            s->is_after_cr = bytes[len] == '\r';
            bytes += len + 1;
            n -= len + 1;
            err = join_line(s, piece);
        }
        s->is_failed = err != 0;
    }
    return err;
}

struct hg_slice hg_sse_last_id(const struct hg_sse *s) {
    return hg_buf_slice(&s->last_id);
}

void hg_sse_fini(struct hg_sse *s) {
    hg_buf_fini(&s->line);
    hg_buf_fini(&s->type);
    hg_buf_fini(&s->data);
    hg_buf_fini(&s->id);
    hg_buf_fini(&s->last_id);
}
