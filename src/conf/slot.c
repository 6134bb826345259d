/* SPDX-License-Identifier: Apache-2.0 */
/* slot.c - one directive to one typed value, checked against its row. The
 * words of every error about a value are here; no error shows a secret. */
#include "conf/tree.h"

#include <errno.h>
#include <inttypes.h>

#include "conf/unit.h"

/* Of an argument in an error. */
#define SHOW_MAX 64
#define SHOW(s) (int)((s).len > SHOW_MAX ? SHOW_MAX : (s).len), (s).ptr

static void *value_at(const struct hg_directive *row, void *conf) {
    return (char *)conf + row->at;
}

/* --- numbers --- */

static enum hg_unit read_number(enum hg_slot type, struct hg_slice arg, int64_t *ret) {
    return type == HG_SLOT_SIZE       ? hg_unit_size(arg, ret)
           : type == HG_SLOT_DURATION ? hg_unit_duration(arg, ret)
                                      : hg_unit_int(arg, ret);
}

static int parse_number(struct hg_conf_load *load, const struct hg_conf_line *line,
                        enum hg_slot type, struct hg_slice arg, int64_t *ret) {
    static const char *const what[] = {
        [HG_SLOT_INT] = "a whole number; expected digits, such as 10",
        [HG_SLOT_SIZE] = "a size; expected a number of bytes, or with k, m or g, such as 10m",
        [HG_SLOT_DURATION] = "a duration; expected a number with ms, s, m, h, d or w, such as 30s",
    };
    switch (read_number(type, arg, ret)) {
    case HG_UNIT_OK:
        return 0;
    case HG_UNIT_MALFORMED:
        hg_conf_fail(load, line, "\"%.*s\" is not %s", SHOW(arg), what[type]);
        return HG_EINVAL;
    case HG_UNIT_NEGATIVE:
        hg_conf_fail(load, line, "%.*s is negative; expected 0 or more", SHOW(arg));
        return HG_EINVAL;
    case HG_UNIT_TOO_LARGE:
        break;
    }
    hg_conf_fail(load, line, "%.*s is larger than any number can be", SHOW(arg));
    return HG_EINVAL;
}

static int set_number(struct hg_conf_load *load, const struct hg_directive *row,
                      const struct hg_conf_node *node, void *value) {
    const struct hg_slice arg = node->line.args[0];
    char limit[HG_UNIT_TEXT_MAX];
    int64_t n;
    if (parse_number(load, &node->line, row->type, arg, &n) != 0) {
        return HG_EINVAL;
    }
    if (n < row->min) {
        hg_unit_format(row->type, row->min, arg, limit);
        hg_conf_fail(load, &node->line, "%.*s is below the minimum %s", SHOW(arg), limit);
        return HG_EINVAL;
    }
    if (row->max != 0 && n > row->max) {
        hg_unit_format(row->type, row->max, arg, limit);
        hg_conf_fail(load, &node->line, "%.*s is above the limit %s", SHOW(arg), limit);
        return HG_EINVAL;
    }
    *(int64_t *)value = n;
    return 0;
}

/* --- words --- */

static int set_flag(struct hg_conf_load *load, const struct hg_directive *row,
                    const struct hg_conf_node *node, void *value) {
    (void)row;
    const struct hg_slice arg = node->line.args[0];
    const bool is_on = hg_slice_eq(arg, HG_SLICE("on"));
    if (!is_on && !hg_slice_eq(arg, HG_SLICE("off"))) {
        hg_conf_fail(load, &node->line, "\"%.*s\" is not a switch; expected on or off", SHOW(arg));
        return HG_EINVAL;
    }
    *(bool *)value = is_on;
    return 0;
}

