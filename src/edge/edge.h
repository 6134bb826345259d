/* SPDX-License-Identifier: Apache-2.0 */
/* edge.h - locations: hands each request to the gate, the feed or a handler,
 * and owns the WebSocket session, which is both.
 *
 * A site is the routing of one generation: immutable, shared by all loops. An
 * edge is one loop's: its ports, its open visits, the site it serves now. */
#ifndef HG_EDGE_EDGE_H
#define HG_EDGE_EDGE_H

#include "conf/conf.h"
#include "feed/feed.h"
#include "gate/gate.h"
#include "headgate/handler.h"

extern const struct hg_conf_owner hg_edge_owner; /* rows: server, listen, location, stream, ... */

struct hg_site;

/* A handler that a module brings, and the rows whose presence claims a
 * location for it. */
struct hg_site_handler {
    const struct hg_handler_ops *ops;
    const struct hg_directive *rows;
};

struct hg_site_setup {
    struct hg_conf *conf;
    struct hg_log *log; /* NULL under -t: topics are not looked up */
    const struct hg_rights *rights;
    struct hg_principal *anonymous;
    const struct hg_topic_keys *keys;
    struct hg_gate_finder finder;
    const struct hg_sink_ops *const *sinks; /* the index is the slot in an entry; NULL: none */
    unsigned n_sinks;
    const struct hg_site_handler *handlers;
    unsigned n_handlers;
};

/* Every fault is appended to ret_errors, a line each. HG_EINVAL. release is
 * called with arg when the last reference goes: what the setup pointed to
 * must live until then. */
int hg_site_new(const struct hg_site_setup *setup, void (*release)(void *arg), void *arg,
                struct hg_site **ret, struct hg_buf *ret_errors);
/* The site of the admin listener: handlers at exact paths, or with {topic} as a
 * segment, everybody may; limits are those of conf's main block. HG_EINVAL: why. */
struct hg_site_path {
    const char *path;
    const struct hg_handler_ops *ops;
    const void *conf;
};
int hg_site_new_fixed(struct hg_conf *conf, struct hg_slice address,
                      const struct hg_site_path *paths, size_t n, struct hg_site **ret,
                      struct hg_why *why);
struct hg_site *hg_site_ref(struct hg_site *s);
void hg_site_unref(struct hg_site **ps);

/* The addresses it listens on. */
size_t hg_site_ports(const struct hg_site *s);
const struct hg_addr *hg_site_port_addr(const struct hg_site *s, size_t i);
bool hg_site_port_is_tls(const struct hg_site *s, size_t i);
/* Topics that its locations name outright. i from 0; empty at the end. */
struct hg_slice hg_site_named_topic(const struct hg_site *s, size_t i);
/* The largest body that such a location takes; 0: none publishes to it by its name. */
int64_t hg_site_topic_bytes_max(const struct hg_site *s, struct hg_slice topic);
bool hg_site_has_dead_letters(const struct hg_site *s, size_t i);
/* Patterns (log/topic.h) that have every other topic which its locations may
 * stream or publish to. For hg_free; the texts are the site's. HG_ENOMEM. */
int hg_site_patterns(const struct hg_site *s, struct hg_slice **ret_items, size_t *ret_n);

/* What the location at a path accepts, on its i-th server; NULL: nothing. What
 * the location captures of the path, or empty. The intake is the site's. */
const struct hg_intake *hg_site_intake(const struct hg_site *s, size_t i, struct hg_slice path,
                                       struct hg_slice *ret_captured);

/* When the certificate of its i-th server ends; false: it has none. */
struct hg_site_certificate {
    struct hg_slice server_name; /* the first; empty: it has none */
    struct hg_addr addr;         /* the first it listens on */
    int64_t end_ms;              /* wall clock */
};
size_t hg_site_servers(const struct hg_site *s);
bool hg_site_certificate(const struct hg_site *s, size_t i, struct hg_site_certificate *ret);

/* The i-th access log that its locations name; empty at the end. A path may
 * come more than once. */
struct hg_slice hg_site_access_log(const struct hg_site *s, size_t i);

struct hg_edge;

/* Owner thread of the loop, as everything below. HG_ENOMEM. */
int hg_edge_new(struct hg_loop *loop, struct hg_log *log, struct hg_feed *feed,
                struct hg_edge **ret);
void hg_edge_free(struct hg_edge **pe);
/* Accept on fd for one port of the site, which is fixed or was offered; fd
 * stays the caller's, until the port is retired. Nothing happens when the
 * address is accepted on already. HG_ENOMEM. */
int hg_edge_listen(struct hg_edge *e, struct hg_site *s, size_t port, int fd);
/* A new generation, in two steps, so that all loops take it or none: whatever
 * can fail does so before the swap. HG_ENOMEM: nothing has changed. */
int hg_edge_offer(struct hg_edge *e, struct hg_site *s);
/* Ports, new requests and open streams go over to what was offered; a port
 * that it does not have is retired. */
void hg_edge_swap(struct hg_edge *e);
/* What was offered is not taken; ports opened for it are retired. */
void hg_edge_withdraw(struct hg_edge *e);
/* Stop accepting, tell connections and streams to go; idle ones close now. */
void hg_edge_drain(struct hg_edge *e);
/* Cut every connection; they are gone after this turn of the loop. */
void hg_edge_shut(struct hg_edge *e);
/* From the log, for every batch, before the feed has it: what it brings may be
 * of a topic that is new. */
void hg_edge_tail(struct hg_edge *e);
/* Requests and streams that are still under way. */
size_t hg_edge_visits(const struct hg_edge *e);

/* Makes this room's counters visible. Any number of times. */
void hg_edge_counters_register(void);

#endif
