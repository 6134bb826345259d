/* SPDX-License-Identifier: Apache-2.0 */
/* url.c - libcurl reads and joins URLs; parameters are ours, since it writes a
 * space as '+', which only forms understand. */
#include "fetch/url.h"

#include <ctype.h>
#include <curl/curl.h>

static bool is_http(CURLU *u) {
    char *scheme = NULL, *host = NULL;
    bool is = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK && host[0] != 0 &&
              (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    curl_free(host);
    return is;
}

static bool set_url(CURLU *u, struct hg_slice text) {
    struct hg_buf copy = {0};
    hg_buf_put_slice(&copy, text);
    hg_buf_put(&copy, "", 1);
    bool is_set = !copy.is_failed && strlen(copy.ptr) == text.len && text.len > 0 &&
                  curl_url_set(u, CURLUPART_URL, copy.ptr, 0) == CURLUE_OK;
    hg_buf_fini(&copy);
    return is_set;
}

static int put_url(CURLU *u, struct hg_buf *out) {
    char *text = NULL;
    curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
    if (curl_url_get(u, CURLUPART_URL, &text, 0) != CURLUE_OK) {
        return HG_ENOMEM;
    }
    hg_buf_put_slice(out, hg_slice_of(text));
    curl_free(text);
    return out->is_failed ? HG_ENOMEM : 0;
}

int hg_url_resolve(struct hg_slice base, struct hg_slice reference, struct hg_buf *out) {
    CURLU *u = curl_url();
    if (u == NULL) {
        return HG_ENOMEM;
    }
    bool is_good = set_url(u, base) && (reference.len == 0 || set_url(u, reference)) && is_http(u);
    int err = is_good ? put_url(u, out) : HG_EINVAL;
    curl_url_cleanup(u);
    return err;
}

int hg_url_read(struct hg_slice text, struct hg_buf *out) {
    return hg_url_resolve(text, HG_SLICE(""), out);
}

static void put_encoded(struct hg_buf *out, struct hg_slice text) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (isalnum(c) || (c != 0 && strchr("-._~", c) != NULL)) {
            hg_buf_put(out, &text.ptr[i], 1);
        } else {
            hg_buf_printf(out, "%%%02X", c);
        }
    }
}

void hg_url_add_param(struct hg_buf *url, struct hg_slice name, struct hg_slice value) {
    const char *query = url->len > 0 ? memchr(url->ptr, '?', url->len) : NULL;
    if (query == NULL) {
        HG_BUF_LIT(url, "?");
    } else if (query != url->ptr + url->len - 1) {
        HG_BUF_LIT(url, "&");
    }
    put_encoded(url, name);
    HG_BUF_LIT(url, "=");
    put_encoded(url, value);
}

static int digit_of(char c) {
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static void put_decoded(struct hg_buf *out, struct hg_slice text) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%' && i + 2 < text.len && isxdigit((unsigned char)text.ptr[i + 1]) &&
            isxdigit((unsigned char)text.ptr[i + 2])) {
            c = (char)(digit_of(text.ptr[i + 1]) * 16 + digit_of(text.ptr[i + 2]));
            i += 2;
        }
        hg_buf_put(out, &c, 1);
    }
}

/* The part of *rest before the byte, which is eaten too. */
static struct hg_slice cut(struct hg_slice *rest, char at) {
    const char *found = rest->len > 0 ? memchr(rest->ptr, at, rest->len) : NULL;
    struct hg_slice part = {rest->ptr, found != NULL ? (size_t)(found - rest->ptr) : rest->len};
    size_t eaten = part.len + (found != NULL ? 1 : 0);
    *rest = (struct hg_slice){rest->ptr + eaten, rest->len - eaten};
    return part;
}

int hg_url_param(struct hg_slice url, struct hg_slice name, struct hg_buf *out) {
    struct hg_slice rest = cut(&url, '#');
    cut(&rest, '?');
    while (rest.len > 0) {
        struct hg_slice value = cut(&rest, '&');
        if (hg_slice_eq(cut(&value, '='), name)) {
            put_decoded(out, value);
            return out->is_failed ? HG_ENOMEM : 0;
        }
    }
    return HG_ENOENT;
}
