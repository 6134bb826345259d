/* SPDX-License-Identifier: Apache-2.0 */
/* right.h - who may do what: principals, roles, rules. A compiled set is
 * immutable and belongs to a generation. No rule, no access. */
#ifndef HG_RIGHT_RIGHT_H
#define HG_RIGHT_RIGHT_H

#include "conf/conf.h"
#include "headgate/authenticator.h"

enum hg_act { HG_ACT_PUBLISH, HG_ACT_SUBSCRIBE, HG_ACT_REPLAY, HG_ACT_DELIVER, HG_ACT_ADMIN };

extern const struct hg_conf_owner hg_right_owner; /* rows: role and what stands in it */

struct hg_rights;
/* From every `role` block of the main block. HG_ENOMEM. */
int hg_rights_new(const struct hg_conf *conf, struct hg_rights **ret);
void hg_rights_free(struct hg_rights **pr);

/* The principal that `authenticate none` gives: role "anonymous". Process-wide. */
struct hg_principal *hg_principal_anonymous(void);
struct hg_principal *hg_principal_ref(struct hg_principal *p);
struct hg_slice hg_principal_id(const struct hg_principal *p);
const char *hg_principal_how(const struct hg_principal *p);
/* Hash of how, issuer and id: the owner under which ids are deduplicated. */
uint64_t hg_principal_owner(const struct hg_principal *p);

/* May the principal do this on the topic? Any of its roles suffices. */
bool hg_rights_allow(const struct hg_rights *r, const struct hg_principal *p, enum hg_act act,
                     struct hg_slice topic);

#endif
