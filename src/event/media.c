/* SPDX-License-Identifier: Apache-2.0 */
/* media.c - reading a media type as far as the codecs need it. What is no
 * media type at all is simply none of the kinds asked for. */
#include "event/media.h"

/* The length of what stands before the first c. */
static size_t before(struct hg_slice s, char c) {
    const char *at = s.len > 0 ? memchr(s.ptr, c, s.len) : NULL;
    return at != NULL ? (size_t)(at - s.ptr) : s.len;
}

struct hg_slice hg_media_essence(struct hg_slice media_type) {
    return hg_slice_trim((struct hg_slice){media_type.ptr, before(media_type, ';')});
}

static bool split(struct hg_slice media_type, struct hg_slice *ret_type,
                  struct hg_slice *ret_subtype) {
    struct hg_slice essence = hg_media_essence(media_type);
    size_t slash = before(essence, '/');
    if (slash == 0 || slash + 1 >= essence.len) {
        return false;
    }
    *ret_type = (struct hg_slice){essence.ptr, slash};
    *ret_subtype = (struct hg_slice){essence.ptr + slash + 1, essence.len - slash - 1};
    return true;
}

bool hg_media_is_json(struct hg_slice media_type) {
    struct hg_slice type, subtype;
    if (!split(media_type, &type, &subtype)) {
        return false;
    }
    struct hg_slice end = subtype;
    if (subtype.len > 5) {
        end = (struct hg_slice){subtype.ptr + subtype.len - 5, 5};
    }
    return hg_slice_ieq(subtype, HG_SLICE("json")) ||
           (subtype.len > 5 && hg_slice_ieq(end, HG_SLICE("+json")));
}

bool hg_media_is_text(struct hg_slice media_type) {
    struct hg_slice type, subtype;
    return split(media_type, &type, &subtype) && hg_slice_ieq(type, HG_SLICE("text"));
}

/* Up to the next semicolon outside quotes; *s moves behind it. */
static struct hg_slice take_parameter(struct hg_slice *s) {
    size_t i = 0;
    bool is_quoted = false;
    for (; i < s->len && (is_quoted || s->ptr[i] != ';'); i++) {
        if (is_quoted && s->ptr[i] == '\\') {
            i += i + 1 < s->len;
        } else if (s->ptr[i] == '"') {
            is_quoted = !is_quoted;
        }
    }
    struct hg_slice ret = hg_slice_trim((struct hg_slice){s->ptr, i});
    size_t skip = i < s->len ? i + 1 : i;
    *s = (struct hg_slice){s->ptr + skip, s->len - skip};
    return ret;
}

static bool is_utf8_name(struct hg_slice charset) {
    if (charset.len >= 2 && charset.ptr[0] == '"' && charset.ptr[charset.len - 1] == '"') {
        charset = (struct hg_slice){charset.ptr + 1, charset.len - 2};
    }
    return hg_slice_ieq(charset, HG_SLICE("utf-8")) || hg_slice_ieq(charset, HG_SLICE("utf8")) ||
           hg_slice_ieq(charset, HG_SLICE("us-ascii"));
}

bool hg_media_is_utf8(struct hg_slice media_type) {
    size_t skip = before(media_type, ';');
    struct hg_slice rest = {media_type.ptr + skip, media_type.len - skip};
    while (rest.len > 0) {
        struct hg_slice parameter = take_parameter(&rest);
        size_t equals = before(parameter, '=');
        struct hg_slice name = {parameter.ptr, equals};
        if (equals < parameter.len && hg_slice_ieq(hg_slice_trim(name), HG_SLICE("charset"))) {
            struct hg_slice value = {parameter.ptr + equals + 1, parameter.len - equals - 1};
            return is_utf8_name(hg_slice_trim(value));
        }
    }
    return true;
}
