/* SPDX-License-Identifier: Apache-2.0 */
/* print.c - one event in one of three forms, from the tape of its JSON. */
#include "ctl/print.h"

#include "base/base64.h"
#include "event/media.h"
#include "log/position.h"

enum { NODES_MAX = 10000000, INDENT = 2 };

static uint32_t find(const struct hg_json_tape *t, const char *name) {
    uint32_t i = 1;
    while (i < t->nodes[0].next) {
        if (!t->nodes[i].has_escapes && hg_slice_eq(hg_json_bytes(t, i), hg_slice_of(name))) {
            return i + 1;
        }
        i = t->nodes[i + 1].next;
    }
    return 0;
}

/* Outside a string a line end of JSON is white space, and inside there is
 * none: so it may be written as a space. */
static void put_line(struct hg_buf *out, struct hg_slice json) {
    size_t from = out->len;
    hg_buf_put_slice(out, json);
    for (size_t i = from; i < out->len; i++) {
        if (out->ptr[i] == '\n' || out->ptr[i] == '\r') {
            out->ptr[i] = ' ';
        }
    }
}

static void put_position(struct hg_buf *out, struct hg_slice position, const char *space) {
    if (position.len > 0) {
        hg_buf_printf(out, ",%s\"hgposition\":%s", space, space[0] != 0 ? " " : "");
        hg_buf_put_json(out, position);
    }
}

/* --- json: as it came, on one line --- */

static void put_json(struct hg_ctl_printer *p, struct hg_slice position) {
    struct hg_slice whole = hg_json_bytes(&p->tape, 0);
    put_line(&p->text, (struct hg_slice){whole.ptr, whole.len - 1});
    put_position(&p->text, p->tape.nodes[0].next > 1 ? position : HG_SLICE(""), "");
    HG_BUF_LIT(&p->text, "}\n");
}

/* --- pretty: a member a line --- */

static void put_indent(struct hg_buf *out, int depth) {
    hg_buf_printf(out, "\n%*s", depth * INDENT, "");
}

static void put_quoted(struct hg_buf *out, struct hg_slice inside) {
    HG_BUF_LIT(out, "\"");
    hg_buf_put_slice(out, inside);
    HG_BUF_LIT(out, "\"");
}

static void put_plain(struct hg_buf *out, const struct hg_json_tape *t, uint32_t node) {
    switch (t->nodes[node].type) {
    case HG_JSON_STRING:
        put_quoted(out, hg_json_bytes(t, node));
        break;
    case HG_JSON_ARRAY:
        HG_BUF_LIT(out, "[]");
        break;
    case HG_JSON_OBJECT:
        HG_BUF_LIT(out, "{}");
        break;
    default:
        hg_buf_put_slice(out, hg_json_bytes(t, node));
    }
}

/* As deep as the scanner let the text be. Returns the node behind. */
static uint32_t put_pretty(struct hg_buf *out, const struct hg_json_tape *t, uint32_t node,
                           int depth) {
    uint32_t at = node + 1, end = t->nodes[node].next;
    bool is_object = t->nodes[node].type == HG_JSON_OBJECT;
    if (at == end) {
        put_plain(out, t, node);
        return end;
    }
    hg_buf_put(out, is_object ? "{" : "[", 1);
    while (at < end) {
        put_indent(out, depth + 1);
        if (is_object) {
            put_quoted(out, hg_json_bytes(t, at));
            HG_BUF_LIT(out, ": ");
            at++;
        }
        at = put_pretty(out, t, at, depth + 1);
        if (at < end) {
            HG_BUF_LIT(out, ",");
        }
    }
    put_indent(out, depth);
    hg_buf_put(out, is_object ? "}" : "]", 1);
    return end;
}

static void put_object(struct hg_ctl_printer *p, struct hg_slice position) {
    put_pretty(&p->text, &p->tape, 0, 0);
    if (position.len > 0 && p->text.len > 2) {
        p->text.len -= 2; /* its LF and brace */
        put_position(&p->text, position, "\n  ");
        HG_BUF_LIT(&p->text, "\n}");
    }
    HG_BUF_LIT(&p->text, "\n");
}

/* --- data: what the producer sent --- */

static void put_base64(struct hg_buf *out, struct hg_slice text) {
    size_t len = 0;
    if (hg_buf_reserve(out, text.len / 4 * 3 + 3) == 0 &&
        hg_base64_decode(text, out->ptr + out->len, &len) == 0) {
        out->len += len;
    }
}

static void put_data(struct hg_ctl_printer *p) {
    const struct hg_json_tape *t = &p->tape;
    uint32_t data = find(t, "data"), base64 = find(t, "data_base64");
    uint32_t media = find(t, "datacontenttype");
    bool is_json = media == 0 || hg_media_is_json(hg_json_bytes(t, media));
    if (base64 != 0) {
        put_base64(&p->text, hg_json_bytes(t, base64));
    } else if (data != 0 && t->nodes[data].type == HG_JSON_STRING && !is_json) {
        hg_json_unescape(t, data, &p->text);
    } else if (data != 0) {
        bool is_string = t->nodes[data].type == HG_JSON_STRING;
        hg_buf_put(&p->text, "\"", is_string ? 1 : 0);
        put_line(&p->text, hg_json_bytes(t, data));
        hg_buf_put(&p->text, "\"", is_string ? 1 : 0);
    }
    HG_BUF_LIT(&p->text, "\n");
}

static bool read_event(struct hg_ctl_printer *p, struct hg_slice json) {
    const struct hg_json_limits limits = {.nodes_max = NODES_MAX};
    size_t at;
    return json.len > 0 && hg_json_scan(&p->tape, json, &limits, &at) == 0 &&
           p->tape.nodes[0].type == HG_JSON_OBJECT;
}

bool hg_ctl_print(struct hg_ctl_printer *p, struct hg_slice json, struct hg_slice position) {
    if (p->left == 0) {
        return false;
    }
    if (!read_event(p, json)) {
        hg_ctl_tell(p->ctl, "something that is no event came and is left out");
        return true;
    }
    uint32_t own = find(&p->tape, "hgposition");
    struct hg_slice shown = position.len == HG_POSITION_TEXT_LEN ? position : HG_SLICE("");
    hg_buf_clear(&p->text);
    if (p->format == HG_CTL_DATA) {
        put_data(p);
    } else if (p->format == HG_CTL_PRETTY) {
        put_object(p, own == 0 ? shown : HG_SLICE(""));
    } else {
        put_json(p, own == 0 ? shown : HG_SLICE(""));
    }
    fwrite(p->text.ptr, 1, p->text.len, p->ctl->out);
    if (own != 0) {
        position = hg_json_bytes(&p->tape, own);
    }
    if (position.len > 0) {
        hg_buf_clear(&p->position);
        hg_buf_put_slice(&p->position, position);
    }
    p->left -= p->left > 0 ? 1 : 0;
    return p->left != 0;
}

void hg_ctl_print_fini(struct hg_ctl_printer *p) {
    hg_buf_fini(&p->position);
    hg_buf_fini(&p->text);
    hg_json_tape_fini(&p->tape);
}
