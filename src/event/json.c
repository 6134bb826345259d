/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - the strict scan: every byte of every event passes here once.
 *
 * No recursion: an open container's node keeps the index of the container
 * around it in next until it is closed. Scanning functions take the place
 * where they begin and return the place behind, or NULL after fail. */
#include "event/json.h"

#include "event/bytes16.h"
#include "event/codepoint.h"

enum { DEPTH_MAX = 64, NODES_MAX = 100000, NODES_FIRST = 64 };
#define NONE UINT32_MAX

struct scan {
    const unsigned char *text;
    const unsigned char *end;
    struct hg_json_tape *tape;
    uint32_t open; /* the innermost open container, or NONE */
    uint32_t depth;
    uint32_t depth_max;
    uint32_t nodes_max;
    uint32_t room; /* nodes that can be used without growing */
    int err;
    const unsigned char *fault;
};

enum kind { BAD, QUOTE, DIGIT, OPEN_ARRAY, OPEN_OBJECT, WORD };

/* What the first byte of a value begins. */
static const uint8_t kinds[256] = {
    ['"'] = QUOTE,      ['-'] = DIGIT,       ['0'] = DIGIT, ['1'] = DIGIT, ['2'] = DIGIT,
    ['3'] = DIGIT,      ['4'] = DIGIT,       ['5'] = DIGIT, ['6'] = DIGIT, ['7'] = DIGIT,
    ['8'] = DIGIT,      ['9'] = DIGIT,       ['t'] = WORD,  ['f'] = WORD,  ['n'] = WORD,
    ['['] = OPEN_ARRAY, ['{'] = OPEN_OBJECT,
};

static const unsigned char *fail(struct scan *s, const unsigned char *at, int err) {
    s->fault = at;
    s->err = err;
    return NULL;
}

static int grow(struct scan *s) {
    struct hg_json_tape *t = s->tape;
    if (t->n == s->nodes_max) {
        return HG_E2BIG;
    }
    /* A first guess of one node for eight bytes is seldom too small. */
    size_t cap = NODES_FIRST + (size_t)(s->end - s->text) / 8;
    cap = cap > 2 * (size_t)t->cap ? cap : 2 * (size_t)t->cap;
    cap = cap < s->nodes_max ? cap : s->nodes_max;
    void *nodes = hg_try_realloc(t->is_lent ? NULL : t->nodes, cap * sizeof(t->nodes[0]));
    if (nodes == NULL) {
        return HG_ENOMEM;
    }
    if (t->is_lent) {
        memcpy(nodes, t->nodes, t->n * sizeof(t->nodes[0]));
        t->is_lent = false;
    }
    t->nodes = nodes;
    t->cap = (uint32_t)cap;
    s->room = t->cap;
    return 0;
}

/* A node whose value begins at p; NULL after fail. */
static inline struct hg_json_node *push(struct scan *s, const unsigned char *p, uint8_t type) {
    struct hg_json_tape *t = s->tape;
    if (t->n == s->room) {
        int err = grow(s);
        if (err != 0) {
            fail(s, p, err);
            return NULL;
        }
    }
    struct hg_json_node *node = &t->nodes[t->n++];
    *node = (struct hg_json_node){
        .start = (uint32_t)(p - s->text), .next = t->n, .type = type, .is_integer = 1};
    return node;
}

static inline const unsigned char *skip_space(const unsigned char *p, const unsigned char *end) {
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    return p;
}

static inline bool is_digit(unsigned char c) {
    return c >= '0' && c <= '9';
}

static int hex_digit(unsigned char c) {
    if (is_digit(c)) {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of \uXXXX at p, or -1. */
static int32_t read_unit(const unsigned char *p, const unsigned char *end) {
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return -1;
    }
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit << 4 | digit;
    }
    return unit;
}

/* p is at a backslash. */
static const unsigned char *scan_escape(struct scan *s, struct hg_json_node *node,
                                        const unsigned char *p) {
    node->has_escapes = 1;
    if (s->end - p < 2) {
        return fail(s, p, HG_EINVAL);
    }
    if (p[1] != 'u') {
        bool is_legal = p[1] != 0 && strchr("\"\\/bfnrt", p[1]) != NULL;
        return is_legal ? p + 2 : fail(s, p, HG_EINVAL);
    }
    int32_t unit = read_unit(p, s->end);
    if (unit < 0 || (unit & 0xFC00) == 0xDC00) {
        return fail(s, p, HG_EINVAL);
    }
    node->has_nul |= unit == 0;
    if ((unit & 0xFC00) != 0xD800) {
        return p + 6;
    }
    int32_t low = read_unit(p + 6, s->end);
    return low >= 0 && (low & 0xFC00) == 0xDC00 ? p + 12 : fail(s, p, HG_EINVAL);
}

