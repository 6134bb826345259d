/* SPDX-License-Identifier: Apache-2.0 */
/* trouble.c - problem documents, other bodies, and no answer at all. */
#include "ctl/trouble.h"

#include <jansson.h>
#include <stdio.h>

static const char *member(const json_t *problem, const char *name) {
    const char *text = json_string_value(json_object_get(problem, name));
    return text != NULL ? text : "";
}

static void put_problem(const json_t *problem, int status, struct hg_ctl_trouble *ret) {
    const char *title = member(problem, "title"), *detail = member(problem, "detail");
    const char *pointer = member(problem, "pointer");
    const json_t *index = json_object_get(problem, "index");
    snprintf(ret->text, sizeof(ret->text), "%d %s%s%s%s%s%s", status, title,
             detail[0] != 0 ? ": " : "", detail, pointer[0] != 0 ? " (" : "", pointer,
             pointer[0] != 0 ? ")" : "");
    if (json_is_integer(index)) {
        ret->index = json_integer_value(index);
    }
}

/* Somebody in between, or no gateway at all: what its first line says. */
static void put_other(const struct hg_fetch_answer *a, struct hg_ctl_trouble *ret) {
    size_t len = 0;
    while (len < a->body.len && len < 200 && a->body.ptr[len] != '\n' && a->body.ptr[len] != 0) {
        len++;
    }
    snprintf(ret->text, sizeof(ret->text), "%d%s%.*s", a->status, len > 0 ? ": " : "", (int)len,
             len > 0 ? a->body.ptr : "");
}

void hg_ctl_trouble_read(const struct hg_fetch_answer *answer, struct hg_ctl_trouble *ret) {
    ret->index = -1;
    if (answer->outcome != HG_FETCH_ANSWERED) {
        snprintf(ret->text, sizeof(ret->text), "%s", answer->text);
        return;
    }
    json_t *problem = NULL;
    if (answer->body.len > 0) {
        problem = json_loadb(answer->body.ptr, answer->body.len, 0, NULL);
    }
    if (member(problem, "title")[0] != 0) {
        put_problem(problem, answer->status, ret);
    } else {
        put_other(answer, ret);
    }
    json_decref(problem);
}
