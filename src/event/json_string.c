/* SPDX-License-Identifier: Apache-2.0 */
/* json_string.c - string nodes as text: undoing escapes, comparing names, and
 * finding a member that occurs twice. The scan has checked every escape. */
#include "event/json.h"

#include "base/hash.h"
#include "event/codepoint.h"

/* A walk over the text of a string node in pieces: a run without escapes, or
 * what one escape stands for. */
struct walk {
    const char *p, *end;
    char decoded[4];
};

static struct walk begin_walk(const struct hg_json_tape *t, uint32_t node) {
    struct hg_slice s = hg_json_bytes(t, node);
    return (struct walk){.p = s.ptr, .end = s.ptr + s.len};
}

static uint32_t read_hex4(const char *p) {
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)p[i];
        unit = unit << 4 | (c <= '9' ? c - 0x30u : (c | 0x20u) - 'a' + 10);
    }
    return unit;
}

/* w->p is behind \u. */
static struct hg_slice decode_unit(struct walk *w) {
    uint32_t c = read_hex4(w->p);
    w->p += 4;
    if (c >= 0xD800 && c <= 0xDBFF) {
        c = 0x10000 + ((c & 0x3FF) << 10 | (read_hex4(w->p + 2) & 0x3FF));
        w->p += 6;
    }
    return (struct hg_slice){w->decoded, hg_codepoint_write(c, w->decoded)};
}

static bool next_piece(struct walk *w, struct hg_slice *ret) {
    if (w->p == w->end) {
        return false;
    }
    if (*w->p != '\\') {
        const char *stop = memchr(w->p, '\\', (size_t)(w->end - w->p));
        stop = stop != NULL ? stop : w->end;
        *ret = (struct hg_slice){w->p, (size_t)(stop - w->p)};
        w->p = stop;
        return true;
    }
    static const char names[] = "bfnrt";
    static const char values[] = "\b\f\n\r\t";
    char c = w->p[1];
    w->p += 2;
    if (c == 'u') {
        *ret = decode_unit(w);
        return true;
    }
    const char *name = strchr(names, c);
    w->decoded[0] = name != NULL ? values[name - names] : c;
    *ret = (struct hg_slice){w->decoded, 1};
    return true;
}

void hg_json_unescape(const struct hg_json_tape *t, uint32_t node, struct hg_buf *out) {
    struct walk w = begin_walk(t, node);
    struct hg_slice piece;
    while (next_piece(&w, &piece)) {
        hg_buf_put_slice(out, piece);
    }
}

static bool is_same_escaped(const struct hg_json_tape *t, uint32_t a, uint32_t b) {
    struct walk wa = begin_walk(t, a), wb = begin_walk(t, b);
    struct hg_slice sa = {NULL, 0}, sb = {NULL, 0};
    for (;;) {
        bool has_a = sa.len > 0 || next_piece(&wa, &sa);
        bool has_b = sb.len > 0 || next_piece(&wb, &sb);
        if (!has_a || !has_b) {
            return has_a == has_b;
        }
        size_t n = sa.len < sb.len ? sa.len : sb.len;
        if (memcmp(sa.ptr, sb.ptr, n) != 0) {
            return false;
        }
        sa = (struct hg_slice){sa.ptr + n, sa.len - n};
        sb = (struct hg_slice){sb.ptr + n, sb.len - n};
    }
}

static bool is_same(const struct hg_json_tape *t, uint32_t a, uint32_t b) {
    if (t->nodes[a].has_escapes || t->nodes[b].has_escapes) {
        return is_same_escaped(t, a, b);
    }
    return hg_slice_eq(hg_json_bytes(t, a), hg_json_bytes(t, b));
}

static uint32_t hash_key(const struct hg_json_tape *t, uint32_t key) {
    struct hg_hash h;
    hg_hash_begin(&h, hg_hash_process_key());
    struct walk w = begin_walk(t, key);
    struct hg_slice piece;
    while (next_piece(&w, &piece)) {
        hg_hash_feed(&h, piece.ptr, piece.len);
    }
    uint8_t digest[16];
    uint32_t ret;
    hg_hash_end128(&h, digest);
    memcpy(&ret, digest, sizeof(ret));
    return ret;
}

/* A table of keys that were met in one object. key 0: free. */
struct seen {
    uint32_t tag;
    uint32_t key;
};

struct search {
    const struct hg_json_tape *tape;
    uint32_t object;
    struct seen *table;
    uint32_t slots; /* a power of two */
    uint32_t passes;
};

