/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_request.h"

#include <stdarg.h>

void fake_request_init(struct fake_request *r, const char *method, const char *target, ...) {
    va_list ap;
    const char *name;
    *r = (struct fake_request){.head = {.method = hg_slice_of(method),
                                        .target = hg_slice_of(target),
                                        .authority = HG_SLICE("gate.test:8443")}};
    va_start(ap, target);
    while ((name = va_arg(ap, const char *)) != NULL) {
        HG_ASSERT(r->head.n_fields < FAKE_FIELDS_MAX);
        r->fields[r->head.n_fields++] =
            (struct hg_field){hg_slice_of(name), hg_slice_of(va_arg(ap, const char *))};
    }
    va_end(ap);
    r->head.fields = r->fields;
}

void fake_request_body(struct fake_request *r, int64_t bytes) {
    r->head.content_length = bytes;
    r->head.has_body = bytes != 0;
}
