/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h - an edge over a real log with a driver in memory, a real feed and
 * the gateway's own sinks, on one loop that the test turns; and requests that
 * come in over a stream that records its answer. */
#ifndef HG_TESTS_UNIT_EDGE_RIG_H
#define HG_TESTS_UNIT_EDGE_RIG_H

#include "unit/unit.h"

#include <stdio.h>

#include "edge/visit.h"
#include "support/conf_text.h"
#include "support/fake_auth.h"
#include "support/fake_log.h"
#include "support/fake_request.h"
#include "support/fake_stream.h"
#include "support/log_rig.h"

/* One configuration, compiled. The source, the three sinks and the handler
 * `say TEXT;` are there. */
struct generation {
    struct conf_text text;
    struct hg_rights *rights;
    struct hg_principal *anonymous;
    uint8_t key_of[1];
    struct hg_topic_keys keys;
    struct hg_site *site; /* one reference */
    struct hg_buf errors; /* ends with a 0 */
    bool is_released;
};

enum { GENERATION_SINKS = 4 }; /* slot 0 stays empty */

/* text: what stands after the load_module line. */
void generation_open(struct generation *g, const char *text);
/* The reference is given back; it must have been the last. */
void generation_close(struct generation *g);
/* The text is refused, here or by the conf, and this is said of it. */
void generation_assert_fault(const char *text, const char *part);
extern const struct hg_conf_owner *const rig_owners[];

/* A server block on 127.0.0.1:8080 with these locations, and everybody may
 * publish and follow demo.**. */
#define SERVER(locations)                                                                          \
    "role anonymous { publish demo.** other; subscribe demo.** other; }\n"                         \
    "server { listen 127.0.0.1:8080; authenticate none;\n" locations "\n}\n"
#define EVENTS "location = /events { accept cloudevents; publish demo.a; stream demo.a; }"

struct rig {
    struct fake_log fake;
    struct log_rig log;
    struct hg_feed *feed;
    struct hg_edge *edge;
    struct generation *generations[4];
    size_t n_generations;
    int fds[2]; /* of 127.0.0.1:8080 and 127.0.0.1:8081, whatever their ports are */
};

/* The topics demo.a, demo.b and other are there. */
void rig_open(struct rig *rig, const char *text);
/* Nothing is open any more. */
void rig_close(struct rig *rig);
/* Another configuration takes over. */
void rig_reload(struct rig *rig, const char *text);
/* The configuration that is served. */
struct generation *rig_now(const struct rig *rig);
struct hg_edge__port *rig_port(const struct rig *rig);
/* For as long as something happens at once. */
void rig_turn(struct rig *rig);

/* One request. Its head is request; it may be changed before ask_send. */
struct ask {
    struct fake_request request;
    struct fake_stream stream;
    struct rig *rig;
    bool is_gone;
};

void ask_send(struct ask *a, struct rig *rig);
/* Without a body; then field names and values, NULL-terminated. */
#define ASK(a, rig, method, ...)                                                                   \
    do {                                                                                           \
        fake_request_init(&(a)->request, method, __VA_ARGS__, NULL);                               \
        ask_send((a), (rig));                                                                      \
    } while (0)
/* The whole body at once, announced by its length. */
void ask_post(struct ask *a, struct rig *rig, const char *path, const char *content_type,
              const char *body);
struct hg_visit *ask_visit(const struct ask *a);
void ask_until_answered(struct ask *a);
/* The stream is gone. */
void ask_close(struct ask *a);
void ask_assert_problem(const struct ask *a, int status, const char *slug);
void ask_assert_field(const struct ask *a, const char *name, const char *value);
bool ask_said(const struct ask *a, const char *part);
/* Turn until the answer's body has it. */
void ask_until_said(struct ask *a, const char *part);
/* A request that is refused, to its end. */
void ask_refused(struct rig *rig, const char *method, const char *target, int status,
                 const char *slug);

#define STRUCTURED "application/cloudevents+json"
#define BATCH "application/cloudevents-batch+json"
#define EVENT(id) "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"/t\",\"type\":\"t\"}"

/* A whole exchange that must end with 202; its position in ret, if any. */
void rig_publish(struct rig *rig, const char *path, const char *event,
                 char ret[HG_POSITION_TEXT_LEN + 1]);

int test_access(void);
int test_access_format(void);
int test_cors(void);
int test_edge(void);
int test_intake(void);
int test_location(void);
int test_message(void);
int test_query(void);
int test_route(void);
int test_settings(void);
int test_site(void);
int test_site_fixed(void);
int test_socket(void);
int test_subscribe(void);
int test_topics(void);
int test_visit(void);

#endif
