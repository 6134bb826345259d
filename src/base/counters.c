/* SPDX-License-Identifier: Apache-2.0 */
/* counters.c - the registry of counters, and its two prints. Tables stay
 * registered as long as the process lives, so a module with counters is never
 * unmapped. */
#include "base/counters.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/lock.h"

enum { TABLES_MAX = 256 };

_Thread_local unsigned hg_counter_shard;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct hg_counter *const *tables[TABLES_MAX]; /* under lock */
static size_t n_tables;                              /* under lock */

void hg_counters_register(struct hg_counter *const *table) {
    hg_lock_take(&lock);
    size_t i = 0;
    while (i < n_tables && tables[i] != table) {
        i++;
    }
    if (i == n_tables) {
        HG_ASSERT(n_tables < TABLES_MAX);
        tables[n_tables++] = table;
    }
    hg_lock_give(&lock);
}

int64_t hg_counter_read(const struct hg_counter *c) {
    int64_t sum = 0;
    for (size_t i = 0; i < HG_COUNTER_SHARDS; i++) {
        sum += atomic_load_explicit(&c->shards[i].value, memory_order_relaxed);
    }
    return sum;
}

static const char *labels_of(const struct hg_counter *c) {
    return c->labels ? c->labels : "";
}

static int compare_rows(const void *a, const void *b) {
    const struct hg_counter *x = *(struct hg_counter *const *)a;
    const struct hg_counter *y = *(struct hg_counter *const *)b;
    int by_name = strcmp(x->name, y->name);
    return by_name != 0 ? by_name : strcmp(labels_of(x), labels_of(y));
}

/* All rows, sorted by name and labels; free them. NULL: no memory. */
static struct hg_counter **collect(size_t *ret_n) {
    size_t n = 0;
    hg_lock_take(&lock);
    for (size_t i = 0; i < n_tables; i++) {
        for (struct hg_counter *const *row = tables[i]; *row != NULL; row++) {
            n++;
        }
    }
    struct hg_counter **rows = hg_try_alloc((n + 1) * sizeof(struct hg_counter *));
    n = 0;
    for (size_t i = 0; rows != NULL && i < n_tables; i++) {
        for (struct hg_counter *const *row = tables[i]; *row != NULL; row++) {
            rows[n++] = *row;
        }
    }
    hg_lock_give(&lock);
    if (rows != NULL) {
        qsort(rows, n, sizeof(rows[0]), compare_rows);
        *ret_n = n;
    }
    return rows;
}

static const char *kind_text(const struct hg_counter *c) {
    return c->kind == HG_COUNTER ? "counter" : "gauge";
}

static void put_head(struct hg_buf *out, const struct hg_counter *c) {
    hg_buf_printf(out, "# HELP %s ", c->name);
    for (const char *p = c->help ? c->help : ""; *p != '\0'; p++) {
        if (*p == '\\') {
            HG_BUF_LIT(out, "\\\\");
        } else if (*p == '\n') {
            HG_BUF_LIT(out, "\\n");
        } else {
            hg_buf_put(out, p, 1);
        }
    }
    hg_buf_printf(out, "\n# TYPE %s %s\n", c->name, kind_text(c));
}

static void put_row(struct hg_buf *out, const struct hg_counter *c, int64_t value) {
    hg_buf_put_slice(out, hg_slice_of(c->name));
    if (c->labels != NULL && c->labels[0] != '\0') {
        hg_buf_printf(out, "{%s}", c->labels);
    }
    hg_buf_printf(out, " %lld\n", (long long)value);
}

void hg_counters_print(struct hg_buf *out) {
    size_t n;
    struct hg_counter **rows = collect(&n);
    if (rows == NULL) {
        out->is_failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(rows[i]->name, rows[i - 1]->name) != 0) {
            put_head(out, rows[i]);
        }
        /* Two rows alike are one series, or the whole page is refused. */
        int64_t value = hg_counter_read(rows[i]);
        while (i + 1 < n && compare_rows(&rows[i], &rows[i + 1]) == 0) {
            value += hg_counter_read(rows[++i]);
        }
        put_row(out, rows[i], value);
    }
    hg_free(rows);
}

/* Text in a cell of a Markdown table. */
static void put_cell(struct hg_buf *out, const char *text) {
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '|') {
            HG_BUF_LIT(out, "\\|");
        } else {
            hg_buf_put(out, *p == '\n' ? " " : p, 1);
        }
    }
}

/* The label sets of the rows that share the name of rows[*at], which is left
 * on the last of them. */
static void put_labels(struct hg_buf *out, struct hg_counter **rows, size_t n, size_t *at) {
    const char *name = rows[*at]->name;
    const char *before = "`";
    const char *last = "";
    for (size_t i = *at; i < n && strcmp(rows[i]->name, name) == 0; i++) {
        *at = i;
        if (strcmp(labels_of(rows[i]), last) != 0) {
            last = labels_of(rows[i]);
            hg_buf_put_slice(out, hg_slice_of(before));
            put_cell(out, last);
            HG_BUF_LIT(out, "`");
            before = "<br>`";
        }
    }
}

void hg_counters_reference(struct hg_buf *out) {
    size_t n;
    struct hg_counter **rows = collect(&n);
    if (rows == NULL) {
        out->is_failed = true;
        return;
    }
    HG_BUF_LIT(out, "# Metrics\n\n"
                    "What `/metrics` shows, made from the declarations in the source.\n\n"
                    "| name | kind | labels | meaning |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < n; i++) {
        const struct hg_counter *c = rows[i];
        hg_buf_printf(out, "| `%s` | %s | ", c->name, kind_text(c));
        put_labels(out, rows, n, &i);
        HG_BUF_LIT(out, " | ");
        put_cell(out, c->help ? c->help : "");
        HG_BUF_LIT(out, " |\n");
    }
    hg_free(rows);
}
