/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - --name value, --name=value, -x value, -xvalue, -xy; "--" ends
 * options and "-" is an operand, as everywhere. */
#include "ctl/options.h"

#include <stdarg.h>

#include "conf/unit.h"

enum { FAULT_MAX = 256, HELP_COLUMN = 28 };

struct reader {
    const struct hg_ctl_option *rows;
    char *const *next; /* the argument to read next */
    char *const *end;
    char *args;
    struct hg_ctl_operands *operands;
    char *fault;
};

static int refuse(struct reader *r, const char *fmt, ...) HG_PRINTF(2, 3);

static int refuse(struct reader *r, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->fault, FAULT_MAX, fmt, args);
    va_end(args);
    return HG_EINVAL;
}

static bool is_flag(const struct hg_ctl_option *row) {
    return row->kind == HG_CTL_FLAG || row->kind == HG_CTL_NO_FLAG;
}

static int set_choice(struct reader *r, const struct hg_ctl_option *row, const char *value) {
    char words[128] = "";
    size_t len = 0;
    HG_ASSERT(value != NULL); /* a flag alone has none */
    for (int i = 0; row->choices[i] != NULL; i++) {
        if (strcmp(row->choices[i], value) == 0) {
            *(int *)(void *)(r->args + row->at) = i;
            return 0;
        }
        len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s", i > 0 ? ", " : "",
                                row->choices[i]);
    }
    return refuse(r, "--%s: \"%s\" is not known; expected one of %s", row->name, value, words);
}

static int set_number(struct reader *r, const struct hg_ctl_option *row, const char *value) {
    int64_t number = 0;
    bool is_time = row->kind == HG_CTL_DURATION;
    char min[HG_UNIT_TEXT_MAX], max[HG_UNIT_TEXT_MAX];
    enum hg_unit verdict = is_time ? hg_unit_duration(hg_slice_of(value), &number)
                                   : hg_unit_int(hg_slice_of(value), &number);
    enum hg_slot slot = is_time ? HG_SLOT_DURATION : HG_SLOT_INT;
    if (verdict == HG_UNIT_OK && number >= row->min && number <= row->max) {
        *(int64_t *)(void *)(r->args + row->at) = number;
        return 0;
    }
    hg_unit_format(slot, row->min, hg_slice_of(value), min);
    hg_unit_format(slot, row->max, hg_slice_of(value), max);
    return refuse(r, "--%s: \"%s\" does not fit; expected %s from %s to %s", row->name, value,
                  is_time ? "a time" : "a number", min, max);
}

static int add_text(struct reader *r, const struct hg_ctl_option *row, const char *value) {
    struct hg_ctl_texts *texts = (void *)(r->args + row->at);
    if (texts->n == HG_CTL_TEXTS_MAX) {
        return refuse(r, "--%s is given more than %d times", row->name, HG_CTL_TEXTS_MAX);
    }
    texts->items[texts->n++] = value;
    return 0;
}

static int set(struct reader *r, const struct hg_ctl_option *row, const char *value) {
    switch (row->kind) {
    case HG_CTL_FLAG:
    case HG_CTL_NO_FLAG:
        *(bool *)(r->args + row->at) = row->kind == HG_CTL_FLAG;
        return 0;
    case HG_CTL_TEXT:
        *(const char **)(void *)(r->args + row->at) = value;
        return 0;
    case HG_CTL_TEXTS:
        return add_text(r, row, value);
    case HG_CTL_NUMBER:
    case HG_CTL_DURATION:
        return set_number(r, row, value);
    case HG_CTL_CHOICE:
        return set_choice(r, row, value);
    }
    return HG_EINVAL;
}

/* Its value is what stands joined to it, else the next argument. */
static int set_with_value(struct reader *r, const struct hg_ctl_option *row, const char *joined) {
    if (joined == NULL && r->next == r->end) {
        return refuse(r, "--%s needs a value: %s", row->name, row->value);
    }
    return set(r, row, joined != NULL ? joined : *r->next++);
}

static int read_long(struct reader *r, const char *text) {
    const char *equals = strchr(text, '=');
    struct hg_slice name = {text, equals != NULL ? (size_t)(equals - text) : strlen(text)};
    for (const struct hg_ctl_option *row = r->rows; row->name != NULL; row++) {
        if (!hg_slice_eq(name, hg_slice_of(row->name))) {
            continue;
        }
        if (!is_flag(row)) {
            return set_with_value(r, row, equals != NULL ? equals + 1 : NULL);
        }
        return equals == NULL ? set(r, row, NULL) : refuse(r, "--%s takes no value", row->name);
    }
    return refuse(r, "--%.*s is not known", HG_FMT(name));
}

static int read_letters(struct reader *r, const char *text) {
    for (; *text != 0; text++) {
        const struct hg_ctl_option *row = r->rows;
        while (row->name != NULL && row->letter != *text) {
            row++;
        }
        if (row->name == NULL) {
            return refuse(r, "-%c is not known", *text);
        }
        if (!is_flag(row)) {
            return set_with_value(r, row, text[1] != 0 ? text + 1 : NULL);
        }
        set(r, row, NULL);
    }
    return 0;
}

static int add_operand(struct reader *r, const char *text) {
    if (r->operands->n == HG_CTL_OPERANDS_MAX) {
        return refuse(r, "\"%s\" is one argument too many", text);
    }
    r->operands->items[r->operands->n++] = text;
    return 0;
}

int hg_ctl_options_read(const struct hg_ctl_option *rows, int argc, char *const *argv, void *args,
                        struct hg_ctl_operands *operands, char ret_fault[256]) {
    struct reader r = {rows, argv, argv + argc, args, operands, ret_fault};
    bool has_ended = false;
    int err = 0;
    while (err == 0 && r.next < r.end && !operands->wants_help) {
        const char *text = *r.next++;
        if (has_ended || text[0] != '-' || text[1] == 0) {
            err = add_operand(&r, text);
        } else if (strcmp(text, "--") == 0) {
            has_ended = true;
        } else if (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0) {
            operands->wants_help = true;
        } else {
            err = text[1] == '-' ? read_long(&r, text + 2) : read_letters(&r, text + 1);
        }
    }
    return err;
}

void hg_ctl_options_print(const struct hg_ctl_option *rows, FILE *out) {
    for (const struct hg_ctl_option *row = rows; row->name != NULL; row++) {
        char left[64], letter[5] = "    ";
        if (row->letter != 0) {
            snprintf(letter, sizeof(letter), "-%c, ", row->letter);
        }
        int len = snprintf(left, sizeof(left), "  %s--%s%s%s", letter, row->name,
                           row->value != NULL ? " " : "", row->value != NULL ? row->value : "");
        if (len >= HELP_COLUMN) {
            fprintf(out, "%s\n%*s%s\n", left, HELP_COLUMN, "", row->help);
        } else {
            fprintf(out, "%-*s%s\n", HELP_COLUMN, left, row->help);
        }
    }
}
