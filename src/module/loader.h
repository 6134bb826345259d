/* SPDX-License-Identifier: Apache-2.0 */
/* loader.h - one shared object: found, opened, held to the ABI. */
#ifndef HG_MODULE_LOADER_H
#define HG_MODULE_LOADER_H

#include "headgate/module.h"

/* A module's structs, copied: what the shorter ones of an older module lack
 * is zero here. module points to the others, so it stays where it was made. */
struct hg_loaded {
    struct hg_module module;
    struct hg_source_ops source;
    struct hg_log_ops log;
    struct hg_sink_ops sink;
    struct hg_authenticator_ops authenticator;
    struct hg_handler_ops handler;
};

/* "hello" -> DIR/hello.so; anything with a slash stays. HG_EINVAL: why. */
int hg_loader_path(const char *dir, struct hg_slice name, char *out, size_t out_bytes,
                   struct hg_why *why);
/* Fills l, which is of no use on failure. HG_EINVAL: not there, to be written
 * by others, no descriptor, wrong ABI. */
int hg_loader_open(const char *path, struct hg_loaded *l, struct hg_why *why);
/* The same from a descriptor. file_name is the object's name without directory
 * and ending. */
int hg_loader_take(struct hg_loaded *l, const struct hg_module *m, struct hg_slice file_name,
                   struct hg_why *why);

#endif
