/* SPDX-License-Identifier: Apache-2.0 */
/* places.c - looking at files and directories that will be written. */
#include "server/places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/settings.h"
#include "server/command.h"
#include "server/directory.h"

static bool has_access(const char *path, int mode) {
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

/* Up to and without its last name; path is cut. */
static const char *parent_of(char *path) {
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return ".";
    }
    if (slash == path) {
        return "/";
    }
    *slash = 0;
    return path;
}

/* A file that will be made in a directory that is there. */
static bool can_make(char *path) {
    struct stat st;
    const char *parent = parent_of(path);
    if (stat(parent, &st) != 0) {
        return false;
    }
    errno = ENOTDIR;
    return S_ISDIR(st.st_mode) && has_access(parent, W_OK | X_OK);
}

/* A pipe is not tried: its reader would take our leaving for the end. */
static bool can_append(char *path) {
    struct stat st;
    if (path[0] == 0) {
        errno = ENOENT;
        return false;
    }
    if (stat(path, &st) == 0) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : ENXIO;
        return !S_ISDIR(st.st_mode) && !S_ISSOCK(st.st_mode) && has_access(path, W_OK);
    }
    return errno == ENOENT && can_make(path);
}

static bool can_replace(char *path) {
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return false;
    }
    return can_make(path);
}

/* 0, or HG_EIO and a fault at the line that names the path. */
static int look(const struct hg_plan *p, const char *name, struct hg_slice path,
                bool (*can)(char *path), struct hg_buf *errors) {
    char text[4096];
    int len = snprintf(text, sizeof(text), "%.*s", HG_FMT(path));
    errno = ENAMETOOLONG;
    if (len >= 0 && (size_t)len < sizeof(text) && can(text)) {
        return 0;
    }
    const char *expected = errno == ENOENT ? "; expected its directory to be there" : "";
    hg_conf_fault(p->conf, name, path, errors, "%.*s: %s%s", HG_FMT(path), strerror(errno),
                  expected);
    return HG_EIO;
}

static bool is_seen(const struct hg_site *site, size_t n, struct hg_slice path) {
    for (size_t i = 0; i < n; i++) {
        if (hg_slice_eq(hg_site_access_log(site, i), path)) {
            return true;
        }
    }
    return false;
}

int hg_places_check_logs(const struct hg_plan *p, struct hg_buf *ret_errors) {
    const struct hg_strings *error_log = &p->server->error_log;
    struct hg_slice path;
    int err = 0;
    if (error_log->n > 0 && !hg_slice_eq(error_log->items[0], HG_SLICE("stderr"))) {
        err = look(p, "error_log", error_log->items[0], can_append, ret_errors);
    }
    for (size_t i = 0; (path = hg_site_access_log(p->site, i)).len > 0; i++) {
        if (!is_seen(p->site, i, path) &&
            look(p, "access_log", path, can_append, ret_errors) != 0) {
            err = HG_EIO;
        }
    }
    return err;
}

static int check_pid(const struct hg_plan *p, struct hg_buf *errors) {
    struct hg_slice path = p->server->pid_path;
    if (!hg_command_fits(path)) {
        hg_conf_fault(p->conf, "pid", path, errors, "\"%.*s\" is too long for a socket beside it",
                      HG_FMT(path));
        return HG_EIO;
    }
    return look(p, "pid", path, can_replace, errors);
}

static int check_event_log(const struct hg_plan *p, const struct hg_registry *registry,
                           struct hg_buf *errors) {
    const struct hg_strings *event_log = &hg_log_settings(p->conf)->event_log;
    const struct hg_log_ops *driver = hg_registry_log(registry, event_log->items[0], NULL);
    struct hg_why why = {""};
    if (driver == NULL || !driver->has_directory || event_log->n < 2) {
        return 0;
    }
    bool is_given = geteuid() == 0 && p->server->user.len > 0;
    int err = hg_directory_check(event_log->items[1], is_given, &why);
    if (err != 0) {
        hg_conf_fault(p->conf, "event_log", event_log->items[0], errors, "%s", why.text);
    }
    return err;
}

int hg_places_check(const struct hg_plan *p, const struct hg_registry *registry,
                    struct hg_buf *ret_errors) {
    int of_pid = check_pid(p, ret_errors);
    int of_logs = hg_places_check_logs(p, ret_errors);
    int of_event_log = check_event_log(p, registry, ret_errors);
    return of_pid != 0 ? of_pid : of_logs != 0 ? of_logs : of_event_log;
}
