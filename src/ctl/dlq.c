/* SPDX-License-Identifier: Apache-2.0 */
/* dlq.c - headgatectl dlq: dead letters listed, shown, replayed and purged
 * through a gateway's admin listener. */
#include "ctl/command.h"

#include "ctl/dlq_print.h"
#include "ctl/reach.h"
#include "ctl/trouble.h"
#include "fetch/url.h"
#include "log/position.h"

struct dlq_args {
    struct hg_ctl_reach reach;
    const char *admin;
    const char *to;
    int64_t limit;
    bool is_json, is_all, is_data, is_purge;
};

enum { ANSWER_BYTES_MAX = 256 << 20 };

/* One command's way to the gateway. */
struct desk {
    struct hg_ctl *ctl;
    const struct dlq_args *args;
    const char *topic;
    const char *const *positions;
    size_t n_positions;
    struct hg_ctl_peer peer;
    struct hg_buf url;
    size_t base_len;
};

/* --- asking --- */

/* The answer, or NULL: what is wrong is told. With --json it is printed as it
 * came. body is taken. */
static json_t *ask(struct desk *d, json_t *body) {
    const struct hg_field json = {HG_SLICE("content-type"), HG_SLICE("application/json")};
    const struct hg_fetch_answer *a = &d->peer.answer;
    struct hg_ctl_trouble trouble;
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    hg_buf_put(&d->url, "", 1);
    const struct hg_fetch_request request = {.method = text != NULL ? HG_FETCH_POST : HG_FETCH_GET,
                                             .url = d->url.ptr,
                                             .fields = &json,
                                             .n_fields = text != NULL ? 1 : 0,
                                             .body = hg_slice_of(text),
                                             .limits = {.body_bytes_max = ANSWER_BYTES_MAX}};
    hg_ctl_peer_ask(&d->peer, &request);
    free(text);
    json_decref(body);
    json_t *answer = NULL;
    if (a->outcome == HG_FETCH_ANSWERED && a->status == 200) {
        answer = json_loadb(a->body.ptr, a->body.len, 0, NULL);
    }
    if (!json_is_object(answer)) {
        json_decref(answer);
        hg_ctl_trouble_read(a, &trouble);
        if (a->outcome != HG_FETCH_STOPPED) {
            hg_ctl_tell(d->ctl, "dlq: %s", trouble.text);
        }
        return NULL;
    }
    if (d->args->is_json) {
        fwrite(a->body.ptr, 1, a->body.len, d->ctl->out);
    }
    return answer;
}

/* The URL of /dlq, of a topic in it, or of what is done to that. */
static void begin_url(struct desk *d, const char *deed) {
    d->url.len = d->base_len;
    HG_BUF_LIT(&d->url, "/dlq");
    if (d->topic != NULL) {
        hg_buf_printf(&d->url, "/%s%s", d->topic, deed);
    }
}

static const char *member(const json_t *answer, const char *name) {
    return json_string_value(json_object_get(answer, name));
}

/* --- list, show --- */

static int list(struct desk *d) {
    begin_url(d, "");
    json_t *answer = ask(d, NULL);
    if (answer != NULL && !d->args->is_json) {
        hg_ctl_dlq_print_list(d->ctl->out, answer);
    }
    json_decref(answer);
    return answer != NULL ? HG_CTL_WELL : HG_CTL_NOT_DONE;
}

static void print_letter(struct desk *d, const json_t *letter) {
    struct hg_buf bytes = {.max = 0};
    if (!d->args->is_data) {
        hg_ctl_dlq_print_letter(d->ctl->out, letter);
    } else if (hg_ctl_dlq_bytes(letter, &bytes) == 0) {
        fwrite(bytes.ptr, 1, bytes.len, d->ctl->out);
    }
    hg_buf_fini(&bytes);
}

