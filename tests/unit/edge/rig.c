/* SPDX-License-Identifier: Apache-2.0 */
/* rig.c - see rig.h. */
#include "unit/edge/rig.h"

#include <poll.h>

#include "headgate/module.h"
#include "loop/loop.h"
#include "module/registry.h"

HG_API extern const struct hg_module hg_module_sink_sse;
HG_API extern const struct hg_module hg_module_sink_ws;
HG_API extern const struct hg_module hg_module_sink_pull;

struct say_conf {
    struct hg_conf_head head;
    struct hg_slice text;
};

static const struct hg_directive say_rows[] = {
    {.name = "say",
     .in = "location",
     .type = HG_SLOT_STRING,
     .is_local = true,
     .at = offsetof(struct say_conf, text),
     .help = "Answer with this."},
    HG_DIRECTIVES_END,
};
static const struct hg_conf_owner say_owner = {
    .name = "say", .directives = say_rows, .conf_size = sizeof(struct say_conf)};

/* Says its text and the body; "fail" fails, "refuse" refuses, "teapot" is a status. */
static int on_say(const void *conf, const struct hg_request *r, struct hg_slice body,
                  struct hg_answer *answer, struct hg_problem *problem) {
    const struct say_conf *c = conf;
    (void)r;
    if (hg_slice_eq(c->text, HG_SLICE("fail"))) {
        return HG_EIO;
    }
    if (hg_slice_eq(c->text, HG_SLICE("refuse"))) {
        return hg_problem_set(problem, 403, "forbidden", "It says no.");
    }
    if (hg_slice_eq(c->text, HG_SLICE("teapot"))) {
        answer->status = 418;
        answer->content_type = "text/x-tea";
    }
    if (hg_slice_eq(c->text, HG_SLICE("choke"))) {
        answer->body.max = 1;
    }
    hg_buf_put_slice(&answer->body, c->text);
    hg_buf_put_slice(&answer->body, body);
    return 0;
}

static const char *const say_methods[] = {"GET", "PUT", NULL};
static const struct hg_handler_ops say_ops = {.size = sizeof(struct hg_handler_ops),
                                              .name = "say",
                                              .directive = "say",
                                              .methods = say_methods,
                                              .handle = on_say};
static const struct hg_site_handler handlers[] = {{&say_ops, say_rows}};

const struct hg_conf_owner *const rig_owners[] = {
    &hg_module_owner, &hg_log_owner, &hg_right_owner, &hg_gate_owner, &hg_edge_owner,
    &say_owner,       NULL};

static const struct hg_sink_ops *sinks[GENERATION_SINKS];

static void on_release(void *arg) {
    ((struct generation *)arg)->is_released = true;
}

/* There is a file besides, bad.pem, which is no certificate. */
static void load(struct conf_text *t, const char *text) {
    *t = (struct conf_text){.files = hg_conf_files_new(false)};
    struct hg_conf_setup setup = {.files = t->files,
                                  .path = HG_SLICE("t.conf"),
                                  .owners = rig_owners,
                                  .load_module = fake_auth_load};
    assert_non_null(t->files);
    assert_int_equal(hg_conf_files_put(t->files, setup.path, hg_slice_of(text)), 0);
    assert_int_equal(hg_conf_files_put(t->files, HG_SLICE("bad.pem"), HG_SLICE("no pem")), 0);
    hg_conf_load(&setup, &t->conf, &t->errors);
    hg_buf_put(&t->errors, "", 1);
}

static int compile(struct generation *g, const char *text) {
    char all[8192];
    int len = snprintf(all, sizeof(all), "load_module source;\n%s", text);
    assert_in_range(len, 0, sizeof(all) - 1);
    *g = (struct generation){.keys = {.keys = g->key_of}};
    load(&g->text, all);
    if (g->text.conf == NULL) {
        return HG_EINVAL;
    }
    sinks[1] = hg_module_sink_sse.sink;
    sinks[2] = hg_module_sink_ws.sink;
    sinks[3] = hg_module_sink_pull.sink;
    assert_int_equal(hg_rights_new(g->text.conf, &g->rights), 0);
    g->anonymous = hg_principal_anonymous();
    assert_non_null(g->anonymous);
    struct hg_site_setup setup = {
        .conf = g->text.conf,
        .rights = g->rights,
        .anonymous = g->anonymous,
        .keys = &g->keys,
        .finder = fake_auth_finder,
        .sinks = sinks,
        .n_sinks = GENERATION_SINKS,
        .handlers = handlers,
        .n_handlers = HG_COUNT(handlers),
    };
    int err = hg_site_new(&setup, on_release, g, &g->site, &g->errors);
    hg_buf_put(&g->errors, "", 1);
    return err;
}

