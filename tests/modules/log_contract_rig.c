/* SPDX-License-Identifier: Apache-2.0 */
/* log_contract_rig.c - the gateway's side of a driver under test. */
#include "modules/log_contract_rig.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "headgate/record.h"

enum { DEADLINE_S = 20 };

const char *const contract_names[CONTRACT_OPEN] = {"contract.a", "contract.b", "contract.c.dlq"};
const size_t contract_lots = (size_t)1 << 30;

struct contract_rig *rig_of(void **state) {
    return *state;
}

bool has_cap(const struct contract_rig *rig, unsigned cap) {
    bool has = (rig->contract->ops->caps & cap) == cap;
    if (!has) {
        print_message("SKIP: %s does not declare this\n", rig->contract->ops->name);
    }
    return has;
}

static void lock(struct contract_rig *rig) {
    assert_int_equal(pthread_mutex_lock(&rig->lock), 0);
}

static void unlock(struct contract_rig *rig) {
    assert_int_equal(pthread_mutex_unlock(&rig->lock), 0);
}

static void on_complete(struct hg_log_up *up, struct hg_append *append, int err) {
    struct contract_rig *rig = HG_CONTAINER(up, struct contract_rig, up);
    struct contract_append *a = HG_CONTAINER(append, struct contract_append, append);
    lock(rig);
    assert_false(a->is_done); /* once */
    a->err = err;
    a->shown_when_done = rig->n_shown;
    a->is_done = true;
    unlock(rig);
}

static void on_tail(struct hg_log_up *up, uint32_t topic, uint32_t partition,
                    const struct hg_record *records, size_t n) {
    struct contract_rig *rig = HG_CONTAINER(up, struct contract_rig, up);
    lock(rig);
    assert_int_equal(partition, 0);
    if (rig->n_shown + n > rig->cap_shown) {
        rig->cap_shown = (rig->n_shown + n) * 2;
        rig->shown = hg_try_realloc(rig->shown, rig->cap_shown * sizeof *rig->shown);
        assert_non_null(rig->shown);
    }
    for (size_t i = 0; i < n; i++) {
        rig->shown[rig->n_shown++] = (struct contract_shown){
            .topic = topic, .offset = records[i].offset, .log_time_ms = records[i].log_time_ms};
    }
    unlock(rig);
}

static void on_assigned(struct hg_log_up *up, struct hg_slice group, uint32_t topic,
                        uint32_t partition, bool is_ours) {
    struct contract_rig *rig = HG_CONTAINER(up, struct contract_rig, up);
    lock(rig);
    assert_true(hg_slice_eq(group, HG_SLICE("g")));
    assert_int_equal(partition, 0);
    assert_true(topic < CONTRACT_OPEN);
    rig->is_ours[topic] = is_ours;
    unlock(rig);
}

bool contract_wait_assigned(struct contract_rig *rig, uint32_t topic, bool is_ours) {
    struct timespec nap = {.tv_nsec = 1000000};
    time_t deadline = time(NULL) + DEADLINE_S;
    for (;;) {
        lock(rig);
        bool is_so = rig->is_ours[topic] == is_ours;
        unlock(rig);
        if (is_so || time(NULL) > deadline) {
            return is_so;
        }
        (void)nanosleep(&nap, NULL);
    }
}

void contract_wait_shown(struct contract_rig *rig, size_t n) {
    struct timespec nap = {.tv_nsec = 1000000};
    time_t deadline = time(NULL) + DEADLINE_S;
    for (bool is_there = false; !is_there;) {
        lock(rig);
        assert_true(rig->n_shown <= n);
        is_there = rig->n_shown == n;
        unlock(rig);
        assert_true(is_there || time(NULL) < deadline);
        (void)nanosleep(&nap, NULL);
    }
}

