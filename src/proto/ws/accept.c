/* SPDX-License-Identifier: Apache-2.0 */
/* accept.c - the proof, in the answer to a handshake, that the request was
 * read by something that speaks WebSocket. */
#include "proto/ws/ws.h"

#include <openssl/evp.h>

static const char suffix[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 1.3 */

void hg_ws_accept(struct hg_slice key, char out[29]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    out[0] = '\0';
    if (ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1 &&
        EVP_DigestUpdate(ctx, key.ptr, key.len) == 1 &&
        EVP_DigestUpdate(ctx, suffix, sizeof suffix - 1) == 1 &&
        EVP_DigestFinal_ex(ctx, digest, NULL) == 1) {
        EVP_EncodeBlock((unsigned char *)out, digest, 20); /* 28 characters and a 0 */
    }
    EVP_MD_CTX_free(ctx);
}