static bool print_letters(struct desk *d, const json_t *answer, int64_t *left) {
    const json_t *letters = json_object_get(answer, "letters"), *letter;
    size_t i;
    *left -= (int64_t)json_array_size(letters);
    if (!d->args->is_json) {
        json_array_foreach(letters, i, letter) {
            print_letter(d, letter);
        }
    }
    return hg_ctl_flush(d->ctl);
}

static void begin_page(struct desk *d, const char *after, int64_t left) {
    char limit[24];
    begin_url(d, "");
    snprintf(limit, sizeof(limit), "%lld", (long long)(left < 100 ? left : 100));
    hg_url_add_param(&d->url, HG_SLICE("limit"), hg_slice_of(limit));
    if (after != NULL) {
        hg_url_add_param(&d->url, HG_SLICE("position"), hg_slice_of(after));
    }
}

static int show_all(struct desk *d) {
    int64_t left = d->args->limit;
    json_t *answer = NULL, *before = NULL;
    const char *after = NULL;
    do {
        begin_page(d, after, left);
        answer = ask(d, NULL);
        json_decref(before);
        before = answer;
        after = member(answer, "next");
    } while (answer != NULL && print_letters(d, answer, &left) && after != NULL && left > 0);
    if (answer != NULL && after != NULL && !d->args->is_json) {
        hg_ctl_tell(d->ctl, "dlq: there are more letters; see --limit");
    }
    json_decref(answer);
    return answer != NULL ? HG_CTL_WELL : HG_CTL_NOT_DONE;
}

static int show(struct desk *d) {
    int64_t left = 0;
    if (d->n_positions == 0) {
        return show_all(d);
    }
    for (size_t i = 0; i < d->n_positions; i++) {
        begin_url(d, "");
        hg_url_add_param(&d->url, HG_SLICE("at"), hg_slice_of(d->positions[i]));
        json_t *answer = ask(d, NULL);
        if (answer == NULL) {
            return HG_CTL_NOT_DONE;
        }
        print_letters(d, answer, &left);
        json_decref(answer);
    }
    return HG_CTL_WELL;
}

/* --- purge --- */

static int purge_through(struct desk *d, const char *position) {
    begin_url(d, "/purge");
    json_t *body =
        position != NULL ? json_pack("{s:s}", "through", position) : json_pack("{s:b}", "all", 1);
    json_t *answer = ask(d, body);
    if (answer == NULL) {
        return HG_CTL_NOT_DONE;
    }
    if (!d->args->is_json) {
        fprintf(d->ctl->out, "%lld removed, %lld left\n",
                (long long)json_integer_value(json_object_get(answer, "removed")),
                (long long)json_integer_value(json_object_get(answer, "letters")));
    }
    json_decref(answer);
    return HG_CTL_WELL;
}

static int purge(struct desk *d) {
    return purge_through(d, d->n_positions > 0 ? d->positions[0] : NULL);
}

/* --- replay --- */

struct replay {
    size_t n_stored, n_failed;
    /* Of each partition: the last letter before the first that was not stored,
     * and that one. */
    struct hg_cursor stored, failed;
};

static void count(struct replay *r, const json_t *result) {
    const char *outcome = member(result, "outcome"), *letter = member(result, "letter");
    bool is_stored =
        outcome != NULL && (strcmp(outcome, "stored") == 0 || strcmp(outcome, "duplicate") == 0);
    r->n_stored += is_stored;
    r->n_failed += !is_stored;
    struct hg_position p;
    if (letter != NULL && hg_position_parse(hg_slice_of(letter), &p) == 0 &&
        hg_cursor_get(&r->failed, p.topic_tag, p.partition) == NULL) {
        (void)hg_cursor_set(is_stored ? &r->stored : &r->failed, &p);
    }
}

static int purge_stored(struct desk *d, const struct replay *r) {
    struct hg_buf through = {.max = 0};
    hg_cursor_format(&r->stored, &through);
    hg_buf_put(&through, "", 1);
    int status = through.is_failed ? HG_CTL_NOT_DONE : purge_through(d, through.ptr);
    hg_buf_fini(&through);
    return status;
}

