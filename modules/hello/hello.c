/* SPDX-License-Identifier: Apache-2.0 */
/* hello - the sample module: docs/modules.md walks through it.
 *
 *     load_module  ./hello.so;
 *     location = /hello { hello "Good morning"; }
 *
 * GET /hello answers "Good morning", GET /hello?name=Ada "Good morning, Ada". */
#include "headgate/module.h"

enum { NAME_BYTES_MAX = 64 };

struct hello_conf {
    struct hg_conf_head head;
    struct hg_slice text;
};

static const struct hg_directive directives[] = {
    {
        .name = "hello",
        .in = "location",
        .args = "TEXT",
        .type = HG_SLOT_STRING,
        .at = offsetof(struct hello_conf, text),
        .is_local = true,
        .help = "Answers GET with this text, and greets the caller named by ?name=.",
    },
    HG_DIRECTIVES_END,
};

static int handle(const void *conf_ptr, const struct hg_request *r, struct hg_slice body,
                  struct hg_answer *answer, struct hg_problem *problem) {
    const struct hello_conf *conf = conf_ptr;
    struct hg_slice name;
    (void)body;
    hg_buf_put_slice(&answer->body, conf->text);
    if (hg_request_param(r, HG_SLICE("name"), &name)) {
        if (name.len == 0 || name.len > NAME_BYTES_MAX) {
            return hg_problem_set(problem, 400, "query-invalid", "name must have 1 to %d bytes.",
                                  NAME_BYTES_MAX);
        }
        HG_BUF_LIT(&answer->body, ", ");
        hg_buf_put_slice(&answer->body, name);
    }
    HG_BUF_LIT(&answer->body, "\n");
    return 0;
}

static const char *const methods[] = {"GET", NULL};

static const struct hg_handler_ops handler = {
    .size = sizeof(struct hg_handler_ops),
    .name = "hello",
    .directive = "hello",
    .methods = methods,
    .handle = handle,
};

HG_MODULE(hello) = {
    .abi = HG_MODULE_ABI,
    .size = sizeof(struct hg_module),
    .name = "hello",
    .directives = directives,
    .conf_size = sizeof(struct hello_conf),
    .handler = &handler,
};
