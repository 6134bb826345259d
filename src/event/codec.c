/* SPDX-License-Identifier: Apache-2.0 */
/* codec.c - reading the JSON event format, one event and batches.
 *
 * The body is scanned once to a tape; attributes and data are then slices of
 * it, which the builder copies into the event. Only text with escapes and
 * base64 take a second place, the reader's scratch. */
#include "event/codec.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/base64.h"
#include "event/builder.h"
#include "event/data.h"
#include "event/events.h"
#include "event/json.h"
#include "event/media.h"

/* Data may be nested as deep as in binary mode, where it is the whole text. */
enum { EVENT_DEPTH_MAX = HG_DATA_DEPTH_MAX + 1, NODES_FIRST = 128 };

struct reader {
    const struct hg_codec_opts *opts;
    struct hg_problem *problem;
    int index; /* in the batch, or -1 */
    struct hg_slice text;
    struct hg_json_tape tape;
    struct hg_json_node nodes[NODES_FIRST]; /* the tape of an event of usual size */
    struct hg_buf scratch;                  /* reserved once for each event: slices into it stay */
    struct hg_event_builder builder;
    uint32_t data, base64; /* nodes, or 0: not there */
};

/* The pointer names the member when its name is one that a reader can take
 * as it is; any other name stands in the detail alone. */
static void point_at(struct reader *r, struct hg_slice member) {
    char index[16] = "", *to = r->problem->pointer;
    if (r->index >= 0) {
        snprintf(index, sizeof(index), "/%d", r->index);
    }
    bool is_plain = member.len > 0 && member.len + sizeof(index) < sizeof(r->problem->pointer);
    for (size_t i = 0; is_plain && i < member.len; i++) {
        char c = member.ptr[i];
        is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    }
    snprintf(to, sizeof(r->problem->pointer), "%s%s%.*s", index, is_plain ? "/" : "",
             is_plain ? (int)member.len : 0, member.ptr);
    r->problem->index = r->index;
}

static int refuse_member(struct reader *r, struct hg_slice name, const char *fault) {
    int shown = name.len < 60 ? (int)name.len : 60;
    hg_problem_set(r->problem, 400, "event-invalid", "attribute \"%.*s\" %s.", shown, name.ptr,
                   fault);
    point_at(r, name);
    return HG_EINVAL;
}

static int refuse_event(struct reader *r, const char *fault) {
    hg_problem_set(r->problem, 400, "event-invalid", "%s.", fault);
    point_at(r, (struct hg_slice){NULL, 0});
    return HG_EINVAL;
}

static int refuse_json(struct reader *r, int err, size_t at) {
    if (err == HG_ENOMEM) {
        return err;
    }
    hg_data_json_problem(r->problem, r->text, err, at);
    point_at(r, (struct hg_slice){NULL, 0});
    return HG_EINVAL;
}

/* Room for the text of every string and for what one base64 stands for. */
static int reserve_scratch(struct reader *r) {
    size_t need = 2 * (size_t)r->tape.nodes[0].len;
    return r->scratch.cap >= need ? 0 : hg_buf_reserve(&r->scratch, need);
}

/* The text of a string node. */
static int read_text(struct reader *r, uint32_t node, struct hg_slice *ret) {
    if (!r->tape.nodes[node].has_escapes) {
        *ret = hg_json_bytes(&r->tape, node);
        return 0;
    }
    if (reserve_scratch(r) != 0) {
        return HG_ENOMEM;
    }
    size_t from = r->scratch.len;
    hg_json_unescape(&r->tape, node, &r->scratch);
    *ret = (struct hg_slice){r->scratch.ptr + from, r->scratch.len - from};
    return 0;
}

static int set_attr(struct reader *r, struct hg_slice name, struct hg_slice value,
                    enum hg_attr_type type) {
    int err = hg_event_builder_set(&r->builder, name, value, type);
    if (err == HG_EINVAL) {
        return refuse_member(r, name, hg_event_builder_fault(&r->builder, name, value, type));
    }
    return err == HG_E2BIG ? refuse_event(r, "the event has more than 64 extension attributes")
                           : err;
}

static int read_attr(struct reader *r, struct hg_slice name, uint32_t node) {
    struct hg_slice value = hg_json_bytes(&r->tape, node);
    int err;
    switch ((enum hg_json_type)r->tape.nodes[node].type) {
    case HG_JSON_NULL:
        return hg_attr_name_is_legal(name) ? 0 : set_attr(r, name, value, HG_ATTR_STRING);
    case HG_JSON_FALSE:
    case HG_JSON_TRUE:
        return set_attr(r, name, value, HG_ATTR_BOOLEAN);
    case HG_JSON_NUMBER:
        value = hg_slice_eq(value, HG_SLICE("-0")) ? HG_SLICE("0") : value;
        return set_attr(r, name, value, HG_ATTR_INTEGER);
    case HG_JSON_STRING:
        err = read_text(r, node, &value);
        return err != 0 ? err : set_attr(r, name, value, HG_ATTR_STRING);
    case HG_JSON_ARRAY:
    case HG_JSON_OBJECT:
        break;
    }
    return refuse_member(r, name, "must be a string, a number or true or false");
}

