/* SPDX-License-Identifier: Apache-2.0 */
/* authenticator.h - proves who is calling. `authenticate NAME ...;` in a
 * location chooses it. */
#ifndef HEADGATE_AUTHENTICATOR_H
#define HEADGATE_AUTHENTICATOR_H

#include "headgate/request.h"

/* Who is calling, as proved. Reference-counted, immutable. */
struct hg_principal;

/* NULL: no memory. how names the authenticator; expires_ms is wall time, 0 for
 * never. Texts are copied. */
HG_API struct hg_principal *hg_principal_new(const char *how, struct hg_slice issuer,
                                             struct hg_slice id, int64_t expires_ms);
/* HG_ENOMEM; HG_E2BIG: over 64. Before the principal is given away. */
HG_API int hg_principal_add_role(struct hg_principal *p, struct hg_slice role);
HG_API void hg_principal_unref(struct hg_principal **pp);

enum hg_proof {
    HG_PROOF_NONE, /* the request carries nothing of this kind */
    HG_PROOF_GOOD, /* *ret_principal holds one reference */
    HG_PROOF_BAD,  /* it carries one, and it is wrong: the problem says why */
};

struct hg_authenticator_ops {
    size_t size;
    const char *name;
    /* The WWW-Authenticate challenge of a 401, or NULL. */
    const char *challenge;
    /* Before a body byte is read. Owner loop; must not block. */
    enum hg_proof (*prove)(const void *conf, const struct hg_request *r,
                           struct hg_principal **ret_principal, struct hg_problem *problem);
};

#endif