static int set_enum(struct hg_conf_load *load, const struct hg_directive *row,
                    const struct hg_conf_node *node, void *value) {
    const struct hg_slice arg = node->line.args[0];
    struct hg_conf_guess guess = {.wanted = arg.ptr};
    struct hg_buf list = {.max = 1024};
    for (int i = 0; row->values[i] != NULL; i++) {
        if (hg_slice_eq(arg, hg_slice_of(row->values[i]))) {
            *(int *)value = i;
            hg_buf_fini(&list);
            return 0;
        }
        hg_conf__guess(&guess, row->values[i]);
        hg_buf_printf(&list, "%s%s",
                      i == 0                       ? ""
                      : row->values[i + 1] != NULL ? ", "
                                                   : " or ",
                      row->values[i]);
    }
    hg_conf_fail(load, &node->line, "\"%.*s\" is not known here; expected %.*s%s%s%s", SHOW(arg),
                 HG_FMT(hg_buf_slice(&list)), guess.best ? "; did you mean \"" : "",
                 guess.best ? guess.best : "", guess.best ? "\"?" : "");
    hg_buf_fini(&list);
    return HG_EINVAL;
}

static int set_string(struct hg_conf_load *load, const struct hg_directive *row,
                      const struct hg_conf_node *node, void *value) {
    (void)load, (void)row;
    *(struct hg_slice *)value = node->line.args[0];
    return 0;
}

/* How many arguments this line and the later ones of its block can add. */
static size_t count_strings(const struct hg_conf_node *node) {
    size_t n = 0;
    for (const struct hg_conf_node *l = node; l != NULL; l = l->next) {
        n += strcmp(l->name, node->name) == 0 ? l->line.n_args : 0;
    }
    return n;
}

static int set_strings(struct hg_conf_load *load, const struct hg_directive *row,
                       const struct hg_conf_node *node, void *value) {
    struct hg_strings *s = value;
    if (!row->is_repeatable) {
        *s = (struct hg_strings){node->line.args, node->line.n_args};
        return 0;
    }
    if (s->items == NULL) {
        /* Room for all repetitions at once, or a long list would cost the
         * square of its length. */
        s->items = hg_conf__alloc(load, (count_strings(node) + 1) * sizeof(*s->items));
    }
    if (s->items == NULL) {
        return HG_ENOMEM;
    }
    memcpy(s->items + s->n, node->line.args, node->line.n_args * sizeof(*s->items));
    s->n += node->line.n_args;
    return 0;
}

/* --- files and secrets --- */

/* A copy that lives as long as the configuration, since the set of files may
 * go before it, and is wiped at its end: it may be a key. */
static int keep_bytes(struct hg_conf_load *load, const struct hg_conf_line *line,
                      struct hg_slice name, struct hg_slice bytes, struct hg_slice *ret) {
    struct hg_conf_secret *s = hg_conf__alloc(load, sizeof(*s));
    const char *copy = hg_conf__copy(load, bytes);
    if (s == NULL || copy == NULL) {
        return HG_ENOMEM;
    }
    *s = (struct hg_conf_secret){{copy, bytes.len}, name, line, false, load->conf->secrets};
    load->conf->secrets = s;
    *ret = s->bytes;
    return 0;
}

static int read_bytes(struct hg_conf_load *load, const struct hg_conf_line *line,
                      struct hg_slice path, struct hg_slice *ret) {
    struct hg_slice bytes;
    const int err = hg_conf_files_get(load->setup->files, path, &bytes);
    if (err != 0) {
        hg_conf_fail(load, line, "cannot read \"%.*s\": %s", SHOW(path),
                     err == HG_E2BIG                     ? "it is larger than 16 MiB"
                     : err == HG_EIO || err == HG_ENOENT ? strerror(errno)
                                                         : hg_err_text(err));
        return HG_EINVAL;
    }
    return keep_bytes(load, line, path, bytes, ret);
}

static int set_file(struct hg_conf_load *load, const struct hg_directive *row,
                    const struct hg_conf_node *node, void *value) {
    (void)row;
    return read_bytes(load, &node->line, node->line.args[0], value);
}

/* The newline that every editor puts at the end is not part of the secret. */
static struct hg_slice cut_newline(struct hg_slice s) {
    if (s.len > 0 && s.ptr[s.len - 1] == '\n') {
        s.len--;
        s.len -= s.len > 0 && s.ptr[s.len - 1] == '\r';
    }
    return s;
}

