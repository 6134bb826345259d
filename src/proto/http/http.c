/* SPDX-License-Identifier: Apache-2.0 */
/* http.c - which version of HTTP a new connection speaks: what TLS agreed
 * upon, or, on a plain socket, whether it opens with the preface of HTTP/2. */
#include "proto/http/http.h"

#include "proto/h1/h1.h"
#include "proto/h2/h2.h"
#include "proto/http/counters.h"
#include "proto/http/door.h"

/* RFC 9113 3.4 */
static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum { PREFACE_LEN = sizeof(preface) - 1 };

struct chooser {
    struct hg_http_door door;
    const struct hg_http_setup *setup;
    size_t matched; /* bytes of the preface that came; they need no copy */
};

static struct chooser *chooser_of(const struct hg_conn *c) {
    return HG_CAST(struct chooser, HG_HTTP_DOOR_MAGIC, hg_conn_user(c));
}

static void free_chooser(struct chooser *ch) {
    ch->door.magic = 0;
    hg_free(ch);
}

/* Hands the connection over. NULL: it was aborted. */
static const struct hg_conn_ops *choose(struct hg_conn *c, bool is_h2) {
    struct chooser *ch = chooser_of(c);
    int err = is_h2 ? hg_h2_open(c, ch->setup) : hg_h1_open(c, ch->setup);
    if (err != 0) {
        hg_http_count_error(HG_HTTP_NO_MEMORY);
        hg_conn_abort(c); /* on_close frees the chooser */
        return NULL;
    }
    free_chooser(ch);
    return is_h2 ? &hg_h2_conn_ops : &hg_h1_conn_ops;
}

static void on_open(struct hg_conn *c) {
    const struct hg_http_limits *limits = &chooser_of(c)->setup->limits;
    hg_conn_deadline(c, hg_loop_now_ms(hg_conn_loop(c)) + limits->head_timeout_ms);
    if (hg_conn_is_tls(c)) {
        choose(c, hg_conn_is_h2(c));
    }
}

/* Plain sockets only. */
static void on_bytes(struct hg_conn *c, const char *bytes, size_t n) {
    struct chooser *ch = chooser_of(c);
    size_t before = ch->matched;
    size_t used = 0;
    while (used < n && ch->matched < PREFACE_LEN && bytes[used] == preface[ch->matched]) {
        used++;
        ch->matched++;
    }
    if (ch->matched < PREFACE_LEN && used == n) {
        return;
    }
    bool is_h2 = ch->matched == PREFACE_LEN;
    const struct hg_conn_ops *ops = choose(c, is_h2);
    if (ops == NULL) {
        return;
    }
    if (before > 0) { /* what came before this call is known by heart */
        ops->on_bytes(c, preface, before);
    }
    ops->on_bytes(c, bytes, n);
}

static void on_deadline(struct hg_conn *c) {
    hg_http_count_error(HG_HTTP_TIMEOUT);
    hg_conn_close(c);
}

static void on_close(struct hg_conn *c, enum hg_conn_end end) {
    (void)end;
    free_chooser(chooser_of(c));
}

static const struct hg_conn_ops chooser_ops = {
    .on_open = on_open,
    .on_bytes = on_bytes,
    .on_deadline = on_deadline,
    .on_close = on_close,
};

static void drain_chooser(struct hg_conn *c) {
    hg_conn_close(c);
}

int hg_http_attach(struct hg_conn *c, const struct hg_http_setup *setup) {
    struct chooser *ch = hg_try_alloc(sizeof(*ch));
    if (ch == NULL) {
        return HG_ENOMEM;
    }
    ch->door = (struct hg_http_door){HG_HTTP_DOOR_MAGIC, drain_chooser};
    ch->setup = setup;
    hg_conn_set_ops(c, &chooser_ops, ch);
    return 0;
}

void hg_http_drain(struct hg_conn *c) {
    struct hg_http_door *door = HG_CAST(struct hg_http_door, HG_HTTP_DOOR_MAGIC, hg_conn_user(c));
    door->drain(c);
}
