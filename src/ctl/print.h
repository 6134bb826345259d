/* SPDX-License-Identifier: Apache-2.0 */
/* print.h - events on standard output, as JSON lines, for eyes, or their data
 * alone. Numbers and texts stay as they came. */
#ifndef HG_CTL_PRINT_H
#define HG_CTL_PRINT_H

#include "ctl/console.h"
#include "event/json.h"
#include "headgate/buf.h"

enum hg_ctl_format { HG_CTL_JSON, HG_CTL_PRETTY, HG_CTL_DATA };

/* Zeroed but for ctl and format is ready. */
struct hg_ctl_printer {
    struct hg_ctl *ctl;
    enum hg_ctl_format format;
    int64_t left;           /* how many more are wanted; negative: no limit */
    struct hg_buf position; /* of the last one printed, where it is known */
    struct hg_json_tape tape;
    struct hg_buf text;
};

/* Print one event. position is its own or a cursor behind it, or empty; when
 * it is a single position and the event does not say its own, the event is
 * shown with it, as hgposition. What is no JSON object is told and left out.
 * False: no more is wanted. */
bool hg_ctl_print(struct hg_ctl_printer *p, struct hg_slice json, struct hg_slice position);
void hg_ctl_print_fini(struct hg_ctl_printer *p);

#endif
