/* SPDX-License-Identifier: Apache-2.0 */
/* transact.c - the cluster's transactions, as librdkafka 2.0 has them. */
#include "transact.h"

#include "read.h"

enum {
    REST_MS = 2000,
    REST_FENCED_MS = 10000, /* two that share an id would put each other out without pause */
    TRY_MS = 300000,        /* how long a commit is asked for */
    SPARE_MS = 5000,        /* of a transaction beyond what publishers wait */
    LIMIT_MS = 900000,      /* a cluster takes no longer transactions, by its defaults */
    UNDO_MS = 1000,
    END_MS = 1000,
};

#define TRANSACTIONS(which)                                                                        \
    {                                                                                              \
        .name = "headgate_kafka_transactions_total", .labels = "result=\"" which "\"",             \
        .help = "Transactions of atomic batches by how they ended; one holds the batches that "    \
                "waited for the one before it.",                                                   \
        .kind = HG_COUNTER,                                                                        \
    }

struct hg_counter kafka_transactions[] = {
    [KAFKA_END_DONE] = TRANSACTIONS("committed"),
    [KAFKA_END_UNDONE] = TRANSACTIONS("undone"),
    [KAFKA_END_DOUBT] = TRANSACTIONS("doubt"),
};

void kafka_transact_init(struct kafka_transact *t, struct kafka *k) {
    *t = (struct kafka_transact){.k = k, .patience_ms = k->answer_ms / 5, .owes_end = true};
}

/* ----- the producer ----- */

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    (void)rk, (void)opaque;
    kafka_parcel_report(m);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
    (void)rk, (void)opaque;
    HG_LOG(HG_WARN, "kafka_trouble", "error=%s text=\"%s\"", rd_kafka_err2name(err), reason);
}