void generation_open(struct generation *g, const char *text) {
    int err = compile(g, text);
    conf_text_assert_good(&g->text);
    assert_string_equal(g->errors.ptr, "");
    assert_int_equal(err, 0);
}

static void free_parts(struct generation *g) {
    hg_rights_free(&g->rights);
    hg_principal_unref(&g->anonymous);
    conf_text_close(&g->text);
    hg_buf_fini(&g->errors);
}

void generation_close(struct generation *g) {
    hg_site_unref(&g->site);
    assert_true(g->is_released);
    free_parts(g);
}

void generation_assert_fault(const char *text, const char *part) {
    struct generation g;
    int err = compile(&g, text);
    const char *said = g.text.conf != NULL ? g.errors.ptr : g.text.errors.ptr;
    if (err == 0 || strstr(said, part) == NULL) {
        print_error("for: %s\n", text);
        fail_msg("it said: %s\nnot: %s", said, part);
    }
    assert_int_equal(err, HG_EINVAL);
    assert_null(g.site);
    assert_false(g.is_released);
    free_parts(&g);
}

static void on_tail(struct hg_loop *loop, struct hg_batch *batch, void *arg) {
    struct rig *rig = arg;
    (void)loop;
    if (rig->edge != NULL) { /* as the server's lane does */
        hg_edge_tail(rig->edge);
        hg_feed_tail(rig->feed, batch);
    }
}

static void add_generation(struct rig *rig, const char *text) {
    struct generation *g = hg_alloc(sizeof(*g));
    assert_true(rig->n_generations < HG_COUNT(rig->generations));
    rig->generations[rig->n_generations++] = g;
    generation_open(g, text);
}

struct generation *rig_now(const struct rig *rig) {
    return rig->generations[rig->n_generations - 1];
}

static void listen_all(struct rig *rig) {
    struct hg_site *site = rig_now(rig)->site;
    for (size_t i = 0; i < hg_site_ports(site); i++) {
        struct hg_addr first;
        assert_int_equal(hg_addr_parse(HG_SLICE("127.0.0.1:8080"), &first), 0);
        bool is_first = hg_addr_eq(hg_site_port_addr(site, i), &first);
        assert_int_equal(hg_edge_listen(rig->edge, site, i, rig->fds[is_first ? 0 : 1]), 0);
    }
}

void rig_open(struct rig *rig, const char *text) {
    struct hg_addr any;
    *rig = (struct rig){0};
    fake_log_init(&rig->fake);
    struct hg_log_setup setup = {.driver = &fake_log_ops,
                                 .open = fake_log_open(&rig->fake),
                                 .dedup_window_ms = 1000000,
                                 .dedup_max = 1000,
                                 .on_tail = on_tail,
                                 .arg = rig};
    rig_start(&rig->log, &setup);
    rig_topic(&rig->log, "demo.a");
    rig_topic(&rig->log, "demo.b");
    rig_topic(&rig->log, "other");
    struct hg_feed_setup feed = {.loop = rig->log.loop,
                                 .log = rig->log.log,
                                 .window_bytes_max = 1 << 20,
                                 .reads_max = 2,
                                 .read_bytes_max = 65536};
    assert_int_equal(hg_feed_new(&feed, &rig->feed), 0);
    assert_int_equal(hg_edge_new(rig->log.loop, rig->log.log, rig->feed, &rig->edge), 0);
    add_generation(rig, text);
    assert_int_equal(hg_addr_parse(HG_SLICE("127.0.0.1:0"), &any), 0);
    for (size_t i = 0; i < HG_COUNT(rig->fds); i++) {
        assert_int_equal(hg_addr_listen(&any, 16, false, &rig->fds[i]), 0);
    }
    listen_all(rig);
}

void rig_reload(struct rig *rig, const char *text) {
    add_generation(rig, text);
    assert_int_equal(hg_edge_offer(rig->edge, rig_now(rig)->site), 0);
    listen_all(rig);
    hg_edge_swap(rig->edge);
    rig_turn(rig);
}

void rig_turn(struct rig *rig) {
    for (int i = 0; i < 8; i++) {
        hg_loop_turn(rig->log.loop, false);
    }
}