void contract_open(struct contract_rig *rig) {
    struct hg_log_open open = {.up = &rig->up};
    struct hg_why why = {{0}};
    rig->up.on_complete = on_complete;
    rig->up.on_tail = on_tail;
    rig->up.on_assigned = on_assigned;
    rig->contract->storage_args(rig->storage, &open);
    if (rig->contract->ops->open(&open, &rig->state, &why) != 0) {
        fail_msg("%s", why.text);
    }
}

void contract_close(struct contract_rig *rig) {
    rig->contract->ops->close(rig->state);
    rig->state = NULL;
}

void contract_topic(struct contract_rig *rig, uint32_t id, const char *name, bool is_compacted) {
    struct hg_log_topic topic = {
        .name = hg_slice_of(name), .id = id, .partitions = 1, .is_compacted = is_compacted};
    struct hg_why why = {{0}};
    if (rig->contract->ops->topic_open(rig->state, &topic, &why) != 0) {
        fail_msg("%s", why.text);
    }
}

void contract_reopen(struct contract_rig *rig, const char *const *topics, size_t n) {
    contract_close(rig);
    contract_open(rig);
    for (size_t i = 0; i < n; i++) {
        contract_topic(rig, (uint32_t)i, topics[i], false);
    }
}

struct hg_event *contract_event(const char *id, const char *data, size_t len) {
    static const char *const rest[][2] = {
        {"specversion", "1.0"}, {"source", "/contract"}, {"type", "com.example.contract"}};
    struct hg_event_builder *b = hg_event_builder_new();
    struct hg_event *e = NULL;
    const char *missing;
    assert_non_null(b);
    assert_int_equal(hg_event_builder_set(b, HG_SLICE("id"), hg_slice_of(id), HG_ATTR_STRING), 0);
    for (size_t i = 0; i < HG_COUNT(rest); i++) {
        assert_int_equal(hg_event_builder_set(b, hg_slice_of(rest[i][0]), hg_slice_of(rest[i][1]),
                                              HG_ATTR_STRING),
                         0);
    }
    assert_int_equal(hg_event_builder_set(b, HG_SLICE("counter"), HG_SLICE("7"), HG_ATTR_INTEGER),
                     0);
    if (data != NULL) {
        hg_event_builder_data(b, HG_DATA_BINARY, (struct hg_slice){data, len});
    }
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), 0);
    hg_event_builder_free(&b);
    return e;
}

void contract_begin(struct contract_rig *rig, struct contract_append *a) {
    memset(a, 0, sizeof *a);
    a->rig = rig;
    a->append.items = a->items;
    a->append.refused = SIZE_MAX;
    a->append.up = &rig->up;
}

struct hg_append_item *contract_add(struct contract_append *a, uint32_t topic, const char *id) {
    assert_true(a->append.n_items < CONTRACT_ITEMS);
    struct hg_append_item *item = &a->items[a->append.n_items++];
    item->topic = topic;
    item->record.event = contract_event(id, "data", 4);
    return item;
}

void contract_send(struct contract_append *a) {
    a->rig->contract->ops->append(a->rig->state, &a->append);
}

void contract_flush(struct contract_rig *rig) {
    rig->contract->ops->flush(rig->state);
}

int contract_wait(struct contract_append *a) {
    struct timespec nap = {.tv_nsec = 1000000};
    time_t deadline = time(NULL) + DEADLINE_S;
    lock(a->rig);
    while (!a->is_done) {
        unlock(a->rig);
        assert_true(time(NULL) < deadline);
        if ((a->rig->contract->ops->caps & HG_LOG_REMOTE) != 0) {
            contract_flush(a->rig); /* as with each answer */
        }
        (void)nanosleep(&nap, NULL); /* a driver's own thread may answer */
        lock(a->rig);
    }
    unlock(a->rig);
    for (size_t i = 0; i < a->append.n_items; i++) {
        hg_event_unref(&a->items[i].record.event);
    }
    return a->err;
}

