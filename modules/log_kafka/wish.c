/* SPDX-License-Identifier: Apache-2.0 */
/* wish.c - what the conf says of a topic, and what the cluster has instead.
 *
 * A start changes no topic that is there: where its lines say something else, that
 * is said. A reload changes what its lines changed since, or is refused; so
 * nothing is made less that nobody wrote down as less. */
#include "kafka.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
    const char *row;
    const char *config; /* the cluster's word; NULL: it is no setting of a topic */
    const char *word;   /* for people */
} names[KAFKA_SETTINGS] = {
    [KAFKA_PARTITIONS] = {"kafka_partitions", NULL, "partitions"},
    [KAFKA_REPLICATION] = {"kafka_replication", NULL, "copies"},
    [KAFKA_MIN_INSYNC] = {"kafka_min_insync_replicas", "min.insync.replicas",
                          "min.insync.replicas"},
    [KAFKA_RETENTION] = {"retention", "retention.ms", "retention.ms"},
    [KAFKA_RETENTION_SIZE] = {"retention_size", "retention.bytes", "retention.bytes"},
};

const char *kafka_setting_config(enum kafka_setting setting) {
    return names[setting].config;
}

static int64_t or_for_ever(int64_t bound) {
    return bound > 0 ? bound : -1;
}

static void find_lines(const struct hg_conf_block *conf, struct kafka_wish *w) {
    bool is_topics = conf != NULL && hg_conf_parent(conf) != NULL;
    for (int i = 0; conf != NULL && i < KAFKA_SETTINGS; i++) {
        struct kafka_said *said = &w->said[i];
        said->line = hg_conf_line_for(conf, names[i].row, &said->is_own);
        said->is_own &= is_topics;
    }
}

void kafka_wish_fill(const struct hg_log_topic *topic, struct kafka_wish *ret) {
    const struct kafka_settings *s =
        topic->conf != NULL ? hg_conf_of_table(topic->conf, kafka_rows) : NULL;
    *ret = (struct kafka_wish){.is_known = true};
    if (s != NULL) {
        ret->said[KAFKA_PARTITIONS].value = s->partitions;
        ret->said[KAFKA_REPLICATION].value = s->replication;
        ret->said[KAFKA_MIN_INSYNC].value = s->min_insync;
    }
    ret->said[KAFKA_RETENTION].value = or_for_ever(topic->retention_ms);
    ret->said[KAFKA_RETENTION_SIZE].value = or_for_ever(topic->retention_bytes);
    find_lines(topic->conf, ret);
}

/* A main block's numbers are for topics that are made; its retention is for all. */
static bool is_of_topic(const struct kafka_said *said, int i) {
    return said->is_own ||
           (said->line != NULL && (i == KAFKA_RETENTION || i == KAFKA_RETENTION_SIZE));
}

/* What was not told, and how long a compacted topic keeps, is no difference. */
static bool differs(const struct kafka_said *said, const struct kafka_kept *kept, int i) {
    bool is_retention = i == KAFKA_RETENTION || i == KAFKA_RETENTION_SIZE;
    return said->value != 0 && kept->has[i] != 0 && said->value != kept->has[i] &&
           !(is_retention && kept->is_compacted);
}

static bool is_less(int64_t value, int64_t than) {
    return value > 0 && (than < 0 || value < than);
}

/* "kafka_replication 3", as it is written. */
static struct hg_slice word_of(const struct kafka_said *said) {
    return said->line->n_args > 0 ? said->line->args[0] : HG_SLICE("");
}

void kafka_wish_compare(const struct kafka_wish *w, const char *name, const struct kafka_kept *kept,
                        kafka_remark_fn fn, void *arg) {
    for (int i = 0; i < KAFKA_SETTINGS; i++) {
        const struct kafka_said *said = &w->said[i];
        struct hg_why text = {""};
        if (is_of_topic(said, i) && differs(said, kept, i)) {
            hg_why_set(&text,
                       "%s %.*s: %s is there with %s %" PRId64
                       ", which holds: a start changes no topic that is there",
                       names[i].row, HG_FMT(word_of(said)), name, names[i].word, kept->has[i]);
            fn(arg, said->line, text.text);
        }
    }
}

/* ----- a reload ----- */

static bool is_changed(const struct kafka_wish *now, const struct kafka_wish *before, int i) {
    const struct kafka_said *a = &now->said[i], *b = &before->said[i];
    return is_of_topic(a, i) && (a->value != b->value || (a->is_own && !b->is_own));
}

