/* SPDX-License-Identifier: Apache-2.0 */
/* directory.c - making it, giving it away, and whether that will go. */
#include "server/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the worker's user, as every directory on the way that is made here: it
 * has to get through them. */
static int make_one(const char *path, const struct passwd *user, bool is_last) {
    bool is_made = mkdir(path, 0750) == 0;
    if (!is_made && errno != EEXIST) {
        return HG_EIO;
    }
    bool is_given = user != NULL && (is_made || is_last);
    return is_given && chown(path, user->pw_uid, user->pw_gid) != 0 ? HG_EIO : 0;
}

static int make_all(char *path, const struct passwd *user) {
    for (char *p = path; *p != 0;) {
        p += strcspn(p + 1, "/") + 1;
        char kept = *p;
        *p = 0;
        int err = make_one(path, user, kept == 0);
        *p = kept;
        if (err != 0) {
            return err;
        }
    }
    return 0;
}

/* Once the directory is the user's, anything may be linked into it: a file that
 * has another name too is not root's to give away. */
static int give_file(int dir_fd, const char *name, const struct passwd *user) {
    struct stat st;
    int fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? 0 : HG_EIO;
    }
    int err = fstat(fd, &st) == 0 ? 0 : HG_EIO;
    if (err == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == geteuid() &&
        fchownat(fd, "", user->pw_uid, user->pw_gid, AT_EMPTY_PATH) != 0) {
        err = HG_EIO;
    }
    int kept = errno;
    close(fd);
    errno = kept;
    return err;
}

static int give_files(const char *path, const struct passwd *user) {
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int err = dir != NULL ? 0 : HG_EIO;
    while (err == 0 && (entry = readdir(dir)) != NULL) {
        err = give_file(dirfd(dir), entry->d_name, user);
    }
    if (dir != NULL) {
        int kept = errno;
        closedir(dir);
        errno = kept;
    }
    return err;
}

int hg_directory_make(struct hg_slice path, const struct passwd *user, struct hg_why *why) {
    char text[4096];
    int len = snprintf(text, sizeof(text), "%.*s", HG_FMT(path));
    errno = ENAMETOOLONG;
    if (len <= 0 || (size_t)len >= sizeof(text) || make_all(text, user) != 0 ||
        (user != NULL && give_files(text, user) != 0)) {
        hg_why_set(why, "%.*s: %s", HG_FMT(path), strerror(errno));
        return HG_EIO;
    }
    return 0;
}

/* The first on the way up that is there: path, cut. NULL: errno. */
static const char *find_there(char *path, struct stat *st) {
    while (stat(path, st) != 0) {
        char *slash = strrchr(path, '/');
        if (errno != ENOENT) {
            return NULL;
        }
        if (slash == NULL || slash == path) {
            const char *top = slash == NULL ? "." : "/";
            return stat(top, st) == 0 ? top : NULL;
        }
        *slash = 0;
    }
    return path;
}

int hg_directory_check(struct hg_slice path, bool is_given, struct hg_why *why) {
    char text[4096];
    struct stat st;
    int len = snprintf(text, sizeof(text), "%.*s", HG_FMT(path));
    errno = ENAMETOOLONG;
    const char *there = len > 0 && (size_t)len < sizeof(text) ? find_there(text, &st) : NULL;
    bool is_directory = there != NULL && S_ISDIR(st.st_mode);
    if (there != NULL && !is_directory) {
        errno = ENOTDIR;
    }
    bool is_ours = !is_given || !is_directory || strlen(there) < (size_t)len;
    if (!is_directory || (is_ours && faccessat(AT_FDCWD, there, W_OK | X_OK, AT_EACCESS) != 0)) {
        hg_why_set(why, "%.*s: %s", HG_FMT(path), strerror(errno));
        return HG_EIO;
    }
    return 0;
}
