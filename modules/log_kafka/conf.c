/* SPDX-License-Identifier: Apache-2.0 */
/* conf.c - the rows, and what librdkafka is told of them.
 *
 * Any property of librdkafka can be set. What would break a promise of the
 * gateway is refused by -t, with its line; what may is warned about. */
#include "kafka.h"

#include <stdio.h>
#include <stdlib.h>

/* ----- what may not be set, and what had better not ----- */

enum { ASK_MS = 10000 };

struct judgement {
    const char *name;
    const char *only; /* the one value that may be given; NULL: none may */
    const char *why;
};

static const struct judgement refused[] = {
    {"enable.idempotence", "true", "without it a retry stores an event twice or out of order"},
    {"acks", "all", "a 2xx means that all in-sync replicas have the event"},
    {"acks", "-1", NULL},
    {"request.required.acks", "-1", "a 2xx means that all in-sync replicas have the event"},
    {"request.required.acks", "all", NULL},
    {"queuing.strategy", "fifo", "order is kept per key"},
    {"delivery.report.only.error", "false", "each event is answered"},
    {"bootstrap.servers", NULL, "event_log kafka names the brokers"},
    {"metadata.broker.list", NULL, "event_log kafka names the brokers"},
    {"transactional.id", NULL, "kafka_transactional_id sets it, for atomic batches alone"},
    {"transaction.timeout.ms", NULL, "it follows from message.timeout.ms"},
    {"group.id", NULL, "the driver reads without a group"},
    {"group.instance.id", NULL, "the driver reads without a group"},
    {"enable.auto.commit", "false", "the gateway keeps positions, not the cluster"},
    {"enable.auto.offset.store", "false", "the gateway keeps positions, not the cluster"},
    {"auto.offset.reset", "error", "a gap is told, never skipped"},
    {"enable.partition.eof", NULL, "the driver sets it"},
    {"log.queue", "false", "the driver sets it"},
};

static const struct judgement warned[] = {
    {"isolation.level", "read_committed", "events of transactions that were undone are shown"},
    {"check.crcs", "true", "damaged records are not noticed"},
    {"enable.ssl.certificate.verification", "true", "anybody can pass for the cluster"},
    {"ssl.endpoint.identification.algorithm", "https", "one broker can pass for another"},
    {"enable.gapless.guarantee", "false", "one event that times out ends the producer"},
    {"allow.auto.create.topics", "false", "a mistyped topic is made by the cluster"},
};

static const char *const secrets[] = {"sasl.password",
                                      "ssl.key.password",
                                      "ssl.keystore.password",
                                      "ssl.key.pem",
                                      "sasl.oauthbearer.client.secret",
                                      "sasl.oauthbearer.config"};

/* The row that speaks about it, or NULL: it may be so. */
static const struct judgement *judge(const struct judgement *rows, size_t n, struct hg_slice name,
                                     struct hg_slice value) {
    const struct judgement *found = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!hg_slice_eq(hg_slice_of(rows[i].name), name)) {
            continue;
        }
        if (rows[i].only != NULL && hg_slice_ieq(hg_slice_of(rows[i].only), value)) {
            return NULL;
        }
        found = found != NULL ? found : &rows[i];
    }
    return found;
}

/* What open handles can be given: a reload that finds another behind its name applies it. */
static const char *const live[] = {"sasl.username", "sasl.password"};

static bool is_one_of(const char *const *names, size_t n, struct hg_slice name) {
    for (size_t i = 0; i < n; i++) {
        if (hg_slice_eq(hg_slice_of(names[i]), name)) {
            return true;
        }
    }
    return false;
}

static bool is_secret(struct hg_slice name) {
    return is_one_of(secrets, HG_COUNT(secrets), name);
}

static bool is_more_than(struct hg_slice value, long most) {
    char *end = NULL;
    long n = strtol(value.ptr, &end, 10);
    return end != value.ptr && n > most;
}

