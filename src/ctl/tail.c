/* SPDX-License-Identifier: Apache-2.0 */
/* tail.c - headgatectl tail: which events, from where, and in what form. */
#include "ctl/command.h"

#include "base/clock.h"
#include "conf/unit.h"
#include "ctl/stream.h"
#include "event/attr.h"
#include "fetch/url.h"

struct tail_args {
    struct hg_ctl_reach reach;
    const char *since, *position;
    const char *type, *source, *subject;
    struct hg_ctl_texts extensions;
    int64_t count;
    bool is_following;
    bool is_quiet;
    int format;
    int64_t retries;
};

void hg_ctl_stream_url(const struct hg_ctl_stream *s, const char *since, struct hg_slice position,
                       struct hg_buf *out) {
    hg_buf_put_slice(out, s->url);
    if (position.len > 0) {
        hg_url_add_param(out, HG_SLICE("position"), position);
    } else if (since != NULL) {
        hg_url_add_param(out, HG_SLICE("since"), hg_slice_of(since));
    }
    hg_buf_put(out, "", 1);
}

/* A time, a word that the gateway knows, or how long ago. False: none. */
static bool read_since(const char *text, char out[HG_CLOCK_RFC3339_MAX]) {
    struct hg_slice given = hg_slice_of(text);
    int64_t ms;
    if (hg_slice_eq(given, HG_SLICE("earliest")) || hg_slice_eq(given, HG_SLICE("latest"))) {
        snprintf(out, HG_CLOCK_RFC3339_MAX, "%s", text);
        return true;
    }
    if (hg_clock_parse(given, &ms) == 0) {
        hg_clock_format(ms, out);
        return true;
    }
    if (hg_unit_duration(given, &ms) == HG_UNIT_OK && ms <= hg_clock_wall_ms()) {
        hg_clock_format(hg_clock_wall_ms() - ms, out);
        return true;
    }
    return false;
}

/* --ext NAME=PATTERN is ext.NAME=PATTERN in the query. */
static bool add_extensions(const struct hg_ctl_texts *texts, struct hg_buf *url) {
    for (size_t i = 0; i < texts->n; i++) {
        const char *text = texts->items[i], *equals = strchr(text, '=');
        if (equals == NULL || equals[1] == 0) {
            return false;
        }
        struct hg_slice name = {text, (size_t)(equals - text)};
        struct hg_buf key = {.max = 512};
        if (!hg_attr_name_is_legal(name)) {
            return false;
        }
        HG_BUF_LIT(&key, "ext.");
        hg_buf_put_slice(&key, name);
        hg_url_add_param(url, hg_buf_slice(&key), hg_slice_of(equals + 1));
        hg_buf_fini(&key);
    }
    return true;
}

/* NULL, or what is wrong. */
static const char *make_url(const char *text, const struct tail_args *a, struct hg_buf *url) {
    const struct {
        const char *name, *pattern;
    } filters[] = {{"type", a->type}, {"source", a->source}, {"subject", a->subject}};
    if (hg_url_read(hg_slice_of(text), url) != 0) {
        return "URL: expected http://HOST/PATH or https://HOST/PATH";
    }
    for (size_t i = 0; i < HG_COUNT(filters); i++) {
        if (filters[i].pattern != NULL) {
            hg_url_add_param(url, hg_slice_of(filters[i].name), hg_slice_of(filters[i].pattern));
        }
    }
    return add_extensions(&a->extensions, url)
               ? NULL
               : "--ext: expected NAME=PATTERN, NAME of a-z and 0-9";
}

static int misuse(struct hg_ctl *ctl, const char *fault) {
    hg_ctl_tell(ctl, "tail: %s", fault);
    hg_ctl_tell(ctl, "see: headgatectl help tail");
    return HG_CTL_MISUSED;
}

static int read_stream(struct hg_ctl *ctl, const struct tail_args *a, struct hg_slice url,
                       const char *since) {
    struct hg_ctl_peer peer;
    struct hg_ctl_stream s = {
        .ctl = ctl,
        .peer = &peer,
        .url = url,
        .since = since,
        .position = a->position,
        .retries = a->retries,
        .is_quiet = a->is_quiet,
        .printer = {.ctl = ctl, .format = (enum hg_ctl_format)a->format, .left = a->count},
    };
    int err = hg_ctl_peer_open(ctl, &a->reach, false, &peer);
    if (err != 0) {
        return err == HG_EINVAL ? HG_CTL_MISUSED : HG_CTL_NOT_DONE;
    }
    int status = a->is_following ? hg_ctl_follow(&s) : hg_ctl_pull(&s);
    hg_ctl_print_fini(&s.printer);
    hg_ctl_peer_close(&peer);
    return status;
}

