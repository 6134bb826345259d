/* SPDX-License-Identifier: Apache-2.0 */
/* publish.c - headgatectl publish: an event made of its arguments, or events
 * that are read, posted in their order, and what became of each. */
#include "ctl/command.h"

#include <jansson.h>

#include "ctl/draft.h"
#include "ctl/input.h"
#include "ctl/items.h"
#include "ctl/send.h"
#include "ctl/trouble.h"
#include "fetch/url.h"

enum {
    BATCH_EVENTS_MAX = 100,
    BATCH_BYTES_MAX = 1 << 20, /* far below what a gateway takes as one body */
    LINGER_MS = 200,           /* an unfilled batch waits this long for the next event */
    DATA_BYTES_MAX = 256 << 20,
};

#define EVENT_TYPE "application/cloudevents+json; charset=UTF-8"
#define BATCH_TYPE "application/cloudevents-batch+json; charset=UTF-8"

struct publish_args {
    struct hg_ctl_reach reach;
    const char *type, *source, *id, *subject, *content_type;
    struct hg_ctl_texts extensions;
    const char *data, *data_path;
    bool is_batch;
    int64_t retries;
};

struct publisher {
    struct hg_ctl *ctl;
    struct hg_ctl_sender sender;
    bool is_batch;
    struct hg_buf batch; /* "[" and events */
    size_t n_batch;
    size_t ordinals[BATCH_EVENTS_MAX]; /* which of those that were read they are */
    size_t n_read;
    bool is_failed; /* something was not stored */
    bool is_over;   /* nothing more is to be sent */
};

/* --- what became of them --- */

static void report(struct publisher *p, struct hg_slice position, bool is_duplicate) {
    fprintf(p->ctl->out, "%.*s %s\n", HG_FMT(position), is_duplicate ? "duplicate" : "stored");
}

static void report_by_fields(struct publisher *p) {
    const struct hg_fetch_answer *a = &p->sender.peer->answer;
    struct hg_slice position = HG_SLICE("-"), duplicate;
    hg_fetch_field(a, HG_SLICE("headgate-position"), &position);
    report(p, position,
           hg_fetch_field(a, HG_SLICE("headgate-duplicate"), &duplicate) &&
               hg_slice_ieq(duplicate, HG_SLICE("true")));
}

/* A list of n, one for each event, or nothing is known of each. */
static void report_by_body(struct publisher *p, size_t n) {
    const struct hg_buf *body = &p->sender.peer->answer.body;
    json_t *root = body->len > 0 ? json_loadb(body->ptr, body->len, 0, NULL) : NULL;
    json_t *events = json_object_get(root, "events");
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_size(events) == n ? json_array_get(events, i) : NULL;
        const char *position = json_string_value(json_object_get(one, "position"));
        report(p, hg_slice_of(position != NULL ? position : "-"),
               json_is_true(json_object_get(one, "duplicate")));
    }
    json_decref(root);
}

static void report_trouble(struct publisher *p, const char *what, size_t n) {
    struct hg_ctl_trouble trouble;
    hg_ctl_trouble_read(&p->sender.peer->answer, &trouble);
    if (n > 1 && trouble.index >= 0 && (size_t)trouble.index < n) {
        hg_ctl_tell(p->ctl, "%s: %s; this is event %zu", what, trouble.text,
                    p->ordinals[trouble.index]);
    } else {
        hg_ctl_tell(p->ctl, "%s: %s", what, trouble.text);
    }
}

/* --- sending --- */

/* n events in one body; ordinals says which. */
static void post(struct publisher *p, struct hg_slice body, size_t n, const char *content_type) {
    char what[64];
    if (n == 1) {
        snprintf(what, sizeof(what), "event %zu", p->ordinals[0]);
    } else {
        snprintf(what, sizeof(what), "events %zu to %zu", p->ordinals[0], p->ordinals[n - 1]);
    }
    enum hg_ctl_advice advice = hg_ctl_send(&p->sender, body, content_type, what);
    if (advice == HG_CTL_DONE && n == 1) {
        report_by_fields(p);
    } else if (advice == HG_CTL_DONE) {
        report_by_body(p, n);
    } else if (advice == HG_CTL_STOP) {
        hg_ctl_tell(p->ctl, "%s: stopped; may have been stored", what);
    } else {
        report_trouble(p, what, n);
    }
    p->is_failed = p->is_failed || advice != HG_CTL_DONE;
    p->is_over = !hg_ctl_flush(p->ctl) || (advice != HG_CTL_DONE && advice != HG_CTL_REFUSE);
}

static void post_batch(struct publisher *p) {
    if (p->n_batch > 0 && !p->is_over) {
        HG_BUF_LIT(&p->batch, "]");
        HG_ASSERT(!p->batch.is_failed);
        post(p, hg_buf_slice(&p->batch), p->n_batch, BATCH_TYPE);
    }
    hg_buf_clear(&p->batch);
    p->n_batch = 0;
}

