/* SPDX-License-Identifier: Apache-2.0 */
/* generation.h - one configuration, whole and immutable: read, checked and
 * compiled. Owned by its site: freed with the site's last reference. */
#ifndef HG_SERVER_GENERATION_H
#define HG_SERVER_GENERATION_H

#include "edge/edge.h"
#include "module/registry.h"
#include "server/settings.h"

struct hg_generation {
    struct hg_conf *conf;
    struct hg_rights *rights;
    struct hg_principal *anonymous;
    struct hg_site *site; /* holds the generation, not the other way round */
    struct hg_topic_keys keys;
    const struct hg_module **modules; /* those that the configuration names */
    unsigned n_modules;
    unsigned n_started;               /* the first of them, whose generation_start was well */
    const struct hg_sink_ops **sinks; /* by slot: every module's, so that none ever moves */
    unsigned n_sinks;
    struct hg_site_handler *handlers;
    unsigned n_handlers;
};

/* Load and bind the files; modules are found in or added to the registry. On
 * failure ret_errors has all that is wrong, in the lines and between them. */
int hg_generation_read(struct hg_conf_files *files, struct hg_slice path,
                       struct hg_registry *registry, struct hg_conf **ret,
                       struct hg_buf *ret_errors);
/* Compile. With a log, the modules' generation_start is called, and then the
 * topics that the configuration names are made in it, last, because nothing
 * takes them back; without (the master, -t) everything else is checked. Takes
 * its own reference of conf. The caller gets one reference of the site. On
 * failure ret_errors says why. */
int hg_generation_build(struct hg_conf *conf, struct hg_registry *registry, struct hg_log *log,
                        struct hg_site **ret_site, struct hg_buf *ret_errors);

#endif
