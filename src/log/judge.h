/* SPDX-License-Identifier: Apache-2.0 */
/* judge.h - dedup of whole publishes: which of their items are appended, which
 * are stored already, and who has to wait. Log thread only.
 *
 *              hg_judge                      hg_judge_settle
 *   absent ───────────────► pending (reserved) ────► stored   result 0
 *      ^                       │                └──► absent   any other
 *      └── a publish that waited is judged again ◄──┘
 *
 * A pending id whose publisher was answered in doubt (hg_judge_overdue) stays so:
 * who sends it again, and nothing new with it, waits for what becomes of it. */
#ifndef HG_LOG_JUDGE_H
#define HG_LOG_JUDGE_H

#include "log/plan.h"

struct hg_judge {
    const struct hg_topics *topics;
    struct hg_dedup *dedup; /* NULL: off */
    struct hg_pending pending;
    bool is_by_item; /* no HG_LOG_ATOMIC: each item of an append has a result of its own */
    bool
        is_tail_late; /* HG_LOG_FOLLOW: what is stored is known before its tail comes, or without */
    bool is_read_back; /* HG_LOG_REMOTE: what became of an append in doubt can be read (recall.h) */
    bool is_late;      /* HG_LOG_LATE: see hg_judge_overdue */
    bool has_cut;      /* some partition's is_cut is new; for who settles */
};

enum hg_verdict {
    HG_VERDICT_APPEND, /* the plan's append is to be made, then settled */
    HG_VERDICT_ANSWER, /* nothing to append: p->err, p->at and the results are final */
    HG_VERDICT_WAIT,   /* all is stored or on its way: parked until that settles */
    HG_VERDICT_HOLD,   /* some is on its way and some is new: parked as well, and what
                        * comes after it on its topics must be judged later, or the
                        * order of a key would change */
};

enum hg_verdict hg_judge(struct hg_judge *j, struct hg_publish *p, int32_t now);
/* The driver completed the append of p with err, or with a result for each
 * item. Fills the results, p->err and p->at; gives back, in order, who waited
 * for it. */
struct hg_publish *hg_judge_settle(struct hg_judge *j, struct hg_publish *p, int err, int32_t now);
/* The same for an append that never came to the driver: err is that of every
 * item. */
struct hg_publish *hg_judge_refuse(struct hg_judge *j, struct hg_publish *p, int err, int32_t now);

/* The publisher of p waits no longer: fills p's results, in doubt but for what was
 * told. Until it is settled p is overdue. Gives back who waited, to be judged anew. */
struct hg_publish *hg_judge_overdue(struct hg_judge *j, struct hg_publish *p, int32_t now);
/* p was judged and comes no further now: what is on its way is in doubt, the rest
 * is stored or not. */
void hg_judge_turn_back(struct hg_publish *p);

/* Not judged: nothing of p is appended, and err is its answer. */
void hg_judge_turn_away(struct hg_publish *p, int err);

#endif
