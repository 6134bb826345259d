/* SPDX-License-Identifier: Apache-2.0 */
/* conf_text.h - a configuration from a text that is on no disk, for the tests
 * of rooms that compile one. */
#ifndef TESTS_SUPPORT_CONF_TEXT_H
#define TESTS_SUPPORT_CONF_TEXT_H

#include "conf/conf.h"

/* One load; close with conf_text_close. */
struct conf_text {
    struct hg_conf_files *files;
    struct hg_conf *conf; /* NULL: it has faults */
    struct hg_buf errors; /* ends with a 0 */
};

/* owners: NULL-terminated. load_module and arg as in struct hg_conf_setup. */
void conf_text_open(struct conf_text *t, const struct hg_conf_owner *const *owners,
                    hg_conf_module_fn load_module, void *arg, const char *text);
void conf_text_close(struct conf_text *t);

/* It has no fault, nor a warning. */
void conf_text_assert_good(const struct conf_text *t);
/* The load fails, and says this among other things. */
void conf_text_assert_fault(const struct hg_conf_owner *const *owners, const char *text,
                            const char *part);

#endif
