/* SPDX-License-Identifier: Apache-2.0 */
/* client.c - what a client is sent, read line by line:
 *
 *   e ID POSITION                                   an event; the mark is before POSITION
 *   n KIND RESUMED REASON TOPIC FROM CURSOR         a notice; - is nothing */
#include "unit/feed/client.h"

#include <stdio.h>
#include <stdlib.h>

static void put_word(struct hg_buf *out, struct hg_slice word, char end) {
    hg_buf_put_slice(out, word.len > 0 ? word : HG_SLICE("-"));
    hg_buf_put(out, &end, 1);
}

static void encode(const struct hg_event *e, struct hg_slice position, struct hg_buf *out,
                   size_t *ret_mark) {
    if (hg_slice_eq(hg_event_core(e, HG_ATTR_TYPE), HG_SLICE("refused"))) {
        return;
    }
    hg_buf_put(out, "e ", 2);
    put_word(out, hg_event_core(e, HG_ATTR_ID), ' ');
    *ret_mark = out->len;
    put_word(out, position, '\n');
}

static void close_event(struct hg_slice cursor, struct hg_buf *out) {
    put_word(out, cursor, '\n');
}

static void notice(const struct hg_notice *n, struct hg_buf *out) {
    hg_buf_printf(out, "n %d %d ", (int)n->kind, n->is_resumed);
    put_word(out, hg_slice_of(n->reason), ' ');
    put_word(out, n->topic, ' ');
    put_word(out, n->gap_from, ' ');
    put_word(out, n->cursor, '\n');
}

static void no_notice(const struct hg_notice *n, struct hg_buf *out) {
    (void)n;
    (void)out;
}

const struct hg_sink_ops client_raw = {.framing = HG_SINK_RAW, .encode = encode, .notice = notice};
const struct hg_sink_ops client_cut = {
    .framing = HG_SINK_RAW, .encode = encode, .close_event = close_event, .notice = notice};
const struct hg_sink_ops client_message = {
    .framing = HG_SINK_MESSAGE, .encode = encode, .notice = notice};
const struct hg_sink_ops client_pull = {.framing = HG_SINK_ANSWER,
                                        .prefix = {"[\n", 2},
                                        .separator = {",\n", 2},
                                        .suffix = {"]", 1},
                                        .encode = encode,
                                        .notice = no_notice};
const struct hg_sink_ops client_pull_told = {.framing = HG_SINK_ANSWER,
                                             .prefix = {"[\n", 2},
                                             .separator = {",\n", 2},
                                             .suffix = {"]", 1},
                                             .encode = encode,
                                             .notice = notice};

static bool is_wanted(const struct client *c, const struct rig_record *r) {
    const struct client_wish *w = &c->wish;
    return (!w->type || strcmp(w->type, r->type) == 0) &&
           (!w->subject || strcmp(w->subject, r->subject) == 0) &&
           (!w->prefix || strncmp(w->prefix, r->subject, strlen(w->prefix)) == 0) &&
           strcmp(r->type, "refused") != 0;
}

void client_owe(struct client *c, uint32_t topic) {
    c->is_owed[topic] = true;
}

static bool is_free(const struct client *c, uint32_t topic, uint32_t partition) {
    return c->is_loose[topic][partition] || c->is_owed[topic];
}

/* No record that it wants lies from what it expects up to next. */
static void assert_none_before(struct client *c, uint32_t topic, uint32_t partition,
                               uint64_t next) {
    const struct rig_part *part = &c->rig->truth[topic][partition];
    uint64_t expect = is_free(c, topic, partition) ? UINT64_MAX : c->expect[topic][partition];
    for (size_t i = part->n; i > 0 && part->records[i - 1].offset >= expect; i--) {
        const struct rig_record *r = &part->records[i - 1];
        if (r->offset < next && is_wanted(c, r)) {
            fail_msg("%s at %u/%u/%llu was skipped", r->id, topic, partition,
                     (unsigned long long)r->offset);
        }
    }
}

static uint32_t topic_of(const struct client *c, uint64_t tag) {
    for (uint32_t i = 0; i < c->rig->n_topics; i++) {
        if (hg_log_topic_tag(c->rig->log, i) == tag) {
            return i;
        }
    }
    fail_msg("a position of no topic");
    return 0;
}

