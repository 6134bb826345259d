/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - the directory, its lock and the LMDB environment.
 *
 * Flags. No WRITEMAP: a full disk would kill the process. No NOSYNC, no
 * NOMETASYNC: a commit is durable when it returns. No NOMEMINIT: what lies in
 * freed memory has no business in the file. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "headgate/logline.h"
#include "headgate/record.h"

/* SPARE: beside a record, pages of the tables are written anew. */
enum { FORMAT = 1, ROOM_MIN_BYTES = 1 << 20, ROOM_SPARE_BYTES = 64 << 10 };

struct hg_counter embedded_damaged = {
    .name = "headgate_log_damaged_total",
    .help = "Records that failed their checksum and were not served.",
    .kind = HG_COUNTER,
};

struct topic *embedded_topic(const struct store *s, uint32_t id) {
    struct topic *t = id < s->n_topics ? s->topics[id] : NULL;
    return t != NULL && t->sid != 0 ? t : NULL;
}

/* The map is larger than max_bytes: removing needs new pages, too, and must
 * go on when appends are refused. */
static size_t map_bytes(size_t max_bytes) {
    size_t reserve = max_bytes / 16;
    reserve = reserve > (size_t)64 << 20 ? (size_t)64 << 20 : reserve;
    return max_bytes + reserve + ROOM_MIN_BYTES;
}

int embedded_err(struct store *s, int rc) {
    struct statvfs fs;
    switch (rc) {
    case 0:
        return 0;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case MDB_MAP_FULL:
        return HG_EFULL;
    case ENOMEM:
    case MDB_READERS_FULL:
        return HG_EAGAIN;
    case MDB_TXN_FULL:
        return HG_E2BIG;
    case EIO:
        /* LMDB says EIO for a short write, too, and those come from full disks. */
        return fstatvfs(s->dir_fd, &fs) == 0 && fs.f_bavail * fs.f_frsize < ROOM_MIN_BYTES
                   ? HG_EFULL
                   : HG_EIO;
    default:
        return HG_EIO;
    }
}

struct idle_txn {
    struct idle_txn *next;
    MDB_txn *txn; /* reset: it pins nothing */
};

static void lock_idle(struct store *s) {
    int rc = pthread_mutex_lock(&s->idle_lock);
    HG_ASSERT(rc == 0);
}

static void unlock_idle(struct store *s) {
    int rc = pthread_mutex_unlock(&s->idle_lock);
    HG_ASSERT(rc == 0);
}

static MDB_txn *take_idle(struct store *s) {
    lock_idle(s);
    struct idle_txn *idle = s->idle;
    s->idle = idle != NULL ? idle->next : NULL;
    unlock_idle(s);
    MDB_txn *txn = idle != NULL ? idle->txn : NULL;
    hg_free(idle);
    return txn;
}

static void drop_idle(struct store *s) {
    for (MDB_txn *txn; (txn = take_idle(s)) != NULL;) {
        mdb_txn_abort(txn);
    }
}

int embedded_read_begin(struct store *s, MDB_txn **ret) {
    MDB_txn *txn = take_idle(s);
    if (txn == NULL) {
        return mdb_txn_begin(s->env, NULL, MDB_RDONLY, ret);
    }
    int rc = mdb_txn_renew(txn);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    *ret = txn;
    return 0;
}

void embedded_read_end(struct store *s, MDB_txn **ptxn) {
    struct idle_txn *idle = hg_try_alloc(sizeof *idle);
    if (idle == NULL) {
        mdb_txn_abort(*ptxn);
    } else {
        mdb_txn_reset(*ptxn);
        idle->txn = *ptxn;
        lock_idle(s);
        idle->next = s->idle;
        s->idle = idle;
        unlock_idle(s);
    }
    *ptxn = NULL;
}

int embedded_open_records(MDB_txn *txn, uint32_t sid, bool may_create, MDB_dbi *ret) {
    char name[16];
    (void)snprintf(name, sizeof name, "r%u", sid);
    return mdb_dbi_open(txn, name, MDB_INTEGERKEY | (may_create ? MDB_CREATE : 0), ret);
}

static uint32_t row_sum(MDB_val key, MDB_val value) {
    return hg_crc32c(hg_crc32c(0, key.mv_data, key.mv_size), value.mv_data, value.mv_size);
}

int embedded_row_put(MDB_txn *txn, MDB_dbi table, MDB_val key, MDB_val value) {
    embedded_put_be((uint8_t *)value.mv_data + value.mv_size, row_sum(key, value), ROW_SUM_BYTES);
    value.mv_size += ROW_SUM_BYTES;
    return mdb_put(txn, table, &key, &value, 0);
}

