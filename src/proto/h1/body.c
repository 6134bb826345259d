/* SPDX-License-Identifier: Apache-2.0 */
/* body.c - the states of a body:
 *
 *   COUNTED ---------------------------------------------> DONE
 *   SIZE -> (PAD -> EXT_NAME -> EXTENSION) -> SIZE_LF -> DATA -> DATA_CR -> DATA_LF -> SIZE
 *                                   \-(0)-> TRAILER -> LAST_LF ---------> DONE
 *   TRAILER -> NAME -> VALUE -> VALUE_LF -> TRAILER
 *
 * Every arrow but those out of COUNTED and DATA is one byte in step_byte. */
#include "proto/h1/body.h"

#include "proto/http/chars.h"

enum state {
    COUNTED,
    SIZE,
    PAD,
    EXT_NAME,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    NAME,
    VALUE,
    VALUE_LF,
    LAST_LF,
    DONE,
    FAILED,
};

void hg_h1_body_init(struct hg_h1_body *b, const struct hg_h1_head *head,
                     const struct hg_http_limits *limits) {
    *b = (struct hg_h1_body){.limits = limits};
    if (head->is_chunked) {
        b->state = SIZE;
    } else {
        b->left = (uint64_t)head->http.content_length;
        b->state = b->left > 0 ? COUNTED : DONE;
    }
}

bool hg_h1_body_is_whole(const struct hg_h1_body *b) {
    return b->state == DONE;
}

static bool fail(struct hg_h1_body *b, int status, const char *text) {
    b->fault = (struct hg_h1_fault){status, text};
    b->state = FAILED;
    return false;
}

/* The byte moves the machine on if it is what is expected. */
static bool expect(struct hg_h1_body *b, bool is_so, enum state next) {
    if (!is_so) {
        return fail(b, 400, "The chunked body is malformed.");
    }
    b->state = (uint8_t)next;
    return true;
}

static bool step_size(struct hg_h1_body *b, char c) {
    if (hg_http_is(c, HG_HTTP_HEX)) {
        b->n_digits++;
        b->left = b->left << 4 | hg_http_hex(c);
        return expect(b, b->n_digits <= 16 && b->left <= INT64_MAX, SIZE);
    }
    if (b->n_digits == 0) {
        return expect(b, false, SIZE);
    }
    if (c == ' ' || c == '\t') {
        b->state = PAD;
        return true;
    }
    return c == ';' ? expect(b, true, EXT_NAME) : expect(b, c == '\r', SIZE_LF);
}

static bool step_size_lf(struct hg_h1_body *b, char c) {
    bool is_last = b->left == 0;
    b->n_digits = 0;
    b->line_bytes = 0;
    return expect(b, c == '\n', is_last ? TRAILER : DATA);
}

static bool step_name(struct hg_h1_body *b, char c) {
    if (c == ':') {
        b->state = VALUE;
        return true;
    }
    return expect(b, hg_http_is(c, HG_HTTP_NAME), NAME);
}

static bool step_trailer(struct hg_h1_body *b, char c) {
    if (c == '\r') {
        b->state = LAST_LF;
        return true;
    }
    b->line_bytes = 0;
    b->n_trailers++;
    b->trailer_bytes += 32;
    if (b->n_trailers > b->limits->fields_max) {
        return fail(b, 431, "There are too many trailers.");
    }
    return expect(b, hg_http_is(c, HG_HTTP_NAME), NAME);
}

static bool step_byte(struct hg_h1_body *b, char c) {
    switch ((enum state)b->state) {
    case SIZE:
        return step_size(b, c);
    case PAD: /* white space is allowed before an extension, not after the size */
        return c == ';' ? expect(b, true, EXT_NAME) : expect(b, c == ' ' || c == '\t', PAD);
    case EXT_NAME:
        return c == ' ' || c == '\t' ? expect(b, true, EXT_NAME)
                                     : expect(b, hg_http_is(c, HG_HTTP_TOKEN), EXTENSION);
    case EXTENSION:
        return c == '\r' ? expect(b, true, SIZE_LF)
                         : expect(b, hg_http_is(c, HG_HTTP_VALUE), EXTENSION);
    case SIZE_LF:
        return step_size_lf(b, c);
    case DATA_CR:
        return expect(b, c == '\r', DATA_LF);
    case DATA_LF:
        return expect(b, c == '\n', SIZE);
    case TRAILER:
        return step_trailer(b, c);
    case NAME:
        return step_name(b, c);
    case VALUE:
        return c == '\r' ? expect(b, true, VALUE_LF)
                         : expect(b, hg_http_is(c, HG_HTTP_VALUE), VALUE);
    case VALUE_LF:
        return expect(b, c == '\n', TRAILER);
    case LAST_LF:
        return expect(b, c == '\n', DONE);
    default:
        return expect(b, false, FAILED);
    }
}

/* One byte of framing against the accounts, whatever it says. */
static bool account(struct hg_h1_body *b) {
    b->overhead_bytes++;
    b->line_bytes++;
    if (b->overhead_bytes > HG_H1_OVERHEAD_BYTES_MAX && b->overhead_bytes > b->payload_bytes) {
        return fail(b, 400, "The chunks' framing is larger than what they carry.");
    }
    if (b->state >= TRAILER) {
        b->trailer_bytes++;
        if (b->trailer_bytes > b->limits->head_bytes_max) {
            return fail(b, 431, "The trailers are too large.");
        }
    } else if (b->line_bytes > HG_H1_CHUNK_LINE_MAX) {
        return fail(b, 400, "A chunk's extensions are too long.");
    }
    return true;
}

static enum hg_h1_step give_piece(struct hg_h1_body *b, const char **pos, const char *end,
                                  struct hg_slice *ret_piece) {
    size_t n = (size_t)(end - *pos);
    if (n > b->left) {
        n = (size_t)b->left;
    }
    *ret_piece = (struct hg_slice){*pos, n};
    *pos += n;
    b->left -= n;
    b->payload_bytes += n;
    if (b->left == 0) {
        b->state = b->state == COUNTED ? DONE : DATA_CR;
        b->line_bytes = 0;
    }
    return HG_H1_PIECE;
}

enum hg_h1_step hg_h1_body_feed(struct hg_h1_body *b, const char **pos, const char *end,
                                struct hg_slice *ret_piece) {
    while (b->state != DONE) {
        if (b->state == FAILED) {
            return HG_H1_FAULT;
        }
        if (*pos == end) {
            return HG_H1_MORE;
        }
        if (b->state == COUNTED || b->state == DATA) {
            return give_piece(b, pos, end, ret_piece);
        }
        char c = *(*pos)++;
        if (!account(b) || !step_byte(b, c)) {
            return HG_H1_FAULT;
        }
    }
    return HG_H1_END;
}
