/* SPDX-License-Identifier: Apache-2.0 */
/* input.h - a file, or standard input, read so that the word to stop and a
 * time limit are heard meanwhile. */
#ifndef HG_CTL_INPUT_H
#define HG_CTL_INPUT_H

#include "ctl/console.h"
#include "headgate/buf.h"

struct hg_ctl_input {
    struct hg_ctl *ctl;
    const char *name; /* for what is told */
    int fd;
    bool is_ours; /* to be closed */
};

/* NULL or "-": standard input. HG_EIO, told. */
int hg_ctl_input_open(struct hg_ctl *ctl, const char *path, struct hg_ctl_input *ret);
void hg_ctl_input_close(struct hg_ctl_input *in);

/* Up to n bytes; *ret_n 0 is the end. HG_EAGAIN: nothing came within wait_ms
 * (negative: no limit). HG_ECLOSED: the word to stop. HG_EIO, told. */
int hg_ctl_input_read(struct hg_ctl_input *in, char *bytes, size_t n, int wait_ms, size_t *ret_n);
/* All of it. HG_E2BIG (above out->max), told; and the errors above. */
int hg_ctl_input_read_all(struct hg_ctl_input *in, struct hg_buf *out);

#endif
