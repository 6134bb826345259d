/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - headgatectl log: an event log as a whole, without a gateway. */
#include "ctl/command.h"

#include "ctl/copy.h"
#include "headgate/logline.h"
#include "log/topic.h"

struct log_args {
    const char *from, *to;
    const char *modules;
    struct hg_ctl_texts topics;
};

/* One configuration and the log that it names. */
struct side {
    struct hg_conf_files *files;
    struct hg_conf *conf;
    struct hg_ctl_store store;
    bool is_open;
};

struct kept {
    struct hg_log_topic topic;
    char name[HG_TOPIC_NAME_MAX];
};

struct job {
    struct hg_ctl *ctl;
    const struct log_args *args;
    struct hg_registry *registry;
    struct side from, to;
    struct kept *topics;
    size_t n_topics, cap_topics;
    int err;
};

/* --- opening --- */

static bool read_side(struct job *j, const char *path, struct side *side) {
    struct hg_buf errors = {.max = 1 << 20};
    side->files = hg_conf_files_new(true);
    int err =
        j->ctl->confs->read(side->files, hg_slice_of(path), j->registry, &side->conf, &errors);
    fprintf(j->ctl->err, "%.*s", HG_FMT(hg_buf_slice(&errors)));
    hg_buf_fini(&errors);
    if (err != 0) {
        hg_ctl_tell(j->ctl, "log: %s: the configuration cannot be read", path);
    }
    return err == 0;
}

static bool open_side(struct job *j, const char *path, struct side *side) {
    struct hg_why why = {""};
    side->is_open = hg_ctl_store_open(&side->store, side->conf, j->registry, &why) == 0;
    if (!side->is_open) {
        hg_ctl_tell(j->ctl, "log: %s: %s", path, why.text);
    }
    return side->is_open;
}

static void close_side(struct side *side) {
    if (side->is_open) {
        hg_ctl_store_close(&side->store);
    }
    hg_conf_unref(&side->conf);
    hg_conf_files_free(&side->files);
}

/* --- which topics --- */

static bool is_wanted(const struct log_args *args, struct hg_slice name) {
    for (size_t i = 0; i < args->topics.n; i++) {
        if (hg_slice_eq(hg_slice_of(args->topics.items[i]), name)) {
            return true;
        }
    }
    return args->topics.n == 0;
}

static void on_topic(void *arg, const struct hg_log_topic *topic) {
    struct job *j = arg;
    if (j->err != 0 || !hg_topic_name_is_valid(topic->name) || !is_wanted(j->args, topic->name)) {
        return;
    }
    if (j->n_topics == j->cap_topics) {
        size_t cap = j->cap_topics > 0 ? 2 * j->cap_topics : 16;
        struct kept *topics = hg_try_realloc(j->topics, cap * sizeof(*topics));
        if (topics == NULL) {
            j->err = HG_ENOMEM;
            return;
        }
        j->topics = topics;
        j->cap_topics = cap;
    }
    struct kept *k = &j->topics[j->n_topics++];
    k->topic = *topic;
    memcpy(k->name, topic->name.ptr, topic->name.len);
}

static bool list_topics(struct job *j) {
    const struct hg_ctl_store *from = &j->from.store;
    if ((from->ops->caps & HG_LOG_LIST) == 0) {
        hg_ctl_tell(j->ctl, "log: %s cannot say which topics it has", from->ops->name);
        return false;
    }
    int err = from->ops->list(from->state, on_topic, j);
    j->err = j->err != 0 ? j->err : err;
    if (j->err != 0) {
        hg_ctl_tell(j->ctl, "log: the topics of %s: %s", j->args->from, hg_err_text(j->err));
        return false;
    }
    for (size_t i = 0; i < j->n_topics; i++) { /* only now do they stay where they are */
        j->topics[i].topic.name.ptr = j->topics[i].name;
    }
    for (size_t i = 0; i < j->args->topics.n; i++) {
        bool is_there = false;
        for (size_t t = 0; t < j->n_topics; t++) {
            is_there = is_there ||
                       hg_slice_eq(j->topics[t].topic.name, hg_slice_of(j->args->topics.items[i]));
        }
        if (!is_there) {
            hg_ctl_tell(j->ctl, "log: %s has no topic %s", j->args->from, j->args->topics.items[i]);
            return false;
        }
    }
    return true;
}

/* As a gateway of that configuration would make it. */
static void fill_target(const struct job *j, struct hg_ctl_copy *c) {
    const struct hg_log_settings *s = hg_log_settings(j->to.conf);
    const struct hg_conf_block *b = NULL;
    struct hg_log_topic declared;
    enum hg_topic_key key;
    c->target = c->source;
    c->target.retention_ms = s->retention_ms;
    c->target.retention_bytes = s->retention_bytes;
    c->target.conf = hg_conf_main(j->to.conf);
    while ((b = hg_log_settings_topic(j->to.conf, b, &declared, &key)) != NULL) {
        if (hg_slice_eq(declared.name, c->source.name)) {
            declared.id = c->source.id;
            c->target = declared;
            c->key = key;
        }
    }
}