/* is_jump: it need not follow from what was sent: the first, or a gap. */
static void take_cursor(struct client *c, const char *text, bool is_jump) {
    struct hg_cursor cursor = {0};
    if (strcmp(text, "-") == 0) {
        return;
    }
    assert_int_equal(hg_cursor_merge(&cursor, hg_slice_of(text)), 0);
    for (size_t i = 0; i < cursor.n; i++) {
        const struct hg_position *p = &cursor.items[i];
        if (p->topic_tag == HG_POSITION_ORIGIN_TAG) {
            continue; /* before everything: nothing can follow from it */
        }
        uint32_t topic = topic_of(c, p->topic_tag);
        uint64_t next = p->offset + 1;
        if (!is_jump && !is_free(c, topic, p->partition)) {
            assert_true(next >= c->expect[topic][p->partition]);
            assert_none_before(c, topic, p->partition, next);
        }
        c->expect[topic][p->partition] = next;
    }
    hg_cursor_fini(&cursor);
    snprintf(c->cursor, sizeof(c->cursor), "%s", text);
}

static void take_own_position(struct client *c, const char *text, const struct rig_where *where,
                              const struct rig_record *r) {
    struct hg_position p;
    assert_int_equal(hg_position_parse(hg_slice_of(text), &p), 0);
    assert_int_equal(p.topic_tag, hg_log_topic_tag(c->rig->log, where->topic));
    assert_int_equal(p.partition, where->partition);
    assert_int_equal(p.offset, r->offset);
    assert_int_equal(p.fingerprint, r->fingerprint);
}

static bool is_single(const struct client *c) {
    return c->wish.n_topics == 1 && hg_log_topic_partitions(c->rig->log, c->wish.topics[0]) == 1;
}

static void take_event(struct client *c, const char *id, const char *position) {
    const struct rig_where *where = &c->rig->where[strtoull(id + 1, NULL, 10)];
    if (where->is_void) { /* it went before it could be told */
        assert_true(c->is_owed[where->topic]);
        c->expect[where->topic][where->partition] = where->offset + 1;
        c->n_events++;
        return;
    }
    const struct rig_record *r =
        &c->rig->truth[where->topic][where->partition].records[where->index];
    assert_string_equal(r->id, id);
    assert_true(is_wanted(c, r));
    assert_true(c->n_opened == 1 || c->n_answers > 0);
    if (!is_free(c, where->topic, where->partition) &&
        r->offset < c->expect[where->topic][where->partition]) {
        fail_msg("%s came again", id);
    }
    assert_none_before(c, where->topic, where->partition, r->offset);
    c->expect[where->topic][where->partition] = r->offset + 1;
    c->is_loose[where->topic][where->partition] = false;
    c->n_events++;
    snprintf(c->last_id, sizeof(c->last_id), "%s", id);
    if (c->wish.sink == &client_cut && !is_single(c)) {
        take_cursor(c, position, false);
    } else {
        take_own_position(c, position, where, r);
        if (is_single(c)) {
            snprintf(c->cursor, sizeof(c->cursor), "%s", position);
        }
    }
}

static void take_gap(struct client *c, const char *reason, const char *topic, const char *from) {
    c->n_gaps++;
    snprintf(c->reason, sizeof(c->reason), "%s", reason);
    snprintf(c->gap_topic, sizeof(c->gap_topic), "%s", topic);
    snprintf(c->gap_from, sizeof(c->gap_from), "%s", from);
}

static void take_notice(struct client *c, char *words[6]) {
    enum hg_notice_kind kind = (enum hg_notice_kind)strtol(words[0], NULL, 10);
    if (kind == HG_NOTICE_GAP) {
        for (uint32_t t = 0; t < c->rig->n_topics; t++) {
            if (hg_slice_eq(hg_log_topic_name(c->rig->log, t), hg_slice_of(words[3]))) {
                c->is_owed[t] = false;
            }
        }
        take_gap(c, words[2], words[3], words[4]);
    } else if (kind == HG_NOTICE_OPENED) {
        assert_int_equal(c->n_opened, 0);
        assert_int_equal(c->n_events, 0);
        c->is_resumed = words[1][0] == '1';
    }
    take_cursor(c, words[5], kind == HG_NOTICE_GAP || kind == HG_NOTICE_OPENED);
    c->n_opened += kind == HG_NOTICE_OPENED;
    c->n_closing += kind == HG_NOTICE_CLOSING;
    c->n_beats += kind == HG_NOTICE_HEARTBEAT;
    c->n_positions += kind == HG_NOTICE_POSITION;
    if (kind == HG_NOTICE_CLOSING) {
        snprintf(c->reason, sizeof(c->reason), "%s", words[2]);
    }
}

