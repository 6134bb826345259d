/* SPDX-License-Identifier: Apache-2.0 */
/* dlq.h - dead letters over the admin listener: who asks, which topic, reading
 * them, and the answer. What is asked of them has a file each.
 *
 *   GET  /dlq                  dlq_list.c    every topic of dead letters
 *   GET  /dlq/{topic}          dlq_show.c    letters with all that is said of them
 *   POST /dlq/{topic}/replay   dlq_replay.c  judge them again
 *   POST /dlq/{topic}/purge    dlq_purge.c   remove them up to one
 *
 * A request lives on the admin listener's loop and outlives who asked. */
#ifndef HG_SERVER_DLQ_H
#define HG_SERVER_DLQ_H

#include <jansson.h>

#include "server/admin.h"

enum { HG_DLQ_LETTERS_MAX = 1000, HG_DLQ_LETTERS = 100 };

/* An offset of a partition. */
struct hg_dlq_place {
    uint32_t partition;
    uint64_t offset;
};

struct hg_dlq {
    struct hg_admin *admin;
    struct hg_reply *reply;
    struct hg_answer answer;
    struct hg_problem problem; /* status 0: none so far */
    uint32_t topic;
    struct hg_log_fetch fetch;
    void (*on_read)(struct hg_dlq *d, struct hg_batch *batch);
    void (*end)(struct hg_dlq *d); /* frees what the request has beside this, or NULL */
};

extern const struct hg_handler_ops hg_dlq_list;
extern const struct hg_handler_ops hg_dlq_show;
extern const struct hg_handler_ops hg_dlq_replay;
extern const struct hg_handler_ops hg_dlq_purge;

/* A request in bytes of memory, which begins with a struct hg_dlq. NULL: it is
 * refused, and answered. */
void *hg_dlq_begin(const void *conf, struct hg_reply *reply, size_t bytes);
/* Answers with what was written, or with the problem; frees d. */
void hg_dlq_end(struct hg_dlq *d);

/* The functions below give HG_EINVAL and set the problem. */

/* Which topic the path names. */
int hg_dlq_find(struct hg_dlq *d, const struct hg_request *r);
/* The body as JSON. A form of a browser cannot say that it is. */
int hg_dlq_read_body(struct hg_dlq *d, const struct hg_request *r, struct hg_slice body,
                     json_t **ret_root);
/* A position of the topic, as it is now. */
int hg_dlq_read_position(struct hg_dlq *d, struct hg_slice text, struct hg_position *ret);
/* on_read follows, with a batch that is its own to unref; NULL: what was to be
 * read is gone. When it cannot be read, the request has ended instead. */
void hg_dlq_read(struct hg_dlq *d, struct hg_dlq_place place, size_t n,
                 void (*on_read)(struct hg_dlq *d, struct hg_batch *batch));

/* A topic that others made may have several partitions: one after the other is
 * gone through. */
uint32_t hg_dlq_partitions(const struct hg_dlq *d);
struct hg_log_range hg_dlq_range(const struct hg_dlq *d, uint32_t partition);
/* From a place on, in ends (each the last of its partition; NULL: as the log
 * ends): the first place where letters are left, in *place. */
bool hg_dlq_go_on(const struct hg_dlq *d, const struct hg_cursor *ends, struct hg_dlq_place *place);
/* Where each partition ends now. HG_ENOMEM. */
int hg_dlq_ends(const struct hg_dlq *d, struct hg_cursor *ret);
/* Positions of the topic, one for each of some partitions, as one text. Sets the
 * problem: HG_EINVAL. */
int hg_dlq_read_cursor(struct hg_dlq *d, struct hg_slice text, struct hg_cursor *ret);

bool hg_dlq_is_name(struct hg_slice topic);
/* Is the batch's first record the one that the position is of? */
bool hg_dlq_is_at(const struct hg_batch *batch, const struct hg_position *p);
struct hg_position hg_dlq_position(const struct hg_dlq *d, const struct hg_batch *batch, size_t i);
/* A position as a JSON string. */
void hg_dlq_put_position(struct hg_buf *out, const struct hg_position *p);
/* What a peer sent, as a JSON string; bytes that are no UTF-8 become U+FFFD. */
void hg_dlq_put_text(struct hg_buf *out, struct hg_slice text);
void hg_dlq_put_time(struct hg_buf *out, int64_t wall_ms);

#endif
