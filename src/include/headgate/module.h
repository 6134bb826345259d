/* SPDX-License-Identifier: Apache-2.0 */
/* module.h - the door: one exported descriptor per shared object.
 *
 * The symbol is hg_module_NAME, the file NAME.so. docs/modules.md walks
 * through a whole module. */
#ifndef HEADGATE_MODULE_H
#define HEADGATE_MODULE_H

#include "headgate/authenticator.h"
#include "headgate/base.h"
#include "headgate/codec.h"
#include "headgate/conf.h"
#include "headgate/counter.h"
#include "headgate/handler.h"
#include "headgate/log.h"
#include "headgate/logline.h"
#include "headgate/loop.h"
#include "headgate/sink.h"
#include "headgate/source.h"

/* Major must match; minor must not be above the gateway's. Changes:
 * 2026-11-22  1.0  first. */
#define HG_MODULE_ABI_MAJOR 1
#define HG_MODULE_ABI_MINOR 0
#define HG_MODULE_ABI (HG_MODULE_ABI_MAJOR << 16 | HG_MODULE_ABI_MINOR)

struct hg_module {
    uint32_t abi; /* HG_MODULE_ABI */
    size_t size;  /* sizeof(struct hg_module) */
    const char *name;
    const struct hg_directive *directives; /* or NULL */
    size_t conf_size;                      /* of the struct that the rows fill */
    hg_conf_check_fn conf_check;           /* or NULL */
    struct hg_counter *const *counters;    /* or NULL */
    /* Once per process, in the worker, before loops run; and after they end. */
    int (*process_start)(struct hg_why *why);
    void (*process_stop)(void);
    /* Once per loop, on its thread. */
    int (*loop_start)(struct hg_loop *loop, struct hg_why *why);
    void (*loop_stop)(struct hg_loop *loop);
    /* Once per configuration; conf is the module's struct of the main block. */
    int (*generation_start)(const void *conf, struct hg_why *why);
    void (*generation_stop)(const void *conf);
    /* What the module adds; any of them may be NULL. */
    const struct hg_source_ops *source;
    const struct hg_log_ops *log;
    const struct hg_sink_ops *sink;
    const struct hg_authenticator_ops *authenticator;
    const struct hg_handler_ops *handler;
};

/* Declares the one exported symbol: HG_MODULE(hello) = { ... }; */
#define HG_MODULE(name)                                                                            \
    HG_API extern const struct hg_module hg_module_##name;                                         \
    const struct hg_module hg_module_##name

#endif
