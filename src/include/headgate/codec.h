/* SPDX-License-Identifier: Apache-2.0 */
/* codec.h - events from bytes: JSON event format, batch, and the fields of
 * HTTP binary mode. Knows fields as name and value pairs only.
 *
 * [CE JSON format 1.0.2], [CE HTTP binding 1.0.2 section 3]. */
#ifndef HEADGATE_CODEC_H
#define HEADGATE_CODEC_H

#include "headgate/event.h"
#include "headgate/request.h"
#include "headgate/source.h"

enum hg_ce_mode { HG_CE_BINARY, HG_CE_STRUCTURED, HG_CE_BATCH };

struct hg_codec_opts {
    bool is_strict_data; /* json_data strict: duplicates, \u0000 and huge numbers in data refused */
    bool is_strict_headers; /* ce_headers strict: only what the specification writes */
};

/* By Content-Type alone [CE HTTP binding 3]. *ret_is_json: the format is one
 * that the gateway reads. */
HG_API enum hg_ce_mode hg_codec_mode(struct hg_slice content_type, bool *ret_is_json);

/* One event. HG_EINVAL with the problem; HG_ENOMEM. */
HG_API int hg_codec_structured(struct hg_slice body, const struct hg_codec_opts *opts,
                               struct hg_event **ret_event, struct hg_problem *problem);
/* Adds every event or none; the problem has the index. */
HG_API int hg_codec_batch(struct hg_slice body, const struct hg_codec_opts *opts,
                          struct hg_events *list, struct hg_problem *problem);
HG_API int hg_codec_binary(const struct hg_field *fields, size_t n_fields, struct hg_slice body,
                           const struct hg_codec_opts *opts, struct hg_event **ret_event,
                           struct hg_problem *problem);
/* What a body of that media type (empty: none) is as an event's data, as in
 * binary mode. HG_EINVAL: it should be JSON and is not. HG_ENOMEM. */
HG_API int hg_codec_data_kind(struct hg_slice media_type, struct hg_slice body,
                              enum hg_data_kind *ret_kind);

#endif
