/* SPDX-License-Identifier: Apache-2.0 */
/* log_contract_topics.c - promises about topics as wholes: trim, epochs,
 * lists, groups, compaction. */
#include <stdio.h>
#include <string.h>

#include "modules/log_contract_rig.h"

static void what_is_trimmed_is_gone_for_good(void **state) {
    struct contract_rig *rig = rig_of(state);
    if (!has_cap(rig, HG_LOG_TRIM)) {
        return;
    }
    contract_fill(rig, A, 600);
    contract_fill(rig, B, 10);
    uint64_t bytes = contract_range(rig, A).bytes;
    bool is_told = bytes > 0; /* a driver may not know */
    assert_int_equal(rig->contract->ops->trim(rig->state, A, 0, 450), 0);
    struct hg_log_range range = contract_range(rig, A);
    assert_true(range.first == 450 && range.next == 600 && (!is_told || range.bytes < bytes / 2));
    assert_int_equal(contract_read(rig, A, 449, 10, contract_lots), HG_ENOENT);
    assert_int_equal(contract_read(rig, A, 450, 10, contract_lots), 0);
    assert_true(rig->records.n > 0 && rig->records.items[0].offset == 450);
    assert_true(contract_seek(rig, A, INT64_MIN) == 450);
    assert_true(contract_seek(rig, A, 1) == 450);
    contract_reopen(rig, contract_names, 3);
    range = contract_range(rig, A);
    assert_true(range.first == 450 && range.next == 600 && (!is_told || range.bytes < bytes / 2));
    assert_int_equal(contract_read(rig, A, 0, 10, contract_lots), HG_ENOENT);
    assert_true(contract_range(rig, B).first == 0);
    /* Nothing is left; more than there is does no more than all. */
    assert_int_equal(rig->contract->ops->trim(rig->state, A, 0, 100), 0);
    assert_int_equal(rig->contract->ops->trim(rig->state, A, 0, 9999), 0);
    contract_reopen(rig, contract_names, 3);
    range = contract_range(rig, A);
    assert_true(range.first == 600 && range.next == 600);
    assert_int_equal(contract_append_one(rig, A, "x"), 0);
    assert_int_equal(contract_read(rig, A, 600, 10, contract_lots), 0);
    assert_true(rig->records.n == 1 && rig->records.items[0].offset == 600);
    assert_true(contract_range(rig, B).next == 10);
}

static void a_topic_made_again_has_another_epoch(void **state) {
    struct contract_rig *rig = rig_of(state);
    if (!has_cap(rig, HG_LOG_DELETE)) {
        return;
    }
    contract_fill(rig, A, 30);
    uint32_t epoch = contract_range(rig, A).epoch;
    assert_int_equal(rig->contract->ops->topic_delete(rig->state, A), 0);
    assert_int_equal(contract_read(rig, A, 0, 1, 1), HG_ENOENT);
    assert_int_equal(rig->contract->ops->topic_delete(rig->state, A), HG_ENOENT);
    contract_topic(rig, A, contract_names[A], false);
    struct hg_log_range range = contract_range(rig, A);
    assert_true(range.epoch > epoch);
    assert_true(range.next == 0);
    assert_int_equal(contract_append_one(rig, A, "again"), 0);
    epoch = range.epoch;
    for (int i = 0; i < 3; i++) { /* upkeep removes what the old one left */
        rig->contract->ops->tick(rig->state);
    }
    assert_int_equal(rig->contract->ops->topic_delete(rig->state, A), 0);
    contract_reopen(rig, contract_names, 3);
    assert_true(contract_range(rig, A).epoch > epoch);
    assert_int_equal(contract_read(rig, A, 0, 10, contract_lots), 0);
    assert_int_equal(rig->records.n, 0);
}

static int position(struct contract_rig *rig, const char *group, uint32_t topic, uint64_t *ret) {
    return rig->contract->ops->group_position(rig->state, hg_slice_of(group), topic, 0, ret);
}

static int commit(struct contract_rig *rig, const char *group, uint32_t topic, uint64_t next) {
    return rig->contract->ops->group_commit(rig->state, hg_slice_of(group), topic, 0, next);
}

static void groups_remember_where_they_are(void **state) {
    struct contract_rig *rig = rig_of(state);
    uint64_t at = 77;
    if (!has_cap(rig, HG_LOG_GROUPS)) {
        return;
    }
    contract_fill(rig, A, 20);
    assert_int_equal(position(rig, "g", A, &at), HG_ENOENT);
    assert_true(at == 77);
    assert_int_equal(commit(rig, "g", A, 5), 0);
    assert_int_equal(commit(rig, "g", A, 6), 0);
    assert_int_equal(commit(rig, "g", B, 1), 0);
    assert_int_equal(commit(rig, "gg", A, 9), 0);
    contract_flush(rig);
    contract_reopen(rig, contract_names, 3);
    assert_int_equal(position(rig, "g", A, &at), 0);
    assert_true(at == 6);
    assert_int_equal(position(rig, "g", B, &at), 0);
    assert_true(at == 1);
    assert_int_equal(position(rig, "gg", A, &at), 0);
    assert_true(at == 9);
    assert_int_equal(position(rig, "gg", B, &at), HG_ENOENT);
    if (!has_cap(rig, HG_LOG_DELETE)) {
        return;
    }
    assert_int_equal(rig->contract->ops->topic_delete(rig->state, A), 0);
    contract_topic(rig, A, contract_names[A], false);
    assert_int_equal(position(rig, "g", A, &at), HG_ENOENT);
}