bool embedded_row_is_sound(MDB_val key, MDB_val *value) {
    if (value->mv_size < ROW_SUM_BYTES) {
        return false;
    }
    value->mv_size -= ROW_SUM_BYTES;
    return embedded_get_be((const uint8_t *)value->mv_data + value->mv_size, ROW_SUM_BYTES) ==
           row_sum(key, *value);
}

int embedded_row_get(MDB_txn *txn, MDB_dbi table, MDB_val key, MDB_val *ret_value) {
    MDB_val value;
    int rc = mdb_get(txn, table, &key, &value);
    if (rc == 0 && !embedded_row_is_sound(key, &value)) {
        rc = MDB_CORRUPTED;
    }
    if (rc == 0) {
        *ret_value = value;
    }
    return rc;
}

MDB_val embedded_offset_key(const uint64_t *offset) {
    return (MDB_val){sizeof *offset, (void *)offset};
}

uint64_t embedded_offset_of(const MDB_val *key) {
    uint64_t offset = UINT64_MAX; /* a key of another size is damage */
    if (key->mv_size == sizeof offset) {
        memcpy(&offset, key->mv_data, sizeof offset);
    }
    return offset;
}

static int take_lock(struct store *s, struct hg_why *why) {
    s->dir_fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir_fd < 0) {
        hg_why_set(why, "the directory %s must exist and be readable: %s", s->path,
                   strerror(errno));
        return HG_EINVAL;
    }
    s->lock_fd =
        openat(s->dir_fd, "headgate.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock_fd < 0) {
        hg_why_set(why, "cannot write in the directory %s: %s", s->path, strerror(errno));
        return HG_EINVAL;
    }
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        hg_why_set(why, "the event log %s is in use by another process", s->path);
        return HG_EINVAL;
    }
    return 0;
}

static int open_tables(struct store *s, MDB_txn *txn) {
    int rc = mdb_dbi_open(txn, "meta", MDB_CREATE, &s->meta);
    rc = rc == 0 ? mdb_dbi_open(txn, "times", MDB_CREATE, &s->times) : rc;
    return rc == 0 ? mdb_dbi_open(txn, "keys", MDB_CREATE, &s->keys) : rc;
}

/* The format's number, written by whoever makes the store. */
static int check_format(struct store *s, MDB_txn *txn, uint64_t *ret_format) {
    uint8_t bytes[4 + ROW_SUM_BYTES];
    MDB_val key = {6, "format"}, value;
    int rc = embedded_row_get(txn, s->meta, key, &value);
    if (rc == MDB_NOTFOUND) {
        embedded_put_be(bytes, FORMAT, 4);
        value = (MDB_val){4, bytes};
        rc = embedded_row_put(txn, s->meta, key, value);
    }
    *ret_format = rc == 0 && value.mv_size == 4 ? embedded_get_be(value.mv_data, 4) : 0;
    return rc;
}

