/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c - name{labels} value, a line each. */
#include "ctl/metrics.h"

static struct hg_slice cut_line(struct hg_slice page, size_t *at) {
    const char *line = page.ptr + *at;
    const char *end = memchr(line, '\n', page.len - *at);
    size_t len = end != NULL ? (size_t)(end - line) : page.len - *at;
    *at += len + (end != NULL ? 1 : 0);
    return (struct hg_slice){line, len};
}

/* Where the labels end: a brace that is not inside quotes. */
static size_t find_close(struct hg_slice line, size_t from) {
    bool is_quoted = false;
    for (size_t i = from; i < line.len; i++) {
        if (line.ptr[i] == '\\' && is_quoted) {
            i++;
        } else if (line.ptr[i] == '"') {
            is_quoted = !is_quoted;
        } else if (line.ptr[i] == '}' && !is_quoted) {
            return i;
        }
    }
    return line.len;
}

static bool read_line(struct hg_slice line, struct hg_ctl_sample *ret) {
    size_t i = 0;
    struct hg_slice labels = {NULL, 0};
    while (i < line.len && line.ptr[i] != '{' && line.ptr[i] != ' ') {
        i++;
    }
    struct hg_slice name = {line.ptr, i};
    if (i < line.len && line.ptr[i] == '{') {
        size_t close = find_close(line, i + 1);
        labels = (struct hg_slice){line.ptr + i + 1, close - i - 1};
        i = close + 1;
    }
    if (name.len == 0 || line.ptr[0] == '#' || i + 1 >= line.len || line.ptr[i] != ' ') {
        return false;
    }
    const char *value = line.ptr + i + 1;
    size_t left = line.len - i - 1;
    const char *space = memchr(value, ' ', left); /* a time may stand behind it */
    size_t len = space != NULL ? (size_t)(space - value) : left;
    *ret = (struct hg_ctl_sample){name, labels, {value, len}};
    return len > 0;
}

bool hg_ctl_metrics_next(struct hg_slice page, size_t *at, struct hg_ctl_sample *ret) {
    while (*at < page.len) {
        if (read_line(cut_line(page, at), ret)) {
            return true;
        }
    }
    return false;
}