const char *kafka_conf_scram_fault(struct hg_slice mechanism) {
    enum { FIRST_GOOD = 0x02060100 };
    bool is_scram =
        mechanism.len >= 5 && hg_slice_ieq((struct hg_slice){mechanism.ptr, 5}, HG_SLICE("SCRAM"));
    return is_scram && rd_kafka_version() < FIRST_GOOD
               ? "brokers of Kafka 4 refuse the way in which librdkafka before 2.6.1 logs in by "
                 "SCRAM"
               : NULL;
}

static int check_judged(struct hg_conf_load *load, const struct hg_conf_line *line,
                        struct hg_slice name, struct hg_slice value) {
    const struct judgement *j = judge(refused, HG_COUNT(refused), name, value);
    if (j != NULL && j->only == NULL) {
        hg_conf_fail(load, line, "%s cannot be set: %s", j->name, j->why);
        return HG_EINVAL;
    }
    if (j != NULL) {
        hg_conf_fail(load, line, "%s can only be %s: %s", j->name, j->only, j->why);
        return HG_EINVAL;
    }
    bool is_in_flight = hg_slice_eq(name, HG_SLICE("max.in.flight")) ||
                        hg_slice_eq(name, HG_SLICE("max.in.flight.requests.per.connection"));
    if (is_in_flight && is_more_than(value, 5)) {
        hg_conf_fail(load, line, "%.*s can be 5 at most: beyond it order is not kept",
                     HG_FMT(name));
        return HG_EINVAL;
    }
    bool is_timeout = hg_slice_eq(name, HG_SLICE("message.timeout.ms")) ||
                      hg_slice_eq(name, HG_SLICE("delivery.timeout.ms"));
    if (is_timeout && !is_more_than(value, 999)) {
        hg_conf_fail(load, line, "%.*s must be 1000 at least; 0 would wait for ever", HG_FMT(name));
        return HG_EINVAL;
    }
    bool is_mechanism = hg_slice_eq(name, HG_SLICE("sasl.mechanisms")) ||
                        hg_slice_eq(name, HG_SLICE("sasl.mechanism"));
    const char *fault = is_mechanism ? kafka_conf_scram_fault(value) : NULL;
    if (fault != NULL) {
        hg_conf_warn(load, line, "%.*s: %s; here is %s", HG_FMT(value), fault,
                     rd_kafka_version_str());
    }
    j = judge(warned, HG_COUNT(warned), name, value);
    if (j != NULL) {
        hg_conf_warn(load, line, "%s %.*s: %s", j->name, HG_FMT(value), j->why);
    }
    return 0;
}

/* ----- the rows ----- */

/* Does librdkafka know the name, and take the value? */
static int check_known(struct hg_conf_load *load, const struct hg_conf_line *line,
                       const struct kafka_property *p) {
    char text[KAFKA_TEXT] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_res_t res = rd_kafka_conf_set(conf, p->name.ptr, p->value.ptr, text, sizeof text);
    rd_kafka_conf_destroy(conf);
    if (res == RD_KAFKA_CONF_OK) {
        return 0;
    }
    /* Its text may quote the value. */
    hg_conf_fail(load, line, "kafka_property %.*s: %s", HG_FMT(p->name),
                 is_secret(p->name) ? "librdkafka does not take it" : text);
    return HG_EINVAL;
}

static int read_value(struct hg_conf_load *load, const struct hg_conf_line *line,
                      struct kafka_property *p) {
    struct hg_slice value = line->args[1];
    if (is_secret(p->name) || hg_slice_starts(value, HG_SLICE("env:")) ||
        hg_slice_starts(value, HG_SLICE("file:"))) {
        return is_one_of(live, HG_COUNT(live), p->name)
                   ? hg_conf_arg_live_secret(load, line, value, &p->value)
                   : hg_conf_arg_secret(load, line, value, &p->value);
    }
    p->value = value;
    return 0;
}

