/* SPDX-License-Identifier: Apache-2.0 */
/* encode.c - making an entry's encoding.
 *
 * The blob of a message sink is the whole frame, so that one writev carries
 * frames of many events without a head of its own for each subscriber. Shared
 * bytes carry only the event's own position, never a subscriber's cursor. */
#include "feed/encode.h"

#include "feed/counters.h"
#include "proto/ws/ws.h"

/* A rare large event must not make the scratch large for ever. */
enum { SCRATCH_KEPT_BYTES = 256 * 1024 };

static struct hg_blob *join(const struct hg_buf *head, const struct hg_buf *payload, size_t mark) {
    struct hg_blob *blob = hg_blob_new_raw(head->len + payload->len);
    if (!blob) {
        return NULL;
    }
    if (head->len > 0) {
        memcpy(blob->bytes, head->ptr, head->len);
    }
    if (payload->len > 0) {
        memcpy(blob->bytes + head->len, payload->ptr, payload->len);
    }
    blob->mark = (uint32_t)(head->len + mark);
    return blob;
}

static struct hg_blob *make(struct hg_feed *f, const struct hg_sink_ops *sink,
                            const struct hg_event *event, struct hg_slice position) {
    struct hg_buf *out = &f->encoding;
    struct hg_buf *head = &f->frame;
    struct hg_blob *blob = NULL;
    size_t mark = 0;
    hg_buf_clear(out);
    hg_buf_clear(head);
    sink->encode(event, position, out, &mark);
    if (sink->framing == HG_SINK_MESSAGE && out->len > 0) {
        hg_ws_put_head(head, HG_WS_TEXT, out->len);
    }
    if (!out->is_failed && !head->is_failed) {
        HG_ASSERT(mark <= out->len);
        blob = join(head, out, mark);
    }
    if (out->is_failed || out->cap > SCRATCH_KEPT_BYTES) {
        hg_buf_fini(out);
    }
    return blob;
}

struct hg_blob *hg_feed__encoding(struct hg_feed *f, const struct hg_subscriber *sub,
                                  const struct hg_feed__topic *t, const struct hg_batch *batch,
                                  struct hg_entry *e) {
    struct hg_blob *blob = hg_entry_slot(e, sub->slot);
    if (blob) {
        return blob;
    }
    struct hg_position position = {
        .topic_tag = t->tag,
        .epoch = batch->epoch,
        .partition = (uint16_t)batch->partition,
        .offset = e->offset,
        .fingerprint = e->fingerprint,
    };
    char text[HG_POSITION_TEXT_LEN + 1];
    hg_position_format(&position, text);
    blob = make(f, sub->sink, e->event, (struct hg_slice){text, HG_POSITION_TEXT_LEN});
    if (!blob) {
        return NULL;
    }
    hg_counter_add(&hg_feed__encodings, 1);
    if (blob->len == 0) {
        hg_counter_add(&hg_feed__refusals, 1);
    }
    return hg_entry_fill(e, sub->slot, blob);
}
