/* SPDX-License-Identifier: Apache-2.0 */
/* read.h - the reading half of the driver, for its own files: messages become
 * records that are kept (take.c), blocks of them (cache.c), consumers that
 * fetch them (fetch.c), reads (read.c), and the tail (tail.c). */
#ifndef LOG_KAFKA_READ_H
#define LOG_KAFKA_READ_H

#include "kafka.h"
#include "record.h"

/* take.c */
extern struct hg_counter kafka_take_counters[]; /* by enum kafka_reading */
/* The record of a message, with one reference of its event; key and headers
 * borrow from the message and the reader. HG_ENOMEM. */
int kafka_take(struct kafka_reader *reader, const char *topic, const rd_kafka_message_t *m,
               struct hg_record *ret);
size_t kafka_take_bytes(const rd_kafka_message_t *m); /* estimate of what it keeps in memory */

/* cache.c: all records of a partition from first to before next. */
struct kafka_block {
    const struct kafka_topic *topic;
    uint32_t partition;
    uint64_t first, next;
    int64_t made_ms; /* monotonic */
    size_t bytes;
    struct hg_record *records; /* key and headers lie in memory of the block */
    size_t n, cap;
    struct kafka_block *newer, *older;
};

/* Not locked: the reads' lock covers it. */
struct kafka_cache {
    struct kafka_block *newest, *oldest;
    size_t n, bytes, bytes_max;
};

struct kafka_block *kafka_block_new(const struct kafka_topic *topic, uint32_t partition,
                                    uint64_t first);
void kafka_block_free(struct kafka_block **pb);
/* Copies key and headers, takes the event. HG_ENOMEM. */
int kafka_block_add(struct kafka_block *b, struct hg_record *record, size_t bytes);

/* Takes *pb. */
void kafka_cache_put(struct kafka_cache *c, struct kafka_block **pb);
/* Adds what is wanted and there, from *from on, and moves *from behind what is
 * known. HG_ENOMEM. */
struct kafka_want {
    const struct kafka_topic *topic;
    uint32_t partition;
    uint64_t from;
    size_t max_records, max_bytes;
    size_t n, bytes; /* given */
};
int kafka_cache_give(struct kafka_cache *c, struct kafka_want *want, struct hg_records *out);
void kafka_cache_clear(struct kafka_cache *c);

/* fetch.c: one consumer, standing at a place. Whoever has set is_busy has it. */
struct kafka_handle {
    struct kafka *k;
    rd_kafka_t *rk;
    rd_kafka_topic_t *rkt; /* the topic's last; NULL: none yet */
    bool is_started;
    const struct kafka_topic *topic;
    uint32_t partition;
    uint64_t next; /* where it stands, or what it fetches from */
    struct kafka_reader *reader;
    /* The reads' lock covers these: whose it is, and what for. */
    bool is_busy;
    uint64_t used; /* a count, for the least recently used */
    int64_t used_ms;
    const struct kafka_topic *for_topic;
    uint32_t for_partition;
    uint64_t for_from;
};

int kafka_handle_open(struct kafka_handle *h, struct kafka *k);
void kafka_handle_close(struct kafka_handle *h);
void kafka_handle_rest(struct kafka_handle *h); /* fetches nothing until it is used again */
/* A block that begins at from; empty at the end. HG_ENOENT: from is gone.
 * HG_EAGAIN: the cluster did not answer until the deadline, or what comes next
 * belongs to a transaction that is not over. */
int kafka_fetch(struct kafka_handle *h, const struct kafka_topic *topic, uint32_t partition,
                uint64_t from, int64_t deadline_ms, struct kafka_block **ret);
int64_t kafka_mono_ms(void);
int64_t kafka_mono_us(void);

/* read.c */
struct kafka_reads *kafka_reads_new(struct kafka *k); /* NULL: no memory */
void kafka_reads_free(struct kafka_reads **pr);
/* What is kept of the topic is void. */
void kafka_reads_forget(struct kafka_reads *r);

/* tail.c */
struct kafka_tail *kafka_tail_new(struct kafka *k); /* NULL: no memory */
void kafka_tail_free(struct kafka_tail **pt);

#endif
