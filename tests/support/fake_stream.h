/* SPDX-License-Identifier: Apache-2.0 */
/* fake_stream.h - a stream that records what it is answered with, and holds
 * whoever answers to the protocol's rules: one answer, nothing after its end. */
#ifndef TESTS_SUPPORT_FAKE_STREAM_H
#define TESTS_SUPPORT_FAKE_STREAM_H

#include "net/conn_impl.h"
#include "proto/http/http.h"

enum { FAKE_ROOM_ALL = 1 << 30 };

struct fake_stream {
    struct hg_stream stream;    /* first */
    struct hg_conn conn;        /* never opened: only what it tells about itself */
    int status;                 /* 0: not answered yet */
    bool is_begun, is_upgraded; /* an answer that goes on */
    bool is_ended, is_reset, is_continued, is_paused;
    struct hg_buf fields; /* "name: value\n" each */
    struct hg_buf body;   /* ends with a 0 that is not counted */
    size_t room;
};

void fake_stream_init(struct fake_stream *f, const struct hg_stream_ops *ops);
void fake_stream_fini(struct fake_stream *f);
/* The value of a field of the answer; NULL: there is none. Lives until the
 * next call. */
const char *fake_stream_field(const struct fake_stream *f, const char *name);
size_t fake_stream_count(const struct fake_stream *f, const char *name);

#endif
