/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - an event log driver: what keeps topics.
 *
 * Threads. The gateway runs one log thread; all calls come on it and never
 * overlap, but for read, seek and latest: these come on reader threads, several
 * at a time, and on the log thread while it holds no append that is not
 * flushed. No call comes on a loop, so all of them may block; those that may
 * block on other machines (HG_LOG_REMOTE) have a thread of their own. */
#ifndef HEADGATE_LOG_H
#define HEADGATE_LOG_H

#include <stdatomic.h>

#include "headgate/base.h"
#include "headgate/conf.h"
#include "headgate/event.h"

/* What a driver can do beyond append, read and tail. A function that belongs
 * to one of these is called only if it is declared, and must be there then. */
enum hg_log_cap {
    HG_LOG_ATOMIC = 1 << 0,  /* an append is all or nothing, over topics too */
    HG_LOG_EXPECT = 1 << 1,  /* compares an expected position */
    HG_LOG_GROUPS = 1 << 2,  /* groups share a topic's partitions and commit positions */
    HG_LOG_COMPACT = 1 << 3, /* topics that keep the last record of each key */
    HG_LOG_TRIM = 1 << 4,    /* removes what is older than an offset */
    HG_LOG_DELETE = 1 << 5,  /* removes a topic as a whole */
    HG_LOG_LIST = 1 << 6,    /* names the topics that it keeps */
    HG_LOG_SCAN = 1 << 7,    /* gives marks without whole records, for a quick start */
    HG_LOG_FOLLOW = 1 << 8,  /* gives the tail of topics that are followed, and of no others */
    HG_LOG_REMOTE = 1 << 9,  /* topic_open, describe, list, follow, trim wait for other machines:
                              * these five come on one thread beside the log thread */
    HG_LOG_COPIES = 1 << 10, /* others write events with owner and digest too: one may be there
                              * twice, and only the first is shown */
    HG_LOG_LATE = 1 << 11,   /* an append may take longer than its publisher waits: answer_ms;
                              * not with HG_LOG_ATOMIC */
};

/* Said about an event rather than by it: dead-letter reason, principal. */
struct hg_record_header {
    struct hg_slice name;
    struct hg_slice value;
};

/* One event in a topic. A record without event is a tombstone. */
struct hg_record {
    struct hg_event *event;
    struct hg_slice key; /* compacted topics, groups; may be empty */
    const struct hg_record_header *headers;
    size_t n_headers;
    uint64_t owner;     /* hash of who published it */
    uint8_t digest[16]; /* of the content as the client sent it */
    /* Filled by the driver: */
    uint64_t offset;
    int64_t log_time_ms; /* wall clock, never decreasing in a partition */
};

struct hg_log_topic {
    struct hg_slice name;
    uint32_t id;         /* small, process-wide; given by the gateway */
    uint32_t partitions; /* wanted; of one that is there describe tells how many it has */
    bool is_found;       /* the driver listed it: to be taken as it is, not to be made */
    bool is_compacted;
    int64_t retention_ms;    /* 0: for ever */
    int64_t retention_bytes; /* 0: no bound */
    int64_t
        event_bytes_max; /* a location that publishes to it takes bodies of so many; 0: unknown */
    /* What the configuration says of it, in the driver's own rows too: its block, or the
     * main one. NULL: it is of no configuration. Good for one call. */
    const struct hg_conf_block *conf;
};

struct hg_log_range {
    uint32_t epoch;      /* one incarnation of the topic, from 1 */
    uint32_t partitions; /* HG_LOG_REMOTE: may become more from one list to the next */
    uint64_t first;      /* oldest offset that is still there */
    uint64_t next;       /* the offset the next record will get */
    uint64_t bytes;      /* estimate of what the topic holds */
};

/* One record of an append and where it goes. */
struct hg_append_item {
    uint32_t topic;
    uint32_t partition;
    bool has_expected;
    uint64_t expected_next; /* HG_ECONFLICT unless the partition's next offset is this */
    struct hg_record record;
    int err; /* from a driver without HG_LOG_ATOMIC: of this item, as of an append; it
              * comes as HG_EDOUBT */
    /* HG_LOG_LATE: err, offset and log time stand, though those of other items may
     * not yet. Set last; the completion does not rest on it. */
    atomic_bool is_told;
};

struct hg_log_up; /* the way up: the gateway's side of an open driver */

/* An append in the driver's hands. Belongs to the gateway; the driver keeps
 * the pointer until it calls hg_append_complete, exactly once, any thread.
 * Before that it fills offset and log_time_ms of every record. An append
 * without items asks whether writing is possible, of `room` bytes if the
 * driver can tell; HG_EFULL when there is no room for them. Without
 * HG_LOG_ATOMIC readiness rests on the answer (HG_EAGAIN: it is not), as what
 * becomes of items says something of their partitions only. */