static int load_next_sid(struct store *s, MDB_txn *txn) {
    MDB_val key = {8, "next_sid"}, value;
    int rc = embedded_row_get(txn, s->meta, key, &value);
    s->next_sid = rc == 0 && value.mv_size == 4 ? (uint32_t)embedded_get_be(value.mv_data, 4) : 1;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int explain(struct hg_why *why, const char *path, int rc, size_t max_bytes) {
    if (rc == MDB_VERSION_MISMATCH) {
        hg_why_set(why, "the event log %s was written by another version of LMDB", path);
    } else if (rc == MDB_INVALID || rc == MDB_CORRUPTED) {
        hg_why_set(why, "%s/data.mdb is damaged or is no event log", path);
    } else if (rc == ENOMEM) {
        hg_why_set(why, "cannot map %zu bytes for the event log %s: lower max_size", max_bytes,
                   path);
    } else {
        hg_why_set(why, "cannot open the event log %s: %s", path, mdb_strerror(rc));
    }
    return rc == EIO ? HG_EIO : HG_EINVAL;
}

/* A file that was cut would end the process at the first look behind its end,
 * and again at each start. Zeros there are found to be damage, and told. */
static int fill_up(const struct store *s, MDB_env *env) {
    struct stat st;
    mdb_filehandle_t fd;
    MDB_envinfo info;
    MDB_stat stat;
    int rc = mdb_env_get_fd(env, &fd);
    rc = rc == 0 ? mdb_env_info(env, &info) : rc;
    rc = rc == 0 ? mdb_env_stat(env, &stat) : rc;
    if (rc != 0 || fstat(fd, &st) != 0) {
        return rc != 0 ? rc : errno;
    }
    off_t wanted = (off_t)((info.me_last_pgno + 1) * stat.ms_psize);
    if (st.st_size >= wanted) {
        return 0;
    }
    HG_LOG(HG_WARN, "log_file_short", "path=%s bytes=%lld expected=%lld", s->path,
           (long long)st.st_size, (long long)wanted);
    return ftruncate(fd, wanted) == 0 ? 0 : errno;
}

static int open_env(struct store *s, MDB_env **ret_env) {
    MDB_env *env = NULL;
    int rc = mdb_env_create(&env);
    if (rc != 0) {
        return rc;
    }
    rc = mdb_env_set_mapsize(env, map_bytes(s->max_bytes));
    rc = rc == 0 ? mdb_env_set_maxdbs(env, TABLES_MAX + 3) : rc;
    rc = rc == 0 ? mdb_env_open(env, s->path, MDB_NOTLS, 0600) : rc;
    rc = rc == 0 ? fill_up(s, env) : rc;
    if (rc != 0) {
        mdb_env_close(env);
        return rc;
    }
    *ret_env = env;
    return 0;
}

/* All rows are sound and none is missing. */
static int check_topics(struct store *s, MDB_txn *txn) {
    uint64_t n = 0;
    int rc = embedded_topics_check(s, txn, &n);
    return rc == 0 && n < embedded_ends_get(s, 0) ? MDB_CORRUPTED : rc;
}

static int prepare(struct store *s, uint64_t *ret_format) {
    MDB_txn *txn = NULL;
    int dead = 0;
    int rc = mdb_reader_check(s->env, &dead); /* of a process that was killed */
    rc = rc == 0 ? mdb_txn_begin(s->env, NULL, 0, &txn) : rc;
    if (rc != 0) {
        return rc;
    }
    rc = open_tables(s, txn);
    rc = rc == 0 ? check_format(s, txn, ret_format) : rc;
    rc = rc == 0 ? load_next_sid(s, txn) : rc;
    rc = rc == 0 ? check_topics(s, txn) : rc;
    if (rc != 0 || *ret_format != FORMAT) {
        mdb_txn_abort(txn);
        return rc;
    }
    rc = mdb_txn_commit(txn);
    if (rc == 0 && fsync(s->dir_fd) != 0) { /* the files' names are durable, too */
        rc = errno;
    }
    return rc;
}

static int open_store(struct store *s, struct hg_why *why) {
    int err = take_lock(s, why);
    if (err != 0) {
        return err;
    }
    if (embedded_ends_open(s) != 0) {
        HG_LOG(HG_WARN, "log_ends_missing",
               "path=%s effect=\"damage at the end of a topic may go unnoticed\"", s->path);
    }
    uint64_t format = 0;
    int rc = open_env(s, &s->env);
    rc = rc == 0 ? prepare(s, &format) : rc;
    if (rc != 0) {
        return explain(why, s->path, rc, map_bytes(s->max_bytes));
    }
    if (format != FORMAT) {
        hg_why_set(why, "the event log %s has format %llu; this version reads format %d", s->path,
                   (unsigned long long)format, FORMAT);
        return HG_EINVAL;
    }
    embedded_check_room(s);
    return 0;
}

int embedded_open(const char *path, size_t max_bytes, struct hg_log_up *up, struct store **ret,
                  struct hg_why *why) {
    struct store *s = hg_alloc(sizeof *s);
    *s = (struct store){.magic = STORE_MAGIC,
                        .up = up,
                        .dir_fd = -1,
                        .lock_fd = -1,
                        .ends_fd = -1,
                        .max_bytes = max_bytes};
    s->path = hg_alloc(strlen(path) + 1);
    memcpy(s->path, path, strlen(path));
    s->group.end = &s->group.first;
    int rc = pthread_rwlock_init(&s->lock, NULL);
    HG_ASSERT(rc == 0);
    rc = pthread_mutex_init(&s->idle_lock, NULL);
    HG_ASSERT(rc == 0);
    int err = open_store(s, why);
    if (err != 0) {
        embedded_close(&s);
        return err;
    }
    *ret = s;
    return 0;
}

static void close_env(struct store *s) {
    drop_idle(s);
    mdb_env_close(s->env);
    s->env = NULL;
}

void embedded_close(struct store **ps) {
    struct store *s = *ps;
    *ps = NULL;
    if (s->env != NULL) {
        close_env(s);
    }
    for (uint32_t i = 0; i < s->n_topics; i++) {
        hg_free(s->topics[i]);
    }
    embedded_ends_close(s);
    if (s->lock_fd >= 0) {
        close(s->lock_fd); /* and with it the lock */
    }
    if (s->dir_fd >= 0) {
        close(s->dir_fd);
    }
    hg_buf_fini(&s->upkeep.scan);
    (void)pthread_mutex_destroy(&s->idle_lock);
    (void)pthread_rwlock_destroy(&s->lock);
    hg_free(s->shown);
    hg_free(s->topics);
    hg_free(s->path);
    hg_free(s);
}

/* LMDB calls an environment whose meta page could not be written lost. What
 * was durable before can be read from a new one. */
static void open_again(struct store *s) {
    int rc = pthread_rwlock_wrlock(&s->lock);
    HG_ASSERT(rc == 0);
    uint64_t format = 0;
    close_env(s);
    rc = open_env(s, &s->env);
    rc = rc == 0 ? prepare(s, &format) : rc;
    rc = rc == 0 ? embedded_topics_reload(s) : rc;
    if (rc != 0 && s->env != NULL) {
        close_env(s);
    }
    HG_LOG(rc == 0 ? HG_NOTICE : HG_CRIT, "log_reopened", "path=%s result=\"%s\"", s->path,
           mdb_strerror(rc));
    rc = pthread_rwlock_unlock(&s->lock);
    HG_ASSERT(rc == 0);
}

int embedded_commit_failed(struct store *s, int rc) {
    int err = embedded_err(s, rc);
    if (err != HG_EIO) {
        return err;
    }
    /* No sync is tried twice: after one that failed the kernel may call pages
     * clean that never reached the disk. */
    s->is_broken = true;
    HG_LOG(HG_CRIT, "log_write_failed",
           "path=%s reason=\"%s\" effect=\"read-only until the next start\"", s->path,
           mdb_strerror(rc));
    MDB_txn *txn = NULL;
    if (mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn) == MDB_PANIC) {
        open_again(s);
        return HG_EDOUBT; /* the meta page may have been written all the same */
    }
    if (txn != NULL) {
        mdb_txn_abort(txn);
    }
    return HG_EIO;
}

