/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - what a file of this room gives: one command, one const row. */
#ifndef HG_CTL_COMMAND_H
#define HG_CTL_COMMAND_H

#include "ctl/console.h"
#include "ctl/options.h"

struct hg_ctl_command {
    const char *name;
    const char *operands; /* as the usage line shows them, or "" */
    size_t operands_min, operands_max;
    const char *summary;                 /* one line */
    const char *text;                    /* the paragraphs of its help */
    const struct hg_ctl_option *options; /* HG_CTL_OPTIONS_END */
    const void *defaults;                /* what args begin as */
    size_t args_size;                    /* of the struct that the rows fill */
    /* The exit status. args is of args_size and lives until it returns. */
    int (*run)(struct hg_ctl *ctl, const struct hg_ctl_operands *operands, const void *args);
};

extern const struct hg_ctl_command hg_ctl_dlq;
extern const struct hg_ctl_command hg_ctl_log;
extern const struct hg_ctl_command hg_ctl_publish;
extern const struct hg_ctl_command hg_ctl_status;
extern const struct hg_ctl_command hg_ctl_tail;

/* The help of one command. */
void hg_ctl_command_help(const struct hg_ctl_command *command, FILE *out);

#endif
