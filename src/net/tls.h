/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h - TLS contexts. Certificates come as bytes; nothing is read from disk. */
#ifndef HG_NET_TLS_H
#define HG_NET_TLS_H

#include "headgate/base.h"

struct hg_tls; /* one server identity, reference-counted, immutable */

struct hg_tls_setup {
    struct hg_slice certificate_pem; /* chain, leaf first */
    struct hg_slice key_pem;
    bool is_tls12_off;
    bool is_h2_off;
    struct hg_slice ciphers; /* TLS 1.2 list, or empty */
};

/* HG_EINVAL and why. An expired certificate is taken: whether that stops a
 * start or a reload is for the caller to decide, by hg_tls_certificate_end. */
int hg_tls_new(const struct hg_tls_setup *setup, struct hg_tls **ret_tls, struct hg_why *why);
struct hg_tls *hg_tls_ref(struct hg_tls *t);
void hg_tls_unref(struct hg_tls **pt);
/* When the leaf certificate of a chain ends, on the wall clock; HG_EINVAL when
 * there is none, or none that can be read: hg_tls_new tells why. */
int hg_tls_certificate_end(struct hg_slice pem, int64_t *ret_ms);

#endif