static void take_line(struct client *c, struct hg_slice text) {
    char line[4 * CLIENT_TEXT_MAX];
    char *words[8] = {0};
    char *save = NULL;
    assert_true(text.len < sizeof(line));
    snprintf(line, sizeof(line), "%.*s", HG_FMT(text));
    size_t n = 0;
    for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        assert_true(n < HG_COUNT(words));
        words[n++] = w;
    }
    if (n == 3 && strcmp(words[0], "e") == 0) {
        take_event(c, words[1], words[2]);
    } else if (n == 7 && strcmp(words[0], "n") == 0) {
        take_notice(c, words + 1);
    } else {
        fail_msg("not a line: %.*s", HG_FMT(text));
    }
}

/* One unmasked text frame at the start of what is left, or nothing yet. */
static size_t take_frame(struct client *c) {
    const uint8_t *b = (const uint8_t *)c->in.ptr + c->n_parsed;
    size_t n = c->in.len - c->n_parsed;
    size_t head = 2;
    if (n < 4) {
        return 0;
    }
    assert_int_equal(b[0], 0x81);
    size_t len = b[1];
    if (len == 126) {
        len = (size_t)b[2] << 8 | b[3];
        head = 4;
    }
    assert_true(len < 4096 && n >= head + len);
    assert_int_equal(b[head + len - 1], '\n');
    take_line(c, (struct hg_slice){(const char *)b + head, len - 1});
    return head + len;
}

static size_t take_raw(struct client *c) {
    const char *b = c->in.ptr + c->n_parsed;
    const char *end = memchr(b, '\n', c->in.len - c->n_parsed);
    if (!end) {
        return 0;
    }
    take_line(c, (struct hg_slice){b, (size_t)(end - b)});
    return (size_t)(end - b) + 1;
}

void client_parse(struct client *c) {
    c->is_parse_held = false;
    while (c->n_parsed < c->in.len) {
        size_t n = c->wish.sink->framing == HG_SINK_MESSAGE ? take_frame(c) : take_raw(c);
        if (n == 0) {
            return; /* an event that was cut and will be closed */
        }
        c->n_parsed += n;
    }
}

static void receive(struct hg_stream *s, const void *bytes, size_t n) {
    struct client *c = HG_CONTAINER(s, struct client, stream);
    hg_buf_put(&c->in, bytes, n);
    assert_false(c->in.is_failed);
    c->room = c->room > n ? c->room - n : 0;
    if (!c->is_parse_held) {
        client_parse(c);
    }
}

static void on_write(struct hg_stream *s, struct hg_blob *blob, size_t from, size_t len) {
    struct client *c = HG_CONTAINER(s, struct client, stream);
    assert_true(from + len <= blob->len && len > 0);
    /* Nothing is written without room, but that closing the event before may
     * have taken the last of it. */
    assert_true(c->room > 0 || c->wish.sink == &client_cut);
    c->n_writes++;
    receive(s, blob->bytes + from, len);
}

static size_t on_ask_room(const struct hg_stream *s) {
    return HG_CONTAINER(s, struct client, stream)->room;
}

static const struct hg_stream_proto proto = {
    .write = on_write, .put = receive, .room = on_ask_room};

struct hg_stream *client_stream(struct client *c) {
    c->stream.proto = &proto;
    return &c->stream;
}

static void on_answer(void *arg, struct hg_slice body, size_t n_events, struct hg_slice cursor) {
    struct client *c = arg;
    c->n_answers++;
    c->n_answered = n_events;
    c->sub = NULL;
    assert_true(body.len < sizeof(c->body));
    snprintf(c->body, sizeof(c->body), "%.*s", HG_FMT(body));
    assert_true(cursor.len < sizeof(c->cursor));
    snprintf(c->cursor, sizeof(c->cursor), "%.*s", HG_FMT(cursor));
}

static void on_gap(void *arg, const struct hg_notice *gap) {
    struct client *c = arg;
    char topic[RIG_TEXT_MAX];
    char from[CLIENT_TEXT_MAX];
    snprintf(topic, sizeof(topic), "%.*s", HG_FMT(gap->topic));
    snprintf(from, sizeof(from), "%.*s", HG_FMT(gap->gap_from));
    assert_int_equal(c->n_answers, 0);
    c->n_told_gaps++;
    take_gap(c, gap->reason, topic, from);
}

static const struct hg_subscriber_ops ops = {.on_answer = on_answer, .on_gap = on_gap};

