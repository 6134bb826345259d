/* SPDX-License-Identifier: Apache-2.0 */
/* logline.h - one line of the error log: a constant event name, then
 * key=value pairs. Whoever decides what to do about a failure logs it, once;
 * code that returns an error does not log. */
#ifndef HEADGATE_LOGLINE_H
#define HEADGATE_LOGLINE_H

#include "headgate/base.h"

enum hg_level { HG_DEBUG, HG_INFO, HG_NOTICE, HG_WARN, HG_ERROR, HG_CRIT };

/* Lines below it are not written. A reload changes it while loops read it. */
HG_API extern _Atomic enum hg_level hg_log_level;

/* Any thread. Control characters in the text are escaped, so that nothing a
 * peer sent can begin a line. */
HG_API void hg_log_line(enum hg_level level, const char *event, const char *fmt, ...)
    HG_PRINTF(3, 4);

/* The level is checked before the arguments are evaluated. */
#define HG_LOG(level, event, ...)                                                                  \
    do {                                                                                           \
        if ((level) >= hg_log_level) {                                                             \
            hg_log_line((level), (event), __VA_ARGS__);                                            \
        }                                                                                          \
    } while (0)

#endif
