/* SPDX-License-Identifier: Apache-2.0 */
/* read.c - reads of records, on reader threads. Each call has a read
 * transaction of its own and holds it for the call only: a paused subscriber
 * pins no page.
 *
 * In a topic that is not compacted offsets have no holes, so a missing one is
 * damage, like a wrong checksum: it is counted, reported once, and skipped.
 * Never is it served, and never is it taken for the end. */
#include "store.h"

#include <errno.h>

#include "headgate/logline.h"

struct reader;
/* What becomes of one record: 0, also when it was damaged, or HG_ENOMEM. Adds
 * to *bytes when it was given. */
typedef int (*give_fn)(struct reader *r, uint64_t offset, const MDB_val *value, size_t *bytes);

struct reader {
    struct store *s;
    struct topic *t;
    MDB_txn *txn;
    MDB_cursor *c;
    uint64_t first, next;   /* first after the begin of txn, next before it */
    struct hg_records *out; /* of a read */
    hg_log_mark_fn mark;    /* of a scan */
    void *arg;
};

static void end(struct reader *r) {
    if (r->c != NULL) {
        mdb_cursor_close(r->c);
    }
    if (r->txn != NULL) {
        embedded_read_end(r->s, &r->txn);
    }
    int rc = pthread_rwlock_unlock(&r->s->lock);
    HG_ASSERT(rc == 0);
}

/* On success, and only then, end is due. */
static int begin(struct reader *r, void *state, uint32_t topic, uint32_t partition) {
    struct store *s = HG_CAST(struct store, STORE_MAGIC, state);
    *r = (struct reader){.s = s};
    int rc = pthread_rwlock_rdlock(&s->lock);
    HG_ASSERT(rc == 0);
    r->t = embedded_topic(s, topic);
    if (r->t == NULL || partition != 0) {
        end(r);
        return HG_ENOENT;
    }
    if (embedded_check_file(s) != 0) {
        end(r);
        return HG_EIO;
    }
    /* What is trimmed is announced before it is gone, what is appended after
     * it is there: between these two bounds nothing may be missing. */
    r->next = atomic_load_explicit(&r->t->next, memory_order_acquire);
    rc = embedded_read_begin(s, &r->txn);
    rc = rc == 0 ? mdb_cursor_open(r->txn, r->t->records, &r->c) : rc;
    if (rc != 0) {
        int err = embedded_err(s, rc);
        end(r);
        return err;
    }
    r->first = atomic_load_explicit(&r->t->first, memory_order_acquire);
    return 0;
}

static void report_damage(struct reader *r, uint64_t from, uint64_t to) {
    uint64_t before = atomic_exchange_explicit(&r->t->damaged_at, to, memory_order_relaxed);
    if (before != to) { /* each reader that passes meets it again */
        hg_counter_add(&embedded_damaged, (int64_t)(to - from));
        HG_LOG(HG_ERROR, "log_damaged", "topic=%s from=%llu to=%llu", r->t->name,
               (unsigned long long)from, (unsigned long long)(to - 1));
    }
}

static int give_record(struct reader *r, uint64_t offset, const MDB_val *value, size_t *bytes) {
    uint8_t place[RECORD_KEY_BYTES];
    struct hg_record_header headers[RECORD_HEADERS_MAX];
    struct hg_record record;
    struct hg_slice packed = {value->mv_data, value->mv_size};
    embedded_record_key(r->t->sid, offset, place);
    int err = embedded_record_read(place, packed, headers, &record);
    if (err == HG_EINVAL) {
        report_damage(r, offset, offset + 1);
        return 0;
    }
    if (err == 0) {
        err = hg_records_add(r->out, &record);
        hg_event_unref(&record.event);
        *bytes += value->mv_size;
    }
    return err;
}

static int give_mark(struct reader *r, uint64_t offset, const MDB_val *value, size_t *bytes) {
    uint8_t place[RECORD_KEY_BYTES];
    struct hg_log_mark mark;
    embedded_record_key(r->t->sid, offset, place);
    int err = embedded_record_mark(place, (struct hg_slice){value->mv_data, value->mv_size}, &mark);
    if (err == HG_EINVAL) {
        report_damage(r, offset, offset + 1);
        return 0;
    }
    *bytes += value->mv_size;
    if (err == 0) {
        r->mark(r->arg, &mark);
    }
    return 0;
}

/* *ret_next: where to go on; where it began when there is nothing more. */
static int walk(struct reader *r, const struct hg_log_read *want, give_fn give,
                uint64_t *ret_next) {
    MDB_val key = embedded_offset_key(&want->from), value;
    uint64_t expected = want->from;
    size_t given = 0, bytes = 0;
    int err = 0;
    int rc = mdb_cursor_get(r->c, &key, &value, MDB_SET_RANGE);
    while (rc == 0 && err == 0) {
        uint64_t at = embedded_offset_of(&key);
        if (at < expected) {
            rc = MDB_CORRUPTED; /* the index has lost its order */
            break;
        }
        if (at > expected && !r->t->is_compacted) {
            report_damage(r, expected, at);
        }
        size_t before = bytes;
        err = give(r, at, &value, &bytes);
        given += bytes > before;
        *ret_next = expected = at + 1;
        /* At least one is given, however small the bounds. */
        if (given > 0 && (given >= want->max_records || bytes >= want->max_bytes)) {
            return 0;
        }
        rc = err == 0 ? mdb_cursor_get(r->c, &key, &value, MDB_NEXT) : rc;
    }
    if (err == 0 && rc == MDB_NOTFOUND) {
        rc = 0;
    }
    if (err == 0 && rc == 0 && expected < r->next && !r->t->is_compacted) {
        report_damage(r, expected, r->next);
    }
    /* What fitted before memory ran out is an answer. */
    return err != 0 ? (given > 0 ? 0 : err) : embedded_err(r->s, rc);
}

