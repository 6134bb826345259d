/* SPDX-License-Identifier: Apache-2.0 */
/* groups.c - groups of readers. Whoever opened the store is alone in it, so a
 * group has one member, which has all there is. Where it goes on is written in
 * the transaction of the appends around it and is durable with them. */
#include "store.h"

#include <errno.h>

/* HG_EINVAL: not a name that fits a key. */
static int group_key(struct hg_slice group, uint32_t sid, uint8_t out[GROUP_NAME_MAX + 6],
                     MDB_val *ret) {
    if (group.len == 0 || group.len > GROUP_NAME_MAX || memchr(group.ptr, 0, group.len) != NULL) {
        return HG_EINVAL;
    }
    out[0] = 'g';
    memcpy(out + 1, group.ptr, group.len);
    out[1 + group.len] = 0;
    embedded_put_be(out + 2 + group.len, sid, 4);
    *ret = (MDB_val){group.len + 6, out};
    return 0;
}

static int assign(struct store *s, struct hg_slice group, uint32_t topic, bool is_ours) {
    uint8_t k[GROUP_NAME_MAX + 6];
    MDB_val key;
    if (embedded_topic(s, topic) == NULL) {
        return HG_ENOENT;
    }
    int err = group_key(group, 0, k, &key);
    if (err == 0) {
        hg_log_assigned(s->up, group, topic, 0, is_ours);
    }
    return err;
}

int embedded_group_join(void *state, struct hg_slice group, uint32_t topic) {
    return assign(HG_CAST(struct store, STORE_MAGIC, state), group, topic, true);
}

int embedded_group_leave(void *state, struct hg_slice group, uint32_t topic) {
    return assign(HG_CAST(struct store, STORE_MAGIC, state), group, topic, false);
}

int embedded_group_commit(void *state, struct hg_slice group, uint32_t topic, uint32_t partition,
                          uint64_t next) {
    struct store *s = HG_CAST(struct store, STORE_MAGIC, state);
    const struct topic *t = embedded_topic(s, topic);
    uint8_t k[GROUP_NAME_MAX + 6], v[8 + ROW_SUM_BYTES];
    MDB_val key;
    if (t == NULL || partition != 0) {
        return HG_ENOENT;
    }
    int err = group_key(group, t->sid, k, &key);
    err = err == 0 ? embedded_group_begin(s) : err;
    if (err != 0) {
        return err;
    }
    embedded_put_be(v, next, 8);
    int rc = embedded_row_put(s->group.txn, s->meta, key, (MDB_val){8, v});
    if (rc != 0) {
        err = embedded_err(s, rc);
        embedded_group_fail(s, err);
    }
    return err;
}

int embedded_group_position(void *state, struct hg_slice group, uint32_t topic, uint32_t partition,
                            uint64_t *ret_next) {
    struct store *s = HG_CAST(struct store, STORE_MAGIC, state);
    const struct topic *t = embedded_topic(s, topic);
    uint8_t k[GROUP_NAME_MAX + 6];
    MDB_val key, value;
    MDB_txn *txn = s->group.txn;
    if (t == NULL || partition != 0) {
        return HG_ENOENT;
    }
    int err = group_key(group, t->sid, k, &key);
    if (err != 0) {
        return err;
    }
    int rc = txn != NULL ? 0 : s->env == NULL ? EIO : embedded_read_begin(s, &txn);
    if (rc != 0) {
        return embedded_err(s, rc);
    }
    rc = embedded_row_get(txn, s->meta, key, &value);
    if (rc == 0) {
        *ret_next = embedded_get_be(value.mv_data, 8);
    }
    if (s->group.txn == NULL) {
        embedded_read_end(s, &txn);
    }
    return rc == MDB_NOTFOUND ? HG_ENOENT : embedded_err(s, rc);
}
