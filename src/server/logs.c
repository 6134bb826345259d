/* SPDX-License-Identifier: Apache-2.0 */
/* logs.c - opening the error log and the access logs. */
#include "server/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/logfile.h"

enum { LOGS_MAX = 1024 };

/* A pipe that nobody reads must stop neither the master here nor a loop later:
 * its lines are dropped and counted. */
static int open_append(struct hg_slice name) {
    char path[4096];
    int len = snprintf(path, sizeof(path), "%.*s", HG_FMT(name));
    if (len < 0 || (size_t)len >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640);
}

static bool is_listed(const struct hg_bundle_log *logs, size_t n, struct hg_slice path) {
    for (size_t i = 0; i < n; i++) {
        if (hg_slice_eq(logs[i].path, path)) {
            return true;
        }
    }
    return false;
}

int hg_logs_open_access(const struct hg_site *site, struct hg_bundle_log **ret_logs, size_t *ret_n,
                        struct hg_why *why) {
    struct hg_slice path;
    struct hg_bundle_log *logs = hg_try_alloc(LOGS_MAX * sizeof(*logs));
    size_t n = 0;
    if (logs == NULL) {
        hg_why_set(why, "access_log: no memory");
        return HG_ENOMEM;
    }
    for (size_t i = 0; (path = hg_site_access_log(site, i)).len > 0; i++) {
        if (is_listed(logs, n, path)) {
            continue;
        }
        int fd = n < LOGS_MAX ? open_append(path) : -1;
        if (fd < 0) {
            hg_why_set(why, "access_log: %.*s: %s", HG_FMT(path),
                       n < LOGS_MAX ? strerror(errno) : "there are 1024 others already");
            hg_logs_close_access(&logs, n);
            return HG_EIO;
        }
        logs[n++] = (struct hg_bundle_log){path, fd};
    }
    *ret_logs = logs;
    *ret_n = n;
    return 0;
}

void hg_logs_close_access(struct hg_bundle_log **plogs, size_t n) {
    for (size_t i = 0; *plogs != NULL && i < n; i++) {
        close((*plogs)[i].fd);
    }
    hg_free(*plogs);
    *plogs = NULL;
}

int hg_logs_open_error(const struct hg_server_conf *c, int *ret_fd, struct hg_why *why) {
    int fd;
    if (c->error_log.n == 0 || hg_slice_eq(c->error_log.items[0], HG_SLICE("stderr"))) {
        fd = c->is_daemon ? open("/dev/null", O_WRONLY | O_CLOEXEC)
                          : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    } else {
        fd = open_append(c->error_log.items[0]);
    }
    if (fd < 0) {
        hg_why_set(why, "error_log: %.*s: %s", HG_FMT(c->error_log.items[0]), strerror(errno));
        return HG_EIO;
    }
    *ret_fd = fd;
    return 0;
}

static void use(int fd, int control_fd, const struct hg_bundle_log *logs, size_t n) {
    struct hg_wire_message m = {.type = HG_WIRE_REOPEN};
    int err = hg_wire_add_fd(&m, fd);
    for (size_t i = 0; err == 0 && i < n; i++) {
        hg_buf_put_slice(&m.body, logs[i].path);
        hg_buf_put(&m.body, "", 1);
        err = hg_wire_add_fd(&m, logs[i].fd);
    }
    if (control_fd >= 0 && err == 0 && !m.body.is_failed) {
        hg_wire_send(control_fd, &m);
    }
    hg_wire_fini(&m);
    hg_logfile_set(fd);
}

void hg_logs_use(int fd, int control_fd) {
    use(fd, control_fd, NULL, 0);
}

int hg_logs_reopen(const struct hg_server_conf *c, const struct hg_site *site, int control_fd,
                   struct hg_why *why) {
    struct hg_bundle_log *logs = NULL;
    size_t n = 0;
    int fd;
    if (hg_logs_open_error(c, &fd, why) != 0) {
        return -1;
    }
    hg_logs_open_access(site, &logs, &n, why);
    use(fd, control_fd, logs, n);
    hg_logs_close_access(&logs, n);
    return fd;
}
