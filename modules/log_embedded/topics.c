/* SPDX-License-Identifier: Apache-2.0 */
/* topics.c - topics and where they begin and end.
 *
 * A topic's row is written when the topic is made, cut or deleted, not when it
 * grows: where it ends is read from its last record. When all its records are
 * gone the row knows, because whoever removes them writes it. So no offset is
 * ever used twice. The row of a deleted topic stays, for its epoch. */
#include "store.h"

#include <errno.h>
#include <stdio.h>

#include "headgate/logline.h"

enum { ROW_BYTES = 28, ROW_COMPACTED = 1, ROW_DELETED = 2 };

struct row {
    uint8_t flags;
    uint32_t sid, epoch;
    uint64_t first;
    int64_t time_ms; /* of the last record that was removed */
};

static MDB_val name_key(const char *name, uint8_t buffer[TOPIC_NAME_MAX + 2]) {
    size_t len = strlen(name);
    buffer[0] = 't';
    memcpy(buffer + 1, name, len);
    return (MDB_val){len + 1, buffer};
}

static struct row parse_row(const uint8_t *in) {
    return (struct row){
        .flags = in[0],
        .sid = (uint32_t)embedded_get_be(in + 4, 4),
        .epoch = (uint32_t)embedded_get_be(in + 8, 4),
        .first = embedded_get_be(in + 12, 8),
        .time_ms = (int64_t)embedded_get_be(in + 20, 8),
    };
}

static int get_row(struct store *s, MDB_txn *txn, const char *name, struct row *ret) {
    uint8_t buffer[TOPIC_NAME_MAX + 2];
    MDB_val value;
    int rc = embedded_row_get(txn, s->meta, name_key(name, buffer), &value);
    if (rc != 0) {
        return rc;
    }
    if (value.mv_size != ROW_BYTES) {
        return MDB_CORRUPTED;
    }
    *ret = parse_row(value.mv_data);
    return 0;
}

int embedded_topic_put(struct store *s, MDB_txn *txn, const struct topic *t, uint64_t first,
                       bool is_deleted) {
    uint8_t buffer[TOPIC_NAME_MAX + 2], out[ROW_BYTES + ROW_SUM_BYTES] = {0};
    out[0] = (uint8_t)((t->is_compacted ? ROW_COMPACTED : 0) | (is_deleted ? ROW_DELETED : 0));
    embedded_put_be(out + 4, t->sid, 4);
    embedded_put_be(out + 8, t->epoch, 4);
    embedded_put_be(out + 12, first, 8);
    embedded_put_be(out + 20, (uint64_t)t->end.time_ms, 8);
    return embedded_row_put(txn, s->meta, name_key(t->name, buffer), (MDB_val){ROW_BYTES, out});
}

