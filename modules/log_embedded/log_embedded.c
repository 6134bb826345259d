/* SPDX-License-Identifier: Apache-2.0 */
/* log_embedded.c - module log_embedded: the event log in a directory of this
 * machine, kept by LMDB.
 *
 *     event_log embedded PATH [max_size=SIZE]; */
#include "headgate/module.h"
#include "store.h"

enum { PATH_MAX_BYTES = 4000 };

static const size_t max_size_default = (size_t)64 << 30;
static const size_t max_size_least = (size_t)1 << 20;
static const size_t max_size_most = (size_t)1 << 46; /* half of what can be mapped */

static unsigned shift_of(char unit) {
    static const char units[] = "kmgt";
    const char *at = unit != '\0' ? strchr(units, unit | 0x20) : NULL;
    return at != NULL ? 10 * (unsigned)(at - units + 1) : 0;
}

/* 10m, 64g: a whole number and perhaps a unit. */
static bool parse_size(struct hg_slice text, size_t *ret) {
    uint64_t value = 0;
    size_t i = 0;
    for (; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++) {
        value = value * 10 + (uint64_t)(text.ptr[i] - '0');
        if (value > max_size_most) {
            return false;
        }
    }
    unsigned shift = i + 1 == text.len ? shift_of(text.ptr[i]) : 0;
    if (i == 0 || i + (shift > 0) != text.len || value > max_size_most >> shift ||
        value << shift < max_size_least) {
        return false;
    }
    *ret = (size_t)(value << shift);
    return true;
}

static int read_args(const struct hg_log_open *open, size_t *ret_max_bytes, struct hg_why *why) {
    static const struct hg_slice name = {"max_size=", 9};
    if (open->n_args == 0 || open->args[0].len == 0 || open->args[0].len > PATH_MAX_BYTES) {
        hg_why_set(why, "event_log embedded needs the path of a directory");
        return HG_EINVAL;
    }
    *ret_max_bytes = max_size_default;
    for (size_t i = 1; i < open->n_args; i++) {
        struct hg_slice arg = open->args[i];
        if (!hg_slice_starts(arg, name)) {
            hg_why_set(why, "event_log embedded: unknown argument %.*s; expected max_size=SIZE",
                       HG_FMT(arg));
            return HG_EINVAL;
        }
        arg = (struct hg_slice){arg.ptr + name.len, arg.len - name.len};
        if (!parse_size(arg, ret_max_bytes)) {
            hg_why_set(why, "event_log embedded: max_size=%.*s is not a size of at least 1m",
                       HG_FMT(arg));
            return HG_EINVAL;
        }
    }
    return 0;
}

static int on_open(const struct hg_log_open *open, void **ret_state, struct hg_why *why) {
    char path[PATH_MAX_BYTES + 1];
    size_t max_bytes;
    struct store *s = NULL;
    int err = read_args(open, &max_bytes, why);
    if (err != 0) {
        return err;
    }
    memcpy(path, open->args[0].ptr, open->args[0].len);
    path[open->args[0].len] = '\0';
    err = embedded_open(path, max_bytes, open->up, &s, why);
    if (err == 0) {
        *ret_state = s;
    }
    return err;
}

static void on_close(void *state) {
    struct store *s = HG_CAST(struct store, STORE_MAGIC, state);
    embedded_flush(s);
    embedded_close(&s);
}

static const struct hg_log_ops ops = {
    .size = sizeof(struct hg_log_ops),
    .name = "embedded",
    .has_directory = true,
    .caps = HG_LOG_ATOMIC | HG_LOG_EXPECT | HG_LOG_GROUPS | HG_LOG_COMPACT | HG_LOG_TRIM |
            HG_LOG_DELETE | HG_LOG_LIST | HG_LOG_SCAN,
    .open = on_open,
    .close = on_close,
    .topic_open = embedded_topic_open,
    .describe = embedded_describe,
    .append = embedded_append,
    .flush = embedded_flush,
    .read = embedded_read,
    .seek = embedded_seek,
    .tick = embedded_tick,
    .list = embedded_list,
    .topic_delete = embedded_topic_delete,
    .trim = embedded_trim,
    .scan = embedded_scan,
    .latest = embedded_latest,
    .group_join = embedded_group_join,
    .group_leave = embedded_group_leave,
    .group_commit = embedded_group_commit,
    .group_position = embedded_group_position,
};

static struct hg_counter *const counters[] = {&embedded_damaged, NULL};

HG_MODULE(log_embedded) = {
    .abi = HG_MODULE_ABI,
    .size = sizeof(struct hg_module),
    .name = "log_embedded",
    .counters = counters,
    .log = &ops,
};
