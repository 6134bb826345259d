/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.c - the answer and its fields. */
#include "fetch/fetch.h"

#include <ctype.h>

void hg_fetch_answer_clear(struct hg_fetch_answer *a) {
    hg_buf_clear(&a->head);
    hg_buf_clear(&a->body);
    a->outcome = HG_FETCH_ANSWERED;
    a->status = 0;
    a->text[0] = 0;
}

void hg_fetch_answer_fini(struct hg_fetch_answer *a) {
    hg_buf_fini(&a->head);
    hg_buf_fini(&a->body);
}

/* Kept as "name:value" and LF. A line without a name (a folded one, or none at
 * all) says nothing that could be relied upon. */
void hg_fetch_answer_add_line(struct hg_fetch_answer *a, struct hg_slice line) {
    while (line.len > 0 && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r')) {
        line.len--;
    }
    const char *colon = line.len > 0 ? memchr(line.ptr, ':', line.len) : NULL;
    if (colon == NULL || colon == line.ptr || line.ptr[0] == ' ' || line.ptr[0] == '\t') {
        return;
    }
    struct hg_slice name = {line.ptr, (size_t)(colon - line.ptr)};
    struct hg_slice value = hg_slice_trim((struct hg_slice){colon + 1, line.len - name.len - 1});
    name = hg_slice_trim(name);
    if (value.len > 0 && memchr(value.ptr, '\n', value.len) != NULL) {
        return;
    }
    for (size_t i = 0; i < name.len; i++) {
        char c = (char)tolower((unsigned char)name.ptr[i]);
        hg_buf_put(&a->head, &c, 1);
    }
    HG_BUF_LIT(&a->head, ":");
    hg_buf_put_slice(&a->head, value);
    HG_BUF_LIT(&a->head, "\n");
}

bool hg_fetch_field_next(const struct hg_fetch_answer *a, size_t *at, struct hg_field *ret) {
    if (*at >= a->head.len) {
        return false;
    }
    const char *line = a->head.ptr + *at;
    const char *end = memchr(line, '\n', a->head.len - *at);
    const char *colon = end != NULL ? memchr(line, ':', (size_t)(end - line)) : NULL;
    if (colon == NULL) {
        return false; /* cut where the limit was */
    }
    ret->name = (struct hg_slice){line, (size_t)(colon - line)};
    ret->value = (struct hg_slice){colon + 1, (size_t)(end - colon) - 1};
    *at = (size_t)(end - a->head.ptr) + 1;
    return true;
}

bool hg_fetch_field(const struct hg_fetch_answer *a, struct hg_slice name,
                    struct hg_slice *ret_value) {
    struct hg_field field;
    size_t at = 0;
    while (hg_fetch_field_next(a, &at, &field)) {
        if (hg_slice_eq(field.name, name)) {
            *ret_value = field.value;
            return true;
        }
    }
    return false;
}

static bool is_token(char c) {
    return isalnum((unsigned char)c) || (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool hg_fetch_field_is_legal(const struct hg_field *field) {
    if (field->name.len == 0) {
        return false;
    }
    for (size_t i = 0; i < field->name.len; i++) {
        if (!is_token(field->name.ptr[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < field->value.len; i++) {
        unsigned char c = (unsigned char)field->value.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}
