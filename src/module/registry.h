/* SPDX-License-Identifier: Apache-2.0 */
/* registry.h - the modules of this process: loads them, holds them to the
 * rules of the door, finds what they add by name. Filled before threads run
 * and during a reload on the control thread; loops only read what their
 * generation found. Code is never unloaded. */
#ifndef HG_MODULE_REGISTRY_H
#define HG_MODULE_REGISTRY_H

#include "conf/conf.h"
#include "headgate/module.h"

extern const struct hg_conf_owner hg_module_owner; /* the row load_module */

struct hg_registry;

/* Names without a slash are looked for in dir. NULL: no memory. */
struct hg_registry *hg_registry_new(const char *dir);
void hg_registry_free(struct hg_registry **pr);

/* Loading the same file again gives the same module. HG_EINVAL, HG_EEXIST (it
 * or what it adds is there), HG_E2BIG (one sink too many), HG_ENOMEM: why. */
int hg_registry_load(struct hg_registry *r, struct hg_slice name, const struct hg_module **ret,
                     struct hg_why *why);
/* For hg_conf_setup.load_module; arg is the registry. */
int hg_registry_on_load_module(void *arg, struct hg_conf_load *load,
                               const struct hg_conf_line *line,
                               const struct hg_conf_owner **ret_owner);

/* Walk all modules, in the order in which they were loaded: pass NULL first. */
const struct hg_module *hg_registry_next(const struct hg_registry *r,
                                         const struct hg_module *after);
/* Does a load_module line of the configuration name it? Modules of other
 * configurations, refused ones too, stay in the registry. */
bool hg_registry_is_used(const struct hg_registry *r, const struct hg_conf *conf,
                         const struct hg_module *m);

/* process_start of each module that has not been started; what a reload has
 * brought too. Stops at the first that fails: its error, why names it. */
int hg_registry_start(struct hg_registry *r, struct hg_why *why);
/* process_stop of those that were started. */
void hg_registry_stop(struct hg_registry *r);

/* What some loaded module adds under a name; NULL if none does. ret_module
 * may be NULL. */
const struct hg_source_ops *hg_registry_source(const struct hg_registry *r, struct hg_slice name,
                                               const struct hg_module **ret_module);
const struct hg_log_ops *hg_registry_log(const struct hg_registry *r, struct hg_slice name,
                                         const struct hg_module **ret_module);
const struct hg_authenticator_ops *hg_registry_authenticator(const struct hg_registry *r,
                                                             struct hg_slice name,
                                                             const struct hg_module **ret_module);

#endif