/* p is at a byte above 0x7F; goes on as long as such follow. */
static const unsigned char *scan_wide(struct scan *s, const unsigned char *p) {
    while (p < s->end && *p >= 0x80) {
        uint32_t ignored;
        unsigned n = hg_codepoint_read(p, s->end, &ignored);
        if (n == 0) {
            return fail(s, p, HG_EINVAL);
        }
        p += n;
    }
    return p;
}

/* To the first byte that is a quote, a backslash, a control character or not
 * ASCII. As signed numbers the last two are those below 0x20. */
static inline const unsigned char *skip_plain(const unsigned char *p, const unsigned char *end) {
    while (end - p >= 16) {
        hg_bytes16 v = hg_bytes16_load(p);
        uint64_t odd = hg_bytes16_mask((v < 0x20) | (v == '"') | (v == '\\'));
        if (odd != 0) {
            return p + hg_bytes16_first(odd);
        }
        p += 16;
    }
    while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\') {
        p++;
    }
    return p;
}

/* p is behind the opening quote. */
static inline const unsigned char *scan_string(struct scan *s, const unsigned char *p) {
    struct hg_json_node *node = push(s, p, HG_JSON_STRING);
    if (node == NULL) {
        return NULL;
    }
    for (;;) {
        p = skip_plain(p, s->end);
        if (p == s->end) {
            return fail(s, p, HG_EINVAL);
        }
        if (*p == '"') {
            node->len = (uint32_t)(p - s->text) - node->start;
            return p + 1;
        }
        if (*p == '\\') {
            p = scan_escape(s, node, p);
        } else {
            p = *p < 0x20 ? fail(s, p, HG_EINVAL) : scan_wide(s, p);
        }
        if (p == NULL) {
            return NULL;
        }
    }
}

/* One digit or more. */
static inline const unsigned char *scan_digits(struct scan *s, const unsigned char *p) {
    if (p == s->end || !is_digit(*p)) {
        return fail(s, p, HG_EINVAL);
    }
    while (p < s->end && is_digit(*p)) {
        p++;
    }
    return p;
}

static inline const unsigned char *scan_number(struct scan *s, const unsigned char *p) {
    struct hg_json_node *node = push(s, p, HG_JSON_NUMBER);
    if (node == NULL) {
        return NULL;
    }
    p += *p == '-';
    bool is_zero = p < s->end && *p == '0';
    p = is_zero ? p + 1 : scan_digits(s, p);
    if (p != NULL && p < s->end && *p == '.') {
        node->is_integer = 0;
        p = scan_digits(s, p + 1);
    }
    if (p != NULL && p < s->end && (*p == 'e' || *p == 'E')) {
        node->is_integer = 0;
        p++;
        p += p < s->end && (*p == '+' || *p == '-');
        p = scan_digits(s, p);
    }
    if (p != NULL) {
        node->len = (uint32_t)(p - s->text) - node->start;
    }
    return p;
}

static const unsigned char *scan_word(struct scan *s, const unsigned char *p) {
    size_t left = (size_t)(s->end - p);
    uint8_t type = *p == 't' ? HG_JSON_TRUE : *p == 'f' ? HG_JSON_FALSE : HG_JSON_NULL;
    size_t len = *p == 'f' ? 5 : 4;
    const char *word = *p == 't' ? "true" : *p == 'f' ? "false" : "null";
    if (left < len || memcmp(p, word, len) != 0) {
        return fail(s, p, HG_EINVAL);
    }
    struct hg_json_node *node = push(s, p, type);
    if (node == NULL) {
        return NULL;
    }
    node->len = (uint32_t)len;
    return p + len;
}

/* A key and its colon, up to where the value begins. */
static inline const unsigned char *scan_key(struct scan *s, const unsigned char *p) {
    if (p == s->end || *p != '"') {
        return fail(s, p, HG_EINVAL);
    }
    p = scan_string(s, p + 1);
    if (p == NULL) {
        return NULL;
    }
    p = skip_space(p, s->end);
    if (p == s->end || *p != ':') {
        return fail(s, p, HG_EINVAL);
    }
    return skip_space(p + 1, s->end);
}

static inline const unsigned char *close_container(struct scan *s, const unsigned char *p) {
    struct hg_json_node *node = &s->tape->nodes[s->open];
    s->open = node->next;
    s->depth--;
    node->next = s->tape->n;
    node->len = (uint32_t)(p + 1 - s->text) - node->start;
    return p + 1;
}

