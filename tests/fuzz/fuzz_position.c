/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_position.c - tokens of positions and cursors. What was taken is written
 * as it was read; a refusal leaves the cursor as it was. */
#include "fuzz/fuzz.h"
#include "log/position.h"

static void check_one(struct hg_slice text) {
    struct hg_position p;
    char again[HG_POSITION_TEXT_LEN + 1];
    if (hg_position_parse(text, &p) == 0) {
        hg_position_format(&p, again);
        HG_ASSERT(hg_slice_eq(text, hg_slice_of(again)));
    }
}

static void check_cursor(struct hg_slice text) {
    struct hg_cursor c = {0}, again = {0};
    struct hg_buf out = {0};
    int err = hg_cursor_merge(&c, text);
    HG_ASSERT(err == 0 || c.n == 0);
    hg_cursor_format(&c, &out);
    HG_ASSERT(hg_cursor_merge(&again, hg_buf_slice(&out)) == 0 || c.n == 0);
    HG_ASSERT(again.n == c.n);
    hg_buf_fini(&out);
    hg_cursor_fini(&c);
    hg_cursor_fini(&again);
}

/* Tokens that are right but for what the input says of them. */
static void check_made(struct fuzz_input *in) {
    struct hg_buf text = {0};
    while (in->at < in->end && text.len < 20000) {
        struct hg_position p = {.topic_tag = fuzz_byte(in) % 4,
                                .epoch = fuzz_byte(in) % 4,
                                .partition = fuzz_byte(in) % 4,
                                .offset = (uint64_t)fuzz_byte(in) << (fuzz_byte(in) % 64)};
        char token[HG_POSITION_TEXT_LEN + 1];
        hg_position_format(&p, token);
        hg_buf_printf(&text, "%s%s", text.len > 0 ? "." : "", token);
    }
    check_cursor(hg_buf_slice(&text));
    hg_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input(data, size);
    struct hg_slice text = fuzz_rest(&in);
    char *copy = fuzz_copy(text);
    text.ptr = copy;
    check_one(text);
    check_cursor(text);
    check_made(&in);
    hg_free(copy);
    return 0;
}
