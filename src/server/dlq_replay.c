/* SPDX-License-Identifier: Apache-2.0 */
/* dlq_replay.c - POST /dlq/{topic}/replay: letters are judged again by the
 * location that refused them, as it is now, and stored if they pass. The ids
 * are those of who published then: what is stored already is found, and a
 * replay that was cut off is asked again. The letters stay.
 *
 *   next: read some ─► each letter: dlq_letter.c ─► its result ─► ... ─► answer
 */
#include "server/dlq_letter.h"

#include "headgate/logline.h"
#include "log/entry.h"
#include "log/records.h"

struct replay {
    struct hg_dlq d; /* first */
    struct hg_dlq_letter letter;
    struct hg_site *site;
    struct hg_gate gate;
    char to[HG_TOPIC_NAME_MAX + 1];
    struct hg_position positions[HG_DLQ_LETTERS]; /* by name, or all between two */
    size_t n_positions, at;
    bool is_all;
    struct hg_dlq_place place; /* all: what is read, up to these ends */
    struct hg_cursor ends;
    size_t limit;
    struct hg_batch *batch;
    size_t i;                /* of the batch's letters */
    struct hg_position last; /* letter that was judged */
    size_t n_results, n_stored;
    bool is_stopped; /* the log takes nothing now: no use to go on */
    bool is_inside;  /* run turns: who ends meanwhile does not begin it again */
};

static void run(struct replay *r);

static void begin_result(struct replay *r, const struct hg_position *p) {
    hg_buf_printf(&r->d.answer.body, "%s{\"letter\":", r->n_results++ > 0 ? "," : "");
    hg_dlq_put_position(&r->d.answer.body, p);
}

static void on_judged(struct hg_dlq_letter *l) {
    struct replay *r = HG_CONTAINER(l, struct replay, letter);
    begin_result(r, &r->last);
    hg_dlq_letter_print(l, &r->d.answer.body);
    HG_BUF_LIT(&r->d.answer.body, "}");
    r->n_stored += hg_dlq_letter_is_stored(l);
    r->is_stopped = r->is_stopped || hg_dlq_letter_is_hopeless(l);
    hg_dlq_letter_fini(l);
    r->i++;
    run(r);
}

static void put_gone(struct replay *r, const struct hg_position *p) {
    begin_result(r, p);
    HG_BUF_LIT(&r->d.answer.body, ",\"outcome\":\"gone\"}");
}

static void on_read(struct hg_dlq *d, struct hg_batch *batch) {
    struct replay *r = (struct replay *)d;
    r->batch = batch;
    r->i = 0;
    if (r->n_positions > 0 && !hg_dlq_is_at(batch, &r->positions[r->at - 1])) {
        put_gone(r, &r->positions[r->at - 1]);
        hg_batch_unref(&r->batch);
    }
    run(r);
}

static bool has_more(const struct replay *r) {
    struct hg_dlq_place rest = {r->last.partition, r->last.offset + 1};
    return r->is_all && !r->is_stopped && r->n_results > 0 && hg_dlq_go_on(&r->d, &r->ends, &rest);
}

/* through: where all ends, also for who asks for the next piece of it. */
static void finish(struct replay *r) {
    struct hg_slice name = hg_log_topic_name(r->d.admin->log, r->d.topic);
    struct hg_buf *out = &r->d.answer.body;
    HG_BUF_LIT(out, "],\"next\":");
    if (has_more(r)) {
        hg_dlq_put_position(out, &r->last);
    } else {
        HG_BUF_LIT(out, "null");
    }
    HG_BUF_LIT(out, ",\"through\":");
    if (r->ends.n > 0) {
        HG_BUF_LIT(out, "\"");
        hg_cursor_format(&r->ends, out);
        HG_BUF_LIT(out, "\"");
    } else {
        HG_BUF_LIT(out, "null");
    }
    HG_BUF_LIT(out, "}\n");
    HG_LOG(HG_NOTICE, "dlq_replayed", "topic=%.*s letters=%zu stored=%zu", HG_FMT(name),
           r->n_results, r->n_stored);
    hg_dlq_end(&r->d);
}

static bool has_letter(const struct replay *r) {
    if (r->batch == NULL || r->i >= r->batch->n || r->is_stopped) {
        return false;
    }
    const struct hg_position *end = hg_cursor_get(
        &r->ends, hg_log_topic_tag(r->d.admin->log, r->d.topic), (uint16_t)r->batch->partition);
    return !r->is_all || (end != NULL && r->batch->entries[r->i].offset <= end->offset);
}

static void judge(struct replay *r) {
    const struct hg_dlq_letter_setup setup = {
        .site = r->site,
        .gate = &r->gate,
        .dlq = hg_log_topic_name(r->d.admin->log, r->d.topic),
        .to = hg_slice_of(r->to),
        .event = r->batch->entries[r->i].event,
        .record = &r->d.fetch.details->items[r->i],
        .on_judged = on_judged,
    };
    r->last = hg_dlq_position(&r->d, r->batch, r->i);
    hg_dlq_letter_judge(&r->letter, &setup);
}

/* What is refused is judged before hg_dlq_letter_judge returns: a loop, or a
 * thousand such letters would be a thousand calls deep. */
