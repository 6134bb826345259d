/* SPDX-License-Identifier: Apache-2.0 */
/* items.c - brackets are counted to find where an object ends; whether it is
 * JSON is then for the scanner of event/ to say, before it is handed on.
 *
 *   between objects --open--> inside --close--> between objects
 *         |                     |
 *       stray()              on LF in LINES: drop_line() */
#include "ctl/items.h"

#include <stdio.h>

enum { ITEM_BYTES_DEFAULT = 16 << 20, NODES_MAX = 10000000 };

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void tell(struct hg_ctl_items *it, size_t line, const char *text) {
    it->ops->on_fault(it->arg, line, text);
}

/* Without lines to go by, nobody knows where the next object begins. */
static void lose_way(struct hg_ctl_items *it) {
    bool has_lines = it->form == HG_CTL_ITEMS_LINES || it->form == HG_CTL_ITEMS_UNKNOWN;
    hg_buf_clear(&it->item);
    it->depth = 0;
    it->is_string = it->is_escaped = false;
    it->form = has_lines ? HG_CTL_ITEMS_LINES : HG_CTL_ITEMS_BROKEN;
    it->is_skipping = has_lines;
}

static void put(struct hg_ctl_items *it, const char *bytes, size_t n) {
    it->item.max = it->item_bytes_max > 0 ? it->item_bytes_max : ITEM_BYTES_DEFAULT;
    hg_buf_put(&it->item, bytes, n);
}

static void give(struct hg_ctl_items *it) {
    const struct hg_json_limits limits = {.nodes_max = NODES_MAX};
    char text[96];
    size_t at = 0;
    int err = HG_E2BIG;
    if (!it->item.is_failed) {
        err = hg_json_scan(&it->tape, hg_buf_slice(&it->item), &limits, &at);
    }
    if (err == HG_EINVAL) {
        snprintf(text, sizeof(text), "not JSON at byte %zu of the event", at + 1);
        tell(it, it->begun_line, text);
    } else if (err != 0) {
        tell(it, it->begun_line, "the event is too large or too deep");
    } else {
        it->ops->on_item(it->arg, hg_buf_slice(&it->item), it->begun_line);
    }
    hg_buf_clear(&it->item);
}

/* The byte inside an object; true: it was its last. */
static bool walk(struct hg_ctl_items *it, char c) {
    if (it->is_string) {
        it->is_string = it->is_escaped || c != '"';
        it->is_escaped = !it->is_escaped && c == '\\';
        return false;
    }
    it->is_string = c == '"';
    if (c == '{' || c == '[') {
        it->depth++;
    } else if (c == '}' || c == ']') {
        it->depth--;
    }
    return it->depth == 0;
}

static void stray(struct hg_ctl_items *it, const char *expected) {
    tell(it, it->line + 1, expected);
    lose_way(it);
}

static void open_item(struct hg_ctl_items *it) {
    it->begun_line = it->line + 1;
    it->depth = 1;
    it->has_begun = true;
}

/* The byte between objects of an array. */
static void take_in_array(struct hg_ctl_items *it, char c) {
    if (c == '{' && !it->needs_comma) {
        open_item(it);
    } else if (c == ',' && it->needs_comma) {
        it->needs_comma = false;
    } else if (c == ']') {
        it->form = HG_CTL_ITEMS_LOOSE;
        it->needs_comma = false;
    } else if (!is_space(c)) {
        stray(it, "expected an event, a comma or the end of the array");
    }
}

static void take_between(struct hg_ctl_items *it, char c) {
    if (it->form == HG_CTL_ITEMS_ARRAY) {
        take_in_array(it, c);
    } else if (c == '{') {
        open_item(it);
    } else if (c == '[' && it->form != HG_CTL_ITEMS_LINES) {
        it->form = HG_CTL_ITEMS_ARRAY;
        it->has_begun = true;
    } else if (!is_space(c)) {
        it->has_begun = true;
        stray(it, "expected an event, a JSON object");
    }
}

static void end_item(struct hg_ctl_items *it) {
    if (it->form == HG_CTL_ITEMS_UNKNOWN) {
        bool is_line = it->begun_line == it->line + 1;
        it->form = is_line ? HG_CTL_ITEMS_LINES : HG_CTL_ITEMS_LOOSE;
    }
    it->needs_comma = it->form == HG_CTL_ITEMS_ARRAY;
    give(it);
}

/* A line ends inside an object. */
static void drop_line(struct hg_ctl_items *it) {
    tell(it, it->begun_line, "the line ends inside the event");
    lose_way(it);
    it->is_skipping = false;
}

/* Some editors begin a file with EF BB BF. */
static bool is_bom(struct hg_ctl_items *it, char c) {
    static const char bom[] = "\xef\xbb\xbf";
    if (it->bom < 3 && !it->has_begun && it->line == 0 && c == bom[it->bom]) {
        it->bom++;
        return true;
    }
    return false;
}

/* Bytes of one object are put together in runs: from is where the run of this
 * piece begins. */
void hg_ctl_items_feed(struct hg_ctl_items *it, const char *bytes, size_t n) {
    size_t from = 0;
    for (size_t i = 0; i < n && it->form != HG_CTL_ITEMS_BROKEN; i++) {
        char c = bytes[i];
        bool is_inside = it->depth > 0;
        if (is_inside && c == '\n' && it->form == HG_CTL_ITEMS_LINES) {
            drop_line(it);
        } else if (is_inside && walk(it, c)) {
            put(it, bytes + from, i + 1 - from);
            end_item(it);
        } else if (!is_inside && !it->is_skipping && !is_bom(it, c)) {
            take_between(it, c);
            from = i;
        }
        if (c == '\n') {
            it->line++;
            it->is_skipping = false;
        }
    }
    if (it->depth > 0 && from < n) {
        put(it, bytes + from, n - from);
    }
}

void hg_ctl_items_end(struct hg_ctl_items *it) {
    if (it->depth > 0) {
        tell(it, it->begun_line, "the input ends inside the event");
    } else if (it->form == HG_CTL_ITEMS_ARRAY) {
        tell(it, it->line + 1, "the input ends inside the array");
    }
    lose_way(it);
}

void hg_ctl_items_fini(struct hg_ctl_items *it) {
    hg_buf_fini(&it->item);
    hg_json_tape_fini(&it->tape);
}