/* Sum the sizes of the records from an offset to before another. */
static int sum_bytes(MDB_cursor *c, uint64_t from, uint64_t to, uint64_t *ret_bytes,
                     uint32_t *ret_records) {
    MDB_val key = embedded_offset_key(&from), value;
    uint64_t bytes = 0;
    uint32_t records = 0;
    int rc = mdb_cursor_get(c, &key, &value, MDB_SET_RANGE);
    while (rc == 0 && embedded_offset_of(&key) < to) {
        bytes += value.mv_size;
        records++;
        rc = mdb_cursor_get(c, &key, &value, MDB_NEXT);
    }
    *ret_bytes = bytes;
    *ret_records = records;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

struct time_row {
    uint64_t offset, bytes;
    bool is_there;
};

static int time_row_at(struct store *s, MDB_txn *txn, const struct topic *t, bool is_last,
                       struct time_row *ret) {
    MDB_cursor *c = NULL;
    MDB_val key, value;
    uint8_t from[4];
    int rc = mdb_cursor_open(txn, s->times, &c);
    if (rc != 0) {
        return rc;
    }
    /* The topic's first row, or the one before the next topic's first. */
    embedded_put_be(from, (uint64_t)t->sid + is_last, 4);
    key = (MDB_val){4, from};
    rc = mdb_cursor_get(c, &key, &value, MDB_SET_RANGE);
    if (is_last) {
        rc = mdb_cursor_get(c, &key, &value, rc == 0 ? MDB_PREV : MDB_LAST);
    }
    *ret = (struct time_row){0};
    if (rc == 0 && key.mv_size == 20 && embedded_get_be(key.mv_data, 4) == t->sid &&
        embedded_row_is_sound(key, &value) && value.mv_size == 8) {
        *ret = (struct time_row){.offset = embedded_get_be((const uint8_t *)key.mv_data + 12, 8),
                                 .bytes = embedded_get_be(value.mv_data, 8),
                                 .is_there = true};
    }
    mdb_cursor_close(c);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* How much the topic holds: from the nearest rows of times, and the few
 * records beside them. */
static int load_bytes(struct store *s, MDB_txn *txn, MDB_cursor *c, struct topic *t,
                      uint64_t first) {
    struct time_row oldest = {0}, newest = {0};
    uint64_t before = 0, after = 0;
    uint32_t n_before = 0, n_after = 0;
    int rc = time_row_at(s, txn, t, false, &oldest);
    rc = rc == 0 ? time_row_at(s, txn, t, true, &newest) : rc;
    if (rc == 0 && oldest.is_there) {
        rc = sum_bytes(c, first, oldest.offset, &before, &n_before);
    }
    if (rc == 0) {
        rc = sum_bytes(c, newest.is_there ? newest.offset : first, t->end.next, &after, &n_after);
    }
    t->end.bytes = newest.bytes + after;
    t->bytes_first = oldest.bytes > before ? oldest.bytes - before : 0;
    t->end.records_since = n_after;
    t->end.bytes_since = after < UINT32_MAX ? (uint32_t)after : UINT32_MAX;
    return rc;
}

/* The time of the last record; of one that is damaged nothing is believed, or
 * a single bit could send the log's clock into the future. */
static int load_time(MDB_cursor *c, struct topic *t, MDB_val key, MDB_val value) {
    int rc = 0;
    while (rc == 0) {
        struct hg_slice bytes = {value.mv_data, value.mv_size};
        uint8_t place[RECORD_KEY_BYTES];
        int64_t time_ms;
        embedded_record_key(t->sid, embedded_offset_of(&key), place);
        if (embedded_record_is_sound(place, bytes) && embedded_record_time(bytes, &time_ms)) {
            t->end.time_ms = time_ms > t->end.time_ms ? time_ms : t->end.time_ms;
            return 0;
        }
        rc = mdb_cursor_get(c, &key, &value, MDB_PREV);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Lost records are gone, but their offsets are not given to others. */
static void check_end(struct store *s, struct topic *t) {
    uint64_t noted = embedded_ends_get(s, t->sid);
    if (noted > t->end.next) {
        hg_counter_add(&embedded_damaged, (int64_t)(noted - t->end.next));
        HG_LOG(HG_ERROR, "log_end_lost", "topic=%s from=%llu to=%llu", t->name,
               (unsigned long long)t->end.next, (unsigned long long)(noted - 1));
        atomic_store(&t->damaged_at, noted);
        t->end.next = noted;
    }
}

static int load_end(struct store *s, MDB_txn *txn, struct topic *t, const struct row *row) {
    MDB_cursor *c = NULL;
    MDB_val key, value;
    int rc = mdb_cursor_open(txn, t->records, &c);
    if (rc != 0) {
        return rc;
    }
    t->end = (struct topic_end){.next = row->first, .time_ms = row->time_ms};
    rc = mdb_cursor_get(c, &key, &value, MDB_LAST);
    if (rc == 0) {
        uint64_t last = embedded_offset_of(&key);
        if (last == UINT64_MAX) {
            mdb_cursor_close(c);
            return MDB_CORRUPTED;
        }
        t->end.next = last + 1 > row->first ? last + 1 : row->first;
        rc = load_time(c, t, key, value);
    }
    if (rc == 0 || rc == MDB_NOTFOUND) {
        rc = load_bytes(s, txn, c, t, row->first);
    }
    mdb_cursor_close(c);
    check_end(s, t);
    t->committed = t->end;
    atomic_store(&t->first, row->first);
    atomic_store(&t->next, t->end.next);
    return rc;
}

/* A new topic, or one that was deleted: the next epoch. */
static int make_topic(struct store *s, MDB_txn *txn, struct topic *t, struct row *row) {
    uint8_t bytes[4 + ROW_SUM_BYTES];
    *row = (struct row){.sid = s->next_sid, .epoch = row->epoch + 1};
    embedded_put_be(bytes, (uint64_t)s->next_sid + 1, 4);
    int rc = embedded_row_put(txn, s->meta, (MDB_val){8, "next_sid"}, (MDB_val){4, bytes});
    t->sid = row->sid;
    t->epoch = row->epoch;
    return rc == 0 ? embedded_topic_put(s, txn, t, 0, false) : rc;
}

/* Gives LMDB's or the system's code; HG_EINVAL for a change that cannot be
 * made. The three kinds of numbers do not meet. */
static int open_topic(struct store *s, MDB_txn *txn, struct topic *t, struct hg_why *why) {
    struct row row = {0};
    bool wants_compacted = t->is_compacted;
    int rc = get_row(s, txn, t->name, &row);
    bool is_new = rc == MDB_NOTFOUND || (rc == 0 && (row.flags & ROW_DELETED) != 0);
    if (is_new) {
        rc = make_topic(s, txn, t, &row);
    } else if (rc == 0) {
        t->sid = row.sid;
        t->epoch = row.epoch;
        t->is_compacted = (row.flags & ROW_COMPACTED) != 0;
        if (t->is_compacted != wants_compacted) {
            hg_why_set(why, "topic %s was made %s compaction; that cannot be changed", t->name,
                       t->is_compacted ? "with" : "without");
            return HG_EINVAL;
        }
    }
    rc = rc == 0 ? embedded_open_records(txn, t->sid, is_new, &t->records) : rc;
    rc = rc == 0 ? load_end(s, txn, t, &row) : rc;
    if (rc == MDB_DBS_FULL) {
        hg_why_set(why, "topic %s: the embedded log keeps no more than %d topics", t->name,
                   TABLES_MAX);
    } else if (rc != 0) {
        hg_why_set(why, "topic %s: %s", t->name, mdb_strerror(rc));
    }
    return rc;
}

static int run_open(struct store *s, struct topic *t, struct hg_why *why) {
    MDB_txn *txn = NULL;
    /* A store that takes no more writes still serves the topics it has. */
    int rc = mdb_txn_begin(s->env, NULL, s->is_broken ? MDB_RDONLY : 0, &txn);
    if (rc != 0) {
        hg_why_set(why, "topic %s: %s", t->name, mdb_strerror(rc));
        return embedded_err(s, rc);
    }
    uint32_t sid = s->next_sid;
    rc = open_topic(s, txn, t, why);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc < 0 && rc >= HG_ENOTSUP ? rc : embedded_err(s, rc);
    }
    rc = mdb_txn_commit(txn);
    if (rc != 0) {
        hg_why_set(why, "topic %s: %s", t->name, mdb_strerror(rc));
        return embedded_commit_failed(s, rc);
    }
    if (t->sid == sid) {
        s->next_sid = sid + 1;
        embedded_ends_set(s, 0, embedded_ends_get(s, 0) + (t->epoch == 1));
    }
    return 0;
}

int embedded_topics_check(struct store *s, MDB_txn *txn, uint64_t *ret_n) {
    static const char *const known[] = {"format", "next_sid", "probe"};
    MDB_cursor *c = NULL;
    MDB_val key, value;
    uint64_t n = 0;
    int rc = mdb_cursor_open(txn, s->meta, &c);
    rc = rc == 0 ? mdb_cursor_get(c, &key, &value, MDB_FIRST) : rc;
    while (rc == 0) {
        char kind = key.mv_size > 0 ? *(const char *)key.mv_data : '\0';
        struct hg_slice name = {key.mv_data, key.mv_size};
        bool is_known = kind == 't' || kind == 'd' || kind == 'g';
        for (size_t i = 0; i < HG_COUNT(known); i++) {
            is_known = is_known || hg_slice_eq(name, hg_slice_of(known[i]));
        }
        n += kind == 't';
        rc = is_known && embedded_row_is_sound(key, &value)
                 ? mdb_cursor_get(c, &key, &value, MDB_NEXT)
                 : MDB_CORRUPTED;
    }
    mdb_cursor_close(c);
    *ret_n = n;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int reserve_slot(struct store *s, uint32_t id) {
    if (id < s->n_topics) {
        return 0;
    }
    uint32_t n = id + 1;
    struct topic **topics = hg_try_realloc(s->topics, n * sizeof(struct topic *));
    if (topics == NULL) {
        return HG_ENOMEM;
    }
    memset(topics + s->n_topics, 0, (n - s->n_topics) * sizeof(struct topic *));
    s->topics = topics;
    s->n_topics = n;
    return 0;
}

/* Readers come in only when the topic is whole. */
static int place_topic(struct store *s, struct topic *t) {
    int rc = pthread_rwlock_wrlock(&s->lock);
    HG_ASSERT(rc == 0);
    int err = reserve_slot(s, t->id);
    if (err == 0) {
        hg_free(s->topics[t->id]);
        s->topics[t->id] = t;
    }
    rc = pthread_rwlock_unlock(&s->lock);
    HG_ASSERT(rc == 0);
    return err;
}

int embedded_topic_open(void *state, const struct hg_log_topic *topic, struct hg_why *why) {
    struct store *s = HG_CAST(struct store, STORE_MAGIC, state);
    struct topic *t = embedded_topic(s, topic->id);
    if (t != NULL && t->is_compacted == topic->is_compacted) {
        t->retention_ms = topic->retention_ms;
        t->retention_bytes = topic->retention_bytes;
        return 0;
    }
    embedded_flush(s);
    if (topic->partitions != 1 || topic->name.len > TOPIC_NAME_MAX || s->env == NULL) {
        hg_why_set(why, "topic %.*s: the embedded log has one partition a topic",
                   HG_FMT(topic->name));
        return HG_EINVAL;
    }
    t = hg_try_alloc(sizeof *t);
    if (t == NULL) {
        return HG_ENOMEM;
    }
    memcpy(t->name, topic->name.ptr, topic->name.len);
    t->id = topic->id;
    t->is_compacted = topic->is_compacted;
    t->retention_ms = topic->retention_ms;
    t->retention_bytes = topic->retention_bytes;
    int err = run_open(s, t, why);
    err = err == 0 ? place_topic(s, t) : err;
    if (err != 0) {
        hg_free(t);
    }
    return err;
}

int embedded_topics_reload(struct store *s) {
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn);
    if (rc != 0) {
        return rc;
    }
    for (uint32_t i = 0; i < s->n_topics && rc == 0; i++) {
        struct topic *t = embedded_topic(s, i);
        struct row row;
        if (t != NULL) {
            rc = get_row(s, txn, t->name, &row);
            rc = rc == 0 ? embedded_open_records(txn, t->sid, false, &t->records) : rc;
            rc = rc == 0 ? load_end(s, txn, t, &row) : rc;
        }
    }
    /* Committed, or the tables' handles would go with it. */
    return rc == 0 ? mdb_txn_commit(txn) : (mdb_txn_abort(txn), rc);
}

int embedded_topic_delete(void *state, uint32_t id) {
    struct store *s = HG_CAST(struct store, STORE_MAGIC, state);
    embedded_flush(s);
    struct topic *t = embedded_topic(s, id);
    if (t == NULL) {
        return HG_ENOENT;
    }
    if (s->is_broken) {
        return HG_EIO;
    }
    uint8_t bytes[5] = {'d'}, sum[ROW_SUM_BYTES];
    embedded_put_be(bytes + 1, t->sid, 4);
    MDB_val key = {sizeof bytes, bytes}, value = {0, sum};
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(s->env, NULL, 0, &txn);
    if (rc != 0) {
        return embedded_err(s, rc);
    }
    rc = embedded_topic_put(s, txn, t, t->end.next, true);
    rc = rc == 0 ? embedded_row_put(txn, s->meta, key, value) : rc;
    if (rc != 0) {
        mdb_txn_abort(txn);
        return embedded_err(s, rc);
    }
    rc = mdb_txn_commit(txn);
    if (rc != 0) {
        return embedded_commit_failed(s, rc);
    }
    rc = pthread_rwlock_wrlock(&s->lock);
    HG_ASSERT(rc == 0);
    t->sid = 0;
    rc = pthread_rwlock_unlock(&s->lock);
    HG_ASSERT(rc == 0);
    return 0;
}

int embedded_describe(void *state, uint32_t id, uint32_t partition, struct hg_log_range *ret) {
    struct store *s = HG_CAST(struct store, STORE_MAGIC, state);
    const struct topic *t = embedded_topic(s, id);
    if (t == NULL || partition != 0) {
        return HG_ENOENT;
    }
    *ret = (struct hg_log_range){
        .epoch = t->epoch,
        .partitions = 1,
        .first = atomic_load(&t->first),
        .next = t->committed.next,
        .bytes = t->committed.bytes - t->bytes_first,
    };
    return 0;
}

/* One row of a topic; what is deleted is not listed. */
static void list_row(MDB_val key, MDB_val value, hg_log_topic_fn fn, void *arg) {
    if (!embedded_row_is_sound(key, &value) || value.mv_size != ROW_BYTES) {
        return;
    }
    struct row row = parse_row(value.mv_data);
    struct hg_log_topic topic = {
        .name = {(const char *)key.mv_data + 1, key.mv_size - 1},
        .partitions = 1,
        .is_compacted = (row.flags & ROW_COMPACTED) != 0,
    };
    if ((row.flags & ROW_DELETED) == 0) {
        fn(arg, &topic);
    }
}

int embedded_list(void *state, hg_log_topic_fn fn, void *arg) {
    struct store *s = HG_CAST(struct store, STORE_MAGIC, state);
    MDB_txn *txn = NULL;
    MDB_cursor *c = NULL;
    MDB_val key = {1, "t"}, value;
    embedded_flush(s);
    int rc = s->env == NULL ? EIO : embedded_read_begin(s, &txn);
    if (rc != 0) {
        return embedded_err(s, rc);
    }
    rc = mdb_cursor_open(txn, s->meta, &c);
    if (rc == 0) {
        rc = mdb_cursor_get(c, &key, &value, MDB_SET_RANGE);
        while (rc == 0 && *(const char *)key.mv_data == 't') {
            list_row(key, value, fn, arg);
            rc = mdb_cursor_get(c, &key, &value, MDB_NEXT);
        }
        mdb_cursor_close(c);
    }
    embedded_read_end(s, &txn);
    return rc == MDB_NOTFOUND ? 0 : embedded_err(s, rc);
}
