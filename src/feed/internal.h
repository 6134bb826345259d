/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - the structs that the files of this room share: the feed of one
 * loop, a subscriber, what it covers and where it stands. Nothing outside
 * feed/ includes it. */
#ifndef HG_FEED_INTERNAL_H
#define HG_FEED_INTERNAL_H

#include "feed/feed.h"
#include "feed/part.h"
#include "feed/wheel.h"
#include "headgate/buf.h"

/* What has to happen before a place can be read from. */
enum hg_feed__stand {
    HG_FEED__READY,   /* next is what comes next */
    HG_FEED__FRESH,   /* READY at the beginning: nothing was promised yet, so
                         a trim in between is no gap */
    HG_FEED__CLAIMED, /* the client says that it has next - 1: not verified */
    HG_FEED__AFTER,   /* begins after what the claims name: not known yet */
    HG_FEED__SOUGHT,  /* begins at time_ms: not looked up */
    HG_FEED__TAIL,    /* begins where the loop stands once the tail comes */
    HG_FEED__GAP,     /* what follows next - 1 is gone: not told yet */
};

/* Where a subscriber stands in one partition. Meaningless while it is live. */
struct hg_feed__place {
    uint64_t next;        /* the offset wanted */
    uint32_t fingerprint; /* of the record at next - 1; 0: not known */
    uint32_t epoch;
    union {
        int64_t time_ms;  /* SOUGHT; READY after a claim: of the record at next - 1 */
        int64_t ahead_ms; /* AFTER: it begins so long before what the claims name */
        uint64_t first;   /* GAP: where it goes on */
    };
    const char *reason; /* GAP */
    enum hg_feed__stand stand;
};

/* One topic of a subscriber. */
struct hg_feed__cover {
    struct hg_feed__interest interest;
    struct hg_subscriber *sub;
    struct hg_feed__topic *topic;
    struct hg_feed__place *places; /* one for each of n_places partitions */
    uint32_t n_places;
};

/* All it covers, sorted by topic tag; one block of memory. */
struct hg_feed__set {
    size_t n_covers;
    size_t n_places;
    struct hg_feed__place *places;
    struct hg_feed__cover covers[];
};

/* Whose turn it is, and until when (page.h). */
struct hg_feed__page {
    size_t events, bytes;             /* a turn's share; 0 events: not begun */
    size_t until_events, until_bytes; /* of the answer */
    size_t n_turns;                   /* of this round */
};

/* Collecting for HG_SINK_ANSWER. */
struct hg_feed__answer {
    const struct hg_subscriber_ops *ops;
    void *arg;
    struct hg_buf body;
    size_t n_events, events_max;
    size_t bytes_max;
    int64_t wait_ms;
    struct hg_feed__page page;
    uint64_t *ends; /* of what the log had when it was asked for (answer.h); may be NULL */
    bool has_told;  /* a gap was told: not worth waiting any longer */
    bool is_full;
    bool is_waiting;   /* caught up with nothing to say; due is the end of it */
    bool is_over;      /* time is up: answer with what is there */
    bool is_answering; /* inside on_answer */
};

enum hg_feed__state { HG_FEED__CATCHING, HG_FEED__LIVE, HG_FEED__ENDED };

struct hg_subscriber {
    struct hg_feed *feed;
    const struct hg_sink_ops *sink;
    struct hg_stream *stream;
    struct hg_filter *filter;
    struct hg_feed__set *set;
    struct hg_feed__read *read;     /* under way, or NULL */
    struct hg_feed__answer *answer; /* HG_SINK_ANSWER only */
    char *strays;                   /* tokens of nothing that is covered; told, then freed */
    struct hg_list all;             /* in feed.all */
    struct hg_list queue;           /* in one of feed's ready, reading, ahead, later; or none */
    struct hg_list wrote;           /* in feed.wrote: got something of this batch */
    struct hg_list moved;           /* in feed.moved: is owed a position notice */
    struct hg_feed__due due;        /* heartbeat, or the end of an answer's wait */
    uint64_t told;                  /* hash of the last cursor that a notice said: messages */
    uint32_t heartbeat_ms;
    uint32_t retry_ms;
    uint32_t first_served; /* of its places: another one each step, or turn (page.h) */
    uint32_t read_bytes;   /* of its next read: grows while all of it is used */
    uint8_t slot;
    uint8_t state;    /* enum hg_feed__state */
    bool awaits_tail; /* of some topic that it covers (follow.h) */
    bool is_opened;   /* the opened notice was sent */
    bool is_resumed;  /* its cursor was good, so far */
    bool is_cut;      /* the last event was cut at its mark and is not closed */
    bool is_pass_all; /* the filter is empty */
};

struct hg_feed {
    struct hg_loop *loop;
    struct hg_feed__parts parts;
    struct hg_list all;
    /* Subscribers that are CATCHING and wait for ... */
    struct hg_list ready;   /* the next turn of the loop */
    struct hg_list reading; /* a read to become free */
    struct hg_list ahead;   /* the loop to reach their cursor */
    struct hg_list later;   /* memory, or the log's queue: a timer */
    struct hg_list wrote;
    struct hg_list moved;
    struct hg_timer *ready_timer, *later_timer, *moved_timer;
    struct hg_timer *follow_timer; /* NULL: the tail comes unasked */
    struct hg_timer *rest_timer;
    struct hg_list gathering;      /* topics with batches that wait for others (gather.h) */
    struct hg_timer *gather_timer; /* NULL: none ever waits */
    int64_t gather_ms;
    hg_feed__show_fn show;
    bool is_tail_by_wish;
    struct hg_feed__wheel wheel;
    struct hg_list reads; /* under way */
    unsigned n_reads, reads_max;
    size_t read_bytes_max;
    bool is_dispatching;
    bool is_later_armed;
    struct hg_buf encoding, frame, notice, cursor; /* scratch, each used by one function */
    size_t n_live, n_catching;
    int64_t n_deliveries; /* not yet counted */
};

static inline struct hg_feed__part *hg_feed__part_of(const struct hg_feed__cover *c, uint32_t i) {
    return c->topic->parts[i];
}

#endif
