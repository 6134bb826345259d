/* SPDX-License-Identifier: Apache-2.0 */
/* dlq_purge.c - POST /dlq/{topic}/purge: letters are removed from the first up
 * to one that is named, or all that are there now. */
#include "server/dlq.h"

#include "headgate/logline.h"
#include "log/entry.h"

struct purge {
    struct hg_dlq d; /* first */
    struct hg_position through;
    struct hg_log_range before;
    struct hg_log_trim trim;
};

static void finish(struct purge *p) {
    struct hg_log_range after;
    struct hg_slice name = hg_log_topic_name(p->d.admin->log, p->d.topic);
    struct hg_buf *out = &p->d.answer.body;
    hg_log_topic_range(p->d.admin->log, p->d.topic, 0, &after);
    unsigned long long removed = after.first - p->before.first;
    HG_BUF_LIT(out, "{\"topic\":");
    hg_buf_put_json(out, name);
    hg_buf_printf(out, ",\"removed\":%llu,\"letters\":%llu}\n", removed,
                  (unsigned long long)(after.next - after.first));
    if (removed > 0) {
        HG_LOG(HG_NOTICE, "dlq_purged", "topic=%.*s letters=%llu", HG_FMT(name), removed);
    }
    hg_dlq_end(&p->d);
}

static void fail(struct purge *p, int err) {
    if (err == HG_ENOTSUP) {
        hg_problem_set(&p->d.problem, 501, "not-implemented",
                       "This event log cannot remove single letters; its retention does.");
    } else {
        hg_problem_set(&p->d.problem, 503, err == HG_ECLOSED ? "draining" : "log-failed",
                       "Not all letters could be removed: %s.", hg_err_text(err));
    }
    hg_dlq_end(&p->d);
}

static void on_trimmed(struct hg_log_trim *t, int err) {
    struct purge *p = HG_CONTAINER(t, struct purge, trim);
    if (err != 0) {
        fail(p, err);
    } else {
        finish(p);
    }
}

static void trim(struct purge *p, uint64_t before) {
    p->trim = (struct hg_log_trim){.topic = p->d.topic, .before = before, .done = on_trimmed};
    int err = hg_log_trim(p->d.admin->log, &p->trim);
    if (err != 0) {
        fail(p, err);
    }
}

/* A stale token must not remove more than its owner meant. */
static void on_read(struct hg_dlq *d, struct hg_batch *batch) {
    struct purge *p = (struct purge *)d;
    bool is_there = hg_dlq_is_at(batch, &p->through);
    hg_batch_unref(&batch);
    if (is_there) {
        trim(p, p->through.offset + 1);
        return;
    }
    hg_problem_set(&d->problem, 404, "not-found", "There is no such letter. Nothing was removed.");
    hg_dlq_end(d);
}

static int read_wish(struct purge *p, const struct hg_request *r, struct hg_slice body,
                     bool *ret_all) {
    json_t *root = NULL;
    json_error_t why;
    const char *through = NULL;
    int all = 0;
    int err = hg_dlq_read_body(&p->d, r, body, &root);
    if (err == 0 &&
        json_unpack_ex(root, &why, JSON_STRICT, "{s?s, s?b}", "through", &through, "all", &all)) {
        err = hg_problem_set(&p->d.problem, 400, "request-invalid", "%s.", why.text);
    }
    if (err == 0 && (through != NULL) == (all != 0)) {
        err = hg_problem_set(&p->d.problem, 400, "request-invalid",
                             "Expected {\"through\": POSITION} or {\"all\": true}.");
    }
    if (err == 0 && through != NULL) {
        err = hg_dlq_read_position(&p->d, hg_slice_of(through), &p->through);
    }
    json_decref(root);
    *ret_all = all != 0;
    return err;
}

static void start(const void *conf, const struct hg_request *r, struct hg_slice body,
                  struct hg_reply *reply) {
    struct purge *p = hg_dlq_begin(conf, reply, sizeof(*p));
    bool is_all = false;
    if (p == NULL) {
        return;
    }
    if (hg_dlq_find(&p->d, r) != 0 || read_wish(p, r, body, &is_all) != 0) {
        hg_dlq_end(&p->d);
        return;
    }
    hg_log_topic_range(p->d.admin->log, p->d.topic, 0, &p->before);
    if (is_all) {
        trim(p, p->before.next);
    } else if (p->through.offset < p->before.first) { /* gone already: asked twice */
        finish(p);
    } else {
        hg_dlq_read(&p->d, p->through.offset, 1, on_read);
    }
}

static const char *const methods[] = {"POST", NULL};
const struct hg_handler_ops hg_dlq_purge = {.size = sizeof(hg_dlq_purge),
                                            .name = "dlq_purge",
                                            .directive = "",
                                            .methods = methods,
                                            .start = start};
