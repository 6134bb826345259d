/* SPDX-License-Identifier: Apache-2.0 */
/* sink.h - a sink carries events to a subscriber. It chooses requests and
 * encodes; the core owns sockets, framing, cursors and back-pressure. */
#ifndef HEADGATE_SINK_H
#define HEADGATE_SINK_H

#include "headgate/event.h"
#include "headgate/request.h"

/* How the core wraps what the sink encodes. */
enum hg_sink_framing {
    HG_SINK_RAW,     /* bytes of an HTTP body that goes on */
    HG_SINK_MESSAGE, /* one WebSocket text message per event */
    HG_SINK_ANSWER,  /* one HTTP answer of bounded size: prefix, events, suffix */
};

/* What a stream is told in band beside events. */
enum hg_notice_kind {
    HG_NOTICE_OPENED,    /* first thing on a stream: resumed without gap, or fresh */
    HG_NOTICE_POSITION,  /* where the stream stands */
    HG_NOTICE_GAP,       /* events between two positions are gone */
    HG_NOTICE_EXPIRING,  /* the proof of who is calling ends soon, and the stream with it */
    HG_NOTICE_CLOSING,   /* the gateway ends the stream; come back */
    HG_NOTICE_HEARTBEAT, /* keeps middle boxes awake; may be empty */
};

struct hg_notice {
    enum hg_notice_kind kind;
    struct hg_slice cursor;   /* where the stream goes on */
    bool is_resumed;          /* OPENED: from the caller's cursor, without a gap */
    struct hg_slice gap_from; /* GAP: what the caller had, or empty */
    const char *reason;       /* GAP, CLOSING: "trimmed", "reset", "unknown", "drain" */
    int64_t retry_ms;         /* OPENED, CLOSING: how long to wait before coming back */
    struct hg_slice topic;    /* GAP */
    int64_t left_ms;          /* EXPIRING: until the stream ends */
};

/* What a notice is called on every sink: "headgate.stream.opened". NULL: this
 * kind has no name, it is no message. */
static inline const char *hg_notice_name(enum hg_notice_kind kind) {
    static const char *const names[] = {
        [HG_NOTICE_OPENED] = "headgate.stream.opened",
        [HG_NOTICE_POSITION] = "headgate.stream.position",
        [HG_NOTICE_GAP] = "headgate.stream.gap",
        [HG_NOTICE_EXPIRING] = "headgate.stream.expiring",
        [HG_NOTICE_CLOSING] = "headgate.stream.closing",
    };
    return kind < HG_COUNT(names) ? names[kind] : NULL;
}

/* Append what a notice says as one JSON object without line ends, the same on
 * every sink. A member that has nothing to say is left out. */
static inline void hg_notice_put_json(const struct hg_notice *n, struct hg_buf *out) {
    const struct {
        const char *name;
        struct hg_slice value;
    } texts[] = {
        {"position", n->cursor},
        {"from", n->gap_from},
        {"topic", n->topic},
        {"reason", hg_slice_of(n->reason)},
    };
    const char *comma = "";
    HG_BUF_LIT(out, "{");
    for (size_t i = 0; i < HG_COUNT(texts); i++) {
        if (texts[i].value.len > 0) {
            hg_buf_printf(out, "%s\"%s\":", comma, texts[i].name);
            hg_buf_put_json(out, texts[i].value);
            comma = ",";
        }
    }
    if (n->kind == HG_NOTICE_OPENED) {
        hg_buf_printf(out, "%s\"resumed\":%s", comma, n->is_resumed ? "true" : "false");
        comma = ",";
    }
    if (n->retry_ms > 0) {
        hg_buf_printf(out, "%s\"retry_ms\":%lld", comma, (long long)n->retry_ms);
        comma = ",";
    }
    if (n->left_ms > 0) {
        hg_buf_printf(out, "%s\"expires_in_ms\":%lld", comma, (long long)n->left_ms);
    }
    HG_BUF_LIT(out, "}");
}

struct hg_sink_ops {
    size_t size;
    const char *name;
    enum hg_sink_framing framing;
    const char *content_type; /* HG_SINK_RAW, HG_SINK_ANSWER */
    const char *subprotocol;  /* HG_SINK_MESSAGE */
    /* HG_SINK_ANSWER: around and between the events of one answer. */
    struct hg_slice prefix, separator, suffix;
    /* Does this GET ask for this sink? 0 no; the highest rank wins. */
    int (*choose)(const struct hg_request *r);
    /* Append the event with its own position. The bytes are made once and
     * shared by every subscriber. *ret_mark is where, in out, an event without
     * its own position ends: a stream over several partitions is sent the
     * bytes up to the mark, then what close_event writes. */
    void (*encode)(const struct hg_event *e, struct hg_slice position, struct hg_buf *out,
                   size_t *ret_mark);
    /* What closes an event that was cut at its mark; cursor is empty but for
     * the last event of a write. NULL: the cursor goes out as a notice. */
    void (*close_event)(struct hg_slice cursor, struct hg_buf *out);
    /* Append a notice; nothing appended means that this sink has no such. */
    void (*notice)(const struct hg_notice *n, struct hg_buf *out);
};

#endif
