/* SPDX-License-Identifier: Apache-2.0 */
/* crossing.c - tasks gathered for the other side, and handed over together.
 *
 * Waking the log thread at the first append would make it commit a group of
 * one, and take the processor from the loop that is about to bring more. */
#include "log/crossing.h"

static void on_idle(struct hg_task *task) {
    struct hg_crossing *x = HG_CONTAINER(task, struct hg_crossing, hand_over);
    hg_inbox_put_all(x->inbox, &x->appends);
}

int hg_crossings_init(struct hg_crossings *c, struct hg_loop *const *loops, unsigned n,
                      struct hg_inbox *inbox) {
    struct hg_crossing *items = hg_try_alloc(n * sizeof *items);
    struct hg_chain *answers = hg_try_alloc(n * sizeof *answers);
    if (items == NULL || answers == NULL) {
        hg_free(items);
        hg_free(answers);
        return HG_ENOMEM;
    }
    for (unsigned i = 0; i < n; i++) {
        items[i] = (struct hg_crossing){.loop = loops[i], .inbox = inbox, .hand_over.run = on_idle};
    }
    *c = (struct hg_crossings){.inbox = inbox, .n = n, .items = items, .answers = answers};
    return 0;
}

void hg_crossings_fini(struct hg_crossings *c) {
    for (unsigned i = 0; i < c->n; i++) {
        HG_ASSERT(hg_chain_is_empty(&c->items[i].appends));
        HG_ASSERT(hg_chain_is_empty(&c->answers[i]));
    }
    hg_free(c->items);
    hg_free(c->answers);
    *c = (struct hg_crossings){.n = 0};
}

/* The number of the loop, n when it is none of them. Mostly they are numbered
 * as they stand. */
static unsigned find(const struct hg_crossings *c, const struct hg_loop *loop) {
    unsigned i = hg_loop_index(loop);
    if (i < c->n && c->items[i].loop == loop) {
        return i;
    }
    for (i = 0; i < c->n && c->items[i].loop != loop;) {
        i++;
    }
    return i;
}

void hg_crossings_append(struct hg_crossings *c, struct hg_loop *loop, struct hg_task *task) {
    unsigned i = find(c, loop);
    if (i == c->n) {
        hg_inbox_put(c->inbox, task);
        return;
    }
    struct hg_crossing *x = &c->items[i];
    if (hg_chain_is_empty(&x->appends)) {
        hg_loop_when_idle(loop, &x->hand_over);
    }
    hg_chain_add(&x->appends, task);
}

void hg_crossings_answer(struct hg_crossings *c, struct hg_loop *loop, struct hg_task *task) {
    unsigned i = find(c, loop);
    if (i == c->n) {
        hg_loop_post(loop, task);
    } else {
        hg_chain_add(&c->answers[i], task);
    }
}

void hg_crossings_send(struct hg_crossings *c) {
    for (unsigned i = 0; i < c->n; i++) {
        if (!hg_chain_is_empty(&c->answers[i])) {
            hg_loop_post_all(c->items[i].loop, &c->answers[i]);
        }
    }
}
