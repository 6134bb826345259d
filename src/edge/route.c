/* SPDX-License-Identifier: Apache-2.0 */
/* route.c - from host and path to a location. */
#include "edge/site.h"

struct hg_slice hg_site__host(struct hg_slice authority) {
    if (authority.len > 0 && authority.ptr[0] == '[') {
        const char *end = memchr(authority.ptr, ']', authority.len);
        return end == NULL ? authority
                           : (struct hg_slice){authority.ptr, (size_t)(end - authority.ptr) + 1};
    }
    const char *colon = authority.len > 0 ? memchr(authority.ptr, ':', authority.len) : NULL;
    struct hg_slice host = authority;
    if (colon != NULL) {
        host.len = (size_t)(colon - authority.ptr);
    }
    if (host.len > 1 && host.ptr[host.len - 1] == '.') { /* the root of names, written out */
        host.len--;
    }
    return host;
}

/* How well a name fits a host: 0 not at all, an exact one best, then the
 * wildcard that leaves the least open. */
static size_t fit(struct hg_slice name, struct hg_slice host) {
    if (hg_slice_starts(name, HG_SLICE("*."))) {
        struct hg_slice tail = {name.ptr + 1, name.len - 1};
        bool is_below =
            host.len > tail.len &&
            hg_slice_ieq(tail, (struct hg_slice){host.ptr + host.len - tail.len, tail.len});
        return is_below ? tail.len : 0;
    }
    return hg_slice_ieq(name, host) ? SIZE_MAX : 0;
}

static size_t best_fit(const struct hg_server *server, struct hg_slice host) {
    const struct hg_strings *names = &server->conf->server_names;
    size_t best = 0;
    for (size_t i = 0; i < names->n; i++) {
        size_t n = fit(names->items[i], host);
        best = n > best ? n : best;
    }
    return best;
}

struct hg_server *hg_site__server(const struct hg_port *port, struct hg_slice host) {
    struct hg_server *best = port->servers[0];
    size_t best_n = 0;
    for (size_t i = 0; host.len > 0 && i < port->n_servers; i++) {
        size_t n = best_fit(port->servers[i], host);
        if (n > best_n) {
            best_n = n;
            best = port->servers[i];
        }
    }
    return best;
}

/* One whole segment between what stands before and after. */
static bool capture(const struct hg_location *l, struct hg_slice path,
                    struct hg_slice *ret_captured) {
    if (path.len <= l->path.len + l->after.len || !hg_slice_starts(path, l->path)) {
        return false;
    }
    struct hg_slice segment = {path.ptr + l->path.len, path.len - l->path.len - l->after.len};
    struct hg_slice tail = {segment.ptr + segment.len, l->after.len};
    if (!hg_slice_eq(tail, l->after) || memchr(segment.ptr, '/', segment.len) != NULL) {
        return false;
    }
    *ret_captured = segment;
    return true;
}

const struct hg_location *hg_site__locate(const struct hg_server *server, struct hg_slice path,
                                          struct hg_slice *ret_captured) {
    const struct hg_location *best = hg_map_get(&server->exact, path);
    *ret_captured = (struct hg_slice){NULL, 0};
    if (best != NULL) {
        return best;
    }
    for (size_t i = 0; i < server->n_locations; i++) {
        const struct hg_location *l = &server->locations[i];
        if (l->kind == HG_PATH_CAPTURE && capture(l, path, ret_captured)) {
            return l;
        }
        if (l->kind == HG_PATH_PREFIX && hg_slice_starts(path, l->path) &&
            (best == NULL || l->path.len > best->path.len)) {
            best = l;
        }
    }
    return best;
}
