/* SPDX-License-Identifier: Apache-2.0 */
/* client.c - waits for one transfer, for its idle limit and for the word to
 * stop. libcurl's multi interface with a single handle, since its easy one
 * looks up only once a second. */
#include "fetch/client.h"

#include "base/clock.h"
#include "fetch/transfer.h"

enum { WAIT_MS_MAX = 60000 };

struct hg_fetch_client {
    struct hg_fetch_setup setup;
    CURLM *multi;
    CURL *easy;
};

struct hg_fetch_client *hg_fetch_client_new(const struct hg_fetch_setup *setup) {
    struct hg_fetch_client *c = hg_try_alloc(sizeof(*c));
    if (c == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        hg_free(c);
        return NULL;
    }
    c->setup = *setup;
    c->multi = curl_multi_init();
    c->easy = curl_easy_init();
    if (c->multi == NULL || c->easy == NULL) {
        hg_fetch_client_free(&c);
    }
    return c;
}

void hg_fetch_client_free(struct hg_fetch_client **pc) {
    struct hg_fetch_client *c = *pc;
    if (c == NULL) {
        return;
    }
    curl_easy_cleanup(c->easy);
    curl_multi_cleanup(c->multi);
    curl_global_cleanup();
    hg_free(c);
    *pc = NULL;
}

/* Keeps connections, forgets the last request. */
static bool prepare(struct hg_fetch_client *c) {
    const struct hg_fetch_setup *s = &c->setup;
    curl_easy_reset(c->easy);
    bool is_set = curl_easy_setopt(c->easy, CURLOPT_USERAGENT, "headgate/" HG_VERSION) == CURLE_OK;
    if (s->ca_path != NULL) {
        is_set = is_set && curl_easy_setopt(c->easy, CURLOPT_CAINFO, s->ca_path) == CURLE_OK;
    }
    if (s->is_insecure) {
        is_set = is_set && curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
                 curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK;
    }
    if (s->is_direct) {
        is_set = is_set && curl_easy_setopt(c->easy, CURLOPT_PROXY, "") == CURLE_OK;
    }
    return is_set;
}

/* Milliseconds that may pass before the idle limit is reached; below 0: it is. */
static int64_t left_of(const struct hg_fetch__transfer *t) {
    int64_t idle_ms = t->request->limits.idle_ms;
    return idle_ms > 0 ? t->active_ms + idle_ms - hg_clock_mono_ms() : WAIT_MS_MAX;
}

static bool wait_for_more(struct hg_fetch_client *c, struct hg_fetch__transfer *t) {
    int64_t left = left_of(t);
    struct curl_waitfd stop = {.fd = c->setup.stop_fd, .events = CURL_WAIT_POLLIN};
    if (left < 0) {
        hg_fetch__transfer_cut(t, HG_FETCH_LOST, "nothing came within the idle limit");
        return false;
    }
    int wait_ms = left < WAIT_MS_MAX ? (int)left + 1 : WAIT_MS_MAX;
    curl_multi_poll(c->multi, &stop, c->setup.stop_fd >= 0 ? 1 : 0, wait_ms, NULL);
    if (stop.revents != 0) {
        hg_fetch__transfer_cut(t, HG_FETCH_STOPPED, "stopped");
        return false;
    }
    return true;
}

static void drive(struct hg_fetch_client *c, struct hg_fetch__transfer *t) {
    int n_running = 1, n_left = 0;
    while (curl_multi_perform(c->multi, &n_running) == CURLM_OK && n_running > 0) {
        if (!wait_for_more(c, t)) {
            return;
        }
    }
    const CURLMsg *msg = curl_multi_info_read(c->multi, &n_left);
    hg_fetch__transfer_end(t, msg != NULL ? msg->data.result : CURLE_RECV_ERROR);
}

void hg_fetch_run(struct hg_fetch_client *c, const struct hg_fetch_request *request,
                  struct hg_fetch_answer *answer) {
    struct hg_fetch__transfer t;
    bool is_prepared = prepare(c);
    if (hg_fetch__transfer_init(&t, c->easy, request, answer)) {
        if (is_prepared && curl_multi_add_handle(c->multi, c->easy) == CURLM_OK) {
            drive(c, &t);
            curl_multi_remove_handle(c->multi, c->easy);
        } else {
            hg_fetch__transfer_cut(&t, HG_FETCH_UNUSABLE, "libcurl does not take the request");
        }
    }
    hg_fetch__transfer_fini(&t);
}
