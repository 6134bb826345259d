/* SPDX-License-Identifier: Apache-2.0 */
/* copy.c - from one driver to the other, a piece at a time.
 *
 * A piece lies within PIECE offsets of the source, and all of it is durable
 * before the next is sent. So where a copy was cut off only its last piece can
 * have holes: what lies PIECE before the last copy is there, and the last PIECE
 * records of each partition tell which of the rest are.
 *
 *   look_back ─► read a piece ─► leave out what is there ─► append, wait ─┐
 *                      ▲──────────────────────────────────────────────────┘ */
#include "ctl/copy.h"

#include "ctl/stop.h"
#include "log/murmur2.h"
#include "log/position.h"
#include "log/records.h"

enum { PIECE = 1024, PIECE_BYTES = 4 << 20 };

static const struct hg_slice copied = {"hg_copied", 9};

struct work {
    struct hg_ctl_copy *c;
    struct hg_why *why;
    struct hg_log_range source; /* its only partition */
    uint32_t partitions;        /* of the target */
    struct hg_records records;
    struct hg_position *found; /* what the ends of the target are copies of */
    size_t n_found, cap_found;
    uint64_t from;        /* all before is there, and of what follows: */
    bool is_there[PIECE]; /* from there on */
    uint32_t fingerprints[PIECE];
    /* One piece: */
    struct hg_append_item items[PIECE];
    size_t n_items;
    struct hg_record_header *headers;
    size_t n_headers, cap_headers;
    char positions[PIECE][HG_POSITION_TEXT_LEN + 1];
};

/* ----- what is there ----- */

static bool read_copied(const struct hg_record *r, struct hg_position *ret) {
    for (size_t i = 0; i < r->n_headers; i++) {
        if (hg_slice_eq(r->headers[i].name, copied)) {
            return hg_position_parse(r->headers[i].value, ret) == 0;
        }
    }
    return false;
}

static int note(struct work *w, uint32_t partition, const struct hg_record *r) {
    struct hg_position p;
    if (!read_copied(r, &p) || p.topic_tag != hg_topic_tag(w->c->source.name) ||
        p.epoch != w->source.epoch || p.offset >= w->source.next) {
        hg_why_set(w->why,
                   "topic %.*s has events that are no copies from there (partition %u, offset "
                   "%llu)",
                   HG_FMT(w->c->target.name), (unsigned)partition, (unsigned long long)r->offset);
        return HG_EEXIST;
    }
    if (w->n_found == w->cap_found) {
        size_t cap = w->cap_found > 0 ? 2 * w->cap_found : PIECE;
        struct hg_position *found = hg_try_realloc(w->found, cap * sizeof(*found));
        if (found == NULL) {
            return HG_ENOMEM;
        }
        w->found = found;
        w->cap_found = cap;
    }
    w->found[w->n_found++] = p;
    return 0;
}

static int look_at_end(struct work *w, uint32_t partition) {
    struct hg_ctl_store *to = w->c->to;
    struct hg_log_range r;
    int err = to->ops->describe(to->state, w->c->target.id, partition, &r);
    if (err != 0) {
        return err;
    }
    for (uint64_t at = r.next - r.first > PIECE ? r.next - PIECE : r.first; at < r.next;) {
        struct hg_log_read want = {w->c->target.id, partition, at, PIECE, PIECE_BYTES};
        err = hg_ctl_store_read(to, &want, &w->records);
        for (size_t i = 0; err == 0 && i < w->records.n; i++) {
            err = note(w, partition, &w->records.items[i]);
        }
        if (err != 0 || w->records.n == 0) {
            return err;
        }
        at = w->records.items[w->records.n - 1].offset + 1;
    }
    return 0;
}

/* In a compacted topic copies may be gone because newer ones are there. It gets
 * the whole last piece again, in its order, and keeps the last of each key. */
