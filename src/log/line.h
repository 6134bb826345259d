/* SPDX-License-Identifier: Apache-2.0 */
/* line.h - publishes on their way to the judge, in the order they came. One
 * that is held stands aside, and keeps what comes after it on any of its topics
 * aside as well; whatever has no topic in common with it goes on. Log thread
 * only.
 *
 *                hg_line_put
 *                     v                    ┌──► appended, answered
 *                   line ──── next ──── judged ──► waits with its blocker
 *                   ^ ^ │                  v (HOLD)          │
 *      at the front │ │ └ topic is taken ► aside ◄───────────┤
 *       of all of ──┘ │                     │    (HOLD)      │
 *       its topics  ◄─┼─────────────────────┘                │
 *                     └────────────── hg_line_back ◄─────────┘
 */
#ifndef HG_LOG_LINE_H
#define HG_LOG_LINE_H

#include "log/judge.h"

struct hg_line {
    const struct hg_topics *topics;
    struct hg_publish *first, **end; /* by hg_publish.next */
    uint64_t serial;                 /* of the last that was put */
    size_t n_aside;
};

void hg_line_init(struct hg_line *line, const struct hg_topics *topics);
/* At the end: p has just come. */
void hg_line_put(struct hg_line *line, struct hg_publish *p);
/* At the front: a list of those who waited, as hg_judge_settle gives it. */
void hg_line_back(struct hg_line *line, struct hg_publish *list);
/* Take out the next that may be judged. NULL: none, until something is put or
 * comes back. */
struct hg_publish *hg_line_next(struct hg_line *line);
/* What the judge said of the one that was taken out last. */
void hg_line_judged(struct hg_line *line, struct hg_publish *p, enum hg_verdict verdict);

#endif
