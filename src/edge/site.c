/* SPDX-License-Identifier: Apache-2.0 */
/* site.c - the routing of a generation, built from its server blocks. */
#include "edge/site.h"

#include <stdlib.h>

static void fault(struct hg_buf *errors, const struct hg_conf_line *line, const char *text) {
    hg_buf_printf(errors, "%s:%u: %s: %s\n", line->file, line->number, line->row->name, text);
}

static size_t count_blocks(const struct hg_conf_block *in, const char *name) {
    size_t n = 0;
    struct hg_conf_block *b = NULL;
    while ((b = hg_conf_next_block(in, name, b)) != NULL) {
        n++;
    }
    return n;
}

static bool is_same_path(const struct hg_location *a, const struct hg_location *b) {
    return a->kind == b->kind && hg_slice_eq(a->path, b->path) && hg_slice_eq(a->after, b->after);
}

static void check_twice(const struct hg_server *server, const struct hg_location *l,
                        const struct hg_conf_line *line, struct hg_buf *errors) {
    for (size_t i = 0; i < server->n_locations; i++) {
        if (is_same_path(&server->locations[i], l)) {
            fault(errors, line, "this location stands in the server already");
        }
    }
}

static int compile_locations(struct hg_site *site, const struct hg_site_setup *setup,
                             const struct hg_conf_block *block, struct hg_server *server,
                             struct hg_buf *errors) {
    struct hg_conf_block *b = NULL;
    server->locations = hg_arena_alloc(&site->arena, (count_blocks(block, "location") + 1) *
                                                         sizeof(struct hg_location));
    if (server->locations == NULL) {
        return HG_ENOMEM;
    }
    while ((b = hg_conf_next_block(block, "location", b)) != NULL) {
        const struct hg_conf_line *line = hg_conf_line_of(b);
        struct hg_location *l = &server->locations[server->n_locations];
        struct hg_why why = {""};
        if (hg_site__compile_path(line, l, &why) != 0) {
            fault(errors, line, why.text);
            continue;
        }
        check_twice(server, l, line, errors);
        server->n_locations++;
        if (hg_conf_is_whole(b) && hg_conf_is_whole(block) &&
            hg_site__compile_location(setup, &site->arena, b, l, &why) != 0) {
            fault(errors, line, why.text);
        }
        if (l->kind == HG_PATH_EXACT && hg_map_put(&server->exact, l->path, l) != 0) {
            return HG_ENOMEM;
        }
    }
    hg_site__describe_server(&site->arena, server);
    return 0;
}

static void compile_tls(struct hg_server *server, const struct hg_conf_line *line,
                        struct hg_buf *errors) {
    struct hg_why why = {""};
    struct hg_tls_setup tls = {
        .certificate_pem = server->conf->certificate_pem,
        .key_pem = server->conf->key_pem,
        .ciphers = server->conf->ciphers,
        .is_h2_off = !server->conf->is_http2,
    };
    if (tls.certificate_pem.len > 0 && tls.key_pem.len > 0 &&
        hg_tls_new(&tls, &server->tls, &why) != 0) {
        fault(errors, line, why.text);
    }
}

static struct hg_port *find_port(struct hg_site *site, const struct hg_addr *addr) {
    for (size_t i = 0; i < site->n_ports; i++) {
        if (hg_addr_eq(&site->ports[i].addr, addr)) {
            return &site->ports[i];
        }
    }
    return NULL;
}

static int add_ports(struct hg_site *site, struct hg_server *server, size_t ports_max,
                     struct hg_buf *errors) {
    for (const struct hg_edge__listen *l = server->conf->listens; l != NULL; l = l->next) {
        struct hg_port *port = find_port(site, &l->addr);
        if (port != NULL && port->servers[port->n_servers - 1] == server) {
            fault(errors, l->line, "the server listens on this address already");
            continue;
        }
        if (port == NULL) {
            HG_ASSERT(site->n_ports < ports_max);
            port = &site->ports[site->n_ports++];
            port->addr = l->addr;
            port->text = l->text;
            port->is_tls = l->is_tls;
            port->servers =
                hg_arena_alloc(&site->arena, site->n_servers * sizeof(struct hg_server *));
            if (port->servers == NULL) {
                return HG_ENOMEM;
            }
        }
        if (port->is_tls != l->is_tls) {
            fault(errors, l->line,
                  "another server listens on this address with and this one "
                  "without ssl");
        }
        port->servers[port->n_servers++] = server;
    }
    return 0;
}

