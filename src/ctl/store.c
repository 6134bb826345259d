/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - a driver's way up for whoever has one thread and waits. */
#include "ctl/store.h"

#include "log/records.h"
#include "log/settings.h"

static void on_complete(struct hg_log_up *up, struct hg_append *append, int err) {
    struct hg_ctl_store *s = HG_CONTAINER(up, struct hg_ctl_store, up);
    (void)append;
    s->err = err;
    int rc = sem_post(&s->is_answered);
    HG_ASSERT(rc == 0);
}

static void on_tail(struct hg_log_up *up, uint32_t topic, uint32_t partition,
                    const struct hg_record *records, size_t n) {
    (void)up, (void)topic, (void)partition, (void)records, (void)n;
}

int hg_ctl_store_open_driver(struct hg_ctl_store *s, const struct hg_log_ops *ops,
                             struct hg_log_open open, struct hg_why *why) {
    *s = (struct hg_ctl_store){.up = {.on_complete = on_complete, .on_tail = on_tail}, .ops = ops};
    int rc = sem_init(&s->is_answered, 0, 0);
    HG_ASSERT(rc == 0);
    open.up = &s->up;
    int err = ops->open(&open, &s->state, why);
    if (err != 0) {
        (void)sem_destroy(&s->is_answered);
    }
    return err;
}

int hg_ctl_store_open(struct hg_ctl_store *s, const struct hg_conf *conf,
                      const struct hg_registry *registry, struct hg_why *why) {
    const struct hg_strings *event_log = &hg_log_settings(conf)->event_log;
    const struct hg_module *m = NULL;
    const struct hg_log_ops *ops =
        event_log->n > 0 ? hg_registry_log(registry, event_log->items[0], &m) : NULL;
    if (ops == NULL) {
        hg_why_set(why, "its event_log names no driver that is loaded");
        return HG_EINVAL;
    }
    return hg_ctl_store_open_driver(s, ops, hg_log_settings_open(conf, m->directives), why);
}

void hg_ctl_store_close(struct hg_ctl_store *s) {
    s->ops->close(s->state);
    (void)sem_destroy(&s->is_answered);
}

int hg_ctl_store_append(struct hg_ctl_store *s, struct hg_append_item *items, size_t n,
                        size_t *ret_refused) {
    struct hg_append append = {.items = items, .n_items = n, .refused = SIZE_MAX, .up = &s->up};
    s->ops->append(s->state, &append);
    s->ops->flush(s->state);
    while (sem_wait(&s->is_answered) != 0) { /* a signal came in between */
    }
    for (size_t i = 0; i < n && (s->ops->caps & HG_LOG_ATOMIC) != 0; i++) {
        items[i].err = s->err;
    }
    *ret_refused = append.refused;
    return s->err;
}

int hg_ctl_store_read(struct hg_ctl_store *s, const struct hg_log_read *want,
                      struct hg_records *out) {
    hg_records_clear(out);
    out->has_details = true;
    return s->ops->read(s->state, want, out);
}