int hg_conf_arg_secret(struct hg_conf_load *load, const struct hg_conf_line *line,
                       struct hg_slice arg, struct hg_slice *ret_secret) {
    const bool is_variable = hg_slice_starts(arg, HG_SLICE("env:"));
    struct hg_conf_files *files = load->setup->files;
    struct hg_slice bytes, name = arg;
    if (!is_variable && !hg_slice_starts(arg, HG_SLICE("file:"))) {
        hg_conf_fail(load, line,
                     "a secret must not stand in the configuration itself; expected "
                     "file:PATH or env:NAME");
        return HG_EINVAL;
    }
    if (!is_variable) {
        name = (struct hg_slice){arg.ptr + 5, arg.len - 5};
    }
    const int err = hg_conf_files_get(files, name, &bytes);
    if (err != 0) {
        hg_conf_fail(load, line, "cannot read the secret %.*s: %s", SHOW(arg),
                     is_variable && err == HG_ENOENT     ? "the variable is not set"
                     : err == HG_EIO || err == HG_ENOENT ? strerror(errno)
                                                         : hg_err_text(err));
        return HG_EINVAL;
    }
    if (hg_conf__files_is_open_to_all(files, name)) {
        hg_conf_fail(load, line, "everybody may read the secret %.*s; expected a mode such as 0600",
                     SHOW(arg));
        return HG_EINVAL;
    }
    bytes = is_variable ? bytes : cut_newline(bytes);
    if (bytes.len == 0) {
        hg_conf_fail(load, line, "the secret %.*s is empty", SHOW(arg));
        return HG_EINVAL;
    }
    return keep_bytes(load, line, arg, bytes, ret_secret);
}

int hg_conf_arg_live_secret(struct hg_conf_load *load, const struct hg_conf_line *line,
                            struct hg_slice arg, struct hg_slice *ret_secret) {
    int err = hg_conf_arg_secret(load, line, arg, ret_secret);
    if (err == 0) {
        load->conf->secrets->is_live = true; /* the one that was read just now */
    }
    return err;
}

static int set_secret(struct hg_conf_load *load, const struct hg_directive *row,
                      const struct hg_conf_node *node, void *value) {
    (void)row;
    return hg_conf_arg_secret(load, &node->line, node->line.args[0], value);
}

/* --- the types --- */

static const struct {
    size_t bytes;
    int (*set)(struct hg_conf_load *load, const struct hg_directive *row,
               const struct hg_conf_node *node, void *value);
    const char *args; /* what people see where the row does not say */
} slots[] = {
    [HG_SLOT_FLAG] = {sizeof(bool), set_flag, "on | off"},
    [HG_SLOT_INT] = {sizeof(int64_t), set_number, "NUMBER"},
    [HG_SLOT_SIZE] = {sizeof(int64_t), set_number, "SIZE"},
    [HG_SLOT_DURATION] = {sizeof(int64_t), set_number, "TIME"},
    [HG_SLOT_ENUM] = {sizeof(int), set_enum, "WORD"},
    [HG_SLOT_STRING] = {sizeof(struct hg_slice), set_string, "TEXT"},
    [HG_SLOT_STRINGS] = {sizeof(struct hg_strings), set_strings, "TEXT ..."},
    [HG_SLOT_SECRET] = {sizeof(struct hg_slice), set_secret, "file:PATH | env:NAME"},
    [HG_SLOT_FILE] = {sizeof(struct hg_slice), set_file, "PATH"},
    [HG_SLOT_BLOCK] = {0, NULL, ""},
    [HG_SLOT_CUSTOM] = {0, NULL, "..."},
};

size_t hg_conf__slot_bytes(enum hg_slot type) {
    return (size_t)type < HG_COUNT(slots) ? slots[type].bytes : 0;
}

static void put_values(const struct hg_directive *row, struct hg_buf *out) {
    for (size_t i = 0; row->values[i] != NULL; i++) {
        hg_buf_printf(out, "%s%s", i == 0 ? " " : " | ", row->values[i]);
    }
}

void hg_conf__slot_syntax(const struct hg_directive *row, struct hg_buf *out) {
    const char *args = row->args;
    unsigned min, max;
    hg_conf__arity(row, &min, &max);
    hg_buf_printf(out, "%s", row->name);
    if (args == NULL && row->type == HG_SLOT_ENUM) {
        put_values(row, out);
    } else if (args == NULL) {
        args = max == 0 ? "" : row->type == HG_SLOT_BLOCK ? "NAME" : slots[row->type].args;
    }
    if (args != NULL && args[0] != '\0') {
        hg_buf_printf(out, " %s", args);
    }
    if (row->type != HG_SLOT_BLOCK) {
        HG_BUF_LIT(out, ";");
    } else if (args == NULL || strchr(args, '{') == NULL) {
        HG_BUF_LIT(out, " { ... }");
    }
}

