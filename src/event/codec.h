/* SPDX-License-Identifier: Apache-2.0 */
/* codec.h - what the rooms above do with whole events beside decoding them,
 * which is public: headgate/codec.h. */
#ifndef HG_EVENT_CODEC_H
#define HG_EVENT_CODEC_H

#include "headgate/buf.h"
#include "headgate/codec.h"
#include "headgate/event.h"
#include "headgate/record.h"

/* Writing binary mode: the value of a ce- header [3.1.3.2]. */
void hg_codec_header_value(struct hg_slice value, struct hg_buf *out);

/* Content digest and identity, for dedup: attributes as the client sent them
 * without traceparent and tracestate, and the data. */
struct hg_hash_key;
void hg_event_digest(const struct hg_event *e, const struct hg_hash_key *key, uint8_t ret[16]);

/* The flat form inside a log record is declared in headgate/record.h. */

/* A copy with one attribute more (time when absent). HG_ENOMEM, HG_EEXIST. */
int hg_event_with(const struct hg_event *e, struct hg_slice name, struct hg_slice value,
                  struct hg_event **ret_event);

#endif
