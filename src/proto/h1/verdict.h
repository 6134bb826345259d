/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.h - what the engines of HTTP/1.1 say after each feed. */
#ifndef HG_PROTO_H1_VERDICT_H
#define HG_PROTO_H1_VERDICT_H

enum hg_h1_step {
    HG_H1_MORE,  /* every byte is used; feed more */
    HG_H1_HEAD,  /* the head is whole; bytes behind it are not used */
    HG_H1_PIECE, /* a piece of the body */
    HG_H1_END,   /* the message is whole; bytes behind it are not used */
    HG_H1_FAULT, /* refuse and close; nothing behind is a request */
};

struct hg_h1_fault {
    int status;       /* 0: none */
    const char *text; /* one sentence, static */
};

#endif
