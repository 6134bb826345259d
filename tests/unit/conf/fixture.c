/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/conf/fixture.h"

#include <string.h>

unsigned fx_checks;

static int set_allow(struct hg_conf_load *load, void *conf, const struct hg_conf_line *line) {
    struct fx_core *c = conf;
    struct fx_allow **at = &c->allow;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = hg_conf_alloc(load, sizeof(**at));
    if (*at == NULL) {
        return HG_EINVAL;
    }
    (*at)->who = line->args[0];
    if (hg_slice_eq(line->args[0], HG_SLICE("nobody"))) {
        hg_conf_fail(load, line, "nobody is nobody; expected somebody");
        return HG_EINVAL;
    }
    if (hg_slice_eq(line->args[0], HG_SLICE("mute"))) {
        return HG_EDENIED;
    }
    if (hg_slice_eq(line->args[0], HG_SLICE("everybody"))) {
        hg_conf_warn(load, line, "that is many");
    }
    return 0;
}

/* limit SIZE [burst=SIZE] [wait=TIME] [secret=...] [live_secret=...] */
static int set_limit(struct hg_conf_load *load, void *conf, const struct hg_conf_line *line) {
    struct fx_core *c = conf;
    struct hg_slice value, secret;
    int64_t n;
    if (hg_conf_arg_size(load, line, line->args[0], &c->limit_bytes) != 0) {
        return HG_EINVAL;
    }
    if (hg_conf_arg_named(line, "wait", &value) &&
        hg_conf_arg_duration(load, line, value, &n) != 0) {
        return HG_EINVAL;
    }
    if (hg_conf_arg_named(line, "secret", &value) &&
        hg_conf_arg_secret(load, line, value, &secret) != 0) {
        return HG_EINVAL;
    }
    if (hg_conf_arg_named(line, "live_secret", &value) &&
        hg_conf_arg_live_secret(load, line, value, &secret) != 0) {
        return HG_EINVAL;
    }
    return 0;
}

static int check_core(struct hg_conf_load *load, struct hg_conf_block *block, void *conf) {
    const struct fx_core *c = conf;
    fx_checks++;
    if (c->workers == 13) {
        hg_conf_fail(load, NULL, "13 workers bring bad luck");
    }
    if (hg_slice_eq(c->root, HG_SLICE("/etc"))) {
        hg_conf_fail(load, hg_conf_line_of(block), "root may not be /etc");
        return HG_EINVAL;
    }
    return hg_slice_eq(c->root, HG_SLICE("/dev")) ? HG_EINVAL : 0;
}

#define AT(field) offsetof(struct fx_core, field)
static const char *const modes[] = {"fast", "safe", "paranoid", NULL};

static const struct hg_directive core_rows[] = {
    {.name = "load_module",
     .in = "main",
     .args = "NAME",
     .type = HG_SLOT_STRINGS,
     .at = AT(modules),
     .min_args = 1,
     .is_repeatable = true,
     .help = "Loads a module."},
    {.name = "worker_threads",
     .in = "main",
     .type = HG_SLOT_INT,
     .at = AT(workers),
     .def = "1",
     .min = 1,
     .max = 64,
     .is_at_start = true,
     .help = "Event loops."},
    {.name = "keepalive_timeout",
     .in = "main server location",
     .type = HG_SLOT_DURATION,
     .at = AT(keepalive_ms),
     .def = "75s",
     .max = 600000,
     .help = "Idle connections."},
    {.name = "sse_heartbeat",
     .in = "main server location",
     .type = HG_SLOT_DURATION,
     .at = AT(heartbeat_ms),
     .def = "15s",
     .min = 1000,
     .help = "Comment on silent streams."},
    {.name = "client_max_body_size",
     .in = "main server location",
     .type = HG_SLOT_SIZE,
     .at = AT(body_bytes),
     .def = "1m",
     .max = 1 << 30,
     .help = "Largest body."},
    {.name = "offset",
     .in = "main",
     .type = HG_SLOT_INT,
     .at = AT(offset),
     .min = -5,
     .max = 5,
     .help = "May be negative."},
    {.name = "sendfile",
     .in = "main server location",
     .type = HG_SLOT_FLAG,
     .at = AT(sendfile),
     .def = "on",
     .help = "A switch."},
    {.name = "mode",
     .in = "main server",
     .type = HG_SLOT_ENUM,
     .at = AT(mode),
     .values = modes,
     .def = "safe",
     .help = "One of three."},
    {.name = "root",
     .in = "main server location",
     .type = HG_SLOT_STRING,
     .at = AT(root),
     .is_local = true,
     .help = "Not inherited."},
    {.name = "key", .in = "main server", .type = HG_SLOT_SECRET, .at = AT(key), .help = "Secret."},
    {.name = "cert", .in = "main server", .type = HG_SLOT_FILE, .at = AT(cert), .help = "File."},
    {.name = "listen",
     .in = "server",
     .args = "ADDRESS [ssl]",
     .type = HG_SLOT_STRINGS,
     .at = AT(listen),
     .min_args = 1,
     .max_args = 2,
     .is_local = true,
     .help = "Address."},
    {.name = "server_name",
     .in = "server location",
     .type = HG_SLOT_STRINGS,
     .at = AT(names),
     .min_args = 1,
     .max_args = 8,
     .is_repeatable = true,
     .help = "Names."},
    {.name = "allow",
     .in = "main server location",
     .args = "WHO",
     .type = HG_SLOT_CUSTOM,
     .set = set_allow,
     .min_args = 1,
     .is_repeatable = true,
     .help = "A list."},
    {.name = "limit",
     .in = "main location",
     .args = "SIZE [wait=TIME]",
     .type = HG_SLOT_CUSTOM,
     .set = set_limit,
     .def = "5k",
     .min_args = 1,
     .max_args = 4,
     .is_at_start = true,
     .help = "Two values."},
    {.name = "server", .in = "main", .type = HG_SLOT_BLOCK, .help = "A server."},
    {.name = "location",
     .in = "server",
     .args = "[=] PATH",
     .type = HG_SLOT_BLOCK,
     .min_args = 1,
     .max_args = 2,
     .help = "A path."},
    HG_DIRECTIVES_END,
};