/* A setter may have written half of what it meant to when it fails. */
static int set_custom(struct hg_conf_load *load, const struct hg_conf_table *table,
                      const struct hg_directive *row, const struct hg_conf_node *node, void *conf) {
    void *before = hg_try_alloc(table->owner->conf_size);
    if (before == NULL) {
        load->is_stopped = true;
        return HG_ENOMEM;
    }
    memcpy(before, conf, table->owner->conf_size);
    const unsigned n_errors = load->n_errors;
    const int err = row->set(load, conf, &node->line);
    if (err != 0 && load->n_errors == n_errors && !load->is_stopped) {
        hg_conf_fail(load, &node->line, "it was refused: %s", hg_err_text(err));
    }
    const bool is_bad = err != 0 || load->n_errors > n_errors || load->is_stopped;
    if (is_bad) {
        memcpy(conf, before, table->owner->conf_size);
    }
    hg_free(before);
    return is_bad ? HG_EINVAL : 0;
}

int hg_conf__slot_set(struct hg_conf_load *load, const struct hg_conf_table *table,
                      const struct hg_directive *row, struct hg_conf_node *node, void *conf) {
    load->node = node;
    node->line.row = row;
    const int err = row->type == HG_SLOT_CUSTOM
                        ? set_custom(load, table, row, node, conf)
                        : slots[row->type].set(load, row, node, value_at(row, conf));
    load->node = NULL;
    return err == 0 ? 0 : HG_EINVAL;
}

static void print_slice(struct hg_buf *out, struct hg_slice s) {
    hg_buf_printf(out, "%zu:", s.len);
    hg_buf_put_slice(out, s);
}

void hg_conf__slot_print(const struct hg_directive *row, const void *conf, struct hg_buf *out) {
    const void *value = (const char *)conf + row->at;
    const struct hg_strings *strings = value;
    switch (row->type) {
    case HG_SLOT_FLAG:
        hg_buf_printf(out, "%d", *(const bool *)value);
        return;
    case HG_SLOT_ENUM:
        hg_buf_printf(out, "%d", *(const int *)value);
        return;
    case HG_SLOT_INT:
    case HG_SLOT_SIZE:
    case HG_SLOT_DURATION:
        hg_buf_printf(out, "%" PRId64, *(const int64_t *)value);
        return;
    case HG_SLOT_STRINGS:
        for (size_t i = 0; i < strings->n; i++) {
            print_slice(out, strings->items[i]);
        }
        return;
    case HG_SLOT_STRING:
    case HG_SLOT_SECRET:
    case HG_SLOT_FILE:
        print_slice(out, *(const struct hg_slice *)value);
        return;
    case HG_SLOT_BLOCK:
    case HG_SLOT_CUSTOM:
        return;
    }
}

/* --- for custom setters --- */

int hg_conf_arg_size(struct hg_conf_load *load, const struct hg_conf_line *line,
                     struct hg_slice arg, int64_t *ret_bytes) {
    return parse_number(load, line, HG_SLOT_SIZE, arg, ret_bytes);
}

int hg_conf_arg_duration(struct hg_conf_load *load, const struct hg_conf_line *line,
                         struct hg_slice arg, int64_t *ret_ms) {
    return parse_number(load, line, HG_SLOT_DURATION, arg, ret_ms);
}

bool hg_conf_arg_named(const struct hg_conf_line *line, const char *name,
                       struct hg_slice *ret_value) {
    const struct hg_slice want = hg_slice_of(name);
    for (size_t i = 0; i < line->n_args; i++) {
        const struct hg_slice arg = line->args[i];
        if (arg.len > want.len && hg_slice_starts(arg, want) && arg.ptr[want.len] == '=') {
            *ret_value = (struct hg_slice){arg.ptr + want.len + 1, arg.len - want.len - 1};
            return true;
        }
    }
    return false;
}