static uint32_t first_key(uint32_t object) {
    return object + 1;
}
static uint32_t next_key(const struct hg_json_tape *t, uint32_t key) {
    return t->nodes[key + 1].next;
}

/* The earlier key of this name, or 0 and key is noted. */
static uint32_t meet(const struct search *s, uint32_t key, uint32_t tag) {
    uint32_t at = tag & (s->slots - 1);
    for (; s->table[at].key != 0; at = (at + 1) & (s->slots - 1)) {
        if (s->table[at].tag == tag && is_same(s->tape, s->table[at].key, key)) {
            return s->table[at].key;
        }
    }
    s->table[at] = (struct seen){tag, key};
    return 0;
}

/* Looks at the keys whose hash falls on this pass. False: they are too many
 * for the table. */
static bool search_pass(const struct search *s, uint32_t pass, uint32_t *ret_key) {
    const struct hg_json_tape *t = s->tape;
    uint32_t end = t->nodes[s->object].next, met = 0;
    memset(s->table, 0, s->slots * sizeof(s->table[0]));
    for (uint32_t key = first_key(s->object); key < end; key = next_key(t, key)) {
        uint32_t tag = hash_key(t, key);
        if (((uint64_t)tag * s->passes) >> 32 != pass) {
            continue;
        }
        if (++met > s->slots / 4 * 3) {
            return false;
        }
        if (meet(s, key, tag) != 0) {
            *ret_key = key;
            return true;
        }
    }
    *ret_key = 0;
    return true;
}

uint32_t hg_json_duplicate_within(const struct hg_json_tape *t, uint32_t object, void *scratch,
                                  size_t scratch_bytes) {
    struct search s = {.tape = t, .object = object, .table = scratch, .slots = 16, .passes = 1};
    while (s.slots * 2 * sizeof(struct seen) <= scratch_bytes) {
        s.slots *= 2;
    }
    for (uint32_t pass = 0; pass < s.passes; pass++) {
        uint32_t key;
        if (!search_pass(&s, pass, &key)) {
            s.passes *= 2;
            pass = UINT32_MAX; /* begin again */
        } else if (key != 0) {
            return key;
        }
    }
    return 0;
}

enum { FEW = 16 };

/* Its length and its last byte tell most names apart, unless escapes hide them. */
static uint32_t mark_of(const struct hg_json_tape *t, uint32_t key) {
    struct hg_slice name = hg_json_bytes(t, key);
    return name.len > 0 ? (uint32_t)name.len << 8 | (unsigned char)name.ptr[name.len - 1] : 0;
}

/* The same for a handful: each with each, by their marks. */
static uint32_t duplicate_of_few(const struct hg_json_tape *t, const uint32_t *keys, size_t n) {
    uint32_t marks[FEW];
    bool has_escapes = false;
    for (size_t i = 0; i < n; i++) {
        marks[i] = mark_of(t, keys[i]);
        has_escapes = has_escapes || t->nodes[keys[i]].has_escapes;
    }
    for (size_t b = 1; b < n; b++) {
        for (size_t a = 0; a < b; a++) {
            if ((marks[a] == marks[b] || has_escapes) && is_same(t, keys[a], keys[b])) {
                return keys[b];
            }
        }
    }
    return 0;
}

uint32_t hg_json_duplicate_member(const struct hg_json_tape *t, uint32_t object) {
    enum { SOME = 512 };
    uint32_t end = t->nodes[object].next, first[FEW];
    size_t members = 0;
    for (uint32_t key = first_key(object); key < end; key = next_key(t, key)) {
        if (members < FEW) {
            first[members] = key;
        }
        members++;
    }
    if (members <= FEW) {
        return duplicate_of_few(t, first, members);
    }
    struct seen local[SOME * 2];
    size_t bytes = members * 4 * sizeof(struct seen);
    void *table = members > SOME ? hg_try_alloc(bytes) : NULL;
    /* Without memory the search is slower, not wrong. */
    uint32_t key = hg_json_duplicate_within(t, object, table != NULL ? table : local,
                                            table != NULL ? bytes : sizeof(local));
    hg_free(table);
    return key;
}

uint32_t hg_json_duplicate(const struct hg_json_tape *t, uint32_t node) {
    for (uint32_t i = node; i < t->nodes[node].next; i++) {
        uint32_t key = t->nodes[i].type == HG_JSON_OBJECT ? hg_json_duplicate_member(t, i) : 0;
        if (key != 0) {
            return key;
        }
    }
    return 0;
}
