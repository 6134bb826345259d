/* SPDX-License-Identifier: Apache-2.0 */
/* edge.c - one loop's edge: its ports, the swap to a new generation, drain. */
#include "edge/edge.h"

#include "base/clock.h"
#include "edge/topics.h"
#include "edge/visit.h"
#include "headgate/counter.h"

enum { TICK_MS = 1000, ADMIN_CONNECTIONS_MAX = 256 };

static struct hg_tls *tls_for(void *arg, struct hg_slice server_name) {
    const struct hg_edge__port *port = arg;
    return port->hold != NULL ? hg_site__server(port->port, server_name)->tls : NULL;
}

static int on_accept(void *arg, struct hg_conn *c) {
    struct hg_edge__port *port = arg;
    /* Health is told to the end. */
    bool is_closed = port->edge->is_draining && !port->is_fixed;
    return is_closed ? HG_EAGAIN : hg_http_attach(c, &port->setup);
}

static const struct hg_listener_ops listener_ops = {.tls_for = tls_for, .on_accept = on_accept};

static void drop_port(struct hg_edge__port **at) {
    struct hg_edge__port *port = *at;
    *at = port->next;
    hg_listener_stop(&port->listener);
    hg_edge__release(&port->hold);
    hg_free(port);
}

/* Retired ports whose last connection is gone. */
static void sweep_ports(struct hg_edge *e) {
    for (struct hg_edge__port **at = &e->ports; *at != NULL;) {
        if ((*at)->hold == NULL && !hg_listener_has_conns((*at)->listener)) {
            drop_port(at);
        } else {
            at = &(*at)->next;
        }
    }
}

static void on_tick(void *arg) {
    struct hg_edge *e = arg;
    int64_t now = hg_loop_now_ms(e->loop), wall_ms = hg_clock_wall_ms();
    HG_LIST_EACH(node, &e->visits) {
        struct hg_visit *v = (struct hg_visit *)node;
        if (v->state == HG_VISIT_SOCKET && v->socket != NULL && v->stream != NULL) {
            hg_socket_tick(v, now);
        }
        hg_visit__check_expiry(v, wall_ms);
    }
    hg_access_flush(&e->pens);
    hg_visit__pools_trim(e);
    sweep_ports(e);
    hg_timer_start(e->tick, TICK_MS);
}

int hg_edge_new(struct hg_loop *loop, struct hg_log *log, struct hg_feed *feed,
                struct hg_edge **ret) {
    struct hg_edge *e = hg_try_alloc(sizeof(*e));
    if (e == NULL) {
        return HG_ENOMEM;
    }
    e->loop = loop;
    e->log = log;
    e->feed = feed;
    e->gate = (struct hg_gate){.loop = loop, .log = log};
    hg_list_init(&e->visits);
    hg_visit__pools_init(e);
    e->tick = hg_timer_new(loop, on_tick, e);
    if (e->tick == NULL) {
        hg_free(e);
        return HG_ENOMEM;
    }
    e->n_topics = hg_log_topic_count(log);
    hg_timer_start(e->tick, TICK_MS);
    *ret = e;
    return 0;
}

void hg_edge_free(struct hg_edge **pe) {
    struct hg_edge *e = *pe;
    *pe = NULL;
    if (e == NULL) {
        return;
    }
    hg_timer_free(&e->tick);
    hg_access_free(&e->pens);
    hg_edge__release(&e->offered);
    while (e->ports != NULL) {
        drop_port(&e->ports);
    }
    hg_visit__pools_fini(e);
    hg_free(e);
}

/* The limits of a connection are those of its port's first server. */
static void set_up(struct hg_edge__port *port, struct hg_edge__hold *hold,
                   const struct hg_port *in_site) {
    const struct hg_edge__conf *c = in_site->servers[0]->conf;
    port->hold = hold;
    port->port = in_site;
    port->setup.ops = &hg_edge__stream_ops;
    port->setup.limits = (struct hg_http_limits){
        .head_bytes_max = (size_t)c->head_bytes_max,
        .fields_max = (size_t)c->fields_max,
        .target_bytes_max = 8192,
        .head_timeout_ms = c->head_timeout_ms,
        .body_timeout_ms = c->body_timeout_ms,
        .keepalive_timeout_ms = c->keepalive_timeout_ms,
        .keepalive_requests = (unsigned)c->keepalive_requests,
        .h2_streams_max = (unsigned)c->h2_streams_max,
    };
    hg_listener_set_handshake_timeout(port->listener, c->handshake_timeout_ms);
}

static bool is_at(const struct hg_edge__port *port, const struct hg_port *in_site) {
    return port->hold != NULL && port->is_tls == in_site->is_tls &&
           hg_addr_eq(&port->addr, &in_site->addr);
}

static bool is_open(const struct hg_edge *e, const struct hg_port *in_site) {
    for (const struct hg_edge__port *p = e->ports; p != NULL; p = p->next) {
        if (is_at(p, in_site)) {
            return true;
        }
    }
    return false;
}

