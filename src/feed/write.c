/* SPDX-License-Identifier: Apache-2.0 */
/* write.c - what a subscriber is sent.
 *
 * Room. A stream is written to while it has any room at all, so that an event
 * larger than the room still gets through, and not once it has none: only
 * then does on_room come. What one turn writes leaves in one system call, so
 * nothing is gathered here.
 *
 * Cursor. One partition: the event's own position, in the shared bytes, is
 * the cursor. Several: the shared bytes are cut at the mark and closed by the
 * sink, with the cursor on the last event of the write; a sink that cannot is
 * owed a position notice. */
#include "feed/write.h"

#include "feed/answer.h"
#include "feed/beat.h"
#include "feed/counters.h"
#include "feed/encode.h"
#include "feed/set.h"
#include "proto/ws/ws.h"

bool hg_feed__has_room(const struct hg_subscriber *sub) {
    return sub->answer ? !sub->answer->is_full : hg_stream_room(sub->stream) > 0;
}

/* A message is a whole frame; only a body that goes on can be cut. */
static bool is_cutting(const struct hg_subscriber *sub) {
    return sub->set->n_places > 1 && sub->sink->framing == HG_SINK_RAW && sub->sink->close_event;
}

static bool close_cut(struct hg_subscriber *sub, struct hg_slice cursor) {
    struct hg_buf *out = &sub->feed->notice;
    hg_buf_clear(out);
    sub->sink->close_event(cursor, out);
    if (out->is_failed) {
        return false;
    }
    hg_stream_put(sub->stream, out->ptr, out->len);
    sub->is_cut = false;
    return true;
}

void hg_feed__end_write(struct hg_subscriber *sub) {
    struct hg_buf *cursor = &sub->feed->cursor;
    if (!sub->is_cut) {
        return;
    }
    hg_buf_clear(cursor);
    hg_feed__cursor_put(sub, cursor);
    if (cursor->is_failed) {
        hg_buf_clear(cursor); /* a later write will tell it */
    }
    close_cut(sub, hg_buf_slice(cursor));
}

static enum hg_feed__given write_event(struct hg_subscriber *sub, struct hg_blob *blob) {
    if (!is_cutting(sub)) {
        hg_stream_write(sub->stream, blob, 0, blob->len);
        if (sub->set->n_places > 1) {
            hg_feed__beat_owe(sub);
        }
        return HG_FEED__GIVEN;
    }
    if (sub->is_cut && !close_cut(sub, (struct hg_slice){0})) {
        return HG_FEED__NO_MEMORY;
    }
    hg_stream_write(sub->stream, blob, 0, blob->mark);
    sub->is_cut = true;
    return HG_FEED__GIVEN;
}

enum hg_feed__given hg_feed__give(struct hg_subscriber *sub, const struct hg_feed__topic *t,
                                  const struct hg_batch *batch, struct hg_entry *e) {
    struct hg_feed *f = sub->feed;
    if (!e->event || e->is_copy ||
        (!sub->is_pass_all && !hg_filter_passes(sub->filter, e->event))) {
        return HG_FEED__GIVEN;
    }
    if (!hg_feed__has_room(sub)) {
        return HG_FEED__NO_ROOM;
    }
    struct hg_blob *blob = hg_feed__encoding(f, sub, t, batch, e);
    if (!blob) {
        return HG_FEED__NO_MEMORY;
    }
    if (blob->len == 0) {
        return HG_FEED__GIVEN;
    }
    enum hg_feed__given given =
        sub->answer ? hg_feed__answer_take(sub, (struct hg_slice){blob->bytes, blob->len}, true)
                    : write_event(sub, blob);
    if (given == HG_FEED__GIVEN) {
        f->n_deliveries++;
        if (f->is_dispatching && (sub->is_cut || sub->answer) && hg_list_is_empty(&sub->wrote)) {
            hg_list_append(&f->wrote, &sub->wrote);
        }
    }
    return given;
}

