/* SPDX-License-Identifier: Apache-2.0 */
/* fields.c - the stages before the body: what connection and fields decide. */
#include "gate/stage.h"

#include "base/clock.h"
#include "log/topic.h"

enum hg_step hg_stage__limits(struct hg_exchange *x) {
    if (!hg_slice_eq(hg_request_method(x->request), HG_SLICE("POST"))) {
        hg_problem_set(&x->problem, 405, "method-not-allowed", "Events are sent with POST.");
        return HG_STEP_DONE;
    }
    return HG_STEP_ON;
}

void hg_stage__refuse_body(struct hg_exchange *x) {
    hg_problem_set(&x->problem, 413, "body-too-large", "The body is above the limit of %lld bytes.",
                   (long long)x->intake->body_bytes_max);
}

static void refuse_expired(struct hg_problem *problem) {
    hg_problem_set(problem, 401, "unauthenticated", "The proof of who is calling has expired.");
}

enum hg_step hg_gate_authenticate(const struct hg_proofs *proofs, struct hg_principal *anonymous,
                                  const struct hg_request *r, struct hg_principal **ret_principal,
                                  struct hg_problem *problem) {
    struct hg_principal *proved = NULL;
    if (proofs->is_none) {
        *ret_principal = hg_principal_ref(anonymous);
        return HG_STEP_ON;
    }
    for (size_t i = 0; i < proofs->n; i++) {
        struct hg_principal *p = NULL;
        enum hg_proof proof = proofs->ops[i]->prove(proofs->confs[i], r, &p, problem);
        if (proof == HG_PROOF_GOOD && (proved == NULL || proofs->is_all)) {
            hg_principal_unref(&proved);
            proved = p;
        } else if (proof == HG_PROOF_GOOD) {
            hg_principal_unref(&p);
        } else if (proof == HG_PROOF_BAD || proofs->is_all) {
            hg_principal_unref(&proved);
            break;
        }
    }
    if (proved != NULL && hg_principal_is_expired(proved, hg_clock_wall_ms())) {
        hg_principal_unref(&proved);
        refuse_expired(problem);
    }
    if (proved == NULL) {
        if (problem->status == 0) {
            hg_problem_set(problem, 401, "unauthenticated", "This location asks who is calling.");
        }
        return HG_STEP_DONE;
    }
    problem->status = 0;
    *ret_principal = proved;
    return HG_STEP_ON;
}

enum hg_step hg_stage__authenticate(struct hg_exchange *x) {
    if (x->principal != NULL) { /* proved when the WebSocket was opened */
        if (hg_principal_is_expired(x->principal, hg_clock_wall_ms())) {
            refuse_expired(&x->problem);
            return HG_STEP_DONE;
        }
        return HG_STEP_ON;
    }
    return hg_gate_authenticate(&x->intake->proofs, x->intake->anonymous, x->request, &x->principal,
                                &x->problem);
}

enum hg_step hg_stage__admit(struct hg_exchange *x) {
    const struct hg_source_ops *source = x->intake->source;
    if (source->admit != NULL &&
        source->admit(x->intake->source_conf, x->request, &x->problem) != 0) {
        return HG_STEP_DONE;
    }
    return HG_STEP_ON;
}

static bool is_allowed(const struct hg_strings *allowed, struct hg_slice name) {
    for (size_t i = 0; i < allowed->n; i++) {
        struct hg_slice pattern = {allowed->items[i].ptr + 6, allowed->items[i].len - 6};
        if (hg_topic_matches(pattern, name)) {
            return true;
        }
    }
    return false;
}

bool hg_intake_name_topic(const struct hg_intake *intake, struct hg_slice captured,
                          struct hg_arena *arena, struct hg_slice *ret_name,
                          struct hg_problem *problem) {
    struct hg_slice t = intake->topic_template;
    const char *at = memmem(t.ptr, t.len, "$topic", 6);
    if (at == NULL) {
        *ret_name = t;
        return true;
    }
    size_t before = (size_t)(at - t.ptr), after = t.len - before - 6;
    size_t len = before + captured.len + after;
    char *name = hg_arena_alloc(arena, len + 1);
    if (name == NULL) {
        hg_problem_set(problem, 503, "overloaded", "There is no memory for the request.");
        return false;
    }
    memcpy(name, t.ptr, before);
    if (captured.len > 0) {
        memcpy(name + before, captured.ptr, captured.len);
    }
    memcpy(name + before + captured.len, at + 6, after);
    struct hg_slice whole = {name, len};
    if (len > HG_TOPIC_NAME_MAX || !hg_topic_name_is_valid(whole) ||
        !is_allowed(&intake->allowed, whole)) {
        hg_problem_set(problem, 404, "topic-unknown", "This location has no such topic.");
        return false;
    }
    *ret_name = whole;
    return true;
}

enum hg_step hg_stage__may_publish(struct hg_exchange *x) {
    struct hg_slice topic;
    if (!hg_intake_name_topic(x->intake, x->captured, x->arena, &topic, &x->problem)) {
        return HG_STEP_DONE;
    }
    if (!hg_rights_allow(x->intake->rights, x->principal, HG_ACT_PUBLISH, topic)) {
        hg_problem_set(&x->problem, 403, "forbidden", "%.*s may not publish to %.*s.",
                       HG_FMT(hg_principal_id(x->principal)), HG_FMT(topic));
        return HG_STEP_DONE;
    }
    x->topic = topic;
    return HG_STEP_ON;
}
