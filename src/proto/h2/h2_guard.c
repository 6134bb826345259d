/* SPDX-License-Identifier: Apache-2.0 */
/* h2_guard.c - see h2_guard.h. The numbers are L10 to L12 of the catalogue. */
#include "proto/h2/h2_guard.h"

#include "proto/http/counters.h"

enum {
    GLITCH_BURST = 500,
    GLITCH_RATE = 50,
    RST_RECEIVED_BURST = 200,
    RST_RECEIVED_RATE = 20,
    RST_SENT_BURST = 100,
    RST_SENT_RATE = 10,
    /* A client tells of its windows at most this often for what we send: for
     * the stream and the connection, and at least a KiB at a time. */
    CREDIT_PER_FRAME = 2,
    CREDIT_BYTES = 512,
    CREDIT_MAX = 4096,
};

/* RFC 9113 6 */
enum frame_type {
    DATA = 0,
    HEADERS = 1,
    PRIORITY = 2,
    RST_STREAM = 3,
    WINDOW_UPDATE = 8,
};
enum { FLAG_END_STREAM = 1 };

void hg_h2_bucket_init(struct hg_h2_bucket *b, uint32_t burst, uint32_t per_second,
                       int64_t now_ms) {
    *b = (struct hg_h2_bucket){burst, per_second, (int64_t)burst * 1000, now_ms};
}

bool hg_h2_bucket_take(struct hg_h2_bucket *b, int64_t now_ms) {
    int64_t full = (int64_t)b->burst * 1000;
    int64_t elapsed_ms = now_ms - b->at_ms;
    if (elapsed_ms > 0) {
        /* a thousandth of a piece for each millisecond and piece a second */
        int64_t missing = full - b->left_milli;
        int64_t ms_to_full = missing / b->per_second + 1;
        b->left_milli =
            elapsed_ms >= ms_to_full ? full : b->left_milli + elapsed_ms * b->per_second;
        b->at_ms = now_ms;
    }
    if (b->left_milli < 1000) {
        return false;
    }
    b->left_milli -= 1000;
    return true;
}

void hg_h2_guard_init(struct hg_h2_guard *g, int64_t now_ms) {
    *g = (struct hg_h2_guard){.preface_left = HG_H2_PREFACE_LEN};
    hg_h2_bucket_init(&g->glitches, GLITCH_BURST, GLITCH_RATE, now_ms);
    hg_h2_bucket_init(&g->resets_received, RST_RECEIVED_BURST, RST_RECEIVED_RATE, now_ms);
    hg_h2_bucket_init(&g->resets_sent, RST_SENT_BURST, RST_SENT_RATE, now_ms);
}

enum hg_h2_verdict hg_h2_guard_glitch(struct hg_h2_guard *g, int64_t now_ms) {
    hg_counter_add(&hg_h2_glitches, 1);
    if (!hg_h2_bucket_take(&g->glitches, now_ms)) {
        return HG_H2_CALM;
    }
    g->is_worn = g->glitches.left_milli < (int64_t)GLITCH_BURST * 1000 / 4;
    return HG_H2_GO_ON;
}

enum hg_h2_verdict hg_h2_guard_reset_sent(struct hg_h2_guard *g, int64_t now_ms) {
    return hg_h2_bucket_take(&g->resets_sent, now_ms) ? HG_H2_GO_ON : HG_H2_CALM;
}

void hg_h2_guard_data_sent(struct hg_h2_guard *g, size_t bytes) {
    size_t credit = g->window_credit + CREDIT_PER_FRAME + bytes / CREDIT_BYTES;
    g->window_credit = credit < CREDIT_MAX ? (uint32_t)credit : CREDIT_MAX;
}

