/* SPDX-License-Identifier: Apache-2.0 */
/* client.h - a subscriber's far end: a stream that records what is written
 * to it, has as much room as the test says, and holds every event and every
 * cursor to the truth at once: nothing that it wants is skipped, nothing comes
 * twice, and no cursor claims more than what was sent. */
#ifndef HG_TESTS_UNIT_FEED_CLIENT_H
#define HG_TESTS_UNIT_FEED_CLIENT_H

#include "unit/feed/rig.h"

enum { CLIENT_TEXT_MAX = 1024, CLIENT_ROOM_ALL = 1 << 30 };

extern const struct hg_sink_ops client_raw;       /* HG_SINK_RAW without close_event */
extern const struct hg_sink_ops client_cut;       /* HG_SINK_RAW with it */
extern const struct hg_sink_ops client_message;   /* HG_SINK_MESSAGE */
extern const struct hg_sink_ops client_pull;      /* HG_SINK_ANSWER, no notices */
extern const struct hg_sink_ops client_pull_told; /* HG_SINK_ANSWER, with them */

/* What a client asks for; zeroed is all of topic 0, from now on. */
struct client_wish {
    const struct hg_sink_ops *sink; /* NULL: client_raw */
    const char *type, *subject;     /* exact; NULL: any */
    const char *prefix;             /* of the subject; NULL: any */
    uint32_t topics[FAKE_TOPICS];
    size_t n_topics; /* 0: topic 0 */
    bool has_no_topic;
    enum hg_start start;
    int64_t time_ms;
    const char *cursor; /* makes it HG_START_CURSOR */
    int64_t heartbeat_ms;
    size_t events_max, bytes_max; /* 0: 1,000 and 1 MiB */
    int64_t wait_ms;
    size_t room; /* 0: all there is; to begin with none, use has_no_room */
    bool has_no_room;
};

struct client {
    struct hg_stream stream;
    struct rig *rig;
    struct hg_subscriber *sub;
    struct client_wish wish;
    size_t room;
    struct hg_buf in; /* what was written to it */
    size_t n_parsed;
    bool is_parse_held; /* a test is counting allocations */
    size_t n_writes;    /* of shared blobs */
    /* What it has read: */
    size_t n_events, n_opened, n_gaps, n_closing, n_beats, n_positions;
    bool is_resumed;
    char last_id[RIG_TEXT_MAX];
    char cursor[CLIENT_TEXT_MAX]; /* the last it was told */
    char reason[RIG_TEXT_MAX], gap_topic[RIG_TEXT_MAX], gap_from[CLIENT_TEXT_MAX];
    uint64_t expect[FAKE_TOPICS][FAKE_PARTITIONS]; /* the next offset it may see */
    bool is_loose[FAKE_TOPICS][FAKE_PARTITIONS];   /* or any: it begins where the tail will */
    bool is_owed[FAKE_TOPICS];                     /* a reset, which was not told yet */
    /* HG_SINK_ANSWER: */
    size_t n_answers, n_answered, n_told_gaps;
    char body[8 * CLIENT_TEXT_MAX];
};

struct client *client_open(struct rig *rig, const struct client_wish *wish);
/* The stream of a client that a test made itself. */
struct hg_stream *client_stream(struct client *c);
/* What it was sent of the topic may be void: until it is told so, anything goes. */
void client_owe(struct client *c, uint32_t topic);
void client_close(struct client **pc);
/* on_room is called as a connection would. */
void client_set_room(struct client *c, size_t room);
/* Read what was written while is_parse_held. */
void client_parse(struct client *c);
void client_set_topics(struct client *c, const uint32_t *topics, size_t n);
/* Nothing that it wants is left of what was published. */
void client_assert_whole(struct client *c);
bool client_is_live(const struct client *c);

#endif
