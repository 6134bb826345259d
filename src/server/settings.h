/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - the rows of the main block that are about processes. */
#ifndef HG_SERVER_SETTINGS_H
#define HG_SERVER_SETTINGS_H

#include "conf/conf.h"

struct hg_server_conf {
    struct hg_conf_head head;
    int64_t worker_threads; /* 0: one per processor */
    bool is_daemon;
    struct hg_slice user;
    struct hg_slice pid_path;
    struct hg_strings error_log; /* PATH [LEVEL] */
    struct hg_slice admin;
    int64_t shutdown_timeout_ms;
    int64_t reload_timeout_ms;
    int64_t connections_max;
};

extern const struct hg_conf_owner hg_server_owner;
/* Every owner of the core, NULL-terminated. */
extern const struct hg_conf_owner *const hg_core_owners[];

const struct hg_server_conf *hg_server_conf(const struct hg_conf *conf);
/* worker_threads, with auto worked out. */
unsigned hg_server_threads(const struct hg_server_conf *c);
/* The level named in error_log; HG_NOTICE unless it names one. */
int hg_server_log_level(const struct hg_server_conf *c);

#endif
