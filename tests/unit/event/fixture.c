/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.c - events to test with, and files of the conformance data. */
#include "unit/event/fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/event/tests.h"

bool fixture_path(const char *below, char *ret_path, size_t size) {
    const char *dir = getenv("CONFORMANCE_DIR");
    if (dir == NULL) {
        printf("SKIP: CONFORMANCE_DIR is not set: %s was not tried\n", below);
        return false;
    }
    snprintf(ret_path, size, "%s/%s", dir, below);
    return true;
}

struct hg_slice fixture_copy(const void *bytes, size_t len) {
    char *copy = malloc(len);
    if (len > 0) {
        assert_non_null(copy);
        memcpy(copy, bytes, len);
    }
    return (struct hg_slice){copy, len};
}

struct hg_slice fixture_read(const char *path) {
    enum { BYTES_MAX = 1 << 20 };
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("cannot open %s", path);
    }
    char *bytes = malloc(BYTES_MAX);
    assert_non_null(bytes);
    size_t len = fread(bytes, 1, BYTES_MAX, file);
    assert_true(len < BYTES_MAX);
    fclose(file);
    struct hg_slice ret = fixture_copy(bytes, len);
    free(bytes);
    return ret;
}

static void set(struct hg_event_builder *b, const char *name, const char *value) {
    enum hg_attr_type type = HG_ATTR_STRING;
    assert_int_equal(hg_event_builder_set(b, hg_slice_of(name), hg_slice_of(value), type), 0);
}

struct hg_event *fixture_event(enum hg_data_kind kind, const char *data, ...) {
    struct hg_event_builder *b = hg_event_builder_new();
    assert_non_null(b);
    set(b, "specversion", "1.0");
    set(b, "id", "1");
    set(b, "source", "/s");
    set(b, "type", "t");
    va_list ap;
    va_start(ap, data);
    for (const char *name = va_arg(ap, const char *); name != NULL;
         name = va_arg(ap, const char *)) {
        set(b, name, va_arg(ap, const char *));
    }
    va_end(ap);
    hg_event_builder_data(b, kind, hg_slice_of(data));
    struct hg_event *e = NULL;
    const char *missing = NULL;
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), 0);
    hg_event_builder_free(&b);
    return e;
}

struct hg_event *fixture_structured(const char *json) {
    const struct hg_codec_opts opts = {0};
    struct hg_problem problem = {0};
    struct hg_event *e = NULL;
    struct hg_slice body = fixture_copy(json, strlen(json));
    if (hg_codec_structured(body, &opts, &e, &problem) != 0) {
        fail_msg("%s: %s", json, problem.detail);
    }
    free((char *)body.ptr);
    return e;
}

char *fixture_json(const struct hg_event *e) {
    struct hg_buf out = {0};
    hg_event_to_json(e, (struct hg_slice){NULL, 0}, &out);
    assert_false(out.is_failed);
    char *text = malloc(out.len + 1);
    assert_non_null(text);
    memcpy(text, out.ptr, out.len);
    text[out.len] = '\0';
    hg_buf_fini(&out);
    return text;
}

struct hg_slice fixture_attr(const struct hg_event *e, const char *name) {
    struct hg_slice value = {NULL, 0};
    if (!hg_event_attr(e, hg_slice_of(name), &value)) {
        fail_msg("no attribute %s", name);
    }
    return value;
}