static struct hg_slice terminated(struct hg_conf_load *load, struct hg_slice text) {
    char *copy = hg_conf_alloc(load, text.len + 1);
    if (copy != NULL && text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    return (struct hg_slice){copy, copy != NULL ? text.len : 0};
}

/* kafka_property NAME VALUE: a list of pairs, of which some are secrets. */
static int set_property(struct hg_conf_load *load, void *conf, const struct hg_conf_line *line) {
    struct kafka_settings *s = conf;
    struct kafka_property **at = &s->properties;
    while (*at != NULL) {
        if (hg_slice_eq((*at)->name, line->args[0])) {
            hg_conf_fail(load, line, "%.*s is set already", HG_FMT(line->args[0]));
            return HG_EINVAL;
        }
        at = &(*at)->next;
    }
    struct kafka_property *p = hg_conf_alloc(load, sizeof *p);
    if (p == NULL) {
        return HG_EINVAL;
    }
    p->name = line->args[0];
    int err = read_value(load, line, p);
    if (err != 0) {
        return err;
    }
    p->name = terminated(load, p->name);
    p->value = terminated(load, p->value);
    if (p->name.ptr == NULL || p->value.ptr == NULL ||
        check_judged(load, line, p->name, p->value) || check_known(load, line, p)) {
        return HG_EINVAL;
    }
    *at = p;
    return 0;
}

/* kafka_topic_prefix TEXT: what a topic's name may have. */
static int set_prefix(struct hg_conf_load *load, void *conf, const struct hg_conf_line *line) {
    struct kafka_settings *s = conf;
    struct hg_slice text = line->args[0];
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == '-';
        if (!is_good) {
            hg_conf_fail(load, line, "a topic's name has letters, digits, dots, _ and - only");
            return HG_EINVAL;
        }
    }
    if (text.len > KAFKA_PREFIX_MAX || hg_slice_starts(text, HG_SLICE("__"))) {
        hg_conf_fail(load, line,
                     text.len > KAFKA_PREFIX_MAX
                         ? "100 characters at most"
                         : "names with __ before them are the cluster's own");
        return HG_EINVAL;
    }
    s->prefix = terminated(load, text);
    return s->prefix.ptr != NULL ? 0 : HG_EINVAL;
}

/* kafka_transactional_id TEXT | env:NAME | file:PATH */
static int set_id(struct hg_conf_load *load, void *conf, const struct hg_conf_line *line) {
    struct kafka_settings *s = conf;
    struct hg_slice text = line->args[0];
    if (hg_slice_starts(text, HG_SLICE("env:")) || hg_slice_starts(text, HG_SLICE("file:"))) {
        int err = hg_conf_arg_secret(load, line, text, &text);
        if (err != 0) {
            return err;
        }
    }
    if (text.len == 0 || text.len > KAFKA_NAME_MAX) {
        hg_conf_fail(load, line, "an id has 1 to %d characters", KAFKA_NAME_MAX);
        return HG_EINVAL;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~') {
            hg_conf_fail(load, line, "an id has printable ASCII characters only, and no blanks");
            return HG_EINVAL;
        }
    }
    s->transactional_id = terminated(load, text);
    return s->transactional_id.ptr != NULL ? 0 : HG_EINVAL;
}

static const char *const mode_names[] = {"binary", "structured", NULL}; /* enum kafka_mode */

#define AT(field) offsetof(struct kafka_settings, field)

