/* SPDX-License-Identifier: Apache-2.0 */
/* parcel.c - from an append to messages, and from their reports to its answer. */
#include "parcel.h"

#include "read.h"

static void fini_item(struct kafka_parcel_item *item) {
    if (item->headers != NULL) {
        rd_kafka_headers_destroy(item->headers);
    }
    hg_free(item->copies);
}

static void free_parcel(struct kafka_parcel *p) {
    for (size_t i = 0; i < p->n_items; i++) {
        fini_item(&p->items[i]);
    }
    hg_free(p);
}

/* The draft is used again for the next one. */
static int keep_draft(struct kafka_parcel_item *item, const struct kafka_draft *d) {
    size_t key_len = d->key.len, text_len = d->is_structured ? d->value.len : 0;
    char *at = hg_try_alloc(key_len + text_len + 1);
    if (at == NULL) {
        return HG_ENOMEM;
    }
    item->copies = at;
    item->has_value = d->has_value;
    item->value = d->value;
    item->key = (struct hg_slice){at, key_len};
    if (key_len > 0) {
        memcpy(at, d->key.ptr, key_len);
    }
    if (text_len > 0) {
        memcpy(at + key_len, d->value.ptr, text_len);
        item->value.ptr = at + key_len;
    }
    item->headers = kafka_headers_of(d);
    return 0;
}

static int fill(struct kafka *k, struct kafka_parcel *p) {
    for (size_t i = 0; i < p->append->n_items; i++) {
        const struct hg_append_item *from = &p->append->items[i];
        struct kafka_parcel_item *item = &p->items[p->n_items++];
        item->parcel = p;
        item->topic = kafka_topic(k, from->topic);
        item->partition = from->partition;
        if (kafka_record_write(&from->record, k->mode, &k->draft) != 0 ||
            keep_draft(item, &k->draft) != 0) {
            return HG_EAGAIN;
        }
    }
    return 0;
}

int kafka_parcel_new(struct kafka *k, struct hg_append *a, struct kafka_parcel **ret) {
    struct kafka_parcel *p = hg_try_alloc(sizeof *p + a->n_items * sizeof p->items[0]);
    if (p == NULL) {
        return HG_EAGAIN;
    }
    p->append = a;
    p->came_ms = kafka_mono_ms();
    int err = fill(k, p);
    if (err != 0) {
        free_parcel(p);
        return err;
    }
    *ret = p;
    return 0;
}

static int send_item(const struct kafka_parcel_item *item, rd_kafka_t *rk) {
    static const char empty[1] = "";
    rd_kafka_headers_t *headers = rd_kafka_headers_copy(item->headers);
    /* Null is not the same as empty. */
    void *value = (void *)(!item->has_value ? NULL : item->value.len > 0 ? item->value.ptr : empty);
    const void *key = item->key.len > 0 ? item->key.ptr : NULL;
    rd_kafka_resp_err_t rc = rd_kafka_producev(
        rk, RD_KAFKA_V_TOPIC(item->topic->name), RD_KAFKA_V_PARTITION((int32_t)item->partition),
        RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_VALUE(value, item->has_value ? item->value.len : 0),
        RD_KAFKA_V_KEY(key, item->key.len), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_OPAQUE((void *)item), RD_KAFKA_V_END);
    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return 0;
    }
    rd_kafka_headers_destroy(headers);
    return rc == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE           ? HG_E2BIG
           : rc == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ? HG_EDENIED
                                                                : HG_EAGAIN;
}

int kafka_parcel_send(struct kafka_parcel *p, rd_kafka_t *rk) {
    p->err = 0;
    p->n_out = 0;
    p->n_tries++;
    for (size_t i = 0; i < p->n_items && p->err == 0; i++) {
        p->err = send_item(&p->items[i], rk);
        p->n_out += p->err == 0;
    }
    return p->err;
}

void kafka_parcel_report(const rd_kafka_message_t *m) {
    struct kafka_parcel_item *item = m->_private;
    rd_kafka_timestamp_type_t type;
    int err = kafka_result_of(m);
    item->parcel->n_out--;
    if (err == 0) {
        item->offset = (uint64_t)m->offset;
        item->log_time_ms = rd_kafka_message_timestamp(m, &type);
        return;
    }
    kafka_topic_doubt(item->topic, m->err);
    if (item->parcel->err == 0) { /* without its commit nothing is stored */
        item->parcel->err = err == HG_EDOUBT ? HG_EAGAIN : err;
    }
}

void kafka_parcel_answer(struct kafka_parcel **pp, int err) {
    struct kafka_parcel *p = *pp;
    struct hg_append *a = p->append;
    *pp = NULL;
    for (size_t i = 0; i < a->n_items; i++) {
        struct hg_append_item *item = &a->items[i];
        item->err = err;
        if (err == 0) {
            item->record.offset = p->items[i].offset;
            item->record.log_time_ms = p->items[i].log_time_ms;
        }
    }
    free_parcel(p);
    hg_append_complete(a, err);
}
