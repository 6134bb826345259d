/* SPDX-License-Identifier: Apache-2.0 */
#include "server/bundle.h"

#include "base/alloc.h"
#include "unit/server/rig.h"

/* Two sockets, two logs, two files; the descriptors are numbers only. */
struct sample {
    struct hg_bundle_socket sockets[2];
    struct hg_bundle_log logs[2];
    struct hg_bundle bundle;
};

static void make_sample(struct sample *s) {
    *s = (struct sample){
        .sockets = {{.loop = 0, .fd = 100}, {.loop = 3, .is_admin = true, .fd = 101}},
        .logs = {{HG_SLICE("a.log"), 102}, {HG_SLICE("b.log"), 103}},
    };
    assert_int_equal(hg_addr_parse(HG_SLICE("127.0.0.1:80"), &s->sockets[0].addr), 0);
    assert_int_equal(hg_addr_parse(HG_SLICE("unix:/run/x"), &s->sockets[1].addr), 0);
    s->bundle = (struct hg_bundle){.conf_path = HG_SLICE("x/y.conf"),
                                   .files = hg_conf_files_new(false),
                                   .sockets = s->sockets,
                                   .n_sockets = 2,
                                   .logs = s->logs,
                                   .n_logs = 2};
    assert_int_equal(hg_conf_files_put(s->bundle.files, HG_SLICE("x/y.conf"), HG_SLICE("a b;")), 0);
    assert_int_equal(hg_conf_files_put(s->bundle.files, HG_SLICE("env:E"), HG_SLICE("e\0f")), 0);
}

static void pack_sample(struct sample *s, struct hg_wire_message *m) {
    make_sample(s);
    *m = (struct hg_wire_message){0};
    assert_int_equal(hg_bundle_pack(&s->bundle, m), 0);
}

static void a_bundle_is_unpacked_as_it_was_packed(void **state) {
    struct sample s;
    struct hg_wire_message m;
    struct hg_bundle got;
    struct hg_slice bytes;
    (void)state;
    pack_sample(&s, &m);
    assert_int_equal(m.type, HG_WIRE_BUNDLE);
    assert_int_equal(m.n_fds, 4);
    assert_int_equal(hg_bundle_unpack(&m, &got), 0);
    unit_assert_slice(got.conf_path, "x/y.conf");
    assert_int_equal(got.n_sockets, 2);
    assert_int_equal(got.n_logs, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(hg_addr_eq(&got.sockets[i].addr, &s.sockets[i].addr));
        assert_int_equal(got.sockets[i].loop, s.sockets[i].loop);
        assert_int_equal(got.sockets[i].is_admin, s.sockets[i].is_admin);
        assert_int_equal(got.sockets[i].fd, 100 + (int)i);
        assert_int_equal(got.logs[i].fd, 102 + (int)i);
    }
    unit_assert_slice(got.logs[1].path, "b.log");
    assert_int_equal(hg_conf_files_get(got.files, HG_SLICE("x/y.conf"), &bytes), 0);
    unit_assert_slice(bytes, "a b;");
    assert_int_equal(hg_conf_files_get(got.files, HG_SLICE("env:E"), &bytes), 0);
    assert_int_equal(bytes.len, 3);
    assert_int_equal(hg_conf_files_get(got.files, HG_SLICE("/etc/passwd"), &bytes), HG_ENOENT);
    hg_bundle_fini(&got);
    hg_wire_fini(&m);
    hg_conf_files_free(&s.bundle.files);
}

static void a_bundle_that_ends_early_is_none(void **state) {
    struct sample s;
    struct hg_wire_message m;
    struct hg_bundle got = {.n_logs = 77};
    (void)state;
    pack_sample(&s, &m);
    size_t whole = m.body.len;
    for (m.body.len = 0; m.body.len < whole; m.body.len++) {
        assert_int_equal(hg_bundle_unpack(&m, &got), HG_EINVAL);
    }
    assert_int_equal(got.n_logs, 77); /* untouched */
    hg_wire_fini(&m);
    hg_conf_files_free(&s.bundle.files);
}

/* The head is three numbers: the path's length, the sockets, the logs. */
static void assert_head_refused(size_t at, uint32_t value) {
    struct sample s;
    struct hg_wire_message m;
    struct hg_bundle got;
    pack_sample(&s, &m);
    memcpy(m.body.ptr + at, &value, sizeof(value));
    assert_int_equal(hg_bundle_unpack(&m, &got), HG_EINVAL);
    hg_wire_fini(&m);
    hg_conf_files_free(&s.bundle.files);
}

static void numbers_that_cannot_be_are_refused(void **state) {
    static const uint32_t numbers[] = {UINT32_MAX, 1 << 30, 1 << 20, 5000};
    (void)state;
    for (size_t i = 0; i < HG_COUNT(numbers); i++) {
        assert_head_refused(0, numbers[i]);
        assert_head_refused(4, numbers[i]);
        assert_head_refused(8, numbers[i]);
    }
    assert_head_refused(4, 3); /* more than there are descriptors */
    assert_head_refused(8, 1);
    assert_head_refused(12 + 8 + offsetof(struct hg_addr, len), 4096);
}

static void any_byte_may_be_wrong(void **state) {
    struct sample s;
    struct hg_wire_message m;
    (void)state;
    pack_sample(&s, &m);
    for (size_t i = 0; i < m.body.len; i++) {
        struct hg_bundle got;
        m.body.ptr[i] = (char)(m.body.ptr[i] ^ 0xff);
        if (hg_bundle_unpack(&m, &got) == 0) { /* what it says is another thing, no more */
            assert_int_equal(got.n_sockets + got.n_logs, 4);
            hg_bundle_fini(&got);
        }
        m.body.ptr[i] = (char)(m.body.ptr[i] ^ 0xff);
    }
    hg_wire_fini(&m);
    hg_conf_files_free(&s.bundle.files);
}

static void without_memory_nothing_is_packed_or_unpacked(void **state) {
    struct sample s;
    (void)state;
    make_sample(&s);
    for (int64_t n = 0, is_over = 0; !is_over; n++) {
        struct hg_wire_message m = {0};
        struct hg_bundle got;
        hg_alloc_fail_after(n);
        int err = hg_bundle_pack(&s.bundle, &m);
        err = err != 0 ? err : hg_bundle_unpack(&m, &got);
        is_over = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        assert_int_equal(err, is_over ? 0 : HG_ENOMEM);
        if (err == 0) {
            hg_bundle_fini(&got);
        }
        hg_wire_fini(&m);
    }
    hg_conf_files_free(&s.bundle.files);
}

int test_bundle(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bundle_is_unpacked_as_it_was_packed),
        cmocka_unit_test(a_bundle_that_ends_early_is_none),
        cmocka_unit_test(numbers_that_cannot_be_are_refused),
        cmocka_unit_test(any_byte_may_be_wrong),
        cmocka_unit_test(without_memory_nothing_is_packed_or_unpacked),
    };
    return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
