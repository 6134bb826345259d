/* SPDX-License-Identifier: Apache-2.0 */
/* topics.c - patterns of a stream location to topics that exist and may be
 * followed. */
#include "edge/topics.h"

#include "log/topic.h"

/* The pattern with $topic put in; {NULL, 0} when that gives no legal pattern
 * or there is no memory. */
static struct hg_slice expand(struct hg_visit *v, struct hg_slice pattern) {
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
    char *out = hg_arena_alloc(&v->arena, whole.len + 1);
    if (out == NULL) {
        return none;
    }
    memcpy(out, pattern.ptr, before);
    memcpy(out + before, v->captured.ptr, v->captured.len);
    memcpy(out + before + v->captured.len, at + 6, after);
    whole.ptr = out;
    return whole;
}

static bool is_allow(struct hg_slice item) { return hg_slice_starts(item, HG_SLICE("allow=")); }

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

static bool is_wanted(struct hg_visit *v, const struct hg_slice *patterns, struct hg_slice topic) {
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

int hg_topics__resolve(struct hg_visit *v, uint32_t **ret_ids, size_t *ret_n,
                       struct hg_problem *problem) {
    const struct hg_strings *stream = &v->location->conf->stream;
    struct hg_log *log = v->edge->log;
    uint32_t count = hg_log_topic_count(log);
    uint32_t *ids = hg_arena_alloc(&v->arena, (count + 1) * sizeof(*ids));
    struct hg_slice *patterns = hg_arena_alloc(&v->arena, stream->n * sizeof(*patterns));
    size_t n = 0, n_wanted = 0;
    if (ids == NULL || patterns == NULL) {
        return hg_problem_set(problem, 503, "overloaded", "There is no memory for the request.");
    }
    for (size_t i = 0; i < stream->n; i++) {
        patterns[i] = is_allow(stream->items[i]) ? (struct hg_slice){NULL, 0}
                                                 : expand(v, stream->items[i]);
    }
    for (uint32_t id = 0; id < count; id++) {
        struct hg_slice name = hg_log_topic_name(log, id);
        if (is_wanted(v, patterns, name)) {
            n_wanted++;
            if (hg_rights_allow(v->hold->site->rights, v->principal, HG_ACT_SUBSCRIBE, name)) {
                ids[n++] = id;
            }
        }
    }
    if (n_wanted == 0) {
        return hg_problem_set(problem, 404, "topic-unknown", "This location has no such topic.");
    }
    if (n == 0) {
        return hg_problem_set(problem, 403, "forbidden", "%.*s may follow none of the topics.",
                              HG_FMT(hg_principal_id(v->principal)));
    }
    *ret_ids = ids;
    *ret_n = n;
    return 0;
}
