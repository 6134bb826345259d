/* SPDX-License-Identifier: Apache-2.0 */
/* whole.c - appends of which all or nothing is stored wait here for their
 * transaction. What comes while one is under way goes together in the next: the
 * cluster takes tens of milliseconds for each, however much is in it.
 *
 *   put ──► queue ──► group ── transaction ──► answered
 *             │         └── undone: each once more, alone ──► answered
 *             └── a fifth of what its publisher waits is over: refused */
#include "transact.h"

#include "read.h"

#include <time.h>

enum { GROUP_MESSAGES_MAX = 10000, TRIES = 2, IDLE_MS = 1000, SETTLE_MS = 300000 };

struct kafka_whole {
    struct kafka *k;
    pthread_t thread;
    bool has_thread; /* the log thread's */
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct kafka_parcel *first, **end; /* the queue, and is_ending: under the lock */
    bool is_ending;
    struct kafka_transact transact; /* the thread's */
};

static void lock(struct kafka_whole *w) {
    int rc = pthread_mutex_lock(&w->lock);
    HG_ASSERT(rc == 0);
}

static void unlock(struct kafka_whole *w) {
    int rc = pthread_mutex_unlock(&w->lock);
    HG_ASSERT(rc == 0);
}

/* ----- the thread ----- */

static struct kafka_parcel *pop(struct kafka_parcel **list) {
    struct kafka_parcel *p = *list;
    *list = p->next;
    p->next = NULL;
    return p;
}

/* Under the lock: the oldest that came before it, or NULL. */
static struct kafka_parcel *take_before(struct kafka_whole *w, int64_t came_ms) {
    if (w->first == NULL || w->first->came_ms >= came_ms) {
        return NULL;
    }
    struct kafka_parcel *p = pop(&w->first);
    w->end = w->first == NULL ? &w->first : w->end;
    return p;
}

static void refuse_before(struct kafka_whole *w, int64_t came_ms) {
    for (;;) {
        lock(w);
        struct kafka_parcel *p = take_before(w, came_ms);
        unlock(w);
        if (p == NULL) {
            return;
        }
        kafka_parcel_answer(&p, HG_EAGAIN);
    }
}

static bool is_fresh(const struct kafka_whole *w, const struct kafka_parcel *p) {
    return kafka_mono_ms() - p->came_ms < w->transact.patience_ms;
}

/* The cluster is waited for. */
static bool goes_on(void *arg) {
    struct kafka_whole *w = arg;
    refuse_before(w, kafka_mono_ms() - (w->transact.is_said ? 0 : w->transact.patience_ms));
    lock(w);
    bool is_ending = w->is_ending;
    unlock(w);
    return !is_ending;
}

static struct kafka_parcel *take_group(struct kafka_whole *w) {
    struct kafka_parcel *group = NULL, **end = &group;
    size_t n = 0;
    lock(w);
    while (w->first != NULL && (n == 0 || n + w->first->n_items <= GROUP_MESSAGES_MAX)) {
        struct kafka_parcel *p = take_before(w, INT64_MAX);
        n += p->n_items;
        *end = p;
        end = &p->next;
    }
    unlock(w);
    return group;
}

/* What was in doubt is decided once a transaction could begin. */
static void settle(struct kafka_whole *w) {
    static const struct timespec pause = {.tv_nsec = KAFKA_STEP_MS * 1000000L};
    int64_t end_ms = kafka_mono_ms() + SETTLE_MS;
    while (goes_on(w) && kafka_mono_ms() < end_ms && kafka_transact_ready(&w->transact) != 0) {
        (void)nanosleep(&pause, NULL);
    }
}

static int result_of(const struct kafka_parcel *p, enum kafka_end end) {
    return end == KAFKA_END_DONE    ? 0
           : end == KAFKA_END_DOUBT ? HG_EDOUBT
           : p->err != 0            ? p->err
                                    : HG_EAGAIN;
}

/* One that no log takes undoes the others of its group with it. */
static bool may_try_again(const struct kafka_whole *w, const struct kafka_parcel *p) {
    bool is_at_fault = p->err == HG_EINVAL || p->err == HG_E2BIG || p->err == HG_EDENIED;
    return p->n_tries > 0 && p->n_tries < TRIES && !is_at_fault && is_fresh(w, p);
}

static enum kafka_end carry(struct kafka_whole *w, struct kafka_parcel *parcels) {
    enum kafka_end end = kafka_transact_run(&w->transact, parcels);
    if (end == KAFKA_END_DOUBT) {
        settle(w);
    }
    return end;
}

static void carry_group(struct kafka_whole *w, struct kafka_parcel *group) {
    enum kafka_end end = carry(w, group);
    while (group != NULL) {
        struct kafka_parcel *p = pop(&group);
        enum kafka_end own = end;
        if (end == KAFKA_END_UNDONE && may_try_again(w, p)) {
            own = carry(w, p);
        }
        kafka_parcel_answer(&p, result_of(p, own));
    }
}

/* False: there is no more. */
static bool wait_for_some(struct kafka_whole *w) {
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += IDLE_MS / 1000;
    lock(w);
    if (w->first == NULL && !w->is_ending) {
        (void)pthread_cond_timedwait(&w->more, &w->lock, &at);
    }
    bool goes_on = !w->is_ending;
    unlock(w);
    return goes_on;
}

static void *run(void *arg) {
    struct kafka_whole *w = arg;
    do {
        struct kafka_parcel *group = take_group(w);
        if (group != NULL) {
            carry_group(w, group);
        } else if (w->transact.owes_end) {
            (void)kafka_transact_ready(&w->transact);
        } else if (w->transact.rk != NULL) {
            (void)rd_kafka_poll(w->transact.rk, 0);
        }
    } while (wait_for_some(w));
    refuse_before(w, INT64_MAX);
    kafka_transact_fini(&w->transact);
    return NULL;
}

/* ----- the log thread ----- */

struct kafka_whole *kafka_whole_new(struct kafka *k) {
    struct kafka_whole *w = hg_try_alloc(sizeof *w);
    if (w == NULL) {
        return NULL;
    }
    w->k = k;
    w->end = &w->first;
    kafka_transact_init(&w->transact, k);
    w->transact.goes_on = goes_on;
    w->transact.arg = w;
    int rc = pthread_mutex_init(&w->lock, NULL);
    HG_ASSERT(rc == 0);
    hg_cond_init(&w->more);
    return w;
}

void kafka_whole_begin(struct kafka_whole *w) {
    w->has_thread = w->has_thread || hg_thread_start(&w->thread, run, w) == 0;
}

int kafka_whole_put(struct kafka_whole *w, struct hg_append *a) {
    struct kafka_parcel *p = NULL;
    kafka_whole_begin(w);
    if (!w->has_thread || kafka_parcel_new(w->k, a, &p) != 0) {
        return HG_EAGAIN;
    }
    lock(w);
    *w->end = p;
    w->end = &p->next;
    (void)pthread_cond_signal(&w->more);
    unlock(w);
    return 0;
}

void kafka_whole_free(struct kafka_whole **pw) {
    struct kafka_whole *w = *pw;
    *pw = NULL;
    if (w == NULL) {
        return;
    }
    lock(w);
    w->is_ending = true;
    (void)pthread_cond_signal(&w->more);
    unlock(w);
    if (w->has_thread) {
        int rc = pthread_join(w->thread, NULL);
        HG_ASSERT(rc == 0);
    }
    (void)pthread_cond_destroy(&w->more);
    (void)pthread_mutex_destroy(&w->lock);
    hg_free(w);
}
