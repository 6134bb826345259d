/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - one line told, what was written seen off. */
#include "ctl/console.h"

#include <errno.h>
#include <stdarg.h>

enum { LINE_BYTES_MAX = 4096 };

void hg_ctl_tell(struct hg_ctl *ctl, const char *fmt, ...) {
    char line[LINE_BYTES_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    fputs("headgatectl: ", ctl->err);
    for (const char *at = line; *at != 0; at++) {
        unsigned char c = (unsigned char)*at;
        /* C1 controls come as 0xc2 and a byte below 0xa0. */
        bool is_c1 = c == 0xc2 && (unsigned char)at[1] >= 0x80 && (unsigned char)at[1] < 0xa0;
        if (c < ' ' || c == 0x7f || is_c1) {
            fprintf(ctl->err, "\\x%02x", c);
        } else {
            fputc(c, ctl->err);
        }
    }
    fputc('\n', ctl->err);
    fflush(ctl->err);
}

bool hg_ctl_flush(struct hg_ctl *ctl) {
    if (ctl->out_errno == 0) {
        errno = 0;
        if (fflush(ctl->out) != 0 || ferror(ctl->out)) {
            ctl->out_errno = errno != 0 ? errno : EIO;
        }
    }
    return ctl->out_errno == 0;
}
