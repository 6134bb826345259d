/* SPDX-License-Identifier: Apache-2.0 */
/* feed.h - the way out: subscribers of one loop, the index that finds them,
 * and their catching up. Owner loop only.
 *
 *                    hg_subscriber_open
 *                            |
 *                            v   at the loop's cursor, between two batches
 *   on_room ┌────────── CATCHING ──────────────► LIVE
 *   refills │                ^  (enter_live)       |
 *           └────────────────┘◄────────────────────┘
 *                                no room (leave_live)
 *
 * A CATCHING subscriber holds a cursor; a LIVE one has none of its own, its
 * cursor is the loop's. */
#ifndef HG_FEED_FEED_H
#define HG_FEED_FEED_H

#include "event/filter.h"
#include "headgate/sink.h"
#include "log/log.h"
#include "proto/http/http.h"

struct hg_feed;       /* one per loop */
struct hg_subscriber; /* one stream or one pull */

struct hg_feed_setup {
    struct hg_loop *loop;
    struct hg_log *log;
    size_t window_bytes_max; /* per topic */
    unsigned reads_max;      /* reads of the log under way at once, of this loop */
    size_t read_bytes_max;   /* of one such read */
};

int hg_feed_new(const struct hg_feed_setup *setup, struct hg_feed **ret);
/* Every subscriber has been closed. */
void hg_feed_free(struct hg_feed **pf);
/* From the log, for every batch, in order. */
void hg_feed_tail(struct hg_feed *f, struct hg_batch *batch);

enum hg_start { HG_START_LATEST, HG_START_EARLIEST, HG_START_TIME, HG_START_CURSOR };

/* Filled by edge/. */
struct hg_subscriber_ops {
    /* HG_SINK_ANSWER: collecting has ended. events is the finished body with
     * prefix, separators and suffix; cursor where the next pull goes on. The
     * subscriber is closed when this returns. */
    void (*on_answer)(void *arg, struct hg_slice body, size_t n_events, struct hg_slice cursor);
    /* HG_SINK_ANSWER, may be NULL: a gap in what is being collected, for a
     * sink whose body has no place for notices. Before on_answer. */
    void (*on_gap)(void *arg, const struct hg_notice *gap);
};

struct hg_subscription {
    const struct hg_sink_ops *sink;
    unsigned slot;            /* of the sink's encoding in an entry; < HG_ENTRY_SLOTS */
    struct hg_stream *stream; /* begun or upgraded already, but for HG_SINK_ANSWER */
    struct hg_filter *filter; /* the feed takes its own reference */
    const uint32_t *topics;   /* ids; copied; none yet: hg_subscriber_add_topic */
    size_t n_topics;
    enum hg_start start;
    int64_t time_ms;                /* HG_START_TIME */
    const struct hg_cursor *cursor; /* HG_START_CURSOR, read by hg_subscriber_open only;
                                       what other topics have since its newest
                                       record follows as well */
    int64_t heartbeat_ms;           /* 0: none; HG_SINK_MESSAGE: only when it has moved unseen */
    int64_t retry_ms;               /* told in the opened notice */
    size_t events_max;              /* HG_SINK_ANSWER */
    size_t bytes_max;               /* HG_SINK_ANSWER */
    int64_t wait_ms;                /* HG_SINK_ANSWER: how long an empty answer is held back */
    const struct hg_subscriber_ops *ops;
    void *arg;
};

/* The first thing sent is the opened notice, or gap notices and then it. No
 * call of ops before this returns. HG_ENOMEM. */
int hg_subscriber_open(struct hg_feed *f, const struct hg_subscription *s,
                       struct hg_subscriber **ret);
/* The stream has room again (its on_room). */
void hg_subscriber_on_room(struct hg_subscriber *s);
/* False: it waits for the first topic that fits its patterns. */
bool hg_subscriber_has_topics(const struct hg_subscriber *s);
/* A new generation: these topics from now on; those that left are told
 * nothing more, new ones start at LATEST. None only if it had none. HG_ENOMEM
 * leaves it as it was. */
int hg_subscriber_set_topics(struct hg_subscriber *s, const uint32_t *topics, size_t n);
/* A topic that was made after the stream began: from its first record, so that
 * nothing of it is missed. Nothing happens when it is covered. HG_ENOMEM. */
int hg_subscriber_add_topic(struct hg_subscriber *s, uint32_t topic);
/* Tell that the stream will end in left_ms. False: it cannot be told now. */
bool hg_subscriber_say_expiring(struct hg_subscriber *s, int64_t left_ms);
/* Send the closing notice; the caller ends the stream afterwards. For
 * HG_SINK_ANSWER: on_answer comes at the next turn, with what is there. */
void hg_subscriber_say_closing(struct hg_subscriber *s, const char *reason, int64_t retry_ms);
/* No call of ops after this. Not from inside hg_stream_write or _put. */
void hg_subscriber_close(struct hg_subscriber **ps);

/* For status: how many are live and catching up. */
void hg_feed_count(const struct hg_feed *f, size_t *ret_live, size_t *ret_catching);

/* Makes this room's counters visible. Any number of times. */
void hg_feed_counters_register(void);

#endif