/* clang-format off */
const struct hg_directive kafka_rows[] = {
    {.name = "kafka_property", .in = "main", .args = "NAME VALUE | NAME file:PATH | NAME env:NAME",
     .type = HG_SLOT_CUSTOM, .set = set_property, .min_args = 2, .max_args = 2,
     .is_repeatable = true, .is_at_start = true,
     .help = "A property of librdkafka, for all connections to the cluster. Passwords and keys come "
             "from a file or the environment."},
    {.name = "kafka_topic_prefix", .in = "main", .args = "TEXT", .type = HG_SLOT_CUSTOM,
     .set = set_prefix, .min_args = 1, .max_args = 1, .def = "", .is_at_start = true,
     .help = "What the names of topics begin with in the cluster, and nowhere else: on a cluster "
             "that is shared. Topics without it are none to the gateway."},
    {.name = "kafka_transactional_id", .in = "main", .args = "TEXT | env:NAME | file:PATH",
     .type = HG_SLOT_CUSTOM, .set = set_id, .min_args = 1, .max_args = 1, .is_at_start = true,
     .help = "The id by which the cluster knows this gateway's transactions, for atomic_batch: the "
             "same after each start, and no other gateway's."},
    {.name = "kafka_create_topics", .in = "main", .args = "on | off", .type = HG_SLOT_FLAG,
     .at = AT(may_create), .def = "on", .is_at_start = true,
     .help = "Make topics that the conf names and the cluster does not have."},
    {.name = "kafka_partitions", .in = "main topic", .args = "NUMBER", .type = HG_SLOT_INT,
     .at = AT(partitions), .def = "0", .min = 0, .max = 10000,
     .help = "Partitions of a topic that is made; 0 leaves it to the cluster. In a topic block a "
             "reload that changes it adds partitions."},
    {.name = "kafka_replication", .in = "main topic", .args = "NUMBER", .type = HG_SLOT_INT,
     .at = AT(replication), .def = "0", .min = 0, .max = 100,
     .help = "Copies of each partition of a topic that is made; 0 leaves it to the cluster."},
    {.name = "kafka_min_insync_replicas", .in = "main topic", .args = "NUMBER",
     .type = HG_SLOT_INT, .at = AT(min_insync), .def = "0", .min = 0, .max = 100,
     .help = "Copies that must have an event before it is acknowledged, of a topic that is made; "
             "0 leaves it to the cluster. In a topic block a reload that changes it changes the "
             "topic."},
    {.name = "kafka_content_mode", .in = "main", .args = "binary | structured",
     .type = HG_SLOT_ENUM, .at = AT(mode), .values = mode_names, .def = "binary",
     .is_at_start = true,
     .help = "How events are written: attributes as headers and the data as value, or the whole "
             "event as JSON. Both are read."},
    {.name = "kafka_tombstones", .in = "main", .args = "on | off", .type = HG_SLOT_FLAG,
     .at = AT(has_tombstones), .def = "off", .is_at_start = true,
     .help = "An event without data, in binary mode on a compacted topic, removes its key; off "
             "refuses it."},
    HG_DIRECTIVES_END,
};
/* clang-format on */

/* What no cluster could be asked to do. */
int kafka_conf_check(struct hg_conf_load *load, struct hg_conf_block *block, void *conf) {
    const struct kafka_settings *s = conf;
    bool is_own = false;
    if (s->replication == 0 || s->min_insync <= s->replication) {
        return 0;
    }
    hg_conf_fail(load, hg_conf_line_for(block, "kafka_min_insync_replicas", &is_own),
                 "%lld copies must have an event of which there are %lld (kafka_replication): "
                 "nothing could be acknowledged",
                 (long long)s->min_insync, (long long)s->replication);
    return HG_EINVAL;
}

/* ----- what every handle has ----- */

static void on_log(const rd_kafka_t *rk, int level, const char *fac, const char *text) {
    static const enum hg_level levels[] = {HG_CRIT, HG_CRIT,   HG_CRIT, HG_ERROR,
                                           HG_WARN, HG_NOTICE, HG_INFO, HG_DEBUG};
    (void)rk;
    if (strcmp(fac, "CONFWARN") == 0) { /* a consumer that is told a producer's property */
        return;
    }
    HG_LOG(levels[level & 7], "kafka_client", "what=%s text=%s", fac, text);
}

/* What kafka_property may set otherwise. One list for all handles: none of
 * them minds a property that means nothing to it. */
