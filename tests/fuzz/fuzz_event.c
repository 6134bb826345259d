/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_event.c - CloudEvents as JSON, alone and in batches. What was taken is
 * packed and encoded, and what was encoded is taken again. */
#include "event/codec.h"
#include "event/events.h"
#include "event/json.h"
#include "fuzz/fuzz.h"
#include "headgate/record.h"

static void check_event(struct hg_event *e) {
    struct hg_problem problem = {.index = -1};
    struct hg_codec_opts opts = {0};
    struct hg_buf json = {0};
    size_t n = hg_event_packed_bytes(e);
    char *packed = hg_alloc(n);
    struct hg_event *again = NULL;
    hg_event_pack(e, packed);
    HG_ASSERT(hg_event_unpack((struct hg_slice){packed, n}, &again) == 0);
    hg_event_unref(&again);
    hg_free(packed);
    hg_event_to_json(e, HG_SLICE(""), &json);
    HG_ASSERT(!json.is_failed);
    char *copy = fuzz_copy(hg_buf_slice(&json));
    HG_ASSERT(hg_codec_structured((struct hg_slice){copy, json.len}, &opts, &again, &problem) == 0);
    hg_event_unref(&again);
    hg_free(copy);
    hg_buf_fini(&json);
}

static void take_one(struct hg_slice text, const struct hg_codec_opts *opts) {
    struct hg_problem problem = {.index = -1};
    struct hg_event *e = NULL;
    if (hg_codec_structured(text, opts, &e, &problem) == 0) {
        check_event(e);
        hg_event_unref(&e);
    } else {
        HG_ASSERT(problem.status >= 400 && problem.status < 500 && problem.type != NULL);
    }
}

static void take_batch(struct hg_slice text, const struct hg_codec_opts *opts) {
    struct hg_problem problem = {.index = -1};
    struct hg_events list = {.max = 100};
    if (hg_codec_batch(text, opts, &list, &problem) == 0) {
        for (size_t i = 0; i < list.n; i++) {
            check_event(list.items[i]);
        }
    } else {
        HG_ASSERT(list.n == 0);
        HG_ASSERT(problem.status >= 400 && problem.status < 500 && problem.type != NULL);
    }
    hg_events_fini(&list);
}

static void scan(struct hg_slice text) {
    struct hg_json_tape tape = {0};
    struct hg_buf out = {0};
    size_t at = SIZE_MAX;
    int err = hg_json_scan(&tape, text, NULL, &at);
    HG_ASSERT(err != HG_EINVAL || at <= text.len);
    for (uint32_t i = 0; err == 0 && i < tape.n; i++) {
        HG_ASSERT((size_t)tape.nodes[i].start + tape.nodes[i].len <= text.len);
        HG_ASSERT(tape.nodes[i].next > i && tape.nodes[i].next <= tape.n);
        if (tape.nodes[i].type == HG_JSON_STRING) {
            hg_json_unescape(&tape, i, &out);
        }
    }
    if (err == 0) {
        hg_json_duplicate(&tape, 0);
    }
    hg_buf_fini(&out);
    hg_json_tape_fini(&tape);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input(data, size);
    struct hg_codec_opts opts = {.is_strict_data = fuzz_byte(&in) % 2 == 1};
    struct hg_slice text = fuzz_rest(&in);
    char *copy = fuzz_copy(text);
    text.ptr = copy;
    scan(text);
    take_one(text, &opts);
    take_batch(text, &opts);
    hg_free(copy);
    return 0;
}
