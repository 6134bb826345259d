/* SPDX-License-Identifier: Apache-2.0 */
/* command.c - pid file and control socket. */
#include "server/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { WORD_TIMEOUT_MS = 1000 };

static int make_addr(struct hg_slice pid_path, struct sockaddr_un *ret) {
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    int len = snprintf(ret->sun_path, sizeof(ret->sun_path), "%.*s.sock", HG_FMT(pid_path));
    return len > 0 && (size_t)len < sizeof(ret->sun_path) ? 0 : HG_E2BIG;
}

bool hg_command_fits(struct hg_slice pid_path) {
    struct sockaddr_un addr;
    return make_addr(pid_path, &addr) == 0;
}

int hg_command_listen(struct hg_slice pid_path, struct hg_why *why) {
    struct sockaddr_un addr;
    if (make_addr(pid_path, &addr) != 0) {
        hg_why_set(why, "pid: \"%.*s\" is too long for a socket beside it", HG_FMT(pid_path));
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(addr.sun_path); /* the pid file was ours to take, so is this */
    mode_t old = umask(0077);
    bool is_bound =
        fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 && listen(fd, 8) == 0;
    umask(old);
    if (!is_bound) {
        hg_why_set(why, "%s: %s", addr.sun_path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static void limit_wait(int fd, int64_t ms) {
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

int hg_command_accept(int listen_fd, char word[16]) {
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    limit_wait(fd, WORD_TIMEOUT_MS);
    ssize_t n = recv(fd, word, 15, 0);
    if (n <= 0) {
        close(fd);
        return -1;
    }
    word[n] = 0;
    return fd;
}

void hg_command_answer(int fd, struct hg_slice text) {
    while (text.len > 0) {
        ssize_t n = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
        if (n <= 0) {
            break;
        }
        text.ptr += n;
        text.len -= (size_t)n;
    }
    close(fd);
}

void hg_command_unlink(struct hg_slice pid_path) {
    struct sockaddr_un addr;
    if (make_addr(pid_path, &addr) == 0) {
        unlink(addr.sun_path);
        addr.sun_path[strlen(addr.sun_path) - 5] = 0; /* without .sock: the pid file */
        unlink(addr.sun_path);
    }
}

void hg_callers_add(struct hg_callers *c, int fd) {
    if (c->n == HG_CALLERS_MAX) {
        hg_command_answer(fd, HG_SLICE("too many wait for the same already\n"));
    } else {
        c->fds[c->n++] = fd;
    }
}

void hg_callers_answer(struct hg_callers *c, struct hg_slice text) {
    while (c->n > 0) {
        hg_command_answer(c->fds[--c->n], text);
    }
}

void hg_callers_move(struct hg_callers *to, struct hg_callers *from) {
    while (from->n > 0) {
        hg_callers_add(to, from->fds[--from->n]);
    }
}

static int reach(struct hg_slice pid_path) {
    struct sockaddr_un addr;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && make_addr(pid_path, &addr) == 0 &&
        connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0) {
        return fd;
    }
    if (fd >= 0) {
        int kept = errno;
        close(fd);
        errno = kept;
    }
    return -1;
}

int hg_command_send(struct hg_slice pid_path, const char *word, int64_t timeout_ms) {
    char text[4096];
    ssize_t n;
    bool has_answer = false;
    int fd = reach(pid_path);
    if (fd < 0) {
        fprintf(stderr, "headgate: no master answers at %.*s.sock: %s\n", HG_FMT(pid_path),
                strerror(errno));
        return 1;
    }
    limit_wait(fd, timeout_ms);
    has_answer = send(fd, word, strlen(word), MSG_NOSIGNAL) < 0;
    while ((n = recv(fd, text, sizeof(text), 0)) > 0) {
        fwrite(text, 1, (size_t)n, stderr);
        has_answer = true;
    }
    if (n < 0) {
        fprintf(stderr, "headgate: the master at %.*s.sock does not answer: %s\n", HG_FMT(pid_path),
                strerror(errno));
    }
    close(fd);
    return has_answer || n < 0;
}

/* A process of the number in the file may be anybody's, and the file may be
 * gone: what counts is a master that answers at the socket beside it. */
static bool is_served(struct hg_slice pid_path) {
    int fd = reach(pid_path);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

int hg_command_write_pid(struct hg_slice pid_path, struct hg_why *why) {
    char path[4096], text[32];
    snprintf(path, sizeof(path), "%.*s", HG_FMT(pid_path));
    if (is_served(pid_path)) {
        hg_why_set(why, "pid: %s names a gateway that is running", path);
        return HG_EEXIST;
    }
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    int len = snprintf(text, sizeof(text), "%d\n", getpid());
    bool is_written = fd >= 0 && write(fd, text, (size_t)len) == len;
    if (fd >= 0) {
        close(fd);
    }
    if (!is_written) {
        hg_why_set(why, "pid: %s: %s", path, strerror(errno));
        return HG_EIO;
    }
    return 0;
}
