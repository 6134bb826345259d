/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - an event log opened by its driver alone, without a gateway: no
 * loops, no dedup, one thread. */
#ifndef HG_CTL_STORE_H
#define HG_CTL_STORE_H

#include <semaphore.h>

#include "conf/conf.h"
#include "log/up.h"
#include "module/registry.h"

struct hg_ctl_store {
    struct hg_log_up up; /* first */
    const struct hg_log_ops *ops;
    void *state;
    sem_t is_answered;
    int err;
};

/* What event_log of the configuration says. On failure s is of no use: why. */
int hg_ctl_store_open(struct hg_ctl_store *s, const struct hg_conf *conf,
                      const struct hg_registry *registry, struct hg_why *why);
/* The same with a driver and its arguments in hand. */
int hg_ctl_store_open_driver(struct hg_ctl_store *s, const struct hg_log_ops *ops,
                             struct hg_log_open open, struct hg_why *why);
void hg_ctl_store_close(struct hg_ctl_store *s);

/* Appends, and waits for the answer. items have their errs, whatever the driver. */
int hg_ctl_store_append(struct hg_ctl_store *s, struct hg_append_item *items, size_t n,
                        size_t *ret_refused);
/* One read, with all that is said of the records; out is cleared before. */
int hg_ctl_store_read(struct hg_ctl_store *s, const struct hg_log_read *want,
                      struct hg_records *out);

#endif
