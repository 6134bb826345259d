/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c - -t asks who keeps the topics. */
#include "server/ask.h"

#include "log/topic.h"
#include "server/named.h"

enum { WAIT_MS = 3000 };

struct list {
    struct hg_log_topic *items;
    char (*names)[HG_TOPIC_NAME_MAX + 8];
    size_t n, cap;
};

struct asking {
    const struct hg_conf *conf;
    struct hg_buf *said;
};

static bool is_listed(const struct list *l, struct hg_slice name) {
    for (size_t i = 0; i < l->n; i++) {
        if (hg_slice_eq(l->items[i].name, name)) {
            return true;
        }
    }
    return false;
}

static int make_room(struct list *l) {
    size_t cap = l->cap > 0 ? 2 * l->cap : 16;
    struct hg_log_topic *items = hg_try_realloc(l->items, cap * sizeof *items);
    l->items = items != NULL ? items : l->items;
    char(*names)[HG_TOPIC_NAME_MAX + 8] = hg_try_realloc(l->names, cap * sizeof *names);
    l->names = names != NULL ? names : l->names;
    if (items == NULL || names == NULL) {
        return HG_ENOMEM;
    }
    l->cap = cap;
    for (size_t i = 0; i < l->n; i++) {
        l->items[i].name.ptr = l->names[i];
    }
    return 0;
}

static int on_named(void *arg, const struct hg_log_topic *topic) {
    struct list *l = arg;
    if (is_listed(l, topic->name)) {
        return 0;
    }
    if (l->n == l->cap && make_room(l) != 0) {
        return HG_ENOMEM;
    }
    l->items[l->n] = *topic;
    memcpy(l->names[l->n], topic->name.ptr, topic->name.len);
    l->items[l->n].name.ptr = l->names[l->n];
    l->n++;
    return 0;
}

static void on_remark(void *arg, const struct hg_log_topic *topic, const struct hg_conf_line *line,
                      const char *text) {
    const struct asking *a = arg;
    if (line != NULL) {
        hg_conf_fault_at(line, a->said, "warning: %s", text);
        return;
    }
    bool is_declared = hg_named_is_declared(a->conf, topic->name);
    hg_conf_fault(a->conf, is_declared ? "topic" : "event_log",
                  is_declared ? topic->name : HG_SLICE(""), a->said, "warning: topic %.*s: %s",
                  HG_FMT(topic->name), text);
}

static int ask(const struct hg_plan *p, const struct hg_log_ops *driver,
               const struct hg_directive *rows, const struct list *l, struct hg_buf *said) {
    struct asking a = {p->conf, said};
    struct hg_log_open open = hg_log_settings_open(p->conf, rows);
    struct hg_why why = {""};
    int err = driver->check(&open, l->items, l->n, WAIT_MS, on_remark, &a, &why);
    if (err == HG_EINVAL) {
        hg_conf_fault(p->conf, "event_log", (struct hg_slice){0}, said, "%s", why.text);
    } else if (err != 0) {
        hg_conf_fault(p->conf, "event_log", (struct hg_slice){0}, said,
                      "warning: %s; so how topics are kept was not looked at", why.text);
    }
    return err == HG_EINVAL ? err : 0;
}

int hg_ask_log(const struct hg_plan *p, const struct hg_log_ops *driver,
               const struct hg_directive *rows, struct hg_buf *ret_said) {
    struct list l = {0};
    if (driver == NULL || driver->check == NULL) {
        return 0;
    }
    int err = hg_named_each(p->conf, p->site, on_named, &l);
    err = err == 0 ? ask(p, driver, rows, &l, ret_said) : err;
    hg_free(l.items);
    hg_free(l.names);
    return err;
}
