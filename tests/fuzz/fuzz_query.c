/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_query.c - targets: path, query, and what a subscriber asks for by it.
 * The Link that goes on with a wish asks for the same. */
#include "edge/site.h"
#include "edge/visit.h"
#include "fuzz/fuzz.h"

static int read_wish(struct hg_slice target, struct hg_visit *v, struct hg_wish *w) {
    struct hg_problem problem = {.index = -1};
    struct hg_http_head head = {.method = HG_SLICE("GET"), .target = target};
    *w = (struct hg_wish){0};
    if (hg_request_init(&v->request, &head, &v->arena) != 0) {
        return HG_EINVAL;
    }
    HG_ASSERT(v->request.path.len > 0 && v->request.path.ptr[0] == '/');
    int err = hg_wish_read(v, w, &problem);
    HG_ASSERT(err == 0 || problem.status >= 400);
    return err;
}

static void check_next(struct hg_visit *v, const struct hg_wish *w,
                       const struct hg_location *location) {
    struct hg_visit again = {.location = location};
    struct hg_wish next;
    struct hg_buf link = {0};
    struct hg_position p = {.topic_tag = 1, .offset = 2};
    char token[HG_POSITION_TEXT_LEN + 1];
    hg_position_format(&p, token);
    hg_wish_print_next(v, hg_slice_of(token), &link);
    const char *from = memchr(link.ptr, '<', link.len), *to = memchr(link.ptr, '>', link.len);
    HG_ASSERT(from != NULL && to != NULL && to > from);
    struct hg_buf target = {0};
    HG_BUF_LIT(&target, "/x");
    hg_buf_put(&target, from + 1, (size_t)(to - from - 1));
    HG_ASSERT(read_wish(hg_buf_slice(&target), &again, &next) == 0);
    HG_ASSERT(next.start == HG_START_CURSOR && next.cursor.n == 1);
    HG_ASSERT(next.events_max == w->events_max && next.wait_ms == w->wait_ms);
    HG_ASSERT(hg_filter_is_empty(next.filter) == hg_filter_is_empty(w->filter));
    hg_wish_fini(&next);
    hg_arena_fini(&again.arena);
    hg_buf_fini(&target);
    hg_buf_fini(&link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input(data, size);
    struct hg_edge__conf conf = {.pull_events_max = 1000, .pull_wait_max_ms = 30000};
    struct hg_location location = {.conf = &conf};
    struct hg_visit v = {.location = &location};
    struct hg_slice text = fuzz_rest(&in);
    struct hg_wish w;
    if (text.len == 0 || text.ptr[0] != '/' || text.len > 8192) { /* as the engines give it */
        return 0;
    }
    char *copy = fuzz_copy(text);
    text.ptr = copy;
    if (read_wish(text, &v, &w) == 0) {
        check_next(&v, &w, &location);
    }
    hg_wish_fini(&w);
    hg_arena_fini(&v.arena);
    hg_free(copy);
    return 0;
}
