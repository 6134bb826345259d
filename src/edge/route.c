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
    return colon == NULL ? authority
                         : (struct hg_slice){authority.ptr, (size_t)(colon - authority.ptr)};
}

static bool name_fits(struct hg_slice name, struct hg_slice host) {
    if (hg_slice_starts(name, HG_SLICE("*."))) {
        struct hg_slice tail = {name.ptr + 1, name.len - 1};
        return host.len > tail.len &&
               hg_slice_ieq(tail, (struct hg_slice){host.ptr + host.len - tail.len, tail.len});
    }
    return hg_slice_ieq(name, host);
}

bool hg_site__has_name(const struct hg_server *server, struct hg_slice host) {
    const struct hg_strings *names = &server->conf->server_names;
    for (size_t i = 0; i < names->n; i++) {
        if (name_fits(names->items[i], host)) {
            return true;
        }
    }
    return false;
}

struct hg_server *hg_site__server(const struct hg_port *port, struct hg_slice host) {
    for (size_t i = 0; host.len > 0 && i < port->n_servers; i++) {
        if (hg_site__has_name(port->servers[i], host)) {
            return port->servers[i];
        }
    }
    return port->servers[0];
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
