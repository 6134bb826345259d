/* SPDX-License-Identifier: Apache-2.0 */
/* handle.c - handles of librdkafka: what each is told, and who they say they are.
 *
 * All that are open stand in a list, so that a reload can give them another user and
 * password: they are used when a connection is made anew, those that are open stay. */
#include "kafka.h"

#include <stdio.h>
#include <stdlib.h>

/* ----- what they are told ----- */

int kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct hg_why *why) {
    char text[KAFKA_TEXT];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK) {
        return 0;
    }
    hg_why_set(why, "event_log kafka: %s: %s", name, text);
    return HG_EINVAL;
}

int kafka_conf_set_pairs(rd_kafka_conf_t *conf, const char *const *pairs, struct hg_why *why) {
    for (; pairs[0] != NULL; pairs += 2) {
        if (kafka_conf_set(conf, pairs[0], pairs[1], why) != 0) {
            return HG_EINVAL;
        }
    }
    return 0;
}

int64_t kafka_conf_number(const rd_kafka_conf_t *conf, const char *name) {
    char text[24], *end = NULL;
    size_t len = sizeof text;
    if (rd_kafka_conf_get(conf, name, text, &len) != RD_KAFKA_CONF_OK) {
        return -1;
    }
    long long n = strtoll(text, &end, 10);
    return end != text && *end == '\0' ? n : -1;
}

void kafka_conf_set_number(rd_kafka_conf_t *conf, const char *name, int64_t n) {
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)n);
    rd_kafka_conf_res_t res = rd_kafka_conf_set(conf, name, text, NULL, 0);
    HG_ASSERT(res == RD_KAFKA_CONF_OK);
}

static void lock(struct kafka *k) {
    int rc = pthread_mutex_lock(&k->handles.lock);
    HG_ASSERT(rc == 0);
}

static void unlock(struct kafka *k) {
    int rc = pthread_mutex_unlock(&k->handles.lock);
    HG_ASSERT(rc == 0);
}

rd_kafka_conf_t *kafka_handle_conf(struct kafka *k, const char *const *pairs, struct hg_why *why) {
    lock(k);
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(k->base);
    unlock(k);
    if (kafka_conf_set_pairs(conf, pairs, why) != 0) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return conf;
}

/* ----- those that are open ----- */

static void give(const struct kafka_identity *id, rd_kafka_t *rk) {
    rd_kafka_error_t *error = rd_kafka_sasl_set_credentials(rk, id->username, id->password);
    HG_ASSERT(error == NULL); /* both are there */
}

/* Under the lock. */
static int keep(struct kafka_handles *h, rd_kafka_t *rk) {
    if (h->n == h->cap) {
        size_t cap = h->cap > 0 ? 2 * h->cap : 16;
        rd_kafka_t **items = hg_try_realloc(h->items, cap * sizeof(rd_kafka_t *));
        if (items == NULL) {
            return HG_ENOMEM;
        }
        h->items = items;
        h->cap = cap;
    }
    h->items[h->n++] = rk;
    return 0;
}

rd_kafka_t *kafka_handle_make(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct hg_why *why) {
    char text[KAFKA_TEXT];
    rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof text);
    if (rk == NULL) {
        rd_kafka_conf_destroy(conf);
        hg_why_set(why, "event_log kafka: %s", text);
    }
    return rk;
}

rd_kafka_t *kafka_handle_new(struct kafka *k, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                             struct hg_why *why) {
    rd_kafka_t *rk = kafka_handle_make(type, conf, why);
    if (rk == NULL) {
        return NULL;
    }
    lock(k);
    int err = keep(&k->handles, rk);
    if (err == 0 && k->handles.identity.is_renewed) { /* since its conf was copied, it may be */
        give(&k->handles.identity, rk);
    }
    unlock(k);
    if (err != 0) {
        rd_kafka_destroy(rk);
        hg_why_set(why, "event_log kafka: %s", hg_err_text(err));
        return NULL;
    }
    return rk;
}

void kafka_handle_destroy(struct kafka *k, rd_kafka_t *rk) {
    struct kafka_handles *h = &k->handles;
    lock(k);
    for (size_t i = 0; i < h->n; i++) {
        if (h->items[i] == rk) {
            h->items[i] = h->items[--h->n];
            break;
        }
    }
    unlock(k);
    rd_kafka_destroy(rk);
}

/* ----- who they say they are ----- */

static void take_text(struct hg_slice text, char **ret) {
    char *copy = hg_alloc(text.len + 1);
    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    *ret = copy;
}

static void forget(char **text) {
    if (*text != NULL) {
        explicit_bzero(*text, strlen(*text));
        hg_free(*text);
        *text = NULL;
    }
}

static void identity_fini(struct kafka_identity *id) {
    forget(&id->username);
    forget(&id->password);
}

static void read_identity(const struct kafka_settings *s, struct kafka_identity *ret) {
    *ret = (struct kafka_identity){0};
    for (const struct kafka_property *p = s != NULL ? s->properties : NULL; p != NULL;
         p = p->next) {
        if (hg_slice_eq(p->name, HG_SLICE("sasl.username"))) {
            take_text(p->value, &ret->username);
        } else if (hg_slice_eq(p->name, HG_SLICE("sasl.password"))) {
            take_text(p->value, &ret->password);
        }
    }
}

static bool is_same(const struct kafka_identity *a, const struct kafka_identity *b) {
    return strcmp(a->username, b->username) == 0 && strcmp(a->password, b->password) == 0;
}

/* Takes id. The conf had them before: only what was a text can be another one. */
static void apply(struct kafka *k, struct kafka_identity *id) {
    struct kafka_handles *h = &k->handles;
    struct hg_why why = {""};
    lock(k);
    identity_fini(&h->identity);
    h->identity = *id;
    h->identity.is_renewed = true;
    int err = kafka_conf_set(k->base, "sasl.username", id->username, &why);
    err = err == 0 ? kafka_conf_set(k->base, "sasl.password", id->password, &why) : err;
    HG_ASSERT(err == 0);
    for (size_t i = 0; i < h->n; i++) {
        give(&h->identity, h->items[i]);
    }
    unlock(k);
}

int kafka_renew(void *state, const struct hg_log_open *open, struct hg_why *why) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    struct kafka_identity id;
    read_identity(open->conf, &id);
    bool is_whole = id.username != NULL && id.password != NULL;
    bool had_one = k->handles.identity.username != NULL && k->handles.identity.password != NULL;
    if (!is_whole || !had_one || is_same(&id, &k->handles.identity)) {
        identity_fini(&id);
        return 0;
    }
    int err = kafka_ready_try(k, &id, why);
    if (err != 0) {
        identity_fini(&id);
        return err;
    }
    apply(k, &id);
    HG_LOG(HG_NOTICE, "kafka_identity_renewed", "user=\"%s\" effect=\"%s\"",
           k->handles.identity.username, "connections that are made from now on");
    return 0;
}

void kafka_handles_init(struct kafka *k, const struct kafka_settings *s) {
    int rc = pthread_mutex_init(&k->handles.lock, NULL);
    HG_ASSERT(rc == 0);
    read_identity(s, &k->handles.identity);
}

void kafka_handles_fini(struct kafka *k) {
    HG_ASSERT(k->handles.n == 0);
    identity_fini(&k->handles.identity);
    hg_free(k->handles.items);
    k->handles.items = NULL;
    (void)pthread_mutex_destroy(&k->handles.lock);
}
