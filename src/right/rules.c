/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - roles: `role NAME { publish PATTERN; subscribe PATTERN; }`.
 *
 * Rows first, then the compiled set: a list of roles, each a list of
 * (act, pattern). Sets are small and read once per request or stream. */
#include "right/right.h"

#include "log/topic.h"

struct role_conf {
    struct hg_conf_head head;
    struct hg_strings publish;
    struct hg_strings subscribe;
};

struct role {
    struct hg_slice name;
    const struct role_conf *rules;
};

struct hg_rights {
    struct hg_conf *conf; /* keeps the names and patterns alive */
    size_t n;
    struct role roles[];
};

/* clang-format off */
static const struct hg_directive rows[] = {
    {.name = "role", .in = "main", .args = "NAME { ... }", .type = HG_SLOT_BLOCK, .min_args = 1,
     .is_repeatable = true, .help = "What principals of this role may do. No rule, no access."},
    {.name = "publish", .in = "role", .args = "PATTERN ...", .type = HG_SLOT_STRINGS,
     .at = offsetof(struct role_conf, publish), .min_args = 1, .max_args = 64,
     .is_repeatable = true, .is_local = true, .help = "Topics to which the role may publish."},
    {.name = "subscribe", .in = "role", .args = "PATTERN ...", .type = HG_SLOT_STRINGS,
     .at = offsetof(struct role_conf, subscribe), .min_args = 1, .max_args = 64,
     .is_repeatable = true, .is_local = true, .help = "Topics that the role may follow."},
    HG_DIRECTIVES_END,
};
/* clang-format on */

static void check_patterns(struct hg_conf_load *load, const struct hg_strings *patterns) {
    for (size_t i = 0; i < patterns->n; i++) {
        if (!hg_topic_pattern_is_valid(patterns->items[i])) {
            hg_conf_fail(load, NULL,
                         "\"%.*s\" is no topic pattern; expected segments of letters, "
                         "digits, _ and - joined by dots, * for one segment, ** for any number",
                         HG_FMT(patterns->items[i]));
        }
    }
}

static int check_role(struct hg_conf_load *load, struct hg_conf_block *block, void *conf) {
    (void)block;
    const struct role_conf *role = conf;
    check_patterns(load, &role->publish);
    check_patterns(load, &role->subscribe);
    return 0;
}

const struct hg_conf_owner hg_right_owner = {
    .name = "rights",
    .directives = rows,
    .conf_size = sizeof(struct role_conf),
    .check = check_role,
};

static size_t count_roles(const struct hg_conf_block *main_block) {
    size_t n = 0;
    struct hg_conf_block *b = NULL;
    while ((b = hg_conf_next_block(main_block, "role", b)) != NULL) {
        n++;
    }
    return n;
}

int hg_rights_new(struct hg_conf *conf, struct hg_rights **ret) {
    const struct hg_conf_block *main_block = hg_conf_main(conf);
    size_t n = count_roles(main_block);
    struct hg_rights *r = hg_try_alloc(sizeof(*r) + n * sizeof(r->roles[0]));
    if (r == NULL) {
        return HG_ENOMEM;
    }
    r->conf = hg_conf_ref(conf);
    struct hg_conf_block *b = NULL;
    while ((b = hg_conf_next_block(main_block, "role", b)) != NULL) {
        r->roles[r->n].name = hg_conf_line_of(b)->args[0];
        r->roles[r->n].rules = hg_conf_of(b, &hg_right_owner);
        r->n++;
    }
    *ret = r;
    return 0;
}

void hg_rights_free(struct hg_rights **pr) {
    if (*pr != NULL) {
        hg_conf_unref(&(*pr)->conf);
        hg_free(*pr);
        *pr = NULL;
    }
}

typedef bool (*fits_fn)(struct hg_slice pattern, struct hg_slice what);

static bool any_fits(const struct hg_strings *patterns, fits_fn fits, struct hg_slice what) {
    for (size_t i = 0; i < patterns->n; i++) {
        if (fits(patterns->items[i], what)) {
            return true;
        }
    }
    return false;
}

static bool allow(const struct hg_rights *r, const struct hg_principal *p, enum hg_act act,
                  fits_fn fits, struct hg_slice what) {
    for (size_t i = 0; i < r->n; i++) {
        const struct role *role = &r->roles[i];
        const struct hg_strings *patterns = act == HG_ACT_PUBLISH     ? &role->rules->publish
                                            : act == HG_ACT_SUBSCRIBE ? &role->rules->subscribe
                                                                      : NULL;
        if (patterns != NULL && hg_principal_has_role(p, role->name) &&
            any_fits(patterns, fits, what)) {
            return true;
        }
    }
    return false;
}

bool hg_rights_allow(const struct hg_rights *r, const struct hg_principal *p, enum hg_act act,
                     struct hg_slice topic) {
    return allow(r, p, act, hg_topic_matches, topic);
}

bool hg_rights_allow_some(const struct hg_rights *r, const struct hg_principal *p, enum hg_act act,
                          struct hg_slice pattern) {
    return allow(r, p, act, hg_topic_patterns_meet, pattern);
}
