/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h - a feed over a real log and a driver in memory, on one loop that the
 * test turns. What the tail brings is the truth that clients are held to; the
 * test may keep it from the feed for a while, and may keep reads waiting. */
#ifndef HG_TESTS_UNIT_FEED_RIG_H
#define HG_TESTS_UNIT_FEED_RIG_H

#include "unit/unit.h"

#include <pthread.h>

#include "feed/internal.h"
#include "loop/loop.h"
#include "support/remote_log.h"

enum { RIG_TEXT_MAX = 24 };

/* One record as the tail showed it. */
struct rig_record {
    uint64_t offset;
    uint32_t fingerprint;
    char id[RIG_TEXT_MAX], type[RIG_TEXT_MAX], subject[RIG_TEXT_MAX];
};

struct rig_part {
    struct rig_record *records;
    size_t n, cap;
};

/* Where the event with a number in its id stands. */
struct rig_where {
    uint32_t topic, partition;
    size_t index;
    uint64_t offset;
    bool is_void; /* it was cut off */
};

struct rig_options {
    size_t window_bytes_max; /* 0: 1 MiB */
    size_t read_bytes_max;   /* 0: 64 KiB */
    unsigned reads_max;      /* 0: 2 */
    unsigned partitions;     /* 0: 1 */
    bool is_remote;          /* the tail comes by wish, and when the test pumps */
};

struct rig {
    union {
        struct fake_log fake; /* first: the driver's state */
        struct remote_log remote;
    };
    bool is_remote;
    struct hg_log_ops driver;
    pthread_mutex_t lock;
    pthread_cond_t go;
    bool are_reads_held;
    atomic_int read_err;         /* of the reads to come */
    atomic_ullong read_err_from; /* of those from there on */
    atomic_int n_reads;
    struct hg_loop *loop;
    struct hg_log *log;
    struct hg_feed *feed;
    uint32_t n_topics;
    struct rig_part truth[FAKE_TOPICS][FAKE_PARTITIONS];
    struct rig_where *where; /* by number */
    size_t cap_where;
    bool is_tail_held;
    struct hg_batch **tails; /* held back, in order */
    size_t n_tails, cap_tails;
    size_t n_pending; /* publishes under way */
    size_t n_published;
};

struct rig *rig_new(const struct rig_options *options, unsigned n_topics);
void rig_free(struct rig **prig);

/* On its way into the log. */
void rig_begin_publish(struct rig *rig, uint32_t topic, const char *type, const char *subject);
/* One durable event; its id is unique. Waits until the tail has come. */
void rig_publish(struct rig *rig, uint32_t topic, const char *type, const char *subject);
void rig_publish_many(struct rig *rig, uint32_t topic, size_t n);
/* Another producer's event; is_remote only. */
void rig_write(struct rig *rig, uint32_t topic, uint32_t partition, const char *type,
               const char *subject);
/* The topic has so many partitions from now on, and the log knows it; is_remote only. */
void rig_grow(struct rig *rig, uint32_t topic, uint32_t partitions);
/* The partition ends at `end`; the log hears of it if the topic is followed. */
void rig_cut(struct rig *rig, uint32_t topic, uint32_t partition, uint64_t end);
/* Where the topic's next record goes, as published. */
uint64_t rig_next(const struct rig *rig, uint32_t topic);

/* Batches are kept from the feed until they are let through: the n oldest;
 * as one batch where they follow each other when is_joined. */
void rig_hold_tail(struct rig *rig);
void rig_let_tail(struct rig *rig, size_t n, bool is_joined);
void rig_release_tail(struct rig *rig);
void rig_hold_reads(struct rig *rig, bool are_held);

/* The driver forgets what is below; the log is not told. */
void rig_trim(struct rig *rig, uint32_t topic, uint64_t before);
/* A batch that the log never had, given to the feed and taken for the truth. */
void rig_tail(struct rig *rig, uint32_t topic, uint32_t epoch, uint64_t from, size_t n);

/* Turn the loop until it is so; fails the test after 10 s. */
void rig_until(struct rig *rig, bool (*is_so)(void *arg), void *arg);
/* Until every subscriber is live, or `catching` of them are not. */
void rig_until_live(struct rig *rig, size_t catching);
/* For as long as something happens at once. */
void rig_turn(struct rig *rig);
/* Turn for a while, for what happens in its own time. */
void rig_turn_ms(struct rig *rig, int64_t ms);

#endif
