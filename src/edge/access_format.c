/* SPDX-License-Identifier: Apache-2.0 */
/* access_format.c - log_format: text with $variables, compiled once. What a
 * peer sent is escaped, so that no value can end a line or a quoted text. */
#include "edge/access.h"

#include <ctype.h>

#include "base/clock.h"
#include "edge/visit.h"

typedef void (*print_fn)(const struct hg_visit *v, struct hg_buf *out);

struct piece {
    struct hg_slice text; /* before the variable */
    print_fn print;       /* NULL: no variable follows */
};

struct hg_access_format {
    size_t n;
    struct piece pieces[32];
};

const char hg_access_default_format[] =
    "$remote_addr $principal [$time_iso8601] \"$request_method $uri $server_protocol\" $status "
    "events=$events duplicates=$duplicates ms=$request_time \"$http_user_agent\"";

static void put_escaped(struct hg_buf *out, struct hg_slice s) {
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') {
            hg_buf_printf(out, "\\x%02X", c);
        } else {
            hg_buf_put(out, &s.ptr[i], 1);
        }
    }
    if (s.len == 0) {
        HG_BUF_LIT(out, "-");
    }
}

static void put_field(const struct hg_visit *v, struct hg_slice name, struct hg_buf *out) {
    put_escaped(out, hg_request_field(&v->request, name));
}

/* Of "192.0.2.7:4711" or "[2001:db8::7]:4711", where the port's colon is, or the
 * end: a unix socket's peer has none. */
static size_t port_at(struct hg_slice peer) {
    size_t at = peer.len;
    if (hg_slice_starts(peer, HG_SLICE("unix:"))) {
        return at;
    }
    while (at > 0 && peer.ptr[at - 1] != ':') {
        at--;
    }
    return at > 0 ? at - 1 : peer.len;
}

static void print_remote_addr(const struct hg_visit *v, struct hg_buf *out) {
    HG_ASSERT(v->peer != NULL); /* who has none has no line */
    struct hg_slice peer = hg_slice_of(v->peer);
    struct hg_slice addr = {peer.ptr, port_at(peer)};
    bool is_v6 = addr.len > 2 && addr.ptr[0] == '[';
    hg_buf_put(out, addr.ptr + is_v6, addr.len - (is_v6 ? 2 : 0));
}

static void print_remote_port(const struct hg_visit *v, struct hg_buf *out) {
    struct hg_slice peer = hg_slice_of(v->peer);
    size_t at = port_at(peer);
    put_escaped(out, at < peer.len ? (struct hg_slice){peer.ptr + at + 1, peer.len - at - 1}
                                   : HG_SLICE(""));
}

static void print_principal(const struct hg_visit *v, struct hg_buf *out) {
    const struct hg_principal *p = v->has_exchange ? v->work->exchange.principal : v->principal;
    put_escaped(out, p != NULL ? hg_principal_id(p) : HG_SLICE(""));
}

static void print_time(const struct hg_visit *v, struct hg_buf *out) {
    char text[HG_CLOCK_RFC3339_MAX];
    (void)v;
    hg_buf_put(out, text, hg_clock_format(hg_clock_wall_ms(), text));
}

static void print_method(const struct hg_visit *v, struct hg_buf *out) {
    put_escaped(out, v->request.method);
}

static void print_uri(const struct hg_visit *v, struct hg_buf *out) {
    put_escaped(out, v->request.path);
}

static void print_protocol(const struct hg_visit *v, struct hg_buf *out) {
    hg_buf_put_slice(out, v->is_h2 ? HG_SLICE("HTTP/2") : HG_SLICE("HTTP/1.1"));
}

static void print_status(const struct hg_visit *v, struct hg_buf *out) {
    enum { PEER_WENT = 499 }; /* before it was answered; nginx's word for it */
    hg_buf_printf(out, "%d", v->status != 0 ? v->status : PEER_WENT);
}

/* An exchange is never given up before it is decided: without a problem all of
 * its events are stored, also when nobody is there any more to be told. With one
 * some may be, where it tells of each. */
