/* SPDX-License-Identifier: Apache-2.0 */
/* part.h - where this loop stands in each partition: its position, which is
 * the cursor of every live subscriber, and its window. Knows no subscriber
 * but through the interest index. */
#ifndef HG_FEED_PART_H
#define HG_FEED_PART_H

#include "feed/gather.h"
#include "feed/index.h"
#include "log/log.h"
#include "window/window.h"

/* Between two dispatched batches, records below next have been given to
 * every live subscriber that wants them, and none from next on. */
struct hg_feed__part {
    uint64_t next;
    uint32_t fingerprint; /* of the record at next - 1; 0: not known */
    uint32_t epoch;
    uint32_t rest_ms;      /* its reads fail (rest.h); 0: they do not */
    int64_t rest_until_ms; /* monotonic */
    uint64_t rest_from;    /* the first place whose read failed */
    bool is_tried;         /* a read is under way that will tell */
    bool is_token_made;    /* token is of this position */
    char token[HG_POSITION_TEXT_LEN];
    struct hg_window window;
};

/* The wish for the topic's tail (follow.h). */
struct hg_feed__follow {
    struct hg_feed *feed;
    struct hg_log_follower *wish;
    size_t n_sets;       /* that cover it */
    int64_t again_at_ms; /* monotonic, when it is asked again; 0: not */
    uint32_t wait_ms;    /* before that */
    bool is_ready;       /* the tail comes */
};

struct hg_feed__topic {
    uint32_t id;
    uint32_t n_parts;
    uint64_t tag;
    struct hg_feed__index index;
    struct hg_feed__follow follow;
    struct hg_feed__gather gather;
    struct hg_feed__part **parts; /* n_parts of them; each stays where it is */
};

struct hg_feed__parts {
    struct hg_log *log;
    size_t window_bytes_max;        /* per topic */
    struct hg_feed__topic **topics; /* by id */
    size_t n_topics;
};

void hg_feed__parts_fini(struct hg_feed__parts *ps);
/* The topic, begun at what the log says when this loop sees it for the first
 * time. NULL: no memory, or the log has no such topic. */
struct hg_feed__topic *hg_feed__parts_topic(struct hg_feed__parts *ps, uint32_t id);
/* The log has more partitions of it than this loop knows. */
bool hg_feed__part_has_more(const struct hg_feed__parts *ps, const struct hg_feed__topic *t);
/* They are added; the loop stands before the first record of each. HG_ENOMEM: some
 * may be. Nobody is live. */
int hg_feed__part_grow(struct hg_feed__parts *ps, struct hg_feed__topic *t);
/* The loop's position is now before next; fingerprint is of next - 1. */
void hg_feed__part_move(struct hg_feed__part *p, uint64_t next, uint32_t fingerprint);
/* The position as a token, borrowed until it moves: made once for all the
 * subscribers that are told it. */
struct hg_slice hg_feed__part_token(struct hg_feed__topic *t, uint32_t partition);
/* The topic was deleted and made again, or cut back, or not followed for a while:
 * what the window has is no more to be believed. */
void hg_feed__part_renew(struct hg_feed__part *p, uint32_t epoch, uint64_t next);

#endif