static int run(struct hg_ctl *ctl, const struct hg_ctl_operands *operands, const void *args) {
    const struct tail_args *a = args;
    char since[HG_CLOCK_RFC3339_MAX] = "earliest"; /* of what is there, all */
    struct hg_buf url = {0};
    if (a->since != NULL && a->position != NULL) {
        return misuse(ctl, "--since and --position both say where to begin");
    }
    if (a->since != NULL && !read_since(a->since, since)) {
        return misuse(ctl, "--since: expected earliest, latest, a time such as "
                           "2026-01-31T12:00:00Z, or how long ago, such as 10m");
    }
    const char *fault = make_url(operands->items[0], a, &url);
    bool has_since = a->since != NULL || !a->is_following;
    int status = fault != NULL ? misuse(ctl, fault)
                               : read_stream(ctl, a, hg_buf_slice(&url), has_since ? since : NULL);
    hg_buf_fini(&url);
    return status;
}

#define AT(field) offsetof(struct tail_args, field)

static const char *const formats[] = {"json", "pretty", "data", NULL};

/* clang-format off */
static const struct hg_ctl_option options[] = {
    {.name = "since", .kind = HG_CTL_TEXT, .value = "WHEN", .at = AT(since),
     .help = "Begin at earliest, latest, a time, or so long ago: 10m."},
    {.name = "position", .kind = HG_CTL_TEXT, .value = "POSITION", .at = AT(position),
     .help = "Begin behind this position."},
    {.name = "type", .kind = HG_CTL_TEXT, .value = "PATTERN", .at = AT(type),
     .help = "Only events of this type; * at the end for a prefix."},
    {.name = "source", .kind = HG_CTL_TEXT, .value = "PATTERN", .at = AT(source),
     .help = "Only events of this source."},
    {.name = "subject", .kind = HG_CTL_TEXT, .value = "PATTERN", .at = AT(subject),
     .help = "Only events of this subject."},
    {.name = "ext", .kind = HG_CTL_TEXTS, .value = "NAME=PATTERN", .at = AT(extensions),
     .help = "Only events with this extension attribute."},
    {.name = "count", .letter = 'c', .kind = HG_CTL_NUMBER, .value = "N", .at = AT(count),
     .min = 1, .max = INT64_MAX, .help = "End after N events."},
    {.name = "follow", .letter = 'f', .kind = HG_CTL_FLAG, .at = AT(is_following),
     .help = "Go on with events as they come (so it is)."},
    {.name = "no-follow", .kind = HG_CTL_NO_FLAG, .at = AT(is_following),
     .help = "End where the topic ends; begins at earliest."},
    {.name = "format", .letter = 'o', .kind = HG_CTL_CHOICE, .value = "FORMAT", .at = AT(format),
     .choices = formats, .help = "json (a line each), pretty, or data: the data alone."},
    {.name = "quiet", .letter = 'q', .kind = HG_CTL_FLAG, .at = AT(is_quiet),
     .help = "Tell nothing but troubles and gaps."},
    {.name = "retries", .kind = HG_CTL_NUMBER, .value = "N", .at = AT(retries), .max = 1000000,
     .help = "Failures in a row that are borne."},
    HG_CTL_REACH_ROWS(AT(reach)),
    HG_CTL_OPTIONS_END,
};
/* clang-format on */

static const struct tail_args defaults = {
    .reach = HG_CTL_REACH_DEFAULTS, .count = -1, .is_following = true, .retries = -1};

const struct hg_ctl_command hg_ctl_tail = {
    .name = "tail",
    .operands = "URL",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "Print events of a stream as they come.",
    .text =
        "Without --since or --position it begins with what comes next. When the stream ends, it\n"
        "comes back and goes on where it was. Standard error tells what happens to the stream;\n"
        "a gap is told even with --quiet. The last line there is the position to go on from.\n"
        "Without --retries a first connection that fails is the end, and after that it comes\n"
        "back for ever.\n",
    .options = options,
    .defaults = &defaults,
    .args_size = sizeof(struct tail_args),
    .run = run,
};
