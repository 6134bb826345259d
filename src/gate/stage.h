/* SPDX-License-Identifier: Apache-2.0 */
/* stage.h - the stages of an exchange. Gate only. */
#ifndef HG_GATE_STAGE_H
#define HG_GATE_STAGE_H

#include "gate/gate.h"

struct hg_stage {
    const char *name;
    enum hg_step (*run)(struct hg_exchange *x);
};

/* fields.c */
enum hg_step hg_stage__limits(struct hg_exchange *x);
enum hg_step hg_stage__authenticate(struct hg_exchange *x);
enum hg_step hg_stage__admit(struct hg_exchange *x);
enum hg_step hg_stage__may_publish(struct hg_exchange *x);
void hg_stage__refuse_body(struct hg_exchange *x);

/* body.c */
enum hg_step hg_stage__decode(struct hg_exchange *x);
enum hg_step hg_stage__vet(struct hg_exchange *x);
enum hg_step hg_stage__route(struct hg_exchange *x);
enum hg_step hg_stage__enrich(struct hg_exchange *x);

/* append.c */
enum hg_step hg_stage__append(struct hg_exchange *x);

/* dead_letter.c */
bool hg_stage__wants_dead_letter(const struct hg_exchange *x);
void hg_stage__dead_letter(struct hg_exchange *x);

/* A stage that waited goes on. */
void hg_exchange__resume(struct hg_exchange *x, enum hg_step step);

#endif