static int read_member(struct reader *r, uint32_t key) {
    struct hg_slice name;
    int err = read_text(r, key, &name);
    if (err != 0) {
        return err;
    }
    if (hg_slice_eq(name, HG_SLICE("data"))) {
        r->data = key + 1;
        return 0;
    }
    if (hg_slice_eq(name, HG_SLICE("data_base64"))) {
        r->base64 = r->tape.nodes[key + 1].type == HG_JSON_NULL ? 0 : key + 1;
        return 0;
    }
    return read_attr(r, name, key + 1);
}

static int read_members(struct reader *r) {
    uint32_t twice = hg_json_duplicate_member(&r->tape, 0);
    if (twice != 0) {
        struct hg_slice name;
        int err = read_text(r, twice, &name);
        return err != 0 ? err : refuse_member(r, name, "occurs twice");
    }
    const struct hg_json_node *nodes = r->tape.nodes;
    for (uint32_t key = 1; key < nodes[0].next; key = nodes[key + 1].next) {
        int err = read_member(r, key);
        if (err != 0) {
            return err;
        }
    }
    return 0;
}

static int read_base64(struct reader *r) {
    const struct hg_slice name = HG_SLICE("data_base64");
    if (r->data != 0) {
        return refuse_event(r, "an event has data or data_base64, not both");
    }
    if (r->tape.nodes[r->base64].type != HG_JSON_STRING) {
        return refuse_member(r, name, "must be a string");
    }
    struct hg_slice text;
    if (reserve_scratch(r) != 0 || read_text(r, r->base64, &text) != 0) {
        return HG_ENOMEM;
    }
    struct hg_slice bytes = {r->scratch.ptr + r->scratch.len, 0};
    if (hg_base64_decode(text, r->scratch.ptr + r->scratch.len, &bytes.len) != 0) {
        return refuse_member(r, name, "is not base64 with padding");
    }
    hg_event_builder_data(&r->builder, HG_DATA_BINARY, bytes);
    return 0;
}

/* The bytes of a value, with the quotes of a string. */
static struct hg_slice whole_value(const struct hg_json_tape *t, uint32_t node) {
    struct hg_slice s = hg_json_bytes(t, node);
    bool is_string = t->nodes[node].type == HG_JSON_STRING;
    return is_string ? (struct hg_slice){s.ptr - 1, s.len + 2} : s;
}

static int read_json_data(struct reader *r) {
    const char *fault = r->opts->is_strict_data ? hg_data_strict_fault(&r->tape, r->data) : NULL;
    if (fault != NULL) {
        refuse_event(r, fault);
        point_at(r, HG_SLICE("data"));
        return HG_EINVAL;
    }
    hg_event_builder_data(&r->builder, HG_DATA_JSON, whole_value(&r->tape, r->data));
    return 0;
}

/* Data of another media type is a string; anything else is kept as the JSON
 * value it is, or in strict mode refused [CE JSON format 3.1]. */
static int read_data(struct reader *r) {
    struct hg_slice media_type = r->builder.core[HG_ATTR_DATACONTENTTYPE];
    bool is_json = media_type.len == 0 || hg_media_is_json(media_type);
    uint8_t type = r->tape.nodes[r->data].type;
    if (!is_json && type == HG_JSON_NULL) {
        return 0;
    }
    if (!is_json && type == HG_JSON_STRING) {
        struct hg_slice text;
        int err = read_text(r, r->data, &text);
        if (err == 0) {
            hg_event_builder_data(&r->builder, HG_DATA_TEXT, text);
        }
        return err;
    }
    if (!is_json && r->opts->is_strict_data) {
        return refuse_member(r, HG_SLICE("data"), "must be a string for this datacontenttype");
    }
    return read_json_data(r);
}

/* The event that is on the tape. */
static int read_event(struct reader *r, struct hg_event **ret_event) {
    hg_event_builder_clear(&r->builder);
    hg_buf_clear(&r->scratch);
    r->data = r->base64 = 0;
    if (r->tape.nodes[0].type != HG_JSON_OBJECT) {
        return refuse_event(r, "an event must be a JSON object");
    }
    int err = read_members(r);
    if (err == 0 && r->base64 != 0) {
        err = read_base64(r);
    } else if (err == 0 && r->data != 0) {
        err = read_data(r);
    }
    if (err != 0) {
        return err;
    }
    const char *missing;
    err = hg_event_builder_seal(&r->builder, ret_event, &missing);
    return err == HG_EINVAL ? refuse_member(r, hg_slice_of(missing), "is missing") : err;
}

