/* SPDX-License-Identifier: Apache-2.0 */
/* topics.c - patterns of a stream location to topics that exist and may be
 * followed. */
#include "edge/topics.h"

#include "log/topic.h"

/* The pattern with $topic put in; {NULL, 0} when that gives no legal pattern
 * or there is no memory. */
static struct hg_slice expand(const struct hg_visit *v, struct hg_arena *arena,
                              struct hg_slice pattern) {
    const char *at = memmem(pattern.ptr, pattern.len, "$topic", 6);
    struct hg_slice none = {NULL, 0};
    if (at == NULL) {
        return pattern;
    }
    if (!hg_topic_name_is_valid(v->captured)) {
        return none; /* no wildcard ever comes from a path */
    }
    size_t before = (size_t)(at - pattern.ptr), after = pattern.len - before - 6;
    struct hg_slice whole = {NULL, before + v->captured.len + after};
    char *out = hg_arena_alloc(arena, whole.len + 1);
    if (out == NULL) {
        return none;
    }
    memcpy(out, pattern.ptr, before);
    memcpy(out + before, v->captured.ptr, v->captured.len);
    memcpy(out + before + v->captured.len, at + 6, after);
    whole.ptr = out;
    return whole;
}

static bool is_allow(struct hg_slice item) {
    return hg_slice_starts(item, HG_SLICE("allow="));
}

/* What a capture named must be in the list; what the conf named need not. */
static bool is_listed(const struct hg_strings *stream, struct hg_slice topic) {
    for (size_t i = 0; i < stream->n; i++) {
        struct hg_slice s = stream->items[i];
        if (is_allow(s) && hg_topic_matches((struct hg_slice){s.ptr + 6, s.len - 6}, topic)) {
            return true;
        }
    }
    return false;
}

static bool is_wanted(const struct hg_visit *v, const struct hg_slice *patterns,
                      struct hg_slice topic) {
    const struct hg_strings *stream = &v->location->conf->stream;
    for (size_t i = 0; i < stream->n; i++) {
        if (patterns[i].len == 0 || !hg_topic_matches(patterns[i], topic)) {
            continue;
        }
        if (patterns[i].ptr == stream->items[i].ptr || is_listed(stream, topic)) {
            return true;
        }
    }
    return false;
}

static const struct hg_slice *expand_all(const struct hg_visit *v, struct hg_arena *arena) {
    const struct hg_strings *stream = &v->location->conf->stream;
    struct hg_slice *patterns = hg_arena_alloc(arena, stream->n * sizeof(*patterns));
    for (size_t i = 0; patterns != NULL && i < stream->n; i++) {
        patterns[i] = is_allow(stream->items[i]) ? (struct hg_slice){NULL, 0}
                                                 : expand(v, arena, stream->items[i]);
    }
    return patterns;
}

/* The ids into ids; how many patterns matched at all into ret_wanted. */
static size_t collect(const struct hg_visit *v, const struct hg_slice *patterns, uint32_t count,
                      uint32_t *ids, size_t *ret_wanted) {
    size_t n = 0, n_wanted = 0;
    for (uint32_t id = 0; id < count; id++) {
        struct hg_slice name = hg_log_topic_name(v->edge->log, id);
        if (is_wanted(v, patterns, name)) {
            n_wanted++;
            if (hg_rights_allow(v->hold->site->rights, v->principal, HG_ACT_SUBSCRIBE, name)) {
                ids[n++] = id;
            }
        }
    }
    *ret_wanted = n_wanted;
    return n;
}

static bool meets_list(const struct hg_strings *stream, struct hg_slice pattern) {
    for (size_t i = 0; i < stream->n; i++) {
        struct hg_slice s = stream->items[i];
        if (is_allow(s) &&
            hg_topic_patterns_meet((struct hg_slice){s.ptr + 6, s.len - 6}, pattern)) {
            return true;
        }
    }
    return false;
}

