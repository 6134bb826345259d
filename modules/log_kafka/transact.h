/* SPDX-License-Identifier: Apache-2.0 */
/* transact.h - one producer with transactions, and one transaction after another.
 * All calls on the thread that has it; each may wait for the cluster.
 *
 *   ready ──► run: begin, send, all delivered? ── commit ──► DONE
 *                       │ no                         │
 *                       v                            v
 *                    UNDONE                        DOUBT
 *
 * A producer that fails to undo, or to commit, is thrown away: the next one, by the
 * same id, first of all ends what it left open. */
#ifndef LOG_KAFKA_TRANSACT_H
#define LOG_KAFKA_TRANSACT_H

#include "parcel.h"

enum kafka_end {
    KAFKA_END_DONE,
    KAFKA_END_UNDONE, /* none was stored, nor will be: no commit was asked for */
    KAFKA_END_DOUBT,  /* it is decided when kafka_transact_ready says 0 again */
};

struct kafka_transact {
    struct kafka *k;
    rd_kafka_t *rk; /* NULL: one is to be made */
    bool is_ready;
    bool owes_end;    /* in the cluster one may be open, which holds up readers */
    size_t batch_max; /* as struct kafka_line's */
    uint32_t news;    /* kafka.news, when it last asked the cluster */
    bool is_said;     /* that the cluster is away: it is not waited for again until it is back */
    int64_t patience_ms;
    int64_t rest_until_ms; /* monotonic; before it none is made */
    /* Called about every KAFKA_STEP_MS while the cluster is waited for. False: the
     * gateway ends. */
    bool (*goes_on)(void *arg);
    void *arg;
};

enum { KAFKA_STEP_MS = 200 };

void kafka_transact_init(struct kafka_transact *t, struct kafka *k);
void kafka_transact_fini(struct kafka_transact *t);
/* 0: a transaction can begin, and of those before none is open. HG_EAGAIN: not within
 * the patience, which is one step where the last was in vain, or not before rest_until_ms. */
int kafka_transact_ready(struct kafka_transact *t);
/* Begins a transaction, with all parcels of a list. False: it is undone. */
bool kafka_transact_deliver(struct kafka_transact *t, struct kafka_parcel *parcels);
enum kafka_end kafka_transact_commit(struct kafka_transact *t);
/* All three, as it should be. */
enum kafka_end kafka_transact_run(struct kafka_transact *t, struct kafka_parcel *parcels);

extern struct hg_counter kafka_transactions[]; /* by enum kafka_end */

#endif
