/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - what a configuration says about the event log and its topics. */
#ifndef HG_LOG_SETTINGS_H
#define HG_LOG_SETTINGS_H

#include "conf/conf.h"
#include "headgate/log.h"

extern const struct hg_conf_owner hg_log_owner; /* rows of main and of topic blocks */

enum hg_topic_key { HG_KEY_NONE, HG_KEY_SUBJECT, HG_KEY_SOURCE, HG_KEY_PARTITIONKEY };

struct hg_log_settings {
    struct hg_conf_head head;
    /* main */
    struct hg_strings event_log; /* driver's name, then its arguments */
    int64_t dedup_window_ms;
    int64_t dedup_max;
    int64_t hide_ms;
    int64_t hide_max;
    int64_t queue_bytes;
    int64_t topic_queue_bytes;
    int64_t readers;
    int64_t window_bytes;
    int64_t refresh_ms;
    /* topic */
    int key; /* enum hg_topic_key */
    int64_t retention_ms;
    int64_t retention_bytes;
    bool is_compacted;
};

const struct hg_log_settings *hg_log_settings(const struct hg_conf *conf);

/* What event_log says, for the driver's open; of_module: its rows, or NULL.
 * event_log is set; the way up is the caller's. */
struct hg_log_open hg_log_settings_open(const struct hg_conf *conf,
                                        const struct hg_directive *of_module);

/* The attribute that is an event's key; empty: it has none. */
struct hg_slice hg_topic_key_of(enum hg_topic_key key, const struct hg_event *e);

/* Every topic that the configuration declares, in order. after NULL: first;
 * NULL: no more. The name is in ret_topic, id is not set. */
const struct hg_conf_block *hg_log_settings_topic(const struct hg_conf *conf,
                                                  const struct hg_conf_block *after,
                                                  struct hg_log_topic *ret_topic,
                                                  enum hg_topic_key *ret_key);

#endif
