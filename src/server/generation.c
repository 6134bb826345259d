/* SPDX-License-Identifier: Apache-2.0 */
/* generation.c - builds a generation from files, or says everything that is
 * wrong with them and leaves nothing behind. */
#include "server/generation.h"

#include "server/named.h"

static const void *conf_of(const struct hg_generation *g, const struct hg_module *m) {
    return m->directives != NULL ? hg_conf_of_table(hg_conf_main(g->conf), m->directives) : NULL;
}

static void release(void *arg) {
    struct hg_generation *g = arg;
    while (g->n_started > 0) {
        const struct hg_module *m = g->modules[--g->n_started];
        if (m->generation_stop != NULL) {
            m->generation_stop(conf_of(g, m));
        }
    }
    hg_rights_free(&g->rights);
    hg_principal_unref(&g->anonymous);
    hg_conf_unref(&g->conf);
    hg_free(g->keys.keys);
    hg_free(g->modules);
    hg_free(g->sinks);
    hg_free(g->handlers);
    hg_free(g);
}

static void take_module(struct hg_generation *g, const struct hg_module *m, bool is_used) {
    if (m->sink != NULL) {
        g->sinks[g->n_sinks++] = is_used ? m->sink : NULL;
    }
    if (is_used && m->handler != NULL) {
        g->handlers[g->n_handlers++] = (struct hg_site_handler){m->handler, m->directives};
    }
    if (is_used) {
        g->modules[g->n_modules++] = m;
    }
}

static int collect_modules(struct hg_generation *g, const struct hg_registry *registry) {
    unsigned n = 0;
    const struct hg_module *m = NULL;
    while ((m = hg_registry_next(registry, m)) != NULL) {
        n++;
    }
    g->modules = hg_try_alloc((n + 1) * sizeof(*g->modules));
    g->sinks = hg_try_alloc((n + 1) * sizeof(*g->sinks));
    g->handlers = hg_try_alloc((n + 1) * sizeof(*g->handlers));
    if (g->modules == NULL || g->sinks == NULL || g->handlers == NULL) {
        return HG_ENOMEM;
    }
    while ((m = hg_registry_next(registry, m)) != NULL) {
        take_module(g, m, hg_registry_is_used(registry, g->conf, m));
    }
    return 0;
}

/* Where a generation's topics are made. */
struct making {
    const struct hg_generation *g;
    struct hg_log *log;
    struct hg_buf *errors;
};

static int make_topic(void *arg, const struct hg_log_topic *topic) {
    const struct making *m = arg;
    struct hg_why why = {""};
    uint32_t id;
    int err = hg_log_topic(m->log, topic, &id, &why);
    if (err == HG_ENOENT && topic->is_found) { /* it is gone again */
        return 0;
    }
    if (err != 0) {
        hg_conf_fault(m->g->conf, "topic", topic->name, m->errors, "%.*s: %s", HG_FMT(topic->name),
                      why.text);
    }
    return err;
}

/* What a template has made, or another configuration has named: its events are
 * there for whoever may follow them, and grow old like others. */
static int make_kept(struct making *m, const struct hg_log_patterns *wanted) {
    struct hg_log_kept *kept = NULL;
    size_t n = 0;
    int err = hg_log_kept(m->log, wanted, &kept, &n);
    if (err != 0) {
        hg_conf_fault(m->g->conf, "event_log", (struct hg_slice){0}, m->errors,
                      "its topics cannot be listed: %s", hg_err_text(err));
    }
    for (size_t i = 0; i < n && err == 0; i++) {
        kept[i].topic.is_found = true;
        hg_named_fill(m->g->conf, &kept[i].topic);
        bool is_made = hg_named_is_declared(m->g->conf, kept[i].topic.name);
        err = is_made ? 0 : make_topic(m, &kept[i].topic);
    }
    hg_free(kept);
    return err;
}

