/* SPDX-License-Identifier: Apache-2.0 */
/* site_fixed.c - a site made without server blocks: one port, handlers at
 * exact paths, or at paths with {topic} for a segment. The admin listener's. */
#include "edge/site.h"

static void set_path(struct hg_location *l, struct hg_slice path) {
    const char *open = memmem(path.ptr, path.len, "{topic}", 7);
    l->kind = open == NULL ? HG_PATH_EXACT : HG_PATH_CAPTURE;
    l->path = path;
    if (open != NULL) {
        l->path.len = (size_t)(open - path.ptr);
        l->after = hg_slice_of(open + 7);
    }
}

static int fill(struct hg_site *site, const struct hg_site_path *paths, size_t n) {
    struct hg_server *server = &site->servers[0];
    for (size_t i = 0; i < n; i++) {
        struct hg_location *l = &server->locations[i];
        set_path(l, hg_slice_of(paths[i].path));
        l->conf = server->conf;
        l->handler = paths[i].ops;
        l->handler_conf = paths[i].conf;
        l->intake.proofs.is_none = true;
        hg_site__describe(&site->arena, l);
        if (l->kind == HG_PATH_EXACT && hg_map_put(&server->exact, l->path, l) != 0) {
            return HG_ENOMEM;
        }
    }
    server->n_locations = n;
    hg_site__describe_server(&site->arena, server);
    return 0;
}

int hg_site_new_fixed(struct hg_conf *conf, struct hg_slice address,
                      const struct hg_site_path *paths, size_t n, struct hg_site **ret,
                      struct hg_why *why) {
    struct hg_site *site = hg_site__make(conf);
    struct hg_addr addr;
    if (hg_addr_parse(address, &addr) != 0) {
        hg_why_set(why, "\"%.*s\" is no address", HG_FMT(address));
        hg_site_unref(&site);
        return HG_EINVAL;
    }
    if (site == NULL) {
        hg_why_set(why, "no memory");
        return HG_ENOMEM;
    }
    site->servers = hg_arena_alloc(&site->arena, sizeof(struct hg_server));
    site->ports = hg_arena_alloc(&site->arena, sizeof(struct hg_port));
    struct hg_server **servers = hg_arena_alloc(&site->arena, sizeof(struct hg_server *));
    struct hg_location *locations = hg_arena_alloc(&site->arena, n * sizeof(*locations));
    if (site->servers == NULL || site->ports == NULL || servers == NULL || locations == NULL) {
        hg_why_set(why, "no memory");
        hg_site_unref(&site);
        return HG_ENOMEM;
    }
    site->n_servers = 1;
    site->servers[0].conf = hg_conf_of(hg_conf_main(conf), &hg_edge_owner);
    site->servers[0].locations = locations;
    servers[0] = &site->servers[0];
    site->n_ports = 1;
    site->ports[0] = (struct hg_port){addr, address, false, servers, 1};
    if (fill(site, paths, n) != 0) {
        hg_why_set(why, "no memory");
        hg_site_unref(&site);
        return HG_ENOMEM;
    }
    *ret = site;
    return 0;
}
