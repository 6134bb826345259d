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
    struct hg_site *site;        /* holds the generation, not the other way round */
    uint8_t *topic_keys;
    uint32_t n_topic_keys;
    const struct hg_sink_ops **sinks;
    unsigned n_sinks;
    struct hg_site_handler *handlers;
    unsigned n_handlers;
    struct hg_registry *registry; /* borrowed */
};

/* Load and bind the files; modules are found in or added to the registry. */
int hg_generation_read(struct hg_conf_files *files, struct hg_slice path,
                       struct hg_registry *registry, struct hg_conf **ret,
                       struct hg_buf *ret_errors);
/* Compile. With a log, the topics that the configuration names are made in it
 * and waited for; without (the master, -t) everything else is checked. Takes
 * its own reference of conf. The caller gets one reference of the site. */
int hg_generation_build(struct hg_conf *conf, struct hg_registry *registry, struct hg_log *log,
                        struct hg_site **ret_site, struct hg_buf *ret_errors);

#endif