int contract_append_one(struct contract_rig *rig, uint32_t topic, const char *id) {
    struct contract_append a;
    contract_begin(rig, &a);
    contract_add(&a, topic, id);
    contract_send(&a);
    contract_flush(rig);
    return contract_wait(&a);
}

void contract_fill(struct contract_rig *rig, uint32_t topic, size_t n) {
    static struct contract_append a[64];
    for (size_t i = 0; i < n;) {
        size_t group = n - i < HG_COUNT(a) ? n - i : HG_COUNT(a);
        for (size_t k = 0; k < group; k++, i++) {
            char id[24];
            (void)snprintf(id, sizeof id, "%zu", i);
            contract_begin(rig, &a[k]);
            contract_add(&a[k], topic, id);
            contract_send(&a[k]);
        }
        contract_flush(rig);
        for (size_t k = 0; k < group; k++) {
            assert_int_equal(contract_wait(&a[k]), 0);
        }
    }
}

int contract_read(struct contract_rig *rig, uint32_t topic, uint64_t from, size_t max_records,
                  size_t max_bytes) {
    struct hg_log_read want = {
        .topic = topic, .from = from, .max_records = max_records, .max_bytes = max_bytes};
    hg_records_clear(&rig->records);
    rig->records.has_details = true;
    return rig->contract->ops->read(rig->state, &want, &rig->records);
}

void contract_read_on(struct contract_rig *rig, uint32_t topic, uint64_t from) {
    struct hg_log_read want = {
        .topic = topic, .from = from, .max_records = 10000, .max_bytes = contract_lots};
    size_t before;
    hg_records_clear(&rig->records);
    rig->records.has_details = true;
    do {
        before = rig->records.n;
        assert_int_equal(rig->contract->ops->read(rig->state, &want, &rig->records), 0);
        if (rig->records.n > 0) {
            want.from = rig->records.items[rig->records.n - 1].offset + 1;
        }
    } while (rig->records.n > before);
}

struct hg_log_range contract_range(struct contract_rig *rig, uint32_t topic) {
    struct hg_log_range range;
    assert_int_equal(rig->contract->ops->describe(rig->state, topic, 0, &range), 0);
    return range;
}

struct hg_slice contract_id(const struct hg_record *r) {
    assert_non_null(r->event);
    return hg_event_core(r->event, HG_ATTR_ID);
}

bool contract_same_event(const struct hg_event *a, const struct hg_event *b) {
    size_t bytes = hg_event_packed_bytes(a);
    if (hg_event_packed_bytes(b) != bytes) {
        return false;
    }
    char *packed = hg_alloc(2 * bytes);
    hg_event_pack(a, packed);
    hg_event_pack(b, packed + bytes);
    bool is_same = memcmp(packed, packed + bytes, bytes) == 0;
    hg_free(packed);
    return is_same;
}

uint64_t contract_seek(struct contract_rig *rig, uint32_t topic, int64_t time_ms) {
    uint64_t offset = 0;
    assert_int_equal(rig->contract->ops->seek(rig->state, topic, 0, time_ms, &offset), 0);
    return offset;
}

static const struct log_contract *under_test;

void contract_use(const struct log_contract *contract) {
    under_test = contract;
}

int contract_set_up(void **state) {
    struct contract_rig *rig = hg_alloc(sizeof *rig);
    rig->contract = under_test;
    rig->storage = under_test->storage_new();
    assert_int_equal(pthread_mutex_init(&rig->lock, NULL), 0);
    contract_open(rig);
    for (uint32_t i = 0; i < CONTRACT_OPEN; i++) {
        contract_topic(rig, i, contract_names[i], false);
    }
    *state = rig;
    return 0;
}

int contract_tear_down(void **state) {
    struct contract_rig *rig = *state;
    contract_close(rig);
    hg_records_fini(&rig->records);
    hg_free(rig->shown);
    (void)pthread_mutex_destroy(&rig->lock);
    under_test->storage_free(rig->storage);
    hg_free(rig);
    return 0;
}