/* Up to where its first value begins, or behind it when it is empty. */
static const unsigned char *open_container(struct scan *s, const unsigned char *p,
                                           bool *ret_is_closed) {
    bool is_object = *p == '{';
    if (s->depth == s->depth_max) {
        return fail(s, p, HG_E2BIG);
    }
    struct hg_json_node *node = push(s, p, is_object ? HG_JSON_OBJECT : HG_JSON_ARRAY);
    if (node == NULL) {
        return NULL;
    }
    node->next = s->open;
    s->open = s->tape->n - 1;
    s->depth++;
    p = skip_space(p + 1, s->end);
    *ret_is_closed = p < s->end && *p == (is_object ? '}' : ']');
    if (*ret_is_closed) {
        return close_container(s, p);
    }
    return is_object ? scan_key(s, p) : p;
}

/* What begins at p, whole or, for a container, opened. */
static inline const unsigned char *scan_value(struct scan *s, const unsigned char *p,
                                              bool *ret_is_whole) {
    *ret_is_whole = true;
    if (p == s->end) {
        return fail(s, p, HG_EINVAL);
    }
    switch (kinds[*p]) {
    case QUOTE:
        return scan_string(s, p + 1);
    case DIGIT:
        return scan_number(s, p);
    case OPEN_ARRAY:
    case OPEN_OBJECT:
        return open_container(s, p, ret_is_whole);
    case WORD:
        return scan_word(s, p);
    default:
        return fail(s, p, HG_EINVAL);
    }
}

/* Behind a value: closes what ends here. *ret_is_done when nothing is open any
 * more; else the next value begins at what is returned. */
static inline const unsigned char *scan_after(struct scan *s, const unsigned char *p,
                                              bool *ret_is_done) {
    *ret_is_done = false;
    while (s->open != NONE) {
        bool is_object = s->tape->nodes[s->open].type == HG_JSON_OBJECT;
        p = skip_space(p, s->end);
        if (p == s->end) {
            return fail(s, p, HG_EINVAL);
        }
        if (*p == ',') {
            p = skip_space(p + 1, s->end);
            return is_object ? scan_key(s, p) : p;
        }
        if (*p != (is_object ? '}' : ']')) {
            return fail(s, p, HG_EINVAL);
        }
        p = close_container(s, p);
    }
    *ret_is_done = true;
    return p;
}

int hg_json_scan_at(struct hg_json_tape *tape, struct hg_slice text, size_t from,
                    const struct hg_json_limits *limits, size_t *ret_end, size_t *ret_at) {
    if (text.len >= UINT32_MAX) {
        return HG_E2BIG;
    }
    /* No bytes may come as NULL, which is how the scan says a fault. */
    const unsigned char *bytes = (const unsigned char *)(text.len > 0 ? text.ptr : "");
    struct scan s = {.text = bytes, .end = bytes + text.len, .tape = tape, .open = NONE};
    s.depth_max = limits != NULL && limits->depth_max > 0 ? limits->depth_max : DEPTH_MAX;
    s.nodes_max = limits != NULL && limits->nodes_max > 0 ? limits->nodes_max : NODES_MAX;
    s.room = tape->cap < s.nodes_max ? tape->cap : s.nodes_max;
    tape->text = text;
    tape->n = 0;

    const unsigned char *p = skip_space(bytes + from, s.end);
    for (bool is_done = false; p != NULL && !is_done;) {
        bool is_whole;
        p = scan_value(&s, p, &is_whole);
        if (p != NULL && is_whole) {
            p = scan_after(&s, p, &is_done);
        }
    }
    if (p == NULL) {
        if (s.err == HG_EINVAL) {
            *ret_at = (size_t)(s.fault - bytes);
        }
        return s.err;
    }
    *ret_end = (size_t)(p - bytes);
    return 0;
}

int hg_json_scan(struct hg_json_tape *tape, struct hg_slice text,
                 const struct hg_json_limits *limits, size_t *ret_at) {
    size_t end;
    int err = hg_json_scan_at(tape, text, 0, limits, &end, ret_at);
    if (err != 0) {
        return err;
    }
    end = hg_json_skip_space(text, end);
    if (end < text.len) {
        *ret_at = end;
        return HG_EINVAL;
    }
    return 0;
}

size_t hg_json_skip_space(struct hg_slice text, size_t from) {
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    return (size_t)(skip_space(bytes + from, bytes + text.len) - bytes);
}

void hg_json_tape_fini(struct hg_json_tape *tape) {
    hg_free(tape->is_lent ? NULL : tape->nodes);
    *tape = (struct hg_json_tape){0};
}
