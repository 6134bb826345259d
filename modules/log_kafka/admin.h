/* SPDX-License-Identifier: Apache-2.0 */
/* admin.h - how the cluster is asked by an admin's request: admin.c and alter.c. */
#ifndef LOG_KAFKA_ADMIN_H
#define LOG_KAFKA_ADMIN_H

#include "kafka.h"

/* What an answer waits in. */
struct kafka_question {
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    int wait_ms;
};

/* It can be asked; in any case it is to be ended. */
bool kafka_question_begin(struct kafka *k, rd_kafka_admin_op_t op, struct kafka_question *q);
/* NULL: none within the time. */
rd_kafka_event_t *kafka_question_answer(struct kafka_question *q);
void kafka_question_end(struct kafka_question *q, rd_kafka_event_t *event);

/* What the cluster says to a topic that is made or changed, as an error of the
 * gateway's. */
int kafka_admin_err(rd_kafka_resp_err_t rc);

#endif
