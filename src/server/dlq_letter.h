/* SPDX-License-Identifier: Apache-2.0 */
/* dlq_letter.h - one dead letter judged again: the request that was refused,
 * put together from the record, through the gate of the location that refused
 * it. On the loop that holds the site. */
#ifndef HG_SERVER_DLQ_LETTER_H
#define HG_SERVER_DLQ_LETTER_H

#include "proto/http/request.h"
#include "server/dlq.h"

struct hg_dlq_letter;

struct hg_dlq_letter_setup {
    struct hg_site *site;
    struct hg_gate *gate;
    struct hg_slice dlq; /* the topic that it lies in */
    struct hg_slice to;  /* where it is to go; empty: where it was to go */
    struct hg_event *event;
    const struct hg_record *record; /* headers and owner */
    void (*on_judged)(struct hg_dlq_letter *l);
};

struct hg_dlq_letter {
    struct hg_dlq_letter_setup setup;
    struct hg_exchange exchange;
    struct hg_request request;
    struct hg_arena arena;
    const char *outcome; /* NULL: the exchange's */
};

/* What setup points to lives until on_judged, which comes once, now or later. */
void hg_dlq_letter_judge(struct hg_dlq_letter *l, const struct hg_dlq_letter_setup *setup);
void hg_dlq_letter_fini(struct hg_dlq_letter *l);

/* Its outcome as the rest of a JSON object. */
void hg_dlq_letter_print(const struct hg_dlq_letter *l, struct hg_buf *out);
/* All of its events are in the log now, from this time or before. */
bool hg_dlq_letter_is_stored(const struct hg_dlq_letter *l);
/* The log could not take it: the next one would fare no better. */
bool hg_dlq_letter_is_hopeless(const struct hg_dlq_letter *l);

#endif
