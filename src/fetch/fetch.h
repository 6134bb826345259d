/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h - outbound HTTP in the words of this house: what is asked, how long
 * and how much of an answer is taken, how it ended.
 *
 * Says nothing of who carries a request out: fetch/client.h waits for it. A
 * client on the loop and a guard over addresses find their words here too.
 * Redirects are never followed: where a request goes is the caller's to say. */
#ifndef HG_FETCH_FETCH_H
#define HG_FETCH_FETCH_H

#include "headgate/buf.h"
#include "headgate/request.h"

enum hg_fetch_method { HG_FETCH_GET, HG_FETCH_POST };

/* Zero: no such limit, but for the two sizes, where it is the default. */
struct hg_fetch_limits {
    int64_t connect_ms;    /* until the connection, with TLS, stands */
    int64_t idle_ms;       /* between two pieces of the answer */
    int64_t total_ms;      /* from the first step to the last byte */
    size_t head_bytes_max; /* of the answer's fields; 64 KiB */
    size_t body_bytes_max; /* of a body that is gathered; 1 MiB */
};

struct hg_fetch_answer;

/* Both may be NULL; false ends the request with HG_FETCH_STOPPED. */
struct hg_fetch_ops {
    /* Status and fields are there, nothing of the body is. */
    bool (*on_head)(void *arg, const struct hg_fetch_answer *answer);
    /* A piece of the body of a 2xx answer as it comes. Other bodies, and all
     * of them when this is NULL, are gathered in the answer. */
    bool (*on_body)(void *arg, struct hg_slice bytes);
};

/* All it points to lives until the request has ended. */
struct hg_fetch_request {
    enum hg_fetch_method method;
    const char *url; /* http or https; see fetch/url.h */
    const struct hg_field *fields;
    size_t n_fields;
    struct hg_slice body; /* HG_FETCH_POST */
    struct hg_fetch_limits limits;
    const struct hg_fetch_ops *ops; /* or NULL */
    void *arg;
};

/* How it ended: a verdict. What may be asked again, and must then be the same
 * to the byte, is what was lost. */
enum hg_fetch_outcome {
    HG_FETCH_ANSWERED,  /* the whole answer came, whatever its status */
    HG_FETCH_STOPPED,   /* a callback said so, or whoever waits */
    HG_FETCH_UNREACHED, /* nothing was sent: no such name, refused, no route */
    HG_FETCH_LOST,      /* cut or out of time: the peer may have acted on it */
    HG_FETCH_UNTRUSTED, /* the peer's certificate is not believed; nothing was sent */
    HG_FETCH_OVERSIZE,  /* the answer is above a limit */
    HG_FETCH_UNUSABLE,  /* this can never be sent: URL, field or CA file */
};

/* Zeroed before the first use; used again for the next request it keeps its
 * memory. */
struct hg_fetch_answer {
    enum hg_fetch_outcome outcome;
    int status;         /* 0: no answer began */
    struct hg_buf head; /* read by hg_fetch_field */
    struct hg_buf body; /* what was gathered */
    char text[256];     /* why, unless HG_FETCH_ANSWERED */
};

void hg_fetch_answer_clear(struct hg_fetch_answer *a);
void hg_fetch_answer_fini(struct hg_fetch_answer *a);
/* The first field of a name (lower case), or false. Lives as long as the
 * answer is not used again. */
bool hg_fetch_field(const struct hg_fetch_answer *a, struct hg_slice name,
                    struct hg_slice *ret_value);
/* One after the other; *at starts as 0. */
bool hg_fetch_field_next(const struct hg_fetch_answer *a, size_t *at, struct hg_field *ret);

/* For an answer that is being received: take a field line as it came. */
void hg_fetch_answer_add_line(struct hg_fetch_answer *a, struct hg_slice line);
/* May these be sent? No line end or control character can hide in them. */
bool hg_fetch_field_is_legal(const struct hg_field *field);

#endif
