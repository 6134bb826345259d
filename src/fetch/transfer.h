/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.h - one request on one of libcurl's easy handles: how a request
 * becomes options, how what comes becomes an answer, and what libcurl's many
 * ends mean. Inside the room only: a client drives the handle. */
#ifndef HG_FETCH_TRANSFER_H
#define HG_FETCH_TRANSFER_H

#include <curl/curl.h>

#include "fetch/fetch.h"

struct hg_fetch__transfer {
    const struct hg_fetch_request *request;
    struct hg_fetch_answer *answer;
    CURL *easy;               /* the client's */
    struct curl_slist *lines; /* fields as libcurl wants them */
    int64_t active_ms;        /* when a piece of the answer came last */
    bool is_head_over;
    bool is_stopped;
    bool is_oversize;
    char error[CURL_ERROR_SIZE];
};

/* False: the answer says why it cannot be sent. The handle must be clean but
 * for what the client has set of TLS and proxies. */
bool hg_fetch__transfer_init(struct hg_fetch__transfer *t, CURL *easy,
                             const struct hg_fetch_request *request,
                             struct hg_fetch_answer *answer);
/* The transfer is over: tell how. */
void hg_fetch__transfer_end(struct hg_fetch__transfer *t, CURLcode code);
/* Ended from outside: stopped, or out of time. */
void hg_fetch__transfer_cut(struct hg_fetch__transfer *t, enum hg_fetch_outcome outcome,
                            const char *text);
void hg_fetch__transfer_fini(struct hg_fetch__transfer *t);

#endif
