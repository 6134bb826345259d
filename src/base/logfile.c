/* SPDX-License-Identifier: Apache-2.0 */
/* logfile.c - the error log: makes one line and hands it to the system in one
 * write. Knows no configuration and opens no file. */
#include "base/logfile.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/utf8.h"

_Atomic enum hg_level hg_log_level = HG_NOTICE;

static struct hg_counter lines_dropped = {
    .name = "headgate_log_lines_dropped_total",
    .help = "Lines of the error log that could not be written at once.",
    .kind = HG_COUNTER,
};

struct hg_counter *const hg_logfile_counters[] = {&lines_dropped, NULL};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = STDERR_FILENO; /* under lock */
static bool is_torn;               /* under lock: the last line has no end */

static const char cut_mark[] = " [cut]";

struct line {
    size_t len;
    bool is_cut;
    char bytes[HG_LOGFILE_LINE_MAX];
};

void hg_logfile_set(int fd) {
    hg_lock_take(&lock);
    int old = log_fd;
    log_fd = fd;
    is_torn = false;
    hg_lock_give(&lock);
    if (old > STDERR_FILENO && old != fd) {
        close(old);
    }
}

static void put(struct line *l, const char *bytes, size_t n) {
    /* Room is kept for the mark, the end, and the end of a torn line. */
    if (l->is_cut || n > sizeof(l->bytes) - sizeof(cut_mark) - 1 - l->len) {
        l->is_cut = true;
        return;
    }
    memcpy(l->bytes + l->len, bytes, n);
    l->len += n;
}

/* Code points that end a line, move the cursor or turn the direction of
 * writing on somebody's terminal: C0 and C1 controls, U+2028 to U+202E, U+2066
 * to U+2069. */
static bool is_unsafe(const unsigned char *p, size_t n) {
    switch (n) {
    case 1:
        return p[0] < 0x20 || p[0] == 0x7f;
    case 2:
        return p[0] == 0xc2 && p[1] < 0xa0;
    case 3:
        return p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
                                (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
    default:
        return false;
    }
}

static void put_escaped(struct line *l, const char *text, size_t len) {
    static const char hex[] = "0123456789abcdef";
    size_t at = 0;
    while (at < len && !l->is_cut) {
        const unsigned char *p = (const unsigned char *)text + at;
        size_t n = hg_utf8_next(p, len - at);
        if (n == 1 && *p == '\\') {
            put(l, "\\\\", 2);
        } else if (n > 0 && !is_unsafe(p, n)) {
            put(l, text + at, n);
        } else {
            char escape[4] = {'\\', 'x', hex[*p >> 4], hex[*p & 15]};
            put(l, escape, sizeof(escape));
            n = 1;
        }
        at += n;
    }
}

/* Under lock. A descriptor that would make us wait loses the line. */
static bool write_whole(int fd, const char *bytes, size_t len) {
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    ssize_t n;
    do {
        errno = 0;
        n = poll(&ready, 1, 0) == 1 ? write(fd, bytes, len) : -1;
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
        is_torn = (size_t)n < len;
    }
    return n == (ssize_t)len;
}

/* bytes[0] is the end of a torn line, needed or not. */
static void write_line(const char *bytes, size_t len) {
    hg_lock_take(&lock);
    size_t skip = is_torn ? 0 : 1;
    bool is_written = write_whole(log_fd, bytes + skip, len - skip);
    hg_lock_give(&lock);
    if (!is_written) {
        hg_counter_add(&lines_dropped, 1);
    }
}

static const char *level_text(enum hg_level level) {
    static const char *const texts[] = {"debug", "info", "notice", "warn", "error", "crit"};
    return (size_t)level < HG_COUNT(texts) ? texts[level] : "crit";
}

void hg_log_line(enum hg_level level, const char *event, const char *fmt, ...) {
    if (level < hg_log_level) {
        return;
    }
    int saved_errno = errno;
    struct line l = {.len = 1, .bytes[0] = '\n'};
    char time[HG_CLOCK_RFC3339_MAX];
    char text[HG_LOGFILE_LINE_MAX];

    put(&l, time, hg_clock_format(hg_clock_wall_ms(), time));
    put(&l, " ", 1);
    put(&l, level_text(level), strlen(level_text(level)));
    put(&l, " ", 1);
    put_escaped(&l, event, strlen(event));

    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n > 0) {
        put(&l, " ", 1);
        put_escaped(&l, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
    }
    if (l.is_cut || n >= (int)sizeof(text)) {
        memcpy(l.bytes + l.len, cut_mark, sizeof(cut_mark) - 1);
        l.len += sizeof(cut_mark) - 1;
    }
    l.bytes[l.len++] = '\n';
    write_line(l.bytes, l.len);
    errno = saved_errno;
}