struct hg_append {
    struct hg_append_item *items;
    size_t n_items;
    /* Which item an HG_ECONFLICT, HG_E2BIG, HG_EINVAL or HG_EDENIED is about, as far as the
     * driver knows; SIZE_MAX, as it comes, says nothing. */
    size_t refused;
    struct hg_log_up *up;   /* where the completion goes; not for the driver */
    void *driver_data;      /* these two are for the driver between append */
    struct hg_append *next; /* and completion */
    size_t room;            /* an append without items: of how many bytes it asks */
    bool is_whole;          /* all or nothing, as `whole` promised; readers see it at once */
};

/* 0: every item is durable. HG_EFULL, HG_EIO, HG_ECONFLICT, HG_EAGAIN,
 * HG_E2BIG, HG_EINVAL, HG_EDENIED: none is, nor will be. HG_EDOUBT: nobody knows. A driver
 * without HG_LOG_ATOMIC has set err of each item, and err is HG_EDOUBT if any
 * is in doubt, else that of the first which is not durable. */
HG_API void hg_append_complete(struct hg_append *append, int err);

/* Newly durable records of one partition, in offset order without holes
 * since the last call. The gateway takes its own references. Any one thread
 * at a time; without HG_LOG_FOLLOW before the completion of the append that
 * wrote them, with it whenever they are read, or known to be there. */
HG_API void hg_log_tail(struct hg_log_up *up, uint32_t topic, uint32_t partition,
                        const struct hg_record *records, size_t n);

/* HG_LOG_FOLLOW: what the tail of the partition gave is void from some record
 * on: the topic was cut back or made again. It goes on with a record at or
 * after next. Any one thread at a time. */
HG_API void hg_log_lost(struct hg_log_up *up, uint32_t topic, uint32_t partition, uint64_t next);

/* This process has the partition for the group from now on, or has it no
 * more. Any thread. */
HG_API void hg_log_assigned(struct hg_log_up *up, struct hg_slice group, uint32_t topic,
                            uint32_t partition, bool is_ours);

struct hg_log_read {
    uint32_t topic;
    uint32_t partition;
    uint64_t from;
    size_t max_records;
    size_t max_bytes; /* soft: one record is always given */
};

/* A reader's output: records with one reference each, taken by the gateway.
 * Headers and keys point into events or into the list's own memory. */
struct hg_records;
/* Copies key and headers, takes the event (nulled). HG_ENOMEM. */
HG_API int hg_records_add(struct hg_records *out, struct hg_record *record);

/* What dedup has to remember of a record. Slices live for one call. */
struct hg_log_mark {
    uint64_t offset;
    int64_t log_time_ms;
    uint64_t owner;
    const uint8_t *digest; /* 16 bytes */
    struct hg_slice id, source;
};
typedef void (*hg_log_mark_fn)(void *arg, const struct hg_log_mark *mark);
/* The topic lives for one call. */
typedef void (*hg_log_topic_fn)(void *arg, const struct hg_log_topic *topic);

struct hg_log_open {
    struct hg_slice args[8]; /* what follows the driver's name in event_log */
    size_t n_args;
    const void *conf; /* the module's struct of the main block */
    struct hg_log_up *up;
};

/* Something to be said of a topic; line NULL: of no line. All live for one call. */
typedef void (*hg_log_remark_fn)(void *arg, const struct hg_log_topic *topic,
                                 const struct hg_conf_line *line, const char *text);

