/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h - a gate over a real log and a driver in memory, with the intake of
 * one location, and exchanges that are run to their end. */
#ifndef HG_TESTS_GATE_RIG_H
#define HG_TESTS_GATE_RIG_H

#include "unit/unit.h"

#include <stdio.h>

#include "gate/gate.h"
#include "proto/http/request.h"
#include "support/conf_text.h"
#include "support/fake_auth.h"
#include "support/fake_log.h"
#include "support/fake_request.h"
#include "support/fake_stream.h"
#include "support/log_rig.h"

struct rig {
    struct fake_log fake;
    struct log_rig log;
    struct conf_text text;
    struct hg_rights *rights;
    struct hg_principal *anonymous;
    uint8_t key_of[16];
    struct hg_topic_keys keys;
    struct hg_intake intake;
    struct hg_gate gate;
};

/* main: rows before the location; location: what stands in it. The topics
 * demo, demo.dlq and headgate.dlq are there. */
void rig_open(struct rig *rig, const char *main, const char *location);
/* The same over a driver that has a result for each item, and answers when the
 * test says so. */
void rig_open_parts(struct rig *rig, const char *main, const char *location);
void rig_close(struct rig *rig);
/* main and location compile to this fault. */
void rig_assert_fault(const char *main, const char *location, const char *part);
extern const struct hg_conf_owner *const rig_owners[];

/* One exchange. */
struct post {
    struct hg_exchange x; /* first */
    struct rig *rig;
    struct fake_request request;
    struct hg_request parsed;
    struct hg_arena arena;
    struct fake_stream stream;
    char *body; /* a copy that ends where it ends */
    size_t n_done;
};

/* What is out of the ordinary about one. */
struct post_how {
    bool is_chunked;      /* its length is not known before its end */
    const char *captured; /* by the location's path */
    int64_t fail_from;    /* allocations go through before one fails, from 1; 0: none fails */
};

/* Everything up to what waits; the request is p->request. how may be NULL. */
void post_begin(struct post *p, struct rig *rig, const char *body, const struct post_how *how);
/* As far as it goes, and then the answer in p->stream. */
void post_end(struct post *p);
void post_close(struct post *p);
/* All of it: structured mode, no field else. */
void post_event(struct post *p, struct rig *rig, const char *body);
void post_event_how(struct post *p, struct rig *rig, const char *body, const struct post_how *how);
/* With these fields: name, value, ..., NULL. */
#define POST(p, rig, body, ...)                                                                    \
    do {                                                                                           \
        fake_request_init(&(p)->request, "POST", "/in", __VA_ARGS__, NULL);                        \
        post_begin((p), (rig), (body), NULL);                                                      \
        post_end(p);                                                                               \
    } while (0)

/* The problem of the answer: its slug and status. */
void post_assert_problem(const struct post *p, int status, const char *slug);

#define STRUCTURED "content-type", "application/cloudevents+json"
#define BATCH "content-type", "application/cloudevents-batch+json"
#define EVENT(id) "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"/t\",\"type\":\"t\"}"

int test_answer(void);
int test_append(void);
int test_body(void);
int test_dead_letter(void);
int test_exchange(void);
int test_fields(void);
int test_problems(void);
int test_settings(void);

#endif
