/* SPDX-License-Identifier: Apache-2.0 */
/* follow.c - the tail by wish: loops say which topics they want, the driver is
 * asked when the first one comes and when the last one leaves.
 *
 *   loop: follow ──► errand: counted; of the first, the driver is asked where
 *                    the tail begins ──► log thread: the range ──► loop: done
 *   loop: unfollow ► errand: counted; of the last, the driver is told
 *
 * The answer goes by the log thread, behind what that knows of the range. */
#include "log/inner.h"

/* Two have it: the loop until it was answered, the errands until it has left. */
struct hg_log_follower {
    struct hg_task join, leave;
    struct hg_log *log;
    struct hg_topic *topic;
    struct hg_loop *loop;
    hg_log_followed_fn done;
    void *arg;
    int err;
    atomic_int n_holders;
    bool is_gone;    /* the loop's: it wants no answer */
    bool is_counted; /* the errands' */
};

static void drop(struct hg_log_follower *f) {
    if (atomic_fetch_sub(&f->n_holders, 1) == 1) {
        hg_free(f);
    }
}

/* The log may be gone by now. */
static void on_answer(struct hg_task *task) {
    struct hg_log_follower *f = HG_CONTAINER(task, struct hg_log_follower, join);
    if (!f->is_gone) {
        f->done(f->arg, f->err);
    }
    drop(f);
}

struct begun {
    struct hg_log_follower *follower;
    struct hg_log_range *ranges; /* NULL: nothing new */
};

/* It ends before what was known already: cut back while nobody looked. It begins
 * before: made again. */
static void show_range(struct hg_log *log, struct hg_topic *topic, uint32_t partition,
                       const struct hg_log_range *range) {
    const struct hg_topic_part *part = hg_topic_part(topic, partition);
    bool is_same = atomic_load_explicit(&topic->epoch, memory_order_relaxed) == range->epoch;
    if (is_same && range->first < atomic_load_explicit(&part->first, memory_order_relaxed)) {
        hg_log__on_lost(&log->up, topic->id, partition, range->first);
    } else if (is_same && range->next < part->end_before) {
        hg_log__on_lost(&log->up, topic->id, partition, range->next);
    }
    hg_topic_set_range(topic, partition, range);
}

static void on_begun(struct hg_log *log, void *arg) {
    const struct begun *b = arg;
    struct hg_log_follower *f = b->follower;
    for (uint32_t p = 0; b->ranges != NULL && p < hg_topic_partitions(f->topic); p++) {
        if (p < b->ranges[0].partitions) {
            show_range(log, f->topic, p, &b->ranges[p]);
        }
    }
    f->join.run = on_answer;
    hg_crossings_answer(&log->crossings, f->loop, &f->join);
}

static void end_copies(struct hg_log *log, struct hg_topic *topic) {
    if (log->copies != NULL) {
        hg_copies_tail_end(log->copies, topic);
    }
}

/* What we wrote ourselves is known, though it may stand behind an open transaction. */
static int look_behind(struct hg_log *log, struct hg_topic *topic,
                       const struct hg_log_range *ranges) {
    uint32_t n = hg_topic_partitions(topic);
    int err = 0;
    for (uint32_t p = 0; err == 0 && p < n && p < ranges[0].partitions; p++) {
        struct hg_topic_part *part = hg_topic_part(topic, p);
        uint64_t end = 0;
        if (log->ops->end == NULL || ranges[p].next >= part->end_before) {
            continue;
        }
        err = log->ops->end(log->driver, topic->id, p, &end);
        if (err == 0 && end >= part->end_before) {
            part->end_before = ranges[p].next;
        }
    }
    return err;
}

static int begin(struct hg_log *log, struct hg_topic *topic, struct hg_log_range **ret_ranges) {
    bool is_warm = log->copies == NULL || hg_topic_part(topic, 0)->tail != NULL;
    if (topic->is_followed && is_warm) {
        return 0;
    }
    for (uint32_t p = 0; p < hg_topic_partitions(topic); p++) {
        hg_topic_part(topic, p)->end_before =
            atomic_load_explicit(&hg_topic_part(topic, p)->next, memory_order_acquire);
    }
    int err = log->copies != NULL ? hg_copies_tail_begin(log->copies, topic) : 0;
    if (err == 0 && !topic->is_followed) {
        err = log->ops->follow(log->driver, topic->id, true);
        topic->is_followed = err == 0;
    }
    err = err == 0 ? hg_log_refresh__ranges(log, topic->id, ret_ranges) : err;
    err = err == 0 ? look_behind(log, topic, *ret_ranges) : err;
    if (err == 0) {
        hg_log_grow__take(log, topic, *ret_ranges);
    }
    if (err == 0 && log->copies != NULL) {
        err = hg_copies_tail_warm(log->copies, topic, *ret_ranges, false);
    }
    if (err != 0) {
        topic->is_followed =
            topic->is_followed && log->ops->follow(log->driver, topic->id, false) != 0;
        end_copies(log, topic);
    }
    return err;
}

static void on_join(struct hg_task *task) {
    struct hg_log_follower *f = HG_CONTAINER(task, struct hg_log_follower, join);
    struct begun b = {.follower = f};
    f->err = HG_ECLOSED;
    if (!atomic_load_explicit(&f->log->is_closed, memory_order_relaxed)) {
        f->err = begin(f->log, f->topic, &b.ranges);
    }
    f->is_counted = f->err == 0;
    f->topic->n_followers += f->is_counted;
    hg_errands_tell(f->log, on_begun, &b);
    hg_free(b.ranges);
}

/* A driver that cannot end it goes on giving what nobody wants: that costs, and
 * is asked again when the next one has come and left. */
static void on_leave(struct hg_task *task) {
    struct hg_log_follower *f = HG_CONTAINER(task, struct hg_log_follower, leave);
    struct hg_topic *topic = f->topic;
    topic->n_followers -= f->is_counted;
    if (f->is_counted && topic->n_followers == 0) {
        topic->is_followed = f->log->ops->follow(f->log->driver, topic->id, false) != 0;
        topic->owes_tail = false;
        if (!topic->is_followed) {
            end_copies(f->log, topic);
        }
    }
    drop(f);
}

bool hg_log_is_tail_by_wish(const struct hg_log *log) {
    return (log->ops->caps & HG_LOG_FOLLOW) != 0;
}

int hg_log_follow(struct hg_log *log, uint32_t topic_id, hg_log_followed_fn done, void *arg,
                  struct hg_log_follower **ret) {
    struct hg_topic *topic = hg_topics_get(log->topics, topic_id);
    if (topic == NULL) {
        return HG_ENOENT;
    }
    if (atomic_load_explicit(&log->is_closed, memory_order_relaxed)) {
        return HG_ECLOSED;
    }
    struct hg_log_follower *f = hg_try_alloc(sizeof *f);
    if (f == NULL) {
        return HG_ENOMEM;
    }
    *f = (struct hg_log_follower){
        .join.run = on_join,
        .leave.run = on_leave,
        .log = log,
        .topic = topic,
        .loop = hg_loop_current(),
        .done = done,
        .arg = arg,
    };
    HG_ASSERT(f->loop != NULL);
    atomic_init(&f->n_holders, 2);
    hg_errands_put(log, &f->join);
    *ret = f;
    return 0;
}

void hg_log_unfollow(struct hg_log_follower **pf) {
    struct hg_log_follower *f = *pf;
    *pf = NULL;
    if (f != NULL) {
        f->is_gone = true;
        hg_errands_put(f->log, &f->leave);
    }
}
