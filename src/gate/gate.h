/* SPDX-License-Identifier: Apache-2.0 */
/* gate.h - the way in: an exchange passes two const lists of stages and ends
 * in one answer. Knows nothing of the way out (feed/).
 *
 *   on_fields: limits, authenticate, admit, may_publish     before the body
 *   on_body:   decode, vet, route, enrich, append     with the body
 *
 * A stage answers go on, wait (it will call hg_exchange_resume on this loop)
 * or done (the problem says why). */
#ifndef HG_GATE_GATE_H
#define HG_GATE_GATE_H

#include "base/arena.h"
#include "event/events.h"
#include "headgate/authenticator.h"
#include "headgate/source.h"
#include "log/log.h"
#include "log/settings.h"
#include "proto/http/http.h"
#include "right/right.h"

extern const struct hg_conf_owner hg_gate_owner; /* rows of a location that accepts */

/* `authenticate NAME ...` compiled: shared by gate and stream locations. */
enum { HG_PROOFS_MAX = 8 };
struct hg_proofs {
    bool is_none; /* authenticate none: everybody is anonymous */
    bool is_all;  /* every named one must prove, not any */
    size_t n;
    const struct hg_authenticator_ops *ops[HG_PROOFS_MAX];
    const void *confs[HG_PROOFS_MAX];
};

/* enum hg_topic_key by topic id; beyond n: HG_KEY_NONE. Filled before the first
 * event comes. */
struct hg_topic_keys {
    uint8_t *keys;
    uint32_t n;
};

/* What a location accepts: compiled from its rows, owned by a generation. */
struct hg_intake {
    const struct hg_source_ops *source; /* NULL: the location accepts nothing */
    const void *source_conf;
    struct hg_slice topic_template; /* may hold $topic */
    struct hg_strings allowed;      /* patterns for what a template makes */
    int64_t body_bytes_max;
    int64_t events_max;
    bool is_dead_letter;
    bool is_atomic; /* a batch is stored whole or not at all */
    struct hg_proofs proofs;
    const struct hg_rights *rights;
    struct hg_principal *anonymous;
    int64_t retention_ms; /* of topics that the template makes */
    int64_t retention_bytes;
    const struct hg_conf_block *conf; /* the main block, for the same */
    const struct hg_topic_keys *keys;
};

extern struct hg_counter *const hg_gate_counters[];

/* A loop's gate. */
struct hg_gate {
    struct hg_loop *loop;
    struct hg_log *log;
    unsigned n_making; /* exchanges that wait for a topic to be made */
    /* Of dead letters that were lost: */
    int64_t lost_said_ms;   /* monotonic; when it was last logged, 0: never */
    unsigned n_lost_unsaid; /* since then */
};

enum hg_step { HG_STEP_ON, HG_STEP_WAIT, HG_STEP_DONE };

struct hg_exchange {
    struct hg_gate *gate;
    const struct hg_intake *intake;
    struct hg_request *request;     /* outlives the exchange's last stage */
    struct hg_slice captured;       /* $topic, or empty */
    struct hg_principal *principal; /* set already: not asked again */
    bool is_replay;                 /* by an operator: see hg_exchange_replay */
    uint64_t replay_owner;          /* who published it then */
    struct hg_slice body;
    struct hg_events events;
    struct hg_problem problem; /* status 0: no fault so far */
    struct hg_arena *arena;    /* the request's */
    /* Once, when everything is decided: the problem, or every item stored.
     * The exchange is the owner's to free from then on. */
    void (*on_done)(struct hg_exchange *x);
    void *owner;
    /* The gate's own. */
    struct hg_slice topic;     /* that may be published to; where all events go */
    const struct hg_stage *at; /* the stage that waits, or NULL */
    struct hg_log_make make;   /* of a topic that is named for the first time */
    struct hg_publish publish;
    struct hg_publish_item *items;
    struct hg_publish_item one; /* items, for one event */
    struct hg_position dead_letter;
    bool has_dead_letter;
    bool has_states;        /* the problem tells of each event what became of it */
    unsigned retry_after_s; /* with 503 */
};

/* Before the body. ON: read the body, then call hg_exchange_body. DONE:
 * refused; on_done has NOT been called, the problem is set. Never waits yet. */
enum hg_step hg_exchange_fields(struct hg_exchange *x, int64_t content_length);
/* The body is whole. on_done follows, now or later. */
void hg_exchange_body(struct hg_exchange *x, struct hg_slice body);
/* In place of both: a body that was refused once and kept, judged again as it
 * would be now, on an operator's word: nobody is asked to prove anything. topic
 * is where it goes, and lives as long as the exchange. is_replay and replay_owner
 * are set: the ids are the publisher's own, and it becomes no dead letter again. */
void hg_exchange_replay(struct hg_exchange *x, struct hg_slice topic, struct hg_slice body);
/* Free what the gate holds of it. Not while an append is under way. */
void hg_exchange_fini(struct hg_exchange *x);

/* Who is calling, by the location's authenticators: DONE with 401 otherwise.
 * Gives one reference. Also for streams. */
enum hg_step hg_gate_authenticate(const struct hg_proofs *proofs, struct hg_principal *anonymous,
                                  const struct hg_request *r, struct hg_principal **ret_principal,
                                  struct hg_problem *problem);

/* WWW-Authenticate fields for a 401, HG_PROOFS_MAX at most. */
size_t hg_gate_challenges(const struct hg_proofs *proofs, struct hg_field *fields);
/* The answer for an exchange that is done, as HTTP. extra: 8 fields at most. */
void hg_gate_answer(struct hg_exchange *x, struct hg_stream *s, const struct hg_field *extra,
                    size_t n_extra);
/* An answer that is a problem document, for whoever refuses. */
void hg_gate_answer_problem(struct hg_stream *s, const struct hg_problem *p,
                            const struct hg_field *extra, size_t n_extra);
/* The problem document alone. */
void hg_problem_print(const struct hg_problem *p, struct hg_buf *out);
/* That of an exchange: also where its dead letter is, and what is known of
 * each event of a batch that is in doubt or stored in part. */
void hg_exchange_print_problem(const struct hg_exchange *x, struct hg_buf *out);

/* Finds modules' ops by the name that a row uses; given by the registry, which
 * lives above. */
struct hg_gate_finder {
    const struct hg_source_ops *(*source)(void *arg, struct hg_slice name,
                                          const struct hg_directive **ret_rows);
    const struct hg_authenticator_ops *(*authenticator)(void *arg, struct hg_slice name,
                                                        const struct hg_directive **ret_rows);
    /* 0: the event log stores a batch whole. HG_ENOTSUP: why not. */
    int (*whole)(void *arg, struct hg_why *why);
    void *arg;
};
/* Compile a location's rows; rights, anonymous and keys are the caller's
 * to set. HG_EINVAL: why. */
int hg_intake_compile(const struct hg_conf_block *location, const struct hg_gate_finder *find,
                      struct hg_intake *ret, struct hg_why *why);
/* The topic that a location's template names where it captured this; into the
 * arena. False: it names none that is allowed, and the problem is set. */
bool hg_intake_name_topic(const struct hg_intake *intake, struct hg_slice captured,
                          struct hg_arena *arena, struct hg_slice *ret_name,
                          struct hg_problem *problem);
/* The topic that a location names outright, or empty: it exists from then on. */
struct hg_slice hg_intake_literal_topic(const struct hg_intake *intake);

#endif