/* Patterns may have topics that come later; a name has its topic or has not. */
static void look_ahead(const struct hg_visit *v, const struct hg_slice *patterns,
                       bool *ret_may_come, bool *ret_may_follow) {
    const struct hg_strings *stream = &v->location->conf->stream;
    for (size_t i = 0; i < stream->n; i++) {
        bool is_conf_s = patterns[i].ptr == stream->items[i].ptr;
        if (!hg_topic_pattern_is_literal(patterns[i]) &&
            (is_conf_s || meets_list(stream, patterns[i]))) {
            *ret_may_come = true;
            *ret_may_follow |= hg_rights_allow_some(v->hold->site->rights, v->principal,
                                                    HG_ACT_SUBSCRIBE, patterns[i]);
        }
    }
}

/* No topic that is there may be followed: is that the end of it? */
static int judge_none(const struct hg_visit *v, const struct hg_slice *patterns, bool has_wanted,
                      struct hg_problem *problem) {
    bool may_come = false, may_follow = false;
    look_ahead(v, patterns, &may_come, &may_follow);
    if (may_follow) {
        return 0;
    }
    return has_wanted || may_come
               ? hg_problem_set(problem, 403, "forbidden", "%.*s may follow none of the topics.",
                                HG_FMT(hg_principal_id(v->principal)))
               : hg_problem_set(problem, 404, "topic-unknown", "This location has no such topic.");
}

int hg_topics__resolve(const struct hg_visit *v, uint32_t **ret_ids, size_t *ret_n,
                       struct hg_problem *problem) {
    struct hg_arena scratch = {0};
    uint32_t count = hg_log_topic_count(v->edge->log);
    uint32_t *ids = hg_try_alloc((count + 1) * sizeof(*ids));
    const struct hg_slice *patterns = expand_all(v, &scratch);
    size_t n = 0, n_wanted = 0;
    int err = 0;
    if (ids == NULL || patterns == NULL) {
        err = hg_problem_set(problem, 503, "overloaded", "There is no memory for the request.");
    } else {
        n = collect(v, patterns, count, ids, &n_wanted);
    }
    if (err == 0 && n == 0) {
        err = judge_none(v, patterns, n_wanted > 0, problem);
    }
    hg_arena_fini(&scratch);
    if (err != 0) {
        hg_free(ids);
        return err;
    }
    *ret_ids = ids;
    *ret_n = n;
    return 0;
}

/* HG_ENOMEM: whether it wants the topic is not known. */
static int wants_topic(const struct hg_visit *v, uint32_t id, bool *ret_wants) {
    struct hg_arena scratch = {0};
    const struct hg_slice *patterns = expand_all(v, &scratch);
    struct hg_slice name = hg_log_topic_name(v->edge->log, id);
    if (patterns != NULL) {
        *ret_wants = is_wanted(v, patterns, name) &&
                     hg_rights_allow(v->hold->site->rights, v->principal, HG_ACT_SUBSCRIBE, name);
    }
    hg_arena_fini(&scratch);
    return patterns != NULL ? 0 : HG_ENOMEM;
}

/* HG_ENOMEM: somebody did not get it. */
static int give_topic(struct hg_edge *e, uint32_t id) {
    int err = 0;
    HG_LIST_EACH(node, &e->visits) {
        struct hg_visit *v = (struct hg_visit *)node;
        bool wants = false;
        if (v->stream != NULL && v->subscriber != NULL &&
            (wants_topic(v, id, &wants) != 0 ||
             (wants && hg_subscriber_add_topic(v->subscriber, id) != 0))) {
            err = HG_ENOMEM;
        }
    }
    return err;
}

void hg_topics__take_new(struct hg_edge *e) {
    uint32_t n = hg_log_topic_count(e->log);
    while (e->n_topics < n && give_topic(e, e->n_topics) == 0) {
        e->n_topics++; /* without memory: again at the next batch */
    }
}