static void a_group_can_commit_beside_appends(void **state) {
    struct contract_rig *rig = rig_of(state);
    struct contract_append a;
    uint64_t at = 0;
    if (!has_cap(rig, HG_LOG_GROUPS)) {
        return;
    }
    contract_begin(rig, &a);
    contract_add(&a, A, "x");
    contract_send(&a);
    assert_int_equal(commit(rig, "g", A, 1), 0);
    assert_int_equal(position(rig, "g", A, &at), 0);
    contract_flush(rig);
    assert_int_equal(contract_wait(&a), 0);
    contract_reopen(rig, contract_names, 3);
    assert_int_equal(position(rig, "g", A, &at), 0);
    assert_true(at == 1 && contract_range(rig, A).next == 1);
}

/* One member has all there is; it is told when it has it and when no more. */
static void who_is_alone_in_a_group_has_every_partition(void **state) {
    struct contract_rig *rig = rig_of(state);
    const struct hg_log_ops *ops = rig->contract->ops;
    if (!has_cap(rig, HG_LOG_GROUPS)) {
        return;
    }
    assert_int_equal(ops->group_join(rig->state, HG_SLICE("g"), A), 0);
    assert_int_equal(ops->group_join(rig->state, HG_SLICE("g"), C), 0);
    assert_true(contract_wait_assigned(rig, A, true));
    assert_true(contract_wait_assigned(rig, C, true));
    assert_false(rig->is_ours[B]);
    assert_int_equal(ops->group_leave(rig->state, HG_SLICE("g"), A), 0);
    assert_true(contract_wait_assigned(rig, A, false));
    assert_true(rig->is_ours[C]);
    assert_int_equal(ops->group_join(rig->state, HG_SLICE("g"), 9), HG_ENOENT);
}

struct listed {
    unsigned n[CONTRACT_OPEN];
    unsigned n_keys, n_others;
};

static void on_listed(void *arg, const struct hg_log_topic *topic) {
    struct listed *l = arg;
    for (size_t i = 0; i < CONTRACT_OPEN; i++) {
        if (hg_slice_eq(topic->name, hg_slice_of(contract_names[i]))) {
            l->n[i] += topic->partitions == 1 && !topic->is_compacted;
            return;
        }
    }
    if (hg_slice_eq(topic->name, HG_SLICE("contract.keys"))) {
        l->n_keys += topic->is_compacted;
    } else {
        l->n_others++; /* a broker may have topics that are not ours */
    }
}

static struct listed list(struct contract_rig *rig) {
    struct listed l = {0};
    assert_int_equal(rig->contract->ops->list(rig->state, on_listed, &l), 0);
    return l;
}

static void all_topics_are_listed_once_also_those_that_are_not_open(void **state) {
    struct contract_rig *rig = rig_of(state);
    bool has_keys = (rig->contract->ops->caps & HG_LOG_COMPACT) != 0;
    if (!has_cap(rig, HG_LOG_LIST)) {
        return;
    }
    if (has_keys) {
        contract_topic(rig, 5, "contract.keys", true);
    }
    contract_fill(rig, B, 3);
    unsigned n_others = list(rig).n_others;
    contract_reopen(rig, contract_names, 1); /* A alone */
    struct listed l = list(rig);
    assert_true(l.n[A] == 1 && l.n[B] == 1 && l.n[C] == 1);
    assert_int_equal(l.n_keys, has_keys);
    assert_int_equal(l.n_others, n_others);
    if ((rig->contract->ops->caps & HG_LOG_DELETE) != 0) {
        assert_int_equal(rig->contract->ops->topic_delete(rig->state, A), 0);
        assert_int_equal(list(rig).n[A], 0);
        contract_topic(rig, A, contract_names[A], false);
        assert_int_equal(list(rig).n[A], 1);
    }
}

