/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - headgatectl status: what the admin listener of a gateway says of
 * it, on one page for people or as one JSON object. */
#include "ctl/command.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "ctl/metrics.h"
#include "ctl/reach.h"
#include "ctl/trouble.h"

struct status_args {
    struct hg_ctl_reach reach;
    const char *admin;
    bool is_json;
};

/* What of all metrics is worth a look, in this order. */
static const char *const key_counters[] = {
    "headgate_connections_open",  "headgate_subscribers",     "headgate_log_events_total",
    "headgate_log_commits_total", "headgate_log_queue_bytes", "headgate_dedup_entries",
    "headgate_deliveries_total",  "headgate_gaps_total",      "headgate_answers_total",
};

struct report {
    struct hg_ctl *ctl;
    struct hg_ctl_peer peer;
    struct hg_buf url;
    size_t base_len; /* of the URL, before the path */
    bool is_reached;
    bool is_alive, is_ready;
    struct hg_buf health, ready; /* the first lines */
    json_t *status;              /* object, or NULL */
    json_t *counters;            /* "name{labels}" to number */
};

/* --- asking --- */

static void first_line(const struct hg_buf *body, struct hg_buf *ret) {
    size_t len = 0;
    while (len < body->len && body->ptr[len] != '\n') {
        len++;
    }
    hg_buf_put(ret, body->ptr, len);
}

/* True: an answer came; it is the peer's. */
static bool ask(struct report *r, const char *path) {
    r->url.len = r->base_len;
    hg_buf_put(&r->url, path, strlen(path) + 1);
    const struct hg_fetch_request request = {.url = r->url.ptr,
                                             .limits = {.body_bytes_max = 64 << 20}};
    hg_ctl_peer_ask(&r->peer, &request);
    return r->peer.answer.outcome == HG_FETCH_ANSWERED;
}

static void read_counters(struct report *r) {
    struct hg_slice page = hg_buf_slice(&r->peer.answer.body);
    struct hg_ctl_sample sample;
    for (size_t i = 0; i < HG_COUNT(key_counters); i++) {
        size_t at = 0;
        while (hg_ctl_metrics_next(page, &at, &sample)) {
            char name[256], value[64];
            if (!hg_slice_eq(sample.name, hg_slice_of(key_counters[i]))) {
                continue;
            }
            bool has_labels = sample.labels.len > 0;
            snprintf(name, sizeof(name), "%.*s%s%.*s%s", HG_FMT(sample.name), has_labels ? "{" : "",
                     HG_FMT(sample.labels), has_labels ? "}" : "");
            snprintf(value, sizeof(value), "%.*s", HG_FMT(sample.value));
            json_object_set_new(r->counters, name, json_integer(strtoll(value, NULL, 10)));
        }
    }
}

/* False: nobody is there, or somebody else. */
static bool gather(struct report *r) {
    const struct hg_fetch_answer *a = &r->peer.answer;
    r->counters = json_object();
    if (!ask(r, "/healthz")) {
        return false;
    }
    r->is_alive = a->status == 200;
    first_line(&a->body, &r->health);
    if (!ask(r, "/readyz")) {
        return false;
    }
    r->is_ready = a->status == 200;
    first_line(&a->body, &r->ready);
    if (!ask(r, "/status") || a->status != 200) {
        return false;
    }
    r->status = json_loadb(a->body.ptr, a->body.len, 0, NULL);
    if (!json_is_object(r->status)) {
        return false;
    }
    if (ask(r, "/metrics") && a->status == 200) {
        read_counters(r);
    }
    return true;
}

/* --- for people --- */

static long long number(const json_t *object, const char *name) {
    return (long long)json_integer_value(json_object_get(object, name));
}

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "-";
}

static void print_uptime(FILE *out, long long s) {
    fputs("uptime      ", out);
    if (s >= 86400) {
        fprintf(out, "%lldd ", s / 86400);
    }
    if (s >= 3600) {
        fprintf(out, "%lldh ", s / 3600 % 24);
    }
    if (s >= 60) {
        fprintf(out, "%lldm ", s / 60 % 60);
    }
    fprintf(out, "%llds\n", s % 60);
}

static void print_topics(const struct report *r) {
    FILE *out = r->ctl->out;
    const json_t *topics = json_object_get(r->status, "topics"), *topic;
    int width = 5;
    size_t i;
    json_array_foreach(topics, i, topic) {
        int len = (int)strlen(text_of(topic, "name"));
        width = len > width ? len : width;
    }
    fprintf(out, "\n%-*s %12s %12s %12s %15s\n", width, "TOPIC", "FIRST", "NEXT", "EVENTS",
            "BYTES");
    json_array_foreach(topics, i, topic) {
        long long first = number(topic, "first"), next = number(topic, "next");
        fprintf(out, "%-*s %12lld %12lld %12lld %15lld\n", width, text_of(topic, "name"), first,
                next, next - first, number(topic, "bytes"));
    }
}

