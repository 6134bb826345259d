/* SPDX-License-Identifier: Apache-2.0 */
/* h1_run.c - see h1_run.h. */
#include "h1_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

const struct hg_http_limits h1_run_limits = {
    .head_bytes_max = 16384, .fields_max = 100, .target_bytes_max = 8192};

static void tell_head(struct h1_run *r, const struct hg_http_head *h) {
    hg_buf_printf(&r->told, "%.*s %.*s host=%.*s%s%s ", HG_FMT(h->method), HG_FMT(h->target),
                  HG_FMT(h->authority), h->is_websocket ? " websocket" : "",
                  h->expects_continue ? " continue" : "");
}

static void move(struct h1_run *r) {
    struct hg_h1_parser *other = malloc(sizeof(*other));
    assert_non_null(other);
    hg_h1_parser_move(other, &r->parser);
    memset(&r->parser, 0xa5, sizeof(r->parser));
    hg_h1_parser_move(&r->parser, other);
    free(other);
}

static bool step_head(struct h1_run *r, const char **pos, const char *end) {
    if (!r->has_parser) {
        hg_h1_parser_init(&r->parser, &h1_run_limits);
        r->has_parser = true;
    }
    enum hg_h1_step step = hg_h1_parser_feed(&r->parser, pos, end);
    if (step == HG_H1_HEAD) {
        struct hg_h1_head head;
        void *memory = malloc(hg_h1_parser_settled_size(&r->parser) + 1);
        hg_h1_parser_settle(&r->parser, memory, &head);
        hg_h1_parser_fini(&r->parser);
        r->has_parser = false;
        tell_head(r, &head.http);
        hg_h1_body_init(&r->body, &head, &h1_run_limits);
        r->has_body = true;
        free(memory);
    } else if (step == HG_H1_FAULT) {
        hg_buf_printf(&r->told, "fault %d", r->parser.fault.status);
        r->is_over = true;
    } else if (r->is_moved) {
        move(r);
    }
    return step != HG_H1_MORE;
}

static bool step_body(struct h1_run *r, const char **pos, const char *end) {
    struct hg_slice piece = {NULL, 0};
    enum hg_h1_step step = hg_h1_body_feed(&r->body, pos, end, &piece);
    if (step == HG_H1_PIECE) {
        hg_buf_put_slice(&r->told, piece);
    } else if (step == HG_H1_END) {
        HG_BUF_LIT(&r->told, "; ");
        r->has_body = false;
    } else if (step == HG_H1_FAULT) {
        hg_buf_printf(&r->told, "; fault %d", r->body.fault.status);
        r->is_over = true;
    }
    return step != HG_H1_MORE;
}

void h1_run_feed(struct h1_run *r, const char *bytes, size_t n) {
    const char *pos = bytes;
    const char *end = bytes + n;
    while (!r->is_over) {
        bool is_on = r->has_body ? step_body(r, &pos, end) : pos < end && step_head(r, &pos, end);
        if (!is_on) {
            break;
        }
    }
}

void h1_run_fini(struct h1_run *r) {
    if (r->has_parser) {
        hg_h1_parser_fini(&r->parser);
    }
    hg_buf_fini(&r->told);
}

static const char *told(struct h1_run *r) {
    if (r->has_parser && !r->is_over) {
        HG_BUF_LIT(&r->told, "more");
    }
    hg_buf_put(&r->told, "", 1);
    return r->told.ptr;
}

const char *h1_run_whole(struct hg_slice bytes) {
    static char text[4096];
    struct h1_run r = {.is_over = false};
    h1_run_feed(&r, bytes.ptr, bytes.len);
    const char *all = told(&r);
    size_t n = strlen(all) < sizeof(text) ? strlen(all) : sizeof(text) - 1;
    memcpy(text, all, n);
    text[n] = 0;
    h1_run_fini(&r);
    return text;
}

static void compare(const char *name, size_t cut, struct h1_run *r, const char *want) {
    const char *got = told(r);
    if (strcmp(got, want) != 0) {
        print_error("%s, cut at %zu: got \"%s\", want \"%s\"\n", name, cut, got, want);
        fail();
    }
    h1_run_fini(r);
}

static void run_cuts(const char *name, struct hg_slice bytes, const char *want) {
    size_t stride = bytes.len > 4096 ? bytes.len / 997 : 1; /* long ones: about 1,000 cuts */
    for (size_t cut = 0; cut <= bytes.len; cut += stride) {
        struct h1_run r = {.is_moved = (cut & 1) != 0};
        h1_run_feed(&r, bytes.ptr, cut);
        h1_run_feed(&r, bytes.ptr + cut, bytes.len - cut);
        compare(name, cut, &r, want);
    }
    struct h1_run r = {.is_moved = true};
    for (size_t i = 0; i < bytes.len; i++) {
        /* Each byte alone in memory that ends behind it: reading on is seen. */
        char *one = malloc(1);
        *one = bytes.ptr[i];
        h1_run_feed(&r, one, 1);
        free(one);
    }
    compare(name, SIZE_MAX, &r, want);
}

void h1_run_expect(const char *name, struct hg_slice bytes, const char *want) {
    struct hg_buf both = {0}, both_want = {0};
    struct hg_slice first =
        HG_SLICE("POST /first HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok");
    run_cuts(name, bytes, want);
    hg_buf_put_slice(&both, first);
    hg_buf_put_slice(&both, bytes);
    hg_buf_printf(&both_want, "POST /first host=h ok; %s", want);
    hg_buf_put(&both_want, "", 1);
    run_cuts(name, hg_buf_slice(&both), both_want.ptr);
    hg_buf_fini(&both);
    hg_buf_fini(&both_want);
}
