/* SPDX-License-Identifier: Apache-2.0 */
/* stall - a module for tests of reloads, never installed: with `stall PATH;`
 * a generation is not ready while there is a file of that name. With the text
 * "no" in it, it is refused then; with "NO", at once. */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "headgate/module.h"

enum { LOOK_EVERY_MS = 10 };

struct stall_conf {
    struct hg_conf_head head;
    struct hg_slice path;
};

static const struct hg_directive directives[] = {
    {
        .name = "stall",
        .in = "main",
        .args = "PATH",
        .type = HG_SLOT_STRING,
        .at = offsetof(struct stall_conf, path),
        .help = "Wait while this file is there.",
    },
    HG_DIRECTIVES_END,
};

static int generation_start(const void *conf_ptr, struct hg_why *why) {
    const struct stall_conf *conf = conf_ptr;
    char last[3] = "";
    int fd;
    while (conf->path.len > 0 && (fd = open(conf->path.ptr, O_RDONLY | O_CLOEXEC)) >= 0) {
        ssize_t n = read(fd, last, 2);
        last[n > 0 ? n : 0] = 0;
        close(fd);
        if (hg_slice_eq(hg_slice_of(last), HG_SLICE("NO"))) {
            break;
        }
        poll(NULL, 0, LOOK_EVERY_MS);
    }
    if (hg_slice_ieq(hg_slice_of(last), HG_SLICE("no"))) {
        hg_why_set(why, "the file said no");
        return HG_EINVAL;
    }
    return 0;
}

HG_MODULE(stall) = {
    .abi = HG_MODULE_ABI,
    .size = sizeof(struct hg_module),
    .name = "stall",
    .directives = directives,
    .conf_size = sizeof(struct stall_conf),
    .generation_start = generation_start,
};
