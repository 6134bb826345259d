/* SPDX-License-Identifier: Apache-2.0 */
/* send.c - post, judge, wait, again. */
#include "ctl/send.h"

#include "base/clock.h"
#include "ctl/stop.h"
#include "ctl/trouble.h"

static void post(const struct hg_ctl_sender *s, struct hg_slice body, const char *content_type) {
    const struct hg_field fields[] = {
        {HG_SLICE("Content-Type"), hg_slice_of(content_type)},
        {HG_SLICE("Prefer"), HG_SLICE("return=representation")},
    };
    const struct hg_fetch_request request = {.method = HG_FETCH_POST,
                                             .url = s->url,
                                             .fields = fields,
                                             .n_fields = HG_COUNT(fields),
                                             .body = body};
    hg_ctl_peer_ask(s->peer, &request);
}

/* False: the word to stop came. */
static bool wait_before(const struct hg_ctl_sender *s, unsigned failures, const char *what) {
    struct hg_ctl_trouble trouble;
    int64_t wait_ms = hg_ctl_retry_wait_ms(&s->peer->answer, hg_clock_wall_ms(), s->backoff_ms,
                                           failures, hg_ctl_random());
    hg_ctl_trouble_read(&s->peer->answer, &trouble);
    hg_ctl_tell(s->ctl, "%s: %s; again in %lld.%lld s (%u of %lld)", what, trouble.text,
                (long long)wait_ms / 1000, (long long)wait_ms % 1000 / 100, failures,
                (long long)s->retries);
    return !hg_ctl_stop_wait(s->ctl->stop_fd, wait_ms);
}

enum hg_ctl_advice hg_ctl_send(const struct hg_ctl_sender *s, struct hg_slice body,
                               const char *content_type, const char *what) {
    for (unsigned failures = 1;; failures++) {
        post(s, body, content_type);
        enum hg_ctl_advice advice = hg_ctl_retry_advice(&s->peer->answer);
        if (advice != HG_CTL_AGAIN) {
            return advice;
        }
        if (failures > s->retries) {
            return HG_CTL_GIVE_UP;
        }
        if (!wait_before(s, failures, what)) {
            return HG_CTL_STOP;
        }
    }
}
