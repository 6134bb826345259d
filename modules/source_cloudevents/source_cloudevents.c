/* SPDX-License-Identifier: Apache-2.0 */
/* source_cloudevents.c - `accept cloudevents;`: CloudEvents over HTTP in
 * structured, batched and binary mode. The reading itself is the core's codec;
 * here is what a location says about it. */
#include "headgate/module.h"

enum { LENIENT, STRICT };

struct cloudevents_conf {
    struct hg_conf_head head;
    int headers; /* LENIENT or STRICT */
    int json_data;
    bool is_batch_on;
};

static const char *const strictness[] = {"lenient", "strict", NULL};

static const struct hg_directive cloudevents_directives[] = {
    {.name = "ce_headers",
     .in = "main server location",
     .args = "lenient | strict",
     .type = HG_SLOT_ENUM,
     .at = offsetof(struct cloudevents_conf, headers),
     .def = "lenient",
     .values = strictness,
     .help = "Binary mode: take header values as the SDKs send them, or only as the "
             "CloudEvents binding writes them."},
    {.name = "json_data",
     .in = "main server location",
     .args = "lenient | strict",
     .type = HG_SLOT_ENUM,
     .at = offsetof(struct cloudevents_conf, json_data),
     .def = "lenient",
     .values = strictness,
     .help = "JSON data: keep any, or refuse members that occur twice, U+0000 and numbers "
             "beyond 64 bits."},
    {.name = "ce_batch",
     .in = "main server location",
     .args = "on | off",
     .type = HG_SLOT_FLAG,
     .at = offsetof(struct cloudevents_conf, is_batch_on),
     .def = "on",
     .help = "Whether batches of events are accepted."},
    HG_DIRECTIVES_END};

static int refuse(struct hg_problem *problem, const char *detail) {
    return hg_problem_set(problem, 415, "media-type-unsupported", "%s", detail);
}

/* A request that is no event at all is told so before its body is read; one
 * that forgot an attribute is told which, by the codec. */
static bool has_event_fields(const struct hg_request *r) {
    return hg_request_field(r, HG_SLICE("ce-specversion")).len > 0 ||
           hg_request_field(r, HG_SLICE("ce-id")).len > 0;
}

static bool has_two_media_types(const struct hg_request *r) {
    size_t n, found = 0;
    const struct hg_field *fields = hg_request_fields(r, &n);
    for (size_t i = 0; i < n; i++) {
        found += hg_slice_eq(fields[i].name, HG_SLICE("content-type"));
    }
    return found > 1;
}

static int cloudevents_admit(const void *conf, const struct hg_request *r,
                             struct hg_problem *problem) {
    const struct cloudevents_conf *c = conf;
    struct hg_slice media_type = hg_request_field(r, HG_SLICE("content-type"));
    bool is_json;
    enum hg_ce_mode mode = hg_codec_mode(media_type, &is_json);
    if (has_two_media_types(r)) {
        return refuse(problem, "the request has more than one Content-Type.");
    }
    if (mode == HG_CE_BINARY) {
        return has_event_fields(r)
                   ? 0
                   : refuse(problem,
                            "not a CloudEvent: send application/cloudevents+json (structured), "
                            "application/cloudevents-batch+json (batch), or any other content "
                            "with ce-specversion, ce-id, ce-source and ce-type headers (binary).");
    }
    if (!is_json) {
        return hg_problem_set(problem, 415, "media-type-unsupported",
                              "CloudEvents are read as JSON in UTF-8 only, not as %.*s.",
                              (int)(media_type.len < 100 ? media_type.len : 100), media_type.ptr);
    }
    if (mode == HG_CE_BATCH && !c->is_batch_on) {
        return refuse(problem, "batches are not accepted here: send events one by one.");
    }
    return 0;
}

static int decode_one(enum hg_ce_mode mode, const struct hg_codec_opts *opts,
                      const struct hg_request *r, struct hg_slice body, struct hg_event **ret_event,
                      struct hg_problem *problem) {
    if (mode == HG_CE_STRUCTURED) {
        return hg_codec_structured(body, opts, ret_event, problem);
    }
    size_t n;
    const struct hg_field *fields = hg_request_fields(r, &n);
    return hg_codec_binary(fields, n, body, opts, ret_event, problem);
}

static int cloudevents_decode(const void *conf, const struct hg_request *r, struct hg_slice body,
                              struct hg_events *list, struct hg_problem *problem) {
    const struct cloudevents_conf *c = conf;
    const struct hg_codec_opts opts = {.is_strict_data = c->json_data == STRICT,
                                       .is_strict_headers = c->headers == STRICT};
    bool is_json;
    enum hg_ce_mode mode = hg_codec_mode(hg_request_field(r, HG_SLICE("content-type")), &is_json);
    if (mode == HG_CE_BATCH) {
        return hg_codec_batch(body, &opts, list, problem);
    }
    struct hg_event *e;
    int err = decode_one(mode, &opts, r, body, &e, problem);
    if (err != 0) {
        return err;
    }
    err = hg_events_add(list, &e);
    hg_event_unref(&e);
    return err;
}

static const char *const media_types[] = {"application/cloudevents+json",
                                          "application/cloudevents-batch+json", "*/*", NULL};

static const char *const single_types[] = {"application/cloudevents+json", "*/*", NULL};

static const char *const *media_types_of(const void *conf) {
    const struct cloudevents_conf *c = conf;
    return c->is_batch_on ? media_types : single_types;
}

static const struct hg_source_ops cloudevents_source = {
    .size = sizeof(struct hg_source_ops),
    .name = "cloudevents",
    .media_types = media_types,
    .admit = cloudevents_admit,
    .decode = cloudevents_decode,
    .media_types_of = media_types_of,
};

HG_MODULE(source_cloudevents) = {
    .abi = HG_MODULE_ABI,
    .size = sizeof(struct hg_module),
    .name = "source_cloudevents",
    .directives = cloudevents_directives,
    .conf_size = sizeof(struct cloudevents_conf),
    .source = &cloudevents_source,
};
