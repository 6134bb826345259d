/* SPDX-License-Identifier: Apache-2.0 */
/* own.c - runs of what this process wrote. */
#include "own.h"

#include "headgate/record.h"
#include "tail.h"

enum {
    RUN_RECORDS = 256,
    WAIT_RECORDS = 4096, /* of a partition, and in the queue */
};

void kafka_own_init(struct kafka_own *own) {
    int rc = pthread_mutex_init(&own->lock, NULL);
    HG_ASSERT(rc == 0);
}

static void append(struct kafka_runs *runs, struct kafka_block *run) {
    run->newer = NULL;
    *(runs->first != NULL ? &runs->last->newer : &runs->first) = run;
    runs->last = run;
    runs->n_records += run->n;
}

/* NULL: none. */
static struct kafka_block *take_first(struct kafka_runs *runs) {
    struct kafka_block *run = runs->first;
    if (run != NULL) {
        runs->first = run->newer;
        runs->n_records -= run->n;
    }
    return run;
}

void kafka_own_drop(struct kafka_runs *runs) {
    struct kafka_block *run;
    while ((run = take_first(runs)) != NULL) {
        kafka_block_free(&run);
    }
}

void kafka_own_fini(struct kafka_own *own) {
    kafka_own_drop(&own->queue);
    (void)pthread_mutex_destroy(&own->lock);
}

/* ----- the line's thread ----- */

static void put(struct kafka_own *own, struct kafka_block **prun) {
    struct kafka_block *run = *prun;
    *prun = NULL;
    if (run == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&own->lock);
    if (own->queue.n_records < WAIT_RECORDS) {
        append(&own->queue, run);
        run = NULL;
    }
    atomic_store(&own->is_waiting, true);
    (void)pthread_mutex_unlock(&own->lock);
    kafka_block_free(&run);
}

static bool continues(const struct kafka_block *run, const struct hg_append_item *item) {
    return run->topic->id == item->topic && run->partition == item->partition &&
           run->next == item->record.offset && run->n < RUN_RECORDS;
}

void kafka_own_add(struct kafka_line *l, const struct hg_append_item *item) {
    struct kafka_tail *t = l->k->tail;
    struct hg_record record = item->record;
    if (t == NULL || atomic_load_explicit(&t->own.n_topics, memory_order_relaxed) == 0) {
        return;
    }
    if (l->run != NULL && !continues(l->run, item)) {
        put(&t->own, &l->run);
    }
    const struct kafka_topic *topic =
        l->run != NULL ? l->run->topic : kafka_topic(l->k, item->topic);
    if (l->run == NULL && topic != NULL) {
        l->run = kafka_block_new(topic, item->partition, record.offset);
    }
    if (l->run == NULL) {
        return;
    }
    record.event = record.event != NULL ? hg_event_ref(record.event) : NULL;
    if (kafka_block_add(l->run, &record, 0) != 0) {
        hg_event_unref(&record.event);
        kafka_block_free(&l->run);
    }
}

void kafka_own_give(struct kafka_line *l) {
    if (l->run != NULL) {
        struct kafka_tail *t = l->k->tail;
        put(&t->own, &l->run);
        kafka_own_show(t);
    }
}

/* ----- under the tail's lock ----- */

static struct tail_topic *followed(struct kafka_tail *t, const struct kafka_block *run) {
    struct tail_topic *i = t->topics;
    while (i != NULL && i->topic != run->topic) {
        i = i->older;
    }
    return i != NULL && run->partition < i->n_parts && !i->parts[run->partition].is_lost ? i : NULL;
}

/* The run begins at next or before, and ends behind it. */
static void show(struct kafka_tail *t, const struct tail_topic *topic,
                 const struct kafka_block *run) {
    struct tail_part *part = &topic->parts[run->partition];
    size_t skip = (size_t)(part->next - run->first);
    part->next = run->next;
    part->moved_ms = kafka_mono_ms();
    hg_log_tail(t->k->up, topic->topic->id, run->partition, run->records + skip, run->n - skip);
}

void kafka_own_drain(struct kafka_tail *t, const struct tail_topic *topic, uint32_t p) {
    struct tail_part *part = &topic->parts[p];
    while (!part->is_lost && part->own.first != NULL && part->own.first->first <= part->next) {
        struct kafka_block *run = take_first(&part->own);
        if (run->next > part->next) {
            show(t, topic, run);
        }
        kafka_block_free(&run);
    }
}

/* Two producers, one of which is being emptied, may report out of order. */
static void wait_for_others(struct tail_part *part, struct kafka_block *run) {
    if (part->own.n_records >= WAIT_RECORDS) {
        kafka_own_drop(&part->own);
    }
    if (part->own.first == NULL || part->own.last->next <= run->first) {
        append(&part->own, run);
    } else {
        kafka_block_free(&run);
    }
}

static void show_queue(struct kafka_tail *t) {
    struct kafka_block *run;
    (void)pthread_mutex_lock(&t->own.lock);
    struct kafka_runs runs = t->own.queue;
    t->own.queue = (struct kafka_runs){0};
    atomic_store(&t->own.is_waiting, false);
    (void)pthread_mutex_unlock(&t->own.lock);
    while ((run = take_first(&runs)) != NULL) {
        struct tail_topic *topic = followed(t, run);
        if (topic == NULL) {
            kafka_block_free(&run);
            continue;
        }
        uint32_t p = run->partition;
        wait_for_others(&topic->parts[p], run);
        kafka_own_drain(t, topic, p);
    }
}

/* Who finds the lock taken leaves its runs to whoever has it. */
void kafka_own_show(struct kafka_tail *t) {
    while (atomic_load(&t->own.is_waiting) && pthread_mutex_trylock(&t->lock) == 0) {
        show_queue(t);
        (void)pthread_mutex_unlock(&t->lock);
    }
}
