/* SPDX-License-Identifier: Apache-2.0 */
/* pem.h - certificates and their keys, made on the spot. */
#ifndef TESTS_SUPPORT_PEM_H
#define TESTS_SUPPORT_PEM_H

#include "headgate/buf.h"

enum key_kind { KEY_P256, KEY_RSA2048, KEY_RSA1024 };

struct pem {
    struct hg_buf certificate, key;
};

/* Self-signed, for the name; days may be negative. */
void make_pem(struct pem *pem, const char *name, enum key_kind kind, int days);
void pem_fini(struct pem *pem);

#endif
