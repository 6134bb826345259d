/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - the worker's control thread: first bundle, reloads, drain.
 *
 *   receive ─ bundle ─► start (first) or reload ─► verdict
 *           ─ drain, or the master gone ─► drain ─► exit
 */
#include "server/worker.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/logfile.h"
#include "edge/access.h"
#include "headgate/logline.h"
#include "log/settings.h"
#include "net/limit.h"
#include "server/admin.h"
#include "server/bundle.h"
#include "server/generation.h"
#include "server/lane.h"
#include "server/metrics.h"
#include "server/sockets.h"
#include "server/wire.h"

struct worker {
    struct hg_registry *registry;
    struct hg_conf *conf;       /* of the current generation */
    struct hg_site *site;       /* its routing */
    struct hg_sockets sockets;
    struct hg_log *log;
    struct hg_lane *lanes;
    unsigned n_lanes;
    struct hg_admin admin;
    int64_t shutdown_timeout_ms;
    bool is_started;
};

static int start_log(struct worker *w, struct hg_buf *errors) {
    const struct hg_log_settings *s = hg_log_settings(w->conf);
    struct hg_loop *loops[64];
    struct hg_why why = {""};
    const struct hg_module *m = NULL;
    const struct hg_log_ops *driver = NULL;
    if (s->event_log.n > 0) {
        driver = hg_registry_log(w->registry, s->event_log.items[0], &m);
    }
    if (driver == NULL) {
        return 0; /* building the generation says so with all other faults */
    }
    for (unsigned i = 0; i < w->n_lanes; i++) {
        loops[i] = w->lanes[i].loop;
    }
    struct hg_log_setup setup = {
        .driver = driver,
        .open = {.n_args = s->event_log.n - 1,
                 .conf = hg_conf_of_table(hg_conf_main(w->conf), m->directives)},
        .loops = loops,
        .n_loops = w->n_lanes,
        .on_tail = hg_lane_on_tail,
        .dedup_window_ms = s->dedup_window_ms,
        .dedup_max = (size_t)s->dedup_max,
        .queue_bytes_max = (size_t)s->queue_bytes,
        .readers = (unsigned)s->readers,
    };
    for (size_t i = 0; i < setup.open.n_args; i++) {
        setup.open.args[i] = s->event_log.items[i + 1];
    }
    int err = hg_log_start(&setup, &w->log, &why);
    if (err != 0) {
        hg_buf_printf(errors, "event_log: %s\n", why.text);
    }
    return err;
}

static int start_lanes(struct worker *w, struct hg_buf *errors) {
    const struct hg_log_settings *s = hg_log_settings(w->conf);
    for (unsigned i = 0; i < w->n_lanes; i++) {
        if (hg_lane_start(&w->lanes[i], w->log, (size_t)s->window_bytes) != 0) {
            HG_BUF_LIT(errors, "worker_threads: a loop could not be started\n");
            return HG_EIO;
        }
    }
    return 0;
}

static int init_lanes(struct worker *w, struct hg_buf *errors) {
    w->n_lanes = hg_server_threads(hg_server_conf(w->conf));
    w->lanes = hg_try_alloc(w->n_lanes * sizeof(*w->lanes));
    for (unsigned i = 0; w->lanes != NULL && i < w->n_lanes; i++) {
        if (hg_lane_init(&w->lanes[i], i, w->registry) != 0) {
            w->lanes = NULL;
        }
    }
    if (w->lanes == NULL) {
        HG_BUF_LIT(errors, "worker_threads: a loop could not be made\n");
        return HG_EIO;
    }
    return 0;
}

struct starting {
    struct hg_why why;
    int err;
};

static void start_lane_modules(struct hg_lane *lane, void *arg) {
    struct starting *s = arg;
    if (s->err == 0) {
        s->err = hg_lane_start_modules(lane, &s->why);
    }
}

