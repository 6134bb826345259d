/* SPDX-License-Identifier: Apache-2.0 */
/* ready.c - before the gateway says that it is ready the cluster has given a
 * producer its id. The first one on a new cluster waits for a coordinator to be
 * made, 2 to 3 s, and the first publishers would wait with it. librdkafka tells
 * the state in its statistics alone, so a handle of its own asks for them. */
#include "read.h"

enum {
    WAIT_MS = 15000,
    REFUSED_MS = 1000, /* for another broker, when one has refused us */
    POLL_MS = 10,
};

struct wait {
    bool is_there;
    int64_t end_ms;
    struct kafka_fault fault;
};

/* A word of the text librdkafka makes, whose blanks are its own affair. */
static bool is_assigned(struct hg_slice json) {
    static const char name[] = "\"idemp_state\"", value[] = "\"Assigned\"";
    const char *at = memmem(json.ptr, json.len, name, sizeof name - 1);
    if (at == NULL) {
        return false;
    }
    at += sizeof name - 1;
    while (at < json.ptr + json.len && (*at == ' ' || *at == ':')) {
        at++;
    }
    struct hg_slice rest = {at, (size_t)(json.ptr + json.len - at)};
    return hg_slice_starts(rest, hg_slice_of(value));
}

static int on_stats(rd_kafka_t *rk, char *json, size_t len, void *opaque) {
    struct wait *w = opaque;
    (void)rk;
    w->is_there |= is_assigned((struct hg_slice){json, len});
    return 0;
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
    struct wait *w = opaque;
    (void)rk;
    kafka_fault_note(&w->fault, err, reason);
    int64_t soon_ms = kafka_mono_ms() + REFUSED_MS;
    if (kafka_fault_is_refusal(&w->fault) && soon_ms < w->end_ms) {
        w->end_ms = soon_ms;
    }
}

static rd_kafka_t *open_handle(struct kafka *k, struct wait *w, const struct kafka_identity *id,
                               struct hg_why *why) {
    static const char *const pairs[] = {"enable.idempotence", "true", "statistics.interval.ms",
                                        "20", NULL};
    rd_kafka_conf_t *conf = kafka_handle_conf(k, pairs, why);
    if (conf == NULL) {
        return NULL;
    }
    if (id != NULL) {
        const char *const who[] = {"sasl.username", id->username, "sasl.password", id->password,
                                   NULL};
        if (kafka_conf_set_pairs(conf, who, why) != 0) {
            rd_kafka_conf_destroy(conf);
            return NULL;
        }
    }
    rd_kafka_conf_set_opaque(conf, w);
    rd_kafka_conf_set_stats_cb(conf, on_stats);
    rd_kafka_conf_set_error_cb(conf, on_error);
    return kafka_handle_make(RD_KAFKA_PRODUCER, conf, why);
}

/* A refusal, with what it may be that the broker does not say. */
static int refuse(struct kafka *k, const struct kafka_fault *f, struct hg_why *why) {
    char mechanism[64] = "";
    size_t len = sizeof mechanism;
    (void)rd_kafka_conf_get(k->base, "sasl.mechanisms", mechanism, &len);
    const char *more = kafka_conf_scram_fault(hg_slice_of(mechanism));
    hg_why_set(why, "event_log kafka: %s%s%s", f->text, more != NULL ? "; " : "",
               more != NULL ? more : "");
    return HG_EDENIED;
}

int kafka_ready_try(struct kafka *k, const struct kafka_identity *id, struct hg_why *why) {
    struct wait w = {.end_ms = kafka_mono_ms() + WAIT_MS};
    rd_kafka_t *rk = open_handle(k, &w, id, why);
    if (rk == NULL) {
        return HG_EINVAL;
    }
    while (!w.is_there && kafka_mono_ms() < w.end_ms) {
        (void)rd_kafka_poll(rk, POLL_MS);
    }
    rd_kafka_destroy(rk);
    if (w.is_there) {
        return 0;
    }
    if (kafka_fault_is_refusal(&w.fault)) {
        return refuse(k, &w.fault, why);
    }
    hg_why_set(why, "event_log kafka: no producer id from %s within %d s: %s", k->bootstrap,
               WAIT_MS / 1000, kafka_fault_text(&w.fault, "the cluster is not ready"));
    return HG_EAGAIN;
}

int kafka_ready_wait(struct kafka *k, struct hg_why *why) {
    return kafka_ready_try(k, NULL, why);
}