static void post_one(struct publisher *p, struct hg_slice json) {
    p->ordinals[0] = p->n_read;
    post(p, json, 1, EVENT_TYPE);
}

static void on_item(void *arg, struct hg_slice json, size_t line) {
    struct publisher *p = arg;
    (void)line;
    p->n_read++;
    if (p->is_over) {
        return;
    }
    if (!p->is_batch) {
        post_one(p, json);
        return;
    }
    if (p->batch.len + json.len > BATCH_BYTES_MAX) {
        post_batch(p);
    }
    hg_buf_put_slice(&p->batch, p->n_batch == 0 ? HG_SLICE("[") : HG_SLICE(","));
    hg_buf_put_slice(&p->batch, json);
    p->ordinals[p->n_batch++] = p->n_read;
    if (p->n_batch == BATCH_EVENTS_MAX) {
        post_batch(p);
    }
}

static void on_fault(void *arg, size_t line, const char *text) {
    struct publisher *p = arg;
    p->n_read++;
    if (!p->is_over) {
        hg_ctl_tell(p->ctl, "line %zu: %s", line, text);
        p->is_failed = true;
    }
}

static const struct hg_ctl_items_ops items_ops = {.on_item = on_item, .on_fault = on_fault};

/* --- reading --- */

static void publish_read(struct publisher *p, struct hg_ctl_input *in) {
    struct hg_ctl_items items = {.ops = &items_ops, .arg = p};
    char bytes[65536];
    size_t n = 1;
    while (n > 0 && !p->is_over) {
        int wait_ms = p->n_batch > 0 ? LINGER_MS : -1;
        int err = hg_ctl_input_read(in, bytes, sizeof(bytes), wait_ms, &n);
        if (err == 0) {
            hg_ctl_items_feed(&items, bytes, n);
        } else if (err == HG_EAGAIN) {
            post_batch(p);
        } else {
            p->is_failed = p->is_over = true;
        }
    }
    hg_ctl_items_end(&items);
    post_batch(p);
    hg_ctl_items_fini(&items);
}

static void publish_text(struct publisher *p, const char *json) {
    struct hg_ctl_items items = {.ops = &items_ops, .arg = p};
    hg_ctl_items_feed(&items, json, strlen(json));
    hg_ctl_items_end(&items);
    post_batch(p);
    hg_ctl_items_fini(&items);
}

static int publish_events(struct publisher *p, const struct publish_args *a) {
    struct hg_ctl_input in;
    if (a->data != NULL) {
        publish_text(p, a->data);
        return 0;
    }
    int err = hg_ctl_input_open(p->ctl, a->data_path, &in);
    if (err == 0) {
        publish_read(p, &in);
        hg_ctl_input_close(&in);
    }
    return err;
}

/* Data that is read ends where the input ends. */
static int read_data(struct hg_ctl *ctl, const char *path, struct hg_buf *ret) {
    struct hg_ctl_input in;
    int err = hg_ctl_input_open(ctl, path, &in);
    ret->max = DATA_BYTES_MAX;
    if (err == 0) {
        err = hg_ctl_input_read_all(&in, ret);
        hg_ctl_input_close(&in);
    }
    return err;
}

static int publish_draft(struct publisher *p, const struct publish_args *a) {
    struct hg_ctl_draft draft = {.type = a->type,
                                 .source = a->source,
                                 .id = a->id,
                                 .subject = a->subject,
                                 .content_type = a->content_type,
                                 .extensions = a->extensions,
                                 .has_data = a->data != NULL || a->data_path != NULL,
                                 .data = hg_slice_of(a->data)};
    struct hg_buf data = {0}, event = {0};
    char fault[256] = "there is no memory for the event";
    int err = 0;
    if (a->data_path != NULL) {
        err = read_data(p->ctl, a->data_path, &data);
        draft.data = hg_buf_slice(&data);
    }
    if (err == 0) {
        err = hg_ctl_draft_write(&draft, &event, fault);
        if (err != 0) {
            hg_ctl_tell(p->ctl, "publish: %s", fault);
        } else {
            p->n_read = 1;
            post_one(p, hg_buf_slice(&event));
        }
    }
    hg_buf_fini(&data);
    hg_buf_fini(&event);
    return err;
}

/* --- the command --- */

/* NULL, or what does not go together. */
static const char *judge(const struct hg_ctl_operands *o, struct publish_args *a) {
    if (o->n == 2) {
        if (strcmp(o->items[1], "-") != 0) {
            return "expected one URL, and - for standard input";
        }
        if (a->data_path != NULL) {
            return "--data-file and - name two inputs";
        }
        a->data_path = "-";
    }
    if (a->data != NULL && a->data_path != NULL) {
        return "--data stands beside another input";
    }
    bool has_words = a->source != NULL || a->id != NULL || a->subject != NULL ||
                     a->content_type != NULL || a->extensions.n > 0;
    if (a->type == NULL && has_words) {
        return "--source, --id, --subject, --ext and --content-type need --type";
    }
    return a->type != NULL && a->is_batch ? "--batch is for events that are read" : NULL;
}

