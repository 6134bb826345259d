/* SPDX-License-Identifier: Apache-2.0 */
/* lane.c - guesses when a partition's answer comes, from how long the last ones took. */
#include "lane.h"

enum {
    SMOOTH = 8,              /* the last answer counts for one in so many */
    WAIT_MAX_US = 50 * 1000, /* beyond it the cluster is in trouble, not busy */
};

void kafka_lane_init(struct kafka_lane *lane) {
    *lane = (struct kafka_lane){.first = NULL};
    lane->last = &lane->first;
}

static void learn(struct kafka_lane *lane, int64_t took_us) {
    int64_t off_us = took_us - lane->answer_us;
    if (took_us <= 0) {
        return;
    }
    if (lane->answer_us == 0) {
        lane->answer_us = took_us;
        return;
    }
    lane->answer_us += off_us / SMOOTH;
    lane->off_us += ((off_us < 0 ? -off_us : off_us) - lane->off_us) / SMOOTH;
}

/* What was given while a batch was under way is sent with its answer. */
static void look(struct kafka_lane *lane, int64_t now_us) {
    uint64_t n_done = atomic_load_explicit(&lane->n_done, memory_order_relaxed);
    if (n_done == lane->n_seen) {
        return;
    }
    lane->n_seen = n_done;
    if (n_done < lane->batch_end) { /* a batch is reported one by one */
        return;
    }
    learn(lane, now_us - lane->sent_us);
    lane->sent_us = now_us;
    lane->batch_end = lane->n_given;
}

bool kafka_lane_is_open(struct kafka_lane *lane, int64_t now_us, int64_t linger_us) {
    look(lane, now_us);
    if (lane->n_given - lane->n_seen < KAFKA_LANE_FREE || lane->n_seen < lane->open_until) {
        return true;
    }
    /* Too early costs a core until the answer, too late no more than linger. */
    int64_t wait_us = lane->answer_us + lane->off_us - linger_us;
    return now_us < lane->sent_us ||
           now_us >= lane->sent_us + (wait_us < WAIT_MAX_US ? wait_us : WAIT_MAX_US);
}

void kafka_lane_given(struct kafka_lane *lane, bool is_alone, int64_t now_us, int64_t linger_us) {
    if (lane->n_given == lane->n_seen) {
        lane->sent_us = now_us + linger_us;
    }
    lane->n_given++;
    if (now_us <= lane->sent_us) {
        lane->batch_end = lane->n_given;
    }
    if (!is_alone) {
        lane->open_until = lane->n_given;
    }
}

void kafka_lane_put(struct kafka_lane *lane, struct kafka_mark *mark) {
    mark->next = NULL;
    *lane->last = mark;
    lane->last = &mark->next;
}

struct kafka_mark *kafka_lane_take(struct kafka_lane *lane) {
    struct kafka_mark *mark = lane->first;
    if (mark != NULL) {
        lane->first = mark->next;
        lane->last = lane->first != NULL ? lane->last : &lane->first;
    }
    return mark;
}

/* ----- all of them ----- */

static void *grow(void *items, uint32_t *n, uint32_t wanted, size_t size) {
    char *more = hg_try_realloc(items, wanted * size);
    if (more != NULL) {
        memset(more + *n * size, 0, (wanted - *n) * size);
        *n = wanted;
    }
    return more;
}

struct kafka_lane *kafka_lanes_of(struct kafka_lanes *s, uint32_t topic, uint32_t partition) {
    if (topic >= s->n_topics) {
        struct kafka_lanes_topic *topics =
            grow(s->topics, &s->n_topics, topic + 16, sizeof *topics);
        if (topics == NULL) {
            return NULL;
        }
        s->topics = topics;
    }
    struct kafka_lanes_topic *t = &s->topics[topic];
    if (partition >= t->n) {
        struct kafka_lane **parts = grow(t->parts, &t->n, partition + 1, sizeof *parts);
        if (parts == NULL) {
            return NULL;
        }
        t->parts = parts;
    }
    if (t->parts[partition] == NULL) {
        t->parts[partition] = hg_try_alloc(sizeof *t->parts[partition]);
        if (t->parts[partition] != NULL) {
            kafka_lane_init(t->parts[partition]);
        }
    }
    return t->parts[partition];
}

void kafka_lanes_list(struct kafka_lanes *s, struct kafka_lane *lane) {
    if (!lane->is_listed) {
        lane->is_listed = true;
        lane->next_listed = s->listed;
        s->listed = lane;
    }
}

struct kafka_lane *kafka_lanes_unlist(struct kafka_lanes *s) {
    struct kafka_lane *all = s->listed;
    for (struct kafka_lane *i = all; i != NULL; i = i->next_listed) {
        i->is_listed = false;
    }
    s->listed = NULL;
    return all;
}

void kafka_lanes_fini(struct kafka_lanes *s) {
    for (uint32_t t = 0; t < s->n_topics; t++) {
        for (uint32_t p = 0; p < s->topics[t].n; p++) {
            hg_free(s->topics[t].parts[p]);
        }
        hg_free(s->topics[t].parts);
    }
    hg_free(s->topics);
    *s = (struct kafka_lanes){.n_topics = 0};
}
