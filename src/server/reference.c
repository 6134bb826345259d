/* SPDX-License-Identifier: Apache-2.0 */
/* reference.c - printing the reference pages. */
#include "server/reference.h"

#include <stdio.h>

#include "base/counters.h"
#include "gate/problems.h"
#include "server/certificates.h"
#include "server/generation.h"
#include "server/metrics.h"

enum { OWNERS_MAX = 64 };

/* Modules bring directives and counters; the configuration says which. */
static size_t load_modules(const struct hg_server_args *args, struct hg_registry *registry,
                           struct hg_conf_owner *owners) {
    struct hg_conf_files *files = hg_conf_files_new(true);
    struct hg_buf errors = {.max = 1 << 20};
    struct hg_conf *conf = NULL;
    size_t n = 0;
    hg_generation_read(files, hg_slice_of(args->conf_path), registry, &conf, &errors);
    const struct hg_module *m = NULL;
    while ((m = hg_registry_next(registry, m)) != NULL && n < OWNERS_MAX) {
        if (m->directives != NULL) {
            owners[n++] = (struct hg_conf_owner){m->name, m->directives, m->conf_size, NULL};
        }
    }
    hg_conf_unref(&conf);
    hg_conf_files_free(&files);
    hg_buf_fini(&errors);
    return n;
}

static void print_directives(const struct hg_conf_owner *of_modules, size_t n, struct hg_buf *out) {
    const struct hg_conf_owner *all[OWNERS_MAX * 2] = {NULL};
    size_t count = 0;
    for (; hg_core_owners[count] != NULL; count++) {
        all[count] = hg_core_owners[count];
    }
    for (size_t i = 0; i < n; i++) {
        all[count++] = &of_modules[i];
    }
    hg_conf_reference(all, out);
}

int hg_reference_print(const struct hg_server_args *args, const char *page) {
    struct hg_registry *registry = hg_registry_new(args->module_dir);
    struct hg_conf_owner owners[OWNERS_MAX];
    struct hg_buf out = {.max = 0};
    size_t n = load_modules(args, registry, owners);
    if (strcmp(page, "directives") == 0) {
        print_directives(owners, n, &out);
    } else if (strcmp(page, "problems") == 0) {
        hg_problems_reference(&out);
    } else if (strcmp(page, "metrics") == 0) {
        hg_metrics_register();
        hg_counters_register(hg_certificates_declared);
        hg_counters_reference(&out);
    } else {
        fprintf(stderr, "headgate: no page %s; expected directives, problems or metrics\n", page);
    }
    fwrite(out.ptr, 1, out.len, stdout);
    bool is_printed = out.len > 0;
    hg_buf_fini(&out);
    hg_registry_free(&registry);
    return !is_printed;
}
