/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - a command line against a table: what an option is called, what
 * it fills and what help says of it stand in one row. */
#ifndef HG_CTL_OPTIONS_H
#define HG_CTL_OPTIONS_H

#include "ctl/console.h"

enum hg_ctl_kind {
    HG_CTL_FLAG,     /* bool: set */
    HG_CTL_NO_FLAG,  /* bool: cleared */
    HG_CTL_TEXT,     /* const char * */
    HG_CTL_TEXTS,    /* struct hg_ctl_texts, once for each time it is given */
    HG_CTL_NUMBER,   /* int64_t, min to max */
    HG_CTL_DURATION, /* int64_t milliseconds, min to max: 500ms, 30s, 1h30m */
    HG_CTL_CHOICE,   /* int: the index of the word */
};

enum { HG_CTL_TEXTS_MAX = 32, HG_CTL_OPERANDS_MAX = 34 };

struct hg_ctl_texts {
    const char *items[HG_CTL_TEXTS_MAX];
    size_t n;
};

struct hg_ctl_operands {
    const char *items[HG_CTL_OPERANDS_MAX];
    size_t n;
    bool wants_help; /* --help or -h was met, and nothing behind it was read */
};

struct hg_ctl_option {
    const char *name; /* without the dashes */
    char letter;      /* 0: none */
    enum hg_ctl_kind kind;
    const char *value; /* what help calls it; NULL for flags */
    size_t at;         /* offset in the command's args */
    int64_t min, max;
    const char *const *choices; /* NULL-terminated */
    const char *help;
};

#define HG_CTL_OPTIONS_END                                                                         \
    { .name = NULL }

/* Fill args and operands from argv, which is without the program's and the
 * command's name. HG_EINVAL: ret_fault says what is wrong, to the caller of
 * the command. What was filled before stays. */
int hg_ctl_options_read(const struct hg_ctl_option *rows, int argc, char *const *argv, void *args,
                        struct hg_ctl_operands *operands, char ret_fault[256]);
/* A table of the rows for people. */
void hg_ctl_options_print(const struct hg_ctl_option *rows, FILE *out);

#endif
