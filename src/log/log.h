/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - the event log as the gate and the feed see it, whatever driver
 * keeps it. Owns the log thread (appends, dedup, upkeep: the one writer), the
 * reader threads and the table of topics. Outlives generations.
 *
 *   loop ── hg_log_append ──► log thread: dedup, driver append, flush
 *   loop ◄── tail, then done ─┘
 *   loop ── hg_log_read ──► reader thread: driver read ──► loop: done */
#ifndef HG_LOG_LOG_H
#define HG_LOG_LOG_H

#include "base/hash.h"
#include "headgate/log.h"
#include "headgate/loop.h"
#include "log/position.h"
#include "log/topic.h"

struct hg_log;

/* Newly durable records of one partition: reference-counted, immutable,
 * shared by all loops. */
struct hg_batch {
    _Atomic uint32_t refs;
    uint32_t topic;
    uint32_t partition;
    uint32_t epoch;
    bool is_lost;  /* n is 0: what was shown is void from some record on */
    uint64_t next; /* is_lost: it goes on here or later */
    size_t n;
    size_t bytes;             /* estimate of what it keeps in memory */
    struct hg_entry *entries; /* log/entry.h; one per record, in offset order */
};

struct hg_log_setup {
    const struct hg_log_ops *driver;
    struct hg_log_open open;
    struct hg_loop *const *loops; /* tail batches are posted to each */
    unsigned n_loops;
    /* On each loop, in log order, before the done of the append it came from.
     * The batch is borrowed. When memory runs out a batch may be missing: the
     * next one then begins beyond the last one's end, or has n 0 and says only
     * that hg_log_topic_range is ahead; what lies between is to be read. A loss
     * (is_lost) stands in its place in the order and is never missing. */
    void (*on_tail)(struct hg_loop *loop, struct hg_batch *batch, void *arg);
    void *arg;
    int64_t dedup_window_ms; /* 0: off */
    size_t dedup_max;
    /* A driver that is HG_LOG_REMOTE: what stands at most this long, and this many
     * records, before the end of a partition is read back before the first
     * publish to it. HG_LOG_COPIES: an event that stands there twice at this
     * distance is a copy. hide_ms 0: neither. */
    int64_t hide_ms;
    size_t hide_max;
    size_t queue_bytes_max; /* appends not yet durable; above it HG_EAGAIN */
    size_t topic_bytes_max; /* of one topic; 0: a quarter of all with a driver that is
                             * HG_LOG_REMOTE, else no bound */
    unsigned readers;       /* reader threads */
    int64_t look_ms;        /* how often a driver that is HG_LOG_REMOTE is asked what others made
                             * of the topics; 0: never */
};

/* Opens the driver (on the log thread; waits for it), starts the threads. HG_EINVAL or HG_EIO and
 * why. */
int hg_log_start(const struct hg_log_setup *setup, struct hg_log **ret_log, struct hg_why *why);
/* Finishes what is queued, then closes. The loops make no call any more, and
 * nothing waits for them to be idle (hg_loop_run_idle) but on the calling one;
 * what was posted to them before is run by them. */
void hg_log_stop(struct hg_log **plog);

/* Topics. Declaring the same name again applies what changed. What others do to
 * topics on other machines is found within look_ms: more partitions, topics that
 * nobody declared (hg_log_want), such that are gone. A new topic is shown to loops by a batch
 * with n 0, a new partition by the first of its records. Blocks until
 * the driver has it: start-up and reload threads only. */
int hg_log_topic(struct hg_log *log, const struct hg_log_topic *topic, uint32_t *ret_id,
                 struct hg_why *why);
/* Before the topics of a reload: what the driver can take of it while it runs, such as
 * another password. HG_EDENIED, HG_EAGAIN and why: it is as it was. Blocks as hg_log_topic. */
int hg_log_renew(struct hg_log *log, const struct hg_log_open *open, struct hg_why *why);
/* What a configuration lets be followed, or published to, by pattern (log/topic.h). */
struct hg_log_patterns {
    const struct hg_slice *items;
    size_t n;
};
/* The topics that the driver keeps, also those that nobody has declared since
 * the start: what a topic's name is and what cannot be changed in it. Of a driver
 * that is HG_LOG_REMOTE only those that fit a pattern, and the dead letters
 * (`.dlq`) of such: the others are others'. For hg_free; 0 of them when the
 * driver cannot tell. Blocks as hg_log_topic. HG_ENOMEM; HG_EIO. */
