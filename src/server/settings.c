/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - processes, threads, where logs and pid go. */
#include "server/settings.h"

#include <unistd.h>

#include "edge/edge.h"
#include "gate/gate.h"
#include "headgate/logline.h"
#include "log/settings.h"
#include "module/registry.h"
#include "right/right.h"

enum { THREADS_MAX = 64 };

/* worker_threads auto | NUMBER: a number or a word. */
static int set_threads(struct hg_conf_load *load, void *conf, const struct hg_conf_line *line) {
    struct hg_server_conf *c = conf;
    int64_t n = 0;
    if (hg_slice_eq(line->args[0], HG_SLICE("auto"))) {
        c->worker_threads = 0;
        return 0;
    }
    for (size_t i = 0; i < line->args[0].len && n <= THREADS_MAX; i++) {
        char digit = line->args[0].ptr[i];
        n = digit >= '0' && digit <= '9' ? n * 10 + (digit - '0') : THREADS_MAX + 1;
    }
    if (n < 1 || n > THREADS_MAX) {
        hg_conf_fail(load, line, "\"%.*s\" is no number of threads; expected auto or 1 to %d",
                     HG_FMT(line->args[0]), THREADS_MAX);
        return HG_EINVAL;
    }
    c->worker_threads = n;
    return 0;
}

#define AT(field) offsetof(struct hg_server_conf, field)

/* clang-format off */
static const struct hg_directive rows[] = {
    {.name = "worker_threads", .in = "main", .args = "auto | NUMBER", .type = HG_SLOT_CUSTOM,
     .set = set_threads, .def = "auto", .min_args = 1, .is_at_start = true,
     .help = "Event loops; auto is one per processor."},
    {.name = "worker_connections", .in = "main", .args = "NUMBER", .type = HG_SLOT_INT,
     .at = AT(connections_max), .def = "100000", .min = 16, .max = 10000000, .is_at_start = true,
     .help = "Connections at once; one more is closed at once."},
    {.name = "daemon", .in = "main", .args = "on | off", .type = HG_SLOT_FLAG, .at = AT(is_daemon),
     .def = "off", .is_at_start = true, .help = "Go to the background after start."},
    {.name = "user", .in = "main", .args = "NAME", .type = HG_SLOT_STRING, .at = AT(user),
     .is_at_start = true,
     .help = "Whom the worker runs as when the master is root; the master keeps its rights."},
    {.name = "pid", .in = "main", .args = "PATH", .type = HG_SLOT_STRING, .at = AT(pid_path),
     .def = "run/headgate.pid", .is_at_start = true,
     .help = "Where the master's process id is written; its control socket is PATH.sock."},
    {.name = "error_log", .in = "main", .args = "PATH | stderr [LEVEL]", .type = HG_SLOT_STRINGS,
     .at = AT(error_log), .min_args = 1, .max_args = 2, .def = "stderr",
     .help = "The error log and the least level that is written: debug, info, notice, warn, error "
             "or crit."},
    {.name = "admin", .in = "main", .args = "ADDRESS", .type = HG_SLOT_STRING, .at = AT(admin),
     .def = "127.0.0.1:9180", .is_at_start = true,
     .help = "Where /healthz, /readyz, /metrics and /status are served."},
    {.name = "worker_shutdown_timeout", .in = "main", .args = "TIME", .type = HG_SLOT_DURATION,
     .at = AT(shutdown_timeout_ms), .def = "30s", .min = 100, .max = 3600000,
     .help = "How long a drain may take before what is left is cut."},
    {.name = "reload_timeout", .in = "main", .args = "TIME", .type = HG_SLOT_DURATION,
     .at = AT(reload_timeout_ms), .def = "50s", .min = 100, .max = 3600000,
     .help = "How long -s reload waits for the worker to take a configuration; the worker goes on "
             "as it is, and the error log has its verdict when it comes."},
    HG_DIRECTIVES_END,
};
/* clang-format on */

static const char *const levels[] = {"debug", "info", "notice", "warn", "error", "crit"};

static int level_of(struct hg_slice name) {
    for (size_t i = 0; i < HG_COUNT(levels); i++) {
        if (hg_slice_eq(name, hg_slice_of(levels[i]))) {
            return (int)i;
        }
    }
    return -1;
}

static const struct hg_directive *row_of(const char *name) {
    const struct hg_directive *row = rows;
    while (strcmp(row->name, name) != 0) {
        row++;
    }
    return row;
}

static int check_main(struct hg_conf_load *load, struct hg_conf_block *block, void *conf) {
    const struct hg_server_conf *c = conf;
    if (c->error_log.n == 2 && level_of(c->error_log.items[1]) < 0) {
        hg_conf_fail(load, hg_conf_set_here(block, row_of("error_log")),
                     "\"%.*s\" is no level; expected debug, info, notice, warn, error or crit",
                     HG_FMT(c->error_log.items[1]));
    }
    return 0;
}

const struct hg_conf_owner hg_server_owner = {
    .name = "server",
    .directives = rows,
    .conf_size = sizeof(struct hg_server_conf),
    .check = check_main,
};

const struct hg_conf_owner *const hg_core_owners[] = {
    &hg_server_owner, &hg_module_owner, &hg_log_owner, &hg_right_owner,
    &hg_gate_owner,   &hg_edge_owner,   NULL,
};

const struct hg_server_conf *hg_server_conf(const struct hg_conf *conf) {
    return hg_conf_of(hg_conf_main(conf), &hg_server_owner);
}

unsigned hg_server_threads(const struct hg_server_conf *c) {
    if (c->worker_threads > 0) {
        return (unsigned)c->worker_threads;
    }
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

int hg_server_log_level(const struct hg_server_conf *c) {
    return c->error_log.n == 2 ? level_of(c->error_log.items[1]) : HG_NOTICE;
}
