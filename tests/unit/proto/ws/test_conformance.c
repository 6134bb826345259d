/* SPDX-License-Identifier: Apache-2.0 */
/* Frame lists from the conformance data against the echo session: whole, byte
 * by byte, and cut in two at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "unit/proto/ws/client.h"

enum {
    MESSAGE_BYTES_MAX = 1 << 20,
    CUT_ALL_BYTES_MAX = 4096, /* longer streams are cut near their ends only */
    PAUSES_MAX = 8,
    FRAMES_MAX = 64,
    TEXTS_BYTES_MAX = 4 * MESSAGE_BYTES_MAX,
};

struct run {
    const char *id;
    struct hg_buf in;
    /* Where the client waits, and how many pings it has sent by then. */
    size_t pause_at[PAUSES_MAX], pings_by[PAUSES_MAX];
    size_t n_pauses, n_pings;
    /* Bytes made for this run: payloads that no JSON string holds. */
    struct hg_buf texts;
    struct server_frame want[FRAMES_MAX];
    size_t n_want;
    json_t *close_codes; /* what may stand in the last frame, borrowed */
    int close_code;
    bool has_close;
    bool is_failing;
    int first_data_op;
    struct hg_slice data, ping; /* all data bytes; the first ping's */
};

static json_t *load(const char *name) {
    const char *dir = getenv("CONFORMANCE_DIR");
    char path[512];
    if (!dir) {
        printf("SKIP: CONFORMANCE_DIR is not set: websocket/%s was not tried\n", name);
        return NULL;
    }
    snprintf(path, sizeof path, "%s/websocket/%s", dir, name);
    json_error_t error;
    json_t *root = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!root) {
        fail_msg("%s: %s", path, error.text);
    }
    return root;
}

static char *room(struct run *r, size_t n) {
    assert_int_equal(hg_buf_reserve(&r->texts, n), 0);
    r->texts.len += n;
    return r->texts.ptr + r->texts.len - n;
}

static struct hg_slice from_hex(struct run *r, const char *hex) {
    size_t n = strlen(hex) / 2;
    char *to = room(r, n);
    for (size_t i = 0; i < n; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        to[i] = (char)byte;
    }
    return (struct hg_slice){to, n};
}

static struct hg_slice filler(struct run *r, size_t n) {
    char *to = room(r, n);
    memset(to, '*', n);
    return (struct hg_slice){to, n};
}

static int op_of(const json_t *frame) {
    static const struct {
        const char *name;
        int op;
    } names[] = {{"cont", 0}, {"text", 1}, {"binary", 2}, {"close", 8}, {"ping", 9}, {"pong", 10}};
    const json_t *op = json_object_get(frame, "op");
    for (size_t i = 0; i < HG_COUNT(names) && json_is_string(op); i++) {
        if (strcmp(json_string_value(op), names[i].name) == 0) {
            return names[i].op;
        }
    }
    assert_true(json_is_integer(op));
    return (int)json_integer_value(op);
}

static struct hg_slice payload_of(struct run *r, const json_t *frame) {
    const json_t *code = json_object_get(frame, "code");
    const json_t *len = json_object_get(frame, "len");
    const json_t *text = json_object_get(frame, "text");
    const json_t *hex = json_object_get(frame, "hex");
    if (code) {
        const char *reason = json_string_value(json_object_get(frame, "reason"));
        size_t reason_len = (size_t)json_integer_value(json_object_get(frame, "reason_len"));
        size_t n = reason ? strlen(reason) : reason_len;
        char *to = room(r, 2 + n);
        int value = (int)json_integer_value(code);
        memset(to, '*', 2 + n);
        to[0] = (char)(value >> 8);
        to[1] = (char)value;
        if (reason) {
            memcpy(to + 2, reason, n);
        }
        return (struct hg_slice){to, 2 + n};
    }
    if (json_is_string(len)) { /* "limit+1" */
        return filler(r, MESSAGE_BYTES_MAX + 1);
    }
    if (len) {
        return filler(r, (size_t)json_integer_value(len));
    }
    if (hex) {
        return from_hex(r, json_string_value(hex));
    }
    if (text) {
        return (struct hg_slice){json_string_value(text), json_string_length(text)};
    }
    return (struct hg_slice){NULL, 0};
}

static void add_pause(struct run *r, size_t at) {
    assert_true(r->n_pauses < PAUSES_MAX);
    r->pause_at[r->n_pauses] = at;
    r->pings_by[r->n_pauses++] = r->n_pings;
}

static void add_split(struct run *r, int op, struct hg_slice payload) {
    for (size_t i = 0; i < payload.len; i++) {
        put_client_frame(&r->in, &(struct client_frame){.op = (uint8_t)(i == 0 ? op : 0),
                                                        .is_final = i + 1 == payload.len,
                                                        .payload = {payload.ptr + i, 1}});
    }
}

