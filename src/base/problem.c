/* SPDX-License-Identifier: Apache-2.0 */
/* problem.c - why a request is refused, put into words. */
#include "headgate/request.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

/* The text may quote what a peer sent, and may be cut inside a code point:
 * what is not UTF-8 becomes a question mark, an unfinished end goes. */
static void mend(char *text, bool is_cut) {
    size_t len = strlen(text), at = 0;
    while (at < len) {
        size_t n = hg_utf8_next(text + at, len - at);
        if (n == 0) {
            struct hg_utf8 rest = {0};
            if (is_cut && hg_utf8_feed(&rest, text + at, len - at)) {
                text[at] = '\0';
                return;
            }
            text[at] = '?';
            n = 1;
        }
        at += n;
    }
}

int hg_problem_set(struct hg_problem *p, int status, const char *type, const char *fmt, ...) {
    if (p == NULL) {
        return HG_EINVAL;
    }
    struct hg_problem made = {.status = status, .type = type, .index = -1};
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(made.detail, sizeof(made.detail), fmt, ap);
    va_end(ap);
    mend(made.detail, n >= (int)sizeof(made.detail));
    *p = made; /* only now: an argument may be the detail that was there */
    return HG_EINVAL;
}
