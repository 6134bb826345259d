/* SPDX-License-Identifier: Apache-2.0 */
/* h2_guard.h - the accounts of an HTTP/2 connection, kept before the library
 * sees a byte. Pure: bytes in, stretches of them out.
 *
 * The library lets pass any number of frames that carry nothing, and any
 * number of resets that a peer makes us send. It also breaks legal traffic
 * when the header of a CONTINUATION frame comes in two pieces. So every frame
 * header is read here first, whole, and pays from a bucket. */
#ifndef HG_PROTO_H2_GUARD_H
#define HG_PROTO_H2_GUARD_H

#include "headgate/base.h"

enum {
    HG_H2_PREFACE_LEN = 24,
    HG_H2_FRAME_HEADER_LEN = 9,
    HG_H2_HELD_MAX = 14, /* a PRIORITY frame is looked at whole */
    HG_H2_ENDED_SLOTS = 32,
};

/* Full at first; refilled with time. */
struct hg_h2_bucket {
    uint32_t burst, per_second;
    int64_t left_milli;
    int64_t at_ms;
};

void hg_h2_bucket_init(struct hg_h2_bucket *b, uint32_t burst, uint32_t per_second, int64_t now_ms);
/* false: it is empty. */
bool hg_h2_bucket_take(struct hg_h2_bucket *b, int64_t now_ms);

enum hg_h2_verdict {
    HG_H2_GO_ON,
    HG_H2_CALM,         /* GOAWAY(ENHANCE_YOUR_CALM): an account is empty */
    HG_H2_WRONG,        /* GOAWAY(PROTOCOL_ERROR) */
    HG_H2_ENDED_STREAM, /* GOAWAY(STREAM_CLOSED): the peer had ended it itself */
};

struct hg_h2_guard {
    struct hg_h2_bucket glitches;
    struct hg_h2_bucket resets_received;
    struct hg_h2_bucket resets_sent;
    uint32_t window_credit;            /* WINDOW_UPDATEs that our own DATA explain */
    uint32_t last_stream;              /* highest that was opened */
    uint32_t skipped_from, skipped_to; /* the latest ids passed over */
    uint32_t ended[HG_H2_ENDED_SLOTS]; /* the latest that the peer ended or reset, by id */
    uint32_t preface_left;
    uint32_t payload_left;
    uint8_t n_held;
    char held[HG_H2_HELD_MAX]; /* of a frame header that came in pieces */
    bool is_worn;              /* three quarters of the glitches are used up */
};

void hg_h2_guard_init(struct hg_h2_guard *g, int64_t now_ms);

/* The next bytes that the library may have, from *pos on, which is moved:
 * never a part of a frame header. Empty: there are no more now. They point
 * into the bytes given or into the guard. After any verdict but GO_ON nothing
 * more may be fed; the bytes before the frame at fault are in *ret_run. */
enum hg_h2_verdict hg_h2_guard_next(struct hg_h2_guard *g, const char **pos, const char *end,
                                    int64_t now_ms, struct hg_slice *ret_run);

/* A frame that only its content shows to carry nothing. */
enum hg_h2_verdict hg_h2_guard_glitch(struct hg_h2_guard *g, int64_t now_ms);
/* We sent RST_STREAM, or refused a request by a limit of ours. */
enum hg_h2_verdict hg_h2_guard_reset_sent(struct hg_h2_guard *g, int64_t now_ms);
/* We sent a DATA frame: the peer may tell us of its windows. */
void hg_h2_guard_data_sent(struct hg_h2_guard *g, size_t bytes);

#endif
