/* SPDX-License-Identifier: Apache-2.0 */
/* service.c - the steps of a start and of a reload in the worker; the end. */
#include "server/service.h"

#include <poll.h>

#include "base/clock.h"
#include "edge/access.h"
#include "headgate/logline.h"
#include "log/settings.h"
#include "net/limit.h"
#include "server/certificates.h"
#include "server/generation.h"
#include "server/metrics.h"

enum { LOOPS_MAX = 64, LOOK_EVERY_MS = 10 };

/* A configuration on its way in. What a step made is here until it belongs to
 * the service. */
struct change {
    const struct hg_bundle *bundle;
    struct hg_conf *conf;
    struct hg_site *site;
    struct hg_buf *errors;
};

typedef int (*step_fn)(struct hg_service *s, struct change *c);

static int adopt_descriptors(struct hg_service *s, struct change *c) {
    const struct hg_bundle *b = c->bundle;
    for (size_t i = 0; i < b->n_logs; i++) {
        hg_access_file_set(b->logs[i].path, b->logs[i].fd);
    }
    return hg_sockets_adopt(&s->sockets, b->sockets, b->n_sockets);
}

static int read_conf(struct hg_service *s, struct change *c) {
    return hg_generation_read(c->bundle->files, c->bundle->conf_path, s->registry, &c->conf,
                              c->errors);
}

static int compare(struct hg_service *s, struct change *c) {
    return hg_conf_needs_restart(s->conf, c->conf, c->errors) ? HG_EINVAL : 0;
}

/* NULL: no module has the driver that the configuration names. */
static const struct hg_log_ops *find_driver(const struct hg_service *s, const struct hg_conf *conf,
                                            struct hg_log_open *ret_open) {
    const struct hg_log_settings *settings = hg_log_settings(conf);
    const struct hg_module *m = NULL;
    const struct hg_log_ops *driver = NULL;
    if (settings->event_log.n > 0) {
        driver = hg_registry_log(s->registry, settings->event_log.items[0], &m);
    }
    if (driver != NULL) {
        *ret_open = hg_log_settings_open(conf, m->directives);
    }
    return driver;
}

/* What the log can take of a configuration while it runs. */
static int renew_from(struct hg_service *s, const struct hg_conf *conf, struct hg_why *why) {
    struct hg_log_open open;
    return s->log != NULL && find_driver(s, conf, &open) != NULL ? hg_log_renew(s->log, &open, why)
                                                                 : 0;
}

static int renew_log(struct hg_service *s, struct change *c) {
    struct hg_why why = {""};
    int err = renew_from(s, c->conf, &why);
    if (err != 0) {
        hg_conf_fault(c->conf, "event_log", (struct hg_slice){0}, c->errors, "%s", why.text);
    }
    return err;
}

/* A reload that was refused: as before, unless that does not work any more. */
static void undo_renewal(struct hg_service *s) {
    struct hg_why why = {""};
    (void)renew_from(s, s->conf, &why);
}

static int start_modules(struct hg_service *s, struct change *c) {
    struct hg_why why = {""};
    int err = hg_crew_start_modules(&s->crew, &why);
    if (err != 0) {
        hg_conf_fault(c->conf, NULL, (struct hg_slice){0}, c->errors, "%s", why.text);
    }
    return err;
}

static int build(struct hg_service *s, struct change *c) {
    return hg_generation_build(c->conf, s->registry, s->log, &c->site, c->errors);
}

/* Rows that take effect with each generation and belong to no room's site. */
static void apply(struct hg_service *s, const struct hg_server_conf *c) {
    hg_log_level = (enum hg_level)hg_server_log_level(c);
    s->shutdown_timeout_ms = c->shutdown_timeout_ms;
}

struct showing {
    struct hg_admin *admin;
    struct hg_buf certificates;
    struct hg_site *site;
};

/* What was shown before goes back to who frees it. */
static void show(struct hg_lane *lane, void *arg) {
    struct showing *w = arg;
    struct showing before = {.certificates = w->admin->certificates, .site = w->admin->site};
    (void)lane;
    w->admin->certificates = w->certificates;
    w->admin->site = w->site;
    w->certificates = before.certificates;
    w->site = before.site;
}

/* The admin listener's view of the generation. Nobody is refused for want of
 * memory for a number on a page. */
static void show_generation(struct hg_service *s) {
    struct showing w = {.admin = &s->admin, .site = hg_site_ref(s->site)};
    if (hg_certificates_print(s->site, &w.certificates) != 0) {
        hg_buf_clear(&w.certificates);
    }
    hg_lane_call(&s->crew.lanes[0], show, &w);
    hg_buf_fini(&w.certificates);
    hg_site_unref(&w.site);
}

static int swap(struct hg_service *s, struct change *c) {
    int err = hg_crew_take(&s->crew, c->site, &s->sockets);
    if (err != 0) {
        return err;
    }
    hg_site_unref(&s->site);
    hg_conf_unref(&s->conf);
    s->site = c->site;
    s->conf = c->conf;
    c->site = NULL;
    c->conf = NULL;
    hg_sockets_prune(&s->sockets, s->site);
    apply(s, hg_server_conf(s->conf));
    s->admin.generation++;
    show_generation(s);
    HG_LOG(HG_NOTICE, "generation_started", "number=%u", s->admin.generation);
    return 0;
}

static int init_process(struct hg_service *s, struct change *c) {
    const struct hg_server_conf *conf = hg_server_conf(c->conf);
    s->crew.registry = s->registry;
    hg_metrics_register();
    hg_net_limit_set((uint32_t)conf->connections_max);
    apply(s, conf);
    return 0;
}