struct hg_log_kept {
    struct hg_log_topic topic; /* its name is the one below */
    char name[HG_TOPIC_NAME_MAX];
};
int hg_log_kept(struct hg_log *log, const struct hg_log_patterns *wanted,
                struct hg_log_kept **ret_items, size_t *ret_n);
/* Of the topics that others make from now on the same are opened as they are
 * found; before the first call none is. Copies. Blocks as hg_log_topic. HG_ENOMEM: it is as
 * it was. */
int hg_log_want(struct hg_log *log, const struct hg_log_patterns *wanted);
/* As hg_log_topic while loops run: a topic that a template names for the first time.
 * Owned by the caller, who keeps it and the name until done has run, once, on
 * the loop that called. Several may ask for one name. HG_ECLOSED. */
struct hg_log_make {
    struct hg_log_topic topic;
    void (*done)(struct hg_log_make *m, int err, uint32_t id);
    /* The log's own: */
    struct hg_log *log;
    struct hg_loop *loop;
    struct hg_task task;
    uint32_t id;
    int err;
};
int hg_log_topic_make(struct hg_log *log, struct hg_log_make *m);
/* Any thread; topics are never removed from the table. */
bool hg_log_topic_find(const struct hg_log *log, struct hg_slice name, uint32_t *ret_id);
struct hg_slice hg_log_topic_name(const struct hg_log *log, uint32_t id);
uint64_t hg_log_topic_tag(const struct hg_log *log, uint32_t id);
uint32_t hg_log_topic_count(const struct hg_log *log); /* ids are 0 to count - 1 */
uint32_t hg_log_topic_partitions(const struct hg_log *log, uint32_t id); /* only grows */
/* How long a partition may have been there before it is known of here. */
int64_t hg_log_unseen_ms(const struct hg_log *log);
uint32_t hg_log_topic_epoch(const struct hg_log *log, uint32_t id);
/* Publishes of this process to it are on their way; only of a driver that is HG_LOG_REMOTE. */
bool hg_log_topic_is_busy(const struct hg_log *log, uint32_t id);
/* First and next offset as last known; never behind what was acknowledged. */
void hg_log_topic_range(const struct hg_log *log, uint32_t id, uint32_t partition,
                        struct hg_log_range *ret);

/* What became of one item. */
enum hg_stored {
    HG_STORED_NEW,
    HG_STORED_BEFORE,
    HG_STORED_NOT,
    HG_STORED_OTHER, /* not: its id has other content */
    HG_STORED_DOUBT,
};

struct hg_publish_item {
    uint32_t topic;
    struct hg_event *event; /* one reference, kept until done */
    struct hg_slice key;    /* decides the partition, with compaction the record's key */
    uint64_t owner;         /* who publishes, hashed; dedup is per owner */
    uint8_t digest[16];     /* hg_event_digest of the event as the client sent it */
    bool is_dedup_off;
    const struct hg_record_header *headers;
    size_t n_headers;
    bool has_expected;
    uint64_t expected_next;
    uint32_t expected_fingerprint; /* of the record before expected_next; 0: any */
    /* Results: */
    enum hg_stored stored;
    struct hg_position position; /* NEW, BEFORE */
};

/* The key for hg_event_digest: the same on every node and after a restart. */
const struct hg_hash_key *hg_log_digest_key(void);

/* A request to make items durable: all or none with a driver that is
 * HG_LOG_ATOMIC or where is_whole asks for it, else each by itself. Owned by the caller, who keeps
 * it (and what it points to) until done has run. */
struct hg_publish {
    struct hg_publish_item *items;
    size_t n_items;
    bool is_whole; /* only where the driver's `whole` promises it */
    /* On the loop that called hg_log_append, once. err: 0; HG_ECONFLICT (item
     * `at` is HG_STORED_OTHER, or else its expected position differs);
     * HG_E2BIG and HG_EINVAL (the driver cannot keep item `at`); HG_EDENIED (it may
     * not write to that one's topic); HG_EFULL;
     * HG_EIO; HG_EAGAIN (the driver's queue); HG_EDOUBT. at is SIZE_MAX when
     * the driver did not say which item it was. Where items end differently
     * err is HG_EDOUBT if one is in doubt, else the first failure's, and stored
     * tells of each item: with an err other than these of an atomic driver
     * some may be HG_STORED_NEW. */
    void (*done)(struct hg_publish *p, int err, size_t at);
    /* The log's own: */
    struct hg_log *log;
    struct hg_plan *plan; /* log/plan.h */
    struct hg_loop *loop;
    struct hg_task task;
    struct hg_publish *next;
    size_t bytes;
    size_t at;
    int err;
};