static bool take_results(struct desk *d, const json_t *answer, struct replay *r) {
    const json_t *results = json_object_get(answer, "results"), *result;
    size_t i;
    json_array_foreach(results, i, result) {
        count(r, result);
        if (!d->args->is_json) {
            hg_ctl_dlq_print_result(d->ctl->out, result);
        }
    }
    return hg_ctl_flush(d->ctl);
}

static json_t *wish_of(const struct desk *d, const json_t *before) {
    json_t *body = json_object();
    if (d->args->to != NULL) {
        json_object_set_new(body, "to", json_string(d->args->to));
    }
    if (d->n_positions == 0) {
        json_object_set_new(body, "all", json_true());
    } else {
        json_t *list = json_array();
        for (size_t i = 0; i < d->n_positions; i++) {
            json_array_append_new(list, json_string(d->positions[i]));
        }
        json_object_set_new(body, "positions", list);
    }
    if (before != NULL) { /* what comes meanwhile is not waited for */
        json_object_set(body, "position", json_object_get(before, "next"));
        json_object_set(body, "through", json_object_get(before, "through"));
    }
    return body;
}

static int replay(struct desk *d) {
    struct replay r = {.n_stored = 0};
    json_t *answer = NULL, *before = NULL;
    bool has_more;
    do {
        begin_url(d, "/replay");
        answer = ask(d, wish_of(d, before));
        json_decref(before);
        before = answer;
        has_more = answer != NULL && take_results(d, answer, &r) && member(answer, "next") != NULL;
    } while (has_more);
    bool is_well = answer != NULL && r.n_failed == 0;
    json_decref(answer);
    if (!d->args->is_json) {
        hg_ctl_tell(d->ctl, "dlq: %zu letters stored, %zu not", r.n_stored, r.n_failed);
    }
    if (d->args->is_purge && r.stored.n > 0) {
        is_well = purge_stored(d, &r) == HG_CTL_WELL && is_well;
    }
    hg_cursor_fini(&r.stored);
    hg_cursor_fini(&r.failed);
    return is_well ? HG_CTL_WELL : HG_CTL_NOT_DONE;
}

/* --- the command --- */

static const struct action {
    const char *name;
    size_t operands_min, operands_max;
    int (*run)(struct desk *d);
} actions[] = {
    {"list", 0, 0, list},
    {"show", 1, HG_CTL_OPERANDS_MAX - 1, show},
    {"replay", 1, HG_CTL_OPERANDS_MAX - 1, replay},
    {"purge", 1, 2, purge},
};

static int misuse(struct hg_ctl *ctl, const char *fault) {
    hg_ctl_tell(ctl, "dlq: %s", fault);
    hg_ctl_tell(ctl, "see: headgatectl help dlq");
    return HG_CTL_MISUSED;
}