/* --- copying --- */

static int width_of(const struct job *j) {
    int width = 5;
    for (size_t i = 0; i < j->n_topics; i++) {
        int len = (int)j->topics[i].topic.name.len;
        width = len > width ? len : width;
    }
    return width;
}

static int copy_topics(struct job *j) {
    int width = width_of(j), status = HG_CTL_WELL;
    bool is_over = false;
    fprintf(j->ctl->out, "%-*s %12s %12s %12s\n", width, "TOPIC", "EVENTS", "COPIED", "BEFORE");
    for (size_t i = 0; i < j->n_topics && !is_over; i++) {
        struct hg_why why = {""};
        struct hg_ctl_copy c = {.from = &j->from.store,
                                .to = &j->to.store,
                                .source = j->topics[i].topic,
                                .key = HG_KEY_NONE,
                                .stop_fd = j->ctl->stop_fd};
        c.source.id = (uint32_t)i;
        fill_target(j, &c);
        int err = hg_ctl_copy_topic(&c, &why);
        fprintf(j->ctl->out, "%-*.*s %12llu %12llu %12llu\n", width, HG_FMT(c.source.name),
                (unsigned long long)c.n_events, (unsigned long long)c.n_copied,
                (unsigned long long)c.n_there);
        if (err != 0 && err != HG_ECLOSED) {
            hg_ctl_tell(j->ctl, "log: %s", why.text);
        }
        status = err != 0 ? HG_CTL_NOT_DONE : status;
        is_over = err == HG_ECLOSED || c.is_hopeless || !hg_ctl_flush(j->ctl);
    }
    return status;
}

static bool is_same(const struct job *j) {
    const struct hg_strings *a = &hg_log_settings(j->from.conf)->event_log;
    const struct hg_strings *b = &hg_log_settings(j->to.conf)->event_log;
    bool is_same = a->n == b->n;
    for (size_t i = 0; i < a->n && is_same; i++) {
        is_same = hg_slice_eq(a->items[i], b->items[i]);
    }
    return is_same;
}

static int copy(struct job *j) {
    if (!read_side(j, j->args->from, &j->from) || !read_side(j, j->args->to, &j->to)) {
        return HG_CTL_NOT_DONE;
    }
    if (is_same(j)) {
        hg_ctl_tell(j->ctl, "log: both configurations name the same event log");
        return HG_CTL_NOT_DONE;
    }
    bool is_ready = open_side(j, j->args->from, &j->from) && open_side(j, j->args->to, &j->to) &&
                    list_topics(j);
    return is_ready ? copy_topics(j) : HG_CTL_NOT_DONE;
}

static int run(struct hg_ctl *ctl, const struct hg_ctl_operands *operands, const void *args) {
    struct job j = {.ctl = ctl, .args = args};
    if (strcmp(operands->items[0], "copy") != 0 || j.args->from == NULL || j.args->to == NULL) {
        hg_ctl_tell(ctl, "log: expected copy --from FILE --to FILE");
        hg_ctl_tell(ctl, "see: headgatectl help log");
        return HG_CTL_MISUSED;
    }
    hg_log_level = HG_WARN;
    j.registry =
        hg_registry_new(j.args->modules != NULL ? j.args->modules : ctl->confs->module_dir);
    int status = copy(&j);
    close_side(&j.from);
    close_side(&j.to);
    hg_registry_free(&j.registry);
    hg_free(j.topics);
    return status;
}

#define AT(field) offsetof(struct log_args, field)

/* clang-format off */
static const struct hg_ctl_option options[] = {
    {.name = "from", .kind = HG_CTL_TEXT, .value = "FILE", .at = AT(from),
     .help = "The configuration whose event log is copied; its gateway is down."},
    {.name = "to", .kind = HG_CTL_TEXT, .value = "FILE", .at = AT(to),
     .help = "The configuration whose event log it is copied into."},
    {.name = "topic", .kind = HG_CTL_TEXTS, .value = "NAME", .at = AT(topics),
     .help = "This topic alone; may be given several times."},
    {.name = "modules", .letter = 'm', .kind = HG_CTL_TEXT, .value = "DIR", .at = AT(modules),
     .help = "Where load_module finds modules by name."},
    HG_CTL_OPTIONS_END,
};
/* clang-format on */

static const struct log_args defaults = {.from = NULL};

const struct hg_ctl_command hg_ctl_log = {
    .name = "log",
    .operands = "copy",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "Copy an event log into another, such as Kafka.",
    .text =
        "Every topic of the one configuration's event log becomes a topic of the other's, with\n"
        "its events in their order. Neither gateway runs meanwhile. Asked again after it was\n"
        "cut off, it goes on; nothing is copied twice. A topic that has other events is\n"
        "refused.\n",
    .options = options,
    .defaults = &defaults,
    .args_size = sizeof(struct log_args),
    .run = run,
};
