/* SPDX-License-Identifier: Apache-2.0 */
/* append.c - appends between two flushes are one transaction.
 *
 *   no transaction ── append, group_commit ──► open ── flush ──► durable: tail,
 *          ^                                    |                then answers
 *          └──────── group_fail: all answered ◄┘
 *
 * An append that cannot be taken (expected position, size, key) is refused
 * before anything of it is written, so it does not spoil the others' group.
 * When the store itself fails, nothing of the group is stored and everybody
 * in it is told so. */
#include "store.h"

#include <errno.h>
#include <time.h>

/* A row of times at least this often. */
enum { TIMES_RECORDS = 256, TIMES_BYTES = 256 << 10 };

static int64_t wall_ms(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    int64_t ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
    return ms > 0 ? ms : 0; /* keys of times have no sign */
}

static void end_group(struct store *s, bool is_stored) {
    while (s->group.touched != NULL) {
        struct topic *t = s->group.touched;
        s->group.touched = t->next_touched;
        t->next_touched = NULL;
        t->group_records = 0;
        if (is_stored) {
            t->committed = t->end;
            embedded_ends_set(s, t->sid, t->end.next);
            atomic_store_explicit(&t->next, t->end.next, memory_order_release);
        } else {
            t->end = t->committed;
        }
    }
    s->group = (struct group){.end = &s->group.first};
}

static void answer_all(struct hg_append *append, int err) {
    while (append != NULL) {
        struct hg_append *next = append->next;
        hg_append_complete(append, err);
        append = next;
    }
}

void embedded_group_fail(struct store *s, int err) {
    struct hg_append *all = s->group.first;
    if (s->group.txn != NULL) {
        mdb_txn_abort(s->group.txn);
    }
    end_group(s, false);
    answer_all(all, err);
}

int embedded_group_begin(struct store *s) {
    if (s->group.txn != NULL) {
        return 0;
    }
    if (s->is_broken) {
        return HG_EIO;
    }
    if (s->is_full) {
        return HG_EFULL;
    }
    int rc = mdb_txn_begin(s->env, NULL, 0, &s->group.txn);
    return embedded_err(s, rc);
}

/* The offset that an item of the append will get. */
static uint64_t offset_of(const struct hg_append *append, size_t i, const struct topic *t) {
    uint64_t at = t->end.next;
    for (size_t k = 0; k < i; k++) {
        at += append->items[k].topic == append->items[i].topic;
    }
    return at;
}

static int check_item(const struct store *s, const struct hg_append *append, size_t i) {
    const struct hg_append_item *item = &append->items[i];
    const struct topic *t = embedded_topic(s, item->topic);
    if (t == NULL || item->partition != 0) {
        return HG_EINVAL;
    }
    if (item->has_expected && item->expected_next != offset_of(append, i, t)) {
        return HG_ECONFLICT;
    }
    if (t->is_compacted && item->record.key.len == 0) {
        return HG_EINVAL;
    }
    if ((t->is_compacted && item->record.key.len > TOPIC_KEY_MAX) ||
        embedded_record_bytes(&item->record) == 0) {
        return HG_E2BIG;
    }
    return 0;
}

static int check(struct store *s, struct hg_append *append) {
    if (append->n_items == 0 && !embedded_has_room(s, append->room)) {
        return HG_EFULL;
    }
    for (size_t i = 0; i < append->n_items; i++) {
        int err = check_item(s, append, i);
        if (err != 0) {
            append->refused = i;
            return err;
        }
    }
    return 0;
}

static void touch(struct store *s, struct topic *t) {
    if (t->group_records++ == 0) {
        t->next_touched = s->group.touched;
        s->group.touched = t;
    }
    s->group.n_records++;
}

static int put_time(struct store *s, struct topic *t, uint64_t offset) {
    uint8_t k[20], v[8 + ROW_SUM_BYTES];
    embedded_put_be(k, t->sid, 4);
    embedded_put_be(k + 4, (uint64_t)t->end.time_ms, 8);
    embedded_put_be(k + 12, offset, 8);
    embedded_put_be(v, t->end.bytes, 8);
    t->end.records_since = 0;
    t->end.bytes_since = 0;
    return embedded_row_put(s->group.txn, s->times, (MDB_val){sizeof k, k}, (MDB_val){8, v});
}

/* The new last record of a key: the one before it goes at once, so that the
 * topic never holds more than one record of a key. */
static int put_key(struct store *s, struct topic *t, const struct hg_record *r) {
    uint8_t k[4 + TOPIC_KEY_MAX], v[KEY_ROW_BYTES + ROW_SUM_BYTES];
    embedded_put_be(k, t->sid, 4);
    memcpy(k + 4, r->key.ptr, r->key.len);
    MDB_val key = {4 + r->key.len, k}, value;
    int rc = embedded_row_get(s->group.txn, s->keys, key, &value);
    if (rc == 0 && value.mv_size == KEY_ROW_BYTES) {
        uint64_t offset = embedded_get_be(value.mv_data, 8);
        MDB_val old = embedded_offset_key(&offset);
        rc = mdb_del(s->group.txn, t->records, &old, NULL);
    }
    /* A damaged row must not keep everybody else's group from being stored. */
    if (rc != 0 && rc != MDB_NOTFOUND && rc != MDB_CORRUPTED) {
        return rc;
    }
    embedded_put_be(v, r->offset, 8);
    embedded_put_be(v + 8, (uint64_t)r->log_time_ms, 8);
    v[16] = r->event == NULL;
    return embedded_row_put(s->group.txn, s->keys, key, (MDB_val){KEY_ROW_BYTES, v});
}

