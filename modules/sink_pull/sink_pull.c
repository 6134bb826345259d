/* SPDX-License-Identifier: Apache-2.0 */
/* sink_pull - a batch of events as the answer to a plain GET, for clients that
 * ask rather than listen.
 *
 * The body is a JSON batch (CloudEvents JSON format 4), `[]` when nothing came
 * in time; each event carries its position as the attribute hgposition, and
 * the core adds the Link to go on from. Notices have no place in a batch: what
 * is missing is told by the core's answer. */
#include "headgate/module.h"

/* The fallback: whatever else a GET of a stream may ask for ranks higher. */
static int choose(const struct hg_request *r) {
    return hg_slice_eq(hg_request_method(r), HG_SLICE("GET")) ? 1 : 0;
}

static void encode(const struct hg_event *e, struct hg_slice position, struct hg_buf *out,
                   size_t *ret_mark) {
    hg_event_to_json(e, position, out);
    *ret_mark = out->len;
}

static void notice(const struct hg_notice *n, struct hg_buf *out) {
    (void)n;
    (void)out;
}

static const struct hg_sink_ops sink = {
    .size = sizeof(struct hg_sink_ops),
    .name = "pull",
    .framing = HG_SINK_ANSWER,
    .content_type = "application/cloudevents-batch+json",
    .prefix = {"[", 1},
    .separator = {",", 1},
    .suffix = {"]", 1},
    .choose = choose,
    .encode = encode,
    .notice = notice,
};

HG_MODULE(sink_pull) = {
    .abi = HG_MODULE_ABI,
    .size = sizeof(struct hg_module),
    .name = "sink_pull",
    .sink = &sink,
};
