/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_h1.c - heads and bodies of HTTP/1.1. The verdict does not depend on how
 * the bytes are cut: the first byte says into what pieces. */
#include "base/arena.h"
#include "fuzz/fuzz.h"
#include "headgate/buf.h"
#include "proto/h1/body.h"
#include "proto/h1/parser.h"
#include "proto/http/request.h"

static const struct hg_http_limits limits = {
    .head_bytes_max = 4096, .fields_max = 20, .target_bytes_max = 1024};

/* What became of the bytes: requests, in one text. */
struct outcome {
    struct hg_buf text;
    int fault;
};

static void take_request(const struct hg_http_head *head, struct outcome *o) {
    struct hg_arena arena = {0};
    struct hg_request r;
    int err = hg_request_init(&r, head, &arena);
    hg_buf_printf(&o->text, "%.*s %.*s %d;", HG_FMT(head->method), HG_FMT(head->target), err);
    for (size_t cursor = 0; err == 0;) {
        struct hg_field param;
        if (!hg_request_param_next(&r, &cursor, &param)) {
            break;
        }
        hg_buf_printf(&o->text, "%.*s=%.*s;", HG_FMT(param.name), HG_FMT(param.value));
    }
    hg_arena_fini(&arena);
}

/* The body of one request; how far it has come. */
struct walk {
    struct hg_h1_parser parser;
    struct hg_h1_body body;
    struct hg_h1_head head;
    void *memory;
    bool is_in_body;
};

static void settle(struct walk *w, struct outcome *o) {
    w->memory = hg_alloc(hg_h1_parser_settled_size(&w->parser));
    hg_h1_parser_settle(&w->parser, w->memory, &w->head);
    hg_h1_parser_fini(&w->parser);
    take_request(&w->head.http, o);
    hg_h1_body_init(&w->body, &w->head, &limits);
    w->is_in_body = true;
}

static void end_request(struct walk *w) {
    hg_free(w->memory);
    w->memory = NULL;
    w->is_in_body = false;
    hg_h1_parser_init(&w->parser, &limits);
}

static bool step_body(struct walk *w, const char **pos, const char *end, struct outcome *o) {
    struct hg_slice piece = {NULL, 0};
    enum hg_h1_step step = HG_H1_END;
    if (!hg_h1_body_is_whole(&w->body)) {
        step = hg_h1_body_feed(&w->body, pos, end, &piece);
    }
    if (step == HG_H1_PIECE) {
        hg_buf_put_slice(&o->text, piece);
    } else if (step == HG_H1_END) {
        HG_BUF_LIT(&o->text, "|");
        end_request(w);
    } else if (step == HG_H1_FAULT) {
        o->fault = w->body.fault.status;
    }
    return step != HG_H1_MORE && step != HG_H1_FAULT;
}

static bool step_head(struct walk *w, const char **pos, const char *end, struct outcome *o) {
    enum hg_h1_step step = hg_h1_parser_feed(&w->parser, pos, end);
    if (step == HG_H1_HEAD) {
        settle(w, o);
    } else if (step == HG_H1_FAULT) {
        o->fault = w->parser.fault.status;
        HG_ASSERT(o->fault >= 400 && o->fault < 600);
    }
    return step == HG_H1_HEAD;
}

static void feed(struct walk *w, struct hg_slice piece, struct outcome *o) {
    char *copy = fuzz_copy(piece);
    const char *pos = copy, *end = copy + piece.len;
    bool goes_on = true;
    while (goes_on && o->fault == 0 && (pos < end || w->is_in_body)) {
        goes_on = w->is_in_body ? step_body(w, &pos, end, o) : step_head(w, &pos, end, o);
    }
    HG_ASSERT(o->fault != 0 || pos == end);
    hg_free(copy);
}

static void run(struct hg_slice bytes, size_t piece_max, struct outcome *o) {
    struct walk *w = hg_alloc(sizeof(*w));
    *o = (struct outcome){.text = {0}};
    hg_h1_parser_init(&w->parser, &limits);
    for (size_t at = 0; at < bytes.len && o->fault == 0; at += piece_max) {
        size_t left = bytes.len - at;
        feed(w, (struct hg_slice){bytes.ptr + at, left < piece_max ? left : piece_max}, o);
    }
    if (w->is_in_body) {
        end_request(w);
    }
    hg_h1_parser_fini(&w->parser);
    hg_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input(data, size);
    size_t piece_max = 1 + fuzz_byte(&in) % 64;
    struct outcome whole, cut;
    run(fuzz_rest(&in), SIZE_MAX / 2, &whole);
    run(fuzz_rest(&in), piece_max, &cut);
    HG_ASSERT(whole.fault == cut.fault);
    HG_ASSERT(hg_slice_eq(hg_buf_slice(&whole.text), hg_buf_slice(&cut.text)));
    hg_buf_fini(&whole.text);
    hg_buf_fini(&cut.text);
    return 0;
}