/* NULL, or what does not go together. */
static const char *judge(const struct action *action, const struct desk *d) {
    const struct dlq_args *a = d->args;
    bool changes = action->run == replay || action->run == purge;
    if (changes && a->is_all == (d->n_positions > 0)) {
        return "expected the position of a letter, or --all";
    }
    if (!changes && a->is_all) {
        return "--all is for replay and purge";
    }
    if ((a->to != NULL || a->is_purge) && action->run != replay) {
        return "--to and --purge are for replay";
    }
    if (a->is_purge && !a->is_all) {
        return "--purge removes letters in their order; it needs --all";
    }
    if (a->is_data && (action->run != show || a->is_json)) {
        return "--data is for show, without --json";
    }
    if (d->topic != NULL && strspn(d->topic, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789._-") != strlen(d->topic)) {
        return "TOPIC: expected the name of a topic, such as shop.orders.dlq";
    }
    return NULL;
}

static int run_action(const struct action *action, struct desk *d) {
    const char *fault = judge(action, d);
    if (fault != NULL) {
        return misuse(d->ctl, fault);
    }
    if (!hg_ctl_admin_url(d->args->admin, &d->url)) {
        return misuse(d->ctl, "--admin: expected HOST:PORT, PORT or a URL");
    }
    d->base_len = d->url.len;
    int err = hg_ctl_peer_open(d->ctl, &d->args->reach, true, &d->peer);
    if (err != 0) {
        return err == HG_EINVAL ? HG_CTL_MISUSED : HG_CTL_NOT_DONE;
    }
    int status = action->run(d);
    hg_ctl_peer_close(&d->peer);
    return status;
}

static int run(struct hg_ctl *ctl, const struct hg_ctl_operands *operands, const void *args) {
    struct desk d = {.ctl = ctl, .args = args};
    for (size_t i = 0; i < HG_COUNT(actions); i++) {
        if (strcmp(operands->items[0], actions[i].name) != 0) {
            continue;
        }
        size_t n = operands->n - 1;
        if (n < actions[i].operands_min || n > actions[i].operands_max) {
            return misuse(ctl, n == 0 ? "expected TOPIC" : "there are too many arguments");
        }
        d.topic = n > 0 ? operands->items[1] : NULL;
        d.positions = operands->items + 2;
        d.n_positions = n > 0 ? n - 1 : 0;
        int status = run_action(&actions[i], &d);
        hg_buf_fini(&d.url);
        return status;
    }
    return misuse(ctl, "expected list, show, replay or purge");
}

#define AT(field) offsetof(struct dlq_args, field)

/* clang-format off */
static const struct hg_ctl_option options[] = {
    {.name = "all", .kind = HG_CTL_FLAG, .at = AT(is_all),
     .help = "replay, purge: every letter that is there now."},
    {.name = "to", .kind = HG_CTL_TEXT, .value = "TOPIC", .at = AT(to),
     .help = "replay: into this topic, not the one they were meant for."},
    {.name = "purge", .kind = HG_CTL_FLAG, .at = AT(is_purge),
     .help = "replay --all: then remove the letters before the first that failed."},
    {.name = "data", .kind = HG_CTL_FLAG, .at = AT(is_data),
     .help = "show: the bytes that were refused, and nothing else."},
    {.name = "limit", .kind = HG_CTL_NUMBER, .value = "N", .at = AT(limit), .min = 1,
     .max = 1000000000, .help = "show: so many letters (100)."},
    {.name = "json", .kind = HG_CTL_FLAG, .at = AT(is_json),
     .help = "Print what the gateway answers: JSON objects, one a line."},
    {.name = "admin", .kind = HG_CTL_TEXT, .value = "ADDRESS", .at = AT(admin),
     .help = "The gateway's admin listener (127.0.0.1:9180)."},
    HG_CTL_REACH_ROWS(AT(reach)),
    HG_CTL_OPTIONS_END,
};
/* clang-format on */

static const struct dlq_args defaults = {
    .reach = HG_CTL_REACH_DEFAULTS, .admin = "127.0.0.1:9180", .limit = 100};

const struct hg_ctl_command hg_ctl_dlq = {
    .name = "dlq",
    .operands = "list|show|replay|purge [TOPIC [POSITION ...]]",
    .operands_min = 1,
    .operands_max = HG_CTL_OPERANDS_MAX,
    .summary = "Look at dead letters, have them judged again, remove them.",
    .text = "list                        Topics of dead letters, and how many each holds.\n"
            "show TOPIC [POSITION ...]   The letters: why, when, whose, and what was sent.\n"
            "replay TOPIC POSITION ...   Judge them by the location as it is now, and store what\n"
            "replay TOPIC --all          passes. The letters stay. Again stores nothing twice.\n"
            "purge TOPIC POSITION        Remove that letter and all before it.\n"
            "purge TOPIC --all           Remove every letter that is there now.\n"
            "TOPIC is as list shows it, such as shop.orders.dlq. A replay prints for each letter\n"
            "what became of it; the exit status is 0 when all were stored, now or before.\n",
    .options = options,
    .defaults = &defaults,
    .args_size = sizeof(struct dlq_args),
    .run = run,
};
