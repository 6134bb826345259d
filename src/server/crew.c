/* SPDX-License-Identifier: Apache-2.0 */
/* crew.c - calls into every lane, and what runs there. */
#include "server/crew.h"

int hg_crew_init(struct hg_crew *c, unsigned n, struct hg_registry *registry) {
    c->registry = registry;
    c->lanes = hg_try_alloc(n * sizeof(*c->lanes));
    if (c->lanes == NULL) {
        return HG_ENOMEM;
    }
    for (c->n = 0; c->n < n; c->n++) {
        int err = hg_lane_init(&c->lanes[c->n], c->n, registry);
        if (err != 0) {
            return err;
        }
    }
    return 0;
}

int hg_crew_start(struct hg_crew *c, struct hg_log *log, size_t window_bytes) {
    for (unsigned i = 0; i < c->n; i++) {
        if (hg_lane_start(&c->lanes[i], log, window_bytes) != 0) {
            return HG_EIO;
        }
    }
    return 0;
}

static void call_all(struct hg_crew *c, void (*fn)(struct hg_lane *lane, void *arg), void *arg) {
    for (unsigned i = 0; i < c->n; i++) {
        if (c->lanes[i].is_running) {
            hg_lane_call(&c->lanes[i], fn, arg);
        }
    }
}

static void pass_turn(struct hg_lane *lane, void *arg) {
    (void)lane, (void)arg;
}

/* A loop tells the kernel at its next turn what it watches no more; only then
 * may a socket that it has given up be closed, and its number be another's. */
static void let_turn(struct hg_crew *c) {
    call_all(c, pass_turn, NULL);
}

struct starting {
    struct hg_why *why;
    int err;
};

static void start_modules(struct hg_lane *lane, void *arg) {
    struct starting *s = arg;
    if (s->err == 0) {
        s->err = hg_lane_start_modules(lane, s->why);
    }
}

int hg_crew_start_modules(struct hg_crew *c, struct hg_why *why) {
    struct starting s = {.why = why};
    s.err = hg_registry_start(c->registry, why);
    call_all(c, start_modules, &s);
    return s.err;
}

/* What a lane is told: a site, and the sockets of which some are its. */
struct opening {
    struct hg_site *site;
    const struct hg_sockets *sockets;
    bool is_admin;
    int err;
};

static void open_ports(struct hg_lane *lane, void *arg) {
    struct opening *o = arg;
    for (size_t i = 0; o->err == 0 && i < o->sockets->n; i++) {
        const struct hg_bundle_socket *s = &o->sockets->items[i];
        bool is_ours = s->loop == hg_loop_index(lane->loop) && s->is_admin == o->is_admin;
        for (size_t p = 0; is_ours && o->err == 0 && p < hg_site_ports(o->site); p++) {
            if (hg_addr_eq(hg_site_port_addr(o->site, p), &s->addr)) {
                o->err = hg_edge_listen(lane->edge, o->site, p, s->fd);
            }
        }
    }
}

static void offer_site(struct hg_lane *lane, void *arg) {
    struct opening *o = arg;
    o->err = o->err != 0 ? o->err : hg_edge_offer(lane->edge, o->site);
    open_ports(lane, o);
}

static void withdraw_site(struct hg_lane *lane, void *arg) {
    (void)arg;
    hg_edge_withdraw(lane->edge);
}

static void swap_site(struct hg_lane *lane, void *arg) {
    (void)arg;
    hg_edge_swap(lane->edge);
}

int hg_crew_take(struct hg_crew *c, struct hg_site *site, const struct hg_sockets *sockets) {
    struct opening o = {.site = site, .sockets = sockets};
    call_all(c, offer_site, &o);
    call_all(c, o.err != 0 ? withdraw_site : swap_site, NULL);
    let_turn(c);
    return o.err;
}

int hg_crew_open_admin(struct hg_crew *c, struct hg_site *site, const struct hg_sockets *sockets) {
    struct opening o = {.site = site, .sockets = sockets, .is_admin = true};
    hg_lane_call(&c->lanes[0], open_ports, &o);
    return o.err;
}

static void drain_lane(struct hg_lane *lane, void *arg) {
    (void)arg;
    hg_edge_drain(lane->edge);
}

void hg_crew_drain(struct hg_crew *c) {
    call_all(c, drain_lane, NULL);
    let_turn(c);
}

static void count_visits(struct hg_lane *lane, void *arg) {
    *(size_t *)arg += hg_edge_visits(lane->edge);
}

size_t hg_crew_visits(struct hg_crew *c) {
    size_t visits = 0;
    call_all(c, count_visits, &visits);
    return visits;
}

static void shut_lane(struct hg_lane *lane, void *arg) {
    (void)arg;
    hg_edge_shut(lane->edge);
}

/* What waits for an idle loop, appends for the log: the log may end behind it. */
static void hand_over(struct hg_lane *lane, void *arg) {
    (void)arg;
    hg_loop_run_idle(lane->loop);
}

void hg_crew_shut(struct hg_crew *c) {
    call_all(c, shut_lane, NULL);
    call_all(c, hand_over, NULL);
}

void hg_crew_fini(struct hg_crew *c) {
    for (unsigned i = 0; i < c->n; i++) {
        hg_lane_stop(&c->lanes[i]);
        hg_lane_fini(&c->lanes[i]);
    }
    hg_free(c->lanes);
    c->lanes = NULL;
    c->n = 0;
}
