/* SPDX-License-Identifier: Apache-2.0 */
/* certificates.c - one gauge for each server's certificate. */
#include "server/certificates.h"

#include "base/map.h"

static struct hg_counter end = {
    .name = "headgate_tls_certificate_expiry_timestamp_seconds",
    .labels = "server=\"NAME\"",
    .help = "When the certificate of a server ends, in seconds since 1970; server is its first "
            "server_name, or the address it listens on.",
    .kind = HG_GAUGE,
};

struct hg_counter *const hg_certificates_declared[] = {&end, NULL};

struct row {
    char address[HG_ADDR_TEXT_MAX];
    struct hg_slice name; /* may be address */
    int64_t end_ms;
};

struct rows {
    struct row *items;
    size_t n;
    struct hg_map by_name;
};

static int add(struct rows *rows, const struct hg_site_certificate *c) {
    struct row *row = &rows->items[rows->n];
    row->name = c->server_name;
    row->end_ms = c->end_ms;
    if (row->name.len == 0) {
        row->name = (struct hg_slice){row->address, hg_addr_format(&c->addr, row->address)};
    }
    struct row *same = hg_map_get(&rows->by_name, row->name);
    if (same != NULL) {
        same->end_ms = row->end_ms < same->end_ms ? row->end_ms : same->end_ms;
        return 0;
    }
    rows->n++;
    return hg_map_put(&rows->by_name, row->name, row);
}

static void put_label(struct hg_buf *out, struct hg_slice text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\n') {
            HG_BUF_LIT(out, "\\n");
            continue;
        }
        if (c == '"' || c == '\\') {
            HG_BUF_LIT(out, "\\");
        }
        hg_buf_put(out, &c, 1);
    }
}

static void print(const struct rows *rows, struct hg_buf *out) {
    if (rows->n > 0) {
        hg_buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", end.name, end.help, end.name);
    }
    for (size_t i = 0; i < rows->n; i++) {
        hg_buf_printf(out, "%s{server=\"", end.name);
        put_label(out, rows->items[i].name);
        hg_buf_printf(out, "\"} %lld\n", (long long)(rows->items[i].end_ms / 1000));
    }
}

int hg_certificates_print(const struct hg_site *site, struct hg_buf *out) {
    struct hg_site_certificate c;
    size_t n = hg_site_servers(site);
    struct rows rows = {.items = hg_try_alloc((n + 1) * sizeof(struct row))};
    int err = rows.items == NULL ? HG_ENOMEM : 0;
    for (size_t i = 0; err == 0 && i < n; i++) {
        err = hg_site_certificate(site, i, &c) ? add(&rows, &c) : 0;
    }
    if (err == 0) {
        print(&rows, out);
    }
    hg_map_fini(&rows.by_name);
    hg_free(rows.items);
    return err != 0 || out->is_failed ? HG_ENOMEM : 0;
}
