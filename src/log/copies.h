/* SPDX-License-Identifier: Apache-2.0 */
/* copies.h - a log that several gateways write to (HG_LOG_COPIES) may hold an
 * event twice, after an answer in doubt. Which records are copies (hide.h) is
 * found here for the tail and for what is read, once for all loops.
 *
 * A partition is walked in the order of its offsets. The tail of a followed
 * one has a walk of its own; a few more stand where readers are. What a walk
 * has found is remembered, so that whoever reads the same again looks it up.
 * A walk begins with the stretch before the first record that it judges. */
#ifndef HG_LOG_COPIES_H
#define HG_LOG_COPIES_H

#include "log/hide.h"
#include "log/topics.h"

struct hg_copies;
struct hg_walk;

struct hg_copies_setup {
    const struct hg_log_ops *ops;
    void *driver;
    struct hg_hide_stretch stretch;
};

/* HG_ENOMEM. */
int hg_copies_new(const struct hg_copies_setup *setup, struct hg_copies **ret);
void hg_copies_free(struct hg_copies **pc);

/* Reader threads. Which of the records, in offset order and without others in
 * between, are copies. *ret_n: how many of them were judged, at least one. What
 * read and seek say, when the stretch before them cannot be read; HG_ENOMEM. */
int hg_copies_mark(struct hg_copies *c, const struct hg_topic *topic, uint32_t partition,
                   const struct hg_record *records, size_t n, bool *ret_marks, size_t *ret_n);

/* The thread that asks (errands.h). Before the driver is told to give the tail
 * of a topic, or of partitions that are new. HG_ENOMEM. */
int hg_copies_tail_begin(struct hg_copies *c, struct hg_topic *topic);
/* The tail has begun, at or before the next of the ranges, or their first: find what
 * the records from there on may be copies of. */
int hg_copies_tail_warm(struct hg_copies *c, struct hg_topic *topic,
                        const struct hg_log_range *ranges, bool is_from_first);
/* The driver gives no tail of it any more. */
void hg_copies_tail_end(struct hg_copies *c, struct hg_topic *topic);

/* The tail's thread. False: they cannot be judged yet and are to be read. Where there is no memory
 * nothing is a copy. */
bool hg_copies_tail(struct hg_copies *c, struct hg_topic *topic, uint32_t partition,
                    const struct hg_record *records, size_t n, bool *ret_marks);
/* Any thread: the partition was cut back, and goes on at next. Nothing that
 * comes is a copy of what was before: streams are told a gap there. */
void hg_copies_lost(struct hg_copies *c, struct hg_topic *topic, uint32_t partition, uint64_t next);

#endif
