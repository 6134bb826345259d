/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h - a console in memory, and commands run on it as from a shell. */
#ifndef HG_TESTS_UNIT_CTL_RIG_H
#define HG_TESTS_UNIT_CTL_RIG_H

#include "ctl/ctl.h"
#include "support/http_peer.h"
#include "unit/ctl/tests.h"

#define JSON_OK(body) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body
#define SSE_OK(body)                                                                               \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n"   \
    "\r\n" body
#define ANSWER(status, fields)                                                                     \
    "HTTP/1.1 " status " X\r\nContent-Length: 0\r\nConnection: close\r\n" fields "\r\n"
#define STORED(position) ANSWER("202", "Headgate-Position: " position "\r\n")
#define PROBLEM(status, body)                                                                      \
    "HTTP/1.1 " status " X\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"     \
    "\r\n" body

struct rig {
    struct hg_ctl ctl;
    char *out, *err; /* what was written, after rig_run or rig_read */
    size_t out_len, err_len;
    int stop_fd;
    struct http_peer *peer;
};

/* input is what standard input has, and then its end. */
void rig_open(struct rig *r, const char *input);
void rig_serve(struct rig *r, const struct http_peer_step *steps, size_t n);
/* Brings out and err up to date. */
void rig_read(struct rig *r);
/* The words of a command line behind the program's name; up to a NULL. */
int rig_run(struct rig *r, ...) __attribute__((sentinel));
void rig_close(struct rig *r);
/* The body of request i. */
const char *rig_body(struct rig *r, size_t i);

#define assert_has(text, part)                                                                     \
    do {                                                                                           \
        if (strstr((text), (part)) == NULL) {                                                      \
            print_error("no \"%s\" in\n%s\n", (part), (text));                                     \
            fail();                                                                                \
        }                                                                                          \
    } while (0)
#define assert_has_not(text, part) assert_null(strstr((text), (part)))

#endif