/* What is loaded and has not been started: the process first, then each loop. */
static int start_modules(struct worker *w, struct hg_buf *errors) {
    struct starting s = {.why = {""}};
    s.err = hg_registry_start(w->registry, &s.why);
    for (unsigned i = 0; i < w->n_lanes; i++) {
        if (w->lanes[i].is_running) {
            hg_lane_call(&w->lanes[i], start_lane_modules, &s);
        }
    }
    if (s.err != 0) {
        hg_buf_printf(errors, "%s\n", s.why.text);
    }
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

static void call_all(struct worker *w, void (*fn)(struct hg_lane *lane, void *arg), void *arg) {
    for (unsigned i = 0; i < w->n_lanes; i++) {
        hg_lane_call(&w->lanes[i], fn, arg);
    }
}

/* All loops go over to the site, or none does. Takes the reference. */
static int take_site(struct worker *w, struct hg_site *site) {
    struct opening o = {.site = site, .sockets = &w->sockets};
    call_all(w, offer_site, &o);
    if (o.err != 0) {
        call_all(w, withdraw_site, NULL);
        hg_site_unref(&site);
        return o.err;
    }
    call_all(w, swap_site, NULL);
    hg_site_unref(&w->site);
    w->site = site;
    hg_sockets_prune(&w->sockets, site);
    w->admin.generation++;
    HG_LOG(HG_NOTICE, "generation_started", "number=%u", w->admin.generation);
    return 0;
}

static int open_admin(struct worker *w, struct hg_buf *errors) {
    struct hg_why why = {""};
    struct hg_site *site;
    struct hg_slice address = hg_server_conf(w->conf)->admin;
    if (hg_slice_eq(address, HG_SLICE("off"))) {
        return 0;
    }
    if (hg_admin_site(&w->admin, w->conf, address, &site, &why) != 0) {
        hg_buf_printf(errors, "admin: %s\n", why.text);
        return HG_EINVAL;
    }
    struct opening o = {.site = site, .sockets = &w->sockets, .is_admin = true};
    hg_lane_call(&w->lanes[0], open_ports, &o);
    hg_site_unref(&site);
    return o.err;
}

/* Rows that take effect with each generation and belong to no room's site. */
static void apply(struct worker *w, const struct hg_server_conf *c) {
    hg_log_level = (enum hg_level)hg_server_log_level(c);
    w->shutdown_timeout_ms = c->shutdown_timeout_ms;
}

/* Takes conf. */
static int start(struct worker *w, struct hg_conf *conf, struct hg_buf *errors) {
    struct hg_site *site;
    w->conf = conf;
    hg_metrics_register();
    hg_net_limit_set((size_t)hg_server_conf(conf)->connections_max);
    apply(w, hg_server_conf(conf));
    if (start_modules(w, errors) != 0 || init_lanes(w, errors) != 0 ||
        start_log(w, errors) != 0 ||
        hg_generation_build(conf, w->registry, w->log, &site, errors) != 0) {
        return HG_EINVAL;
    }
    if (start_lanes(w, errors) != 0 || start_modules(w, errors) != 0) {
        hg_site_unref(&site);
        return HG_EINVAL;
    }
    w->admin.log = w->log;
    w->admin.started_wall_ms = hg_clock_wall_ms();
    int err = take_site(w, site);
    if (err == 0) { /* last: who asks there whether we are ready hears what is so */
        err = open_admin(w, errors);
    }
    w->is_started = err == 0;
    return err;
}

/* Takes conf. */
static int reload(struct worker *w, struct hg_conf *conf, struct hg_buf *errors) {
    struct hg_site *site;
    int err = HG_EINVAL;
    if (!hg_conf_needs_restart(w->conf, conf, errors) && start_modules(w, errors) == 0 &&
        hg_generation_build(conf, w->registry, w->log, &site, errors) == 0) {
        err = take_site(w, site);
    }
    if (err != 0) {
        hg_conf_unref(&conf);
        return err;
    }
    hg_conf_unref(&w->conf);
    w->conf = conf;
    apply(w, hg_server_conf(conf));
    return 0;
}

static void send_verdict(int fd, struct hg_buf *errors, int err) {
    struct hg_wire_message m = {.type = HG_WIRE_VERDICT};
    if (err != 0 && errors->len == 0) {
        hg_buf_printf(errors, "%s\n", hg_err_text(err));
    }
    if (err != 0) {
        hg_buf_put(&m.body, errors->ptr, errors->len);
    }
    hg_wire_send(fd, &m);
    hg_wire_fini(&m);
}

static int take_bundle(struct worker *w, const struct hg_bundle *b, struct hg_buf *errors) {
    struct hg_conf *conf = NULL;
    size_t before = w->sockets.n;
    for (size_t i = 0; i < b->n_logs; i++) {
        hg_access_file_set(b->logs[i].path, b->logs[i].fd);
    }
    int err = hg_sockets_adopt(&w->sockets, b->sockets, b->n_sockets);
    if (err == 0) {
        err = hg_generation_read(b->files, b->conf_path, w->registry, &conf, errors);
    }
    if (err == 0) {
        err = w->is_started ? reload(w, conf, errors) : start(w, conf, errors);
    }
    if (err != 0 && w->is_started) { /* else the process ends, with all it has */
        hg_sockets_close_from(&w->sockets, before);
    }
    hg_access_file_sweep();
    return err;
}

static int on_bundle(struct worker *w, int fd, struct hg_wire_message *m) {
    struct hg_bundle bundle;
    struct hg_buf errors = {.max = 1 << 20};
    int err = hg_bundle_unpack(m, &bundle);
    if (err == 0) {
        err = take_bundle(w, &bundle, &errors);
        hg_bundle_fini(&bundle);
    } else {
        hg_wire_close_fds(m);
    }
    send_verdict(fd, &errors, err);
    hg_buf_fini(&errors);
    return w->is_started ? 0 : HG_EINVAL;
}

static void drain_lane(struct hg_lane *lane, void *arg) {
    (void)arg;
    hg_edge_drain(lane->edge);
}

static void count_visits(struct hg_lane *lane, void *arg) {
    *(size_t *)arg += hg_edge_visits(lane->edge);
}

/* Streams are told to go, requests under way are answered, what is queued is
 * stored; what has not ended by the deadline is cut. */
static void drain(struct worker *w) {
    int64_t deadline = hg_clock_mono_ms() + w->shutdown_timeout_ms;
    size_t visits;
    w->admin.is_draining = true;
    call_all(w, drain_lane, NULL);
    hg_sockets_prune(&w->sockets, NULL);
    do {
        visits = 0;
        call_all(w, count_visits, &visits);
        if (visits > 0) {
            poll(NULL, 0, 10);
        }
    } while (visits > 0 && hg_clock_mono_ms() < deadline);
    HG_LOG(HG_NOTICE, "worker_drained", "left=%zu", visits);
}

static void shut_lane(struct hg_lane *lane, void *arg) {
    (void)arg;
    hg_edge_shut(lane->edge);
}

static void pass_turn(struct hg_lane *lane, void *arg) {
    (void)lane, (void)arg;
}

/* Connections first, while the loops still turn; then the log, whose last
 * answers the loops still take; then the loops. */
static void dismantle(struct worker *w) {
    call_all(w, shut_lane, NULL);
    call_all(w, pass_turn, NULL);
    hg_log_stop(&w->log);
    for (unsigned i = 0; i < w->n_lanes; i++) {
        hg_lane_stop(&w->lanes[i]);
        hg_lane_fini(&w->lanes[i]);
    }
    hg_free(w->lanes);
    hg_site_unref(&w->site);
    hg_conf_unref(&w->conf);
    hg_sockets_close_from(&w->sockets, 0);
    hg_access_file_sweep();
    hg_registry_stop(w->registry);
}

/* The error log's new descriptor, then the access logs'. */
static void reopen(struct hg_wire_message *m) {
    struct hg_slice rest = hg_buf_slice(&m->body), path;
    size_t i = 1;
    hg_logfile_set(m->fds[0]);
    for (; i < m->n_fds && hg_wire_take_text(&rest, &path); i++) {
        hg_access_file_set(path, m->fds[i]);
    }
    for (; i < m->n_fds; i++) {
        close(m->fds[i]);
    }
    hg_access_file_sweep();
}

int hg_worker_run(int control_fd, struct hg_registry *registry) {
    struct worker w = {.registry = registry};
    struct hg_wire_message m;
    bool is_over = false;
    int status = 0;
    while (!is_over) {
        int err = hg_wire_receive(control_fd, &m);
        if (err != 0) {
            HG_LOG(HG_ERROR, "master_gone", "err=%s", hg_err_text(err));
            is_over = true;
        } else if (m.type == HG_WIRE_BUNDLE) {
            status = on_bundle(&w, control_fd, &m) != 0;
            is_over = status != 0;
        } else if (m.type == HG_WIRE_REOPEN && m.n_fds > 0) {
            reopen(&m);
        } else if (m.type == HG_WIRE_DRAIN) {
            is_over = true;
        }
        hg_wire_fini(&m);
    }
    if (w.is_started) {
        drain(&w);
        dismantle(&w);
    }
    return status;
}
