/* SPDX-License-Identifier: Apache-2.0 */
#include "server/reference.h"

#include <stdlib.h>

#include "unit/server/rig.h"

struct page {
    const struct rig *rig;
    const char *name;
};

static int print(void *arg) {
    const struct page *p = arg;
    return hg_reference_print(&p->rig->args, p->name);
}

static void assert_page(const struct rig *rig, const char *name, int status, const char *part) {
    struct page page = {rig, name};
    char *said;
    assert_int_equal(rig_capture(print, &page, &said), status);
    if (strstr(said, part) == NULL) {
        assert_string_equal(said, part);
    }
    free(said);
}

static void pages_come_from_the_tables_of_rooms_and_modules(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig);
    rig_write(&rig, "", "");
    assert_page(&rig, "directives", 0, "### worker_threads\n");
    assert_page(&rig, "directives", 0, "### listen\n");
    assert_page(&rig, "directives", 0, "## hello\n");
    assert_page(&rig, "problems", 0, "| `not-found` | 404 |");
    assert_page(&rig, "metrics", 0, "| `headgate_connections_open` | gauge |");
    assert_page(&rig, "metrics", 0,
                "| `headgate_tls_certificate_expiry_timestamp_seconds` | gauge | "
                "`server=\"NAME\"` |");
    assert_page(&rig, "nothing", 1, "no page nothing; expected directives, problems or metrics\n");
    rig_close(&rig);
}

int test_reference(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_come_from_the_tables_of_rooms_and_modules)};
    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
