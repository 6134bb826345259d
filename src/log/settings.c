/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - the rows: event_log, dedup_window, topic and what stands in it. */
#include "log/settings.h"

#include "log/topic.h"

static const char *const key_names[] = {"none", "subject", "source", "partitionkey", NULL};

/* Of ids that dedup remembers; written with the units of sizes. */
static const int64_t COUNT_MIN = 1000, COUNT_MAX = (int64_t)1000 << 20;
enum { DEDUP_MAX = 1000000, HIDE_MAX = 100000 };

/* TIME [max=COUNT]: two values of different kinds in one line, so no type fits. */
static int take_span(struct hg_conf_load *load, const struct hg_conf_line *line, int64_t *ret_ms,
                     int64_t *ret_count) {
    struct hg_slice max;
    int64_t ms, count = *ret_count;
    if (hg_conf_arg_duration(load, line, line->args[0], &ms) != 0) {
        return HG_EINVAL;
    }
    if (line->n_args == 2) {
        if (!hg_conf_arg_named(line, "max", &max)) {
            hg_conf_fail(load, line, "\"%.*s\" is not known; expected max=COUNT",
                         HG_FMT(line->args[1]));
            return HG_EINVAL;
        }
        if (hg_conf_arg_size(load, line, max, &count) != 0) {
            return HG_EINVAL;
        }
        if (count < COUNT_MIN || count > COUNT_MAX) {
            hg_conf_fail(load, line, "max=%lld is out of range; expected 1000 to 1000m",
                         (long long)count);
            return HG_EINVAL;
        }
    }
    *ret_ms = ms;
    *ret_count = count;
    return 0;
}

static int set_dedup_window(struct hg_conf_load *load, void *conf,
                            const struct hg_conf_line *line) {
    struct hg_log_settings *s = conf;
    s->dedup_max = s->dedup_max > 0 ? s->dedup_max : DEDUP_MAX;
    return take_span(load, line, &s->dedup_window_ms, &s->dedup_max);
}

static int set_dedup_hide(struct hg_conf_load *load, void *conf, const struct hg_conf_line *line) {
    struct hg_log_settings *s = conf;
    s->hide_max = s->hide_max > 0 ? s->hide_max : HIDE_MAX;
    return take_span(load, line, &s->hide_ms, &s->hide_max);
}

#define AT(field) offsetof(struct hg_log_settings, field)

/* clang-format off */
static const struct hg_directive rows[] = {
    {.name = "event_log", .in = "main", .args = "DRIVER [ARGUMENT ...]", .type = HG_SLOT_STRINGS,
     .at = AT(event_log), .min_args = 1, .max_args = 8, .is_at_start = true,
     .help = "What keeps the events. A driver is a module that load_module names."},
    {.name = "dedup_window", .in = "main", .args = "TIME [max=COUNT]", .type = HG_SLOT_CUSTOM,
     .set = set_dedup_window, .def = "24h", .min_args = 1, .max_args = 2, .is_at_start = true,
     .help = "How long, and how many, event ids are remembered so that an event sent again is "
             "stored once; 0 turns it off."},
    {.name = "dedup_hide", .in = "main", .args = "TIME [max=COUNT]", .type = HG_SLOT_CUSTOM,
     .set = set_dedup_hide, .def = "10m", .min_args = 1, .max_args = 2, .is_at_start = true,
     .help = "For a log that several gateways write to: an event that stands at most this long, and "
             "this many records, after an equal one in its partition is shown to nobody. As far "
             "back event ids are looked up after a start. 0 turns both off."},
    {.name = "log_queue", .in = "main", .args = "SIZE", .type = HG_SLOT_SIZE,
     .at = AT(queue_bytes), .def = "64m", .min = 65536, .max = (int64_t)1 << 34,
     .is_at_start = true,
     .help = "Events waiting to be made durable; beyond it producers are answered 503."},
    {.name = "topic_queue", .in = "main", .args = "SIZE", .type = HG_SLOT_SIZE,
     .at = AT(topic_queue_bytes), .def = "0", .max = (int64_t)1 << 34, .is_at_start = true,
     .help = "Events of one topic waiting to be made durable; beyond it producers to that topic "
             "are answered 503 and all others go on. 0 is a quarter of log_queue for a log on "
             "other machines, else no bound."},
    {.name = "log_readers", .in = "main", .args = "NUMBER", .type = HG_SLOT_INT,
     .at = AT(readers), .def = "2", .min = 1, .max = 16, .is_at_start = true,
     .help = "Threads that read the event log for subscribers that are catching up."},
    {.name = "topic_refresh", .in = "main", .args = "TIME", .type = HG_SLOT_DURATION,
     .at = AT(refresh_ms), .def = "10s", .is_at_start = true,
     .help = "How often a log on other machines is asked what others made of its topics: "
             "partitions that were added, new topics, topics that are gone. 0 is never."},
    {.name = "window", .in = "main", .args = "SIZE", .type = HG_SLOT_SIZE, .at = AT(window_bytes),
     .def = "16m", .min = 65536, .max = (int64_t)1 << 36, .is_at_start = true,
     .help = "Recent events of each topic that are kept in memory."},
    {.name = "topic", .in = "main", .args = "NAME { ... }", .type = HG_SLOT_BLOCK, .min_args = 1,
     .is_repeatable = true, .help = "Declares a topic and how it is kept."},
    {.name = "key", .in = "topic", .args = "none | subject | source | partitionkey",
     .type = HG_SLOT_ENUM, .at = AT(key), .values = key_names, .def = "none", .is_local = true,
     .help = "The attribute that decides the partition; order is kept per key."},
    {.name = "retention", .in = "main topic", .args = "TIME", .type = HG_SLOT_DURATION,
     .at = AT(retention_ms), .def = "7d",
     .help = "How long events are kept; 0 keeps them for ever."},
    {.name = "retention_size", .in = "main topic", .args = "SIZE", .type = HG_SLOT_SIZE,
     .at = AT(retention_bytes), .def = "0",
     .help = "How much a topic may hold before its oldest events go; 0 is no bound."},
    {.name = "compact", .in = "topic", .args = "on | off", .type = HG_SLOT_FLAG,
     .at = AT(is_compacted), .def = "off", .is_local = true,
     .help = "Keep the last event of each key only."},
    HG_DIRECTIVES_END,
};
/* clang-format on */

