/* SPDX-License-Identifier: Apache-2.0 */
/* The module through its descriptor, with a request that the test makes up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "event/events.h"
#include "headgate/module.h"

extern const struct hg_module hg_module_source_cloudevents;

enum { FIELDS_MAX = 16 };

struct hg_request {
    struct hg_field fields[FIELDS_MAX];
    size_t n;
};

struct hg_slice hg_request_field(const struct hg_request *r, struct hg_slice name) {
    for (size_t i = 0; i < r->n; i++) {
        if (hg_slice_eq(r->fields[i].name, name)) {
            return r->fields[i].value;
        }
    }
    return (struct hg_slice){NULL, 0};
}

const struct hg_field *hg_request_fields(const struct hg_request *r, size_t *ret_n) {
    *ret_n = r->n;
    return r->fields;
}

/* name, value, ..., NULL */
static struct hg_request make(const char *name, ...) {
    struct hg_request r = {.n = 0};
    va_list ap;
    va_start(ap, name);
    for (; name != NULL; name = va_arg(ap, const char *)) {
        assert_true(r.n < FIELDS_MAX);
        const char *value = va_arg(ap, const char *);
        r.fields[r.n++] = (struct hg_field){hg_slice_of(name), hg_slice_of(value)};
    }
    va_end(ap);
    return r;
}

static const struct hg_directive *row(const char *name) {
    const struct hg_directive *d = hg_module_source_cloudevents.directives;
    while (d->name != NULL && strcmp(d->name, name) != 0) {
        d++;
    }
    assert_non_null(d->name);
    return d;
}

/* The module's struct as the rows say where things stand in it. */
static void *make_conf(int headers, int json_data, bool is_batch_on) {
    char *conf = calloc(1, hg_module_source_cloudevents.conf_size);
    assert_non_null(conf);
    *(int *)(void *)(conf + row("ce_headers")->at) = headers;
    *(int *)(void *)(conf + row("json_data")->at) = json_data;
    *(bool *)(conf + row("ce_batch")->at) = is_batch_on;
    return conf;
}

static const struct hg_source_ops *ops(void) {
    return hg_module_source_cloudevents.source;
}

static void assert_admitted(struct hg_request r) {
    void *conf = make_conf(0, 0, true);
    struct hg_problem p = {0};
    if (ops()->admit(conf, &r, &p) != 0) {
        fail_msg("%s", p.detail);
    }
    free(conf);
}

static void assert_not_admitted(bool is_batch_on, struct hg_request r, const char *detail) {
    void *conf = make_conf(0, 0, is_batch_on);
    struct hg_problem p = {0};
    assert_int_equal(ops()->admit(conf, &r, &p), HG_EINVAL);
    assert_int_equal(p.status, 415);
    assert_string_equal(p.type, "media-type-unsupported");
    if (strstr(p.detail, detail) == NULL) {
        fail_msg("%s", p.detail);
    }
    free(conf);
}

static void the_descriptor_is_whole(void **state) {
    (void)state;
    const struct hg_module *m = &hg_module_source_cloudevents;
    assert_int_equal(m->abi, HG_MODULE_ABI);
    assert_int_equal(m->size, sizeof(struct hg_module));
    assert_string_equal(m->name, "source_cloudevents");
    assert_string_equal(m->source->name, "cloudevents");
    assert_int_equal(m->source->size, sizeof(struct hg_source_ops));
    assert_string_equal(m->source->media_types[0], "application/cloudevents+json");
    assert_string_equal(row("ce_headers")->def, "lenient");
    assert_string_equal(row("json_data")->def, "lenient");
    assert_string_equal(row("ce_batch")->def, "on");
    assert_string_equal(row("ce_headers")->values[0], "lenient");
    assert_string_equal(row("ce_headers")->values[1], "strict");
}

static void the_three_modes_are_admitted(void **state) {
    (void)state;
    assert_admitted(make("content-type", "application/cloudevents+json", NULL));
    assert_admitted(
        make("content-type", "application/cloudevents-batch+json; charset=utf-8", NULL));
    assert_admitted(make("content-type", "text/plain", "ce-specversion", "1.0", NULL));
    assert_admitted(make("ce-id", "1", NULL));
}