static int fill_keys(struct hg_generation *g, struct hg_log *log) {
    struct hg_log_topic topic;
    enum hg_topic_key key;
    uint32_t id;
    const struct hg_conf_block *b = NULL;
    g->keys.n = hg_log_topic_count(log);
    g->keys.keys = hg_try_alloc(g->keys.n + 1);
    if (g->keys.keys == NULL) {
        g->keys.n = 0;
        return HG_ENOMEM;
    }
    while ((b = hg_log_settings_topic(g->conf, b, &topic, &key)) != NULL) {
        if (hg_log_topic_find(log, topic.name, &id) && id < g->keys.n) {
            g->keys.keys[id] = (uint8_t)key;
        }
    }
    return 0;
}

/* And those that others make later. Last of what may fail: the generation that
 * runs wants others. */
static int make_wanted(struct making *m, struct hg_generation *g) {
    struct hg_slice *items = NULL;
    size_t n = 0;
    int err = hg_site_patterns(g->site, &items, &n);
    struct hg_log_patterns wanted = {items, n};
    err = err == 0 ? make_kept(m, &wanted) : err;
    err = err == 0 ? fill_keys(g, m->log) : err; /* the gate needs them for each event */
    err = err == 0 ? hg_log_want(m->log, &wanted) : err;
    hg_free(items);
    return err;
}

static int make_topics(struct hg_generation *g, struct hg_log *log, struct hg_buf *errors) {
    struct making m = {g, log, errors};
    return hg_named_each(g->conf, g->site, make_topic, &m) != 0 ? HG_EIO : make_wanted(&m, g);
}

static const struct hg_source_ops *find_source(void *arg, struct hg_slice name,
                                               const struct hg_directive **ret_rows) {
    const struct hg_generation *g = arg;
    for (unsigned i = 0; i < g->n_modules; i++) {
        const struct hg_module *m = g->modules[i];
        if (m->source != NULL && hg_slice_eq(hg_slice_of(m->source->name), name)) {
            *ret_rows = m->directives;
            return m->source;
        }
    }
    return NULL;
}

static const struct hg_authenticator_ops *find_authenticator(void *arg, struct hg_slice name,
                                                             const struct hg_directive **ret_rows) {
    const struct hg_generation *g = arg;
    for (unsigned i = 0; i < g->n_modules; i++) {
        const struct hg_module *m = g->modules[i];
        if (m->authenticator != NULL && hg_slice_eq(hg_slice_of(m->authenticator->name), name)) {
            *ret_rows = m->directives;
            return m->authenticator;
        }
    }
    return NULL;
}

static const struct hg_module *find_driver(const struct hg_generation *g) {
    const struct hg_log_settings *s = hg_log_settings(g->conf);
    for (unsigned i = 0; i < g->n_modules; i++) {
        const struct hg_log_ops *log = g->modules[i]->log;
        if (log != NULL && hg_slice_eq(hg_slice_of(log->name), s->event_log.items[0])) {
            return g->modules[i];
        }
    }
    return NULL;
}

/* That there is no driver is said elsewhere. */
static int find_whole(void *arg, struct hg_why *why) {
    const struct hg_generation *g = arg;
    const struct hg_log_settings *s = hg_log_settings(g->conf);
    const struct hg_module *m = s->event_log.n > 0 ? find_driver(g) : NULL;
    if (m != NULL && m->log->whole != NULL) {
        struct hg_log_open open = hg_log_settings_open(g->conf, m->directives);
        return m->log->whole(&open, why);
    }
    if (m != NULL && (m->log->caps & HG_LOG_ATOMIC) == 0) {
        hg_why_set(why, "event_log %s stores each event of a batch by itself", m->log->name);
        return HG_ENOTSUP;
    }
    return 0;
}

static int build_site(struct hg_generation *g, struct hg_log *log, struct hg_buf *errors) {
    struct hg_site_setup setup = {
        .conf = g->conf,
        .log = log,
        .rights = g->rights,
        .anonymous = g->anonymous,
        .keys = &g->keys,
        .finder = {find_source, find_authenticator, find_whole, g},
        .sinks = g->sinks,
        .n_sinks = g->n_sinks,
        .handlers = g->handlers,
        .n_handlers = g->n_handlers,
    };
    return hg_site_new(&setup, release, g, &g->site, errors);
}

