/* SPDX-License-Identifier: Apache-2.0 */
/* sink_ws - events over WebSocket: one text message per event, in the JSON
 * event format, under the subprotocol cloudevents.json (CloudEvents WebSocket
 * binding).
 *
 * An event carries its position as the attribute hgposition. A notice is an
 * event too, of type headgate.stream.*, so that a client needs one parser.
 * There is no heartbeat: the core pings. Frames, masks and the handshake are
 * the core's; this only chooses and encodes. */
#include <stdatomic.h>
#include <time.h>

#include "headgate/module.h"

/* Makes the ids of notices differ within the process. */
static _Atomic uint64_t notices;

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == ',';
}

/* Is the word one of the elements of a list like "h2c, websocket"? */
static bool has_element(struct hg_slice list, struct hg_slice word) {
    size_t i = 0;
    while (i < list.len) {
        size_t start = i;
        while (i < list.len && list.ptr[i] != ',') {
            i++;
        }
        struct hg_slice element = {list.ptr + start, i - start};
        while (element.len > 0 && is_blank(element.ptr[0])) {
            element = (struct hg_slice){element.ptr + 1, element.len - 1};
        }
        while (element.len > 0 && is_blank(element.ptr[element.len - 1])) {
            element.len--;
        }
        if (hg_slice_ieq(element, word)) {
            return true;
        }
        i++;
    }
    return false;
}

/* HTTP/1.1 asks with a field (RFC 6455 4.1), HTTP/2 with a method (RFC 8441
 * 5). Whether the handshake is well formed is for the core to say. */
static int choose(const struct hg_request *r) {
    size_t n = 0;
    const struct hg_field *fields = hg_request_fields(r, &n);
    if (hg_slice_eq(hg_request_method(r), HG_SLICE("CONNECT"))) {
        return 100;
    }
    for (size_t i = 0; i < n; i++) {
        if (hg_slice_eq(fields[i].name, HG_SLICE("upgrade")) &&
            has_element(fields[i].value, HG_SLICE("websocket"))) {
            return 100;
        }
    }
    return 0;
}

static void encode(const struct hg_event *e, struct hg_slice position, struct hg_buf *out,
                   size_t *ret_mark) {
    hg_event_to_json(e, position, out);
    *ret_mark = out->len;
}

static void notice(const struct hg_notice *n, struct hg_buf *out) {
    const char *name = hg_notice_name(n->kind);
    struct timespec now;
    if (!name) {
        return;
    }
    /* The time too, so that ids differ from those of an earlier process. */
    clock_gettime(CLOCK_REALTIME, &now);
    hg_buf_printf(out,
                  "{\"specversion\":\"1.0\",\"id\":\"%llx-%llx\",\"source\":\"/headgate\","
                  "\"type\":\"%s\",\"data\":",
                  (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000,
                  (unsigned long long)atomic_fetch_add_explicit(&notices, 1, memory_order_relaxed),
                  name);
    hg_notice_put_json(n, out);
    HG_BUF_LIT(out, "}");
}

static const struct hg_sink_ops sink = {
    .size = sizeof(struct hg_sink_ops),
    .name = "ws",
    .framing = HG_SINK_MESSAGE,
    .subprotocol = "cloudevents.json",
    .choose = choose,
    .encode = encode,
    .notice = notice,
};

HG_MODULE(sink_ws) = {
    .abi = HG_MODULE_ABI,
    .size = sizeof(struct hg_module),
    .name = "sink_ws",
    .sink = &sink,
};
