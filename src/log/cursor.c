/* SPDX-License-Identifier: Apache-2.0 */
/* cursor.c - a position in each of several partitions, as one token. */
#include "log/position.h"

enum { TOKENS_MAX = 256 };

void hg_cursor_fini(struct hg_cursor *c) {
    hg_free(c->items);
    *c = (struct hg_cursor){0};
}

/* Index of the partition's item, or of where it belongs. */
static size_t place(const struct hg_cursor *c, uint64_t topic_tag, uint16_t partition,
                    bool *ret_found) {
    size_t low = 0, high = c->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct hg_position *p = &c->items[middle];
        if (p->topic_tag < topic_tag || (p->topic_tag == topic_tag && p->partition < partition)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_found =
        low < c->n && c->items[low].topic_tag == topic_tag && c->items[low].partition == partition;
    return low;
}

static int reserve(struct hg_cursor *c, size_t n) {
    if (n <= c->cap) {
        return 0;
    }
    size_t cap = c->cap < 4 ? 4 : c->cap * 2;
    cap = cap < n ? n : cap;
    struct hg_position *items = hg_try_realloc(c->items, cap * sizeof *items);
    if (items == NULL) {
        return HG_ENOMEM;
    }
    c->items = items;
    c->cap = cap;
    return 0;
}

int hg_cursor_set(struct hg_cursor *c, const struct hg_position *p) {
    bool found;
    size_t at = place(c, p->topic_tag, p->partition, &found);
    if (!found && reserve(c, c->n + 1) != 0) {
        return HG_ENOMEM;
    }
    HG_ASSERT(c->items != NULL); /* it was found there, or there is room for it */
    if (!found) {
        memmove(c->items + at + 1, c->items + at, (c->n - at) * sizeof *c->items);
        c->n++;
    }
    c->items[at] = *p;
    return 0;
}

const struct hg_position *hg_cursor_get(const struct hg_cursor *c, uint64_t topic_tag,
                                        uint16_t partition) {
    bool found;
    size_t at = place(c, topic_tag, partition, &found);
    return found ? &c->items[at] : NULL;
}

void hg_cursor_format(const struct hg_cursor *c, struct hg_buf *out) {
    char text[HG_POSITION_TEXT_LEN + 1];
    for (size_t i = 0; i < c->n; i++) {
        if (i > 0) {
            HG_BUF_LIT(out, ".");
        }
        hg_position_format(&c->items[i], text);
        hg_buf_put(out, text, HG_POSITION_TEXT_LEN);
    }
}

/* Is a further on than b? Both are of one partition. What comes next is
 * offset + 1, which makes "before the first" (all bits set) the smallest. */
static bool is_later(const struct hg_position *a, const struct hg_position *b) {
    if (a->epoch != b->epoch) {
        return a->epoch > b->epoch;
    }
    if (a->offset != b->offset) {
        return a->offset + 1 > b->offset + 1;
    }
    return b->fingerprint == 0;
}

/* Cut the next token off text; every token is followed by '.' or the end. */
static struct hg_slice take_token(struct hg_slice *text, bool *ret_is_last) {
    const char *dot = text->len > 0 ? memchr(text->ptr, '.', text->len) : NULL;
    struct hg_slice token = {text->ptr, dot != NULL ? (size_t)(dot - text->ptr) : text->len};
    *ret_is_last = dot == NULL;
    size_t used = token.len + (dot != NULL);
    if (used > 0) { /* an empty text may be nowhere */
        *text = (struct hg_slice){text->ptr + used, text->len - used};
    }
    return token;
}

/* All tokens are sound, and how many partitions they add at most. */
static int check(const struct hg_cursor *c, struct hg_slice text, size_t *ret_added) {
    size_t tokens = 0, added = 0;
    for (bool is_last = false; !is_last;) {
        struct hg_position p;
        struct hg_slice token = take_token(&text, &is_last);
        if (++tokens > TOKENS_MAX) {
            return HG_E2BIG;
        }
        if (hg_position_parse(token, &p) != 0) {
            return HG_EINVAL;
        }
        added += hg_cursor_get(c, p.topic_tag, p.partition) == NULL;
    }
    if (c->n + added > TOKENS_MAX) {
        return HG_E2BIG;
    }
    *ret_added = added;
    return 0;
}

int hg_cursor_merge(struct hg_cursor *c, struct hg_slice text) {
    size_t added = 0;
    int err = check(c, text, &added);
    if (err == 0) {
        err = reserve(c, c->n + added);
    }
    if (err != 0) {
        return err;
    }
    for (bool is_last = false; !is_last;) {
        struct hg_position p;
        int parsed = hg_position_parse(take_token(&text, &is_last), &p);
        HG_ASSERT(parsed == 0);
        const struct hg_position *old = hg_cursor_get(c, p.topic_tag, p.partition);
        if (old == NULL || is_later(&p, old)) {
            int stored = hg_cursor_set(c, &p); /* there is room: it was reserved */
            HG_ASSERT(stored == 0);
        }
    }
    return 0;
}
