/* SPDX-License-Identifier: Apache-2.0 */
/* test_ends.c - a log that became shorter is not taken for a whole one. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../modules/log_embedded/store.h"
#include "base/counters.h"
#include "modules/log_embedded/rig.h"

struct saved {
    char *bytes;
    size_t n;
};

static void path_of(const struct embedded_rig *e, const char *name, char path[DIR_BYTES + 32]) {
    (void)snprintf(path, DIR_BYTES + 32, "%s/%s", e->dir, name);
}

static struct saved save(const struct embedded_rig *e, const char *name) {
    char path[DIR_BYTES + 32];
    struct stat st;
    path_of(e, name, path);
    int fd = open(path, O_RDONLY);
    assert_int_equal(fstat(fd, &st), 0);
    struct saved s = {malloc((size_t)st.st_size), (size_t)st.st_size};
    assert_int_equal(read(fd, s.bytes, s.n), s.n);
    (void)close(fd);
    return s;
}

static void put_back(const struct embedded_rig *e, const char *name, struct saved *s) {
    char path[DIR_BYTES + 32];
    path_of(e, name, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, s->bytes, s->n), s->n);
    (void)close(fd);
    free(s->bytes);
}

static void fill(struct embedded_rig *e, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "%llu", (unsigned long long)i);
        assert_int_equal(embedded_put(e, TOPIC_A, id, 50), 0);
    }
}

static void an_older_copy_is_noticed_and_no_offset_is_used_twice(void **state) {
    (void)state;
    struct embedded_rig e;
    embedded_start(&e, NULL, "1g");
    fill(&e, 0, 10);
    embedded_stop(&e);
    struct saved old = save(&e, "data.mdb");
    embedded_start(&e, e.dir, "1g");
    fill(&e, 10, 25);
    embedded_stop(&e);
    put_back(&e, "data.mdb", &old);
    int64_t before = hg_counter_read(hg_module_log_embedded.counters[0]);
    embedded_start(&e, e.dir, "1g");
    assert_int_equal(hg_counter_read(hg_module_log_embedded.counters[0]) - before, 15);
    assert_true(contract_range(&e.rig, TOPIC_A).next == 25);
    fill(&e, 25, 27);
    assert_int_equal(contract_read(&e.rig, TOPIC_A, 0, 100, (size_t)1 << 30), 0);
    assert_int_equal(e.rig.records.n, 12);
    assert_true(e.rig.records.items[9].offset == 9);
    assert_true(e.rig.records.items[10].offset == 25);
    embedded_restart(&e);
    assert_true(contract_range(&e.rig, TOPIC_A).next == 27);
    embedded_end(&e);
}

static void topics_that_vanished_stop_the_start(void **state) {
    (void)state;
    struct embedded_rig e;
    struct hg_log_up up = {0};
    struct hg_why why = {{0}};
    void *ignored;
    embedded_start(&e, NULL, "1g");
    embedded_stop(&e);
    struct saved old = save(&e, "data.mdb");
    embedded_start(&e, e.dir, "1g");
    contract_topic(&e.rig, 2, "third", false);
    embedded_stop(&e);
    put_back(&e, "data.mdb", &old);
    struct hg_log_open open = {.args = {hg_slice_of(e.dir)}, .n_args = 1, .up = &up};
    assert_int_equal(hg_module_log_embedded.log->open(&open, &ignored, &why), HG_EINVAL);
    assert_non_null(strstr(why.text, "damaged"));
    remove_dir(e.dir);
}

static void without_the_file_or_with_a_damaged_one_the_log_is_believed(void **state) {
    (void)state;
    struct embedded_rig e;
    char path[DIR_BYTES + 32];
    embedded_start(&e, NULL, "1g");
    fill(&e, 0, 5);
    embedded_stop(&e);
    path_of(&e, "headgate.ends", path);
    assert_int_equal(unlink(path), 0);
    embedded_start(&e, e.dir, "1g");
    embedded_expect(&e, TOPIC_A, 0, 5);
    fill(&e, 5, 6);
    embedded_stop(&e);
    struct saved ends = save(&e, "headgate.ends");
    for (size_t i = 0; i < 64 && i < ends.n; i++) {
        ends.bytes[i] ^= 0x40;
    }
    put_back(&e, "headgate.ends", &ends);
    embedded_start(&e, e.dir, "1g");
    embedded_expect(&e, TOPIC_A, 0, 6);
    embedded_end(&e);
}

static void the_file_grows_with_the_number_of_topics(void **state) {
    (void)state;
    char dir[DIR_BYTES];
    make_dir(dir);
    struct store s = {.dir_fd = open(dir, O_RDONLY | O_DIRECTORY), .ends_fd = -1};
    assert_int_equal(embedded_ends_open(&s), 0);
    for (uint32_t slot = 0; slot < 20000; slot += 1999) {
        assert_true(embedded_ends_get(&s, slot) == 0);
        embedded_ends_set(&s, slot, slot + 7);
    }
    embedded_ends_close(&s);
    assert_int_equal(embedded_ends_open(&s), 0);
    for (uint32_t slot = 0; slot < 20000; slot += 1999) {
        assert_true(embedded_ends_get(&s, slot) == slot + 7);
        assert_true(embedded_ends_get(&s, slot + 1) == 0);
    }
    assert_true(embedded_ends_get(&s, UINT32_MAX) == 0);
    embedded_ends_close(&s);
    (void)close(s.dir_fd);
    remove_dir(dir);
}

int test_ends(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_copy_is_noticed_and_no_offset_is_used_twice),
        cmocka_unit_test(topics_that_vanished_stop_the_start),
        cmocka_unit_test(without_the_file_or_with_a_damaged_one_the_log_is_believed),
        cmocka_unit_test(the_file_grows_with_the_number_of_topics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
