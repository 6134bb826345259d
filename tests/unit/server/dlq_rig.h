/* SPDX-License-Identifier: Apache-2.0 */
/* dlq_rig.h - the admin listener over a log in memory that holds dead letters
 * of demo.events, and a generation whose location would take them now. */
#ifndef TESTS_UNIT_SERVER_DLQ_RIG_H
#define TESTS_UNIT_SERVER_DLQ_RIG_H

#include "server/admin.h"
#include "unit/server/rig.h"

enum { DLQ_LETTERS_MAX = 64 };

struct dlq_rig {
    struct rig rig;
    struct hg_plan plan;
    struct hg_sockets sockets;
    struct hg_crew crew;
    struct hg_admin admin;
    struct hg_site *site;
    struct rig_log log;
    uint32_t topic; /* demo.events.dlq */
    char positions[DLQ_LETTERS_MAX][HG_POSITION_TEXT_LEN + 1];
    size_t n_letters;
    char answer[32768]; /* the last body */
};

void dlq_open(struct dlq_rig *r);
void dlq_open_parts(struct dlq_rig *r, uint32_t partitions); /* of demo.events.dlq */
void dlq_close(struct dlq_rig *r);
/* A letter of what somebody sent to path; its binary-mode id, or NULL. */
void dlq_put(struct dlq_rig *r, const char *path, const char *content_type, const char *id,
             const char *body);
/* A letter that passes now: an event in structured mode. */
#define dlq_put_event(r, id)                                                                       \
    dlq_put((r), "/in", "application/cloudevents+json", NULL,                                      \
            "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"/s\",\"type\":\"t\"}")
/* The status; a body makes it a POST with JSON. */
int dlq_ask(struct dlq_rig *r, const char *path, const char *body);
/* The same with the position of letter i in the body's %s. */
int dlq_ask_of(struct dlq_rig *r, const char *path, const char *format, size_t i);
/* How many letters' positions the answer has. */
size_t dlq_n_said(const struct dlq_rig *r);
/* The text of the answer's first member of that name; false: none, or null. */
bool dlq_token(const struct dlq_rig *r, const char *name, char *out, size_t out_bytes);
bool dlq_said(const struct dlq_rig *r, const char *part);
#define assert_said(r, part)                                                                       \
    do {                                                                                           \
        if (!dlq_said((r), (part))) {                                                              \
            print_error("no %s in %s\n", (part), (r)->answer);                                     \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

#endif
