/* SPDX-License-Identifier: Apache-2.0 */
/* commit.c - what one commit of the store takes here: a transaction with one
 * 1 KiB record, flushed as the embedded log flushes it. commit DIR prints JSON. */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COMMITS = 1000, RECORD_BYTES = 1024 };

static double now_ms(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void need(int rc) {
    if (rc != 0) {
        fprintf(stderr, "commit: %s\n", mdb_strerror(rc));
        exit(1);
    }
}

static void commit_one(MDB_env *env, unsigned n) {
    static char record[RECORD_BYTES];
    unsigned char key[4] = {n >> 24 & 255, n >> 16 & 255, n >> 8 & 255, n & 255};
    MDB_val k = {sizeof key, key}, v = {sizeof record, record};
    MDB_txn *txn;
    MDB_dbi dbi;
    need(mdb_txn_begin(env, NULL, 0, &txn));
    need(mdb_dbi_open(txn, NULL, 0, &dbi));
    need(mdb_put(txn, dbi, &k, &v, MDB_APPEND));
    need(mdb_txn_commit(txn));
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    static double took[COMMITS];
    MDB_env *env;
    if (argc != 2) {
        return 2;
    }
    need(mdb_env_create(&env));
    need(mdb_env_set_mapsize(env, (size_t)1 << 30));
    need(mdb_env_open(env, argv[1], MDB_NOTLS, 0600));
    for (unsigned i = 0; i < COMMITS; i++) {
        double began = now_ms();
        commit_one(env, i);
        took[i] = now_ms() - began;
    }
    mdb_env_close(env);
    qsort(took, COMMITS, sizeof took[0], by_size);
    printf("{\"commits\":%d,\"p50_ms\":%.4f,\"p99_ms\":%.4f}\n", COMMITS, took[COMMITS / 2],
           took[COMMITS * 99 / 100]);
    return 0;
}