static int look_back(struct work *w) {
    for (uint32_t p = 0; p < w->partitions; p++) {
        int err = look_at_end(w, p);
        if (err != 0) {
            return err;
        }
    }
    uint64_t end = 0;
    for (size_t i = 0; i < w->n_found; i++) {
        end = w->found[i].offset >= end ? w->found[i].offset + 1 : end;
    }
    w->from = end > PIECE ? end - PIECE : 0;
    for (size_t i = 0; i < w->n_found && !w->c->target.is_compacted; i++) {
        if (w->found[i].offset >= w->from) {
            w->is_there[w->found[i].offset - w->from] = true;
            w->fingerprints[w->found[i].offset - w->from] = w->found[i].fingerprint;
        }
    }
    return 0;
}

/* ----- a piece ----- */

static uint32_t fingerprint_of(const struct hg_record *r) {
    struct hg_slice id = {NULL, 0};
    if (r->event != NULL) {
        id = hg_event_core(r->event, HG_ATTR_ID);
    }
    return hg_position_fingerprint(r->log_time_ms, id);
}

static struct hg_position position_of(const struct work *w, const struct hg_record *r) {
    return (struct hg_position){.topic_tag = hg_topic_tag(w->c->source.name),
                                .epoch = w->source.epoch,
                                .offset = r->offset,
                                .fingerprint = fingerprint_of(r)};
}

/* As the gateway chooses it for what will be published there. */
static uint32_t partition_of(const struct work *w, const struct hg_record *r) {
    struct hg_slice by = r->key;
    if (by.len == 0 && r->event != NULL) {
        by = hg_event_core(r->event, HG_ATTR_ID);
    }
    return w->partitions > 1 ? hg_murmur2_partition(by, w->partitions) : 0;
}

/* The headers without an earlier copy's, and ours. There is room. */
static void add_headers(struct work *w, struct hg_record *r, char *position) {
    const struct hg_record_header *before = r->headers;
    size_t n = r->n_headers;
    r->headers = w->headers + w->n_headers;
    r->n_headers = 0;
    for (size_t i = 0; i < n; i++) {
        if (!hg_slice_eq(before[i].name, copied)) {
            w->headers[w->n_headers + r->n_headers++] = before[i];
        }
    }
    w->headers[w->n_headers + r->n_headers++] =
        (struct hg_record_header){copied, {position, HG_POSITION_TEXT_LEN}};
    w->n_headers += r->n_headers;
}

static void add_item(struct work *w, const struct hg_record *r) {
    size_t i = w->n_items++;
    struct hg_position position = position_of(w, r);
    w->items[i] = (struct hg_append_item){.topic = w->c->target.id, .record = *r};
    struct hg_record *copy = &w->items[i].record;
    struct hg_slice key = {NULL, 0};
    if (r->event != NULL) {
        key = hg_topic_key_of(w->c->key, r->event);
    }
    copy->key = key.len > 0 ? key : r->key;
    w->items[i].partition = partition_of(w, copy);
    hg_position_format(&position, w->positions[i]);
    add_headers(w, copy, w->positions[i]);
}

/* HG_EEXIST: something else is there in its place. */
static int take_record(struct work *w, const struct hg_record *r) {
    uint64_t at = r->offset - w->from;
    if (r->offset < w->from || at >= PIECE || !w->is_there[at]) {
        add_item(w, r);
        return 0;
    }
    if (w->fingerprints[at] != fingerprint_of(r)) {
        hg_why_set(w->why, "topic %.*s has copies of another log", HG_FMT(w->c->target.name));
        return HG_EEXIST;
    }
    w->c->n_there++;
    return 0;
}