void hg_feed__count_deliveries(struct hg_feed *f) {
    if (f->n_deliveries > 0) {
        hg_counter_add(&hg_feed__deliveries, f->n_deliveries);
        f->n_deliveries = 0;
    }
}

static bool is_at_loop(const struct hg_feed__place *place, const struct hg_feed__part *part) {
    return place->next == part->next && place->fingerprint == part->fingerprint &&
           place->epoch == part->epoch;
}

static void put_place(const struct hg_feed__cover *cover, uint32_t i, struct hg_buf *out) {
    const struct hg_feed__place *place = &cover->places[i];
    struct hg_position position = {
        .topic_tag = cover->topic->tag,
        .epoch = place->epoch,
        .partition = (uint16_t)i,
        .offset = place->next - 1,
        .fingerprint = place->fingerprint,
    };
    char text[HG_POSITION_TEXT_LEN + 1];
    hg_position_format(&position, text);
    hg_buf_put(out, text, HG_POSITION_TEXT_LEN);
}

static void put_origin(struct hg_buf *out) {
    struct hg_position origin = {.topic_tag = HG_POSITION_ORIGIN_TAG, .offset = UINT64_MAX};
    char text[HG_POSITION_TEXT_LEN + 1];
    hg_position_format(&origin, text);
    hg_buf_put(out, text, HG_POSITION_TEXT_LEN);
}

void hg_feed__cursor_put(const struct hg_subscriber *sub, struct hg_buf *out) {
    const char *dot = "";
    if (sub->set->n_places == 0) {
        put_origin(out);
        return;
    }
    struct hg_feed__walk walk;
    struct hg_feed__cover *cover;
    uint32_t i;
    hg_feed__walk_begin(&walk, sub->set, 0);
    while (hg_feed__walk_next(&walk, &cover, &i)) {
        hg_buf_put_slice(out, hg_slice_of(dot));
        if (sub->state == HG_FEED__LIVE ||
            is_at_loop(&cover->places[i], hg_feed__part_of(cover, i))) {
            hg_buf_put_slice(out, hg_feed__part_token(cover->topic, i));
        } else {
            put_place(cover, i, out);
        }
        dot = ".";
    }
}

/* The notice in f->notice. */
static bool write_notice(struct hg_subscriber *sub) {
    struct hg_feed *f = sub->feed;
    struct hg_slice bytes = hg_buf_slice(&f->notice);
    if (sub->answer) {
        return hg_feed__answer_take(sub, bytes, false) == HG_FEED__GIVEN;
    }
    if (sub->sink->framing == HG_SINK_MESSAGE) {
        hg_buf_clear(&f->frame);
        hg_ws_put_frame(&f->frame, HG_WS_TEXT, bytes);
        if (f->frame.is_failed) {
            return false;
        }
        bytes = hg_buf_slice(&f->frame);
    }
    hg_stream_put(sub->stream, bytes.ptr, bytes.len);
    return true;
}

bool hg_feed__tell(struct hg_subscriber *sub, struct hg_notice *n, bool has_cursor,
                   bool *ret_wrote) {
    struct hg_feed *f = sub->feed;
    hg_feed__end_write(sub);
    hg_buf_clear(&f->cursor);
    hg_buf_clear(&f->notice);
    if (has_cursor) {
        hg_feed__cursor_put(sub, &f->cursor);
        n->cursor = hg_buf_slice(&f->cursor);
    }
    if (sub->sink->notice) {
        sub->sink->notice(n, &f->notice);
    }
    if (f->cursor.is_failed || f->notice.is_failed) {
        return false;
    }
    bool wrote = f->notice.len > 0;
    if (wrote && !write_notice(sub)) {
        return false;
    }
    if (wrote && has_cursor) {
        hg_feed__beat_told(sub, n->cursor);
    }
    if (ret_wrote) {
        *ret_wrote = wrote;
    }
    return true;
}