struct hg_log_ops {
    size_t size;
    const char *name;
    unsigned caps;      /* enum hg_log_cap */
    bool has_directory; /* args[0] is one; the master makes it for the worker's user */
    int (*open)(const struct hg_log_open *open, void **ret_state, struct hg_why *why);
    void (*close)(void *state);
    /* For -t, on any thread and without open: asks, wait_ms at most, how topics are
     * kept or would be made, and gives what would not hold a promise. Changes
     * nothing. HG_EINVAL and why: such a configuration is not to be had; HG_EAGAIN and
     * why: who keeps them could not be asked. NULL: there is nobody to ask. */
    int (*check)(const struct hg_log_open *open, const struct hg_log_topic *topics, size_t n,
                 int64_t wait_ms, hg_log_remark_fn fn, void *arg, struct hg_why *why);
    /* Create if missing, apply what changed. HG_EINVAL and why: such a topic,
     * or such a change, is not to be had. */
    int (*topic_open)(void *state, const struct hg_log_topic *topic, struct hg_why *why);
    int (*describe)(void *state, uint32_t topic, uint32_t partition, struct hg_log_range *ret);
    /* Take an append into the current group. Only hg_append_complete answers. */
    void (*append)(void *state, struct hg_append *append);
    /* Nothing more is queued, or the group is large: make it durable.
     * HG_LOG_REMOTE: also after completions, where nothing was appended. */
    void (*flush)(void *state);
    /* Records from an offset, holes skipped; less than asked is not the end.
     * HG_ENOENT: from is below the first. At the end: none, and 0; it is taken
     * for proof that nothing lies up to the next that describe, a completion or
     * the tail told. A driver that does not see that far yet says HG_EAGAIN. */
    int (*read)(void *state, const struct hg_log_read *want, struct hg_records *out);
    /* The first offset whose log time is at or after time_ms; next if none. */
    int (*seek)(void *state, uint32_t topic, uint32_t partition, int64_t time_ms,
                uint64_t *ret_offset);
    /* Once a second, ten times while there are appends: retention and other
     * upkeep, a bounded piece a call. NULL: the driver needs none. */
    void (*tick)(void *state);
    /* HG_LOG_LIST: every topic there is, with all of struct hg_log_topic that
     * a later topic_open cannot change; id means nothing. */
    int (*list)(void *state, hg_log_topic_fn fn, void *arg);
    /* HG_LOG_FOLLOW: begin to give the tail of all partitions of a topic, or end
     * it. When it begins, describe tells where: the first record it gives is at
     * or before the next that describe had. Again while it is given: those
     * partitions as well that came since, from their first record; the others
     * go on. HG_EAGAIN, HG_EIO: asked again. */
    int (*follow)(void *state, uint32_t topic, bool is_wanted);
    /* HG_LOG_DELETE: made again, the topic has another epoch. */
    int (*topic_delete)(void *state, uint32_t topic);
    /* HG_LOG_TRIM: drop everything before an offset. */
    int (*trim)(void *state, uint32_t topic, uint32_t partition, uint64_t before);
    /* HG_LOG_SCAN: as read, but only marks of records with an event; *ret_next
     * is the offset to go on from. */
    int (*scan)(void *state, const struct hg_log_read *want, hg_log_mark_fn fn, void *arg,
                uint64_t *ret_next);
    /* HG_LOG_COMPACT: the last record of a key, or HG_ENOENT. */
    int (*latest)(void *state, uint32_t topic, struct hg_slice key, struct hg_records *out);
    /* HG_LOG_GROUPS. Who has joined is told by hg_log_assigned which
     * partitions are its own, before join returns or later, and again when
     * other members come and go; until it has left, which is told as well. */
    int (*group_join)(void *state, struct hg_slice group, uint32_t topic);
    int (*group_leave)(void *state, struct hg_slice group, uint32_t topic);
    /* The offset a group goes on from; HG_ENOENT if none. A commit is durable
     * with the next flush; where that fails, the one before it stands. */
    int (*group_commit)(void *state, struct hg_slice group, uint32_t topic, uint32_t partition,
                        uint64_t next);
    int (*group_position)(void *state, struct hg_slice group, uint32_t topic, uint32_t partition,
                          uint64_t *ret_next);
    /* HG_LOG_LATE: how long whoever publishes waits, from the append on. Then each item
     * that is not told is in doubt to its publisher, while the driver goes on: of the
     * append there stay its items and, of their records, the events; keys and headers
     * are gone. A flush comes before: by its end they have been read. It completes the append when
     * it knows more, which may be much later. close completes what is left. */
    int64_t (*answer_ms)(void *state);
    /* For -t and a start, any thread and without open: 0 where appends with is_whole are
     * all or nothing, though the driver is not HG_LOG_ATOMIC; HG_ENOTSUP: what the
     * configuration lacks for that, as why. NULL: as HG_LOG_ATOMIC says. */
    int (*whole)(const struct hg_log_open *open, struct hg_why *why);
    /* HG_LOG_FOLLOW: where the partition ends, with what nobody is shown yet because
     * somebody's transaction is open; describe's next stands before that. The thread of
     * describe, and what it says. NULL: nothing is ever hidden. */
    int (*end)(void *state, uint32_t topic, uint32_t partition, uint64_t *ret_next);
    /* Before the topics of a reload: takes from the configuration what a running log can,
     * such as another password behind the same name (hg_conf_arg_live_secret), once it was
     * seen to work. HG_EDENIED, HG_EAGAIN and why: it is as it was, and the reload is refused.
     * The thread of topic_open. NULL: there is no such thing. */
    int (*renew)(void *state, const struct hg_log_open *open, struct hg_why *why);
};

#endif
