/* SPDX-License-Identifier: Apache-2.0 */
/* seen.h - what comes up from the tail of topic 0, counted and seen to be without
 * holes in each partition. */
#ifndef TESTS_MODULES_LOG_KAFKA_SEEN_H
#define TESTS_MODULES_LOG_KAFKA_SEEN_H

#include "modules/log_kafka/other.h"

enum { SEEN_PARTITIONS = 3 };

struct seen {
    struct kafka_rig rig; /* rig.up is its first part */
    pthread_mutex_t lock;
    pthread_cond_t more;
    /* Of a partition; first and next since a loss. */
    uint64_t first[SEEN_PARTITIONS], next[SEEN_PARTITIONS], n[SEEN_PARTITIONS];
    bool is_begun[SEEN_PARTITIONS], is_wrong;
    unsigned n_lost;
    uint64_t lost_next;
};

/* The rig with the other's topic; nothing is followed yet. */
void seen_open(struct seen *s, struct other *o);
/* Fails the test if there was a hole. */
void seen_close(struct seen *s);
int seen_follow(struct seen *s, bool is_wanted);
/* Until partition p has come to next, and so many losses were told; a minute at most. */
void seen_wait(struct seen *s, uint32_t p, uint64_t next, unsigned n_lost);

#endif
