/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/gate/rig.h"

#include <poll.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "module/registry.h"

/* The blocks in which the gate's rows stand; in the gateway they are the edge's. */
struct blocks {
    struct hg_conf_head head;
};
static const struct hg_directive block_rows[] = {
    {.name = "server", .in = "main", .type = HG_SLOT_BLOCK, .is_repeatable = true, .help = "A."},
    {.name = "location",
     .in = "server",
     .type = HG_SLOT_BLOCK,
     .is_repeatable = true,
     .help = "B."},
    HG_DIRECTIVES_END,
};
static const struct hg_conf_owner block_owner = {
    .name = "blocks", .directives = block_rows, .conf_size = sizeof(struct blocks)};

const struct hg_conf_owner *const rig_owners[] = {&block_owner,    &hg_module_owner, &hg_log_owner,
                                                  &hg_right_owner, &hg_gate_owner,   NULL};

static void open_text(struct conf_text *t, const char *main, const char *location) {
    char text[4096];
    snprintf(text, sizeof(text), "load_module source;\n%s\nserver { location {\n%s\n} }\n", main,
             location);
    conf_text_open(t, rig_owners, fake_auth_load, NULL, text);
}

static const struct hg_conf_block *location_of(const struct conf_text *t) {
    return hg_conf_next_block(hg_conf_next_block(hg_conf_main(t->conf), "server", NULL), "location",
                              NULL);
}

void rig_assert_fault(const char *main, const char *location, const char *part) {
    struct conf_text t;
    struct hg_intake intake = {0};
    struct hg_why why = {""};
    open_text(&t, main, location);
    const char *said = t.errors.ptr;
    if (t.conf != NULL) {
        assert_int_equal(hg_intake_compile(location_of(&t), &fake_auth_finder, &intake, &why),
                         HG_EINVAL);
        said = why.text;
    }
    if (strstr(said, part) == NULL) {
        print_error("for: %s\n", location);
        assert_string_equal(said, part);
    }
    conf_text_close(&t);
}

static void open_over(struct rig *rig, const struct hg_log_ops *driver, const char *main,
                      const char *location) {
    struct hg_why why = {""};
    *rig = (struct rig){0};
    fake_log_init(&rig->fake);
    struct hg_log_setup setup = {.driver = driver,
                                 .open = fake_log_open(&rig->fake),
                                 .dedup_window_ms = 1000000,
                                 .dedup_max = 1000};
    rig_start(&rig->log, &setup);
    assert_int_equal(rig_topic(&rig->log, "demo"), 0);
    rig_topic(&rig->log, "demo.dlq");
    rig_topic(&rig->log, "headgate.dlq");
    open_text(&rig->text, main, location);
    conf_text_assert_good(&rig->text);
    if (hg_intake_compile(location_of(&rig->text), &fake_auth_finder, &rig->intake, &why) != 0) {
        fail_msg("%s", why.text);
    }
    assert_int_equal(hg_rights_new(rig->text.conf, &rig->rights), 0);
    rig->anonymous = hg_principal_anonymous();
    rig->keys = (struct hg_topic_keys){rig->key_of, sizeof(rig->key_of)};
    rig->intake.rights = rig->rights;
    rig->intake.anonymous = rig->anonymous;
    rig->intake.keys = &rig->keys;
    rig->gate = (struct hg_gate){.loop = rig->log.loop, .log = rig->log.log};
}

void rig_open(struct rig *rig, const char *main, const char *location) {
    open_over(rig, &fake_log_ops, main, location);
}

void rig_open_parts(struct rig *rig, const char *main, const char *location) {
    open_over(rig, &fake_log_parts_ops, main, location);
    rig->fake.is_manual = true;
}

void rig_close(struct rig *rig) {
    rig_stop(&rig->log);
    hg_rights_free(&rig->rights);
    hg_principal_unref(&rig->anonymous);
    conf_text_close(&rig->text);
    fake_log_fini(&rig->fake);
}

static void on_done(struct hg_exchange *x) {
    ((struct post *)x)->n_done++;
}

void post_begin(struct post *p, struct rig *rig, const char *body, const struct post_how *how) {
    static const struct post_how plainly = {0};
    struct fake_request request = p->request;
    size_t len = strlen(body);
    how = how != NULL ? how : &plainly;
    *p = (struct post){.rig = rig, .request = request};
    p->request.head.fields = p->request.fields;
    fake_request_body(&p->request, how->is_chunked ? -1 : (int64_t)len);
    fake_stream_init(&p->stream, NULL);
    assert_int_equal(hg_request_init(&p->parsed, &p->request.head, &p->arena), 0);
    p->body = malloc(len + 1);
    memcpy(p->body, body, len);
    p->x = (struct hg_exchange){
        .gate = &rig->gate,
        .intake = &rig->intake,
        .request = &p->parsed,
        .captured = hg_slice_of(how->captured),
        .arena = &p->arena,
        .on_done = on_done,
        .owner = p,
    };
    hg_alloc_fail_after(how->fail_from - 1);
    if (hg_exchange_fields(&p->x, p->request.head.content_length) == HG_STEP_ON) {
        hg_exchange_body(&p->x, (struct hg_slice){p->body, len});
    } else {
        p->n_done = 1; /* the owner answers at once */
    }
}

/* Allocates nothing, so that an allocation that is to fail is not ours. */
void post_end(struct post *p) {
    int64_t deadline = hg_clock_mono_ms() + 10000;
    while (p->n_done == 0 && hg_clock_mono_ms() < deadline) {
        hg_loop_turn(p->rig->log.loop, false);
        poll(NULL, 0, 1);
    }
    assert_int_equal(p->n_done, 1);
    hg_gate_answer(&p->x, &p->stream.stream, NULL, 0);
}

void post_close(struct post *p) {
    hg_exchange_fini(&p->x);
    hg_arena_fini(&p->arena);
    fake_stream_fini(&p->stream);
    free(p->body);
}

void post_event_how(struct post *p, struct rig *rig, const char *body, const struct post_how *how) {
    fake_request_init(&p->request, "POST", "/in", STRUCTURED, NULL);
    post_begin(p, rig, body, how);
    post_end(p);
}

void post_event(struct post *p, struct rig *rig, const char *body) {
    post_event_how(p, rig, body, NULL);
}

void post_assert_problem(const struct post *p, int status, const char *slug) {
    char type[128];
    snprintf(type, sizeof(type), "{\"type\":\"urn:headgate:problem:%s\"", slug);
    if (p->stream.status != status || strncmp(p->stream.body.ptr, type, strlen(type)) != 0) {
        print_error("%d %s\n", p->stream.status, p->stream.body.ptr);
        fail_msg("expected %d %s", status, slug);
    }
    assert_string_equal(fake_stream_field(&p->stream, "content-type"), "application/problem+json");
}
