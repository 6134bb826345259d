/* SPDX-License-Identifier: Apache-2.0 */
/* test_reserve.c - a full disk, and the way out of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modules/log_embedded/rig.h"

static void put_ok(struct embedded_rig *e, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "%llu", (unsigned long long)i);
        assert_int_equal(embedded_put(e, TOPIC_A, id, 500), 0);
    }
}

/* An append without items: may so much be written? */
static int ask(struct embedded_rig *e, size_t room) {
    struct contract_append a;
    contract_begin(&e->rig, &a);
    a.append.room = room;
    contract_send(&a);
    contract_flush(&e->rig);
    return contract_wait(&a);
}

/* A tmpfs of its own, for root; false: say SKIP. */
static bool mount_small(const char *dir) {
    if (geteuid() != 0 || mount("tmpfs", dir, "tmpfs", 0, "size=6m") != 0) {
        print_message("SKIP: a small file system needs root: %s\n", strerror(errno));
        return false;
    }
    return true;
}

static void a_full_disk_refuses_serves_and_recovers(void **state) {
    (void)state;
    struct embedded_rig e;
    char dir[DIR_BYTES], ballast[DIR_BYTES + 16];
    static char block[65536];
    make_dir(dir);
    if (!mount_small(dir)) {
        remove_dir(dir);
        return;
    }
    (void)snprintf(ballast, sizeof ballast, "%s/ballast", dir);
    int fd = open(ballast, O_WRONLY | O_CREAT, 0600);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(write(fd, block, sizeof block), sizeof block);
    }
    assert_int_equal(close(fd), 0);
    embedded_start(&e, dir, "1g");
    uint64_t n = 0;
    int err;
    char id[24];
    do {
        (void)snprintf(id, sizeof id, "%llu", (unsigned long long)n);
        err = embedded_put(&e, TOPIC_A, id, 3000);
        n += err == 0;
    } while (err == 0 && n < 10000);
    assert_int_equal(err, HG_EFULL);
    embedded_expect(&e, TOPIC_A, 0, n);
    assert_int_equal(embedded_put(&e, TOPIC_A, "no", 3000), HG_EFULL);
    e.contract.ops->tick(e.rig.state);
    assert_int_equal(ask(&e, 500000), HG_EFULL);
    assert_int_equal(unlink(ballast), 0);
    assert_int_equal(ask(&e, 500000), 0);
    assert_int_equal(ask(&e, 2000000), HG_EFULL); /* the disk has 1 MiB more */
    put_ok(&e, n, n + 20);                        /* without a restart */
    /* Full again, and now retention makes room. */
    do {
        err = embedded_put(&e, TOPIC_B, "b", 3000);
    } while (err == 0);
    assert_int_equal(err, HG_EFULL);
    assert_int_equal(e.contract.ops->trim(e.rig.state, TOPIC_A, 0, n), 0);
    e.contract.ops->tick(e.rig.state);
    put_ok(&e, n + 20, n + 40);
    embedded_expect(&e, TOPIC_A, n, n + 40);
    embedded_restart(&e);
    embedded_expect(&e, TOPIC_A, n, n + 40);
    embedded_stop(&e);
    assert_int_equal(umount(dir), 0);
    remove_dir(dir);
}

static void some_room_is_kept(void **state) {
    (void)state;
    struct embedded_rig e;
    struct stat st;
    char path[DIR_BYTES + 32];
    embedded_start(&e, NULL, "1g");
    (void)snprintf(path, sizeof path, "%s/headgate.reserve", e.dir);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_blocks * 512 >= 1 << 20);
    assert_int_equal(unlink(path), 0); /* by somebody who is short of room */
    embedded_restart(&e);
    assert_int_equal(stat(path, &st), 0);
    embedded_end(&e);
}

static void more_than_the_log_may_have_is_no_room(void **state) {
    (void)state;
    struct embedded_rig e;
    embedded_start(&e, NULL, "16m");
    assert_int_equal(ask(&e, 0), 0);
    assert_int_equal(ask(&e, 4 << 20), 0);
    assert_int_equal(ask(&e, 17 << 20), HG_EFULL);
    assert_int_equal(embedded_put(&e, TOPIC_A, "1", 3000), 0);
    embedded_end(&e);
}

int test_reserve(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_room_is_kept),
        cmocka_unit_test(more_than_the_log_may_have_is_no_room),
        cmocka_unit_test(a_full_disk_refuses_serves_and_recovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
