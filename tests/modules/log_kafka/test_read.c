/* SPDX-License-Identifier: Apache-2.0 */
/* test_read.c - reads at any place give exactly what is there. */
#include <stdlib.h>
#include <time.h>

#include "log/records.h"
#include "modules/log_kafka/other.h"
#include "read.h"

enum { RECORDS = 100000, RANDOM_READS = 300, COLD_READS = 100, THREADS = 4 };

static int read_at(struct kafka_rig *rig, uint64_t from, size_t max_records, size_t max_bytes,
                   struct hg_records *out) {
    struct hg_log_read want = {0, 0, from, max_records, max_bytes};
    hg_records_clear(out);
    return rig->ops->read(rig->state, &want, out);
}

static void assert_are(const struct hg_records *r, uint64_t from) {
    for (size_t i = 0; i < r->n; i++) {
        assert_true(r->items[i].offset == from + i);
        assert_int_equal(other_number(&r->items[i]), from + i);
        assert_true(r->items[i].log_time_ms == 1700000000000 + (int64_t)(from + i));
    }
}

static void fill(struct other *o, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        other_put(o, 0, i, 1700000000000 + i);
    }
    other_flush(o);
}

static double seconds(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void read_at_random(struct kafka_rig *rig, unsigned seed, unsigned n) {
    struct hg_records out = {0};
    for (unsigned i = 0; i < n; i++) {
        uint64_t from = (uint64_t)rand_r(&seed) % RECORDS;
        assert_int_equal(read_at(rig, from, 50, 1 << 20, &out), 0);
        assert_true(out.n > 0 && out.n <= 50);
        assert_are(&out, from);
    }
    hg_records_fini(&out);
}

static void *run_reader(void *arg) {
    read_at_random(arg, (unsigned)(uintptr_t)&arg, RANDOM_READS / THREADS);
    return NULL;
}

static void every_place_gives_what_is_there(void **state) {
    (void)state;
    static const char *const forever[] = {"retention.ms", "-1", NULL};
    struct other o = {0};
    struct kafka_rig rig;
    struct hg_records out = {.has_details = true};
    other_open(&o, NULL);
    other_make(&o, 1, forever);
    fill(&o, RECORDS);
    other_rig(&o, &rig);
    double begun = seconds();
    for (uint64_t at = 0; at < RECORDS; at += out.n) {
        assert_int_equal(read_at(&rig, at, 500, 1 << 20, &out), 0);
        assert_true(out.n > 0);
        assert_are(&out, at);
        assert_int_equal(out.items[0].n_headers, 1);
        assert_true(out.items[0].key.len > 0);
    }
    double whole = seconds() - begun;
    begun = seconds();
    read_at_random(&rig, 1, RANDOM_READS);
    double random = seconds() - begun;
    begun = seconds();
    for (unsigned i = 0; i < COLD_READS; i++) {
        kafka_reads_forget(((struct kafka *)rig.state)->reads);
        read_at_random(&rig, i, 1);
    }
    double cold = seconds() - begun;
    begun = seconds();
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_reader, &rig), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    print_message("%d records in order: %.2f s; a read at a random place: %.2f ms, from the "
                  "cluster %.1f ms; of %d threads: %.2f ms\n",
                  RECORDS, whole, random * 1000 / RANDOM_READS, cold * 1000 / COLD_READS, THREADS,
                  (seconds() - begun) * 1000 / RANDOM_READS);
    begun = seconds();
    assert_int_equal(read_at(&rig, RECORDS, 10, 1000, &out), 0);
    assert_int_equal(out.n, 0);
    assert_true(seconds() - begun < 2);
    assert_int_equal(read_at(&rig, RECORDS - 1, 10, 1000, &out), 0);
    assert_int_equal(out.n, 1);
    assert_int_equal(read_at(&rig, RECORDS + 1000, 10, 1000, &out), 0); /* cut back */
    assert_int_equal(out.n, 0);
    hg_records_fini(&out);
    kafka_rig_close(&rig);
    other_delete(&o);
    other_close(&o);
}

static void bounds_are_kept_but_one_record_is_given(void **state) {
    (void)state;
    struct other o = {0};
    struct kafka_rig rig;
    struct hg_records out = {0};
    other_open(&o, NULL);
    other_make(&o, 1, (const char *[]){"retention.ms", "-1", NULL});
    fill(&o, 100);
    other_rig(&o, &rig);
    assert_int_equal(read_at(&rig, 5, 100, 1, &out), 0);
    assert_int_equal(out.n, 1);
    assert_int_equal(read_at(&rig, 5, 7, 1 << 20, &out), 0);
    assert_int_equal(out.n, 7);
    assert_int_equal(read_at(&rig, 90, 100, 1 << 20, &out), 0);
    assert_int_equal(out.n, 10);
    struct hg_log_read nowhere = {0, 1, 0, 1, 1};
    assert_int_equal(rig.ops->read(rig.state, &nowhere, &out), HG_ENOENT);
    nowhere = (struct hg_log_read){7, 0, 0, 1, 1};
    assert_int_equal(rig.ops->read(rig.state, &nowhere, &out), HG_ENOENT);
    hg_records_fini(&out);
    kafka_rig_close(&rig);
    other_delete(&o);
    other_close(&o);
}

int test_read(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_are_kept_but_one_record_is_given),
        cmocka_unit_test(every_place_gives_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
