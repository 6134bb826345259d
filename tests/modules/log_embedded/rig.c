/* SPDX-License-Identifier: Apache-2.0 */
/* rig.c - the embedded driver for one test. */
#include "modules/log_embedded/rig.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {"a", "b"};

static void storage_args(void *storage, struct hg_log_open *open) {
    struct embedded_rig *e = storage;
    open->args[0] = hg_slice_of(e->dir);
    open->args[1] = hg_slice_of(e->max_size);
    open->n_args = 2;
}

void embedded_start(struct embedded_rig *e, const char *dir, const char *max_size) {
    char path[DIR_BYTES] = {0}; /* dir may be e's own */
    if (dir == NULL) {
        make_dir(path);
    } else {
        (void)snprintf(path, sizeof path, "%s", dir);
    }
    memset(e, 0, sizeof *e);
    memcpy(e->dir, path, sizeof path);
    (void)snprintf(e->max_size, sizeof e->max_size, "max_size=%s", max_size);
    e->contract =
        (struct log_contract){.ops = hg_module_log_embedded.log, .storage_args = storage_args};
    e->rig.contract = &e->contract;
    e->rig.storage = e;
    assert_int_equal(pthread_mutex_init(&e->rig.lock, NULL), 0);
    contract_open(&e->rig);
    for (uint32_t i = 0; i < HG_COUNT(names); i++) {
        contract_topic(&e->rig, i, names[i], false);
    }
}

void embedded_stop(struct embedded_rig *e) {
    contract_close(&e->rig);
    hg_records_fini(&e->rig.records);
    hg_free(e->rig.shown);
    (void)pthread_mutex_destroy(&e->rig.lock);
}

void embedded_restart(struct embedded_rig *e) {
    contract_reopen(&e->rig, names, HG_COUNT(names));
}

void embedded_end(struct embedded_rig *e) {
    embedded_stop(e);
    remove_dir(e->dir);
}

int embedded_put(struct embedded_rig *e, uint32_t topic, const char *id, size_t data_bytes) {
    struct contract_append a;
    char *data = hg_alloc(data_bytes + 1);
    memset(data, 'd', data_bytes);
    contract_begin(&e->rig, &a);
    struct hg_append_item *item = contract_add(&a, topic, id);
    hg_event_unref(&item->record.event);
    item->record.event = contract_event(id, data, data_bytes);
    hg_free(data);
    contract_send(&a);
    contract_flush(&e->rig);
    return contract_wait(&a);
}

void embedded_expect(struct embedded_rig *e, uint32_t topic, uint64_t first, uint64_t next) {
    struct hg_log_range range = contract_range(&e->rig, topic);
    assert_true(range.first == first);
    assert_true(range.next == next);
    for (uint64_t at = first; at < next;) {
        assert_int_equal(contract_read(&e->rig, topic, at, 100, (size_t)1 << 30), 0);
        assert_true(e->rig.records.n > 0);
        for (size_t i = 0; i < e->rig.records.n; i++) {
            char id[24];
            (void)snprintf(id, sizeof id, "%llu", (unsigned long long)at);
            assert_true(e->rig.records.items[i].offset == at++);
            assert_true(hg_slice_eq(contract_id(&e->rig.records.items[i]), hg_slice_of(id)));
        }
    }
}

int embedded_retain(struct embedded_rig *e, uint32_t topic, int64_t ms, int64_t bytes) {
    struct hg_log_topic t = {.name = hg_slice_of(names[topic]),
                             .id = topic,
                             .partitions = 1,
                             .retention_ms = ms,
                             .retention_bytes = bytes};
    struct hg_why why;
    return e->rig.contract->ops->topic_open(e->rig.state, &t, &why);
}
