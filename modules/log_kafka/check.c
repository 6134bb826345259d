/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - -t: the cluster is asked how it keeps the topics that the conf names, or
 * whether it would make them. Nothing is changed, and nobody waits long. */
#include "kafka.h"
#include "read.h"

enum { SLICE_MS = 200 };

struct check {
    struct kafka k; /* of which only what asks is there */
    const struct hg_log_topic *topic;
    hg_log_remark_fn fn;
    void *arg;
    int64_t end_ms;
    bool is_down; /* no broker takes a connection */
    struct kafka_fault fault;
};

static void on_log(const rd_kafka_t *rk, int level, const char *fac, const char *text) {
    (void)rk; /* what there is to say is said in one line at the end */
    (void)level;
    (void)fac;
    (void)text;
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
    struct check *c = opaque;
    (void)rk;
    c->is_down |= err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    kafka_fault_note(&c->fault, err, reason);
}

static int open_client(struct check *c, struct hg_why *why) {
    static const char *const none[] = {NULL};
    rd_kafka_conf_t *conf = kafka_handle_conf(&c->k, none, why);
    if (conf == NULL) {
        return HG_EINVAL;
    }
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_opaque(conf, c);
    c->k.client = kafka_handle_new(&c->k, RD_KAFKA_PRODUCER, conf, why);
    return c->k.client != NULL ? 0 : HG_EINVAL;
}

/* A word of when to give up comes as an error, beside the answer. */
static const struct rd_kafka_metadata *ask_for_all(struct check *c) {
    const struct rd_kafka_metadata *m = NULL;
    while (m == NULL && !c->is_down && kafka_mono_ms() < c->end_ms) {
        (void)rd_kafka_metadata(c->k.client, 1, NULL, &m, SLICE_MS);
        (void)rd_kafka_poll(c->k.client, 0);
    }
    return m;
}

static const struct rd_kafka_metadata_topic *find(const struct rd_kafka_metadata *m,
                                                  const char *name) {
    for (int i = 0; i < m->topic_cnt; i++) {
        if (strcmp(m->topics[i].topic, name) == 0) {
            return &m->topics[i];
        }
    }
    return NULL;
}

static void remark(void *arg, const struct hg_conf_line *line, const char *text) {
    struct check *c = arg;
    c->fn(c->arg, c->topic, line, text);
}

static void check_new(struct check *c, const struct kafka_wish *wish, const char *name) {
    struct hg_why why = {""};
    struct kafka_kept kept = {.is_compacted = c->topic->is_compacted};
    if (!c->k.may_create) {
        remark(c, NULL,
               "the cluster does not have it, and kafka_create_topics is off: a start would fail");
        return;
    }
    if (kafka_admin_make(&c->k, c->topic, wish, name, &why) != 0) {
        remark(c, NULL, why.text);
        return;
    }
    kept.has[KAFKA_REPLICATION] = wish->said[KAFKA_REPLICATION].value;
    kept.has[KAFKA_MIN_INSYNC] = wish->said[KAFKA_MIN_INSYNC].value;
    kafka_promise_judge(&kept, c->topic->is_compacted, remark, c);
}

static void check_there(struct check *c, const struct kafka_wish *wish, const char *name,
                        const struct rd_kafka_metadata_topic *m) {
    struct kafka_kept kept = {.is_compacted = c->topic->is_compacted};
    rd_kafka_resp_err_t rc = kafka_admin_kept(&c->k, name, &kept);
    if (rc != RD_KAFKA_RESP_ERR_NO_ERROR) {
        struct hg_why why = {""};
        hg_why_set(&why, "its settings cannot be read: %s", rd_kafka_err2str(rc));
        remark(c, NULL, why.text);
    }
    kafka_kept_take(&kept, m);
    if (c->topic->is_compacted && !kept.is_compacted) {
        remark(c, NULL, "the cluster does not compact it (cleanup.policy): a start would fail");
    }
    kafka_wish_compare(wish, name, &kept, remark, c);
    kafka_promise_judge(&kept, c->topic->is_compacted, remark, c);
    kafka_promise_room(&kept, c->topic->event_bytes_max, remark, c);
}

static int check_topic(struct check *c, const struct rd_kafka_metadata *all, struct hg_why *why) {
    struct kafka_wish wish;
    char name[KAFKA_NAME_MAX + 1];
    int64_t left_ms = c->end_ms - kafka_mono_ms();
    int err = kafka_topic_name(&c->k, c->topic, name, why);
    if (err != 0) {
        return err;
    }
    if (left_ms <= 0) {
        hg_why_set(why, "%s did not answer in time: topic %s and those after it were not looked at",
                   c->k.bootstrap, name);
        return HG_EAGAIN;
    }
    c->k.ask_ms = (int)left_ms;
    kafka_wish_fill(c->topic, &wish);
    const struct rd_kafka_metadata_topic *m = find(all, name);
    if (m == NULL) {
        check_new(c, &wish, name);
    } else {
        check_there(c, &wish, name, m);
    }
    return 0;
}

static int check_all(struct check *c, const struct hg_log_topic *topics, size_t n,
                     struct hg_why *why) {
    const struct rd_kafka_metadata *all = ask_for_all(c);
    int err = 0;
    if (all == NULL) {
        hg_why_set(why, "%s could not be asked: %s", c->k.bootstrap,
                   kafka_fault_text(&c->fault, "no answer"));
        return HG_EAGAIN;
    }
    for (size_t i = 0; i < n && err == 0; i++) {
        c->topic = &topics[i];
        err = check_topic(c, all, why);
    }
    rd_kafka_metadata_destroy(all);
    return err;
}

int kafka_check(const struct hg_log_open *open, const struct hg_log_topic *topics, size_t n,
                int64_t wait_ms, hg_log_remark_fn fn, void *arg, struct hg_why *why) {
    struct check c = {.fn = fn, .arg = arg, .end_ms = kafka_mono_ms() + wait_ms};
    c.k.only_asks = true;
    int err = kafka_conf_read(open, &c.k, why);
    err = err == 0 ? open_client(&c, why) : err;
    err = err == 0 ? check_all(&c, topics, n, why) : err;
    if (c.k.client != NULL) {
        kafka_handle_destroy(&c.k, c.k.client);
    }
    kafka_conf_fini(&c.k);
    return err;
}
