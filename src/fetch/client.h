/* SPDX-License-Identifier: Apache-2.0 */
/* client.h - outbound requests for who may wait: one at a time, on a
 * connection that is kept between them. Never on a loop. */
#ifndef HG_FETCH_CLIENT_H
#define HG_FETCH_CLIENT_H

#include "fetch/fetch.h"

struct hg_fetch_client; /* belongs to one thread */

struct hg_fetch_setup {
    const char *ca_path; /* PEM of who is trusted; NULL: the system's */
    bool is_insecure;    /* believe any certificate */
    bool is_direct;      /* whatever the environment says of proxies */
    int stop_fd;         /* readable: end what is running; -1: there is none */
};

/* NULL: no memory. What setup points to must outlive the client. SIGPIPE must
 * be ignored in the process: TLS writes without asking. */
struct hg_fetch_client *hg_fetch_client_new(const struct hg_fetch_setup *setup);
void hg_fetch_client_free(struct hg_fetch_client **pc);

/* Carry out one request and wait for its end, which answer->outcome tells.
 * Callbacks run inside this call and must not call it. */
void hg_fetch_run(struct hg_fetch_client *c, const struct hg_fetch_request *request,
                  struct hg_fetch_answer *answer);

#endif