static struct hg_filter *make_filter(const struct client_wish *w) {
    struct hg_filter *f = hg_filter_new();
    assert_non_null(f);
    if (w->type) {
        hg_filter_add(f, HG_SLICE("type"), HG_MATCH_EXACT, hg_slice_of(w->type));
    }
    if (w->subject) {
        hg_filter_add(f, HG_SLICE("subject"), HG_MATCH_EXACT, hg_slice_of(w->subject));
    }
    if (w->prefix) {
        hg_filter_add(f, HG_SLICE("subject"), HG_MATCH_PREFIX, hg_slice_of(w->prefix));
    }
    return f;
}

static unsigned slot_of(const struct hg_sink_ops *sink) {
    return sink == &client_message ? 1 : sink->framing == HG_SINK_ANSWER ? 2 : 0;
}

struct client *client_open(struct rig *rig, const struct client_wish *wish) {
    struct client *c = calloc(1, sizeof(*c));
    struct hg_cursor cursor = {0};
    assert_non_null(c);
    c->rig = rig;
    c->wish = *wish;
    c->wish.sink = wish->sink ? wish->sink : &client_raw;
    c->wish.n_topics = wish->n_topics > 0 ? wish->n_topics : !wish->has_no_topic;
    hg_buf_reserve(&c->in, 64 << 10); /* a test may be counting allocations */
    c->room = wish->has_no_room ? 0 : wish->room > 0 ? wish->room : CLIENT_ROOM_ALL;
    struct hg_filter *filter = make_filter(wish);
    struct hg_subscription s = {
        .sink = c->wish.sink,
        .slot = slot_of(c->wish.sink),
        .stream = client_stream(c),
        .filter = filter,
        .topics = c->wish.topics,
        .n_topics = c->wish.n_topics,
        .start = wish->cursor ? HG_START_CURSOR : wish->start,
        .time_ms = wish->time_ms,
        .cursor = &cursor,
        .heartbeat_ms = wish->heartbeat_ms,
        .retry_ms = 3000,
        .events_max = wish->events_max > 0 ? wish->events_max : 1000,
        .bytes_max = wish->bytes_max > 0 ? wish->bytes_max : 1 << 20,
        .wait_ms = wish->wait_ms,
        .ops = &ops,
        .arg = c,
    };
    if (wish->cursor) {
        assert_int_equal(hg_cursor_merge(&cursor, hg_slice_of(wish->cursor)), 0);
    }
    assert_int_equal(hg_subscriber_open(rig->feed, &s, &c->sub), 0);
    hg_cursor_fini(&cursor);
    hg_filter_unref(&filter);
    return c;
}

void client_close(struct client **pc) {
    struct client *c = *pc;
    *pc = NULL;
    hg_subscriber_close(&c->sub);
    hg_buf_fini(&c->in);
    free(c);
}

void client_set_room(struct client *c, size_t room) {
    bool has_grown = c->room == 0 && room > 0;
    c->room = room;
    if (has_grown) {
        hg_subscriber_on_room(c->sub);
    }
}

static bool covers(const struct client *c, uint32_t topic) {
    for (size_t i = 0; i < c->wish.n_topics; i++) {
        if (c->wish.topics[i] == topic) {
            return true;
        }
    }
    return false;
}

/* New ones begin where the loop stands. */
void client_set_topics(struct client *c, const uint32_t *topics, size_t n) {
    assert_true(n <= FAKE_TOPICS);
    assert_int_equal(hg_subscriber_set_topics(c->sub, topics, n), 0);
    for (size_t i = 0; i < n; i++) {
        const struct hg_feed__topic *t = hg_feed__parts_topic(&c->rig->feed->parts, topics[i]);
        for (uint32_t p = 0; !covers(c, topics[i]) && p < t->n_parts; p++) {
            c->expect[topics[i]][p] = t->parts[p]->next;
            c->is_loose[topics[i]][p] = c->rig->is_remote;
        }
    }
    c->wish.n_topics = n;
    if (n > 0) {
        memcpy(c->wish.topics, topics, n * sizeof(topics[0]));
    }
}

void client_assert_whole(struct client *c) {
    assert_int_equal(c->n_parsed, c->in.len);
    for (size_t t = 0; t < c->wish.n_topics; t++) {
        for (uint32_t p = 0; p < hg_log_topic_partitions(c->rig->log, c->wish.topics[t]); p++) {
            assert_none_before(c, c->wish.topics[t], p, UINT64_MAX);
        }
    }
}

bool client_is_live(const struct client *c) {
    return c->sub && c->sub->state == HG_FEED__LIVE;
}
