/* SPDX-License-Identifier: Apache-2.0 */
/* test_power.c - the power goes at any moment: after each call that wrote or
 * synced, the disk has what was synced and any part of what was not. From
 * each such disk the store opens, and what was acknowledged by then is there.
 * An answer before its sync is found, as is a commit whose order is wrong. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "modules/log_embedded/faults.h"
#include "modules/log_embedded/rig.h"

enum { GROUPS = 25, GROUP = 3, SECTOR = 512 };
/* What becomes of that which was written and not synced. */
enum fate { ALL_GONE, ALL_THERE, SOME_TORN, FATES };
enum { WHOLE, NOT_OPENED, LOST, WRONG };

struct disk {
    char *bytes;
    size_t n, cap;
};

static void disk_read(struct disk *d, const char *path) {
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    d->n = (size_t)st.st_size;
    d->cap = d->n + ((size_t)16 << 20); /* more than the test writes */
    d->bytes = calloc(1, d->cap);
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, d->bytes, d->n), d->n);
    (void)close(fd);
}

static void apply(struct disk *d, const struct disk_op *op, size_t n) {
    size_t end = (size_t)op->at + n;
    assert_true(end <= d->cap);
    memcpy(d->bytes + op->at, op->bytes, n);
    d->n = n > 0 && end > d->n ? end : d->n;
}

/* The disk after the first k calls. */
static void cut(struct disk *d, const struct disk_op *ops, size_t k, enum fate fate) {
    size_t synced = 0;
    for (size_t i = 0; i < k; i++) {
        synced = ops[i].is_sync ? i : synced;
    }
    for (size_t i = 0; i < k; i++) {
        size_t n = ops[i].n;
        if (i > synced && !ops[i].is_durable) {
            size_t sectors = (n + SECTOR - 1) / SECTOR;
            size_t torn = (size_t)rand() % (sectors + 1) * SECTOR;
            n = fate == ALL_THERE ? n : fate == ALL_GONE ? 0 : torn < n ? torn : n;
        }
        if (!ops[i].is_sync) {
            apply(d, &ops[i], n);
        }
    }
}

/* In the child. */
static int judge(const char *dir, uint64_t acknowledged) {
    const struct hg_log_ops *ops = hg_module_log_embedded.log;
    struct hg_log_up up = {0};
    struct hg_log_open open = {.args = {hg_slice_of(dir)}, .n_args = 1, .up = &up};
    struct hg_why why;
    void *state;
    if (ops->open(&open, &state, &why) != 0) {
        return NOT_OPENED;
    }
    for (uint32_t t = TOPIC_A; t <= TOPIC_B; t++) {
        struct hg_log_topic topic = {
            .name = t == TOPIC_A ? HG_SLICE("a") : HG_SLICE("b"), .id = t, .partitions = 1};
        struct hg_log_read want = {.topic = t, .max_records = 1000, .max_bytes = (size_t)1 << 30};
        struct hg_records records = {0};
        struct hg_log_range range;
        if (ops->topic_open(state, &topic, &why) != 0 || ops->read(state, &want, &records) != 0 ||
            ops->describe(state, t, 0, &range) != 0) {
            return NOT_OPENED;
        }
        /* The group that nobody was told of may be there, as a whole. */
        if (records.n != range.next ||
            (range.next != acknowledged && range.next != acknowledged + GROUP)) {
            return LOST;
        }
        for (size_t i = 0; i < records.n; i++) {
            char id[24];
            (void)snprintf(id, sizeof id, "%zu", i);
            if (records.items[i].offset != i ||
                !hg_slice_eq(contract_id(&records.items[i]), hg_slice_of(id))) {
                return WRONG;
            }
        }
    }
    return WHOLE;
}

