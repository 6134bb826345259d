/* SPDX-License-Identifier: Apache-2.0 */
/* generation.c - builds a generation from files, or says everything that is
 * wrong with them and leaves nothing behind. */
#include "server/generation.h"

#include <stdio.h>

#include "log/topic.h"

int hg_generation_read(struct hg_conf_files *files, struct hg_slice path,
                       struct hg_registry *registry, struct hg_conf **ret,
                       struct hg_buf *ret_errors) {
    struct hg_conf_setup setup = {
        .files = files,
        .path = path,
        .owners = hg_core_owners,
        .load_module = hg_registry_on_load_module,
        .arg = registry,
    };
    return hg_conf_load(&setup, ret, ret_errors);
}

static void release(void *arg) {
    struct hg_generation *g = arg;
    const struct hg_module *m = NULL;
    while (g->registry != NULL && (m = hg_registry_next(g->registry, m)) != NULL) {
        if (m->generation_stop != NULL) {
            m->generation_stop(hg_conf_of_table(hg_conf_main(g->conf), m->directives));
        }
    }
    hg_rights_free(&g->rights);
    hg_principal_unref(&g->anonymous);
    hg_conf_unref(&g->conf);
    hg_free(g->topic_keys);
    hg_free(g->sinks);
    hg_free(g->handlers);
    hg_free(g);
}

static int collect_modules(struct hg_generation *g) {
    unsigned n = 0;
    const struct hg_module *m = NULL;
    while ((m = hg_registry_next(g->registry, m)) != NULL) {
        n++;
    }
    g->sinks = hg_try_alloc((n + 1) * sizeof(*g->sinks));
    g->handlers = hg_try_alloc((n + 1) * sizeof(*g->handlers));
    if (g->sinks == NULL || g->handlers == NULL) {
        return HG_ENOMEM;
    }
    m = NULL;
    while ((m = hg_registry_next(g->registry, m)) != NULL) {
        if (m->sink != NULL) {
            g->sinks[g->n_sinks++] = m->sink;
        }
        if (m->handler != NULL) {
            g->handlers[g->n_handlers++] = (struct hg_site_handler){m->handler, m->directives};
        }
    }
    return 0;
}

static int make_topic(struct hg_log *log, const struct hg_log_topic *topic, uint32_t *ret_id,
                      struct hg_buf *errors) {
    struct hg_why why = {""};
    int err = hg_log_topic(log, topic, ret_id, &why);
    if (err != 0) {
        hg_buf_printf(errors, "topic %.*s: %s\n", HG_FMT(topic->name), why.text);
    }
    return err;
}

/* A topic that no topic block declares: with the main block's retention. */
static int make_named(struct hg_generation *g, struct hg_log *log, struct hg_slice name,
                      struct hg_buf *errors) {
    const struct hg_log_settings *s = hg_log_settings(g->conf);
    uint32_t id;
    struct hg_log_topic topic = {
        .name = name,
        .partitions = 1,
        .retention_ms = s->retention_ms,
        .retention_bytes = s->retention_bytes,
    };
    return hg_log_topic_find(log, name, &id) ? 0 : make_topic(log, &topic, &id, errors);
}

static int make_named_topics(struct hg_generation *g, struct hg_log *log, struct hg_site *site,
                             struct hg_buf *errors) {
    struct hg_slice name;
    for (size_t i = 0; (name = hg_site_named_topic(site, i)).len > 0; i++) {
        char dlq[HG_TOPIC_NAME_MAX + 8];
        int len = snprintf(dlq, sizeof(dlq), "%.*s.dlq", HG_FMT(name));
        if (make_named(g, log, name, errors) != 0 ||
            (hg_site_has_dead_letters(site, i) &&
             make_named(g, log, (struct hg_slice){dlq, (size_t)len}, errors) != 0)) {
            return HG_EIO;
        }
    }
    return make_named(g, log, HG_SLICE("headgate.dlq"), errors);
}

/* Declared topics first, so that what a block says holds; their keys are
 * needed by the gate for each event. */