static uint32_t read_u24(const char *p) {
    const unsigned char *b = (const unsigned char *)p;
    return (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
}

static uint32_t read_u31(const char *p) {
    const unsigned char *b = (const unsigned char *)p;
    return ((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]) & 0x7fffffff;
}

/* Ids must rise. The library forgets which of the lower ones were streams once
 * and which were passed over; the latest gap is remembered here. A gap before
 * that is taken for closed streams, whose late frames are ignored. */
static enum hg_h2_verdict note_stream(struct hg_h2_guard *g, uint32_t id) {
    if (id > g->last_stream) {
        uint32_t expected = g->last_stream == 0 ? 1 : g->last_stream + 2;
        if (id > expected) {
            g->skipped_from = expected;
            g->skipped_to = id;
        }
        g->last_stream = id;
        g->window_credit += g->window_credit < CREDIT_MAX ? 1 : 0; /* some widen each stream */
        return HG_H2_GO_ON;
    }
    return id >= g->skipped_from && id < g->skipped_to ? HG_H2_WRONG : HG_H2_GO_ON;
}

static uint32_t *ended_slot(struct hg_h2_guard *g, uint32_t id) {
    return &g->ended[id / 2 % HG_H2_ENDED_SLOTS];
}

/* Behind its own END_STREAM or RST_STREAM a peer sends no more. The library
 * does not remember closed streams, and would let it pass. */
static enum hg_h2_verdict note_load(struct hg_h2_guard *g, uint32_t id, bool is_end) {
    uint32_t *slot = ended_slot(g, id);
    if (*slot == id && id != 0) {
        return HG_H2_ENDED_STREAM;
    }
    if (is_end) {
        *slot = id;
    }
    return HG_H2_GO_ON;
}

static enum hg_h2_verdict note_data(struct hg_h2_guard *g, const char *header, int64_t now_ms) {
    bool is_end = (header[4] & FLAG_END_STREAM) != 0;
    enum hg_h2_verdict verdict = note_load(g, read_u31(header + 5), is_end);
    if (verdict == HG_H2_GO_ON && g->payload_left == 0 && !is_end) {
        verdict = hg_h2_guard_glitch(g, now_ms);
    }
    return verdict;
}

static enum hg_h2_verdict note_headers(struct hg_h2_guard *g, const char *header) {
    uint32_t id = read_u31(header + 5);
    enum hg_h2_verdict verdict = note_load(g, id, (header[4] & FLAG_END_STREAM) != 0);
    return verdict == HG_H2_GO_ON ? note_stream(g, id) : verdict;
}

static enum hg_h2_verdict note_reset(struct hg_h2_guard *g, const char *header, int64_t now_ms) {
    uint32_t id = read_u31(header + 5);
    if (id != 0 && id <= g->last_stream) {
        *ended_slot(g, id) = id;
    }
    hg_counter_add(&hg_h2_resets_received, 1);
    return hg_h2_bucket_take(&g->resets_received, now_ms) ? HG_H2_GO_ON : HG_H2_CALM;
}

/* Priorities of RFC 7540 are switched off, and with them what the library
 * checks of these frames. */
static enum hg_h2_verdict note_priority(struct hg_h2_guard *g, const char *frame, int64_t now_ms) {
    uint32_t id = read_u31(frame + 5);
    bool is_of_itself = g->payload_left == HG_H2_HELD_MAX - HG_H2_FRAME_HEADER_LEN &&
                        read_u31(frame + HG_H2_FRAME_HEADER_LEN) == id;
    return id == 0 || is_of_itself ? HG_H2_WRONG : hg_h2_guard_glitch(g, now_ms);
}

/* What stands at frame, of which held_len bytes are there. */
static enum hg_h2_verdict note_frame(struct hg_h2_guard *g, const char *frame, int64_t now_ms) {
    g->payload_left = read_u24(frame);
    switch ((unsigned char)frame[3]) {
    case DATA:
        return note_data(g, frame, now_ms);
    case HEADERS:
        return note_headers(g, frame);
    case PRIORITY:
        return note_priority(g, frame, now_ms);
    case RST_STREAM:
        return note_reset(g, frame, now_ms);
    case WINDOW_UPDATE:
        if (g->window_credit > 0) {
            g->window_credit--;
            return HG_H2_GO_ON;
        }
        return hg_h2_guard_glitch(g, now_ms);
    default:
        return hg_h2_guard_glitch(g, now_ms);
    }
}

/* How many of a frame's first bytes have to be there to judge it. */
static size_t held_len(const char *frame, size_t n) {
    bool is_priority = n >= HG_H2_FRAME_HEADER_LEN && frame[3] == PRIORITY &&
                       read_u24(frame) == HG_H2_HELD_MAX - HG_H2_FRAME_HEADER_LEN;
    return is_priority ? HG_H2_HELD_MAX : HG_H2_FRAME_HEADER_LEN;
}

/* The rest of a frame header that came in pieces. */
static enum hg_h2_verdict fill_held(struct hg_h2_guard *g, const char **pos, const char *end,
                                    int64_t now_ms, struct hg_slice *ret_run) {
    while (g->n_held < held_len(g->held, g->n_held) && *pos < end) {
        g->held[g->n_held++] = *(*pos)++;
    }
    size_t n = g->n_held;
    if (n < held_len(g->held, n)) {
        return HG_H2_GO_ON;
    }
    g->n_held = 0;
    enum hg_h2_verdict verdict = note_frame(g, g->held, now_ms);
    if (verdict == HG_H2_GO_ON) {
        g->payload_left -= (uint32_t)(n - HG_H2_FRAME_HEADER_LEN);
        *ret_run = (struct hg_slice){g->held, n};
    }
    return verdict;
}

static const char *skip(uint32_t *left, const char *at, const char *end) {
    size_t n = (size_t)(end - at) < *left ? (size_t)(end - at) : *left;
    *left -= (uint32_t)n;
    return at + n;
}

enum hg_h2_verdict hg_h2_guard_next(struct hg_h2_guard *g, const char **pos, const char *end,
                                    int64_t now_ms, struct hg_slice *ret_run) {
    enum hg_h2_verdict verdict = HG_H2_GO_ON;
    *ret_run = (struct hg_slice){NULL, 0};
    if (g->n_held > 0) {
        return fill_held(g, pos, end, now_ms, ret_run);
    }
    const char *from = *pos;
    const char *at = skip(&g->preface_left, from, end);
    while (verdict == HG_H2_GO_ON) {
        at = skip(&g->payload_left, at, end);
        if ((size_t)(end - at) < held_len(at, (size_t)(end - at))) {
            break;
        }
        verdict = note_frame(g, at, now_ms);
        at += verdict == HG_H2_GO_ON ? HG_H2_FRAME_HEADER_LEN : 0;
    }
    *ret_run = (struct hg_slice){from, (size_t)(at - from)};
    if (verdict == HG_H2_GO_ON && at < end) {
        g->n_held = (uint8_t)(end - at);
        memcpy(g->held, at, g->n_held);
        at = end;
    }
    *pos = at;
    return verdict;
}
