/* SPDX-License-Identifier: Apache-2.0 */
/* reach.c - options become a client and its header fields. */
#include "ctl/reach.h"

#include <errno.h>

#include "fetch/url.h"

enum { TEXT_BYTES_MAX = 65536 };

/* Kept line by line; the fields are cut when all of it is there, since the
 * buffer moves as it grows. */
static int add_file(struct hg_ctl *ctl, const char *path, struct hg_buf *text) {
    char bytes[4096];
    size_t n;
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        hg_ctl_tell(ctl, "--header: %s: %s", path, strerror(errno));
        return HG_EIO;
    }
    while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0) {
        hg_buf_put(text, bytes, n);
    }
    bool is_read = !ferror(f);
    fclose(f);
    HG_BUF_LIT(text, "\n");
    if (!is_read) {
        hg_ctl_tell(ctl, "--header: %s: cannot be read", path);
    }
    return is_read ? 0 : HG_EIO;
}

static int gather(struct hg_ctl *ctl, const struct hg_ctl_texts *headers, struct hg_buf *text) {
    text->max = TEXT_BYTES_MAX;
    for (size_t i = 0; i < headers->n; i++) {
        const char *given = headers->items[i];
        if (given[0] == '@') {
            int err = add_file(ctl, given + 1, text);
            if (err != 0) {
                return err;
            }
            continue;
        }
        if (strpbrk(given, "\r\n") != NULL) {
            hg_ctl_tell(ctl, "--header: \"%s\" is more than one line", given);
            return HG_EINVAL;
        }
        hg_buf_put_slice(text, hg_slice_of(given));
        HG_BUF_LIT(text, "\n");
    }
    if (text->is_failed) {
        hg_ctl_tell(ctl, "--header: more than %d bytes", TEXT_BYTES_MAX);
    }
    return text->is_failed ? HG_EINVAL : 0;
}

/* A value may be a secret and is not repeated in what is told. */
static int cut_field(struct hg_ctl *ctl, struct hg_slice line, struct hg_ctl_peer *p) {
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
        line.len--;
    }
    struct hg_slice all = hg_slice_trim(line);
    const char *colon = all.len > 0 ? memchr(all.ptr, ':', all.len) : NULL;
    if (all.len == 0) {
        return 0;
    }
    if (p->n_fields == HG_CTL_FIELDS_MAX / 2) {
        hg_ctl_tell(ctl, "--header: more than %d fields", HG_CTL_FIELDS_MAX / 2);
        return HG_EINVAL;
    }
    size_t name_len = colon != NULL ? (size_t)(colon - all.ptr) : 0;
    struct hg_field field = {{all.ptr, name_len}, {NULL, 0}};
    if (colon != NULL) {
        field.value = hg_slice_trim((struct hg_slice){colon + 1, all.len - name_len - 1});
    }
    if (!hg_fetch_field_is_legal(&field)) {
        hg_ctl_tell(ctl, "--header: expected 'NAME: VALUE'");
        return HG_EINVAL;
    }
    p->fields[p->n_fields++] = field;
    return 0;
}

static int cut_fields(struct hg_ctl *ctl, struct hg_ctl_peer *p) {
    size_t at = 0;
    int err = 0;
    while (err == 0 && at < p->text.len) {
        const char *line = p->text.ptr + at;
        const char *end = memchr(line, '\n', p->text.len - at);
        size_t len = end != NULL ? (size_t)(end - line) : p->text.len - at;
        err = cut_field(ctl, (struct hg_slice){line, len}, p);
        at += len + 1;
    }
    return err;
}

int hg_ctl_peer_open(struct hg_ctl *ctl, const struct hg_ctl_reach *reach, bool is_direct,
                     struct hg_ctl_peer *ret) {
    const struct hg_fetch_setup setup = {.ca_path = reach->ca_path,
                                         .is_insecure = reach->is_insecure,
                                         .is_direct = is_direct,
                                         .stop_fd = ctl->stop_fd};
    struct hg_ctl_peer p = {.timeout_ms = reach->timeout_ms};
    int err = gather(ctl, &reach->headers, &p.text);
    if (err == 0) {
        err = cut_fields(ctl, &p);
    }
    if (err == 0) {
        p.client = hg_fetch_client_new(&setup);
        err = p.client != NULL ? 0 : HG_ENOMEM;
    }
    if (err != 0) {
        hg_buf_fini(&p.text);
        return err;
    }
    *ret = p;
    return 0;
}

void hg_ctl_peer_close(struct hg_ctl_peer *p) {
    hg_fetch_client_free(&p->client);
    hg_fetch_answer_fini(&p->answer);
    hg_buf_fini(&p->text);
}

void hg_ctl_peer_ask(struct hg_ctl_peer *p, const struct hg_fetch_request *request) {
    struct hg_fetch_request r = *request;
    struct hg_field all[HG_CTL_FIELDS_MAX];
    HG_ASSERT(p->n_fields + request->n_fields <= HG_CTL_FIELDS_MAX);
    memcpy(all, p->fields, p->n_fields * sizeof(all[0]));
    if (request->n_fields > 0) {
        memcpy(all + p->n_fields, request->fields, request->n_fields * sizeof(all[0]));
    }
    r.fields = all;
    r.n_fields = p->n_fields + request->n_fields;
    r.limits.connect_ms = HG_CTL_CONNECT_MS;
    r.limits.idle_ms = p->timeout_ms;
    hg_fetch_run(p->client, &r, &p->answer);
}

bool hg_ctl_admin_url(const char *admin, struct hg_buf *url) {
    struct hg_buf text = {0};
    bool is_port = admin[0] != 0 && strspn(admin, "0123456789") == strlen(admin);
    bool is_url = strstr(admin, "://") != NULL;
    hg_buf_printf(&text, "%s%s%s", is_url ? "" : "http://", is_port ? "127.0.0.1:" : "", admin);
    bool is_read = hg_url_read(hg_buf_slice(&text), url) == 0;
    while (is_read && url->len > 0 && url->ptr[url->len - 1] == '/') {
        url->len--;
    }
    hg_buf_fini(&text);
    return is_read;
}
