/* SPDX-License-Identifier: Apache-2.0 */
#include "support/conf_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void conf_text_open(struct conf_text *t, const struct hg_conf_owner *const *owners,
                    hg_conf_module_fn load_module, void *arg, const char *text) {
    *t = (struct conf_text){.files = hg_conf_files_new(false)};
    struct hg_conf_setup setup = {
        .files = t->files,
        .path = HG_SLICE("t.conf"),
        .owners = owners,
        .load_module = load_module,
        .arg = arg,
    };
    assert_non_null(t->files);
    assert_int_equal(hg_conf_files_put(t->files, setup.path, hg_slice_of(text)), 0);
    int err = hg_conf_load(&setup, &t->conf, &t->errors);
    hg_buf_put(&t->errors, "", 1);
    assert_true((err == 0) == (t->conf != NULL));
}

void conf_text_close(struct conf_text *t) {
    hg_conf_unref(&t->conf);
    hg_conf_files_free(&t->files);
    hg_buf_fini(&t->errors);
}

void conf_text_assert_good(const struct conf_text *t) {
    assert_string_equal(t->errors.ptr, "");
    assert_non_null(t->conf);
}

void conf_text_assert_fault(const struct hg_conf_owner *const *owners, const char *text,
                            const char *part) {
    struct conf_text t;
    conf_text_open(&t, owners, NULL, NULL, text);
    if (t.conf != NULL || strstr(t.errors.ptr, part) == NULL) {
        print_error("for: %s\nwanted: %s\ngot: %s\n", text, part, t.errors.ptr);
        fail();
    }
    conf_text_close(&t);
}
