/* SPDX-License-Identifier: Apache-2.0 */
#include "server/certificates.h"

#include <stdio.h>

#include "base/clock.h"
#include "support/pem.h"
#include "unit/server/rig.h"

enum { DAY_S = 86400 };

static void put_pair(const struct rig *rig, const char *name, int days) {
    struct pem pem;
    char file[64];
    make_pem(&pem, "a.example", KEY_P256, days);
    hg_buf_put(&pem.certificate, "", 1);
    hg_buf_put(&pem.key, "", 1);
    snprintf(file, sizeof(file), "%s.crt", name);
    rig_put_file(rig, file, pem.certificate.ptr);
    snprintf(file, sizeof(file), "%s.key", name);
    rig_put_file(rig, file, pem.key.ptr);
    pem_fini(&pem);
}

/* What is printed of servers that are %s-rooted in the rig's directory. */
static void print(const struct rig *rig, const char *servers, struct hg_buf *ret) {
    struct hg_plan plan;
    rig_write_raw(rig, servers);
    rig_plan(rig, &plan);
    assert_int_equal(hg_certificates_print(plan.site, ret), 0);
    hg_buf_put(ret, "", 1);
    hg_plan_fini(&plan);
}

/* In how many days that of the name ends, by what is printed. */
static int days_of(const char *text, const char *label) {
    char row[200];
    long long end;
    snprintf(row, sizeof(row),
             "\nheadgate_tls_certificate_expiry_timestamp_seconds{server=\"%s\"} ", label);
    const char *at = strstr(text, row);
    if (at == NULL || strstr(at + 1, row) != NULL ||
        sscanf(at + strlen(row), "%lld\n", &end) != 1) {
        fail_msg("not one row of %s in:\n%s", label, text);
    }
    return (int)((end - hg_clock_wall_ms() / 1000 + DAY_S / 2) / DAY_S);
}

#define HEAD                                                                                       \
    "load_module log_embedded; load_module hello; event_log embedded x; authenticate none;\n"
#define TLS(port, name, file)                                                                      \
    "server { listen 127.0.0.1:" port " ssl; " name " location / { hello x; }\n"                   \
    "ssl_certificate %1$s/" file ".crt; ssl_certificate_key %1$s/" file ".key; }\n"

static void each_name_has_the_end_that_comes_first(void **state) {
    struct rig rig;
    struct hg_buf out = {0};
    char text[4096];
    (void)state;
    rig_open(&rig);
    put_pair(&rig, "soon", 3);
    put_pair(&rig, "late", 90);
    snprintf(text, sizeof(text),
             HEAD TLS("1", "server_name a.test b.test;", "late")
                 TLS("2", "server_name c.test;", "late") TLS("3", "server_name c.test;", "soon")
                     TLS("4", "server_name c.test;", "late") TLS("5", "", "soon")
                         TLS("6", "server_name 'q\"\\\\';",
                             "late") "server { listen 127.0.0.1:7; server_name plain.test; "
                                     "location / { hello x; } }",
             rig.dir);
    print(&rig, text, &out);
    assert_int_equal(days_of(out.ptr, "a.test"), 90);
    assert_int_equal(days_of(out.ptr, "c.test"), 3);
    assert_int_equal(days_of(out.ptr, "127.0.0.1:5"), 3);
    assert_null(strstr(out.ptr, "b.test"));
    assert_null(strstr(out.ptr, "plain.test"));
    assert_non_null(
        strstr(out.ptr, "# TYPE headgate_tls_certificate_expiry_timestamp_seconds gauge\n"));
    assert_non_null(strstr(out.ptr, "{server=\"q\\\"\\\\\"} "));
    hg_buf_fini(&out);
    rig_close(&rig);
}

static void without_certificates_nothing_is_said(void **state) {
    struct rig rig;
    struct hg_buf out = {0};
    (void)state;
    rig_open(&rig);
    print(&rig, HEAD "server { listen 127.0.0.1:1; location / { hello x; } }", &out);
    assert_string_equal(out.ptr, "");
    hg_buf_fini(&out);
    rig_close(&rig);
}

int test_certificates(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_has_the_end_that_comes_first),
        cmocka_unit_test(without_certificates_nothing_is_said),
    };
    return cmocka_run_group_tests_name("certificates", tests, NULL, NULL);
}
