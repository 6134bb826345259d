/* SPDX-License-Identifier: Apache-2.0 */
/* err.c - names of errors, text of a failure, and the end of the process when
 * what cannot happen did. Knows nothing of log files: the line of a failed
 * assertion goes to standard error, whatever state the process is in. */
#include "headgate/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *hg_err_text(int err) {
    switch (err) {
    case 0:
        return "no error";
    case HG_ENOMEM:
        return "no memory";
    case HG_EINVAL:
        return "invalid";
    case HG_E2BIG:
        return "above the limit";
    case HG_ENOENT:
        return "no such thing";
    case HG_EEXIST:
        return "exists already";
    case HG_EAGAIN:
        return "not now";
    case HG_EFULL:
        return "storage full";
    case HG_EIO:
        return "input or output failed";
    case HG_ECLOSED:
        return "closed";
    case HG_ECONFLICT:
        return "conflicts with what is there";
    case HG_EDOUBT:
        return "in doubt";
    case HG_EDENIED:
        return "not allowed";
    case HG_ENOTSUP:
        return "not supported";
    default:
        return "unknown error";
    }
}

void hg_why_set(struct hg_why *why, const char *fmt, ...) {
    struct hg_why made = {0}; /* apart: an argument may be why's own text */
    if (why == NULL) {
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(made.text, sizeof(made.text), fmt, ap);
    va_end(ap);
    *why = made;
}

void hg_assert_failed(const char *cond, const char *file, int line) {
    char text[512];
    int n =
        snprintf(text, sizeof(text), "headgate: %s:%d: assertion failed: %s\n", file, line, cond);
    if (n > 0) {
        size_t len = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
        /* Nothing can be done about a failure here. */
        ssize_t ignored = write(STDERR_FILENO, text, len);
        (void)ignored;
    }
    abort();
}

void *hg_cast_check(void *ptr, uint32_t magic, const char *file, int line) {
    uint32_t found = 0;
    if (ptr != NULL) {
        memcpy(&found, ptr, sizeof(found));
    }
    if (found != magic) {
        hg_assert_failed(ptr == NULL ? "object is NULL" : "object has another magic", file, line);
    }
    return ptr;
}