static void what_cannot_be_changed_is_refused_and_said(void **state) {
    struct contract_rig *rig = rig_of(state);
    struct hg_log_topic topic = {
        .name = hg_slice_of(contract_names[A]), .id = A, .partitions = 1, .is_compacted = true};
    struct hg_why why = {{0}};
    if (!has_cap(rig, HG_LOG_COMPACT)) {
        return;
    }
    contract_fill(rig, A, 5);
    assert_int_equal(rig->contract->ops->topic_open(rig->state, &topic, &why), HG_EINVAL);
    assert_non_null(strstr(why.text, contract_names[A]));
    assert_true(contract_range(rig, A).next == 5);
    assert_int_equal(contract_append_one(rig, A, "x"), 0);
    topic.is_compacted = false;
    topic.retention_ms = 1000;
    assert_int_equal(rig->contract->ops->topic_open(rig->state, &topic, &why), 0);
}

/* Append a record with a key; id NULL is a tombstone. */
static int put(struct contract_rig *rig, uint32_t topic, const char *key, const char *id) {
    struct contract_append a;
    contract_begin(rig, &a);
    struct hg_append_item *item = contract_add(&a, topic, id != NULL ? id : "gone");
    item->record.key = hg_slice_of(key);
    if (id == NULL) {
        hg_event_unref(&item->record.event);
    }
    contract_send(&a);
    contract_flush(rig);
    return contract_wait(&a);
}

static int latest(struct contract_rig *rig, uint32_t topic, const char *key) {
    hg_records_clear(&rig->records);
    rig->records.has_details = true;
    return rig->contract->ops->latest(rig->state, topic, hg_slice_of(key), &rig->records);
}

static void a_compacted_topic_keeps_the_last_of_each_key(void **state) {
    struct contract_rig *rig = rig_of(state);
    enum { K = 5 };
    if (!has_cap(rig, HG_LOG_COMPACT)) {
        return;
    }
    contract_topic(rig, K, "contract.keys", true);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(put(rig, K, "x", round == 2 ? "x-last" : "x"), 0);
        assert_int_equal(put(rig, K, "y", round == 2 ? "y-last" : "y"), 0);
    }
    assert_int_equal(put(rig, K, "z", "z-last"), 0);
    assert_int_equal(put(rig, K, "", "no key"), HG_EINVAL);
    for (int opened = 0; opened < 2; opened++) {
        assert_int_equal(latest(rig, K, "x"), 0);
        assert_true(hg_slice_eq(contract_id(&rig->records.items[0]), HG_SLICE("x-last")));
        assert_true(hg_slice_eq(rig->records.items[0].key, HG_SLICE("x")));
        assert_true(rig->records.items[0].offset == 4);
        assert_int_equal(latest(rig, K, "xx"), HG_ENOENT);
        assert_int_equal(latest(rig, K, ""), HG_ENOENT);
        assert_true(contract_range(rig, K).next == 7);
        contract_reopen(rig, contract_names, 3);
        contract_topic(rig, K, "contract.keys", true);
    }
    assert_int_equal(contract_read(rig, K, 0, 100, contract_lots), 0);
    for (size_t i = 1; i < rig->records.n; i++) {
        assert_true(rig->records.items[i].offset > rig->records.items[i - 1].offset);
    }
    assert_true(rig->records.items[rig->records.n - 1].offset == 6);
}

static void a_tombstone_ends_a_key_and_can_be_read(void **state) {
    struct contract_rig *rig = rig_of(state);
    enum { K = 5 };
    if (!has_cap(rig, HG_LOG_COMPACT)) {
        return;
    }
    contract_topic(rig, K, "contract.keys", true);
    assert_int_equal(put(rig, K, "x", "1"), 0);
    assert_int_equal(put(rig, K, "y", "2"), 0);
    assert_int_equal(put(rig, K, "x", NULL), 0);
    assert_int_equal(latest(rig, K, "x"), HG_ENOENT);
    assert_int_equal(contract_read(rig, K, 2, 100, contract_lots), 0);
    assert_int_equal(rig->records.n, 1);
    assert_null(rig->records.items[0].event);
    assert_true(hg_slice_eq(rig->records.items[0].key, HG_SLICE("x")));
    assert_int_equal(put(rig, K, "x", "3"), 0);
    assert_int_equal(latest(rig, K, "x"), 0);
    assert_true(hg_slice_eq(contract_id(&rig->records.items[0]), HG_SLICE("3")));
}

int log_contract_run_topics(const struct log_contract *contract) {
    const struct CMUnitTest tests[] = {
        PROMISE(what_is_trimmed_is_gone_for_good),
        PROMISE(a_topic_made_again_has_another_epoch),
        PROMISE(groups_remember_where_they_are),
        PROMISE(a_group_can_commit_beside_appends),
        PROMISE(who_is_alone_in_a_group_has_every_partition),
        PROMISE(all_topics_are_listed_once_also_those_that_are_not_open),
        PROMISE(what_cannot_be_changed_is_refused_and_said),
        PROMISE(a_compacted_topic_keeps_the_last_of_each_key),
        PROMISE(a_tombstone_ends_a_key_and_can_be_read),
    };
    return cmocka_run_group_tests_name(contract->ops->name, tests, NULL, NULL);
}
