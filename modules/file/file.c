/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - `file PATH;`: a location that answers with one file, read with the
 * configuration and kept in memory. For a page or a script beside a stream;
 * it is no web server. */
#include "headgate/module.h"

struct file_conf {
    struct hg_conf_head head;
    struct hg_slice bytes;
    struct hg_slice type;
};

static const struct hg_directive file_directives[] = {
    {.name = "file",
     .in = "location",
     .args = "PATH",
     .type = HG_SLOT_FILE,
     .at = offsetof(struct file_conf, bytes),
     .is_local = true,
     .help = "Answer GET with this file, as it was when the configuration was read."},
    {.name = "file_type",
     .in = "main server location",
     .args = "TYPE",
     .type = HG_SLOT_STRING,
     .at = offsetof(struct file_conf, type),
     .def = "\"text/html; charset=utf-8\"",
     .help = "The Content-Type of file."},
    HG_DIRECTIVES_END,
};

static int handle(const void *conf, const struct hg_request *r, struct hg_slice body,
                  struct hg_answer *answer, struct hg_problem *problem) {
    const struct file_conf *c = conf;
    (void)r, (void)body, (void)problem;
    answer->content_type = c->type.ptr;
    hg_buf_put_slice(&answer->body, c->bytes);
    return 0;
}

static const char *const methods[] = {"GET", NULL};

HG_MODULE(file) = {
    .abi = HG_MODULE_ABI,
    .size = sizeof(struct hg_module),
    .name = "file",
    .directives = file_directives,
    .conf_size = sizeof(struct file_conf),
    .handler = &(const struct hg_handler_ops){.size = sizeof(struct hg_handler_ops),
                                              .name = "file",
                                              .directive = "file",
                                              .methods = methods,
                                              .handle = handle},
};
