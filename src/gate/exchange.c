/* SPDX-License-Identifier: Apache-2.0 */
/* exchange.c - runs the two lists of stages over an exchange. */
#include "gate/gate.h"

#include "gate/stage.h"

/* Before a body byte is read: what can be refused from connection and fields
 * must not make us buffer client_max_body_size bytes first. */
static const struct hg_stage on_fields[] = {
    {"limits", hg_stage__limits},
    {"authenticate", hg_stage__authenticate},
    {"admit", hg_stage__admit},
    {"may_publish", hg_stage__may_publish},
    {NULL, NULL},
};

/* clang-format off */
static const struct hg_stage on_body[] = {
    {"decode", hg_stage__decode},
    {"vet", hg_stage__vet},
    {"route", hg_stage__route},
    {"enrich", hg_stage__enrich},
    {"append", hg_stage__append},
    {NULL, NULL},
};
/* clang-format on */

static enum hg_step run(struct hg_exchange *x, const struct hg_stage *stage) {
    for (; stage->name != NULL; stage++) {
        enum hg_step step = stage->run(x);
        if (step != HG_STEP_ON) {
            x->at = step == HG_STEP_WAIT ? stage : NULL;
            return step;
        }
    }
    x->at = NULL;
    return HG_STEP_ON;
}

enum hg_step hg_exchange_fields(struct hg_exchange *x, int64_t content_length) {
    x->problem.index = -1;
    if (content_length > x->intake->body_bytes_max) {
        hg_stage__refuse_body(x);
        return HG_STEP_DONE;
    }
    return run(x, on_fields);
}

static void finish(struct hg_exchange *x) {
    if (x->problem.status != 0 && hg_stage__wants_dead_letter(x)) {
        hg_stage__dead_letter(x); /* calls on_done */
        return;
    }
    x->on_done(x);
}

void hg_exchange_body(struct hg_exchange *x, struct hg_slice body) {
    x->body = body;
    if (run(x, on_body) != HG_STEP_WAIT) {
        finish(x);
    }
}

void hg_exchange_replay(struct hg_exchange *x, struct hg_slice topic, struct hg_slice body) {
    HG_ASSERT(x->is_replay);
    x->problem.index = -1;
    x->topic = topic;
    if (hg_stage__admit(x) == HG_STEP_ON) {
        hg_exchange_body(x, body);
    } else {
        x->on_done(x);
    }
}

void hg_exchange__resume(struct hg_exchange *x, enum hg_step step) {
    const struct hg_stage *next = x->at + 1;
    x->at = NULL;
    if (step == HG_STEP_ON) {
        step = run(x, next);
    }
    if (step != HG_STEP_WAIT) {
        finish(x);
    }
}

void hg_exchange_fini(struct hg_exchange *x) {
    HG_ASSERT(x->at == NULL);
    hg_events_fini(&x->events);
    hg_principal_unref(&x->principal);
}
