/* SPDX-License-Identifier: Apache-2.0 */
/* remote_log.h - the driver in memory as one on another machine: questions may
 * hang, others write too, the tail comes by wish, and a topic may be cut back. */
#ifndef TESTS_SUPPORT_REMOTE_LOG_H
#define TESTS_SUPPORT_REMOTE_LOG_H

#include "support/fake_log.h"

struct remote_log {
    struct fake_log fake; /* first: the driver's state */
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t go;
    bool is_held; /* questions wait */
    pthread_t asked;
    size_t n_asked, n_waiting;
    bool is_read_held[FAKE_TOPICS]; /* by the gateway's id: reads wait */
    size_t n_reading;               /* that wait */
    pthread_t read_by;
    atomic_int read_err;   /* of the reads to come */
    atomic_size_t n_reads; /* that came, and seeks */
    atomic_int follow_err; /* of the wishes to come */
    atomic_size_t n_follows, n_unfollows;
    atomic_size_t n_opens;            /* topic_open */
    size_t n_foreign;                 /* further topics that a list tells: foreign.0, ... */
    bool is_followed[FAKE_TOPICS];    /* by the gateway's id */
    uint32_t n_followed[FAKE_TOPICS]; /* partitions of it */
    atomic_uint n_hidden; /* so many records at the end of each are described to nobody */
    uint64_t tail_at[FAKE_TOPICS][FAKE_PARTITIONS]; /* what the tail gives next */
};

/* HG_LOG_REMOTE and HG_LOG_FOLLOW beside what the driver in memory has. */
struct hg_log_ops remote_log_ops(void);

void remote_log_init(struct remote_log *remote);
void remote_log_fini(struct remote_log *remote);
/* topic_open, describe, list and follow wait until they are let go. */
void remote_log_hold(struct remote_log *remote, bool is_held);
/* The same for reads and seeks of one topic. */
void remote_log_hold_reads(struct remote_log *remote, uint32_t topic, bool is_held);
size_t remote_log_reading(struct remote_log *remote); /* how many wait */
size_t remote_log_waiting(struct remote_log *remote);
/* Another producer's record; takes the event. */
void remote_log_write(struct remote_log *remote, uint32_t topic, uint32_t partition,
                      struct hg_event *event);
bool remote_log_is_followed(struct remote_log *remote, uint32_t topic);
/* Give what the followed topics have that the tail did not give yet. One thread. */
void remote_log_pump(struct remote_log *remote);
/* The topic has so many partitions from now on; nobody is told. */
void remote_log_grow(struct remote_log *remote, uint32_t topic, uint32_t partitions);
/* The partition ends at `end` from now on; told if it is followed. The thread
 * that pumps. */
void remote_log_cut(struct remote_log *remote, uint32_t topic, uint32_t partition, uint64_t end);

#endif