const struct hg_conf_owner fx_core_owner = {.name = "core",
                                            .directives = core_rows,
                                            .conf_size = sizeof(struct fx_core),
                                            .check = check_core};

static const struct hg_directive topic_rows[] = {
    {.name = "topic",
     .in = "main",
     .args = "NAME { ... }",
     .type = HG_SLOT_BLOCK,
     .min_args = 1,
     .help = "A topic."},
    {.name = "retention",
     .in = "main topic",
     .type = HG_SLOT_DURATION,
     .at = offsetof(struct fx_topic, retention_ms),
     .def = "7d",
     .help = "How long."},
    {.name = "compact",
     .in = "topic",
     .type = HG_SLOT_FLAG,
     .at = offsetof(struct fx_topic, compact),
     .def = "off",
     .is_local = true,
     .help = "Last of each."},
    HG_DIRECTIVES_END,
};

const struct hg_conf_owner fx_topic_owner = {
    .name = "topics", .directives = topic_rows, .conf_size = sizeof(struct fx_topic)};

struct module_conf {
    struct hg_conf_head head;
    int64_t leeway_ms;
};

static const struct hg_directive module_rows[] = {
    {.name = "extra_leeway",
     .in = "main server extra",
     .type = HG_SLOT_DURATION,
     .at = offsetof(struct module_conf, leeway_ms),
     .def = "30s",
     .help = "Of the module."},
    {.name = "extra", .in = "server", .type = HG_SLOT_BLOCK, .help = "A block of the module."},
    HG_DIRECTIVES_END,
};

const struct hg_conf_owner fx_module_owner = {
    .name = "extra", .directives = module_rows, .conf_size = sizeof(struct module_conf)};

static int load_module(void *arg, struct hg_conf_load *load, const struct hg_conf_line *line,
                       const struct hg_conf_owner **ret_owner) {
    (void)arg;
    if (hg_slice_eq(line->args[0], HG_SLICE("extra"))) {
        *ret_owner = &fx_module_owner;
        return 0;
    }
    if (hg_slice_eq(line->args[0], HG_SLICE("plain"))) {
        return 0; /* has no directives */
    }
    hg_conf_fail(load, line, "there is no module \"%.*s\"", HG_FMT(line->args[0]));
    return HG_EINVAL;
}

static const struct hg_conf_owner *const owners[] = {&fx_core_owner, &fx_topic_owner, NULL};

void fx_open(struct fx *fx) {
    *fx = (struct fx){.files = hg_conf_files_new(false)};
    fx->setup = (struct hg_conf_setup){.files = fx->files,
                                       .path = HG_SLICE("t.conf"),
                                       .owners = owners,
                                       .load_module = load_module};
    assert_non_null(fx->files);
}

void fx_file(struct fx *fx, const char *path, const char *text) {
    assert_int_equal(hg_conf_files_put(fx->files, hg_slice_of(path), hg_slice_of(text)), 0);
}

void fx_load(struct fx *fx) {
    fx_checks = 0;
    fx->err = hg_conf_load(&fx->setup, &fx->conf, &fx->errors);
    hg_buf_put(&fx->errors, "", 1);
    assert_true((fx->err == 0) == (fx->conf != NULL));
}

void fx_text(struct fx *fx, const char *text) {
    fx_open(fx);
    fx_file(fx, "t.conf", text);
    fx_load(fx);
}

void fx_close(struct fx *fx) {
    hg_conf_unref(&fx->conf);
    hg_conf_files_free(&fx->files);
    hg_buf_fini(&fx->errors);
}

struct hg_conf_block *fx_block(const struct hg_conf_block *in, const char *name, unsigned n) {
    struct hg_conf_block *b = hg_conf_next_block(in, name, NULL);
    while (b != NULL && n-- > 0) {
        b = hg_conf_next_block(in, name, b);
    }
    assert_non_null(b);
    return b;
}

struct fx_core *fx_core(const struct hg_conf_block *b) {
    struct fx_core *c = hg_conf_of(b, &fx_core_owner);
    assert_non_null(c);
    return c;
}

void fx_assert_good(const struct fx *fx) {
    assert_string_equal(fx->errors.ptr, "");
    assert_int_equal(fx->err, 0);
}

void fx_expect_error(const char *text, const char *error) {
    struct fx fx;
    fx_text(&fx, text);
    assert_int_equal(fx.err, HG_EINVAL);
    const size_t n = strlen(error);
    if (strncmp(fx.errors.ptr, error, n) != 0 || strcmp(fx.errors.ptr + n, "\n") != 0) {
        print_error("for: %s\n", text);
        assert_string_equal(fx.errors.ptr, error);
    }
    fx_close(&fx);
}

void fx_expect_error_with(const char *text, const char *part) {
    struct fx fx;
    fx_text(&fx, text);
    assert_int_equal(fx.err, HG_EINVAL);
    if (strstr(fx.errors.ptr, part) == NULL) {
        print_error("for: %s\nwanted: %s\n", text, part);
        assert_string_equal(fx.errors.ptr, part);
    }
    fx_close(&fx);
}
