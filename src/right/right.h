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
/* From every `role` block of the main block; holds a reference of conf.
 * HG_ENOMEM. */
int hg_rights_new(struct hg_conf *conf, struct hg_rights **ret);
void hg_rights_free(struct hg_rights **pr);

/* A new principal as `authenticate none` gives it, with the one role
 * "anonymous". A generation makes one and shares it. NULL: no memory. */
struct hg_principal *hg_principal_anonymous(void);
struct hg_principal *hg_principal_ref(struct hg_principal *p);
struct hg_slice hg_principal_id(const struct hg_principal *p);
const char *hg_principal_how(const struct hg_principal *p);
bool hg_principal_has_role(const struct hg_principal *p, struct hg_slice role);
/* Hash of how, issuer and id: the owner under which ids are deduplicated. */
uint64_t hg_principal_owner(const struct hg_principal *p);

/* Wall time when the proof ends; 0: never. */
int64_t hg_principal_expires_ms(const struct hg_principal *p);
static inline bool hg_principal_is_expired(const struct hg_principal *p, int64_t wall_ms) {
    int64_t at = hg_principal_expires_ms(p);
    return at != 0 && at <= wall_ms;
}

/* May the principal do this on the topic? Any of its roles suffices. */
bool hg_rights_allow(const struct hg_rights *r, const struct hg_principal *p, enum hg_act act,
                     struct hg_slice topic);
/* On any topic that the pattern matches, there already or not? */
bool hg_rights_allow_some(const struct hg_rights *r, const struct hg_principal *p, enum hg_act act,
                          struct hg_slice pattern);

#endif
