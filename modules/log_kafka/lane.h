/* SPDX-License-Identifier: Apache-2.0 */
/* lane.h - when the client is given the next message of a partition.
 *
 * librdkafka 2.0 sends no batch of a partition while five of its messages or more
 * are under way, and while one is due that it may not send it looks again and
 * again without pause: a core, of which little is work. So what comes meanwhile
 * waits here, and goes to the client linger.ms before the answer is expected: it
 * is due when it may be sent, and nobody waits longer than before.
 *
 * The log thread's; knows no client library. Times are microseconds of one
 * monotonic clock. */
#ifndef LOG_KAFKA_LANE_H
#define LOG_KAFKA_LANE_H

#include <stdatomic.h>

#include "headgate/base.h"

enum { KAFKA_LANE_FREE = 4 }; /* so many may be under way, and the client sends more */

struct kafka_flight;

/* One item of an append, from when it is appended until it is reported. */
struct kafka_mark {
    struct kafka_flight *flight;
    struct kafka_lane *lane;
    struct kafka_mark *next; /* while it waits */
};

struct kafka_lane {
    _Atomic uint64_t n_done; /* reported; any thread */
    uint64_t n_seen;         /* of these, when it was looked last */
    uint64_t n_given;        /* to the client */
    uint64_t batch_end;      /* when so many are reported the batch under way is */
    uint64_t open_until;     /* until so many are reported nothing waits */
    int64_t sent_us;         /* when the batch that is under way was sent, as far as is known */
    int64_t answer_us;       /* how long an answer takes, smoothed; 0: not known */
    int64_t off_us;          /* by how much that is missed, smoothed */
    struct kafka_mark *first, **last;
    bool is_listed; /* among those in which something waits */
    struct kafka_lane *next_listed;
};

void kafka_lane_init(struct kafka_lane *lane);
/* May the client be given one more? */
bool kafka_lane_is_open(struct kafka_lane *lane, int64_t now_us, int64_t linger_us);
/* It was given one; with is_alone false whoever waits for its report may not be
 * woken by it, so nothing waits for that in this lane. */
void kafka_lane_given(struct kafka_lane *lane, bool is_alone, int64_t now_us, int64_t linger_us);
void kafka_lane_put(struct kafka_lane *lane, struct kafka_mark *mark);
struct kafka_mark *kafka_lane_take(struct kafka_lane *lane); /* NULL: nothing waits */

/* Those of one producer; a lane stays where it is until all of them go. */
struct kafka_lanes {
    struct kafka_lanes_topic {
        struct kafka_lane **parts;
        uint32_t n;
    } * topics; /* by id */
    uint32_t n_topics;
    struct kafka_lane *listed;
};

struct kafka_lane *kafka_lanes_of(struct kafka_lanes *s, uint32_t topic,
                                  uint32_t partition); /* NULL: no memory */
void kafka_lanes_list(struct kafka_lanes *s, struct kafka_lane *lane);
/* Those that are listed, which are not any more; each says next_listed. */
struct kafka_lane *kafka_lanes_unlist(struct kafka_lanes *s);
void kafka_lanes_fini(struct kafka_lanes *s);

#endif
