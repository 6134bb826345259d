/* SPDX-License-Identifier: Apache-2.0 */
/* fake_request.h - the head of a request, as a protocol would hand it up. */
#ifndef TESTS_SUPPORT_FAKE_REQUEST_H
#define TESTS_SUPPORT_FAKE_REQUEST_H

#include "proto/http/request.h"

enum { FAKE_FIELDS_MAX = 16 };

struct fake_request {
    struct hg_http_head head;
    struct hg_field fields[FAKE_FIELDS_MAX];
};

/* Then name and value of each field, and NULL. The texts must outlive it. */
void fake_request_init(struct fake_request *r, const char *method, const char *target, ...);
/* It announces a body of so many bytes; -1: chunked. */
void fake_request_body(struct fake_request *r, int64_t bytes);

#endif