static bool is_fenced(rd_kafka_resp_err_t err) {
    return err == RD_KAFKA_RESP_ERR__FENCED || err == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           err == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

static void drop(struct kafka_transact *t) {
    if (t->rk != NULL) {
        kafka_handle_destroy(t->k, t->rk);
    }
    t->rk = NULL;
    t->is_ready = false;
}

/* Thrown away, after an error that says why: takes it. */
static void fail(struct kafka_transact *t, const char *what, rd_kafka_error_t *error) {
    char text[KAFKA_TEXT] = "";
    rd_kafka_resp_err_t err = error != NULL ? rd_kafka_error_code(error) : 0;
    rd_kafka_resp_err_t fatal =
        t->rk != NULL ? rd_kafka_fatal_error(t->rk, text, sizeof text) : RD_KAFKA_RESP_ERR_NO_ERROR;
    bool is_other = is_fenced(err) || is_fenced(fatal);
    HG_LOG(is_other ? HG_ERROR : HG_WARN, is_other ? "kafka_fenced" : "kafka_transaction_failed",
           "id=%s at=%s error=%s text=\"%s\"%s", t->k->transactional_id, what,
           rd_kafka_err2name(fatal != 0 ? fatal : err),
           fatal != 0 ? text : (error != NULL ? rd_kafka_error_string(error) : "messages are left"),
           is_other ? " cause=\"another gateway has this kafka_transactional_id, or the cluster "
                      "gave the transaction up\""
                    : "");
    if (error != NULL) {
        rd_kafka_error_destroy(error);
    }
    t->owes_end = !is_other; /* who puts another out ends what that has open */
    if (is_other) {
        t->rest_until_ms = kafka_mono_ms() + REST_FENCED_MS;
    }
    drop(t);
}

/* Publishers are answered in time whatever it does; the cluster gives a transaction
 * up soon after nobody waits for it, as readers do. */
static void set_patience(const struct kafka *k, rd_kafka_conf_t *conf) {
    int64_t wish_ms = k->answer_ms + SPARE_MS;
    int64_t limit_ms = wish_ms < LIMIT_MS ? wish_ms : LIMIT_MS;
    int64_t socket_ms = kafka_conf_number(conf, "socket.timeout.ms");
    kafka_conf_set_number(conf, "transaction.timeout.ms", limit_ms);
    kafka_conf_set_number(conf, "message.timeout.ms",
                          k->answer_ms < limit_ms ? k->answer_ms : limit_ms);
    kafka_conf_set_number(conf, "socket.timeout.ms",
                          socket_ms < k->answer_ms ? socket_ms : k->answer_ms);
}

static int open_producer(struct kafka_transact *t) {
    const char *const pairs[] = {"enable.idempotence", "true", "transactional.id",
                                 t->k->transactional_id, NULL};
    struct hg_why why = {""};
    rd_kafka_conf_t *conf = kafka_handle_conf(t->k, pairs, &why);
    if (conf != NULL) {
        t->batch_max = kafka_batch_bound(t->k, conf);
        set_patience(t->k, conf);
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        rd_kafka_conf_set_error_cb(conf, on_error);
        t->rk = kafka_handle_new(t->k, RD_KAFKA_PRODUCER, conf, &why);
    }
    if (t->rk == NULL) {
        HG_LOG(HG_ERROR, "kafka_no_producer", "why=\"%s\"", why.text);
        t->rest_until_ms = kafka_mono_ms() + REST_MS;
        return HG_EAGAIN;
    }
    return 0;
}

/* Once, until it can be again. */
static void say_away(struct kafka_transact *t, const rd_kafka_error_t *error) {
    if (!t->is_said) {
        HG_LOG(HG_WARN, "kafka_transactions_away",
               "id=%s error=%s effect=\"atomic batches are refused\"", t->k->transactional_id,
               rd_kafka_error_name(error));
    }
    t->is_said = true;
}

/* Ends what an earlier producer of this id left open, and puts it out. The client asks
 * on between the calls. */
static int begin_id(struct kafka_transact *t) {
    int64_t now_ms = kafka_mono_ms(), end_ms = now_ms + (t->is_said ? 0 : t->patience_ms);
    while (t->goes_on(t->arg)) {
        rd_kafka_error_t *error = rd_kafka_init_transactions(t->rk, KAFKA_STEP_MS);
        if (error == NULL) {
            HG_LOG(HG_NOTICE, "kafka_transactions_ready", "id=%s ms=%lld", t->k->transactional_id,
                   (long long)(kafka_mono_ms() - now_ms));
            t->is_ready = true;
            t->owes_end = t->is_said = false;
            return 0;
        }
        if (!rd_kafka_error_is_retriable(error)) {
            t->rest_until_ms = kafka_mono_ms() + REST_MS;
            fail(t, "start", error);
            return HG_EAGAIN;
        }
        if (kafka_mono_ms() >= end_ms) {
            say_away(t, error);
            rd_kafka_error_destroy(error);
            return HG_EAGAIN;
        }
        rd_kafka_error_destroy(error);
    }
    return HG_EAGAIN;
}

/* A producer asks by itself for new partitions only once in minutes. */
static void learn(struct kafka_transact *t) {
    const struct rd_kafka_metadata *m = NULL;
    uint32_t news = atomic_load(&t->k->news);
    if (t->news != news &&
        rd_kafka_metadata(t->rk, 0, NULL, &m, KAFKA_STEP_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        t->news = news;
        rd_kafka_metadata_destroy(m);
    }
}

int kafka_transact_ready(struct kafka_transact *t) {
    if (t->is_ready && t->batch_max > atomic_load(&t->k->batch_max)) {
        drop(t);
    }
    if (!t->is_ready && kafka_mono_ms() < t->rest_until_ms) {
        return HG_EAGAIN;
    }
    if (t->rk == NULL && open_producer(t) != 0) {
        return HG_EAGAIN;
    }
    if (!t->is_ready && begin_id(t) != 0) {
        return HG_EAGAIN;
    }
    learn(t);
    return 0;
}

void kafka_transact_fini(struct kafka_transact *t) {
    drop(t);
}

/* ----- a transaction ----- */

static bool send_all(struct kafka_transact *t, struct kafka_parcel *parcels) {
    bool is_sent = true;
    for (struct kafka_parcel *p = parcels; p != NULL; p = p->next) {
        is_sent &= kafka_parcel_send(p, t->rk) == 0;
    }
    return is_sent;
}

/* True: all of them are in the logs. */
static bool is_delivered(const struct kafka_parcel *parcels, bool *ret_has_failed) {
    bool is_all = true;
    for (const struct kafka_parcel *p = parcels; p != NULL; p = p->next) {
        is_all &= p->n_out == 0;
        *ret_has_failed |= p->err != 0;
    }
    return is_all && !*ret_has_failed;
}

static bool deliver(struct kafka_transact *t, struct kafka_parcel *parcels) {
    int64_t end_ms = kafka_mono_ms() + t->patience_ms;
    bool has_failed = false;
    while (!is_delivered(parcels, &has_failed)) {
        if (has_failed || kafka_mono_ms() >= end_ms || !t->goes_on(t->arg)) {
            return false;
        }
        (void)rd_kafka_poll(t->rk, KAFKA_STEP_MS);
    }
    return true;
}

enum kafka_end kafka_transact_commit(struct kafka_transact *t) {
    int64_t end_ms = kafka_mono_ms() + TRY_MS;
    for (;;) {
        rd_kafka_error_t *error = rd_kafka_commit_transaction(t->rk, KAFKA_STEP_MS);
        int64_t now_ms = kafka_mono_ms();
        if (error == NULL) {
            return KAFKA_END_DONE;
        }
        end_ms = !t->goes_on(t->arg) && end_ms > now_ms + END_MS ? now_ms + END_MS : end_ms;
        if (!rd_kafka_error_is_retriable(error) || now_ms >= end_ms) {
            fail(t, "commit", error);
            return KAFKA_END_DOUBT;
        }
        rd_kafka_error_destroy(error);
    }
}

static size_t n_out(const struct kafka_parcel *parcels) {
    size_t n = 0;
    for (const struct kafka_parcel *p = parcels; p != NULL; p = p->next) {
        n += p->n_out;
    }
    return n;
}

/* Nothing of it was asked to be kept. librdkafka 2.0 has to be told so even where it
 * is thrown away then: with partitions to be added it would end the process. */
static void undo(struct kafka_transact *t, const struct kafka_parcel *parcels) {
    int64_t end_ms = kafka_mono_ms() + UNDO_MS;
    rd_kafka_error_t *error;
    HG_LOG(HG_WARN, "kafka_transaction_undone", "id=%s messages_left=%zu", t->k->transactional_id,
           n_out(parcels));
    while ((error = rd_kafka_abort_transaction(t->rk, KAFKA_STEP_MS)) != NULL) {
        if (!rd_kafka_error_is_retriable(error) || kafka_mono_ms() >= end_ms) {
            fail(t, "abort", error);
            return;
        }
        rd_kafka_error_destroy(error);
    }
    if (n_out(parcels) > 0) {
        fail(t, "abort", NULL);
    }
}

bool kafka_transact_deliver(struct kafka_transact *t, struct kafka_parcel *parcels) {
    rd_kafka_error_t *error = rd_kafka_begin_transaction(t->rk);
    if (error != NULL) {
        fail(t, "begin", error);
        return false;
    }
    if (!send_all(t, parcels) || !deliver(t, parcels)) {
        undo(t, parcels);
        return false;
    }
    return true;
}

enum kafka_end kafka_transact_run(struct kafka_transact *t, struct kafka_parcel *parcels) {
    if (kafka_transact_ready(t) != 0) {
        return KAFKA_END_UNDONE;
    }
    bool is_delivered = kafka_transact_deliver(t, parcels);
    enum kafka_end end = is_delivered ? kafka_transact_commit(t) : KAFKA_END_UNDONE;
    hg_counter_add(&kafka_transactions[end], 1);
    return end;
}
