/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h - the driver, opened on the broker that KAFKA_BOOTSTRAP names. */
#ifndef TESTS_MODULES_LOG_KAFKA_RIG_H
#define TESTS_MODULES_LOG_KAFKA_RIG_H

#include "kafka.h"
#include "log/up.h"
#include "modules/log_kafka/tests.h"
#include "support/conf_text.h"

const char *kafka_rig_bootstrap(void); /* NULL: there is none */

enum { RIG_TOPICS = 16, RIG_ITEMS = 8 };

struct kafka_rig {
    struct hg_log_up up; /* first */
    struct conf_text text;
    const struct hg_log_ops *ops;
    void *state;
    char *names[RIG_TOPICS]; /* of topics, by id */
};

/* One append and what became of it. */
struct kafka_try {
    struct hg_append append;
    struct hg_append_item items[RIG_ITEMS];
    _Atomic bool is_done;
    _Atomic unsigned n_answers;
    int err;
};

/* A load of rows of this module and of the log. */
void kafka_rig_conf(struct conf_text *text, const char *rows);
/* What open says; 0: it is open. */
int kafka_rig_try(struct kafka_rig *rig, const char *bootstrap, const char *rows,
                  struct hg_why *why);
/* Open, or the test fails. */
void kafka_rig_open(struct kafka_rig *rig, const char *rows);
void kafka_rig_close(struct kafka_rig *rig);
/* A name that no topic has had yet. */
const char *kafka_rig_name(struct kafka_rig *rig, uint32_t id);
/* As the rig's conf has it: by its block, or by the main one. */
struct hg_log_topic kafka_rig_wanted(const struct kafka_rig *rig, uint32_t id, const char *name);
/* Another conf, as a reload brings one; what the first said is gone. */
void kafka_rig_reload(struct kafka_rig *rig, const char *rows);
int kafka_rig_topic(struct kafka_rig *rig, uint32_t id, const char *name, struct hg_why *why);

/* A new topic of that id, made by the driver. */
const char *kafka_rig_new_topic(struct kafka_rig *rig, uint32_t id);

void kafka_try_begin(struct kafka_rig *rig, struct kafka_try *t);
/* Takes the event; NULL: a tombstone. */
struct hg_append_item *kafka_try_add(struct kafka_try *t, uint32_t topic, const char *key,
                                     struct hg_event *event);
void kafka_try_send(struct kafka_rig *rig, struct kafka_try *t);
/* The answer within 40 s; then the events are dropped. */
int kafka_try_wait(struct kafka_try *t);
int kafka_rig_append(struct kafka_rig *rig, uint32_t topic, const char *key, struct hg_event *event,
                     uint64_t *ret_offset);
struct hg_event *kafka_rig_event(const char *id, const char *data, size_t len);

/* What another client reads of partition 0; on_message for each up to its end.
 * Gives how many there are. */
typedef void (*kafka_rig_fn)(void *arg, const rd_kafka_message_t *m);
size_t kafka_rig_read(const char *topic, kafka_rig_fn on_message, void *arg);

#endif