static const char *const defaults[] = {
    "client.id",
    "headgate",
    /* In doubt is better told than waited for: longer than the cluster needs to
     * miss a broker and choose another leader (9 to 12 s by its own defaults),
     * shorter than the 30 s after which callers and what stands between give up. */
    "message.timeout.ms",
    "25000",
    "compression.codec",
    "lz4",
    "linger.ms",
    "1",
    /* A broker that has hung keeps its connections, and with them what is under way
     * and who is asked who leads. Longer than acknowledgements wait for a copy that is
     * gone: by a cluster's defaults it is missed after 9 s. */
    "socket.timeout.ms",
    "10000",
    /* The gateway's own bounds are reached first; the topic's limit is checked
     * by the driver, which can say 413. */
    "queue.buffering.max.messages",
    "1000000",
    "message.max.bytes",
    "100000000",
    "retry.backoff.ms",
    "50",
    "reconnect.backoff.ms",
    "50",
    "reconnect.backoff.max.ms",
    "1000",
    /* While a leader is away the client asks less and less often who is the next
     * one, up to this: it would be many seconds behind the cluster. */
    "topic.metadata.refresh.interval.ms",
    "1000",
    "socket.nagle.disable",
    "true",
    "log.connection.close",
    "false",
    NULL,
};

static int read_properties(struct kafka *k, const struct kafka_settings *s, struct hg_why *why) {
    for (const struct kafka_property *p = s->properties; p != NULL; p = p->next) {
        if (kafka_conf_set(k->base, p->name.ptr, p->value.ptr, why) != 0) {
            return HG_EINVAL;
        }
    }
    return 0;
}

int kafka_conf_whole(const struct hg_log_open *open, struct hg_why *why) {
    const struct kafka_settings *s = open->conf;
    if (s != NULL && s->transactional_id.len > 0) {
        return 0;
    }
    hg_why_set(why, "event_log kafka stores a batch whole in a transaction alone; expected "
                    "kafka_transactional_id, another one for each gateway");
    return HG_ENOTSUP;
}

int kafka_conf_read(const struct hg_log_open *open, struct kafka *k, struct hg_why *why) {
    const struct kafka_settings *s = open->conf;
    if (open->n_args != 1 || open->args[0].len == 0) {
        hg_why_set(why, "event_log kafka needs BROKER:PORT[,BROKER:PORT...], and nothing else");
        return HG_EINVAL;
    }
    k->bootstrap = hg_alloc(open->args[0].len + 1);
    memcpy(k->bootstrap, open->args[0].ptr, open->args[0].len);
    if (s != NULL && s->prefix.len > 0) {
        memcpy(k->prefix, s->prefix.ptr, s->prefix.len);
    }
    if (s != NULL && s->transactional_id.len > 0) {
        k->transactional_id = hg_alloc(s->transactional_id.len + 1);
        memcpy(k->transactional_id, s->transactional_id.ptr, s->transactional_id.len);
    }
    k->ask_ms = ASK_MS;
    k->may_create = s == NULL || s->may_create;
    k->has_tombstones = s != NULL && s->has_tombstones;
    k->mode = s != NULL ? (enum kafka_mode)s->mode : KAFKA_BINARY;
    k->base = rd_kafka_conf_new();
    kafka_handles_init(k, s);
    rd_kafka_conf_set_log_cb(k->base, on_log);
    int err = kafka_conf_set(k->base, "bootstrap.servers", k->bootstrap, why);
    err = err == 0 ? kafka_conf_set_pairs(k->base, defaults, why) : err;
    err = err == 0 && s != NULL ? read_properties(k, s, why) : err;
    k->answer_ms = kafka_conf_number(k->base, "message.timeout.ms");
    return err;
}

void kafka_conf_fini(struct kafka *k) {
    if (k->base != NULL) {
        kafka_handles_fini(k);
        rd_kafka_conf_destroy(k->base);
        k->base = NULL;
    }
    hg_free(k->wishes);
    k->wishes = NULL;
    hg_free(k->transactional_id);
    k->transactional_id = NULL;
    hg_free(k->bootstrap);
    k->bootstrap = NULL;
}
