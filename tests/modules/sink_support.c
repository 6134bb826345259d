/* SPDX-License-Identifier: Apache-2.0 */
/* sink_support.c - see sink_support.h. */
#include "modules/sink_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/http/request.h"

struct hg_event *make_event(enum hg_data_kind kind, struct hg_slice data) {
    static const char *const attrs[][2] = {
        {"specversion", "1.0"}, {"id", "e-1"},      {"source", "/shop \"7\""},
        {"type", "com.acme.x"}, {"subject", "s/1"}, {"partitionkey", "p"},
    };
    struct hg_event_builder *b = hg_event_builder_new();
    struct hg_event *e = NULL;
    const char *missing = NULL;
    assert_non_null(b);
    for (size_t i = 0; i < HG_COUNT(attrs); i++) {
        assert_int_equal(hg_event_builder_set(b, hg_slice_of(attrs[i][0]), hg_slice_of(attrs[i][1]),
                                              HG_ATTR_STRING),
                         0);
    }
    if (kind == HG_DATA_TEXT) {
        assert_int_equal(hg_event_builder_set(b, HG_SLICE("datacontenttype"),
                                              HG_SLICE("text/plain"), HG_ATTR_STRING),
                         0);
    }
    hg_event_builder_data(b, kind, data);
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), 0);
    hg_event_builder_free(&b);
    return e;
}

int choose_for(const struct hg_sink_ops *sink, const char *method, ...) {
    struct hg_field fields[8];
    size_t n = 0;
    va_list ap;
    va_start(ap, method);
    for (const char *name = va_arg(ap, const char *); name; name = va_arg(ap, const char *)) {
        fields[n++] = (struct hg_field){hg_slice_of(name), hg_slice_of(va_arg(ap, const char *))};
    }
    va_end(ap);
    struct hg_http_head head = {
        .method = hg_slice_of(method),
        .target = HG_SLICE("/stream"),
        .authority = HG_SLICE("example.com"),
        .fields = fields,
        .n_fields = n,
    };
    struct hg_arena arena = {0};
    struct hg_request r;
    assert_int_equal(hg_request_init(&r, &head, &arena), 0);
    int rank = sink->choose(&r);
    hg_arena_fini(&arena);
    return rank;
}

int handle_get(const struct hg_handler_ops *handler, const void *conf, const char *target,
               struct hg_answer *answer, struct hg_problem *problem) {
    struct hg_http_head head = {
        .method = HG_SLICE("GET"),
        .target = hg_slice_of(target),
        .authority = HG_SLICE("example.com"),
    };
    struct hg_arena arena = {0};
    struct hg_request r;
    assert_int_equal(hg_request_init(&r, &head, &arena), 0);
    int err = handler->handle(conf, &r, HG_SLICE(""), answer, problem);
    hg_arena_fini(&arena);
    return err;
}

json_t *json_from(struct hg_slice text) {
    json_error_t error;
    json_t *root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!root) {
        fail_msg("not JSON: %s: %.*s", error.text, HG_FMT(text));
    }
    return root;
}

const char *json_text(const json_t *object, const char *member) {
    const char *text = json_string_value(json_object_get(object, member));
    if (!text) {
        fail_msg("there is no string \"%s\"", member);
    }
    return text;
}

json_t *load_conformance(const char *name) {
    const char *dir = getenv("CONFORMANCE_DIR");
    char path[512];
    json_error_t error;
    if (!dir) {
        printf("SKIP: CONFORMANCE_DIR is not set: %s was not tried\n", name);
        return NULL;
    }
    snprintf(path, sizeof path, "%s/%s", dir, name);
    json_t *root = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!root) {
        fail_msg("%s: %s", path, error.text);
    }
    return root;
}

void check_descriptor(const struct hg_module *m, const char *name) {
    assert_int_equal(m->abi, HG_MODULE_ABI);
    assert_int_equal(m->size, sizeof(struct hg_module));
    assert_string_equal(m->name, name);
    if (m->sink) {
        assert_int_equal(m->sink->size, sizeof(struct hg_sink_ops));
    }
}

static void check_text(const json_t *body, const char *member, struct hg_slice want) {
    const json_t *got = json_object_get(body, member);
    if (want.len == 0) {
        assert_null(got);
        return;
    }
    assert_true(hg_slice_eq(hg_slice_of(json_string_value(got)), want));
}

void check_notice_json(const struct hg_notice *n, const json_t *body) {
    const json_t *resumed = json_object_get(body, "resumed");
    const json_t *retry_ms = json_object_get(body, "retry_ms");
    check_text(body, "position", n->cursor);
    check_text(body, "from", n->gap_from);
    check_text(body, "topic", n->topic);
    check_text(body, "reason", hg_slice_of(n->reason));
    assert_true(resumed == NULL || n->kind == HG_NOTICE_OPENED);
    assert_int_equal(json_is_true(resumed), n->is_resumed);
    assert_int_equal(json_is_integer(retry_ms), n->retry_ms > 0);
    assert_int_equal(json_integer_value(retry_ms), n->retry_ms);
}
