/* SPDX-License-Identifier: Apache-2.0 */
/* fatal.c - an idempotent producer that has lost count of its sequence numbers
 * takes nothing any more. It is made again; what it had under way is in doubt,
 * and its thread says so while the new one is sent to already.
 *
 * So is one that makes larger batches than some topic takes, but only when it has
 * nothing under way, or what comes later would be there first. */
#include "kafka.h"

static void free_ended(struct kafka *k) {
    struct kafka_line **at = &k->retired;
    while (*at != NULL) {
        struct kafka_line *l = *at;
        if (atomic_load(&l->is_over)) {
            *at = l->next;
            kafka_line_free(&l);
        } else {
            at = &l->next;
        }
    }
}

struct kafka_line *kafka_line_now(struct kafka *k) {
    struct hg_why why = {""};
    bool is_fatal =
        k->line != NULL && atomic_load_explicit(&k->line->is_fatal, memory_order_relaxed);
    if (k->line != NULL && !is_fatal) {
        if (k->line->batch_max <= atomic_load_explicit(&k->batch_max, memory_order_relaxed)) {
            return k->line;
        }
        kafka_give_waiting(k, k->line, true);
        if (rd_kafka_outq_len(k->line->rk) > 0) {
            return NULL;
        }
    }
    if (k->line != NULL) {
        kafka_give_waiting(k, k->line, true); /* a fatal one refuses it: not stored */
        kafka_line_end(k->line);
        k->line->next = k->retired;
        k->retired = k->line;
        k->line = NULL;
    }
    free_ended(k);
    if (kafka_line_open(k, &k->line, &why) != 0) {
        HG_LOG(HG_ERROR, "kafka_no_producer", "why=\"%s\"", why.text);
        return NULL;
    }
    HG_LOG(HG_NOTICE, "kafka_producer_again", "cluster=%s", k->bootstrap);
    return k->line;
}

void kafka_lines_close(struct kafka *k) {
    if (k->line != NULL) {
        kafka_give_waiting(k, k->line, true);
        kafka_line_end(k->line);
        kafka_line_free(&k->line);
    }
    while (k->retired != NULL) {
        struct kafka_line *l = k->retired;
        k->retired = l->next;
        kafka_line_free(&l);
    }
}