static size_t count_listens(const struct hg_conf_block *main_block) {
    size_t n = 0;
    struct hg_conf_block *b = NULL;
    while ((b = hg_conf_next_block(main_block, "server", b)) != NULL) {
        const struct hg_edge__conf *c = hg_conf_of(b, &hg_edge_owner);
        for (const struct hg_edge__listen *l = c->listens; l != NULL; l = l->next) {
            n++;
        }
    }
    return n;
}

static int compile(struct hg_site *site, const struct hg_site_setup *setup, struct hg_buf *errors) {
    const struct hg_conf_block *main_block = hg_conf_main(setup->conf);
    size_t n_listens = count_listens(main_block), n_filled = 0;
    struct hg_conf_block *b = NULL;
    site->n_servers = count_blocks(main_block, "server");
    site->servers = hg_arena_alloc(&site->arena, (site->n_servers + 1) * sizeof(struct hg_server));
    site->ports = hg_arena_alloc(&site->arena, (n_listens + 1) * sizeof(struct hg_port));
    if (site->servers == NULL || site->ports == NULL) {
        return HG_ENOMEM;
    }
    if (site->n_servers == 0 && hg_conf_is_whole(main_block)) {
        hg_conf_fault(setup->conf, NULL, (struct hg_slice){0}, errors,
                      "there is no server; expected at least one server block");
    }
    while ((b = hg_conf_next_block(main_block, "server", b)) != NULL) {
        struct hg_server *server = &site->servers[n_filled++];
        server->conf = hg_conf_of(b, &hg_edge_owner);
        compile_tls(server, hg_conf_line_of(b), errors);
        struct hg_why why = {""};
        if (hg_conf_is_whole(b) && hg_conf_is_whole(main_block) &&
            hg_site__compile_access(server->conf, &site->arena, &server->access, &why) != 0) {
            fault(errors, hg_conf_line_of(b), why.text);
        }
        if (compile_locations(site, setup, b, server, errors) != 0 ||
            add_ports(site, server, n_listens, errors) != 0) {
            return HG_ENOMEM;
        }
    }
    return 0;
}

struct hg_site *hg_site__make(struct hg_conf *conf) {
    struct hg_site *site = hg_try_alloc(sizeof(*site));
    if (site != NULL) {
        atomic_store(&site->refs, 1);
        site->conf = hg_conf_ref(conf);
    }
    return site;
}

int hg_site_new(const struct hg_site_setup *setup, void (*release)(void *arg), void *arg,
                struct hg_site **ret, struct hg_buf *ret_errors) {
    size_t errors_before = ret_errors->len;
    struct hg_site *site = hg_site__make(setup->conf);
    if (site == NULL) {
        return HG_ENOMEM;
    }
    site->sinks = setup->sinks;
    site->n_sinks = setup->n_sinks;
    site->rights = setup->rights;
    int err = compile(site, setup, ret_errors);
    if (err != 0 || ret_errors->len != errors_before) {
        hg_site_unref(&site); /* release is not set yet: the caller keeps arg */
        return err != 0 ? err : HG_EINVAL;
    }
    site->release = release;
    site->arg = arg;
    *ret = site;
    return 0;
}

struct hg_site *hg_site_ref(struct hg_site *s) {
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

static void free_server(struct hg_server *server) {
    for (size_t i = 0; i < server->n_locations; i++) {
        hg_access_file_unref(&server->locations[i].access.file);
    }
    hg_access_file_unref(&server->access.file);
    hg_tls_unref(&server->tls);
    hg_map_fini(&server->exact);
}

void hg_site_unref(struct hg_site **ps) {
    struct hg_site *s = *ps;
    *ps = NULL;
    if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < s->n_servers && s->servers != NULL; i++) {
        free_server(&s->servers[i]);
    }
    void (*release)(void *) = s->release;
    void *arg = s->arg;
    hg_arena_fini(&s->arena);
    hg_conf_unref(&s->conf);
    hg_free(s);
    if (release != NULL) {
        release(arg);
    }
}

size_t hg_site_ports(const struct hg_site *s) {
    return s->n_ports;
}

const struct hg_addr *hg_site_port_addr(const struct hg_site *s, size_t i) {
    return &s->ports[i].addr;
}

bool hg_site_port_is_tls(const struct hg_site *s, size_t i) {
    return s->ports[i].is_tls;
}

