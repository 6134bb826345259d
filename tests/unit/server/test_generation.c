/* SPDX-License-Identifier: Apache-2.0 */
#include "server/generation.h"

#include "unit/server/rig.h"

/* Read and build what was written, without a log, as the master does. */
static int build(const struct rig *rig, struct hg_site **ret, struct hg_buf *errors) {
    struct hg_conf_files *files = hg_conf_files_new(true);
    struct hg_conf *conf = NULL;
    int err = hg_generation_read(files, hg_slice_of(rig->conf_path), rig->registry, &conf, errors);
    if (err == 0) {
        err = hg_generation_build(conf, rig->registry, NULL, ret, errors);
    }
    hg_conf_unref(&conf);
    hg_conf_files_free(&files);
    hg_buf_put(errors, "", 1);
    return err;
}

static void assert_faults(const struct rig *rig, const char *const *parts, size_t n) {
    struct hg_buf errors = {0};
    struct hg_site *site = NULL;
    assert_int_equal(build(rig, &site, &errors), HG_EINVAL);
    assert_null(site);
    for (size_t i = 0; i < n; i++) {
        if (strstr(errors.ptr, parts[i]) == NULL) {
            assert_string_equal(errors.ptr, parts[i]);
        }
    }
    hg_buf_fini(&errors);
}

#define ASSERT_FAULTS(rig, ...)                                                                    \
    assert_faults(rig, (const char *const[]){__VA_ARGS__},                                         \
                  HG_COUNT(((const char *const[]){__VA_ARGS__})))

static void a_good_configuration_becomes_a_site(void **state) {
    struct rig rig;
    struct hg_buf errors = {0};
    struct hg_site *site;
    (void)state;
    rig_open(&rig);
    rig_write(&rig, "topic demo.declared { retention 1d; }", "listen 127.0.0.1:1;");
    assert_int_equal(build(&rig, &site, &errors), 0);
    assert_string_equal(errors.ptr, "");
    assert_int_equal(hg_site_ports(site), 2);
    unit_assert_slice(hg_site_named_topic(site, 0), "demo.events");
    assert_int_equal(hg_site_named_topic(site, 1).len, 0);
    hg_site_unref(&site); /* and with it all that it was made of */
    hg_buf_fini(&errors);
    rig_close(&rig);
}

static void every_fault_of_the_lines_comes_at_once(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig);
    rig_write(&rig, "dedup_windw 1h;\nretention never;", "client_max_body_size 9g;");
    ASSERT_FAULTS(&rig,
                  "test.conf:11: dedup_windw: unknown directive; did you mean "
                  "\"dedup_window\"?",
                  "test.conf:12: retention: ", "client_max_body_size: 9g is above the limit 1g");
    rig_close(&rig);
}

static void what_other_lines_say_is_judged_beside_those_that_are_wrong(void **state) {
    struct rig rig;
    struct hg_buf errors = {0};
    struct hg_site *site = NULL;
    (void)state;
    rig_open(&rig);
    rig_write_raw(&rig, "load_module log_embedded;\n"
                        "load_module source_cloudevents;\n"
                        "event_lgo embedded x;\n" /* not told again: there is no event_log */
                        "server {\n"
                        "    listen 127.0.0.1:1; listen 127.0.0.1:1;\n"
                        "    location = /a { accept nothing; publish demo.a; authenticate none; }\n"
                        "    location = /a { accept cloudevents; publish; "
                        "authenticate none; }\n" /* nor: it publishes nowhere */
                        "    location b { accept cloudevents; publish demo.b; authenticate x; }\n"
                        "}\n");
    assert_int_equal(build(&rig, &site, &errors), HG_EINVAL);
    assert_null(site);
    static const char *const told[] = {
        "test.conf:3: event_lgo: unknown directive",
        "test.conf:5: listen: the server listens on this address already",
        "test.conf:6: location: ",
        "test.conf:7: publish: ",
        "test.conf:7: location: this location stands in the server already",
        "test.conf:8: location: \"b\" is no path",
    };
    size_t lines = 0;
    for (const char *c = errors.ptr; *c != 0; c++) {
        lines += *c == '\n';
    }
    for (size_t i = 0; i < HG_COUNT(told); i++) {
        if (strstr(errors.ptr, told[i]) == NULL) {
            assert_string_equal(errors.ptr, told[i]);
        }
    }
    if (lines != HG_COUNT(told)) {
        assert_string_equal(errors.ptr, "six faults");
    }
    hg_buf_fini(&errors);
    rig_close(&rig);
}

