/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.c - request to options, bytes to answer, CURLcode to outcome. */
#include "fetch/transfer.h"

#include <stdio.h>

#include "base/clock.h"

enum { HEAD_BYTES_DEFAULT = 65536, BODY_BYTES_DEFAULT = 1 << 20 };

static bool is_head_begin(struct hg_slice line) {
    return hg_slice_starts(line, HG_SLICE("HTTP/"));
}

static bool end_head(struct hg_fetch__transfer *t) {
    const struct hg_fetch_ops *ops = t->request->ops;
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200) {
        return true; /* an interim answer: the real one is still to come */
    }
    t->answer->status = (int)status;
    t->is_head_over = true;
    if (ops != NULL && ops->on_head != NULL && !ops->on_head(t->request->arg, t->answer)) {
        t->is_stopped = true;
        return false;
    }
    return true;
}

/* One whole line a call; trailers come here too and are not wanted. */
static size_t on_head_line(char *bytes, size_t size, size_t n, void *arg) {
    struct hg_fetch__transfer *t = arg;
    struct hg_slice line = {bytes, size * n};
    t->active_ms = hg_clock_mono_ms();
    if (t->is_head_over) {
        return line.len;
    }
    if (is_head_begin(line)) {
        hg_buf_clear(&t->answer->head);
    } else if (line.len <= 2) {
        return end_head(t) ? line.len : 0;
    } else {
        hg_fetch_answer_add_line(t->answer, line);
    }
    t->is_oversize = t->answer->head.is_failed;
    return t->is_oversize ? 0 : line.len;
}

static size_t on_body_piece(char *bytes, size_t size, size_t n, void *arg) {
    struct hg_fetch__transfer *t = arg;
    const struct hg_fetch_ops *ops = t->request->ops;
    struct hg_slice piece = {bytes, size * n};
    t->active_ms = hg_clock_mono_ms();
    if (ops != NULL && ops->on_body != NULL && t->answer->status / 100 == 2) {
        t->is_stopped = !ops->on_body(t->request->arg, piece);
        return t->is_stopped ? 0 : piece.len;
    }
    t->is_oversize = hg_buf_reserve(&t->answer->body, piece.len) != 0;
    hg_buf_put_slice(&t->answer->body, piece);
    return t->is_oversize ? 0 : piece.len;
}

static bool add_line(struct hg_fetch__transfer *t, struct hg_slice name, const char *between,
                     struct hg_slice value) {
    struct hg_buf line = {0};
    hg_buf_put_slice(&line, name);
    hg_buf_put_slice(&line, hg_slice_of(between));
    hg_buf_put_slice(&line, value);
    hg_buf_put(&line, "", 1);
    struct curl_slist *longer = line.is_failed ? NULL : curl_slist_append(t->lines, line.ptr);
    hg_buf_fini(&line);
    t->lines = longer != NULL ? longer : t->lines;
    return longer != NULL;
}

static bool set_fields(struct hg_fetch__transfer *t) {
    const struct hg_fetch_request *r = t->request;
    bool has_type = false;
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct hg_field *f = &r->fields[i];
        if (!hg_fetch_field_is_legal(f)) {
            snprintf(t->answer->text, sizeof(t->answer->text),
                     "the header field \"%.*s\" cannot be sent", HG_FMT(f->name));
            return false;
        }
        has_type = has_type || hg_slice_ieq(f->name, HG_SLICE("content-type"));
        /* libcurl leaves out a field that ends with its colon. */
        if (!add_line(t, f->name, f->value.len > 0 ? ": " : ";", f->value)) {
            return false;
        }
    }
    if (!has_type && !add_line(t, HG_SLICE("Content-Type"), ":", HG_SLICE(""))) {
        return false;
    }
    return t->lines == NULL || curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->lines) == CURLE_OK;
}

static bool set_method(const struct hg_fetch__transfer *t) {
    const struct hg_fetch_request *r = t->request;
    if (r->method == HG_FETCH_GET) {
        return curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    }
    const char *body = r->body.len > 0 ? r->body.ptr : "";
    return curl_easy_setopt(t->easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len) ==
               CURLE_OK &&
           curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body) == CURLE_OK;
}

static bool set_callbacks(struct hg_fetch__transfer *t) {
    CURL *e = t->easy;
    return curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_head_line) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body_piece) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
}

static bool set_limits(const struct hg_fetch__transfer *t) {
    const struct hg_fetch_limits *l = &t->request->limits;
    return curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)l->connect_ms) == CURLE_OK &&
           curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)l->total_ms) == CURLE_OK;
}

/* libcurl speaks to mail and file servers too. */
static bool is_http(const char *url) {
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

bool hg_fetch__transfer_init(struct hg_fetch__transfer *t, CURL *easy,
                             const struct hg_fetch_request *request,
                             struct hg_fetch_answer *answer) {
    const struct hg_fetch_limits *l = &request->limits;
    *t = (struct hg_fetch__transfer){
        .request = request, .answer = answer, .easy = easy, .active_ms = hg_clock_mono_ms()};
    hg_fetch_answer_clear(answer);
    answer->head.max = l->head_bytes_max > 0 ? l->head_bytes_max : HEAD_BYTES_DEFAULT;
    answer->body.max = l->body_bytes_max > 0 ? l->body_bytes_max : BODY_BYTES_DEFAULT;
    if (!is_http(request->url)) {
        snprintf(answer->text, sizeof(answer->text), "expected an http or https URL");
    } else if (set_fields(t) && set_method(t) && set_callbacks(t) && set_limits(t) &&
               curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK) {
        return true;
    }
    answer->outcome = HG_FETCH_UNUSABLE;
    if (answer->text[0] == 0) {
        snprintf(answer->text, sizeof(answer->text), "the request cannot be made");
    }
    return false;
}

static enum hg_fetch_outcome outcome_of(CURLcode code) {
    switch (code) {
    case CURLE_OK:
        return HG_FETCH_ANSWERED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return HG_FETCH_UNREACHED;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
        return HG_FETCH_UNTRUSTED;
    case CURLE_URL_MALFORMAT:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_NOT_BUILT_IN:
    case CURLE_BAD_FUNCTION_ARGUMENT:
        return HG_FETCH_UNUSABLE;
    default:
        return HG_FETCH_LOST;
    }
}

static void tell(struct hg_fetch__transfer *t, enum hg_fetch_outcome outcome, const char *text) {
    t->answer->outcome = outcome;
    snprintf(t->answer->text, sizeof(t->answer->text), "%s", text);
}

void hg_fetch__transfer_end(struct hg_fetch__transfer *t, CURLcode code) {
    if (t->is_stopped) {
        tell(t, HG_FETCH_STOPPED, "stopped");
    } else if (t->is_oversize) {
        tell(t, HG_FETCH_OVERSIZE, "the answer is above the limit");
    } else {
        const char *text = t->error[0] != 0 ? t->error : curl_easy_strerror(code);
        tell(t, outcome_of(code), code == CURLE_OK ? "" : text);
    }
}

void hg_fetch__transfer_cut(struct hg_fetch__transfer *t, enum hg_fetch_outcome outcome,
                            const char *text) {
    tell(t, outcome, text);
}

void hg_fetch__transfer_fini(struct hg_fetch__transfer *t) {
    curl_slist_free_all(t->lines);
    t->lines = NULL;
}
