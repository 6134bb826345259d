/* SPDX-License-Identifier: Apache-2.0 */
/* pending.h - ids that are on their way into the log: reserved before the
 * append, settled by its completion. A second publish of a pending id waits
 * for the first one's result. Log thread only. */
#ifndef HG_LOG_PENDING_H
#define HG_LOG_PENDING_H

#include "log/dedup.h"
#include "log/log.h"

/* One id that a publish has reserved. Lies in the publish's plan. */
struct hg_reservation {
    struct hg_identity identity;
    uint64_t digest;
    struct hg_publish *owner;
    struct hg_publish *waiters, **waiters_end; /* by hg_publish.next */
    struct hg_reservation *next;               /* in its bucket */
};

enum { HG_PENDING_BUCKETS = 16384 };

struct hg_pending {
    struct hg_reservation *buckets[HG_PENDING_BUCKETS];
};

/* NULL: nobody has reserved it. */
struct hg_reservation *hg_pending_find(const struct hg_pending *p,
                                       const struct hg_identity *identity);
/* identity, digest and owner are set; nobody has reserved it. */
void hg_pending_reserve(struct hg_pending *p, struct hg_reservation *r);
/* Gives back who waited, in order. */
struct hg_publish *hg_pending_release(struct hg_pending *p, struct hg_reservation *r);
/* The same, and it stays reserved. */
struct hg_publish *hg_pending_part(struct hg_reservation *r);
void hg_pending_wait(struct hg_reservation *r, struct hg_publish *waiter);

#endif
