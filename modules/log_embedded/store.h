/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - the embedded log on LMDB, as its own files see it.
 *
 * One environment. Each topic has a table of records of its own: they are
 * always added at a table's end, where LMDB fills its pages; added in between
 * it would leave a third of each page of 1 KiB events empty. Beside these:
 *   r1, r2...  offset, a native integer          -> record.h
 *   times    topic id 4, log time 8, offset 8    -> bytes of the topic before it 8
 *            sparse: one row for every few hundred records
 *   keys     topic id 4, key                     -> offset 8, log time 8, is tombstone 1
 *            of compacted topics only
 *   meta     "format", "next_sid", "probe",
 *            "t" name                            -> row of the topic
 *            "d" topic id 4                      -> records still to be removed
 *            "g" group 0 topic id 4              -> offset to go on from 8
 * What is not a record ends with a CRC32C 4 of its key and value, too.
 *
 * Threads. What is not marked otherwise belongs to the log thread. Readers
 * hold `lock` shared for the length of one call; the log thread takes it
 * alone to open the environment again or to change what a topic is. */
#ifndef LOG_EMBEDDED_STORE_H
#define LOG_EMBEDDED_STORE_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "headgate/counter.h"
#include "headgate/log.h"
#include "record.h"

enum {
    TOPIC_NAME_MAX = 200,
    TOPIC_KEY_MAX = 500,
    GROUP_NAME_MAX = 200,
    TABLES_MAX = 2000,
    ROW_SUM_BYTES = 4,
    KEY_ROW_BYTES = 17
};

/* Where a topic ends. */
struct topic_end {
    uint64_t next;
    int64_t time_ms;                     /* of the last record; never decreases */
    uint64_t bytes;                      /* ever written */
    uint32_t records_since, bytes_since; /* the last row of times */
};

struct topic {
    char name[TOPIC_NAME_MAX + 1];
    uint32_t id;  /* the gateway's */
    uint32_t sid; /* the store's; never used again. 0: deleted */
    MDB_dbi records;
    uint32_t epoch;
    bool is_compacted;
    int64_t retention_ms, retention_bytes;
    _Atomic uint64_t first, next; /* as committed; any thread */
    _Atomic uint64_t damaged_at;  /* the last damaged offset that was reported, plus one */
    struct topic_end committed;
    struct topic_end end; /* with what the open group has appended */
    uint64_t bytes_first; /* ever removed */
    size_t group_records; /* in the open group */
    size_t shown;         /* scratch of a flush */
    struct topic *next_touched;
};

/* Appends between two flushes: one transaction. */
struct group {
    MDB_txn *txn;
    struct hg_append *first, **end;
    struct topic *touched;
    size_t n_records;
};

struct upkeep {
    int64_t now_ms; /* the clock of retention: see retention.c */
    int64_t mono_ms;
    unsigned ticks;
    size_t appended;     /* since the last tick */
    uint32_t next_topic; /* where the round goes on */
    struct hg_buf scan;  /* the row of keys where the look for tombstones goes on */
};

struct store {
    uint32_t magic;
    struct hg_log_up *up;
    char *path;
    int dir_fd, lock_fd;
    size_t max_bytes;
    pthread_rwlock_t lock;
    MDB_env *env; /* NULL: lost for good */
    MDB_dbi times, keys, meta;
    pthread_mutex_t idle_lock; /* of idle: read transactions for the next reads */
    struct idle_txn *idle;
    struct topic **topics; /* by the gateway's id */
    uint32_t n_topics;
    uint32_t next_sid;
    struct group group;
    struct hg_record *shown; /* scratch of a flush */
    size_t shown_cap;
    bool is_broken; /* reads only, until the process starts again */
    bool has_reserve;
    bool is_full; /* max_bytes is reached and too little is free inside */
    struct upkeep upkeep;
    int ends_fd;
    uint8_t *ends; /* mapped; NULL: there is no second opinion */
    uint32_t n_ends;
    _Atomic int64_t file_bytes; /* the least the file may have */
};

enum { STORE_MAGIC = 0x6c6d6462 };

extern struct hg_counter embedded_damaged;

/* store.c */
int embedded_open(const char *path, size_t max_bytes, struct hg_log_up *up, struct store **ret,
                  struct hg_why *why);
