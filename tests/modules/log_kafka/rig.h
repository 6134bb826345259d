/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h - the driver, opened on the broker that KAFKA_BOOTSTRAP names. */
#ifndef TESTS_MODULES_LOG_KAFKA_RIG_H
#define TESTS_MODULES_LOG_KAFKA_RIG_H

#include "kafka.h"
#include "log/up.h"
#include "modules/log_kafka/tests.h"
#include "support/conf_text.h"

const char *kafka_rig_bootstrap(void); /* NULL: there is none */

struct kafka_rig {
    struct hg_log_up up; /* first */
    struct conf_text text;
    const struct hg_log_ops *ops;
    void *state;
    char *names[16]; /* of topics, by id */
};

/* A load of rows of this module alone. */
void kafka_rig_conf(struct conf_text *text, const char *rows);
/* What open says; 0: it is open. */
int kafka_rig_try(struct kafka_rig *rig, const char *bootstrap, const char *rows,
                  struct hg_why *why);
/* Open, or the test fails. */
void kafka_rig_open(struct kafka_rig *rig, const char *rows);
void kafka_rig_close(struct kafka_rig *rig);
/* A name that no topic has had yet. */
const char *kafka_rig_name(struct kafka_rig *rig, uint32_t id);
int kafka_rig_topic(struct kafka_rig *rig, uint32_t id, const char *name, struct hg_why *why);

#endif