void rig_close(struct rig *rig) {
    rig_turn(rig);
    assert_int_equal(hg_edge_visits(rig->edge), 0);
    hg_edge_free(&rig->edge);
    hg_feed_free(&rig->feed);
    rig_stop(&rig->log);
    for (size_t i = 0; i < rig->n_generations; i++) {
        generation_close(rig->generations[i]);
        hg_free(rig->generations[i]);
    }
    for (size_t i = 0; i < HG_COUNT(rig->fds); i++) {
        close(rig->fds[i]);
    }
    fake_log_fini(&rig->fake);
}

struct hg_edge__port *rig_port(const struct rig *rig) {
    struct hg_edge__port *port = rig->edge->ports;
    while (port != NULL && port->hold == NULL) {
        port = port->next;
    }
    return port;
}

void ask_send(struct ask *a, struct rig *rig) {
    a->rig = rig;
    a->is_gone = false;
    a->request.head.fields = a->request.fields;
    fake_stream_init(&a->stream, &hg_edge__stream_ops);
    a->stream.conn.listener_arg = rig_port(rig);
    struct hg_addr peer;
    assert_int_equal(hg_addr_parse(HG_SLICE("192.0.2.7:4711"), &peer), 0);
    hg_conn__set_peer(&a->stream.conn, &peer);
    a->stream.stream.ops->on_head(&a->stream.stream, &a->request.head);
}

void ask_post(struct ask *a, struct rig *rig, const char *path, const char *content_type,
              const char *body) {
    size_t len = strlen(body);
    fake_request_init(&a->request, "POST", path, "content-type", content_type, NULL);
    fake_request_body(&a->request, (int64_t)len);
    ask_send(a, rig);
    if (a->stream.status == 0 && len > 0) {
        a->stream.stream.ops->on_body(&a->stream.stream, body, len, true);
    }
}

struct hg_visit *ask_visit(const struct ask *a) {
    return a->stream.stream.user;
}

static bool is_answered(void *arg) {
    return ((struct ask *)arg)->stream.status != 0;
}

void ask_until_answered(struct ask *a) {
    rig_until(&a->rig->log, is_answered, a);
}

void ask_close(struct ask *a) {
    if (!a->is_gone) {
        a->is_gone = true;
        a->stream.stream.ops->on_gone(&a->stream.stream, a->stream.is_ended);
    }
    fake_stream_fini(&a->stream);
}

void ask_assert_problem(const struct ask *a, int status, const char *slug) {
    char type[128];
    const char *body = a->stream.body.ptr != NULL ? a->stream.body.ptr : "";
    snprintf(type, sizeof(type), "{\"type\":\"urn:headgate:problem:%s\"", slug);
    if (a->stream.status != status || strncmp(body, type, strlen(type)) != 0) {
        print_error("%.*s: %d %s\n", HG_FMT(a->request.head.target), a->stream.status, body);
        fail_msg("expected %d %s", status, slug);
    }
    ask_assert_field(a, "content-type", "application/problem+json");
}

void ask_assert_field(const struct ask *a, const char *name, const char *value) {
    const char *got = fake_stream_field(&a->stream, name);
    if (got == NULL || strcmp(got, value) != 0) {
        print_error("fields: %s\n", a->stream.fields.ptr);
        fail_msg("expected %s: %s", name, value);
    }
}

bool ask_said(const struct ask *a, const char *part) {
    return a->stream.body.len > 0 &&
           memmem(a->stream.body.ptr, a->stream.body.len, part, strlen(part)) != NULL;
}

struct saying {
    struct ask *ask;
    const char *part;
};

static bool is_said(void *arg) {
    const struct saying *s = arg;
    return ask_said(s->ask, s->part);
}

void ask_until_said(struct ask *a, const char *part) {
    struct saying s = {a, part};
    rig_until(&a->rig->log, is_said, &s);
}

void ask_refused(struct rig *rig, const char *method, const char *target, int status,
                 const char *slug) {
    struct ask a;
    ASK(&a, rig, method, target, NULL);
    ask_assert_problem(&a, status, slug);
    ask_close(&a);
}

void rig_publish(struct rig *rig, const char *path, const char *event,
                 char ret[HG_POSITION_TEXT_LEN + 1]) {
    struct ask a;
    ask_post(&a, rig, path, STRUCTURED, event);
    ask_until_answered(&a);
    if (a.stream.status != 202) {
        fail_msg("%d %s", a.stream.status, a.stream.body.ptr);
    }
    if (ret != NULL) {
        snprintf(ret, HG_POSITION_TEXT_LEN + 1, "%s",
                 fake_stream_field(&a.stream, "headgate-position"));
    }
    ask_close(&a);
}