static int make_declared_topics(struct hg_generation *g, struct hg_log *log,
                                struct hg_buf *errors) {
    struct hg_log_topic topic;
    enum hg_topic_key key;
    uint32_t id;
    const struct hg_conf_block *b = NULL;
    while ((b = hg_log_settings_topic(g->conf, b, &topic, &key)) != NULL) {
        if (make_topic(log, &topic, &id, errors) != 0) {
            return HG_EIO;
        }
    }
    g->n_topic_keys = hg_log_topic_count(log);
    g->topic_keys = hg_try_alloc(g->n_topic_keys + 1);
    if (g->topic_keys == NULL) {
        return HG_ENOMEM;
    }
    b = NULL;
    while ((b = hg_log_settings_topic(g->conf, b, &topic, &key)) != NULL) {
        if (hg_log_topic_find(log, topic.name, &id) && id < g->n_topic_keys) {
            g->topic_keys[id] = (uint8_t)key;
        }
    }
    return 0;
}

static const struct hg_source_ops *find_source(void *arg, struct hg_slice name,
                                               const struct hg_directive **ret_rows) {
    const struct hg_module *m = NULL;
    const struct hg_source_ops *ops = hg_registry_source(arg, name, &m);
    *ret_rows = m != NULL ? m->directives : NULL;
    return ops;
}

static const struct hg_authenticator_ops *find_authenticator(void *arg, struct hg_slice name,
                                                             const struct hg_directive **ret_rows) {
    const struct hg_module *m = NULL;
    const struct hg_authenticator_ops *ops = hg_registry_authenticator(arg, name, &m);
    *ret_rows = m != NULL ? m->directives : NULL;
    return ops;
}

static int build_site(struct hg_generation *g, struct hg_log *log, struct hg_buf *errors) {
    struct hg_site_setup setup = {
        .conf = g->conf,
        .log = log,
        .rights = g->rights,
        .anonymous = g->anonymous,
        .topic_keys = g->topic_keys,
        .n_topic_keys = g->n_topic_keys,
        .finder = {find_source, find_authenticator, g->registry},
        .sinks = g->sinks,
        .n_sinks = g->n_sinks,
        .handlers = g->handlers,
        .n_handlers = g->n_handlers,
    };
    return hg_site_new(&setup, release, g, &g->site, errors);
}

static int check_driver(struct hg_generation *g, struct hg_buf *errors) {
    const struct hg_log_settings *s = hg_log_settings(g->conf);
    if (s->event_log.n == 0) {
        HG_BUF_LIT(errors, "event_log: it is not set; expected event_log DRIVER ...\n");
        return HG_EINVAL;
    }
    if (hg_registry_log(g->registry, s->event_log.items[0], NULL) == NULL) {
        hg_buf_printf(errors, "event_log: there is no driver \"%.*s\"; load its module\n",
                      HG_FMT(s->event_log.items[0]));
        return HG_EINVAL;
    }
    return 0;
}

static int start_modules(struct hg_generation *g, struct hg_buf *errors) {
    const struct hg_module *m = NULL;
    struct hg_why why = {""};
    while ((m = hg_registry_next(g->registry, m)) != NULL) {
        const void *conf = hg_conf_of_table(hg_conf_main(g->conf), m->directives);
        if (m->generation_start != NULL && m->generation_start(conf, &why) != 0) {
            hg_buf_printf(errors, "module %s: %s\n", m->name, why.text);
            return HG_EINVAL;
        }
    }
    return 0;
}

int hg_generation_build(struct hg_conf *conf, struct hg_registry *registry, struct hg_log *log,
                        struct hg_site **ret_site, struct hg_buf *ret_errors) {
    struct hg_generation *g = hg_try_alloc(sizeof(*g));
    if (g == NULL) {
        return HG_ENOMEM;
    }
    g->conf = hg_conf_ref(conf);
    g->anonymous = hg_principal_anonymous();
    g->registry = registry;
    int err = g->anonymous == NULL ? HG_ENOMEM : collect_modules(g);
    if (err == 0) {
        err = hg_rights_new(conf, &g->rights);
    }
    if (err == 0) {
        err = check_driver(g, ret_errors);
    }
    if (err == 0 && log != NULL) {
        err = make_declared_topics(g, log, ret_errors);
    }
    if (build_site(g, log, ret_errors) != 0 || err != 0) {
        goto failed;
    }
    if (log != NULL) {
        err = make_named_topics(g, log, g->site, ret_errors);
        if (err == 0) {
            err = start_modules(g, ret_errors);
        }
    }
    if (err != 0) {
        g->registry = NULL; /* what was not started is not stopped */
        hg_site_unref(&g->site);
        return err;
    }
    *ret_site = g->site;
    return 0;

failed:
    if (g->site != NULL) {
        g->registry = NULL;
        hg_site_unref(&g->site);
    } else {
        g->registry = NULL;
        release(g);
    }
    return HG_EINVAL;
}