/* The block before it that declares the same topic, or NULL. */
static const struct hg_conf_block *find_twin(const struct hg_conf_block *block) {
    const struct hg_conf_block *main_block = hg_conf_parent(block), *b = NULL;
    struct hg_slice name = hg_conf_line_of(block)->args[0];
    while ((b = hg_conf_next_block(main_block, "topic", b)) != block) {
        if (hg_slice_eq(hg_conf_line_of(b)->args[0], name)) {
            return b;
        }
    }
    return NULL;
}

static int check_block(struct hg_conf_load *load, struct hg_conf_block *block, void *conf) {
    const struct hg_log_settings *s = conf;
    const struct hg_conf_line *line = hg_conf_line_of(block);
    if (line == NULL) {
        return 0; /* the main block */
    }
    if (!hg_topic_name_is_valid(line->args[0])) {
        hg_conf_fail(load, line,
                     "\"%.*s\" is no topic name; expected segments of letters, digits, "
                     "_ and - joined by dots",
                     HG_FMT(line->args[0]));
    }
    const struct hg_conf_block *twin = find_twin(block);
    if (twin != NULL) {
        const struct hg_conf_line *first = hg_conf_line_of(twin);
        hg_conf_fail(load, line, "%.*s is declared in %s:%u already", HG_FMT(line->args[0]),
                     first->file, first->number);
    }
    if (s->is_compacted && s->key == HG_KEY_NONE) {
        hg_conf_fail(load, line,
                     "a compacted topic needs a key; expected key subject, source or "
                     "partitionkey");
    }
    return 0;
}

const struct hg_conf_owner hg_log_owner = {
    .name = "log",
    .directives = rows,
    .conf_size = sizeof(struct hg_log_settings),
    .check = check_block,
};

const struct hg_log_settings *hg_log_settings(const struct hg_conf *conf) {
    return hg_conf_of(hg_conf_main(conf), &hg_log_owner);
}

struct hg_log_open hg_log_settings_open(const struct hg_conf *conf,
                                        const struct hg_directive *of_module) {
    const struct hg_strings *event_log = &hg_log_settings(conf)->event_log;
    struct hg_log_open open = {
        .n_args = event_log->n - 1,
        .conf = of_module != NULL ? hg_conf_of_table(hg_conf_main(conf), of_module) : NULL,
    };
    for (size_t i = 0; i < open.n_args; i++) {
        open.args[i] = event_log->items[i + 1];
    }
    return open;
}

struct hg_slice hg_topic_key_of(enum hg_topic_key key, const struct hg_event *e) {
    struct hg_slice value = {NULL, 0};
    if (key == HG_KEY_SUBJECT) {
        value = hg_event_core(e, HG_ATTR_SUBJECT);
    } else if (key == HG_KEY_SOURCE) {
        value = hg_event_core(e, HG_ATTR_SOURCE);
    } else if (key == HG_KEY_PARTITIONKEY) {
        hg_event_attr(e, HG_SLICE("partitionkey"), &value);
    }
    return value;
}

const struct hg_conf_block *hg_log_settings_topic(const struct hg_conf *conf,
                                                  const struct hg_conf_block *after,
                                                  struct hg_log_topic *ret_topic,
                                                  enum hg_topic_key *ret_key) {
    const struct hg_conf_block *b = hg_conf_next_block(hg_conf_main(conf), "topic", after);
    if (b == NULL) {
        return NULL;
    }
    const struct hg_log_settings *s = hg_conf_of(b, &hg_log_owner);
    *ret_topic = (struct hg_log_topic){
        .name = hg_conf_line_of(b)->args[0],
        .partitions = 1,
        .is_compacted = s->is_compacted,
        .retention_ms = s->retention_ms,
        .retention_bytes = s->retention_bytes,
        .conf = b,
    };
    *ret_key = (enum hg_topic_key)s->key;
    return b;
}