static int judge_apart(const char *dir, uint64_t acknowledged) {
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (int s = 1; s < 32; s++) {
            (void)signal(s, SIG_DFL);
        }
        (void)alarm(20);
        int null = open("/dev/null", O_WRONLY);
        (void)dup2(null, STDERR_FILENO);
        _exit(judge(dir, acknowledged));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int try_disk(const struct disk *d, uint64_t acknowledged) {
    char dir[DIR_BYTES], path[DIR_BYTES + 16];
    make_dir(dir);
    (void)snprintf(path, sizeof path, "%s/data.mdb", dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, d->bytes, d->n), d->n);
    (void)close(fd);
    int verdict = judge_apart(dir, acknowledged);
    remove_dir(dir);
    return verdict;
}

/* How many calls had been made when the first answer came. */
static size_t calls_when_told;
static void (*rig_on_complete)(struct hg_log_up *up, struct hg_append *append, int err);

static void on_complete(struct hg_log_up *up, struct hg_append *append, int err) {
    const struct disk_op *ops;
    size_t n = disk_ops(&ops);
    calls_when_told = n < calls_when_told ? n : calls_when_told;
    rig_on_complete(up, append, err);
}

/* Appends groups; how many calls had been made when each was acknowledged. */
static void append_groups(struct embedded_rig *e, size_t acknowledged[GROUPS]) {
    static struct contract_append a[GROUP];
    rig_on_complete = e->rig.up.on_complete;
    e->rig.up.on_complete = on_complete;
    for (uint64_t g = 0; g < GROUPS; g++) {
        calls_when_told = SIZE_MAX;
        for (uint64_t i = 0; i < GROUP; i++) {
            char id[24], data[4000];
            (void)snprintf(id, sizeof id, "%llu", (unsigned long long)(g * GROUP + i));
            memset(data, 'd', sizeof data);
            contract_begin(&e->rig, &a[i]);
            struct hg_append_item *item = contract_add(&a[i], TOPIC_A, id);
            hg_event_unref(&item->record.event); /* small ones, and those of many pages */
            item->record.event = contract_event(id, data, (g * 331 + i * 57) % sizeof data);
            contract_add(&a[i], TOPIC_B, id);
            contract_send(&a[i]);
        }
        contract_flush(&e->rig);
        for (size_t i = 0; i < GROUP; i++) {
            assert_int_equal(contract_wait(&a[i]), 0);
        }
        acknowledged[g] = calls_when_told;
    }
}

static void what_was_acknowledged_outlives_the_power(void **state) {
    (void)state;
    struct embedded_rig e;
    struct stat st;
    char path[DIR_BYTES + 16];
    size_t acknowledged[GROUPS];
    struct disk at_start = {0};
    const struct disk_op *ops;
    const char *seed_text = getenv("POWER_SEED");
    unsigned seed =
        seed_text != NULL ? (unsigned)strtoul(seed_text, NULL, 10) : (unsigned)time(NULL);
    srand(seed);
    embedded_start(&e, NULL, "1g");
    (void)snprintf(path, sizeof path, "%s/data.mdb", e.dir);
    disk_read(&at_start, path);
    assert_int_equal(stat(path, &st), 0);
    disk_watch(st.st_ino);
    append_groups(&e, acknowledged);
    disk_watch(0);
    embedded_end(&e);
    size_t n = disk_ops(&ops);
    assert_true(n >= (size_t)2 * GROUPS); /* a commit writes and syncs */
    for (size_t k = 0, g = 0; k <= n; k++) {
        while (g < GROUPS && acknowledged[g] <= k) {
            g++;
        }
        for (int fate = 0; fate < FATES; fate++) {
            struct disk d = {.n = at_start.n, .cap = at_start.cap, .bytes = malloc(at_start.cap)};
            memcpy(d.bytes, at_start.bytes, at_start.cap);
            cut(&d, ops, k, (enum fate)fate);
            int verdict = try_disk(&d, g * GROUP);
            free(d.bytes);
            if (verdict != WHOLE) {
                fail_msg("POWER_SEED=%u: after call %zu of %zu, fate %d, %zu groups acknowledged: "
                         "verdict %d",
                         seed, k, n, fate, g, verdict);
            }
        }
    }
    disk_forget();
    free(at_start.bytes);
}

int test_power(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_acknowledged_outlives_the_power),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
