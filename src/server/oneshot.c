/* SPDX-License-Identifier: Apache-2.0 */
/* oneshot.c - -t and -T, -s. */
#include "server/oneshot.h"

#include <stdio.h>

#include "server/ask.h"
#include "server/command.h"
#include "server/places.h"

enum { MARGIN_MS = 10000 };

static int ask_log(const struct hg_plan *p, const struct hg_registry *registry,
                   struct hg_buf *said) {
    const struct hg_module *m = NULL;
    const struct hg_strings *event_log = &hg_log_settings(p->conf)->event_log;
    const struct hg_log_ops *driver = hg_registry_log(registry, event_log->items[0], &m);
    return hg_ask_log(p, driver, m->directives, said);
}

int hg_oneshot_test(const struct hg_server_args *args, bool is_dump) {
    struct hg_registry *registry = hg_registry_new(args->module_dir);
    struct hg_buf errors = {.max = 1 << 20}, dump = {.max = 0};
    struct hg_plan p;
    int err = hg_plan_read(args, registry, &p, &errors);
    bool is_read = err == 0;
    err = is_read ? hg_places_check(&p, registry, &errors) : err;
    err = err == 0 ? ask_log(&p, registry, &errors) : err;
    fprintf(stderr, "%.*s", HG_FMT(hg_buf_slice(&errors)));
    fprintf(stderr, "headgate: configuration file %s test %s\n", args->conf_path,
            err == 0 ? "is successful" : "failed");
    if (err == 0 && is_dump) {
        hg_conf_dump(p.conf, &dump);
        fwrite(dump.ptr, 1, dump.len, stdout);
    }
    if (is_read) {
        hg_plan_fini(&p);
    }
    hg_buf_fini(&dump);
    hg_buf_fini(&errors);
    hg_registry_free(&registry);
    return err != 0;
}

int hg_oneshot_signal(const struct hg_server_args *args, const char *word) {
    struct hg_registry *registry = hg_registry_new(args->module_dir);
    struct hg_conf_files *files = hg_conf_files_new(true);
    struct hg_buf errors = {.max = 1 << 20};
    struct hg_conf *conf = NULL;
    int status = 1;
    /* Only a configuration that can be read names its pid file. The default's
     * would be a guess, and the gateway there perhaps another one. */
    if (hg_generation_read(files, hg_slice_of(args->conf_path), registry, &conf, &errors) == 0) {
        const struct hg_server_conf *c = hg_server_conf(conf);
        /* A reload may have to wait for the one before it. */
        status = hg_command_send(c->pid_path, word, 2 * c->reload_timeout_ms + MARGIN_MS);
    } else {
        fprintf(stderr, "%.*sheadgate: the configuration cannot be read: nothing was told\n",
                HG_FMT(hg_buf_slice(&errors)));
    }
    hg_conf_unref(&conf);
    hg_conf_files_free(&files);
    hg_registry_free(&registry);
    hg_buf_fini(&errors);
    return status;
}
