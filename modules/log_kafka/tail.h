/* SPDX-License-Identifier: Apache-2.0 */
/* tail.h - the tail, for tail.c and for care.c, which sees to it that the log
 * under it is still the same. */
#ifndef LOG_KAFKA_TAIL_H
#define LOG_KAFKA_TAIL_H

#include "own.h"
#include "read.h"

/* A record by which the log is known again. */
struct tail_anchor {
    bool is_there;
    uint64_t offset;
    int64_t time_ms;
};

struct tail_part {
    uint64_t from, next;       /* where it was started; what comes next */
    int64_t moved_ms;          /* monotonic: when next was last set */
    struct tail_anchor last;   /* that was fetched */
    struct tail_anchor anchor; /* that was in this log when it was last looked at */
    struct kafka_runs own;     /* acknowledged to this process, from behind next on */
    bool is_lost;  /* where it stood is not in the log any more; is to be started again */
    bool is_found; /* at found */
    uint64_t found;
};

struct tail_topic {
    struct tail_topic *older;
    const struct kafka_topic *topic; /* as last followed */
    rd_kafka_topic_t *rkt;           /* NULL: not followed */
    uint32_t n_parts;                /* that run */
    struct tail_part *parts;         /* room for as many as the topic has */
};

/* The thread that looks. */
struct kafka_care {
    rd_kafka_t *rk;
    pthread_t thread;
    size_t turn;       /* which of the partitions is next */
    bool has_new_loss; /* the tail's lock covers it */
};

struct kafka_tail {
    struct kafka *k;
    pthread_mutex_t lock;
    pthread_cond_t wake; /* is_ending was set, or one is lost */
    rd_kafka_t *rk;      /* NULL: nothing has been followed yet */
    rd_kafka_queue_t *queue;
    struct kafka_reader *reader;
    pthread_t thread;
    struct tail_topic *topics;
    unsigned n_found;
    struct kafka_own own;
    _Atomic bool is_ending;
    struct kafka_care care;
};

/* Any thread: is what the tail gave in the last minute, or where it was started then, behind
 * the offset? A leader that was just chosen may not know yet that all copies have it. */
bool kafka_tail_is_behind(struct kafka_tail *t, const char *topic, uint32_t partition,
                          uint64_t offset);

/* care.c. HG_EIO: no thread. */
int kafka_care_start(struct kafka_tail *t);
/* is_ending is set. */
void kafka_care_stop(struct kafka_tail *t);
/* Under the lock: it is found out where it goes on. */
void kafka_care_lost(struct kafka_tail *t, struct tail_part *part);

#endif
