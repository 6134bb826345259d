/* SPDX-License-Identifier: Apache-2.0 */
/* test_flip.c - one flipped bit anywhere in the store's file: it is harmless,
 * or reported, or the process ends; but nothing wrong is served, and nothing
 * is missing in silence. The same for a torn end. Each is judged by a process
 * of its own. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/counters.h"
#include "modules/log_embedded/rig.h"

enum { RECORDS = 60, FLIPS = 300, TEARS = 120 };
enum outcome { HARMLESS, REPORTED, SILENT, ENDED, OUTCOMES };

static size_t data_bytes(uint64_t offset) {
    return (size_t)(offset * 97 % 1500);
}

static void make_store(const char *dir) {
    struct embedded_rig e;
    embedded_start(&e, dir, "1g");
    for (uint64_t i = 0; i < RECORDS; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "%llu", (unsigned long long)i);
        assert_int_equal(embedded_put(&e, i % 3 == 2 ? TOPIC_B : TOPIC_A, id, data_bytes(i)), 0);
    }
    embedded_stop(&e);
}

static bool is_right(const struct hg_record *r, uint32_t topic, uint64_t at) {
    uint64_t n = topic == TOPIC_B ? at * 3 + 2 : at / 2 * 3 + at % 2;
    char id[24];
    enum hg_data_kind kind;
    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)n);
    struct hg_slice data = hg_event_data(r->event, &kind);
    if (!hg_slice_eq(contract_id(r), hg_slice_of(id)) || data.len != data_bytes(n)) {
        return false;
    }
    for (size_t i = 0; i < data.len; i++) {
        if (data.ptr[i] != 'd') {
            return false;
        }
    }
    return true;
}

/* In the child: everything that can be read is right, and what cannot was
 * counted. */
static enum outcome judge(const char *dir) {
    const struct hg_log_ops *ops = hg_module_log_embedded.log;
    static const char *const names[] = {"a", "b"};
    static const uint64_t wanted[] = {RECORDS - RECORDS / 3, RECORDS / 3};
    struct hg_log_up up = {0};
    struct hg_log_open open = {.args = {hg_slice_of(dir)}, .n_args = 1, .up = &up};
    struct hg_why why;
    void *state;
    uint64_t right = 0;
    int64_t before = hg_counter_read(hg_module_log_embedded.counters[0]);
    bool has_failed = false;
    if (ops->open(&open, &state, &why) != 0) {
        return REPORTED;
    }
    for (uint32_t t = TOPIC_A; t <= TOPIC_B; t++) {
        struct hg_log_topic topic = {.name = hg_slice_of(names[t]), .id = t, .partitions = 1};
        if (ops->topic_open(state, &topic, &why) != 0) {
            return REPORTED;
        }
        struct hg_log_read want = {.topic = t, .max_records = 1000, .max_bytes = (size_t)1 << 30};
        struct hg_records records = {0};
        has_failed |= ops->read(state, &want, &records) != 0;
        for (size_t i = 0; i < records.n; i++) {
            const struct hg_record *r = &records.items[i];
            if (r->offset >= wanted[t] || !is_right(r, t, r->offset)) {
                return SILENT;
            }
            right++;
        }
        hg_records_fini(&records);
    }
    int64_t damaged = hg_counter_read(hg_module_log_embedded.counters[0]) - before;
    if (right == RECORDS) {
        return damaged > 0 || has_failed ? REPORTED : HARMLESS;
    }
    return damaged > 0 || has_failed ? REPORTED : SILENT;
}

static enum outcome judge_apart(const char *dir) {
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
        _exit((int)judge(dir));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) < OUTCOMES ? (enum outcome)WEXITSTATUS(status)
                                                               : ENDED;
}

static void write_file(const char *path, const char *bytes, size_t n) {
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, bytes, n), n);
    (void)close(fd);
}

struct store_file {
    char dir[DIR_BYTES], path[DIR_BYTES + 16];
    char *bytes;
    size_t n;
    unsigned seed;
};

static unsigned number_from(const char *name, unsigned otherwise) {
    const char *text = getenv(name);
    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void open_file(struct store_file *f) {
    struct stat st;
    make_dir(f->dir);
    make_store(f->dir);
    (void)snprintf(f->path, sizeof f->path, "%s/data.mdb", f->dir);
    assert_int_equal(stat(f->path, &st), 0);
    f->n = (size_t)st.st_size;
    f->bytes = malloc(f->n);
    int fd = open(f->path, O_RDONLY);
    assert_int_equal(read(fd, f->bytes, f->n), f->n);
    (void)close(fd);
    f->seed = number_from("FLIP_SEED", (unsigned)time(NULL));
    srand(f->seed);
    assert_int_equal(judge_apart(f->dir), HARMLESS); /* as it is */
}

static void close_file(struct store_file *f) {
    free(f->bytes);
    remove_dir(f->dir);
}

static void tell(const unsigned seen[OUTCOMES]) {
    print_message("harmless %u, reported %u, ended %u, silent %u\n", seen[HARMLESS], seen[REPORTED],
                  seen[ENDED], seen[SILENT]);
}

static void no_flipped_bit_passes_in_silence(void **state) {
    (void)state;
    struct store_file f;
    unsigned seen[OUTCOMES] = {0};
    open_file(&f);
    for (unsigned i = 0; i < number_from("FLIPS", FLIPS); i++) {
        /* Half of them in the first pages, where the meta pages are. */
        size_t at = (size_t)rand() % (i % 2 == 0 ? 8192 : f.n);
        char bit = (char)(1 << rand() % 8);
        f.bytes[at] ^= bit;
        write_file(f.path, f.bytes, f.n);
        enum outcome o = judge_apart(f.dir);
        f.bytes[at] ^= bit;
        seen[o]++;
        if (o == SILENT) {
            print_message("FLIP_SEED=%u: byte %zu, bit %d\n", f.seed, at, bit);
        }
    }
    tell(seen);
    assert_int_equal(seen[SILENT], 0);
    close_file(&f);
}

/* The file is shorter than it was, or its last pages were never written: a log
 * that cannot be opened says so, and the process lives. */
static void no_torn_end_passes_in_silence(void **state) {
    (void)state;
    struct store_file f;
    unsigned seen[OUTCOMES] = {0};
    open_file(&f);
    for (unsigned i = 0; i < TEARS; i++) {
        size_t left = (size_t)rand() % f.n, n = i % 3 == 0 ? left / 4096 * 4096 : left;
        char *torn = malloc(f.n);
        memcpy(torn, f.bytes, f.n);
        if (i % 2 == 0) {
            write_file(f.path, torn, n); /* cut, often between two pages */
        } else {
            size_t from = f.n - (f.n - n) % (8 * 4096); /* up to eight pages */
            for (size_t k = from; k < f.n; k++) {
                torn[k] = 0;
            }
            write_file(f.path, torn, f.n);
        }
        free(torn);
        enum outcome o = judge_apart(f.dir);
        seen[o]++;
        if (o == SILENT || o == ENDED) {
            print_message("FLIP_SEED=%u: %u, %zu bytes left: %d\n", f.seed, i, n, (int)o);
        }
    }
    tell(seen);
    assert_int_equal(seen[SILENT] + seen[ENDED], 0);
    close_file(&f);
}

int test_flip(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_flipped_bit_passes_in_silence),
        cmocka_unit_test(no_torn_end_passes_in_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
