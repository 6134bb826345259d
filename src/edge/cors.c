/* SPDX-License-Identifier: Apache-2.0 */
/* cors.c - what pages of other origins may do, and OPTIONS: one answer for
 * the CORS preflight and for what the location accepts. [Fetch 3.2] */
#include "edge/visit.h"

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
    struct hg_slice rest = {origin.ptr + scheme.len, origin.len - scheme.len};
    return hg_slice_starts(origin, scheme) && hg_slice_ieq(rest, head->authority);
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
        HG_SLICE("headgate-position, headgate-duplicate, headgate-gap, link, retry-after, location")};
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
