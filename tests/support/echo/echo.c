/* SPDX-License-Identifier: Apache-2.0 */
/* echo - a module for suites of HTTP, never installed: in a location with
 * `echo TEXT;` a GET is answered with the text and a POST with its body, once
 * all of it has come. */
#include "headgate/module.h"

struct echo_conf {
    struct hg_conf_head head;
    struct hg_slice text;
};

static const struct hg_directive directives[] = {
    {
        .name = "echo",
        .in = "location",
        .args = "TEXT",
        .type = HG_SLOT_STRING,
        .at = offsetof(struct echo_conf, text),
        .is_local = true,
        .help = "Answers GET with this text and POST with its body.",
    },
    HG_DIRECTIVES_END,
};

static int handle(const void *conf_ptr, const struct hg_request *r, struct hg_slice body,
                  struct hg_answer *answer, struct hg_problem *problem) {
    const struct echo_conf *conf = conf_ptr;
    bool is_post = hg_slice_eq(hg_request_method(r), HG_SLICE("POST"));
    (void)problem;
    hg_buf_put_slice(&answer->body, is_post ? body : conf->text);
    return 0;
}

static const char *const methods[] = {"GET", "POST", NULL};

static const struct hg_handler_ops handler = {
    .size = sizeof(struct hg_handler_ops),
    .name = "echo",
    .directive = "echo",
    .methods = methods,
    .handle = handle,
};

HG_MODULE(echo) = {
    .abi = HG_MODULE_ABI,
    .size = sizeof(struct hg_module),
    .name = "echo",
    .directives = directives,
    .conf_size = sizeof(struct echo_conf),
    .handler = &handler,
};