/* Field by field: the builder inside is large and needs no zeroes. */
static void begin(struct reader *r, struct hg_slice body, const struct hg_codec_opts *opts,
                  struct hg_problem *problem) {
    r->opts = opts;
    r->problem = problem;
    r->index = -1;
    r->text = body;
    r->tape = hg_json_tape_over(r->nodes, NODES_FIRST);
    r->scratch = (struct hg_buf){0};
}

static void end(struct reader *r) {
    hg_json_tape_fini(&r->tape);
    hg_buf_fini(&r->scratch);
}

static const struct hg_json_limits limits = {.depth_max = EVENT_DEPTH_MAX};

int hg_codec_structured(struct hg_slice body, const struct hg_codec_opts *opts,
                        struct hg_event **ret_event, struct hg_problem *problem) {
    struct reader r;
    begin(&r, body, opts, problem);
    size_t at = 0;
    int err = hg_json_scan(&r.tape, body, &limits, &at);
    err = err != 0 ? refuse_json(&r, err, at) : read_event(&r, ret_event);
    end(&r);
    return err;
}

static int refuse_size(struct reader *r, size_t max) {
    return hg_problem_set(r->problem, 413, "batch-too-large",
                          "the batch has more than the %zu events allowed here.", max);
}

/* One event that begins at *at, which moves behind it. */
static int read_item(struct reader *r, size_t *at, struct hg_events *list) {
    struct hg_event *e;
    size_t fault = 0;
    int err = hg_json_scan_at(&r->tape, r->text, *at, &limits, at, &fault);
    if (err != 0) {
        return refuse_json(r, err, fault);
    }
    err = read_event(r, &e);
    if (err != 0) {
        return err;
    }
    err = hg_events_add(list, &e);
    hg_event_unref(&e);
    return err == HG_E2BIG ? refuse_size(r, list->max) : err;
}

static int read_items(struct reader *r, size_t at, struct hg_events *list) {
    for (int index = 0;; index++) {
        r->index = index;
        int err = read_item(r, &at, list);
        if (err != 0) {
            return err;
        }
        at = hg_json_skip_space(r->text, at);
        if (at < r->text.len && r->text.ptr[at] == ',') {
            at++;
            continue;
        }
        r->index = -1;
        bool is_end = at < r->text.len && r->text.ptr[at] == ']';
        size_t rest = is_end ? hg_json_skip_space(r->text, at + 1) : at;
        return is_end && rest == r->text.len ? 0 : refuse_json(r, HG_EINVAL, rest);
    }
}

int hg_codec_batch(struct hg_slice body, const struct hg_codec_opts *opts, struct hg_events *list,
                   struct hg_problem *problem) {
    struct reader r;
    begin(&r, body, opts, problem);
    size_t before = list->n;
    size_t at = hg_json_skip_space(body, 0);
    if (at < body.len && body.ptr[at] == '{') {
        return refuse_event(&r, "a batch must be a JSON array of events");
    }
    if (at == body.len || body.ptr[at] != '[') {
        return refuse_json(&r, HG_EINVAL, at);
    }
    at = hg_json_skip_space(body, at + 1);
    int err;
    if (at < body.len && body.ptr[at] == ']') {
        at = hg_json_skip_space(body, at + 1);
        err = at == body.len ? 0 : refuse_json(&r, HG_EINVAL, at);
    } else {
        err = read_items(&r, at, list);
    }
    if (err != 0) {
        hg_events_cut(list, before);
    }
    end(&r);
    return err;
}

enum hg_ce_mode hg_codec_mode(struct hg_slice content_type, bool *ret_is_json) {
    const struct hg_slice batch = HG_SLICE("application/cloudevents-batch");
    const struct hg_slice event = HG_SLICE("application/cloudevents");
    struct hg_slice essence = hg_media_essence(content_type);
    struct hg_slice start = {essence.ptr, essence.len < batch.len ? essence.len : batch.len};
    *ret_is_json = false;
    if (hg_slice_ieq(start, batch)) {
        *ret_is_json = hg_slice_ieq(essence, HG_SLICE("application/cloudevents-batch+json")) &&
                       hg_media_is_utf8(content_type);
        return HG_CE_BATCH;
    }
    start.len = essence.len < event.len ? essence.len : event.len;
    if (hg_slice_ieq(start, event)) {
        *ret_is_json = hg_slice_ieq(essence, HG_SLICE("application/cloudevents+json")) &&
                       hg_media_is_utf8(content_type);
        return HG_CE_STRUCTURED;
    }
    return HG_CE_BINARY;
}
