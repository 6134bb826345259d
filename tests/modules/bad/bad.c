/* SPDX-License-Identifier: Apache-2.0 */
/* bad.c - modules for the tests of the loader, each with one fault. Built
 * once for each name, with what is different given as a macro. */
#include <stdio.h>
#include <stdlib.h>

#include "headgate/module.h"

#ifndef ABI
#define ABI HG_MODULE_ABI
#endif
#ifndef SIZE
#define SIZE sizeof(struct hg_module)
#endif
#ifndef CALLED
#define CALLED NAME
#endif
#ifndef CONF_SIZE
#define CONF_SIZE sizeof(struct conf)
#endif
#ifndef OPS_SIZE
#define OPS_SIZE sizeof(struct hg_handler_ops)
#endif
#ifndef DIRECTIVE
#define DIRECTIVE NAME
#endif
#ifndef HANDLE
#define HANDLE handle
#endif

#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)
#define DEFINE(name) HG_MODULE(name)

struct conf {
    struct hg_conf_head head;
    bool is_on;
};

static const struct hg_directive rows[] = {
    {.name = TEXT(DIRECTIVE),
     .in = "location",
     .type = HG_SLOT_FLAG,
     .at = offsetof(struct conf, is_on),
     .help = "A handler's."},
    HG_DIRECTIVES_END,
};

#ifdef NEEDS
/* Nothing has it: the object cannot be bound. */
extern int NEEDS(void);
#else
static int needs_nothing(void) {
    return 0;
}
#define NEEDS needs_nothing
#endif

static inline int handle(const void *conf, const struct hg_request *r, struct hg_slice body,
                         struct hg_answer *answer, struct hg_problem *problem) {
    (void)conf, (void)r, (void)body, (void)answer, (void)problem;
    return NEEDS();
}

static const char *const methods[] = {"GET", NULL};

static const struct hg_handler_ops handler = {.size = OPS_SIZE,
                                              .name = TEXT(NAME),
                                              .directive = TEXT(DIRECTIVE),
                                              .methods = methods,
                                              .handle = HANDLE};

#ifdef STARTS
/* What was called, in order, is told to the test through the environment. */
static void trace(const char *what) {
    char text[64];
    const char *before = getenv("HG_TEST_TRACE");
    snprintf(text, sizeof(text), "%s%s", before ? before : "", what);
    setenv("HG_TEST_TRACE", text, 1);
}

static int process_start(struct hg_why *why) {
    trace("+");
    if (getenv("HG_TEST_FAIL") != NULL) {
        hg_why_set(why, "it was told to fail");
        return HG_EIO;
    }
    return 0;
}

static void process_stop(void) {
    trace("-");
}
#endif

DEFINE(SYMBOL) = {
    .abi = ABI,
    .size = SIZE,
    .name = TEXT(CALLED),
    .directives = rows,
    .conf_size = CONF_SIZE,
    .handler = &handler,
#ifdef STARTS
    .process_start = process_start,
    .process_stop = process_stop,
#endif
};