static int refuse(const struct kafka_said *said, int i, const char *name,
                  const struct kafka_kept *kept, const char *text, struct hg_why *why) {
    hg_why_set(why, "%s %.*s (%s:%u): %s has %s %" PRId64 " in the cluster, %s", names[i].row,
               HG_FMT(word_of(said)), said->line->file, said->line->number, name, names[i].word,
               kept->has[i], text);
    return HG_EINVAL;
}

static int judge(const struct kafka_wish *now, int i, const char *name,
                 const struct kafka_kept *kept, struct hg_why *why) {
    const struct kafka_said *said = &now->said[i];
    if (i == KAFKA_REPLICATION) {
        return refuse(said, i, name, kept,
                      "which is changed by moving its partitions there (kafka-reassign-partitions)",
                      why);
    }
    if (i == KAFKA_PARTITIONS && said->value < kept->has[i]) {
        return refuse(said, i, name, kept, "and partitions are never taken away", why);
    }
    if (i == KAFKA_MIN_INSYNC && said->value > kept->has[KAFKA_REPLICATION]) {
        return refuse(said, i, name, kept, "and not so many copies: nothing could be stored", why);
    }
    return 0;
}

static void say_change(const struct kafka_said *said, int i, const char *name,
                       const struct kafka_kept *kept) {
    bool is_lower = is_less(said->value, kept->has[i]);
    HG_LOG(is_lower ? HG_WARN : HG_NOTICE, is_lower ? "kafka_topic_lowered" : "kafka_topic_raised",
           "topic=%s setting=\"%s\" from=%" PRId64 " to=%" PRId64 " line=%s:%u", name,
           names[i].word, kept->has[i], said->value, said->line->file, said->line->number);
}

static int change(struct kafka *k, const char *name, const struct kafka_wish *now,
                  const bool is_wanted[KAFKA_SETTINGS], struct hg_why *why) {
    int64_t values[KAFKA_SETTINGS] = {0};
    bool has_config = false;
    for (int i = 0; i < KAFKA_SETTINGS; i++) {
        bool is_config = is_wanted[i] && names[i].config != NULL;
        values[i] = is_config ? now->said[i].value : 0;
        has_config |= is_config;
    }
    int err = has_config ? kafka_admin_alter(k, name, values, why) : 0;
    if (err == 0 && is_wanted[KAFKA_PARTITIONS]) {
        err = kafka_admin_grow(k, name, now->said[KAFKA_PARTITIONS].value, why);
    }
    return err;
}

int kafka_wish_apply(struct kafka *k, const char *name, const struct kafka_wish *now,
                     const struct kafka_wish *before, struct kafka_kept *kept, struct hg_why *why) {
    bool is_wanted[KAFKA_SETTINGS] = {false};
    bool is_any = false;
    for (int i = 0; i < KAFKA_SETTINGS; i++) {
        is_wanted[i] = is_changed(now, before, i) && differs(&now->said[i], kept, i);
        is_any |= is_wanted[i];
        if (is_wanted[i] && judge(now, i, name, kept, why) != 0) {
            return HG_EINVAL;
        }
    }
    int err = is_any ? change(k, name, now, is_wanted, why) : 0;
    for (int i = 0; i < KAFKA_SETTINGS && err == 0; i++) {
        if (is_wanted[i]) {
            say_change(&now->said[i], i, name, kept);
            kept->has[i] = now->said[i].value;
        }
    }
    return err;
}

/* ----- what each topic was last opened with ----- */

void kafka_wish_recall(const struct kafka *k, uint32_t id, struct kafka_wish *ret) {
    *ret = id < k->n_wishes ? k->wishes[id] : (struct kafka_wish){0};
}

int kafka_wish_keep(struct kafka *k, uint32_t id, const struct kafka_wish *wish) {
    if (id >= k->n_wishes) {
        uint32_t n = id + 16;
        struct kafka_wish *wishes = hg_try_realloc(k->wishes, n * sizeof *wishes);
        if (wishes == NULL) {
            return HG_ENOMEM;
        }
        memset(wishes + k->n_wishes, 0, (n - k->n_wishes) * sizeof *wishes);
        k->wishes = wishes;
        k->n_wishes = n;
    }
    k->wishes[id] = *wish;
    for (int i = 0; i < KAFKA_SETTINGS; i++) {
        k->wishes[id].said[i].line = NULL; /* its configuration goes */
    }
    return 0;
}
