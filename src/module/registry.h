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

/* Loading the same file again gives the same module. HG_EINVAL: why. */
int hg_registry_load(struct hg_registry *r, struct hg_slice name, const struct hg_module **ret,
                     struct hg_why *why);
/* For hg_conf_setup.load_module; arg is the registry. */
int hg_registry_on_load_module(void *arg, struct hg_conf_load *load,
                               const struct hg_conf_line *line,
                               const struct hg_conf_owner **ret_owner);

/* Walk all modules: pass NULL first. */
const struct hg_module *hg_registry_next(const struct hg_registry *r,
                                         const struct hg_module *after);

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
