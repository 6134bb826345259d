/* SPDX-License-Identifier: Apache-2.0 */
/* pull.c - batches of what is there, each with the place of the next, until
 * one is empty. */
#include "ctl/stream.h"

#include "base/clock.h"
#include "ctl/retry.h"
#include "ctl/stop.h"
#include "ctl/trouble.h"
#include "fetch/link.h"
#include "fetch/url.h"

enum { BATCH_BYTES_MAX = 512 << 20, NODES_MAX = 50000000, BACKOFF_MS = 500, RETRIES = 5 };

/* Ask until there is an answer that can be used; false: there is none. */
static bool ask(struct hg_ctl_stream *s, const char *url) {
    const struct hg_field accept = {HG_SLICE("Accept"),
                                    HG_SLICE("application/cloudevents-batch+json")};
    const struct hg_fetch_request request = {.url = url,
                                             .fields = &accept,
                                             .n_fields = 1,
                                             .limits = {.body_bytes_max = BATCH_BYTES_MAX}};
    const struct hg_fetch_answer *a = &s->peer->answer;
    int64_t retries = s->retries >= 0 ? s->retries : RETRIES;
    struct hg_ctl_trouble trouble;
    for (unsigned failures = 1;; failures++) {
        hg_ctl_peer_ask(s->peer, &request);
        enum hg_ctl_advice advice = hg_ctl_retry_advice(a);
        if (advice == HG_CTL_DONE || advice == HG_CTL_STOP) {
            return advice == HG_CTL_DONE;
        }
        hg_ctl_trouble_read(a, &trouble);
        if (advice != HG_CTL_AGAIN || failures > retries) {
            hg_ctl_tell(s->ctl, "tail: %s", trouble.text);
            return false;
        }
        int64_t wait_ms =
            hg_ctl_retry_wait_ms(a, hg_clock_wall_ms(), BACKOFF_MS, failures, hg_ctl_random());
        if (!s->is_quiet) {
            hg_ctl_tell(s->ctl, "tail: %s; again in %lld.%lld s", trouble.text,
                        (long long)wait_ms / 1000, (long long)wait_ms % 1000 / 100);
        }
        if (hg_ctl_stop_wait(s->ctl->stop_fd, wait_ms)) {
            return false;
        }
    }
}

/* How many events came; negative: what came is no batch. */
static int64_t print_batch(struct hg_ctl_stream *s, struct hg_json_tape *tape) {
    const struct hg_json_limits limits = {.nodes_max = NODES_MAX};
    int64_t n = 0;
    size_t at;
    if (s->peer->answer.body.len == 0 ||
        hg_json_scan(tape, hg_buf_slice(&s->peer->answer.body), &limits, &at) != 0 ||
        tape->nodes[0].type != HG_JSON_ARRAY) {
        hg_ctl_tell(s->ctl, "tail: the answer is no batch of events; does this location stream?");
        return -1;
    }
    for (uint32_t i = 1; i < tape->nodes[0].next; i = tape->nodes[i].next) {
        n++;
        if (!hg_ctl_print(&s->printer, hg_json_bytes(tape, i), HG_SLICE(""))) {
            break;
        }
    }
    return n;
}

/* Where the next batch is. A gateway's link says only where to go on; what
 * events must be like is for us to repeat, or the stream would widen. */
static bool find_next(struct hg_ctl_stream *s, struct hg_buf *position) {
    struct hg_slice link, target;
    struct hg_buf next = {.max = 65536};
    bool is_found = hg_fetch_field(&s->peer->answer, HG_SLICE("link"), &link) &&
                    hg_link_find(link, HG_SLICE("next"), &target) &&
                    hg_url_param(target, HG_SLICE("position"), &next) == 0;
    bool moves = is_found && !hg_slice_eq(hg_buf_slice(&next), hg_buf_slice(position));
    if (is_found) {
        hg_buf_clear(position);
        hg_buf_put_slice(position, hg_buf_slice(&next));
    }
    hg_buf_fini(&next);
    return moves;
}

static int pull_all(struct hg_ctl_stream *s, struct hg_buf *position, struct hg_json_tape *tape) {
    struct hg_buf url = {0};
    int64_t n = 1;
    bool moves = true;
    while (n > 0 && moves && s->printer.left != 0) {
        hg_buf_clear(&url);
        hg_ctl_stream_url(s, s->since, hg_buf_slice(position), &url);
        n = ask(s, url.ptr) ? print_batch(s, tape) : -1;
        if (!hg_ctl_flush(s->ctl)) {
            n = -1;
        }
        moves = n >= 0 && find_next(s, position);
    }
    hg_buf_fini(&url);
    bool is_stopped = n < 0 && s->peer->answer.outcome == HG_FETCH_STOPPED;
    return n >= 0 || is_stopped ? HG_CTL_WELL : HG_CTL_NOT_DONE;
}

int hg_ctl_pull(struct hg_ctl_stream *s) {
    struct hg_buf position = {.max = 65536};
    struct hg_json_tape tape = {.n = 0};
    hg_buf_put_slice(&position, hg_slice_of(s->position));
    int status = s->printer.left != 0 ? pull_all(s, &position, &tape) : HG_CTL_WELL;
    /* With enough of them, more may stand in the batch than were printed. */
    const struct hg_buf *at = s->printer.left == 0 ? &s->printer.position : &position;
    if (at->len > 0 && !s->is_quiet) {
        hg_ctl_tell(s->ctl, "position %.*s", HG_FMT(hg_buf_slice(at)));
    }
    hg_buf_fini(&position);
    hg_json_tape_fini(&tape);
    return status;
}
