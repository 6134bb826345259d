/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - strict JSON (RFC 8259) to a flat tape: one pass, no tree, nothing
 * copied. Member order and the bytes of every value are kept. */
#ifndef HG_EVENT_JSON_H
#define HG_EVENT_JSON_H

#include "headgate/base.h"
#include "headgate/buf.h"

enum hg_json_type {
    HG_JSON_NULL,
    HG_JSON_FALSE,
    HG_JSON_TRUE,
    HG_JSON_NUMBER,
    HG_JSON_STRING, /* start and len are between the quotes */
    HG_JSON_ARRAY,
    HG_JSON_OBJECT, /* members: key node (HG_JSON_STRING), value node, ... */
};

struct hg_json_node {
    uint32_t start; /* offset of the value's bytes */
    uint32_t len;
    uint32_t next;       /* index of the node after this value and all inside it */
    uint8_t type;        /* enum hg_json_type */
    uint8_t has_escapes; /* strings: a backslash occurs */
    uint8_t has_nul;     /* strings: an escaped U+0000 occurs */
    uint8_t is_integer;  /* numbers: no fraction, no exponent */
};

/* Reused from one text to the next; zeroed is empty. nodes[0] is the root. */
struct hg_json_tape {
    struct hg_slice text;
    struct hg_json_node *nodes;
    uint32_t n, cap;
    bool is_lent; /* nodes are the caller's, until they are too few */
};

/* An empty tape that begins with memory of the caller's. */
static inline struct hg_json_tape hg_json_tape_over(struct hg_json_node *nodes, uint32_t cap) {
    return (struct hg_json_tape){.nodes = nodes, .cap = cap, .is_lent = true};
}

struct hg_json_limits {
    uint32_t depth_max; /* 0: 64 */
    uint32_t nodes_max; /* 0: 100,000 */
};

/* 0, HG_EINVAL (*ret_at is the offset of the fault), HG_E2BIG (a limit),
 * HG_ENOMEM. text must outlive the tape's use and be under 4 GiB. Checks
 * UTF-8 and surrogate escapes; does not look for duplicate members. */
int hg_json_scan(struct hg_json_tape *tape, struct hg_slice text,
                 const struct hg_json_limits *limits, size_t *ret_at);
/* The same for one value that begins at or after from and need not end the
 * text: *ret_end is where it ends. For members of a list one by one. */
int hg_json_scan_at(struct hg_json_tape *tape, struct hg_slice text, size_t from,
                    const struct hg_json_limits *limits, size_t *ret_end, size_t *ret_at);
/* The offset of the first byte at or after from that is not white space. */
size_t hg_json_skip_space(struct hg_slice text, size_t from);
void hg_json_tape_fini(struct hg_json_tape *tape);

static inline struct hg_slice hg_json_bytes(const struct hg_json_tape *t, uint32_t node) {
    return (struct hg_slice){t->text.ptr + t->nodes[node].start, t->nodes[node].len};
}

/* The text of a string node without escapes, appended. */
void hg_json_unescape(const struct hg_json_tape *t, uint32_t node, struct hg_buf *out);
/* Does any object under node have the same member twice? Names are compared
 * unescaped. Returns the node of the second key, or 0. */
uint32_t hg_json_duplicate(const struct hg_json_tape *t, uint32_t node);
/* The same for the members of one object, not of those inside it. */
uint32_t hg_json_duplicate_member(const struct hg_json_tape *t, uint32_t object);
/* The same in scratch of at least 128 bytes instead of memory of its own:
 * the less there is, the more passes it takes. */
uint32_t hg_json_duplicate_within(const struct hg_json_tape *t, uint32_t object, void *scratch,
                                  size_t scratch_bytes);

#endif
