/* SPDX-License-Identifier: Apache-2.0 */
/* named.c - the topics that a configuration names. */
#include "server/named.h"

#include <stdio.h>

#include "log/topic.h"

struct walk {
    const struct hg_conf *conf;
    const struct hg_site *site;
    hg_named_fn fn;
    void *arg;
};

bool hg_named_is_declared(const struct hg_conf *conf, struct hg_slice name) {
    struct hg_log_topic topic;
    enum hg_topic_key key;
    const struct hg_conf_block *b = NULL;
    while ((b = hg_log_settings_topic(conf, b, &topic, &key)) != NULL) {
        if (hg_slice_eq(topic.name, name)) {
            return true;
        }
    }
    return false;
}

void hg_named_fill(const struct hg_conf *conf, struct hg_log_topic *topic) {
    const struct hg_log_settings *s = hg_log_settings(conf);
    topic->retention_ms = s->retention_ms;
    topic->retention_bytes = s->retention_bytes;
    topic->conf = hg_conf_main(conf);
}

static int declared(const struct walk *w) {
    struct hg_log_topic topic;
    enum hg_topic_key key;
    const struct hg_conf_block *b = NULL;
    int err = 0;
    while (err == 0 && (b = hg_log_settings_topic(w->conf, b, &topic, &key)) != NULL) {
        topic.event_bytes_max = hg_site_topic_bytes_max(w->site, topic.name);
        err = w->fn(w->arg, &topic);
    }
    return err;
}

static int undeclared(const struct walk *w, struct hg_slice name) {
    struct hg_log_topic topic = {.name = name, .partitions = 1};
    if (hg_named_is_declared(w->conf, name)) {
        return 0;
    }
    topic.event_bytes_max = hg_site_topic_bytes_max(w->site, name);
    hg_named_fill(w->conf, &topic);
    return w->fn(w->arg, &topic);
}

static int with_letters(const struct walk *w, struct hg_slice name, bool has_letters) {
    char dlq[HG_TOPIC_NAME_MAX + 8];
    int len = snprintf(dlq, sizeof(dlq), "%.*s.dlq", HG_FMT(name));
    int err = undeclared(w, name);
    return err == 0 && has_letters ? undeclared(w, (struct hg_slice){dlq, (size_t)len}) : err;
}

int hg_named_each(const struct hg_conf *conf, const struct hg_site *site, hg_named_fn fn,
                  void *arg) {
    struct walk w = {conf, site, fn, arg};
    struct hg_slice name;
    int err = declared(&w);
    for (size_t i = 0; err == 0 && (name = hg_site_named_topic(site, i)).len > 0; i++) {
        err = with_letters(&w, name, hg_site_has_dead_letters(site, i));
    }
    return err == 0 ? undeclared(&w, HG_SLICE("headgate.dlq")) : err;
}
