/* SPDX-License-Identifier: Apache-2.0 */
/* cors.c - what pages of other origins may do, and OPTIONS: one answer for
 * the CORS preflight and for what the location accepts. [Fetch 3.2] */
#include "edge/visit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

static bool listed(const struct hg_strings *origins, struct hg_slice origin) {
    for (size_t i = 0; i < origins->n; i++) {
        if (hg_slice_eq(origins->items[i], HG_SLICE("*")) ||
            hg_slice_eq(origins->items[i], origin)) {
            return true;
        }
    }
    return false;
}

/* Scheme and authority of the page against those of this request: exact. */
static bool is_same_origin(const struct hg_visit *v, const struct hg_http_head *head,
                           struct hg_slice origin) {
    struct hg_slice scheme =
        hg_conn_is_tls(v->stream->conn) ? HG_SLICE("https://") : HG_SLICE("http://");
    if (!hg_slice_starts(origin, scheme)) {
        return false;
    }
    struct hg_slice rest = {origin.ptr + scheme.len, origin.len - scheme.len};
    return hg_slice_ieq(rest, head->authority);
}

static bool is_loopback(const struct hg_addr *a) {
    if (a->sa.any.sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&a->sa.storage;
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->sa.storage;
    return a->sa.any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

/* Digits and dots, or in brackets: what no name server can have led to. */
static bool is_literal(struct hg_slice host) {
    bool is_v4 = host.len > 0;
    for (size_t i = 0; i < host.len; i++) {
        is_v4 = is_v4 && (host.ptr[i] == '.' || (host.ptr[i] >= '0' && host.ptr[i] <= '9'));
    }
    return is_v4 || (host.len > 0 && host.ptr[0] == '[');
}

/* A page of another origin says so in Origin; one that had its own name lead to
 * this address says the name as Host. */
bool hg_visit__admin_allowed(const struct hg_visit *v, const struct hg_edge__port *port,
                             const struct hg_http_head *head) {
    struct hg_slice origin = hg_request_field(&v->request, HG_SLICE("origin"));
    struct hg_slice host = hg_site__host(head->authority);
    if (origin.len > 0 && !is_same_origin(v, head, origin)) {
        return false;
    }
    return !is_loopback(&port->addr) || host.len == 0 || is_literal(host) ||
           hg_slice_ieq(host, HG_SLICE("localhost"));
}

bool hg_visit__origin_allowed(const struct hg_visit *v, const struct hg_http_head *head) {
    struct hg_slice origin = hg_request_field(&v->request, HG_SLICE("origin"));
    return origin.len == 0 || is_same_origin(v, head, origin) ||
           listed(&v->location->conf->cors_origins, origin);
}

size_t hg_visit__cors(struct hg_visit *v, struct hg_field *fields) {
    const struct hg_edge__conf *c = v->location->conf;
    struct hg_slice origin = hg_request_field(&v->request, HG_SLICE("origin"));
    size_t n = 0;
    if (c->cors_origins.n == 0) {
        return 0;
    }
    fields[n++] = (struct hg_field){HG_SLICE("vary"), HG_SLICE("origin")};
    if (origin.len == 0 || !listed(&c->cors_origins, origin)) {
        return n;
    }
    fields[n++] = (struct hg_field){HG_SLICE("access-control-allow-origin"), origin};
    fields[n++] = (struct hg_field){
        HG_SLICE("access-control-expose-headers"),
        HG_SLICE(
            "headgate-position, headgate-duplicate, headgate-gap, link, retry-after, location")};
    if (c->is_cors_credentials) {
        fields[n++] =
            (struct hg_field){HG_SLICE("access-control-allow-credentials"), HG_SLICE("true")};
    }
    return n;
}

static void put_number(struct hg_field *field, struct hg_slice name, char *text, size_t bytes,
                       int64_t value) {
    int len = snprintf(text, bytes, "%lld", (long long)value);
    *field = (struct hg_field){name, {text, (size_t)len}};
}

void hg_visit__options(struct hg_visit *v) {
    const struct hg_location *l = v->location;
    struct hg_field f[HG_CORS_FIELDS + 8];
    char body_max[24], events_max[24];
    size_t n = hg_visit__cors(v, f);
    bool is_cors = n > 1;
    f[n++] = (struct hg_field){HG_SLICE("allow"), l->allow};
    if (l->intake.source != NULL) {
        f[n++] = (struct hg_field){HG_SLICE("accept-post"), l->accept_post};
        put_number(&f[n++], HG_SLICE("headgate-max-body"), body_max, sizeof(body_max),
                   l->intake.body_bytes_max);
        put_number(&f[n++], HG_SLICE("headgate-max-events"), events_max, sizeof(events_max),
                   l->intake.events_max);
    }
    if (is_cors) {
        struct hg_slice asked =
            hg_request_field(&v->request, HG_SLICE("access-control-request-headers"));
        f[n++] = (struct hg_field){HG_SLICE("access-control-allow-methods"), l->allow};
        f[n++] = (struct hg_field){HG_SLICE("access-control-max-age"), HG_SLICE("7200")};
        if (asked.len > 0) {
            f[n++] = (struct hg_field){HG_SLICE("access-control-allow-headers"), asked};
        }
    }
    hg_visit__answer(v, 204, f, n, (struct hg_slice){NULL, 0});
}

void hg_visit__options_server(struct hg_visit *v) {
    const struct hg_field allow = {HG_SLICE("allow"), v->server->allow};
    hg_visit__answer(v, 204, &allow, 1, (struct hg_slice){NULL, 0});
}