static void note(struct run *r, int op, struct hg_slice payload) {
    if (op == HG_WS_PING && r->n_pings++ == 0) {
        r->ping = payload;
    }
    if (op == HG_WS_TEXT || op == HG_WS_BINARY) {
        r->first_data_op = r->first_data_op ? r->first_data_op : op;
    }
    if (op < HG_WS_CLOSE && payload.len > 0) {
        struct hg_slice all = {NULL, r->data.len + payload.len};
        char *to = room(r, all.len);
        memcpy(to, r->data.ptr ? r->data.ptr : "", r->data.len);
        memcpy(to + r->data.len, payload.ptr, payload.len);
        all.ptr = to;
        r->data = all;
    }
}

static void add_frame(struct run *r, const json_t *frame) {
    struct hg_slice payload = payload_of(r, frame);
    const json_t *fin = json_object_get(frame, "fin");
    const json_t *raw = json_object_get(frame, "length_field");
    struct client_frame f = {
        .op = (uint8_t)op_of(frame),
        .is_final = !fin || json_integer_value(fin) != 0,
        .is_bare = json_is_false(json_object_get(frame, "mask")),
        .rsv = (uint8_t)json_integer_value(json_object_get(frame, "rsv")),
        .length_form = (int)json_integer_value(json_object_get(frame, "length_form")),
        .raw_length = raw ? from_hex(r, json_string_value(raw)).ptr : NULL,
        .payload = payload,
    };
    note(r, f.op, payload);
    if (json_object_get(frame, "split")) {
        add_split(r, f.op, payload);
        return;
    }
    put_client_frame(&r->in, &f);
    const json_t *cuts = json_object_get(frame, "cuts");
    for (size_t i = 0; i < json_array_size(cuts); i++) {
        size_t offset = (size_t)json_integer_value(json_array_get(cuts, i));
        add_pause(r, r->in.len - payload.len + offset);
    }
}

/* "echo", "echo TEXT", "pong", "pong TEXT". */
static void add_want(struct run *r, const char *event) {
    struct server_frame want;
    assert_true(r->n_want < FRAMES_MAX);
    bool is_echo = strncmp(event, "echo", 4) == 0;
    assert_true(is_echo || strncmp(event, "pong", 4) == 0);
    want.op = is_echo ? r->first_data_op : HG_WS_PONG;
    want.payload = event[4] == ' ' ? hg_slice_of(event + 5) : is_echo ? r->data : r->ping;
    r->want[r->n_want++] = want;
}

static void add_wants(struct run *r, const json_t *expect) {
    const json_t *events = json_object_get(expect, "events");
    /* What may come or not: the engine is quick enough that it does. */
    events = events ? events : json_object_get(expect, "events_optional");
    for (size_t i = 0; i < json_array_size(events); i++) {
        add_want(r, json_string_value(json_array_get(events, i)));
    }
    const json_t *fails = json_object_get(expect, "fail");
    const json_t *closes = json_object_get(expect, "close");
    r->is_failing = fails != NULL;
    r->has_close = fails || closes;
    r->close_code = (int)json_integer_value(fails ? fails : closes);
    r->close_codes = json_object_get(expect, "or");
    assert_true(r->has_close || json_array_size(r->close_codes) > 0);
}

static void run_init(struct run *r, const json_t *test) {
    const json_t *send = json_object_get(test, "send");
    bool is_closed = false;
    *r = (struct run){.id = json_string_value(json_object_get(test, "id"))};
    assert_int_equal(hg_buf_reserve(&r->texts, TEXTS_BYTES_MAX), 0); /* never moves */
    for (size_t i = 0; i < json_array_size(send); i++) {
        const json_t *frame = json_array_get(send, i);
        if (!json_object_get(frame, "op")) {
            add_pause(r, r->in.len);
            continue;
        }
        add_frame(r, frame);
        is_closed = is_closed || op_of(frame) == HG_WS_CLOSE;
    }
    add_wants(r, json_object_get(test, "expect"));
    if (!is_closed && !r->is_failing) {
        put_client(&r->in, HG_WS_CLOSE, HG_SLICE("\x03\xe8"));
    }
}

static void run_fini(struct run *r) {
    hg_buf_fini(&r->in);
    hg_buf_fini(&r->texts);
}

static bool is_code_wanted(const struct run *r, int code) {
    if (r->has_close && code == r->close_code) {
        return true;
    }
    for (size_t i = 0; i < json_array_size(r->close_codes); i++) {
        if (json_integer_value(json_array_get(r->close_codes, i)) == code) {
            return true;
        }
    }
    return false;
}

static void check_out(const struct run *r, const struct echo *e) {
    struct hg_slice rest = hg_buf_slice(&e->out);
    struct server_frame got;
    for (size_t i = 0; i < r->n_want; i++) {
        if (!take_server_frame(&rest, &got) || got.op != r->want[i].op ||
            !hg_slice_eq(got.payload, r->want[i].payload)) {
            fail_msg("%s: answer %zu is not as expected", r->id, i);
        }
    }
    if (!take_server_frame(&rest, &got) || got.op != HG_WS_CLOSE || got.payload.len < 2) {
        fail_msg("%s: a close frame was expected", r->id);
    }
    int code = (uint8_t)got.payload.ptr[0] << 8 | (uint8_t)got.payload.ptr[1];
    if (!is_code_wanted(r, code)) {
        fail_msg("%s: closed with %d", r->id, code);
    }
    if (rest.len > 0) {
        fail_msg("%s: something follows the close frame", r->id);
    }
}