/* The i-th location that publishes to a topic by its name. */
static const struct hg_intake *find_named(const struct hg_site *s, size_t i) {
    for (size_t k = 0; k < s->n_servers; k++) {
        for (size_t l = 0; l < s->servers[k].n_locations; l++) {
            const struct hg_intake *intake = &s->servers[k].locations[l].intake;
            if (intake->source != NULL && hg_intake_literal_topic(intake).len > 0 && i-- == 0) {
                return intake;
            }
        }
    }
    return NULL;
}

struct hg_slice hg_site_named_topic(const struct hg_site *s, size_t i) {
    const struct hg_intake *intake = find_named(s, i);
    return intake != NULL ? hg_intake_literal_topic(intake) : HG_SLICE("");
}

int64_t hg_site_topic_bytes_max(const struct hg_site *s, struct hg_slice topic) {
    const struct hg_intake *intake;
    int64_t most = 0;
    for (size_t i = 0; (intake = find_named(s, i)) != NULL; i++) {
        bool is_larger = intake->body_bytes_max > most;
        if (is_larger && hg_slice_eq(hg_intake_literal_topic(intake), topic)) {
            most = intake->body_bytes_max;
        }
    }
    return most;
}

bool hg_site_has_dead_letters(const struct hg_site *s, size_t i) {
    const struct hg_intake *intake = find_named(s, i);
    return intake != NULL && intake->is_dead_letter;
}

/* Those of one location, put where items is not NULL. A name with $topic is in one of
 * the lists. */
static size_t put_patterns(const struct hg_location *l, struct hg_slice *items) {
    static const struct hg_slice allow = {"allow=", 6};
    const struct hg_strings *lists[] = {&l->conf->stream, &l->intake.allowed};
    size_t n = 0;
    for (size_t k = 0; k < HG_COUNT(lists); k++) {
        for (size_t i = 0; i < lists[k]->n; i++) {
            struct hg_slice s = lists[k]->items[i];
            bool is_list = hg_slice_starts(s, allow);
            if (!is_list && memmem(s.ptr, s.len, "$topic", 6) != NULL) {
                continue;
            }
            if (items != NULL) {
                size_t cut = is_list ? allow.len : 0;
                items[n] = (struct hg_slice){s.ptr + cut, s.len - cut};
            }
            n++;
        }
    }
    return n;
}

static size_t put_all_patterns(const struct hg_site *s, struct hg_slice *items) {
    size_t n = 0;
    for (size_t k = 0; k < s->n_servers; k++) {
        for (size_t l = 0; l < s->servers[k].n_locations; l++) {
            n += put_patterns(&s->servers[k].locations[l], items != NULL ? items + n : NULL);
        }
    }
    return n;
}

int hg_site_patterns(const struct hg_site *s, struct hg_slice **ret_items, size_t *ret_n) {
    size_t n = put_all_patterns(s, NULL);
    struct hg_slice *items = hg_try_alloc((n + 1) * sizeof(*items));
    if (items == NULL) {
        return HG_ENOMEM;
    }
    *ret_n = put_all_patterns(s, items);
    *ret_items = items;
    return 0;
}

const struct hg_intake *hg_site_intake(const struct hg_site *s, size_t i, struct hg_slice path,
                                       struct hg_slice *ret_captured) {
    const struct hg_location *l = hg_site__locate(&s->servers[i], path, ret_captured);
    return l != NULL && l->intake.source != NULL ? &l->intake : NULL;
}

struct hg_slice hg_site_access_log(const struct hg_site *s, size_t i) {
    for (size_t k = 0; k < s->n_servers; k++) {
        const struct hg_server *server = &s->servers[k];
        for (size_t l = 0; l <= server->n_locations; l++) {
            const struct hg_edge__conf *c =
                l < server->n_locations ? server->locations[l].conf : server->conf;
            struct hg_slice path = hg_access_path(&c->access_log);
            if (path.len > 0 && i-- == 0) {
                return path;
            }
        }
    }
    return (struct hg_slice){NULL, 0};
}

size_t hg_site_servers(const struct hg_site *s) {
    return s->n_servers;
}

bool hg_site_certificate(const struct hg_site *s, size_t i, struct hg_site_certificate *ret) {
    const struct hg_server *server = &s->servers[i];
    const struct hg_edge__conf *c = server->conf;
    int64_t end_ms;
    if (server->tls == NULL || hg_tls_certificate_end(c->certificate_pem, &end_ms) != 0) {
        return false;
    }
    *ret = (struct hg_site_certificate){
        .server_name = c->server_names.n > 0 ? c->server_names.items[0] : (struct hg_slice){0},
        .addr = c->listens->addr,
        .end_ms = end_ms,
    };
    return true;
}