static int check_driver(struct hg_generation *g, struct hg_buf *errors) {
    const struct hg_log_settings *s = hg_log_settings(g->conf);
    if (!hg_conf_is_whole(hg_conf_main(g->conf))) {
        return 0; /* its line may be among those that were not understood */
    }
    if (s->event_log.n == 0) {
        hg_conf_fault(g->conf, "event_log", (struct hg_slice){0}, errors,
                      "it is not set; expected event_log DRIVER ...");
        return HG_EINVAL;
    }
    if (find_driver(g) != NULL) {
        return 0;
    }
    hg_conf_fault(g->conf, "event_log", (struct hg_slice){0}, errors,
                  "there is no driver \"%.*s\"; load its module", HG_FMT(s->event_log.items[0]));
    return HG_EINVAL;
}

static int start_modules(struct hg_generation *g, struct hg_buf *errors) {
    for (; g->n_started < g->n_modules; g->n_started++) {
        const struct hg_module *m = g->modules[g->n_started];
        struct hg_why why = {""};
        if (m->generation_start != NULL && m->generation_start(conf_of(g, m), &why) != 0) {
            hg_conf_fault(g->conf, NULL, (struct hg_slice){0}, errors, "module %s: %s", m->name,
                          why.text);
            return HG_EINVAL;
        }
    }
    return 0;
}

static int compile(struct hg_generation *g, const struct hg_registry *registry, struct hg_log *log,
                   struct hg_buf *errors) {
    g->anonymous = hg_principal_anonymous();
    if (g->anonymous == NULL || collect_modules(g, registry) != 0 ||
        hg_rights_new(g->conf, &g->rights) != 0) {
        return HG_ENOMEM;
    }
    int of_driver = check_driver(g, errors), of_site = build_site(g, log, errors);
    return of_driver != 0 ? of_driver : of_site;
}

static void dispose(struct hg_generation *g) {
    if (g->site != NULL) {
        hg_site_unref(&g->site); /* and with it the generation */
    } else {
        release(g);
    }
}

/* Some lines were not understood. What the others say is judged all the same,
 * so that every fault is found in one run. */
static void judge(struct hg_conf *conf, const struct hg_registry *registry,
                  struct hg_buf *ret_errors) {
    struct hg_generation *g = hg_try_alloc(sizeof(*g));
    if (g == NULL) {
        return;
    }
    g->conf = hg_conf_ref(conf);
    (void)compile(g, registry, NULL, ret_errors);
    dispose(g);
}

int hg_generation_read(struct hg_conf_files *files, struct hg_slice path,
                       struct hg_registry *registry, struct hg_conf **ret,
                       struct hg_buf *ret_errors) {
    struct hg_conf_setup setup = {
        .files = files,
        .path = path,
        .owners = hg_core_owners,
        .load_module = hg_registry_on_load_module,
        .arg = registry,
        .keeps_faulty = true,
    };
    struct hg_conf *conf = NULL;
    int err = hg_conf_load(&setup, &conf, ret_errors);
    if (err == 0) {
        *ret = conf;
    } else if (conf != NULL) {
        judge(conf, registry, ret_errors);
        hg_conf_unref(&conf);
    }
    return err;
}

int hg_generation_build(struct hg_conf *conf, struct hg_registry *registry, struct hg_log *log,
                        struct hg_site **ret_site, struct hg_buf *ret_errors) {
    size_t said = ret_errors->len;
    struct hg_generation *g = hg_try_alloc(sizeof(*g));
    int err = HG_ENOMEM;
    if (g != NULL) {
        g->conf = hg_conf_ref(conf);
        err = compile(g, registry, log, ret_errors);
    }
    if (err == 0 && log != NULL) {
        err = start_modules(g, ret_errors);
    }
    if (err == 0 && log != NULL) {
        err = make_topics(g, log, ret_errors);
    }
    if (err == 0) {
        *ret_site = g->site;
        return 0;
    }
    if (ret_errors->len == said) {
        hg_buf_printf(ret_errors, "%s\n", hg_err_text(err));
    }
    if (g != NULL) {
        dispose(g);
    }
    return err;
}
