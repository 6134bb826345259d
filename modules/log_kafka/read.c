/* SPDX-License-Identifier: Apache-2.0 */
/* read.c - reads at any place, several at a time, from a few consumers.
 *
 * A read that goes on where a consumer stands takes that one; else the least
 * recently used is moved. Who asks for what another is fetching waits for it. */
#include "read.h"

#include <time.h>

enum { HANDLES_MAX = 4, WAIT_MS = 5000, CACHE_BYTES = 32 << 20, NEAR = 1024, IDLE_MS = 2000 };

struct kafka_reads {
    struct kafka *k;
    pthread_mutex_t lock;
    pthread_cond_t more; /* a handle is free again */
    struct kafka_handle handles[HANDLES_MAX];
    uint64_t uses;
    struct kafka_cache cache;
};

struct kafka_reads *kafka_reads_new(struct kafka *k) {
    struct kafka_reads *r = hg_try_alloc(sizeof(*r));
    if (r == NULL) {
        return NULL;
    }
    r->k = k;
    r->cache.bytes_max = CACHE_BYTES;
    int rc = pthread_mutex_init(&r->lock, NULL);
    HG_ASSERT(rc == 0);
    hg_cond_init(&r->more);
    return r;
}

void kafka_reads_free(struct kafka_reads **pr) {
    struct kafka_reads *r = *pr;
    *pr = NULL;
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < HANDLES_MAX; i++) {
        kafka_handle_close(&r->handles[i]);
    }
    kafka_cache_clear(&r->cache);
    (void)pthread_cond_destroy(&r->more);
    (void)pthread_mutex_destroy(&r->lock);
    hg_free(r);
}

void kafka_reads_forget(struct kafka_reads *r) {
    (void)pthread_mutex_lock(&r->lock);
    kafka_cache_clear(&r->cache);
    (void)pthread_mutex_unlock(&r->lock);
}

static bool is_on(const struct kafka_handle *h, const struct kafka_want *want) {
    return h->topic == want->topic && h->partition == want->partition;
}

/* Under the lock. NULL: wait, and look into the cache again. */
static struct kafka_handle *pick(struct kafka_reads *r, const struct kafka_want *want) {
    struct kafka_handle *best = NULL;
    for (size_t i = 0; i < HANDLES_MAX; i++) {
        struct kafka_handle *h = &r->handles[i];
        if (h->is_busy) {
            if (h->for_topic == want->topic && h->for_partition == want->partition &&
                h->for_from <= want->from && want->from - h->for_from < NEAR) {
                return NULL; /* it is bringing that */
            }
        } else if (h->is_started && is_on(h, want) && h->next == want->from) {
            best = h;
            break;
        } else if (best == NULL || h->used < best->used) {
            best = h;
        }
    }
    if (best != NULL) {
        best->used = ++r->uses;
        best->used_ms = kafka_mono_ms();
        best->is_busy = true;
        best->for_topic = want->topic;
        best->for_partition = want->partition;
        best->for_from = want->from;
    }
    return best;
}

static bool wait_until(struct kafka_reads *r, int64_t deadline_ms) {
    struct timespec t = {.tv_sec = (time_t)(deadline_ms / 1000),
                         .tv_nsec = (long)(deadline_ms % 1000) * 1000000};
    return pthread_cond_timedwait(&r->more, &r->lock, &t) == 0;
}

/* With the lock, which is let go of while the cluster is asked. *ret_is_end:
 * nothing is there. */
static int fetch(struct kafka_reads *r, struct kafka_handle *h, const struct kafka_want *want,
                 int64_t deadline_ms, bool *ret_is_end) {
    struct kafka_block *block = NULL;
    (void)pthread_mutex_unlock(&r->lock);
    int err = h->rk == NULL ? kafka_handle_open(h, r->k) : 0;
    if (err == 0) {
        err = kafka_fetch(h, want->topic, want->partition, want->from, deadline_ms, &block);
    }
    (void)pthread_mutex_lock(&r->lock);
    h->is_busy = false;
    (void)pthread_cond_broadcast(&r->more);
    if (err == 0 && block->n > 0) {
        kafka_cache_put(&r->cache, &block);
    } else if (err == 0) {
        *ret_is_end = true;
        kafka_block_free(&block);
    }
    return err;
}

int kafka_read(void *state, const struct hg_log_read *want, struct hg_records *out) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    struct kafka_reads *r = k->reads;
    struct kafka_want w = {.topic = kafka_topic(k, want->topic),
                           .partition = want->partition,
                           .from = want->from,
                           .max_records = want->max_records,
                           .max_bytes = want->max_bytes};
    int64_t deadline_ms = kafka_mono_ms() + WAIT_MS;
    bool is_end = false;
    if (w.topic == NULL || w.partition >= w.topic->partitions) {
        return HG_ENOENT;
    }
    if (w.from > INT64_MAX) {
        return 0; /* behind every end; the client library would take it for a word of its own */
    }
    (void)pthread_mutex_lock(&r->lock);
    int err = kafka_cache_give(&r->cache, &w, out);
    while (err == 0 && w.n == 0 && !is_end) {
        struct kafka_handle *h = pick(r, &w);
        if (h != NULL) {
            err = fetch(r, h, &w, deadline_ms, &is_end);
        } else if (!wait_until(r, deadline_ms)) {
            err = HG_EAGAIN;
        }
        err = err == 0 ? kafka_cache_give(&r->cache, &w, out) : err;
    }
    (void)pthread_mutex_unlock(&r->lock);
    return err;
}

void kafka_tick(void *state) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    struct kafka_reads *r = k->reads;
    int64_t now_ms = kafka_mono_ms();
    kafka_flush(k); /* where no answer comes */
    (void)pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < HANDLES_MAX; i++) {
        struct kafka_handle *h = &r->handles[i];
        if (!h->is_busy && h->is_started && now_ms - h->used_ms > IDLE_MS) {
            kafka_handle_rest(h);
        }
    }
    (void)pthread_mutex_unlock(&r->lock);
}
