/* SPDX-License-Identifier: Apache-2.0 */
/* raw.c - the store as LMDB sees it. */
#include "modules/log_embedded/raw.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../modules/log_embedded/record.h"
#include "headgate/record.h"
#include "modules/log_embedded/tests.h"

struct raw {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    bool is_there;
};

static void begin(struct raw *r, const char *dir, const char *table) {
    assert_int_equal(mdb_env_create(&r->env), 0);
    assert_int_equal(mdb_env_set_maxdbs(r->env, 8), 0);
    assert_int_equal(mdb_env_set_mapsize(r->env, (size_t)1 << 30), 0);
    assert_int_equal(mdb_env_open(r->env, dir, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(r->env, NULL, 0, &r->txn), 0);
    r->is_there = mdb_dbi_open(r->txn, table, 0, &r->table) == 0;
}

static void begin_records(struct raw *r, const char *dir, uint32_t sid) {
    char table[16];
    (void)snprintf(table, sizeof table, "r%u", sid);
    begin(r, dir, table);
}

static void end(struct raw *r) {
    assert_int_equal(mdb_txn_commit(r->txn), 0);
    mdb_env_close(r->env);
}

bool raw_flip(const char *dir, uint32_t sid, uint64_t offset, size_t bit) {
    struct raw r;
    MDB_val key = {sizeof offset, &offset}, value;
    begin_records(&r, dir, sid);
    bool is_there = mdb_get(r.txn, r.table, &key, &value) == 0;
    if (is_there) {
        uint8_t *copy = malloc(value.mv_size);
        memcpy(copy, value.mv_data, value.mv_size);
        copy[bit / 8 % value.mv_size] ^= (uint8_t)(1 << bit % 8);
        value.mv_data = copy;
        assert_int_equal(mdb_put(r.txn, r.table, &key, &value, 0), 0);
        free(copy);
    }
    end(&r);
    return is_there;
}

void raw_remove(const char *dir, uint32_t sid, uint64_t offset) {
    struct raw r;
    MDB_val key = {sizeof offset, &offset};
    begin_records(&r, dir, sid);
    assert_int_equal(mdb_del(r.txn, r.table, &key, NULL), 0);
    end(&r);
}

void raw_set_meta(const char *dir, const char *name, uint32_t number) {
    struct raw r;
    uint8_t v[8];
    embedded_put_be(v, number, 4);
    embedded_put_be(v + 4, hg_crc32c(hg_crc32c(0, name, strlen(name)), v, 4), 4);
    MDB_val key = {strlen(name), (void *)name}, value = {sizeof v, v};
    begin(&r, dir, "meta");
    assert_int_equal(mdb_put(r.txn, r.table, &key, &value, 0), 0);
    end(&r);
}

size_t raw_count(const char *dir, const char *table) {
    struct raw r;
    MDB_stat stat = {0};
    begin(&r, dir, table);
    if (r.is_there) {
        assert_int_equal(mdb_stat(r.txn, r.table, &stat), 0);
    }
    end(&r);
    return stat.ms_entries;
}
