/* SPDX-License-Identifier: Apache-2.0 */
/* sink_support.h - events and requests for the tests of sinks and handlers,
 * which reach a module only through its descriptor. */
#ifndef TESTS_MODULES_SINK_SUPPORT_H
#define TESTS_MODULES_SINK_SUPPORT_H

#include <jansson.h>

#include "headgate/module.h"

/* An event with subject "s/1", an extension "partitionkey", and this data. */
struct hg_event *make_event(enum hg_data_kind kind, struct hg_slice data);

/* What a sink says to a request with these fields: name, value, ..., NULL. */
int choose_for(const struct hg_sink_ops *sink, const char *method, ...);

/* The answer of a handler to a GET of this target. */
int handle_get(const struct hg_handler_ops *handler, const void *conf, const char *target,
               struct hg_answer *answer, struct hg_problem *problem);

/* Parses, failing the test when text is not one JSON value. */
json_t *json_from(struct hg_slice text);
/* The string at a member, failing the test when there is none. */
const char *json_text(const json_t *object, const char *member);
json_t *load_conformance(const char *name);

/* What every sink's descriptor and notices must hold to. */
void check_descriptor(const struct hg_module *m, const char *name);
/* The body of a notice says what the notice says. */
void check_notice_json(const struct hg_notice *n, const json_t *body);

#endif
