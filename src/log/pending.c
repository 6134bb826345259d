/* SPDX-License-Identifier: Apache-2.0 */
/* pending.c - reservations by identity. What is on its way is bounded by the
 * queue, so a fixed number of chains will do. */
#include "log/pending.h"

static size_t bucket_of(const struct hg_identity *identity) {
    return (size_t)identity->half[0] % HG_PENDING_BUCKETS;
}

struct hg_reservation *hg_pending_find(const struct hg_pending *p,
                                       const struct hg_identity *identity) {
    struct hg_reservation *r = p->buckets[bucket_of(identity)];
    while (r != NULL &&
           (r->identity.half[0] != identity->half[0] || r->identity.half[1] != identity->half[1])) {
        r = r->next;
    }
    return r;
}

void hg_pending_reserve(struct hg_pending *p, struct hg_reservation *r) {
    struct hg_reservation **bucket = &p->buckets[bucket_of(&r->identity)];
    r->waiters = NULL;
    r->waiters_end = &r->waiters;
    r->next = *bucket;
    *bucket = r;
}

struct hg_publish *hg_pending_release(struct hg_pending *p, struct hg_reservation *r) {
    struct hg_reservation **at = &p->buckets[bucket_of(&r->identity)];
    while (*at != r) {
        at = &(*at)->next;
    }
    *at = r->next;
    return r->waiters;
}

struct hg_publish *hg_pending_part(struct hg_reservation *r) {
    struct hg_publish *waiters = r->waiters;
    r->waiters = NULL;
    r->waiters_end = &r->waiters;
    return waiters;
}

void hg_pending_wait(struct hg_reservation *r, struct hg_publish *waiter) {
    waiter->next = NULL;
    *r->waiters_end = waiter;
    r->waiters_end = &waiter->next;
}
