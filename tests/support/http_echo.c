/* SPDX-License-Identifier: Apache-2.0 */
/* http_echo.c - HTTP alone on a port, for clients and suites from elsewhere:
 * curl, h2load, h2spec. Never installed.
 *
 *   http_echo PORT [CERTIFICATE KEY]
 *
 * Every request is answered with its body, or with a few bytes; /202 like an
 * ingest; /stream?N with N blocks of 16 KiB as room allows; a WebSocket
 * handshake with an echo of raw bytes. SIGTERM ends it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/http/http.h"

struct exchange {
    struct hg_buf body;
    struct hg_slice target;
    bool is_websocket;
    long blocks_left;
};

struct server {
    struct hg_loop *loop;
    struct hg_tls *tls;
    struct hg_http_setup setup;
};

static struct hg_blob *block; /* what /stream is made of */

static void stream_on(struct hg_stream *s, struct exchange *x) {
    while (x->blocks_left > 0 && hg_stream_room(s) > 0) {
        hg_stream_write(s, block, 0, block->len);
        x->blocks_left--;
    }
    if (x->blocks_left == 0) {
        x->blocks_left = -1;
        hg_stream_end(s);
    }
}

static void answer(struct hg_stream *s, struct exchange *x) {
    const struct hg_field text = {HG_SLICE("content-type"), HG_SLICE("text/plain")};
    const struct hg_field position = {HG_SLICE("headgate-position"),
                                      HG_SLICE("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA")};
    if (hg_slice_starts(x->target, HG_SLICE("/202"))) {
        hg_stream_answer(s, 202, &position, 1, (struct hg_slice){NULL, 0});
    } else if (hg_slice_starts(x->target, HG_SLICE("/stream?"))) {
        x->blocks_left = strtol(x->target.ptr + 8, NULL, 10);
        hg_stream_begin(s, 200, &text, 1);
        stream_on(s, x);
    } else {
        hg_stream_answer(s, 200, &text, 1,
                         x->body.len > 0 ? hg_buf_slice(&x->body) : HG_SLICE("hello, world\n"));
    }
}

static void on_head(struct hg_stream *s, const struct hg_http_head *head) {
    struct exchange *x = hg_try_alloc(sizeof(*x));
    if (x == NULL) {
        abort();
    }
    s->user = x;
    x->target = head->target;
    x->body.max = 16 << 20;
    x->is_websocket = head->is_websocket;
    if (head->is_websocket) {
        hg_stream_upgrade(s, NULL, 0);
    } else if (head->has_body) {
        hg_stream_continue(s);
    } else {
        answer(s, x);
    }
}

static void on_body(struct hg_stream *s, const char *bytes, size_t n, bool is_last) {
    struct exchange *x = s->user;
    if (x->is_websocket) {
        hg_stream_put(s, bytes, n);
        if (is_last) {
            hg_stream_end(s);
        }
        return;
    }
    hg_buf_put(&x->body, bytes, n);
    if (is_last) {
        answer(s, x);
    }
}

static void on_room(struct hg_stream *s) {
    struct exchange *x = s->user;
    if (x->blocks_left > 0) {
        stream_on(s, x);
    }
}

static void on_gone(struct hg_stream *s, bool is_complete) {
    struct exchange *x = s->user;
    (void)is_complete;
    hg_buf_fini(&x->body);
    hg_free(x);
}

static const struct hg_stream_ops stream_ops = {
    .on_head = on_head, .on_body = on_body, .on_room = on_room, .on_gone = on_gone};

static struct hg_tls *tls_for(void *arg, struct hg_slice name) {
    (void)name;
    return ((struct server *)arg)->tls;
}

static int on_accept(void *arg, struct hg_conn *c) {
    return hg_http_attach(c, &((struct server *)arg)->setup);
}

static struct hg_slice read_file(const char *path) {
    static char memory[2][65536];
    static int n_read;
    char *at = memory[n_read++ & 1];
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    size_t n = fread(at, 1, sizeof(memory[0]), f);
    fclose(f);
    return (struct hg_slice){at, n};
}

static void on_signal(void *arg, int signo) {
    (void)signo;
    hg_loop_stop(((struct server *)arg)->loop);
}

int main(int argc, char **argv) {
    static struct server server = {.setup = {.ops = &stream_ops,
                                             .limits = {.head_bytes_max = 16384,
                                                        .fields_max = 100,
                                                        .target_bytes_max = 8192,
                                                        .head_timeout_ms = 10000,
                                                        .body_timeout_ms = 60000,
                                                        .keepalive_timeout_ms = 60000,
                                                        .keepalive_requests = 100000000,
                                                        .h2_streams_max = 100}}};
    const struct hg_listener_ops listener_ops = {.tls_for = tls_for, .on_accept = on_accept};
    struct hg_listener *listener = NULL;
    struct hg_why why = {{0}};
    struct hg_addr addr;
    char text[64];
    int fd = -1;
    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: http_echo PORT [CERTIFICATE KEY]\n");
        return 2;
    }
    snprintf(text, sizeof(text), "127.0.0.1:%s", argv[1]);
    if (argc == 4) {
        struct hg_tls_setup setup = {.certificate_pem = read_file(argv[2]),
                                     .key_pem = read_file(argv[3])};
        if (hg_tls_new(&setup, &server.tls, &why) != 0) {
            fprintf(stderr, "%s\n", why.text);
            return 1;
        }
    }
    block = hg_blob_new_raw(16384);
    memset(block->bytes, 'x', block->len);
    if (hg_loop_new(0, &server.loop) != 0 || hg_addr_parse(hg_slice_of(text), &addr) != 0 ||
        hg_addr_listen(&addr, 1024, false, &fd) != 0 ||
        hg_listener_start(server.loop, fd, argc == 4, &listener_ops, &server, &listener) != 0 ||
        hg_loop_on_signal(server.loop, SIGTERM, on_signal, &server) != 0) {
        perror("http_echo");
        return 1;
    }
    hg_loop_run(server.loop);
    hg_listener_stop(&listener);
    hg_loop_free(&server.loop);
    return 0;
}