static void read_next(struct replay *r) {
    const struct hg_position *p = &r->positions[r->at];
    if (!r->is_stopped && r->at < r->n_positions) {
        r->at++;
        hg_dlq_read(&r->d, (struct hg_dlq_place){p->partition, p->offset}, 1, on_read);
    } else if (r->is_all && r->n_results == 0 && hg_dlq_go_on(&r->d, &r->ends, &r->place)) {
        struct hg_dlq_place place = r->place;
        r->place = (struct hg_dlq_place){place.partition + 1, 0}; /* should nothing be there */
        hg_dlq_read(&r->d, place, r->limit, on_read);
    } else {
        finish(r);
    }
}

static void run(struct replay *r) {
    if (r->is_inside) {
        return;
    }
    r->is_inside = true;
    while (has_letter(r)) {
        size_t before = r->i;
        judge(r);
        if (r->i == before) { /* the log has it */
            r->is_inside = false;
            return;
        }
    }
    r->is_inside = false;
    hg_batch_unref(&r->batch);
    read_next(r);
}

static void end(struct hg_dlq *d) {
    struct replay *r = (struct replay *)d;
    hg_batch_unref(&r->batch);
    hg_cursor_fini(&r->ends);
    hg_site_unref(&r->site);
}

static int refuse(struct replay *r, const char *text) {
    return hg_problem_set(&r->d.problem, 400, "request-invalid", "%s", text);
}

static int read_positions(struct replay *r, const json_t *list) {
    size_t n = json_array_size(list);
    if (n == 0 || n > HG_COUNT(r->positions)) {
        return refuse(r, "positions: expected 1 to 100 of them in a list.");
    }
    for (; r->n_positions < n; r->n_positions++) {
        const char *text = json_string_value(json_array_get(list, r->n_positions));
        if (hg_dlq_read_position(&r->d, hg_slice_of(text), &r->positions[r->n_positions]) != 0) {
            return HG_EINVAL;
        }
    }
    return 0;
}

/* A mistyped name must not become a topic. */
static int read_to(struct replay *r, const char *to) {
    uint32_t id;
    struct hg_slice name = hg_slice_of(to);
    if (hg_dlq_is_name(name) || hg_slice_starts(name, HG_SLICE("headgate.")) ||
        name.len > HG_TOPIC_NAME_MAX || !hg_log_topic_find(r->d.admin->log, name, &id)) {
        return hg_problem_set(&r->d.problem, 404, "topic-unknown",
                              "to: expected a topic that is there, and none of dead letters.");
    }
    memcpy(r->to, name.ptr, name.len);
    return 0;
}

static int read_all(struct replay *r, const char *after, const char *through, int limit) {
    struct hg_position p;
    r->is_all = true;
    r->limit = (size_t)limit;
    if (limit < 1 || limit > HG_DLQ_LETTERS) {
        return refuse(r, "limit: expected 1 to 100.");
    }
    if (after != NULL) {
        if (hg_dlq_read_position(&r->d, hg_slice_of(after), &p) != 0) {
            return HG_EINVAL;
        }
        r->place = (struct hg_dlq_place){p.partition, p.offset + 1};
    }
    if (through != NULL) {
        return hg_dlq_read_cursor(&r->d, hg_slice_of(through), &r->ends);
    }
    return hg_dlq_ends(&r->d, &r->ends) == 0
               ? 0
               : hg_problem_set(&r->d.problem, 503, "overloaded", "There is no memory for it.");
}

static int read_members(struct replay *r, json_t *root) {
    json_error_t why;
    json_t *positions = NULL;
    const char *to = NULL, *after = NULL, *through = NULL;
    int all = 0, limit = HG_DLQ_LETTERS;
    if (json_unpack_ex(root, &why, JSON_STRICT, "{s?o, s?b, s?s, s?s, s?s, s?i}", "positions",
                       &positions, "all", &all, "to", &to, "position", &after, "through", &through,
                       "limit", &limit) != 0) {
        return hg_problem_set(&r->d.problem, 400, "request-invalid", "%s.", why.text);
    }
    if ((positions != NULL) == (all != 0) || (all == 0 && (after != NULL || through != NULL))) {
        return refuse(r, "Expected {\"positions\": [...]} or {\"all\": true}.");
    }
    if (to != NULL && read_to(r, to) != 0) {
        return HG_EINVAL;
    }
    return all != 0 ? read_all(r, after, through, limit) : read_positions(r, positions);
}

static void start(const void *conf, const struct hg_request *request, struct hg_slice body,
                  struct hg_reply *reply) {
    struct replay *r = hg_dlq_begin(conf, reply, sizeof(*r));
    json_t *root = NULL;
    if (r == NULL) {
        return;
    }
    int err = hg_dlq_find(&r->d, request);
    err = err == 0 ? hg_dlq_read_body(&r->d, request, body, &root) : err;
    err = err == 0 ? read_members(r, root) : err;
    json_decref(root);
    r->d.end = end;
    if (err != 0) {
        hg_dlq_end(&r->d);
        return;
    }
    r->site = hg_site_ref(r->d.admin->site);
    r->gate = (struct hg_gate){.loop = hg_loop_current(), .log = r->d.admin->log};
    HG_BUF_LIT(&r->d.answer.body, "{\"topic\":");
    hg_buf_put_json(&r->d.answer.body, hg_log_topic_name(r->d.admin->log, r->d.topic));
    HG_BUF_LIT(&r->d.answer.body, ",\"results\":[");
    run(r);
}

static const char *const methods[] = {"POST", NULL};
const struct hg_handler_ops hg_dlq_replay = {.size = sizeof(hg_dlq_replay),
                                             .name = "dlq_replay",
                                             .directive = "",
                                             .methods = methods,
                                             .start = start};
