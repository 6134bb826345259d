/* SPDX-License-Identifier: Apache-2.0 */
/* dlq_purge.c - POST /dlq/{topic}/purge: letters are removed from the first of
 * a partition up to one that is named, or all that are there now.
 *
 *   read_wish ─► check each that is named ─► trim each partition ─► finish */
#include "server/dlq.h"

#include "headgate/logline.h"
#include "log/entry.h"

struct purge {
    struct hg_dlq d;          /* first */
    struct hg_cursor through; /* the last letter that goes, of some partitions */
    size_t at;                /* of these, in either walk */
    uint64_t first;           /* offsets before: their sum over the partitions */
    struct hg_log_trim trim;
};

static void sum_up(const struct purge *p, uint64_t *ret_first, uint64_t *ret_letters) {
    *ret_first = *ret_letters = 0;
    for (uint32_t i = 0; i < hg_dlq_partitions(&p->d); i++) {
        struct hg_log_range range = hg_dlq_range(&p->d, i);
        *ret_first += range.first;
        *ret_letters += range.next - range.first;
    }
}

static void finish(struct purge *p) {
    uint64_t first, letters;
    struct hg_slice name = hg_log_topic_name(p->d.admin->log, p->d.topic);
    struct hg_buf *out = &p->d.answer.body;
    sum_up(p, &first, &letters);
    unsigned long long removed = first - p->first;
    HG_BUF_LIT(out, "{\"topic\":");
    hg_buf_put_json(out, name);
    hg_buf_printf(out, ",\"removed\":%llu,\"letters\":%llu}\n", removed,
                  (unsigned long long)letters);
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

static void trim_next(struct purge *p);

static void on_trimmed(struct hg_log_trim *t, int err) {
    struct purge *p = HG_CONTAINER(t, struct purge, trim);
    if (err != 0) {
        fail(p, err);
    } else {
        trim_next(p);
    }
}

/* A letter that is gone already was asked for twice. */
static bool is_there(const struct purge *p) {
    const struct hg_position *last = &p->through.items[p->at];
    return last->offset >= hg_dlq_range(&p->d, last->partition).first;
}

static void trim_next(struct purge *p) {
    while (p->at < p->through.n && !is_there(p)) {
        p->at++;
    }
    if (p->at == p->through.n) {
        finish(p);
        return;
    }
    const struct hg_position *last = &p->through.items[p->at++];
    p->trim = (struct hg_log_trim){.topic = p->d.topic,
                                   .partition = last->partition,
                                   .before = last->offset + 1,
                                   .done = on_trimmed};
    int err = hg_log_trim(p->d.admin->log, &p->trim);
    if (err != 0) {
        fail(p, err);
    }
}

static void on_read(struct hg_dlq *d, struct hg_batch *batch);

static void check_next(struct purge *p) {
    while (p->at < p->through.n && !is_there(p)) {
        p->at++;
    }
    if (p->at < p->through.n) {
        const struct hg_position *last = &p->through.items[p->at];
        hg_dlq_read(&p->d, (struct hg_dlq_place){last->partition, last->offset}, 1, on_read);
    } else {
        p->at = 0;
        trim_next(p);
    }
}

/* A stale token must not remove more than its owner meant. */
static void on_read(struct hg_dlq *d, struct hg_batch *batch) {
    struct purge *p = (struct purge *)d;
    bool is_same = hg_dlq_is_at(batch, &p->through.items[p->at++]);
    hg_batch_unref(&batch);
    if (is_same) {
        check_next(p);
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
        err = hg_dlq_read_cursor(&p->d, hg_slice_of(through), &p->through);
    }
    if (err == 0 && all != 0 && hg_dlq_ends(&p->d, &p->through) != 0) {
        err = hg_problem_set(&p->d.problem, 503, "overloaded", "There is no memory for it.");
    }
    json_decref(root);
    *ret_all = all != 0;
    return err;
}

static void end(struct hg_dlq *d) {
    struct purge *p = (struct purge *)d;
    hg_cursor_fini(&p->through);
}

static void start(const void *conf, const struct hg_request *r, struct hg_slice body,
                  struct hg_reply *reply) {
    struct purge *p = hg_dlq_begin(conf, reply, sizeof(*p));
    uint64_t letters;
    bool is_all = false;
    if (p == NULL) {
        return;
    }
    p->d.end = end;
    if (hg_dlq_find(&p->d, r) != 0 || read_wish(p, r, body, &is_all) != 0) {
        hg_dlq_end(&p->d);
        return;
    }
    sum_up(p, &p->first, &letters);
    if (is_all) {
        trim_next(p);
    } else {
        check_next(p);
    }
}

static const char *const methods[] = {"POST", NULL};
const struct hg_handler_ops hg_dlq_purge = {.size = sizeof(hg_dlq_purge),
                                            .name = "dlq_purge",
                                            .directive = "",
                                            .methods = methods,
                                            .start = start};