static void check_pieces(const struct run *r, size_t first, size_t each) {
    struct echo e;
    struct hg_slice rest = hg_buf_slice(&r->in);
    echo_init(&e, MESSAGE_BYTES_MAX);
    for (size_t n = first; rest.len > 0; n = each) {
        n = n < rest.len ? n : rest.len;
        echo_feed(&e, (struct hg_slice){rest.ptr, n});
        rest = (struct hg_slice){rest.ptr + n, rest.len - n};
    }
    check_out(r, &e);
    echo_fini(&e);
}

static size_t count_pongs(struct hg_slice out) {
    struct server_frame got;
    size_t n = 0;
    while (take_server_frame(&out, &got)) {
        n += got.op == HG_WS_PONG;
    }
    return n;
}

/* While the client waits, its pings are answered; and at the last wait of a
 * case that fails for its text the fault is certain already. */
static void check_pauses(const struct run *r) {
    struct echo e;
    size_t at = 0;
    echo_init(&e, MESSAGE_BYTES_MAX);
    for (size_t i = 0; i < r->n_pauses; i++) {
        echo_feed(&e, (struct hg_slice){r->in.ptr + at, r->pause_at[i] - at});
        at = r->pause_at[i];
        if (count_pongs(hg_buf_slice(&e.out)) != r->pings_by[i]) {
            fail_msg("%s: a pong is late", r->id);
        }
    }
    if (r->n_pauses > 0 && r->is_failing && !e.is_over) {
        fail_msg("%s: the fault is found late", r->id);
    }
    echo_fini(&e);
}

static void check_run(const struct run *r) {
    size_t n = r->in.len;
    check_pieces(r, n, n);
    check_pieces(r, 1, 1);
    check_pieces(r, 997, 997);
    for (size_t cut = 1; cut < n; cut++) {
        if (n <= CUT_ALL_BYTES_MAX || cut < 32 || n - cut < 32) {
            check_pieces(r, cut, n);
        }
    }
    check_pauses(r);
}

static void run_cases(const char *name, size_t at_least) {
    json_t *cases = load(name);
    size_t n = 0;
    if (!cases) {
        skip();
    }
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *test = json_array_get(cases, i);
        const char *id = json_string_value(json_object_get(test, "id"));
        if (strncmp(id, "x.pmd", 5) == 0) {
            printf("SKIP: %s: compression is not offered\n", id);
            continue;
        }
        struct run r;
        run_init(&r, test);
        check_run(&r);
        run_fini(&r);
        n++;
    }
    json_decref(cases);
    assert_true(n >= at_least);
}

static void every_case_is_answered_as_the_standard_wants(void **state) {
    (void)state;
    run_cases("cases.json", 114);
}

static void the_extra_cases_are_answered_too(void **state) {
    (void)state;
    run_cases("extra-cases.json", 7);
}

/* The octets in one frame, or each in a frame of its own. */
static void run_sequence(const json_t *test, bool is_split) {
    struct run r = {.id = json_string_value(json_object_get(test, "id"))};
    assert_int_equal(hg_buf_reserve(&r.texts, TEXTS_BYTES_MAX), 0);
    struct hg_slice text = from_hex(&r, json_string_value(json_object_get(test, "hex")));
    bool is_valid = json_is_true(json_object_get(test, "valid"));
    if (is_split && text.len <= 64) {
        add_split(&r, HG_WS_TEXT, text);
    } else {
        put_client(&r.in, HG_WS_TEXT, text);
    }
    r.has_close = true;
    r.close_code = is_valid ? 1000 : 1007;
    if (is_valid) {
        r.want[r.n_want++] = (struct server_frame){HG_WS_TEXT, text};
        put_client(&r.in, HG_WS_CLOSE, HG_SLICE("\x03\xe8"));
    }
    check_run(&r);
    run_fini(&r);
}

static void text_is_echoed_or_refused_by_its_octets(void **state) {
    (void)state;
    json_t *cases = load("utf8-sequences.json");
    if (!cases) {
        skip();
    }
    assert_true(json_array_size(cases) > 90);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        run_sequence(json_array_get(cases, i), false);
        run_sequence(json_array_get(cases, i), true);
    }
    json_decref(cases);
}

int test_conformance(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_is_answered_as_the_standard_wants),
        cmocka_unit_test(the_extra_cases_are_answered_too),
        cmocka_unit_test(text_is_echoed_or_refused_by_its_octets),
    };
    return cmocka_run_group_tests_name("ws/conformance", tests, NULL, NULL);
}
