/* SPDX-License-Identifier: Apache-2.0 */
/* tls_name.c - reading the server name before OpenSSL does.
 *
 * The identity must be chosen before sessions are resumed, and OpenSSL reads
 * the name after. Strict: whoever sends an odd name wants to be taken for
 * another by somebody who reads it differently. */
#include "net/tls_name.h"

enum { HOST_NAME = 0, DNS_NAME_MAX = 253, DNS_LABEL_MAX = 63 };

static size_t read_u16(const uint8_t *p) {
    return (size_t)p[0] << 8 | p[1];
}

int hg_tls_name_parse(const uint8_t *extension, size_t len, struct hg_slice *ret_name) {
    /* length of the list, one entry: type, length, name */
    if (len < 5 || read_u16(extension) != len - 2 || extension[2] != HOST_NAME ||
        read_u16(extension + 3) != len - 5 || len == 5) {
        return HG_EINVAL;
    }
    *ret_name = (struct hg_slice){(const char *)extension + 5, len - 5};
    return 0;
}

static bool is_name_byte(char b) {
    return (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '-' || b == '_';
}

int hg_tls_name_canonical(struct hg_slice name, char out[HG_TLS_NAME_MAX], size_t *ret_len) {
    if (name.len > 0 && name.ptr[name.len - 1] == '.') {
        name.len--;
    }
    if (name.len == 0 || name.len > DNS_NAME_MAX) {
        return HG_EINVAL;
    }
    size_t label = 0;
    for (size_t i = 0; i < name.len; i++) {
        char b = name.ptr[i];
        out[i] = b >= 'A' && b <= 'Z' ? (char)(b - 'A' + 'a') : b;
        if (out[i] == '.' && label > 0) {
            label = 0;
        } else if (is_name_byte(out[i]) && label < DNS_LABEL_MAX) {
            label++;
        } else {
            return HG_EINVAL;
        }
    }
    if (label == 0) {
        return HG_EINVAL;
    }
    *ret_len = name.len;
    return 0;
}