static void other_formats_are_told_before_the_body(void **state) {
    (void)state;
    assert_not_admitted(true, make("content-type", "application/cloudevents+avro", NULL),
                        "not as application/cloudevents+avro");
    assert_not_admitted(true, make("content-type", "application/cloudevents-batch+protobuf", NULL),
                        "JSON in UTF-8 only");
    assert_not_admitted(
        true, make("content-type", "application/cloudevents+json; charset=utf-16", NULL), "UTF-8");
    assert_not_admitted(true, make("content-type", "application/json", NULL), "(binary)");
    assert_not_admitted(true, make(NULL, NULL), "not a CloudEvent");
    assert_not_admitted(
        true,
        make("content-type", "application/json", "content-type", "text/plain", "ce-id", "1", NULL),
        "more than one Content-Type");
}

static void batches_can_be_turned_off(void **state) {
    (void)state;
    assert_not_admitted(false, make("content-type", "application/cloudevents-batch+json", NULL),
                        "batches are not accepted");
}

#define EVENT "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\",\"type\":\"t\"}"

static int decode(void *conf, struct hg_request r, const char *body, struct hg_events *list,
                  struct hg_problem *p) {
    int err = ops()->decode(conf, &r, hg_slice_of(body), list, p);
    free(conf);
    return err;
}

static void each_mode_adds_its_events(void **state) {
    (void)state;
    struct hg_events list = {.max = 6};
    struct hg_problem p = {0};
    struct hg_request one = make("content-type", "application/cloudevents+json", NULL);
    struct hg_request batch = make("content-type", "application/cloudevents-batch+json", NULL);
    struct hg_request binary = make("ce-specversion", "1.0", "ce-id", "b", "ce-source", "s",
                                    "ce-type", "t", "content-type", "text/plain", NULL);
    assert_int_equal(decode(make_conf(0, 0, true), one, EVENT, &list, &p), 0);
    assert_int_equal(decode(make_conf(0, 0, true), batch, "[" EVENT "," EVENT "]", &list, &p), 0);
    assert_int_equal(decode(make_conf(0, 0, true), binary, "hi", &list, &p), 0);
    assert_int_equal(list.n, 4);
    enum hg_data_kind kind;
    assert_int_equal(hg_event_data(list.items[3], &kind).len, 2);
    assert_int_equal(kind, HG_DATA_TEXT);

    assert_int_equal(
        decode(make_conf(0, 0, true), batch, "[" EVENT "," EVENT "," EVENT "]", &list, &p),
        HG_EINVAL);
    assert_int_equal(p.status, 413);
    assert_int_equal(list.n, 4);
    assert_int_equal(decode(make_conf(0, 0, true), one, "{}", &list, &p), HG_EINVAL);
    assert_int_equal(p.status, 400);
    assert_int_equal(list.n, 4);
    hg_events_fini(&list);
}

static void strictness_is_the_locations(void **state) {
    (void)state;
    struct hg_events list = {.max = 10};
    struct hg_problem p = {0};
    struct hg_request r = make("ce-specversion", "1.0", "ce-id", "b c", "ce-source", "s", "ce-type",
                               "t", "content-type", "application/json", NULL);
    static const char body[] = "{\"a\":1,\"a\":2}";
    assert_int_equal(decode(make_conf(0, 0, true), r, body, &list, &p), 0);
    assert_int_equal(decode(make_conf(1, 0, true), r, body, &list, &p), HG_EINVAL);
    assert_non_null(strstr(p.detail, "ce-id"));
    assert_int_equal(decode(make_conf(0, 1, true), r, body, &list, &p), HG_EINVAL);
    assert_non_null(strstr(p.detail, "twice"));
    assert_int_equal(list.n, 1);
    hg_events_fini(&list);
}

static void a_list_that_is_full_is_told(void **state) {
    (void)state;
    struct hg_events list = {.max = 0};
    struct hg_problem p = {0};
    struct hg_request one = make("content-type", "application/cloudevents+json", NULL);
    assert_int_equal(decode(make_conf(0, 0, true), one, EVENT, &list, &p), HG_E2BIG);
    hg_events_fini(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_descriptor_is_whole),
        cmocka_unit_test(the_three_modes_are_admitted),
        cmocka_unit_test(other_formats_are_told_before_the_body),
        cmocka_unit_test(batches_can_be_turned_off),
        cmocka_unit_test(each_mode_adds_its_events),
        cmocka_unit_test(strictness_is_the_locations),
        cmocka_unit_test(a_list_that_is_full_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
