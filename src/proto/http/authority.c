/* SPDX-License-Identifier: Apache-2.0 */
/* authority.c - host[:port], nothing more. */
#include "proto/http/authority.h"

#include "proto/http/chars.h"

static bool is_port(struct hg_slice s) {
    unsigned port = 0;
    if (s.len == 0 || s.len > 5) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9') {
            return false;
        }
        port = port * 10 + (unsigned)(s.ptr[i] - '0');
    }
    return port >= 1 && port <= 65535;
}

/* The length of "[...]" at the start, or 0. What is between is only held to
 * the alphabet: it is compared, never connected to. */
static size_t ipv6_len(struct hg_slice s) {
    size_t i = 1;
    while (i < s.len && (hg_http_is(s.ptr[i], HG_HTTP_HEX) || s.ptr[i] == ':' || s.ptr[i] == '.')) {
        i++;
    }
    return i >= 4 && i < s.len && s.ptr[i] == ']' ? i + 1 : 0;
}

bool hg_authority_is_valid(struct hg_slice text) {
    size_t host = 0;
    if (text.len > 0 && text.ptr[0] == '[') {
        host = ipv6_len(text);
    } else {
        while (host < text.len && hg_http_is(text.ptr[host], HG_HTTP_HOST)) {
            host++;
        }
    }
    if (host == 0) {
        return false;
    }
    if (host == text.len) {
        return true;
    }
    return text.ptr[host] == ':' &&
           is_port((struct hg_slice){text.ptr + host + 1, text.len - host - 1});
}