static void count(const struct hg_visit *v, enum hg_stored what, struct hg_buf *out) {
    uint64_t n = what == HG_STORED_NEW ? v->n_stored : v->n_before;
    bool has_stored =
        v->has_exchange && (v->work->exchange.problem.status == 0 || v->work->exchange.has_states);
    for (size_t i = 0; has_stored && i < v->work->exchange.events.n; i++) {
        n += v->work->exchange.items[i].stored == what;
    }
    hg_buf_put_u64(out, n);
}

static void print_events(const struct hg_visit *v, struct hg_buf *out) {
    count(v, HG_STORED_NEW, out);
}

static void print_duplicates(const struct hg_visit *v, struct hg_buf *out) {
    count(v, HG_STORED_BEFORE, out);
}

static void print_request_time(const struct hg_visit *v, struct hg_buf *out) {
    hg_buf_printf(out, "%.3f", (double)(hg_clock_mono_us() - v->began_us) / 1000.0);
}

static void print_user_agent(const struct hg_visit *v, struct hg_buf *out) {
    put_field(v, HG_SLICE("user-agent"), out);
}

static void print_referer(const struct hg_visit *v, struct hg_buf *out) {
    put_field(v, HG_SLICE("referer"), out);
}

static void print_body_bytes(const struct hg_visit *v, struct hg_buf *out) {
    hg_buf_put_u64(out, v->work != NULL ? v->work->body.len : 0);
}

static void print_problem(const struct hg_visit *v, struct hg_buf *out) {
    const char *of_exchange = v->has_exchange ? v->work->exchange.problem.type : NULL;
    put_escaped(out, hg_slice_of(v->problem != NULL ? v->problem : of_exchange));
}

static const struct {
    const char *name;
    print_fn print;
} variables[] = {
    {"remote_addr", print_remote_addr},
    {"principal", print_principal},
    {"time_iso8601", print_time},
    {"request_method", print_method},
    {"uri", print_uri},
    {"server_protocol", print_protocol},
    {"status", print_status},
    {"events", print_events},
    {"duplicates", print_duplicates},
    {"request_time", print_request_time},
    {"http_user_agent", print_user_agent},
    {"http_referer", print_referer},
    {"request_length", print_body_bytes},
    {"problem", print_problem},
    {"remote_port", print_remote_port},
};

static print_fn find_variable(struct hg_slice name) {
    for (size_t i = 0; i < HG_COUNT(variables); i++) {
        if (hg_slice_eq(name, hg_slice_of(variables[i].name))) {
            return variables[i].print;
        }
    }
    return NULL;
}

static size_t name_len(const char *at, const char *end) {
    const char *p = at;
    while (p < end && (isalnum((unsigned char)*p) || *p == '_')) {
        p++;
    }
    return (size_t)(p - at);
}

int hg_access_format_new(struct hg_slice text, struct hg_arena *arena,
                         const struct hg_access_format **ret, struct hg_why *why) {
    struct hg_access_format *f = hg_arena_alloc(arena, sizeof(*f));
    const char *at = text.ptr, *end = text.ptr + text.len;
    while (f != NULL && at < end) {
        const char *dollar = memchr(at, '$', (size_t)(end - at));
        struct piece piece = {{at, (size_t)((dollar ? dollar : end) - at)}, NULL};
        at = dollar ? dollar + 1 : end;
        if (dollar != NULL) {
            struct hg_slice name = {at, name_len(at, end)};
            piece.print = find_variable(name);
            if (piece.print == NULL) {
                hg_why_set(why, "log_format: there is no variable $%.*s", HG_FMT(name));
                return HG_EINVAL;
            }
            at += name.len;
        }
        if (f->n == HG_COUNT(f->pieces)) {
            hg_why_set(why, "log_format: more than %zu variables", HG_COUNT(f->pieces));
            return HG_EINVAL;
        }
        f->pieces[f->n++] = piece;
    }
    if (f == NULL) {
        hg_why_set(why, "no memory");
        return HG_ENOMEM;
    }
    *ret = f;
    return 0;
}

void hg_access_print(const struct hg_access_format *f, const struct hg_visit *v,
                     struct hg_buf *out) {
    for (size_t i = 0; i < f->n; i++) {
        hg_buf_put_slice(out, f->pieces[i].text);
        if (f->pieces[i].print != NULL) {
            f->pieces[i].print(v, out);
        }
    }
    HG_BUF_LIT(out, "\n");
}
