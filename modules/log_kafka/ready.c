/* SPDX-License-Identifier: Apache-2.0 */
/* ready.c - before the gateway says that it is ready the cluster has given a
 * producer its id. The first one on a new cluster waits for a coordinator to be
 * made, 2 to 3 s, and the first publishers would wait with it. librdkafka tells
 * the state in its statistics alone, so a handle of its own asks for them. */
#include "read.h"

enum { WAIT_MS = 15000, POLL_MS = 10 };

struct wait {
    bool is_there;
    char fault[256];
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
    struct hg_why text = {""};
    (void)rk;
    if (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || w->fault[0] == '\0') {
        hg_why_set(&text, "%s", reason);
        memcpy(w->fault, text.text, sizeof w->fault - 1);
    }
}

int kafka_ready_wait(struct kafka *k, struct hg_why *why) {
    static const char *const pairs[] = {"enable.idempotence", "true", "statistics.interval.ms",
                                        "20", NULL};
    struct wait w = {.is_there = false};
    rd_kafka_conf_t *conf = kafka_handle_conf(k, pairs, why);
    if (conf == NULL) {
        return HG_EINVAL;
    }
    rd_kafka_conf_set_opaque(conf, &w);
    rd_kafka_conf_set_stats_cb(conf, on_stats);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_t *rk = kafka_handle_new(RD_KAFKA_PRODUCER, conf, why);
    if (rk == NULL) {
        return HG_EINVAL;
    }
    for (int64_t end = kafka_mono_ms() + WAIT_MS; !w.is_there && kafka_mono_ms() < end;) {
        (void)rd_kafka_poll(rk, POLL_MS);
    }
    rd_kafka_destroy(rk);
    if (!w.is_there) {
        hg_why_set(why, "event_log kafka: no producer id from %s within %d s: %s", k->bootstrap,
                   WAIT_MS / 1000, w.fault[0] != '\0' ? w.fault : "the cluster is not ready");
        return HG_EAGAIN;
    }
    return 0;
}