/* Owner thread of a loop. done will not be called on: HG_EAGAIN (the queue is
 * at its limit), HG_ENOMEM, HG_ENOENT (no such topic), HG_ENOTSUP (the driver
 * compares no expected position), HG_ECLOSED (the log is stopping). */
int hg_log_append(struct hg_log *log, struct hg_publish *p);
/* A guess for Retry-After, seconds, at least 1. */
unsigned hg_log_retry_after(const struct hg_log *log);
/* The same for a publish of this topic, which may have less room than others. */
unsigned hg_log_topic_retry_after(const struct hg_log *log, uint32_t id);
bool hg_log_is_writable(const struct hg_log *log); /* for readiness */

/* The tail by wish. A driver with HG_LOG_FOLLOW gives the tail of a topic while
 * some loop wants it; any other gives all of it to all loops, and nobody asks. */
bool hg_log_is_tail_by_wish(const struct hg_log *log);
struct hg_log_follower; /* the wish of one loop for one topic */
/* Owner thread of a loop, on which done is called once. 0: every record from the
 * end that hg_log_topic_range tells now comes with the tail, until the wish ends;
 * what lies before it may have passed unseen. HG_EAGAIN, HG_EIO, HG_ECLOSED: no
 * tail; end the wish and try again later. done will not be called on HG_ENOENT
 * (no such topic), HG_ENOMEM, HG_ECLOSED. */
typedef void (*hg_log_followed_fn)(void *arg, int err);
int hg_log_follow(struct hg_log *log, uint32_t topic, hg_log_followed_fn done, void *arg,
                  struct hg_log_follower **ret);
/* The same thread, before the log is stopped. done is not called any more. */
void hg_log_unfollow(struct hg_log_follower **pf);

/* A read that comes back on the calling loop with records as a batch. */
struct hg_log_fetch {
    uint32_t topic, partition;
    uint64_t from;   /* used when time_ms is negative */
    int64_t time_ms; /* else: start at the first record at or after */
    size_t max_records, max_bytes;
    bool wants_details; /* what is said about the events, too: see details */
    bool wants_copies;  /* entries tell whether they are copies, which may cost more reads */
    /* batch is NULL on error; may be empty (n 0) at the end. One reference
     * is given. next is the offset to go on from. HG_ENOENT: from is gone;
     * next is then the first that is there. */
    void (*done)(struct hg_log_fetch *f, int err, struct hg_batch *batch, uint64_t next);
    struct hg_loop *loop;
    struct hg_task task;
    struct hg_log_fetch *queued;
    struct hg_batch *batch;
    /* With wants_details, when done is called without an error: headers, owner
     * and digest of the batch's records, in their order, without events. The
     * caller's to free (log/records.h). */
    struct hg_records *details;
    uint64_t next_offset;
    int err;
};
/* HG_EAGAIN: too many are waiting; try again at the next turn of a timer.
 * HG_ENOENT: no such topic or partition. HG_ECLOSED. */
int hg_log_read(struct hg_log *log, struct hg_log_fetch *f);

/* Remove what stands before an offset, for good. Owned by the caller until done
 * has run, once, on the loop that called; what is known of the range is new by
 * then. HG_EIO, HG_EFULL: some of it may be gone. */
struct hg_log_trim {
    uint32_t topic, partition;
    uint64_t before;
    void (*done)(struct hg_log_trim *t, int err);
    /* The log's own: */
    struct hg_log *log;
    struct hg_loop *loop;
    struct hg_task task;
    int err;
};
/* HG_ENOTSUP: the driver cannot. HG_ENOENT: no such topic or partition.
 * HG_ECLOSED. */
int hg_log_trim(struct hg_log *log, struct hg_log_trim *t);

struct hg_batch *hg_batch_ref(struct hg_batch *b);
void hg_batch_unref(struct hg_batch **pb);

#endif
