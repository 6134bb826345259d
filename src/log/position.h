/* SPDX-License-Identifier: Apache-2.0 */
/* position.h - where an event stands, and cursors over several partitions,
 * as opaque tokens. A token is self-checking and grants nothing.
 *
 * 31 bytes, big endian, then base64url without padding (42 characters):
 * version 1, topic tag 8, epoch 4, partition 2, offset 8, fingerprint 4,
 * checksum 4 (CRC32C of the bytes before). A cursor is tokens joined by '.'. */
#ifndef HG_LOG_POSITION_H
#define HG_LOG_POSITION_H

#include "headgate/buf.h"

struct hg_position {
    uint64_t topic_tag; /* hg_topic_tag(name) */
    uint32_t epoch;
    uint16_t partition;
    uint64_t offset;
    uint32_t fingerprint; /* 0: the record is not known (before the first) */
};

enum { HG_POSITION_TEXT_LEN = 42 };

/* No topic has this tag: the cursor of a stream that had no topic yet. All
 * that comes is behind it. */
enum { HG_POSITION_ORIGIN_TAG = 0 };

uint64_t hg_topic_tag(struct hg_slice topic_name); /* the same on every node */
/* Of the record at a position: its log time and its event's id. */
uint32_t hg_position_fingerprint(int64_t log_time_ms, struct hg_slice id);

void hg_position_format(const struct hg_position *p, char out[HG_POSITION_TEXT_LEN + 1]);
/* HG_EINVAL: not a position, or damaged. */
int hg_position_parse(struct hg_slice text, struct hg_position *ret);

/* A resume point in each partition: the next offset wanted is offset + 1. */
struct hg_cursor {
    struct hg_position *items; /* sorted by topic tag, then partition */
    size_t n, cap;
};

void hg_cursor_fini(struct hg_cursor *c);
/* Insert or replace the partition's position. HG_ENOMEM. */
int hg_cursor_set(struct hg_cursor *c, const struct hg_position *p);
const struct hg_position *hg_cursor_get(const struct hg_cursor *c, uint64_t topic_tag,
                                        uint16_t partition);
void hg_cursor_format(const struct hg_cursor *c, struct hg_buf *out);
/* Adds the tokens of text to c; the later of two for one partition and epoch
 * wins. HG_EINVAL leaves c as it was. HG_E2BIG: over 256 tokens. */
int hg_cursor_merge(struct hg_cursor *c, struct hg_slice text);

#endif
