/* SPDX-License-Identifier: Apache-2.0 */
/* fake_log.h - a driver that keeps topics in memory, answers when a test says
 * so, and fails on demand. */
#ifndef TESTS_SUPPORT_FAKE_LOG_H
#define TESTS_SUPPORT_FAKE_LOG_H

#include <pthread.h>
#include <stdatomic.h>

#include "headgate/log.h"

enum { FAKE_TOPICS = 16, FAKE_PARTITIONS = 4 };

struct fake_part {
    struct hg_record *records; /* offset is the index, holes have no event */
    size_t n, cap;
    uint64_t first;
};

struct fake_topic {
    char name[64];
    uint32_t epoch;
    uint32_t partitions;
    int64_t event_bytes_max; /* as it was first opened */
    struct fake_part parts[FAKE_PARTITIONS];
};

/* What is stored lives in the store, so that a driver can be opened again. */
struct fake_log {
    pthread_mutex_t lock;
    struct fake_topic topics[FAKE_TOPICS];
    int ids[FAKE_TOPICS]; /* by the gateway's id: index in topics */
    struct hg_log_up *up;
    struct hg_append *held, **held_end; /* flushed but not answered: is_manual */
    struct hg_append *group, **group_end;
    bool is_manual;             /* completions wait for fake_log_answer */
    atomic_int fail_next;       /* the error of the next appends, or 0 */
    atomic_size_t room;         /* bytes of events that an append may have; 0: any */
    atomic_size_t refused_next; /* the item that an HG_E2BIG or HG_EINVAL is about */
    atomic_int open_err, list_err;
    atomic_int flushes, appends, ticks, n_held;
    int64_t answer_ms;   /* for who adds HG_LOG_LATE */
    int64_t log_time_ms; /* of the next record; 0: the wall clock */
    bool is_tail_silent;
};

extern const struct hg_log_ops fake_log_ops;
/* The same store with a result for each item and a tail by wish. */
extern const struct hg_log_ops fake_log_parts_ops;

void fake_log_init(struct fake_log *fake);
void fake_log_fini(struct fake_log *fake);
/* The arguments of an open that reaches this fake. */
struct hg_log_open fake_log_open(struct fake_log *fake);
/* A record that was stored by somebody else; no tail, no completion. Takes a
 * reference of its own. */
void fake_log_store(struct fake_log *fake, struct hg_append_item *item);
/* Records from `end` on are gone. */
void fake_log_cut(struct fake_log *fake, uint32_t topic, uint32_t partition, uint64_t end);
/* The value of a record's header; {NULL, 0}: it has none of the name. */
struct hg_slice fake_log_header(const struct hg_record *r, const char *name);
/* Any thread: complete the n oldest held appends with err. What is held when the
 * driver is closed is in doubt. */
void fake_log_answer(struct fake_log *fake, size_t n, int err);
/* Any thread, with fake_log_parts_ops: complete one held append, the oldest
 * being 0, with a result for each of its items. */
void fake_log_answer_items(struct fake_log *fake, size_t nth, const int *errs, size_t n);

/* Any thread: one item of a held append is stored and told; the append is not complete. */
void fake_log_tell(struct fake_log *fake, size_t nth, size_t item);
/* All items of it were told. */
void fake_log_complete(struct fake_log *fake, size_t nth);

#endif
