/* SPDX-License-Identifier: Apache-2.0 */
/* loader.h - one shared object: found, opened, held to the ABI. */
#ifndef HG_MODULE_LOADER_H
#define HG_MODULE_LOADER_H

#include "headgate/module.h"

/* "hello" -> DIR/hello.so; anything with a slash stays. HG_EINVAL: why. */
int hg_loader_path(const char *dir, struct hg_slice name, char *out, size_t out_bytes,
                   struct hg_why *why);
/* HG_EINVAL: not there, writable by others, no descriptor, wrong ABI. */
int hg_loader_open(const char *path, const struct hg_module **ret, struct hg_why *why);
/* The checks on a descriptor alone. file_name is the object's name without
 * directory and ending. */
int hg_loader_check(const struct hg_module *m, struct hg_slice file_name, struct hg_why *why);

#endif