static int misuse(struct hg_ctl *ctl, const char *fault) {
    hg_ctl_tell(ctl, "publish: %s", fault);
    hg_ctl_tell(ctl, "see: headgatectl help publish");
    return HG_CTL_MISUSED;
}

static int publish_to(struct hg_ctl *ctl, struct hg_ctl_peer *peer, const char *url,
                      const struct publish_args *a) {
    struct publisher p = {
        .ctl = ctl,
        .sender = {ctl, peer, url, a->retries, HG_CTL_BACKOFF_MS},
        .is_batch = a->is_batch,
    };
    int err = a->type != NULL ? publish_draft(&p, a) : publish_events(&p, a);
    hg_buf_fini(&p.batch);
    if (err == HG_EINVAL) {
        return HG_CTL_MISUSED;
    }
    return err == 0 && !p.is_failed ? HG_CTL_WELL : HG_CTL_NOT_DONE;
}

static int run(struct hg_ctl *ctl, const struct hg_ctl_operands *operands, const void *args) {
    struct publish_args a = *(const struct publish_args *)args;
    struct hg_ctl_peer peer;
    struct hg_buf url = {0};
    const char *fault = judge(operands, &a);
    if (fault != NULL) {
        return misuse(ctl, fault);
    }
    if (hg_url_read(hg_slice_of(operands->items[0]), &url) != 0) {
        return misuse(ctl, "URL: expected http://HOST/PATH or https://HOST/PATH");
    }
    hg_buf_put(&url, "", 1);
    int err = hg_ctl_peer_open(ctl, &a.reach, false, &peer);
    int status = err == HG_EINVAL ? HG_CTL_MISUSED : HG_CTL_NOT_DONE;
    if (err == 0) {
        status = publish_to(ctl, &peer, url.ptr, &a);
        hg_ctl_peer_close(&peer);
    }
    hg_buf_fini(&url);
    return status;
}

#define AT(field) offsetof(struct publish_args, field)

/* clang-format off */
static const struct hg_ctl_option options[] = {
    {.name = "type", .kind = HG_CTL_TEXT, .value = "TYPE", .at = AT(type),
     .help = "Make one event of this type."},
    {.name = "source", .kind = HG_CTL_TEXT, .value = "SOURCE", .at = AT(source),
     .help = "Its source (/headgatectl)."},
    {.name = "id", .kind = HG_CTL_TEXT, .value = "ID", .at = AT(id),
     .help = "Its id (a random UUID)."},
    {.name = "subject", .kind = HG_CTL_TEXT, .value = "SUBJECT", .at = AT(subject),
     .help = "Its subject."},
    {.name = "ext", .kind = HG_CTL_TEXTS, .value = "NAME=VALUE", .at = AT(extensions),
     .help = "An extension attribute of it."},
    {.name = "content-type", .kind = HG_CTL_TEXT, .value = "TYPE", .at = AT(content_type),
     .help = "What its data is (application/json)."},
    {.name = "data", .letter = 'd', .kind = HG_CTL_TEXT, .value = "TEXT", .at = AT(data),
     .help = "Its data; without --type, the events themselves."},
    {.name = "data-file", .kind = HG_CTL_TEXT, .value = "FILE", .at = AT(data_path),
     .help = "The same from a file; - is standard input."},
    {.name = "batch", .kind = HG_CTL_FLAG, .at = AT(is_batch),
     .help = "Send events that are read in batches of up to 100."},
    {.name = "retries", .kind = HG_CTL_NUMBER, .value = "N", .at = AT(retries), .max = 1000000,
     .help = "How often to send again what was not taken (5)."},
    HG_CTL_REACH_ROWS(AT(reach)),
    HG_CTL_OPTIONS_END,
};
/* clang-format on */

static const struct publish_args defaults = {.reach = HG_CTL_REACH_DEFAULTS, .retries = 5};

const struct hg_ctl_command hg_ctl_publish = {
    .name = "publish",
    .operands = "URL [-]",
    .operands_min = 1,
    .operands_max = 2,
    .summary = "Send events and print the position of each.",
    .text =
        "With --type it makes one event around the data. Without, it reads CloudEvents in the\n"
        "JSON format from standard input: one, one a line (NDJSON), or an array.\n"
        "For each event it prints its position and \"stored\", or \"duplicate\" when the gateway\n"
        "had it already. What is refused is told on standard error and makes the exit status 1.\n"
        "After 429 and 503 it waits as long as Retry-After says; after 504 or a lost connection\n"
        "it sends the same event again, unchanged, so that nothing is stored twice.\n",
    .options = options,
    .defaults = &defaults,
    .args_size = sizeof(struct publish_args),
    .run = run,
};
