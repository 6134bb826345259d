/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_bundle.c - the flat form between master and worker. */
#include "fuzz/fuzz.h"
#include "server/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = fuzz_input(data, size);
    struct hg_wire_message m = {.type = HG_WIRE_BUNDLE};
    struct hg_bundle b;
    size_t n_fds = fuzz_byte(&in) % 8;
    for (size_t i = 0; i < n_fds; i++) {
        HG_ASSERT(hg_wire_add_fd(&m, 1000 + (int)i) == 0); /* numbers: nothing is closed here */
    }
    struct hg_slice text = fuzz_rest(&in);
    m.body = (struct hg_buf){.ptr = fuzz_copy(text), .len = text.len, .cap = text.len};
    if (hg_bundle_unpack(&m, &b) == 0) {
        HG_ASSERT(b.n_sockets + b.n_logs == n_fds);
        for (size_t i = 0; i < b.n_sockets; i++) {
            char name[HG_ADDR_TEXT_MAX];
            hg_addr_format(&b.sockets[i].addr, name);
        }
        hg_bundle_fini(&b);
    }
    hg_wire_fini(&m);
    return 0;
}
