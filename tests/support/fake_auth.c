/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_auth.h"

#include "headgate/module.h"

HG_API extern const struct hg_module hg_module_source_cloudevents;

static enum hg_proof prove(const struct hg_request *r, const char *field, const char *how,
                           struct hg_principal **ret_principal, struct hg_problem *problem) {
    struct hg_slice value = hg_request_field(r, hg_slice_of(field));
    const char *colon = value.len > 0 ? memchr(value.ptr, ':', value.len) : NULL;
    if (value.len == 0) {
        return HG_PROOF_NONE;
    }
    if (colon == NULL) {
        hg_problem_set(problem, 401, "unauthenticated", "%s is wrong.", field);
        return HG_PROOF_BAD;
    }
    size_t at = (size_t)(colon - value.ptr);
    *ret_principal = hg_principal_new(how, HG_SLICE("test"), (struct hg_slice){value.ptr, at}, 0);
    HG_ASSERT(*ret_principal != NULL);
    hg_principal_add_role(*ret_principal, (struct hg_slice){colon + 1, value.len - at - 1});
    return HG_PROOF_GOOD;
}

static enum hg_proof prove_key(const void *conf, const struct hg_request *r,
                               struct hg_principal **ret_principal, struct hg_problem *problem) {
    (void)conf;
    return prove(r, "x-key", "key", ret_principal, problem);
}

static enum hg_proof prove_badge(const void *conf, const struct hg_request *r,
                                 struct hg_principal **ret_principal, struct hg_problem *problem) {
    (void)conf;
    return prove(r, "x-badge", "badge", ret_principal, problem);
}

const struct hg_authenticator_ops fake_auth_key = {.size = sizeof(struct hg_authenticator_ops),
                                                   .name = "key",
                                                   .challenge = "Key realm=\"test\"",
                                                   .prove = prove_key};
const struct hg_authenticator_ops fake_auth_badge = {
    .size = sizeof(struct hg_authenticator_ops), .name = "badge", .prove = prove_badge};

static const struct hg_source_ops *find_source(void *arg, struct hg_slice name,
                                               const struct hg_directive **ret_rows) {
    const struct hg_module *m = &hg_module_source_cloudevents;
    (void)arg;
    if (!hg_slice_eq(name, hg_slice_of(m->source->name))) {
        return NULL;
    }
    *ret_rows = m->directives;
    return m->source;
}

static const struct hg_authenticator_ops *find_authenticator(void *arg, struct hg_slice name,
                                                             const struct hg_directive **ret_rows) {
    (void)arg;
    *ret_rows = NULL;
    return hg_slice_eq(name, HG_SLICE("key"))     ? &fake_auth_key
           : hg_slice_eq(name, HG_SLICE("badge")) ? &fake_auth_badge
                                                  : NULL;
}

const char *fake_auth_lacks;

static int find_whole(void *arg, struct hg_why *why) {
    (void)arg;
    if (fake_auth_lacks == NULL) {
        return 0;
    }
    hg_why_set(why, "%s", fake_auth_lacks);
    return HG_ENOTSUP;
}

const struct hg_gate_finder fake_auth_finder = {find_source, find_authenticator, find_whole, NULL};

int fake_auth_load(void *arg, struct hg_conf_load *load, const struct hg_conf_line *line,
                   const struct hg_conf_owner **ret_owner) {
    static struct hg_conf_owner owner;
    const struct hg_module *m = &hg_module_source_cloudevents;
    (void)arg, (void)load, (void)line;
    owner = (struct hg_conf_owner){m->name, m->directives, m->conf_size, m->conf_check};
    *ret_owner = &owner;
    return 0;
}