/* From what was read; *ret_next is where the next piece begins. */
static int make_piece(struct work *w, uint64_t *ret_next) {
    size_t n_headers = 0;
    const struct hg_records *from = &w->records;
    for (size_t i = 0; i < from->n; i++) {
        n_headers += from->items[i].n_headers + 1;
    }
    if (n_headers > w->cap_headers) {
        struct hg_record_header *headers = hg_try_realloc(w->headers, n_headers * sizeof(*headers));
        if (headers == NULL) {
            return HG_ENOMEM;
        }
        w->headers = headers;
        w->cap_headers = n_headers;
    }
    w->n_items = w->n_headers = 0;
    int err = 0;
    for (size_t i = 0; err == 0 && i < from->n; i++) {
        if (from->items[i].offset - from->items[0].offset >= PIECE) {
            break;
        }
        err = take_record(w, &from->items[i]);
        *ret_next = from->items[i].offset + 1;
    }
    return err;
}

static int refused(struct work *w, int err, size_t at) {
    struct hg_slice name = w->c->target.name;
    w->c->is_hopeless = at >= w->n_items;
    if (at < w->n_items) {
        hg_why_set(w->why, "topic %.*s: the event at %s cannot be kept there: %s", HG_FMT(name),
                   w->positions[at], hg_err_text(err));
    } else {
        hg_why_set(w->why, "topic %.*s: %s; asked again, it goes on there", HG_FMT(name),
                   hg_err_text(err));
    }
    return err;
}

static int send_piece(struct work *w) {
    size_t at = SIZE_MAX;
    int err = w->n_items > 0 ? hg_ctl_store_append(w->c->to, w->items, w->n_items, &at) : 0;
    for (size_t i = 0; i < w->n_items; i++) {
        w->c->n_copied += w->items[i].err == 0;
    }
    return err != 0 ? refused(w, err, at) : 0;
}

static int copy_pieces(struct work *w) {
    uint64_t at = w->from > w->source.first ? w->from : w->source.first;
    w->c->n_there = at - w->source.first;
    while (at < w->source.next) {
        struct hg_log_read want = {w->c->source.id, 0, at, PIECE, PIECE_BYTES};
        if (hg_ctl_stop_wait(w->c->stop_fd, 0)) {
            return HG_ECLOSED;
        }
        int err = hg_ctl_store_read(w->c->from, &want, &w->records);
        if (err != 0 || w->records.n == 0) { /* nothing but holes */
            return err;
        }
        err = make_piece(w, &at);
        err = err == 0 ? send_piece(w) : err;
        if (err != 0) {
            return err;
        }
    }
    return 0;
}

/* ----- a topic ----- */

static int open_both(struct work *w) {
    struct hg_ctl_copy *c = w->c;
    struct hg_log_range target;
    int err = c->from->ops->topic_open(c->from->state, &c->source, w->why);
    err = err == 0 ? c->from->ops->describe(c->from->state, c->source.id, 0, &w->source) : err;
    if (err == 0 && w->source.partitions != 1) {
        hg_why_set(w->why, "topic %.*s has %u partitions; a log of one each can be copied",
                   HG_FMT(c->source.name), (unsigned)w->source.partitions);
        return HG_ENOTSUP;
    }
    err = err == 0 ? c->to->ops->topic_open(c->to->state, &c->target, w->why) : err;
    err = err == 0 ? c->to->ops->describe(c->to->state, c->target.id, 0, &target) : err;
    if (err == 0) {
        w->partitions = target.partitions;
        c->n_events = w->source.next - w->source.first;
    }
    return err;
}

int hg_ctl_copy_topic(struct hg_ctl_copy *c, struct hg_why *why) {
    struct work *w = hg_try_alloc(sizeof(*w));
    c->n_events = c->n_copied = c->n_there = 0;
    c->is_hopeless = false;
    if (w == NULL) {
        return HG_ENOMEM;
    }
    w->c = c;
    w->why = why;
    int err = open_both(w);
    err = err == 0 ? look_back(w) : err;
    err = err == 0 ? copy_pieces(w) : err;
    if (err != 0 && why->text[0] == 0) {
        hg_why_set(why, "topic %.*s: %s", HG_FMT(c->source.name), hg_err_text(err));
    }
    hg_records_fini(&w->records);
    hg_free(w->headers);
    hg_free(w->found);
    hg_free(w);
    return err;
}
