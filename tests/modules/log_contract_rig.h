/* SPDX-License-Identifier: Apache-2.0 */
/* log_contract_rig.h - an open driver and what came back from it. */
#ifndef TESTS_MODULES_LOG_CONTRACT_RIG_H
#define TESTS_MODULES_LOG_CONTRACT_RIG_H

#include <pthread.h>

#include "log/records.h"
#include "log/up.h"
#include "modules/log_contract.h"

enum { CONTRACT_ITEMS = 8 };

/* The topics that are open when a test begins. */
enum { A, B, C, CONTRACT_OPEN };
extern const char *const contract_names[CONTRACT_OPEN];
extern const size_t contract_lots; /* of bytes: no bound */

/* A record that the tail has shown. */
struct contract_shown {
    uint32_t topic;
    uint64_t offset;
    int64_t log_time_ms;
};

struct contract_rig {
    struct hg_log_up up; /* first */
    const struct log_contract *contract;
    void *storage;
    void *state;
    pthread_mutex_t lock; /* of what drivers' threads write */
    struct contract_shown *shown;
    size_t n_shown, cap_shown;
    bool is_ours[CONTRACT_OPEN]; /* the partition of each topic, for group "g" */
    struct hg_records records;   /* of the last read */
};

/* One append; its answer comes some time after a flush. */
struct contract_append {
    struct hg_append append;
    struct hg_append_item items[CONTRACT_ITEMS];
    struct contract_rig *rig;
    bool is_done;
    int err;
    size_t shown_when_done;
};

/* Which driver the tests that follow are about. */
void contract_use(const struct log_contract *contract);
int contract_set_up(void **state);
int contract_tear_down(void **state);
#define PROMISE(test) cmocka_unit_test_setup_teardown(test, contract_set_up, contract_tear_down)

int log_contract_run_topics(const struct log_contract *contract);

/* The running test's driver, open with the topics named. */
struct contract_rig *rig_of(void **state);
bool has_cap(const struct contract_rig *rig, unsigned cap); /* says SKIP when not */

void contract_open(struct contract_rig *rig);
void contract_close(struct contract_rig *rig);
void contract_reopen(struct contract_rig *rig, const char *const *topics, size_t n);
void contract_topic(struct contract_rig *rig, uint32_t id, const char *name, bool is_compacted);

struct hg_event *contract_event(const char *id, const char *data, size_t len);
void contract_begin(struct contract_rig *rig, struct contract_append *a);
struct hg_append_item *contract_add(struct contract_append *a, uint32_t topic, const char *id);
void contract_send(struct contract_append *a);
void contract_flush(struct contract_rig *rig);
int contract_wait(struct contract_append *a); /* the answer; drops the events */
/* All of it for one event. */
int contract_append_one(struct contract_rig *rig, uint32_t topic, const char *id);
/* n events named from 0, in groups. */
void contract_fill(struct contract_rig *rig, uint32_t topic, size_t n);

/* Until the tail has shown so many, and no more. */
void contract_wait_shown(struct contract_rig *rig, size_t n);
/* Does the driver give group "g" the topic, or take it, within the time? */
bool contract_wait_assigned(struct contract_rig *rig, uint32_t topic, bool is_ours);

/* Replaces rig->records. */
int contract_read(struct contract_rig *rig, uint32_t topic, uint64_t from, size_t max_records,
                  size_t max_bytes);
/* The same for all from there on: a driver may give less at a time. */
void contract_read_on(struct contract_rig *rig, uint32_t topic, uint64_t from);
uint64_t contract_seek(struct contract_rig *rig, uint32_t topic, int64_t time_ms);
struct hg_log_range contract_range(struct contract_rig *rig, uint32_t topic);
struct hg_slice contract_id(const struct hg_record *r);
bool contract_same_event(const struct hg_event *a, const struct hg_event *b);

#endif
