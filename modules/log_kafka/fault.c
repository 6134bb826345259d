/* SPDX-License-Identifier: Apache-2.0 */
/* fault.c - of all that a client complains of while the cluster is waited for, what
 * whoever reads one line of it has to know. */
#include "kafka.h"

/* Below each other: what a later one says does not hide. */
enum { NOTHING, ALL_DOWN, SOME, REFUSED };

/* A broker that does not believe who comes, or is not believed. What TLS 1.3 says of a
 * certificate comes when the handshake is over, as one more way to lose a connection. */
static bool is_refusal(int err, const char *reason) {
    return err == RD_KAFKA_RESP_ERR__AUTHENTICATION || err == RD_KAFKA_RESP_ERR__SSL ||
           strstr(reason, "SSL routines:") != NULL;
}

void kafka_fault_note(struct kafka_fault *f, int err, const char *reason) {
    struct hg_why text = {""};
    int rank = is_refusal(err, reason)                      ? REFUSED
               : err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ? ALL_DOWN
                                                            : SOME;
    if (rank < f->rank) {
        return;
    }
    hg_why_set(&text, "%s", reason);
    memcpy(f->text, text.text, sizeof f->text - 1);
    f->rank = rank;
}

bool kafka_fault_is_refusal(const struct kafka_fault *f) {
    return f->rank == REFUSED;
}

const char *kafka_fault_text(const struct kafka_fault *f, const char *nothing) {
    return f->rank != NOTHING ? f->text : nothing;
}
