/* SPDX-License-Identifier: Apache-2.0 */
#include "net/addr.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/net/tests.h"

static int parse(const char *text, struct hg_addr *ret) {
    return hg_addr_parse(hg_slice_of(text), ret);
}

static void expect_text(const char *text, const char *formatted) {
    struct hg_addr a;
    char out[HG_ADDR_TEXT_MAX];
    assert_int_equal(parse(text, &a), 0);
    size_t n = hg_addr_format(&a, out);
    assert_string_equal(out, formatted);
    assert_int_equal(n, strlen(formatted));
}

static void address_forms_are_read(void **state) {
    (void)state;
    expect_text("8443", "0.0.0.0:8443");
    expect_text("*:80", "0.0.0.0:80");
    expect_text("127.0.0.1:8443", "127.0.0.1:8443");
    expect_text("localhost:65535", "127.0.0.1:65535");
    expect_text("LocalHost:1", "127.0.0.1:1");
    expect_text("[::1]:8443", "[::1]:8443");
    expect_text("[::]:0", "[::]:0");
    expect_text("[2001:DB8::0:1]:443", "[2001:db8::1]:443");
    expect_text("unix:/run/headgate.sock", "unix:/run/headgate.sock");
}

static void what_is_no_address_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        ":",
        ":80",
        "*",
        "65536",
        "123456",
        "-1",
        "+80",
        "080",
        "8 0",
        "80 ",
        "1.2.3.4",
        "1.2.3:80",
        "1.2.3.4.5:80",
        "1.2.3.256:80",
        "example.com:80",
        "::1:80",
        "[::1]",
        "[::1]80",
        "[::1]:",
        "[::1:80",
        "[]:80",
        "[*]:80",
        "[localhost]:80",
        "[1.2.3.4]:80",
        "[fe80::1%eth0]:80",
        "unix:",
        "unix:relative",
        "127.0.0.1:80:90",
    };
    for (size_t i = 0; i < HG_COUNT(wrong); i++) {
        struct hg_addr a = {.len = 77};
        if (parse(wrong[i], &a) != HG_EINVAL || a.len != 77) {
            fail_msg("taken: \"%s\"", wrong[i]);
        }
    }
    struct hg_addr a;
    assert_int_equal(hg_addr_parse(HG_SLICE("1.2.3.4\0:80"), &a), HG_EINVAL);
    assert_int_equal(hg_addr_parse(HG_SLICE("unix:/a\0b"), &a), HG_EINVAL);
}

static void path_of_a_unix_socket_must_fit(void **state) {
    (void)state;
    char text[200] = "unix:/";
    size_t fits = 5 + sizeof(struct sockaddr_un) - offsetof(struct sockaddr_un, sun_path) - 1;
    struct hg_addr a;
    char out[HG_ADDR_TEXT_MAX];
    memset(text + 6, 'x', sizeof text - 7);
    assert_int_equal(hg_addr_parse((struct hg_slice){text, fits}, &a), 0);
    assert_int_equal(hg_addr_format(&a, out), fits);
    assert_int_equal(hg_addr_parse((struct hg_slice){text, fits + 1}, &a), HG_E2BIG);
}

static void addresses_are_equal_when_every_part_is(void **state) {
    (void)state;
    static const char *const texts[] = {
        "127.0.0.1:80", "127.0.0.1:81", "127.0.0.2:80", "[::1]:80",
        "[::1]:81",     "[::2]:80",     "unix:/a",      "unix:/ab",
    };
    for (size_t i = 0; i < HG_COUNT(texts); i++) {
        for (size_t j = 0; j < HG_COUNT(texts); j++) {
            struct hg_addr a, b;
            parse(texts[i], &a);
            parse(texts[j], &b);
            assert_int_equal(hg_addr_eq(&a, &b), i == j);
        }
    }
}

static void listening_socket_is_quick_and_does_not_block(void **state) {
    (void)state;
    struct hg_addr a;
    int fd = -1, other = -1, value = 0;
    socklen_t len = sizeof value;
    parse("127.0.0.1:0", &a);
    assert_int_equal(hg_addr_listen(&a, 16, false, &fd), 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &len);
    assert_int_equal(value, 1);

    struct hg_addr taken = {.len = sizeof taken.sa};
    getsockname(fd, &taken.sa.any, &taken.len);
    errno = 0;
    assert_int_equal(hg_addr_listen(&taken, 16, false, &other), HG_EIO);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(other, -1);
    close(fd);
}

