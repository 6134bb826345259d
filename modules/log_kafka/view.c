/* SPDX-License-Identifier: Apache-2.0 */
/* view.c - all topics of the cluster in one answer, while they are asked for one
 * after the other: at a start and a reload. Asking by name makes librdkafka keep the topic
 * in the handle for good, and each of its requests then walks over all that are
 * kept: a thousand topics would cost a million steps. */
#include "read.h"

#include <stdlib.h>

enum { VIEW_MS = 500 };

static int compare(const void *a, const void *b) {
    const struct rd_kafka_metadata_topic *const *x = a, *const *y = b;
    return strcmp((*x)->topic, (*y)->topic);
}

static int compare_name(const void *name, const void *topic) {
    const struct rd_kafka_metadata_topic *const *t = topic;
    return strcmp(name, (*t)->topic);
}

void kafka_view_fini(struct kafka_view *v) {
    if (v->all != NULL) {
        rd_kafka_metadata_destroy(v->all);
    }
    hg_free(v->by_name);
    *v = (struct kafka_view){.begun_ms = v->begun_ms, .asked_ms = v->asked_ms};
}

rd_kafka_resp_err_t kafka_view_make(struct kafka *k, const struct rd_kafka_metadata **ret) {
    struct kafka_view *v = &k->view;
    kafka_view_fini(v);
    rd_kafka_resp_err_t rc = kafka_ask(k, NULL, &v->all);
    if (rc != RD_KAFKA_RESP_ERR_NO_ERROR) {
        v->all = NULL;
        return rc;
    }
    size_t n = (size_t)v->all->topic_cnt;
    v->by_name = hg_try_alloc((n + 1) * sizeof(*v->by_name));
    for (size_t i = 0; v->by_name != NULL && i < n; i++) {
        v->by_name[i] = &v->all->topics[i];
    }
    if (v->by_name != NULL) { /* without memory each is asked for by its name */
        v->n = n;
        qsort(v->by_name, n, sizeof(*v->by_name), compare);
    }
    v->made_ms = kafka_mono_ms();
    *ret = v->all;
    return rc;
}

const struct rd_kafka_metadata_topic *kafka_view_find(struct kafka *k, const char *name) {
    struct kafka_view *v = &k->view;
    const struct rd_kafka_metadata *all;
    int64_t now_ms = kafka_mono_ms();
    bool is_one_of_many = v->asked_ms > 0 && now_ms < v->asked_ms + VIEW_MS;
    v->begun_ms = is_one_of_many ? v->begun_ms : now_ms;
    v->asked_ms = now_ms;
    bool is_old = v->n == 0 || v->made_ms < v->begun_ms || now_ms >= v->made_ms + VIEW_MS;
    if (is_old && (!is_one_of_many || kafka_view_make(k, &all) != RD_KAFKA_RESP_ERR_NO_ERROR)) {
        return NULL;
    }
    const struct rd_kafka_metadata_topic **t =
        v->n > 0 ? bsearch(name, v->by_name, v->n, sizeof(*v->by_name), compare_name) : NULL;
    return t != NULL && (*t)->err == RD_KAFKA_RESP_ERR_NO_ERROR && (*t)->partition_cnt > 0 ? *t
                                                                                           : NULL;
}