static void print_page(const struct report *r) {
    FILE *out = r->ctl->out;
    const char *name;
    json_t *value;
    fprintf(out, "gateway     %.*s\n", (int)r->base_len, r->url.ptr);
    fprintf(out, "health      %.*s\n", HG_FMT(hg_buf_slice(&r->health)));
    fprintf(out, "readiness   %s%.*s\n",
            r->is_ready ? "" : "NOT READY: ", HG_FMT(hg_buf_slice(&r->ready)));
    fprintf(out, "generation  %lld\n", number(r->status, "generation"));
    print_uptime(out, number(r->status, "uptime_s"));
    print_topics(r);
    if (json_object_size(r->counters) > 0) {
        fputc('\n', out);
    }
    json_object_foreach(r->counters, name, value) {
        fprintf(out, "%-44s %15lld\n", name, (long long)json_integer_value(value));
    }
}

/* --- for programs --- */

static void print_json(const struct report *r) {
    json_t *root = json_pack("{s:b, s:b, s:O, s:O}", "healthy", r->is_alive, "ready", r->is_ready,
                             "status", r->status, "counters", r->counters);
    if (root != NULL) {
        json_dumpf(root, r->ctl->out, JSON_COMPACT);
        fputc('\n', r->ctl->out);
    }
    json_decref(root);
}

/* --- the command --- */

static int misuse(struct hg_ctl *ctl, const char *fault) {
    hg_ctl_tell(ctl, "status: %s", fault);
    hg_ctl_tell(ctl, "see: headgatectl help status");
    return HG_CTL_MISUSED;
}

static int report(struct report *r, bool is_json) {
    struct hg_ctl_trouble trouble;
    const struct hg_fetch_answer *a = &r->peer.answer;
    int status = HG_CTL_NOT_DONE;
    if (gather(r)) {
        if (is_json) {
            print_json(r);
        } else {
            print_page(r);
        }
        status = r->is_alive && r->is_ready ? HG_CTL_WELL : HG_CTL_NOT_DONE;
    } else if (a->outcome == HG_FETCH_ANSWERED) {
        hg_ctl_tell(r->ctl, "status: %.*s is no admin listener: %s gives %d", (int)r->base_len,
                    r->url.ptr, r->url.ptr + r->base_len, a->status);
    } else if (a->outcome != HG_FETCH_STOPPED) {
        hg_ctl_trouble_read(a, &trouble);
        hg_ctl_tell(r->ctl, "status: %s", trouble.text);
    }
    json_decref(r->status);
    json_decref(r->counters);
    return status;
}

static int run(struct hg_ctl *ctl, const struct hg_ctl_operands *operands, const void *args) {
    const struct status_args *a = args;
    struct report r = {.ctl = ctl};
    (void)operands;
    if (!hg_ctl_admin_url(a->admin, &r.url)) {
        hg_buf_fini(&r.url);
        return misuse(ctl, "--admin: expected HOST:PORT, PORT or a URL");
    }
    r.base_len = r.url.len;
    int err = hg_ctl_peer_open(ctl, &a->reach, true, &r.peer);
    int status = err == HG_EINVAL ? HG_CTL_MISUSED : HG_CTL_NOT_DONE;
    if (err == 0) {
        status = report(&r, a->is_json);
        hg_ctl_peer_close(&r.peer);
    }
    hg_buf_fini(&r.health);
    hg_buf_fini(&r.ready);
    hg_buf_fini(&r.url);
    return status;
}

#define AT(field) offsetof(struct status_args, field)

/* clang-format off */
static const struct hg_ctl_option options[] = {
    {.name = "admin", .kind = HG_CTL_TEXT, .value = "ADDRESS", .at = AT(admin),
     .help = "The gateway's admin listener (127.0.0.1:9180)."},
    {.name = "json", .kind = HG_CTL_FLAG, .at = AT(is_json), .help = "Print one JSON object."},
    HG_CTL_REACH_ROWS(AT(reach)),
    HG_CTL_OPTIONS_END,
};
/* clang-format on */

static const struct status_args defaults = {.reach = {.timeout_ms = 10000},
                                            .admin = "127.0.0.1:9180"};

const struct hg_ctl_command hg_ctl_status = {
    .name = "status",
    .operands = "",
    .summary = "Print how a gateway is: health, topics, counters.",
    .text = "The exit status is 0 when it is ready to take events.\n",
    .options = options,
    .defaults = &defaults,
    .args_size = sizeof(struct status_args),
    .run = run,
};
