/* SPDX-License-Identifier: Apache-2.0 */
/* retention.c - what is removed, a bounded piece at a time: records that are
 * too old or too many, those of deleted topics, old tombstones. Twice as much
 * may go as has come since the last tick, so removal never falls behind.
 *
 * Its clock. Ages are log times against a clock of our own that starts as the
 * wall clock and runs with the monotonic one. When the wall clock jumps, ours
 * follows at no more than double speed: a wrong clock that is set right again
 * within the hour costs at most an hour of history, not all of it. */
#include "store.h"

#include <time.h>

#include "headgate/logline.h"

enum {
    PIECE_RECORDS = 2048,            /* of one transaction */
    TICK_RECORDS = 4096,             /* at least, of one tick */
    SCAN_KEYS = 512,                 /* looked at for tombstones, of one tick */
    TOMBSTONE_MS = 24 * 3600 * 1000, /* how long readers can see one */
    READER_CHECK_TICKS = 60,
};

static int64_t clock_ms(clockid_t which) {
    struct timespec t;
    (void)clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void move_clock(struct upkeep *u) {
    int64_t mono_ms = clock_ms(CLOCK_MONOTONIC), wall_ms = clock_ms(CLOCK_REALTIME);
    if (u->mono_ms == 0) {
        u->now_ms = wall_ms;
    } else {
        int64_t elapsed = mono_ms - u->mono_ms;
        int64_t off = wall_ms - (u->now_ms + elapsed);
        off = off > elapsed ? elapsed : off;
        off = off < -elapsed ? -elapsed : off;
        u->now_ms += elapsed + off;
    }
    u->mono_ms = mono_ms;
}

/* What may go: every record for which one of these holds. */
struct cut {
    uint64_t before;  /* offset */
    int64_t older_ms; /* log time */
    uint64_t bytes;   /* so many of the oldest */
};

/* One piece of removal in one topic. */
struct piece {
    struct store *s;
    struct topic *t;
    MDB_txn *txn;
    struct cut cut;
    size_t limit, n;
    uint64_t first, bytes; /* where the topic begins afterwards; what went */
};

static bool must_go(const struct piece *p, uint64_t at, const MDB_val *value) {
    struct hg_slice bytes = {value->mv_data, value->mv_size};
    int64_t time_ms;
    return at < p->cut.before || p->bytes < p->cut.bytes ||
           (embedded_record_time(bytes, &time_ms) && time_ms < p->cut.older_ms);
}

/* The key's last record goes: the key is forgotten. */
static int drop_key(struct piece *p, uint64_t at, const MDB_val *record) {
    uint8_t k[4 + TOPIC_KEY_MAX];
    struct hg_slice own =
        embedded_record_own_key((struct hg_slice){record->mv_data, record->mv_size});
    if (own.len == 0 || own.len > TOPIC_KEY_MAX) {
        return 0;
    }
    embedded_put_be(k, p->t->sid, 4);
    memcpy(k + 4, own.ptr, own.len);
    MDB_val key = {4 + own.len, k}, value;
    int rc = embedded_row_get(p->txn, p->s->keys, key, &value);
    if (rc == 0 && value.mv_size == KEY_ROW_BYTES && embedded_get_be(value.mv_data, 8) == at) {
        rc = mdb_del(p->txn, p->s->keys, &key, NULL);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int drop_records(struct piece *p) {
    MDB_cursor *c = NULL;
    uint64_t from = p->first;
    MDB_val key = embedded_offset_key(&from), value;
    int rc = mdb_cursor_open(p->txn, p->t->records, &c);
    if (rc != 0) {
        return rc;
    }
    rc = mdb_cursor_get(c, &key, &value, MDB_SET_RANGE);
    while (rc == 0 && p->n < p->limit) {
        uint64_t at = embedded_offset_of(&key);
        if (!must_go(p, at, &value)) {
            break;
        }
        p->n++;
        p->first = at + 1;
        p->bytes += value.mv_size;
        rc = p->t->is_compacted ? drop_key(p, at, &value) : 0;
        rc = rc == 0 ? mdb_cursor_del(c, 0) : rc;
        /* After a removal the next is what moved into the place. */
        rc = rc == 0 ? mdb_cursor_get(c, &key, &value, MDB_NEXT) : rc;
    }
    mdb_cursor_close(c);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int drop_times(struct piece *p) {
    MDB_cursor *c = NULL;
    uint8_t k[4];
    embedded_put_be(k, p->t->sid, 4);
    MDB_val key = {sizeof k, k}, value;
    int rc = mdb_cursor_open(p->txn, p->s->times, &c);
    if (rc != 0) {
        return rc;
    }
    rc = mdb_cursor_get(c, &key, &value, MDB_SET_RANGE);
    while (rc == 0 && key.mv_size == 20 && embedded_get_be(key.mv_data, 4) == p->t->sid &&
           embedded_get_be((const uint8_t *)key.mv_data + 12, 8) < p->first) {
        rc = mdb_cursor_del(c, 0);
        rc = rc == 0 ? mdb_cursor_get(c, &key, &value, MDB_NEXT) : rc;
    }
    mdb_cursor_close(c);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int try_piece(struct piece *p) {
    struct topic *t = p->t;
    uint64_t before = atomic_load(&t->first);
    int rc = mdb_txn_begin(p->s->env, NULL, 0, &p->txn);
    if (rc != 0) {
        return embedded_err(p->s, rc);
    }
    p->first = before;
    rc = drop_records(p);
    if (rc == 0 && p->n < p->limit && p->cut.before > p->first) {
        p->first = p->cut.before; /* over holes, too */
    }
    rc = rc == 0 ? drop_times(p) : rc;
    rc = rc == 0 ? embedded_topic_put(p->s, p->txn, t, p->first, false) : rc;
    if (rc != 0 || p->first == before) {
        mdb_txn_abort(p->txn);
        return embedded_err(p->s, rc);
    }
    /* Announced before it is done: see read.c. */
    atomic_store_explicit(&t->first, p->first, memory_order_release);
    rc = mdb_txn_commit(p->txn);
    if (rc != 0) {
        atomic_store_explicit(&t->first, before, memory_order_release);
        return embedded_commit_failed(p->s, rc);
    }
    t->bytes_first += p->bytes;
    embedded_check_room(p->s);
    return 0;
}

static int run_piece(struct piece *p) {
    struct piece again = *p;
    int err = try_piece(p);
    if (err == HG_EFULL && embedded_reserve_give(p->s)) {
        *p = again;
        err = try_piece(p);
    }
    return err;
}

int embedded_trim(void *state, uint32_t topic, uint32_t partition, uint64_t before) {
    struct store *s = HG_CAST(struct store, STORE_MAGIC, state);
    embedded_flush(s);
    struct topic *t = embedded_topic(s, topic);
    if (t == NULL || partition != 0) {
        return HG_ENOENT;
    }
    if (s->is_broken) {
        return HG_EIO;
    }
    before = before < t->committed.next ? before : t->committed.next;
    int err = 0;
    while (err == 0 && atomic_load(&t->first) < before) {
        struct piece p = {.s = s, .t = t, .cut = {.before = before}, .limit = PIECE_RECORDS};
        err = run_piece(&p);
    }
    return err;
}

static struct cut cut_of(const struct store *s, const struct topic *t) {
    struct cut cut = {.older_ms = INT64_MIN};
    if (t->retention_ms > 0) {
        cut.older_ms = s->upkeep.now_ms - t->retention_ms;
    }
    uint64_t held = t->committed.bytes - t->bytes_first;
    if (t->retention_bytes > 0 && held > (uint64_t)t->retention_bytes) {
        cut.bytes = held - (uint64_t)t->retention_bytes;
    }
    return cut;
}

static size_t retain(struct store *s, struct topic *t, size_t budget) {
    size_t gone = 0;
    bool has_rule = t->retention_ms > 0 || t->retention_bytes > 0;
    /* A compacted topic keeps the last record of each key, whatever its age. */
    while (has_rule && !t->is_compacted && gone < budget && !s->is_broken &&
           atomic_load(&t->first) < t->committed.next) {
        struct piece p = {.s = s, .t = t, .cut = cut_of(s, t), .limit = PIECE_RECORDS};
        if (run_piece(&p) != 0 || p.n < p.limit) {
            return gone + p.n;
        }
        gone += p.n;
    }
    return gone;
}

/* Every topic gets its turn, and who does not come to an end goes on later. */
static void retain_all(struct store *s, size_t budget) {
    struct upkeep *u = &s->upkeep;
    for (uint32_t i = 0; i < s->n_topics && budget > 0; i++) {
        u->next_topic = u->next_topic + 1 < s->n_topics ? u->next_topic + 1 : 0;
        struct topic *t = embedded_topic(s, u->next_topic);
        if (t != NULL) {
            size_t gone = retain(s, t, budget);
            budget -= gone < budget ? gone : budget;
        }
    }
}

/* Remove up to PIECE_RECORDS rows that begin with an id. */
static int purge_rows(MDB_txn *txn, MDB_dbi table, uint32_t sid, size_t *n) {
    MDB_cursor *c = NULL;
    uint8_t k[4];
    embedded_put_be(k, sid, 4);
    MDB_val key = {sizeof k, k}, value;
    int rc = mdb_cursor_open(txn, table, &c);
    if (rc != 0) {
        return rc;
    }
    rc = mdb_cursor_get(c, &key, &value, MDB_SET_RANGE);
    while (rc == 0 && *n < PIECE_RECORDS && key.mv_size >= 4 &&
           embedded_get_be(key.mv_data, 4) == sid) {
        (*n)++;
        rc = mdb_cursor_del(c, 0);
        rc = rc == 0 ? mdb_cursor_get(c, &key, &value, MDB_NEXT) : rc;
    }
    mdb_cursor_close(c);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int find_deleted(struct store *s, MDB_txn *txn, uint32_t *ret_sid) {
    MDB_cursor *c = NULL;
    MDB_val key = {1, "d"}, value;
    int rc = mdb_cursor_open(txn, s->meta, &c);
    if (rc != 0) {
        return rc;
    }
    rc = mdb_cursor_get(c, &key, &value, MDB_SET_RANGE);
    if (rc == 0 && (key.mv_size != 5 || *(const char *)key.mv_data != 'd')) {
        rc = MDB_NOTFOUND;
    }
    if (rc == 0) {
        *ret_sid = (uint32_t)embedded_get_be((const uint8_t *)key.mv_data + 1, 4);
    }
    mdb_cursor_close(c);
    return rc;
}

/* The records, and in the end their table. */
static int purge_records(struct store *s, MDB_txn *txn, uint32_t sid, size_t *n) {
    MDB_cursor *c = NULL;
    MDB_val key, value;
    MDB_dbi table;
    int rc = embedded_open_records(txn, sid, false, &table);
    rc = rc == 0 ? mdb_cursor_open(txn, table, &c) : rc;
    if (rc != 0) {
        return rc == MDB_NOTFOUND ? 0 : rc; /* the table has gone already */
    }
    rc = mdb_cursor_get(c, &key, &value, MDB_FIRST);
    while (rc == 0 && *n < PIECE_RECORDS) {
        (*n)++;
        rc = mdb_cursor_del(c, 0);
        rc = rc == 0 ? mdb_cursor_get(c, &key, &value, MDB_NEXT) : rc;
    }
    mdb_cursor_close(c);
    if (rc == MDB_NOTFOUND) {
        rc = pthread_rwlock_wrlock(&s->lock); /* no reader may stand in it */
        HG_ASSERT(rc == 0);
        rc = mdb_drop(txn, table, 1);
        int unlocked = pthread_rwlock_unlock(&s->lock);
        HG_ASSERT(unlocked == 0);
    }
    return rc;
}

/* One piece of what deleted topics have left behind. */
static int purge_piece(struct store *s, MDB_txn *txn) {
    uint32_t sid = 0;
    size_t n = 0;
    int rc = find_deleted(s, txn, &sid);
    rc = rc == 0 ? purge_records(s, txn, sid, &n) : rc;
    rc = rc == 0 ? purge_rows(txn, s->times, sid, &n) : rc;
    rc = rc == 0 ? purge_rows(txn, s->keys, sid, &n) : rc;
    if (rc == 0 && n == 0) {
        uint8_t k[5] = {'d'};
        embedded_put_be(k + 1, sid, 4);
        MDB_val key = {sizeof k, k};
        rc = mdb_del(txn, s->meta, &key, NULL);
    }
    return rc;
}

static int drop_tombstone(MDB_txn *txn, uint32_t sid, uint64_t offset) {
    MDB_val key = embedded_offset_key(&offset);
    MDB_dbi table;
    int rc = embedded_open_records(txn, sid, false, &table);
    rc = rc == 0 ? mdb_del(txn, table, &key, NULL) : rc;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Where the last look ended, look at some more keys. */
static int scan_keys(struct store *s, MDB_txn *txn) {
    struct hg_buf *from = &s->upkeep.scan;
    MDB_cursor *c = NULL;
    MDB_val key = {from->len, from->ptr}, value;
    int rc = mdb_cursor_open(txn, s->keys, &c);
    if (rc != 0) {
        return rc;
    }
    rc = mdb_cursor_get(c, &key, &value, from->len > 0 ? MDB_SET_RANGE : MDB_FIRST);
    for (int i = 0; i < SCAN_KEYS && rc == 0; i++) {
        const uint8_t *v = value.mv_data;
        bool is_old = embedded_row_is_sound(key, &value) && value.mv_size == KEY_ROW_BYTES &&
                      v[16] != 0 &&
                      (int64_t)embedded_get_be(v + 8, 8) < s->upkeep.now_ms - TOMBSTONE_MS;
        if (is_old) {
            rc = drop_tombstone(txn, (uint32_t)embedded_get_be(key.mv_data, 4),
                                embedded_get_be(v, 8));
            rc = rc == 0 ? mdb_cursor_del(c, 0) : rc;
            rc = rc == 0 ? mdb_cursor_get(c, &key, &value, MDB_NEXT) : rc;
        } else {
            rc = mdb_cursor_get(c, &key, &value, MDB_NEXT);
        }
    }
    hg_buf_clear(from);
    if (rc == 0) {
        hg_buf_put(from, key.mv_data, key.mv_size);
    }
    mdb_cursor_close(c);
    return rc;
}

/* In a transaction of its own, which is dropped when there is nothing to do. */
static void run_alone(struct store *s, int (*fn)(struct store *s, MDB_txn *txn)) {
    MDB_txn *txn = NULL;
    if (s->is_broken || mdb_txn_begin(s->env, NULL, 0, &txn) != 0) {
        return;
    }
    int rc = fn(s, txn);
    if (rc != 0 && rc != MDB_NOTFOUND) {
        mdb_txn_abort(txn);
        return;
    }
    rc = mdb_txn_commit(txn); /* writes nothing when nothing was changed */
    if (rc != 0) {
        (void)embedded_commit_failed(s, rc);
    }
}

void embedded_tick(void *state) {
    struct store *s = HG_CAST(struct store, STORE_MAGIC, state);
    struct upkeep *u = &s->upkeep;
    embedded_flush(s);
    move_clock(u);
    if (!s->is_broken && embedded_check_file(s) != 0) {
        s->is_broken = true;
        HG_LOG(HG_CRIT, "log_file_lost",
               "path=%s reason=\"data.mdb was cut or removed by somebody else\"", s->path);
    }
    size_t budget = TICK_RECORDS + 2 * u->appended;
    u->appended = 0;
    if (s->is_broken) {
        return;
    }
    if (u->ticks++ % READER_CHECK_TICKS == 0) {
        int dead;
        (void)mdb_reader_check(s->env, &dead);
    }
    retain_all(s, budget);
    run_alone(s, purge_piece);
    run_alone(s, scan_keys);
    if (s->is_full && !s->is_broken) {
        embedded_check_room(s);
    }
}