int embedded_check_file(struct store *s) {
    struct stat st;
    mdb_filehandle_t fd;
    /* Before the file is looked at: it grows meanwhile. */
    int64_t least = atomic_load_explicit(&s->file_bytes, memory_order_acquire);
    if (s->env == NULL || mdb_env_get_fd(s->env, &fd) != 0 || fstat(fd, &st) != 0) {
        return HG_EIO;
    }
    return st.st_size >= least && st.st_nlink > 0 ? 0 : HG_EIO;
}

/* Pages inside the file that the next transactions can use. */
static size_t count_free(struct store *s) {
    MDB_txn *txn = NULL;
    MDB_cursor *c = NULL;
    MDB_val key, value;
    size_t pages = 0;
    if (mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn) != 0) {
        return 0;
    }
    if (mdb_cursor_open(txn, 0, &c) == 0) { /* table 0 lists what is free */
        while (mdb_cursor_get(c, &key, &value, MDB_NEXT) == 0) {
            size_t n;
            memcpy(&n, value.mv_data, sizeof n);
            pages += n;
        }
        mdb_cursor_close(c);
    }
    mdb_txn_abort(txn);
    return pages;
}

void embedded_check_room(struct store *s) {
    struct stat st;
    mdb_filehandle_t fd;
    MDB_envinfo info;
    MDB_stat stat;
    (void)mdb_env_info(s->env, &info);
    (void)mdb_env_stat(s->env, &stat);
    size_t used = (info.me_last_pgno + 1) * stat.ms_psize;
    /* Without room to grow, what is free inside the file is used, but for the
     * last of it: removing needs some. Twice as much has to be free before the
     * store counts as having room again. */
    size_t wanted = s->max_bytes / 32 < ROOM_MIN_BYTES ? s->max_bytes / 32 : ROOM_MIN_BYTES;
    wanted = s->is_full ? 2 * wanted : wanted;
    bool can_grow = embedded_reserve_take(s) && used < s->max_bytes;
    bool is_full = !can_grow && count_free(s) * stat.ms_psize < wanted;
    if (is_full && !s->is_full) {
        HG_LOG(HG_ERROR, "log_full", "path=%s max_size=%zu", s->path, s->max_bytes);
    }
    s->is_full = is_full;
    if (mdb_env_get_fd(s->env, &fd) == 0 && fstat(fd, &st) == 0) {
        atomic_store_explicit(&s->file_bytes, st.st_size, memory_order_release);
    }
}

bool embedded_has_room(struct store *s, size_t bytes) {
    MDB_envinfo info;
    MDB_stat stat;
    if (bytes == 0 || s->env == NULL || s->group.txn != NULL) {
        return true; /* what is asked for, or what is under way, will show it */
    }
    (void)mdb_env_info(s->env, &info);
    (void)mdb_env_stat(s->env, &stat);
    size_t wanted = bytes + ROOM_SPARE_BYTES;
    if ((info.me_last_pgno + 1) * stat.ms_psize + wanted < s->max_bytes &&
        embedded_disk_has(s, wanted)) {
        return true;
    }
    return count_free(s) * stat.ms_psize >= 2 * wanted; /* a record wants its pages side by side */
}
