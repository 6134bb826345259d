/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_conf.c - the configuration language with the gateway's own rows, up to
 * a compiled site. A second file may be included. What -T writes for a good
 * configuration is itself one. */
#include "fuzz/fuzz.h"
#include "server/generation.h"

static struct hg_conf *load(struct hg_slice text, struct hg_slice more, struct hg_buf *errors) {
    struct hg_conf_files *files = hg_conf_files_new(false);
    struct hg_conf *conf = NULL;
    struct hg_conf_setup setup = {
        .files = files, .path = HG_SLICE("main.conf"), .owners = hg_core_owners};
    HG_ASSERT(hg_conf_files_put(files, setup.path, text) == 0);
    HG_ASSERT(hg_conf_files_put(files, HG_SLICE("more.conf"), more) == 0);
    HG_ASSERT(hg_conf_files_put(files, HG_SLICE("env:E"), HG_SLICE("value")) == 0);
    int err = hg_conf_load(&setup, &conf, errors);
    HG_ASSERT((err == 0) == (conf != NULL));
    HG_ASSERT(err == 0 || errors->len > 0);
    hg_conf_files_free(&files);
    return conf;
}

static void build(struct hg_conf *conf) {
    struct hg_buf errors = {.max = 1 << 20};
    struct hg_registry *registry = hg_registry_new("/nowhere");
    struct hg_site *site = NULL;
    if (hg_generation_build(conf, registry, NULL, &site, &errors) == 0) {
        hg_site_unref(&site);
    } else {
        HG_ASSERT(errors.len > 0);
    }
    hg_registry_free(&registry);
    hg_buf_fini(&errors);
}

static void dump_and_load(struct hg_conf *conf) {
    struct hg_buf dump = {0}, errors = {.max = 1 << 20};
    hg_conf_dump(conf, &dump);
    struct hg_conf *again = load(hg_buf_slice(&dump), HG_SLICE(""), &errors);
    hg_conf_unref(&again);
    hg_buf_fini(&dump);
    hg_buf_fini(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input(data, size);
    struct hg_slice text = fuzz_rest(&in), more = HG_SLICE("");
    const char *cut = text.len > 0 ? memchr(text.ptr, 0, text.len) : NULL;
    struct hg_buf errors = {.max = 1 << 20};
    if (cut != NULL) { /* what follows is the other file */
        more = (struct hg_slice){cut + 1, (size_t)(in.end - cut - 1)};
        text.len = (size_t)(cut - text.ptr);
    }
    struct hg_conf *conf = load(text, more, &errors);
    if (conf != NULL) {
        build(conf);
        dump_and_load(conf);
    }
    hg_conf_unref(&conf);
    hg_buf_fini(&errors);
    return 0;
}
