/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c - reading a configuration in the master; -t and -T; -s. */
#include "server/plan.h"

#include <pwd.h>
#include <stdio.h>

#include "server/command.h"

/* Here and not with the rows: only the master needs the user, and only here may
 * the list of users be read. */
static int check_user(const struct hg_server_conf *c, struct hg_buf *errors) {
    if (c->user.len > 0 && getpwnam(c->user.ptr) == NULL) {
        hg_buf_printf(errors, "user: there is no user \"%.*s\"\n", HG_FMT(c->user));
        return HG_EINVAL;
    }
    return 0;
}

int hg_plan_read(const struct hg_master_args *args, struct hg_registry *registry,
                 struct hg_plan *ret, struct hg_buf *ret_errors) {
    struct hg_plan p = {.files = hg_conf_files_new(true)};
    struct hg_buf said = {.max = 1 << 20};
    int err = p.files == NULL ? HG_ENOMEM : 0;
    if (err == 0) {
        err = hg_generation_read(p.files, hg_slice_of(args->conf_path), registry, &p.conf, &said);
    }
    if (err == 0) {
        err = hg_generation_build(p.conf, registry, NULL, &p.site, &said);
    }
    if (err == 0) {
        err = check_user(hg_server_conf(p.conf), &said);
    }
    if (err != 0) {
        hg_buf_put(ret_errors, said.ptr, said.len);
        hg_plan_fini(&p);
    } else {
        fprintf(stderr, "%.*s", HG_FMT(hg_buf_slice(&said))); /* warnings */
        p.server = hg_server_conf(p.conf);
        *ret = p;
    }
    hg_buf_fini(&said);
    return err;
}

void hg_plan_fini(struct hg_plan *p) {
    hg_site_unref(&p->site);
    hg_conf_unref(&p->conf);
    hg_conf_files_free(&p->files);
}

int hg_master_test(const struct hg_master_args *args, bool is_dump) {
    struct hg_registry *registry = hg_registry_new(args->module_dir);
    struct hg_buf errors = {.max = 1 << 20}, dump = {.max = 0};
    struct hg_plan p;
    int err = hg_plan_read(args, registry, &p, &errors);
    fprintf(stderr, "%.*s", HG_FMT(hg_buf_slice(&errors)));
    fprintf(stderr, "headgate: configuration file %s test %s\n", args->conf_path,
            err == 0 ? "is successful" : "failed");
    if (err == 0 && is_dump) {
        hg_conf_dump(p.conf, &dump);
        fwrite(dump.ptr, 1, dump.len, stdout);
    }
    if (err == 0) {
        hg_plan_fini(&p);
    }
    hg_buf_fini(&dump);
    hg_buf_fini(&errors);
    hg_registry_free(&registry);
    return err != 0;
}

int hg_master_signal(const struct hg_master_args *args, const char *what) {
    struct hg_registry *registry = hg_registry_new(args->module_dir);
    struct hg_conf_files *files = hg_conf_files_new(true);
    struct hg_buf errors = {.max = 1 << 20};
    struct hg_conf *conf = NULL;
    int status = 1;
    /* Only a configuration that can be read names its pid file. The default's
     * would be a guess, and the gateway there perhaps another one. */
    if (hg_generation_read(files, hg_slice_of(args->conf_path), registry, &conf, &errors) == 0) {
        status = hg_command_send(hg_server_conf(conf)->pid_path, what);
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
