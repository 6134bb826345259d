/* SPDX-License-Identifier: Apache-2.0 */
/* codec.h - events from and to bytes: JSON event format, batch, and the
 * fields of HTTP binary mode. Knows fields as name and value pairs only.
 *
 * [CE JSON format 1.0.2], [CE HTTP binding 1.0.2 section 3]. */
#ifndef HG_EVENT_CODEC_H
#define HG_EVENT_CODEC_H

#include "headgate/event.h"
#include "headgate/request.h"
#include "headgate/source.h"

enum hg_ce_mode { HG_CE_BINARY, HG_CE_STRUCTURED, HG_CE_BATCH };

struct hg_codec_opts {
    bool is_strict_data;    /* json_data strict: duplicates, \u0000 and huge numbers in data refused */
    bool is_strict_headers; /* ce_headers strict: only what the specification writes */
    size_t events_max;      /* of a batch */
};

/* By Content-Type alone [CE HTTP binding 3]. *ret_is_json: the format is one
 * that the gateway reads. */
enum hg_ce_mode hg_codec_mode(struct hg_slice content_type, bool *ret_is_json);

/* One event. HG_EINVAL with the problem; HG_ENOMEM. Per thread scratch inside. */
int hg_codec_structured(struct hg_slice body, const struct hg_codec_opts *opts,
                        struct hg_event **ret_event, struct hg_problem *problem);
/* Adds every event or none; the problem has the index. */
int hg_codec_batch(struct hg_slice body, const struct hg_codec_opts *opts, struct hg_events *list,
                   struct hg_problem *problem);
int hg_codec_binary(const struct hg_field *fields, size_t n_fields, struct hg_slice body,
                    const struct hg_codec_opts *opts, struct hg_event **ret_event,
                    struct hg_problem *problem);

/* Writing binary mode: the value of a ce- header [3.1.3.2]. */
void hg_codec_header_value(struct hg_slice value, struct hg_buf *out);

/* Content digest and identity, for dedup: attributes as the client sent them
 * without traceparent and tracestate, and the data. */
struct hg_hash_key;
void hg_event_digest(const struct hg_event *e, const struct hg_hash_key *key, uint8_t ret[16]);

/* Flat form inside a log record; the reader checks every length. */
size_t hg_event_packed_bytes(const struct hg_event *e);
void hg_event_pack(const struct hg_event *e, char *out);
int hg_event_unpack(struct hg_slice packed, struct hg_event **ret_event);

/* A copy with one attribute more (time when absent). HG_ENOMEM, HG_EEXIST. */
int hg_event_with(const struct hg_event *e, struct hg_slice name, struct hg_slice value,
                  struct hg_event **ret_event);

#endif
