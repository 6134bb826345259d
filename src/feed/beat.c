/* SPDX-License-Identifier: Apache-2.0 */
/* beat.c - heartbeats and position notices.
 *
 * One wheel carries the heartbeats of all subscribers. On a WebSocket, which is
 * kept awake by pings, a heartbeat says the position, and only when it has
 * moved past what the peer was not sent: who waits for a rare event does not
 * come back with a position from long ago.
 *
 * The notices that a stream over several partitions is owed need no wheel: all
 * are told when one timer fires, a second after the first of them came up, so
 * none is told twice within a second. Both are left out while the peer does not
 * read: what waits in front of them will keep the path awake. */
#include "feed/beat.h"

#include "base/hash.h"
#include "feed/answer.h"
#include "feed/write.h"

enum { POSITION_NOTICE_MS = 1000 };

static bool is_message(const struct hg_subscriber *sub) {
    return sub->sink->framing == HG_SINK_MESSAGE;
}

void hg_feed__beat_told(struct hg_subscriber *sub, struct hg_slice cursor) {
    if (is_message(sub)) {
        sub->told = hg_hash64(hg_hash_process_key(), cursor.ptr, cursor.len);
    }
}

/* Where every event is sent with its position, nothing moves unseen. */
static bool has_moved_unseen(struct hg_subscriber *sub) {
    struct hg_buf *cursor = &sub->feed->cursor;
    if (sub->is_pass_all && sub->set->n_places == 1) {
        return false;
    }
    hg_buf_clear(cursor);
    hg_feed__cursor_put(sub, cursor);
    return !cursor->is_failed &&
           hg_hash64(hg_hash_process_key(), cursor->ptr, cursor->len) != sub->told;
}

static void beat(struct hg_subscriber *sub) {
    struct hg_notice n = {.kind = is_message(sub) ? HG_NOTICE_POSITION : HG_NOTICE_HEARTBEAT};
    if (hg_feed__has_room(sub) && (!is_message(sub) || has_moved_unseen(sub))) {
        hg_feed__tell(sub, &n, true, NULL);
    }
    hg_feed__wheel_add(&sub->feed->wheel, &sub->due, sub->heartbeat_ms);
}

static void on_due(void *arg, struct hg_feed__due *due) {
    struct hg_subscriber *sub = HG_CONTAINER(due, struct hg_subscriber, due);
    (void)arg;
    if (sub->answer) {
        hg_feed__answer_on_due(sub);
    } else {
        beat(sub);
    }
}

void hg_feed__beat_start(struct hg_subscriber *sub) {
    if (sub->heartbeat_ms > 0 && !sub->answer) {
        hg_feed__wheel_add(&sub->feed->wheel, &sub->due, sub->heartbeat_ms);
    }
}

void hg_feed__beat_owe(struct hg_subscriber *sub) {
    struct hg_feed *f = sub->feed;
    if (!hg_list_is_empty(&sub->moved)) {
        return;
    }
    if (hg_list_is_empty(&f->moved)) {
        hg_timer_start(f->moved_timer, POSITION_NOTICE_MS);
    }
    hg_list_append(&f->moved, &sub->moved);
}

void hg_feed__beat_pay(struct hg_subscriber *sub) {
    struct hg_notice n = {.kind = HG_NOTICE_POSITION};
    if (!hg_list_is_empty(&sub->moved) && hg_feed__tell(sub, &n, true, NULL)) {
        hg_list_remove(&sub->moved);
    }
}

static void on_moved_timer(void *arg) {
    struct hg_feed *f = arg;
    HG_LIST_EACH(it, &f->moved) {
        struct hg_subscriber *sub = HG_CONTAINER(it, struct hg_subscriber, moved);
        if (hg_feed__has_room(sub)) {
            hg_feed__beat_pay(sub);
        }
    }
    if (!hg_list_is_empty(&f->moved)) {
        hg_timer_start(f->moved_timer, POSITION_NOTICE_MS);
    }
}

void hg_feed__beat_stop(struct hg_subscriber *sub) {
    hg_feed__wheel_remove(&sub->feed->wheel, &sub->due);
    hg_list_remove(&sub->moved);
}

int hg_feed__beat_init(struct hg_feed *f) {
    f->moved_timer = hg_timer_new(f->loop, on_moved_timer, f);
    return f->moved_timer ? hg_feed__wheel_init(&f->wheel, f->loop, on_due, f) : HG_ENOMEM;
}

void hg_feed__beat_fini(struct hg_feed *f) {
    hg_timer_free(&f->moved_timer);
    hg_feed__wheel_fini(&f->wheel);
}