/* The share that was taken when the site was offered, or one of its own. */
static struct hg_edge__hold *hold_site(struct hg_edge *e, struct hg_site *s) {
    if (e->offered != NULL && e->offered->site == s) {
        e->offered->users++;
        return e->offered;
    }
    return hg_edge__hold(s);
}

int hg_edge_listen(struct hg_edge *e, struct hg_site *s, size_t index, int fd) {
    const struct hg_port *in_site = &s->ports[index];
    if (is_open(e, in_site)) {
        return 0;
    }
    struct hg_edge__port *port = hg_try_alloc(sizeof(*port));
    struct hg_edge__hold *hold = port != NULL ? hold_site(e, s) : NULL;
    if (hold == NULL) {
        hg_free(port);
        return HG_ENOMEM;
    }
    port->edge = e;
    port->addr = in_site->addr;
    port->is_tls = in_site->is_tls;
    port->is_fixed = s->release == NULL;
    int err = hg_listener_start(e->loop, fd, port->is_tls, &listener_ops, port, &port->listener);
    if (err != 0) {
        hg_edge__release(&hold);
        hg_free(port);
        return err;
    }
    set_up(port, hold, in_site);
    if (port->is_fixed) {
        hg_listener_set_private(port->listener, ADMIN_CONNECTIONS_MAX);
    }
    port->next = e->ports;
    e->ports = port;
    return 0;
}

int hg_edge_offer(struct hg_edge *e, struct hg_site *s) {
    HG_ASSERT(e->offered == NULL);
    e->offered = hg_edge__hold(s);
    return e->offered != NULL ? 0 : HG_ENOMEM;
}

/* It accepts no more, and nothing new is begun on its connections, which end
 * when they have nothing under way. */
static void retire(struct hg_edge__port *port) {
    hg_listener_shut(port->listener);
    hg_listener_each(port->listener, hg_http_drain);
    hg_edge__release(&port->hold);
    port->port = NULL;
}

static const struct hg_port *find_port(const struct hg_site *s, const struct hg_edge__port *port) {
    for (size_t i = 0; i < s->n_ports; i++) {
        if (is_at(port, &s->ports[i])) {
            return &s->ports[i];
        }
    }
    return NULL;
}

/* Streams go over one by one; each port's connections know it by its object,
 * which stays, so their next request meets the new site. */
static void rebind_streams(struct hg_edge *e) {
    hg_topics__take_new(e); /* by the rules under which they were made */
    HG_LIST_EACH(node, &e->visits) {
        struct hg_visit *v = (struct hg_visit *)node;
        struct hg_edge__port *port =
            v->stream != NULL ? hg_conn_listener_arg(v->stream->conn) : NULL;
        if (port == NULL || v->subscriber == NULL) {
            continue;
        }
        if (port->hold == NULL) {
            hg_visit__end_stream(v, "address-gone");
        } else if (v->hold != port->hold) {
            hg_visit__rebind(v, port->hold, port->port);
        }
    }
}

void hg_edge_swap(struct hg_edge *e) {
    struct hg_edge__hold *now = e->offered;
    HG_ASSERT(now != NULL);
    for (struct hg_edge__port *port = e->ports; port != NULL; port = port->next) {
        struct hg_edge__hold *old = port->hold;
        const struct hg_port *in_site = find_port(now->site, port);
        if (port->is_fixed || old == NULL || old == now) {
            continue;
        }
        if (in_site == NULL) {
            retire(port);
            continue;
        }
        now->users++;
        set_up(port, now, in_site);
        hg_edge__release(&old);
    }
    rebind_streams(e);
    hg_edge__release(&e->offered);
    sweep_ports(e);
}

void hg_edge_withdraw(struct hg_edge *e) {
    for (struct hg_edge__port *port = e->ports; port != NULL && e->offered != NULL;
         port = port->next) {
        if (port->hold == e->offered) {
            retire(port);
        }
    }
    hg_edge__release(&e->offered);
    sweep_ports(e);
}

void hg_edge_drain(struct hg_edge *e) {
    e->is_draining = true;
    HG_LIST_EACH(node, &e->visits) {
        hg_visit__end_stream((struct hg_visit *)node, "drain");
    }
    for (struct hg_edge__port *port = e->ports; port != NULL; port = port->next) {
        if (!port->is_fixed) { /* health is told to the end */
            hg_listener_shut(port->listener);
            hg_listener_each(port->listener, hg_http_drain);
        }
    }
}

void hg_edge_shut(struct hg_edge *e) {
    for (struct hg_edge__port *port = e->ports; port != NULL; port = port->next) {
        hg_listener_shut(port->listener);
        hg_listener_each(port->listener, hg_conn_abort);
    }
}

void hg_edge_tail(struct hg_edge *e) {
    hg_topics__take_new(e);
}

size_t hg_edge_visits(const struct hg_edge *e) {
    size_t n = 0;
    for (const struct hg_list *node = e->visits.next; node != &e->visits; node = node->next) {
        n++;
    }
    return n;
}

void hg_edge_counters_register(void) {
    hg_counters_register(hg_visit__counters);
    hg_counters_register(hg_access__counters);
}
