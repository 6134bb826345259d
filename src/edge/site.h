/* SPDX-License-Identifier: Apache-2.0 */
/* site.h - the compiled routing of one generation. Edge only. */
#ifndef HG_EDGE_SITE_H
#define HG_EDGE_SITE_H

#include <stdatomic.h>

#include "base/map.h"
#include "edge/access.h"
#include "edge/edge.h"
#include "edge/settings.h"

enum hg_path_kind { HG_PATH_EXACT, HG_PATH_PREFIX, HG_PATH_CAPTURE };

struct hg_location {
    enum hg_path_kind kind;
    struct hg_slice path;  /* CAPTURE: what stands before {topic} */
    struct hg_slice after; /* CAPTURE: what stands after it */
    const struct hg_edge__conf *conf;
    struct hg_intake intake; /* source NULL: accepts nothing; proofs and rights always */
    const struct hg_handler_ops *handler; /* NULL: none */
    const void *handler_conf;
    struct hg_access_log access;
    struct hg_slice allow;       /* the methods, for Allow */
    struct hg_slice accept_post; /* media types, for Accept-Post */
};

struct hg_server {
    const struct hg_edge__conf *conf;
    struct hg_tls *tls;          /* NULL: none */
    struct hg_access_log access; /* of what no location takes */
    struct hg_location *locations;
    size_t n_locations;
    struct hg_map exact;   /* path -> location */
    struct hg_slice allow; /* what any of them takes, for OPTIONS * */
};

struct hg_port {
    struct hg_addr addr;
    struct hg_slice text;
    bool is_tls;
    struct hg_server **servers; /* the first is the default */
    size_t n_servers;
};

struct hg_site {
    _Atomic uint32_t refs;
    void (*release)(void *arg);
    void *arg;
    struct hg_arena arena; /* everything below */
    struct hg_conf *conf;
    struct hg_server *servers;
    size_t n_servers;
    struct hg_port *ports;
    size_t n_ports;
    const struct hg_sink_ops *const *sinks;
    unsigned n_sinks;
    const struct hg_rights *rights;
};

/* route.c. The server of a port for a host name (without port, any case): an
 * exact name before a wildcard, the longer wildcard before the shorter. */
struct hg_server *hg_site__server(const struct hg_port *port, struct hg_slice host);
/* The location of a path, or NULL; what it captured is in ret_captured. */
const struct hg_location *hg_site__locate(const struct hg_server *server, struct hg_slice path,
                                          struct hg_slice *ret_captured);
/* The host of an authority, without its port. */
struct hg_slice hg_site__host(struct hg_slice authority);

/* site.c. An empty one with one reference, or NULL. */
struct hg_site *hg_site__make(struct hg_conf *conf);

/* location.c. What OPTIONS says of a location, from what answers it. */
void hg_site__describe(struct hg_arena *arena, struct hg_location *l);
/* And of a server, from its locations. */
void hg_site__describe_server(struct hg_arena *arena, struct hg_server *server);
/* What access_log says in a block. HG_EINVAL: why. */
int hg_site__compile_access(const struct hg_edge__conf *conf, struct hg_arena *arena,
                            struct hg_access_log *ret, struct hg_why *why);
/* What the line of a location says: kind, path, after. HG_EINVAL: why. */
int hg_site__compile_path(const struct hg_conf_line *line, struct hg_location *ret,
                          struct hg_why *why);
/* All else of a location block. HG_EINVAL: why. */
int hg_site__compile_location(const struct hg_site_setup *setup, struct hg_arena *arena,
                              const struct hg_conf_block *block, struct hg_location *ret,
                              struct hg_why *why);

#endif
