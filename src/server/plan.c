/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c - reading a configuration in the master. */
#include "server/plan.h"

#include <pwd.h>
#include <stdio.h>

#include "server/sockets.h"

/* Here and not with the rows: only the master needs the user, and only here may
 * the list of users be read. */
static int check_user(const struct hg_conf *conf, struct hg_buf *errors) {
    const struct hg_server_conf *c = hg_server_conf(conf);
    if (c->user.len > 0 && getpwnam(c->user.ptr) == NULL) {
        hg_conf_fault(conf, "user", (struct hg_slice){0}, errors, "there is no user \"%.*s\"",
                      HG_FMT(c->user));
        return HG_EINVAL;
    }
    return 0;
}

/* The number of sockets is known when addresses and loops are. */
static int check_sockets(const struct hg_conf *conf, const struct hg_site *site,
                         struct hg_buf *errors) {
    struct hg_why why = {""};
    int err = hg_sockets_check(site, hg_server_threads(hg_server_conf(conf)), &why);
    if (err != 0) {
        hg_conf_fault(conf, NULL, (struct hg_slice){0}, errors, "%s", why.text);
    }
    return err;
}

int hg_plan_read(const struct hg_server_args *args, struct hg_registry *registry,
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
        int of_user = check_user(p.conf, &said);
        int of_sockets = check_sockets(p.conf, p.site, &said);
        err = of_user != 0 ? of_user : of_sockets;
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
