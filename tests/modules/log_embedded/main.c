/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the embedded driver: the contract, then what is its own. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "modules/log_contract.h"
#include "modules/log_embedded/tests.h"

void make_dir(char ret[DIR_BYTES]) {
    const char *top = getenv("TMPDIR");
    (void)snprintf(ret, DIR_BYTES, "%s/hg-log-XXXXXX", top != NULL ? top : "/tmp");
    if (mkdtemp(ret) == NULL) {
        fail_msg("cannot make %s", ret);
    }
}

void remove_dir(const char *dir) {
    DIR *d = opendir(dir);
    if (d == NULL) {
        return;
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        (void)unlinkat(dirfd(d), e->d_name, 0);
    }
    (void)closedir(d);
    (void)rmdir(dir);
}

static void *storage_new(void) {
    char *dir = hg_alloc(DIR_BYTES);
    make_dir(dir);
    return dir;
}

static void storage_free(void *storage) {
    remove_dir(storage);
    hg_free(storage);
}

static void storage_args(void *storage, struct hg_log_open *open) {
    open->args[0] = hg_slice_of(storage);
    open->args[1] = HG_SLICE("max_size=1g");
    open->n_args = 2;
}

int main(void) {
    const struct log_contract contract = {
        .ops = hg_module_log_embedded.log,
        .storage_new = storage_new,
        .storage_free = storage_free,
        .storage_args = storage_args,
    };
    int failed = 0;
    failed += test_record();
    failed += log_contract_run(&contract);
    failed += test_log_embedded();
    failed += test_topics();
    failed += test_append();
    failed += test_power();
    failed += test_read();
    failed += test_retention();
    failed += test_store();
    failed += test_reserve();
    failed += test_ends();
    failed += test_groups();
    failed += test_kill();
    failed += test_flip();
    failed += test_whole();
    return failed != 0;
}