static void every_fault_of_the_whole_comes_at_once(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig);
    rig_write_raw(&rig,
                  "load_module source_cloudevents;\n"
                  "event_log embedded x;\n"
                  "server {\n"
                  "    listen 127.0.0.1:1; listen 127.0.0.1:1;\n"
                  "    location = /a { accept nothing; publish demo.a; authenticate none; }\n"
                  "    location = /b { accept cloudevents; publish demo.b; authenticate x; }\n"
                  "}\n");
    ASSERT_FAULTS(&rig, "test.conf:2: event_log: there is no driver \"embedded\"; load its module",
                  "the server listens on this address already", "\"nothing\"", "\"x\"");
    rig_close(&rig);
}

static void without_an_event_log_or_a_server_there_is_nothing_to_run(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig);
    rig_write_raw(&rig, "");
    ASSERT_FAULTS(&rig, "test.conf:1: main: event_log: it is not set; expected event_log DRIVER",
                  "test.conf:1: main: there is no server; expected at least one server block");
    rig_close(&rig);
}

static void a_module_that_is_loaded_and_not_named_adds_nothing(void **state) {
    struct rig rig;
    struct hg_buf errors = {0};
    struct hg_site *site;
    (void)state;
    rig_open(&rig);
    rig_write(&rig, "", "");
    assert_int_equal(build(&rig, &site, &errors), 0);
    hg_site_unref(&site);
    hg_buf_fini(&errors);
    /* source_cloudevents is in the registry now; this configuration has no line for it */
    rig_write_raw(&rig,
                  "load_module log_embedded;\nevent_log embedded x;\n"
                  "server { listen 127.0.0.1:1;\n"
                  "location = /a { accept cloudevents; publish demo.a; authenticate none; } }");
    ASSERT_FAULTS(&rig, "\"cloudevents\"");
    rig_close(&rig);
}

static void the_embedded_log_stores_batches_whole(void **state) {
    struct rig rig;
    struct hg_buf errors = {0};
    struct hg_site *site;
    (void)state;
    rig_open(&rig);
    rig_write_raw(&rig,
                  "load_module log_embedded;\nload_module source_cloudevents;\n"
                  "event_log embedded x;\natomic_batch on;\n"
                  "server { listen 127.0.0.1:1;\n"
                  "location = /a { accept cloudevents; publish demo.a; authenticate none; } }");
    assert_int_equal(build(&rig, &site, &errors), 0);
    hg_site_unref(&site);
    hg_buf_fini(&errors);
    rig_close(&rig);
}

static void a_file_that_is_not_there_is_the_one_fault(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig);
    ASSERT_FAULTS(&rig, "test.conf", "No such file");
    rig_close(&rig);
}

int test_generation(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_configuration_becomes_a_site),
        cmocka_unit_test(every_fault_of_the_lines_comes_at_once),
        cmocka_unit_test(what_other_lines_say_is_judged_beside_those_that_are_wrong),
        cmocka_unit_test(every_fault_of_the_whole_comes_at_once),
        cmocka_unit_test(without_an_event_log_or_a_server_there_is_nothing_to_run),
        cmocka_unit_test(a_module_that_is_loaded_and_not_named_adds_nothing),
        cmocka_unit_test(the_embedded_log_stores_batches_whole),
        cmocka_unit_test(a_file_that_is_not_there_is_the_one_fault),
    };
    return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