static int make_loops(struct hg_service *s, struct change *c) {
    if (hg_crew_init(&s->crew, hg_server_threads(hg_server_conf(c->conf)), s->registry) != 0) {
        hg_conf_fault(c->conf, "worker_threads", (struct hg_slice){0}, c->errors,
                      "a loop could not be made");
        return HG_EIO;
    }
    return 0;
}

static int start_log(struct hg_service *s, struct change *c) {
    const struct hg_log_settings *settings = hg_log_settings(c->conf);
    struct hg_loop *loops[LOOPS_MAX];
    struct hg_why why = {""};
    struct hg_log_setup setup = {
        .loops = loops,
        .n_loops = s->crew.n,
        .on_tail = hg_lane_on_tail,
        .dedup_window_ms = settings->dedup_window_ms,
        .dedup_max = (size_t)settings->dedup_max,
        .hide_ms = settings->hide_ms,
        .hide_max = (size_t)settings->hide_max,
        .queue_bytes_max = (size_t)settings->queue_bytes,
        .topic_bytes_max = (size_t)settings->topic_queue_bytes,
        .readers = (unsigned)settings->readers,
        .look_ms = settings->refresh_ms,
    };
    setup.driver = find_driver(s, c->conf, &setup.open);
    if (setup.driver == NULL) {
        return 0; /* building the generation says so with all other faults */
    }
    for (unsigned i = 0; i < s->crew.n; i++) {
        loops[i] = s->crew.lanes[i].loop;
    }
    int err = hg_log_start(&setup, &s->log, &why);
    if (err != 0) {
        hg_conf_fault(c->conf, "event_log", (struct hg_slice){0}, c->errors, "%s", why.text);
    }
    return err;
}

static int start_loops(struct hg_service *s, struct change *c) {
    if (hg_crew_start(&s->crew, s->log, (size_t)hg_log_settings(c->conf)->window_bytes) != 0) {
        hg_conf_fault(c->conf, "worker_threads", (struct hg_slice){0}, c->errors,
                      "a loop could not be started");
        return HG_EIO;
    }
    s->admin.log = s->log;
    s->admin.started_wall_ms = hg_clock_wall_ms();
    return 0;
}

static int open_admin(struct hg_service *s, struct change *c) {
    struct hg_why why = {""};
    struct hg_site *site;
    struct hg_slice address = hg_server_conf(s->conf)->admin;
    if (hg_slice_eq(address, HG_SLICE("off"))) {
        return 0;
    }
    if (hg_admin_site(&s->admin, s->conf, address, &site, &why) != 0) {
        hg_conf_fault(s->conf, "admin", (struct hg_slice){0}, c->errors, "%s", why.text);
        return HG_EINVAL;
    }
    int err = hg_crew_open_admin(&s->crew, site, &s->sockets);
    hg_site_unref(&site);
    return err;
}

/* The log before the generation, which makes topics in it; the admin listener
 * last: who asks there whether we are ready hears what is so. */
static const step_fn start_steps[] = {
    adopt_descriptors, read_conf,     init_process, start_modules, make_loops, start_log, build,
    start_loops,       start_modules, swap,         open_admin,    NULL,
};

/* Whatever can fail does so before the swap. */
static const step_fn reload_steps[] = {
    adopt_descriptors, read_conf, compare, start_modules, renew_log, build, swap, NULL,
};

int hg_service_take(struct hg_service *s, const struct hg_bundle *b, struct hg_buf *ret_errors) {
    struct change c = {.bundle = b, .errors = ret_errors};
    size_t sockets_before = s->sockets.n;
    int err = 0;
    for (const step_fn *step = s->is_started ? reload_steps : start_steps;
         err == 0 && *step != NULL; step++) {
        err = (*step)(s, &c);
    }
    if (err != 0 && s->is_started) { /* else threads may use them, until the process ends */
        hg_site_unref(&c.site);
        hg_conf_unref(&c.conf);
        hg_sockets_close_from(&s->sockets, sockets_before);
        undo_renewal(s);
    }
    hg_access_file_sweep();
    s->is_started = s->is_started || err == 0;
    return err;
}

void hg_service_told(struct hg_service *s) {
    s->admin.phase = HG_PHASE_SERVING;
}

static void drain(struct hg_service *s) {
    int64_t deadline = hg_clock_mono_ms() + s->shutdown_timeout_ms;
    size_t visits;
    s->admin.phase = HG_PHASE_DRAINING;
    hg_crew_drain(&s->crew);
    /* A turn more: then the loops have let go of what is closed here. */
    (void)hg_crew_visits(&s->crew);
    hg_sockets_prune(&s->sockets, NULL);
    while ((visits = hg_crew_visits(&s->crew)) > 0 && hg_clock_mono_ms() < deadline) {
        poll(NULL, 0, LOOK_EVERY_MS);
    }
    HG_LOG(HG_NOTICE, "worker_drained", "left=%zu", visits);
}

/* Connections first, while the loops still turn; then the log, whose last
 * answers the loops still take; then the loops. */
void hg_service_end(struct hg_service *s) {
    drain(s);
    hg_crew_shut(&s->crew);
    hg_log_stop(&s->log);
    hg_crew_fini(&s->crew);
    hg_buf_fini(&s->admin.certificates);
    hg_site_unref(&s->admin.site);
    hg_site_unref(&s->site);
    hg_conf_unref(&s->conf);
    hg_sockets_fini(&s->sockets);
    hg_access_file_sweep();
    hg_registry_stop(s->registry);
}