void embedded_close(struct store **ps);
/* A read transaction, begun; many tables make a new one dear. LMDB's code. */
int embedded_read_begin(struct store *s, MDB_txn **ret);
void embedded_read_end(struct store *s, MDB_txn **ptxn);
/* The table of a topic's records. */
int embedded_open_records(MDB_txn *txn, uint32_t sid, bool may_create, MDB_dbi *ret);
MDB_val embedded_offset_key(const uint64_t *offset);
uint64_t embedded_offset_of(const MDB_val *key);
/* Rows with a sum. value has 4 bytes of room behind its size for it. Get:
 * MDB_CORRUPTED when it is wrong; *ret_value is without it. LMDB's code. */
int embedded_row_put(MDB_txn *txn, MDB_dbi table, MDB_val key, MDB_val value);
int embedded_row_get(MDB_txn *txn, MDB_dbi table, MDB_val key, MDB_val *ret_value);
bool embedded_row_is_sound(MDB_val key, MDB_val *value);
/* What LMDB or the system said, as one of ours. */
int embedded_err(struct store *s, int rc);
/* A commit failed: HG_EFULL, or HG_EIO or HG_EDOUBT and the store takes no
 * more writes. */
int embedded_commit_failed(struct store *s, int rc);
/* The file shrank or is gone: HG_EIO before a read walks off the map. */
int embedded_check_file(struct store *s);
/* After each commit: is there room for more? */
void embedded_check_room(struct store *s);
/* Would records of so many bytes fit, as far as can be told beforehand? Not
 * while a group is open: true. */
bool embedded_has_room(struct store *s, size_t bytes);
struct topic *embedded_topic(const struct store *s, uint32_t id); /* NULL: none */

/* reserve.c: room for removing. Take: have it, now or already. Give it up:
 * false if there was none. */
bool embedded_reserve_take(struct store *s);
bool embedded_reserve_give(struct store *s);
/* Has the disk so many bytes more, now? */
bool embedded_disk_has(struct store *s, size_t bytes);

/* ends.c: where topics end, noted a second time. Slot 0 counts topics. */
int embedded_ends_open(struct store *s);
void embedded_ends_close(struct store *s);
uint64_t embedded_ends_get(const struct store *s, uint32_t slot); /* 0: not known */
void embedded_ends_set(struct store *s, uint32_t slot, uint64_t number);

/* topics.c */
int embedded_topics_check(struct store *s, MDB_txn *txn, uint64_t *ret_n);
int embedded_topic_open(void *state, const struct hg_log_topic *topic, struct hg_why *why);
int embedded_topic_delete(void *state, uint32_t id);
int embedded_list(void *state, hg_log_topic_fn fn, void *arg);
int embedded_describe(void *state, uint32_t id, uint32_t partition, struct hg_log_range *ret);
/* Writes the topic's row; is_deleted keeps its epoch only. Gives LMDB's code. */
int embedded_topic_put(struct store *s, MDB_txn *txn, const struct topic *t, uint64_t first,
                       bool is_deleted);
/* What happened while we looked away: read all ends again. */
int embedded_topics_reload(struct store *s);

/* append.c */
void embedded_append(void *state, struct hg_append *append);
void embedded_flush(void *state);
/* The group's transaction, begun by whoever needs it first. */
int embedded_group_begin(struct store *s);
/* Nothing of the group is stored, and everybody in it is told so. */
void embedded_group_fail(struct store *s, int err);

/* groups.c */
int embedded_group_join(void *state, struct hg_slice group, uint32_t topic);
int embedded_group_leave(void *state, struct hg_slice group, uint32_t topic);
int embedded_group_commit(void *state, struct hg_slice group, uint32_t topic, uint32_t partition,
                          uint64_t next);
int embedded_group_position(void *state, struct hg_slice group, uint32_t topic, uint32_t partition,
                            uint64_t *ret_next);

/* read.c */
int embedded_read(void *state, const struct hg_log_read *want, struct hg_records *out);
int embedded_scan(void *state, const struct hg_log_read *want, hg_log_mark_fn fn, void *arg,
                  uint64_t *ret_next);
int embedded_seek(void *state, uint32_t topic, uint32_t partition, int64_t time_ms,
                  uint64_t *ret_offset);
int embedded_latest(void *state, uint32_t topic, struct hg_slice key, struct hg_records *out);

/* retention.c */
int embedded_trim(void *state, uint32_t topic, uint32_t partition, uint64_t before);
void embedded_tick(void *state);

#endif
