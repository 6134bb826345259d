/* SPDX-License-Identifier: Apache-2.0 */
/* items.h - cuts a stream of bytes into the JSON objects in it: one, one a
 * line (NDJSON), several after each other, or the elements of an array. The
 * bytes of an object stay as they are. No I/O.
 *
 * What the first object looks like decides: one that ends on its line is the
 * first of many lines, and a line that is broken costs only itself. */
#ifndef HG_CTL_ITEMS_H
#define HG_CTL_ITEMS_H

#include "event/json.h"
#include "headgate/buf.h"

struct hg_ctl_items_ops {
    /* One object, checked to be JSON; it began on this line (from 1). Lives
     * until the callback returns. */
    void (*on_item)(void *arg, struct hg_slice json, size_t line);
    /* What stood there is left out. */
    void (*on_fault)(void *arg, size_t line, const char *text);
};

/* How far apart objects may stand. */
enum hg_ctl_items_form {
    HG_CTL_ITEMS_UNKNOWN,
    HG_CTL_ITEMS_LINES, /* each ends on the line where it begins */
    HG_CTL_ITEMS_LOOSE, /* white space between them, and inside */
    HG_CTL_ITEMS_ARRAY,
    HG_CTL_ITEMS_BROKEN, /* nothing more is read: where it would go on is not known */
};

/* Zeroed but for the first three is a reader at the start. */
struct hg_ctl_items {
    const struct hg_ctl_items_ops *ops;
    void *arg;
    size_t item_bytes_max; /* 0: 16 MiB */
    enum hg_ctl_items_form form;
    struct hg_buf item; /* what came of the current object so far */
    struct hg_json_tape tape;
    size_t line;       /* lines ended before */
    size_t begun_line; /* where the current object begins */
    size_t depth;      /* brackets open; 0: between objects */
    size_t bom;        /* bytes of one that were eaten */
    bool is_string, is_escaped;
    bool is_skipping; /* the rest of this line */
    bool needs_comma; /* array: an element has ended */
    bool has_begun;   /* something but white space came */
};

void hg_ctl_items_feed(struct hg_ctl_items *it, const char *bytes, size_t n);
/* The input is over. */
void hg_ctl_items_end(struct hg_ctl_items *it);
void hg_ctl_items_fini(struct hg_ctl_items *it);

#endif