int embedded_read(void *state, const struct hg_log_read *want, struct hg_records *out) {
    struct reader r;
    int err = begin(&r, state, want->topic, want->partition);
    if (err != 0) {
        return err;
    }
    uint64_t next = want->from;
    r.out = out;
    err = want->from < r.first ? HG_ENOENT : walk(&r, want, give_record, &next);
    end(&r);
    return err;
}

int embedded_scan(void *state, const struct hg_log_read *want, hg_log_mark_fn fn, void *arg,
                  uint64_t *ret_next) {
    struct reader r;
    int err = begin(&r, state, want->topic, want->partition);
    if (err != 0) {
        return err;
    }
    uint64_t next = want->from;
    r.mark = fn;
    r.arg = arg;
    err = want->from < r.first ? HG_ENOENT : walk(&r, want, give_mark, &next);
    end(&r);
    if (err == 0) {
        *ret_next = next;
    }
    return err;
}

/* The last row of times before time_ms tells where to begin to look. */
static int find_row(struct reader *r, int64_t time_ms, uint64_t *ret_from) {
    uint8_t k[20] = {0};
    MDB_cursor *c = NULL;
    embedded_put_be(k, r->t->sid, 4);
    embedded_put_be(k + 4, (uint64_t)time_ms, 8);
    MDB_val key = {sizeof k, k}, value;
    int rc = mdb_cursor_open(r->txn, r->s->times, &c);
    if (rc != 0) {
        return rc;
    }
    rc = mdb_cursor_get(c, &key, &value, MDB_SET_RANGE);
    do { /* a damaged row is passed over: it costs only time */
        rc = mdb_cursor_get(c, &key, &value, rc == 0 ? MDB_PREV : MDB_LAST);
    } while (rc == 0 && !embedded_row_is_sound(key, &value));
    if (rc == 0 && key.mv_size == 20 && embedded_get_be(key.mv_data, 4) == r->t->sid) {
        uint64_t from = embedded_get_be((const uint8_t *)key.mv_data + 12, 8);
        *ret_from = from > *ret_from ? from : *ret_from;
    }
    mdb_cursor_close(c);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* A damaged record has no time that could be believed. */
static bool is_from(const struct reader *r, uint64_t offset, const MDB_val *value,
                    int64_t time_ms) {
    struct hg_slice bytes = {value->mv_data, value->mv_size};
    uint8_t place[RECORD_KEY_BYTES];
    int64_t at_ms;
    embedded_record_key(r->t->sid, offset, place);
    return embedded_record_time(bytes, &at_ms) && at_ms >= time_ms &&
           embedded_record_is_sound(place, bytes);
}

int embedded_seek(void *state, uint32_t topic, uint32_t partition, int64_t time_ms,
                  uint64_t *ret_offset) {
    struct reader r;
    int err = begin(&r, state, topic, partition);
    if (err != 0) {
        return err;
    }
    uint64_t from = r.first, found = r.next > r.first ? r.next : r.first;
    int rc = time_ms > 0 ? find_row(&r, time_ms, &from) : 0;
    MDB_val key = embedded_offset_key(&from), value;
    rc = rc == 0 ? mdb_cursor_get(r.c, &key, &value, MDB_SET_RANGE) : rc;
    while (rc == 0) {
        uint64_t at = embedded_offset_of(&key);
        if (time_ms <= 0 || is_from(&r, at, &value, time_ms)) {
            found = at;
            break;
        }
        rc = mdb_cursor_get(r.c, &key, &value, MDB_NEXT);
        found = at + 1 > found ? at + 1 : found;
    }
    err = rc == MDB_NOTFOUND ? 0 : embedded_err(r.s, rc);
    end(&r);
    if (err == 0) {
        *ret_offset = found;
    }
    return err;
}

static int find_latest(struct reader *r, struct hg_slice name) {
    uint8_t k[4 + TOPIC_KEY_MAX];
    uint64_t offset = 0;
    size_t bytes = 0;
    embedded_put_be(k, r->t->sid, 4);
    memcpy(k + 4, name.ptr, name.len);
    MDB_val key = {4 + name.len, k}, value;
    int rc = embedded_row_get(r->txn, r->s->keys, key, &value);
    if (rc == 0 && (value.mv_size != KEY_ROW_BYTES || ((const uint8_t *)value.mv_data)[16] != 0)) {
        rc = MDB_NOTFOUND; /* a tombstone */
    }
    if (rc == 0) {
        offset = embedded_get_be(value.mv_data, 8);
        key = embedded_offset_key(&offset);
        rc = mdb_get(r->txn, r->t->records, &key, &value);
    }
    if (rc != 0) {
        return rc == MDB_NOTFOUND ? HG_ENOENT : embedded_err(r->s, rc);
    }
    int err = give_record(r, offset, &value, &bytes);
    return err == 0 && bytes == 0 ? HG_EIO : err; /* damaged */
}

int embedded_latest(void *state, uint32_t topic, struct hg_slice key, struct hg_records *out) {
    struct reader r;
    if (key.len == 0 || key.len > TOPIC_KEY_MAX) {
        return HG_ENOENT;
    }
    int err = begin(&r, state, topic, 0);
    if (err != 0) {
        return err;
    }
    r.out = out;
    err = find_latest(&r, key);
    end(&r);
    return err;
}
