/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct fake_stream *fake_of(const struct hg_stream *s) {
    return (struct fake_stream *)s;
}

/* With memory of its own: an allocation that is to fail is not ours. */
static void put(struct hg_buf *b, const void *bytes, size_t n) {
    b->ptr = realloc(b->ptr, b->len + n + 1);
    assert_non_null(b->ptr);
    if (n > 0) {
        memcpy(b->ptr + b->len, bytes, n);
    }
    b->len += n;
    b->ptr[b->len] = 0;
}

static void take_head(struct fake_stream *f, int status, const struct hg_field *fields, size_t n) {
    assert_int_equal(f->status, 0);
    assert_true(status >= 200 || f->is_upgraded);
    f->status = status;
    for (size_t i = 0; i < n; i++) {
        assert_null(memchr(fields[i].name.ptr, '\n', fields[i].name.len));
        assert_true(fields[i].value.len == 0 ||
                    memchr(fields[i].value.ptr, '\n', fields[i].value.len) == NULL);
        put(&f->fields, fields[i].name.ptr, fields[i].name.len);
        put(&f->fields, ": ", 2);
        put(&f->fields, fields[i].value.ptr, fields[i].value.len);
        put(&f->fields, "\n", 1);
    }
}

static void on_answer(struct hg_stream *s, int status, const struct hg_field *fields, size_t n,
                      struct hg_slice body) {
    struct fake_stream *f = fake_of(s);
    take_head(f, status, fields, n);
    put(&f->body, body.ptr, body.len);
    f->is_ended = true;
}

static void on_begin(struct hg_stream *s, int status, const struct hg_field *fields, size_t n) {
    struct fake_stream *f = fake_of(s);
    f->is_begun = true;
    take_head(f, status, fields, n);
}

static void on_upgrade(struct hg_stream *s, const struct hg_field *fields, size_t n) {
    struct fake_stream *f = fake_of(s);
    f->is_upgraded = true;
    take_head(f, 101, fields, n);
}

static bool goes_on(const struct fake_stream *f) {
    return (f->is_begun || f->is_upgraded) && !f->is_ended;
}

static void on_put(struct hg_stream *s, const void *bytes, size_t n) {
    struct fake_stream *f = fake_of(s);
    assert_true(goes_on(f));
    put(&f->body, bytes, n);
    f->room = f->room == FAKE_ROOM_ALL ? f->room : f->room > n ? f->room - n : 0;
}

static void on_write(struct hg_stream *s, struct hg_blob *blob, size_t from, size_t len) {
    on_put(s, blob->bytes + from, len);
}

static size_t on_ask_room(const struct hg_stream *s) {
    return fake_of(s)->room;
}

static void on_end(struct hg_stream *s) {
    assert_true(goes_on(fake_of(s)));
    fake_of(s)->is_ended = true;
}

static void on_reset(struct hg_stream *s) {
    fake_of(s)->is_reset = true;
}
static void on_go_on(struct hg_stream *s) {
    fake_of(s)->is_continued = true;
}
static void on_pause(struct hg_stream *s, bool is_paused) {
    fake_of(s)->is_paused = is_paused;
}

static const struct hg_stream_proto proto = {
    .answer = on_answer,
    .begin = on_begin,
    .upgrade = on_upgrade,
    .write = on_write,
    .put = on_put,
    .room = on_ask_room,
    .end = on_end,
    .reset = on_reset,
    .go_on = on_go_on,
    .pause = on_pause,
};

void fake_stream_init(struct fake_stream *f, const struct hg_stream_ops *ops) {
    *f = (struct fake_stream){.stream = {.proto = &proto, .ops = ops}, .room = FAKE_ROOM_ALL};
    f->stream.conn = &f->conn;
}

void fake_stream_fini(struct fake_stream *f) {
    hg_buf_fini(&f->fields);
    hg_buf_fini(&f->body);
}

static const char *find(const char *lines, const char *name) {
    size_t len = strlen(name);
    while (lines != NULL && *lines != 0) {
        if (strncmp(lines, name, len) == 0 && lines[len] == ':') {
            return lines + len + 2;
        }
        lines = strchr(lines, '\n') + 1;
    }
    return NULL;
}

const char *fake_stream_field(const struct fake_stream *f, const char *name) {
    static char value[8192];
    const char *at = find(f->fields.ptr, name);
    if (at == NULL) {
        return NULL;
    }
    snprintf(value, sizeof(value), "%.*s", (int)(strchr(at, '\n') - at), at);
    return value;
}

size_t fake_stream_count(const struct fake_stream *f, const char *name) {
    size_t n = 0;
    for (const char *at = f->fields.ptr; (at = find(at, name)) != NULL; at = strchr(at, '\n') + 1) {
        n++;
    }
    return n;
}
