/* SPDX-License-Identifier: Apache-2.0 */
/* badge - an authenticator for the scenarios, never installed. Who sends
 * `X-Badge: NAME:ROLE,ROLE` is believed; `forged` is a wrong proof. A badge
 * that ends with `;SECONDS` is good for so long. */
#include "headgate/module.h"

#include <time.h>

static struct hg_slice cut(struct hg_slice *rest, char at) {
    const char *found = rest->len > 0 ? memchr(rest->ptr, at, rest->len) : NULL;
    struct hg_slice first = {rest->ptr, found != NULL ? (size_t)(found - rest->ptr) : rest->len};
    size_t used = first.len + (found != NULL);
    *rest = (struct hg_slice){rest->ptr + used, rest->len - used};
    return first;
}

static int64_t read_expiry(struct hg_slice seconds) {
    struct timespec now;
    int64_t n = 0;
    for (size_t i = 0; i < seconds.len; i++) {
        n = 10 * n + (seconds.ptr[i] - '0');
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return seconds.len > 0 ? (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + n * 1000 : 0;
}

static enum hg_proof prove(const void *conf, const struct hg_request *r,
                           struct hg_principal **ret_principal, struct hg_problem *problem) {
    struct hg_slice seconds = hg_request_field(r, HG_SLICE("x-badge"));
    struct hg_slice roles = cut(&seconds, ';');
    struct hg_slice name = cut(&roles, ':');
    (void)conf;
    if (name.len == 0) {
        return HG_PROOF_NONE;
    }
    struct hg_principal *p = NULL;
    if (!hg_slice_eq(name, HG_SLICE("forged"))) {
        p = hg_principal_new("badge", HG_SLICE("scenario"), name, read_expiry(seconds));
    }
    while (p != NULL && roles.len > 0) {
        if (hg_principal_add_role(p, cut(&roles, ',')) != 0) {
            hg_principal_unref(&p);
        }
    }
    if (p == NULL) {
        hg_problem_set(problem, 401, "unauthenticated", "The badge is forged.");
        return HG_PROOF_BAD;
    }
    *ret_principal = p;
    return HG_PROOF_GOOD;
}

static const struct hg_authenticator_ops authenticator = {
    .size = sizeof(struct hg_authenticator_ops),
    .name = "badge",
    .challenge = "Badge realm=\"scenario\"",
    .prove = prove,
};

HG_MODULE(badge) = {
    .abi = HG_MODULE_ABI,
    .size = sizeof(struct hg_module),
    .name = "badge",
    .authenticator = &authenticator,
};