static int put_record(struct store *s, struct topic *t, struct hg_record *r, int64_t now_ms) {
    uint8_t k[RECORD_KEY_BYTES];
    size_t bytes = embedded_record_bytes(r);
    t->end.time_ms = now_ms > t->end.time_ms ? now_ms : t->end.time_ms;
    r->offset = t->end.next;
    r->log_time_ms = t->end.time_ms;
    int rc = t->is_compacted ? put_key(s, t, r) : 0;
    embedded_record_key(t->sid, r->offset, k);
    MDB_val key = embedded_offset_key(&r->offset), value = {bytes, NULL};
    rc = rc == 0 ? mdb_put(s->group.txn, t->records, &key, &value, MDB_RESERVE | MDB_APPEND) : rc;
    if (rc != 0) {
        return rc;
    }
    embedded_record_write(r, k, value.mv_data, bytes);
    bool needs_row = t->end.bytes == 0 || t->end.records_since >= TIMES_RECORDS ||
                     t->end.bytes_since >= TIMES_BYTES;
    rc = needs_row ? put_time(s, t, r->offset) : 0;
    t->end.next++;
    t->end.bytes += bytes;
    t->end.records_since++;
    t->end.bytes_since += (uint32_t)bytes;
    touch(s, t);
    return rc;
}

/* Something has to be written, or nobody would learn whether it can be. */
static int put_probe(struct store *s) {
    uint8_t bytes[8 + ROW_SUM_BYTES];
    embedded_put_be(bytes, (uint64_t)wall_ms(), 8);
    return embedded_row_put(s->group.txn, s->meta, (MDB_val){5, "probe"}, (MDB_val){8, bytes});
}

void embedded_append(void *state, struct hg_append *append) {
    struct store *s = HG_CAST(struct store, STORE_MAGIC, state);
    int err = check(s, append);
    err = err == 0 ? embedded_group_begin(s) : err;
    if (err != 0) {
        hg_append_complete(append, err);
        return;
    }
    append->next = NULL;
    *s->group.end = append;
    s->group.end = &append->next;
    int64_t now_ms = wall_ms();
    int rc = append->n_items == 0 ? put_probe(s) : 0;
    for (size_t i = 0; i < append->n_items && rc == 0; i++) {
        struct hg_append_item *item = &append->items[i];
        rc = put_record(s, embedded_topic(s, item->topic), &item->record, now_ms);
    }
    if (rc != 0) {
        embedded_group_fail(s, embedded_err(s, rc));
    }
}

/* A flat copy of the group's records, those of each topic together. */
static bool gather(struct store *s, struct hg_append *first) {
    size_t n = 0;
    for (struct topic *t = s->group.touched; t != NULL; t = t->next_touched) {
        t->shown = n;
        n += t->group_records;
    }
    if (n > s->shown_cap) {
        struct hg_record *shown = hg_try_realloc(s->shown, n * sizeof *shown);
        if (shown == NULL) {
            return false;
        }
        s->shown = shown;
        s->shown_cap = n;
    }
    for (const struct hg_append *a = first; a != NULL; a = a->next) {
        for (size_t i = 0; i < a->n_items; i++) {
            s->shown[embedded_topic(s, a->items[i].topic)->shown++] = a->items[i].record;
        }
    }
    return true;
}

static void show(struct store *s, struct hg_append *first) {
    if (gather(s, first)) {
        for (struct topic *t = s->group.touched; t != NULL; t = t->next_touched) {
            hg_log_tail(s->up, t->id, 0, s->shown + t->shown - t->group_records, t->group_records);
        }
        return;
    }
    /* No memory to put them side by side: one by one. */
    for (const struct hg_append *a = first; a != NULL; a = a->next) {
        for (size_t i = 0; i < a->n_items; i++) {
            hg_log_tail(s->up, a->items[i].topic, 0, &a->items[i].record, 1);
        }
    }
}

void embedded_flush(void *state) {
    struct store *s = HG_CAST(struct store, STORE_MAGIC, state);
    if (s->group.txn == NULL) {
        return;
    }
    int rc = mdb_txn_commit(s->group.txn);
    s->group.txn = NULL;
    if (rc != 0) {
        /* First back to what is committed: the store may be opened again. */
        struct hg_append *all = s->group.first;
        end_group(s, false);
        answer_all(all, embedded_commit_failed(s, rc));
        return;
    }
    struct hg_append *all = s->group.first;
    s->upkeep.appended += s->group.n_records;
    embedded_check_room(s);
    show(s, all);
    end_group(s, true);
    answer_all(all, 0);
}