static void one_port_may_have_a_socket_for_each_loop(void **state) {
    (void)state;
    struct hg_addr a;
    int first = -1, second = -1;
    parse("127.0.0.1:0", &a);
    assert_int_equal(hg_addr_listen(&a, 16, true, &first), 0);
    a.len = sizeof a.sa;
    getsockname(first, &a.sa.any, &a.len);
    assert_int_equal(hg_addr_listen(&a, 16, true, &second), 0);
    close(first);
    close(second);
}

static void ipv6_socket_leaves_ipv4_alone(void **state) {
    (void)state;
    struct hg_addr a, b;
    char text[32];
    int v6 = -1, v4 = -1;
    parse("[::]:0", &a);
    if (hg_addr_listen(&a, 16, false, &v6) != 0) {
        print_message("SKIP: no IPv6 here\n");
        return;
    }
    a.len = sizeof a.sa;
    getsockname(v6, &a.sa.any, &a.len);
    snprintf(text, sizeof text, "%u",
             (unsigned)ntohs(((struct sockaddr_in6 *)&a.sa.storage)->sin6_port));
    parse(text, &b);
    assert_int_equal(hg_addr_listen(&b, 16, false, &v4), 0);
    close(v4);
    close(v6);
}

static void unix_addr(struct hg_addr *ret, char *dir, const char *name) {
    char text[128];
    snprintf(text, sizeof text, "unix:%s/%s", dir, name);
    assert_int_equal(parse(text, ret), 0);
}

static void stale_unix_socket_is_replaced_and_a_live_one_is_not(void **state) {
    (void)state;
    char dir[] = "/tmp/headgate-addr-XXXXXX";
    struct hg_addr a;
    struct stat st;
    int fd = -1, second = -1;
    assert_non_null(mkdtemp(dir));
    unix_addr(&a, dir, "s");
    mode_t before = umask(0177);
    assert_int_equal(hg_addr_listen(&a, 16, false, &fd), 0);
    umask(before);
    assert_int_equal(stat(a.sa.unix_path.sun_path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);

    errno = 0;
    assert_int_equal(hg_addr_listen(&a, 16, false, &second), HG_EIO);
    assert_int_equal(errno, EADDRINUSE);

    close(fd); /* the file stays, as after a crash */
    assert_int_equal(hg_addr_listen(&a, 16, false, &fd), 0);
    close(fd);
    unlink(a.sa.unix_path.sun_path);
    rmdir(dir);
}

static void file_that_is_no_socket_is_left_alone(void **state) {
    (void)state;
    char dir[] = "/tmp/headgate-addr-XXXXXX";
    struct hg_addr a;
    struct stat st;
    int fd = -1;
    assert_non_null(mkdtemp(dir));
    unix_addr(&a, dir, "file");
    close(open(a.sa.unix_path.sun_path, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(hg_addr_listen(&a, 16, false, &fd), HG_EIO);
    assert_int_equal(stat(a.sa.unix_path.sun_path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    unlink(a.sa.unix_path.sun_path);
    rmdir(dir);
}

static void nameless_and_unknown_addresses_have_a_text(void **state) {
    (void)state;
    struct hg_addr a = {.len = sizeof(sa_family_t)};
    char out[HG_ADDR_TEXT_MAX];
    a.sa.any.sa_family = AF_UNIX;
    hg_addr_format(&a, out);
    assert_string_equal(out, "unix:");
    a = (struct hg_addr){0};
    hg_addr_format(&a, out);
    assert_string_equal(out, "unknown");
}

int test_addr(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_forms_are_read),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(path_of_a_unix_socket_must_fit),
        cmocka_unit_test(addresses_are_equal_when_every_part_is),
        cmocka_unit_test(listening_socket_is_quick_and_does_not_block),
        cmocka_unit_test(one_port_may_have_a_socket_for_each_loop),
        cmocka_unit_test(ipv6_socket_leaves_ipv4_alone),
        cmocka_unit_test(stale_unix_socket_is_replaced_and_a_live_one_is_not),
        cmocka_unit_test(file_that_is_no_socket_is_left_alone),
        cmocka_unit_test(nameless_and_unknown_addresses_have_a_text),
    };
    return cmocka_run_group_tests_name("net/addr", tests, NULL, NULL);
}
