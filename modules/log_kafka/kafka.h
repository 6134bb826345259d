/* SPDX-License-Identifier: Apache-2.0 */
/* kafka.h - the driver of Apache Kafka, as its own files see it.
 *
 * Handles of librdkafka. `line` is the idempotent producer: one at a time, with
 * a thread that hands out delivery reports. `client` asks the cluster about
 * topics and makes them. Whoever reads makes handles of its own with
 * kafka_handle_conf.
 *
 * Threads. append, flush and tick come on the log thread; topic_open, describe,
 * list, follow and trim on the errand thread; read and seek on reader threads. The
 * table of topics is locked; a struct kafka_topic is never changed but for its
 * atomics and never freed before close, so a pointer to one stays good. */
#ifndef LOG_KAFKA_KAFKA_H
#define LOG_KAFKA_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#include "headgate/conf.h"
#include "headgate/counter.h"
#include "headgate/log.h"
#include "headgate/logline.h"
#include "headgate/thread.h"
#include "lane.h"
#include "record.h"

enum { KAFKA_NAME_MAX = 249, KAFKA_PREFIX_MAX = 100, KAFKA_TEXT = 512 };

/* One kafka_property. */
struct kafka_property {
    struct hg_slice name, value; /* both end with a NUL */
    struct kafka_property *next;
};

/* What the rows fill, in the main block and (those numbers) in topic blocks; lives as
 * long as the configuration. */
struct kafka_settings {
    struct hg_conf_head head;
    struct kafka_property *properties;
    struct hg_slice prefix;                      /* of topics' names in the cluster */
    struct hg_slice transactional_id;            /* empty: none */
    int64_t partitions, replication, min_insync; /* 0: as the cluster likes */
    bool may_create;
    bool has_tombstones;
    int mode; /* enum kafka_mode */
};

/* What is said of a topic by the conf, and had by the cluster. */
enum kafka_setting {
    KAFKA_PARTITIONS,
    KAFKA_REPLICATION,
    KAFKA_MIN_INSYNC,
    KAFKA_RETENTION,      /* -1: for ever */
    KAFKA_RETENTION_SIZE, /* of a partition; -1: no bound */
    KAFKA_SETTINGS,
};

struct kafka_said {
    int64_t value;                   /* 0: nothing */
    const struct hg_conf_line *line; /* NULL: nobody wrote one */
    bool is_own;                     /* the line stands in the topic's own block */
};

struct kafka_wish {
    bool is_known;
    struct kafka_said said[KAFKA_SETTINGS];
};

struct kafka_part {
    /* As last told by the cluster; -1: not yet. */
    _Atomic int64_t low, high;
    _Atomic bool is_away; /* its leader did not answer */
};

struct kafka_topic {
    char name[KAFKA_NAME_MAX + 1]; /* the cluster's: with the prefix */
    uint32_t id;                   /* the gateway's */
    uint32_t partitions;
    bool is_compacted;
    size_t max_message_bytes;
    int64_t wait_until_ms;     /* leaders that do not serve it yet are waited for; 0: not */
    _Atomic bool is_doubted;   /* something was too large: what it takes is to be asked again */
    struct kafka_topic *older; /* all that were ever opened */
    struct kafka_part parts[];
};

/* The producer, and the thread that hands out its delivery reports. */
struct kafka_line {
    struct kafka *k;
    rd_kafka_t *rk; /* destroyed by the thread when it ends */
    pthread_t thread;
    size_t batch_max;          /* that it makes of messages; of a larger message alone */
    rd_kafka_topic_t **topics; /* by id: the log thread's */
    const struct kafka_topic **topics_of;
    uint32_t n_topics;
    struct kafka_lanes lanes; /* the log thread's, but for n_done */
    int64_t linger_us;
    _Atomic(struct hg_append *) probe; /* an append without items */
    _Atomic bool is_fatal;             /* it takes nothing any more */
    _Atomic bool is_ending;            /* nothing comes any more */
    _Atomic bool is_over;              /* the thread has nothing left to do */
    struct kafka_block *run;           /* the thread's: own.h */
    int64_t said_ms;                   /* the thread's: when a failure was last logged */
    unsigned n_unsaid;                 /* since then */
    struct kafka_line *next;
};

struct kafka_table {
    pthread_rwlock_t lock;
    struct kafka_topic **items; /* by the gateway's id; NULL: none */
    uint32_t n;
    struct kafka_topic *all;
};

/* Of the errand thread. */
struct kafka_view {
    const struct rd_kafka_metadata *all; /* NULL: none */
    const struct rd_kafka_metadata_topic **by_name;
    size_t n; /* of by_name */
    /* Monotonic: when it was made; when it was last looked into, and when the first
     * of those looks that follow each other closely was. */
    int64_t made_ms, asked_ms, begun_ms;
};

/* Any thread. */
struct kafka_leaders {
    pthread_mutex_t lock;
    int64_t asked_ms; /* monotonic: when the cluster was asked who leads; 0: not yet */
};

/* Who the gateway says it is, where the conf gives a user and a password. */
struct kafka_identity {
    char *username, *password; /* NULL: none */
    bool is_renewed;           /* not what base had when it was read */
};

/* Any thread: those that are open, and what base says, under the lock. */
struct kafka_handles {
    pthread_mutex_t lock;
    rd_kafka_t **items;
    size_t n, cap;
    struct kafka_identity identity; /* the errand thread's */
};

struct kafka {
    uint32_t magic;
    struct hg_log_up *up;
    char *bootstrap;
    char prefix[KAFKA_PREFIX_MAX + 1]; /* of topics' names in the cluster */
    char *transactional_id;            /* NULL: none */
    rd_kafka_conf_t *base; /* what every handle has: brokers, kafka_property, log lines */
    struct kafka_handles handles;
    int64_t answer_ms; /* message.timeout.ms: how long whoever publishes waits */
    bool may_create, has_tombstones;
    bool only_asks; /* whether a topic can be made, without making it */
    int ask_ms;     /* how long the cluster is waited for */
    enum kafka_mode mode;
    rd_kafka_t *client;
    struct kafka_table topics;
    struct kafka_leaders leaders;
    rd_kafka_t *all_seeing; /* the errand thread's, of end.c; NULL: not needed yet */
    struct kafka_view view;
    struct kafka_wish *wishes; /* by id, of the last opening: the errand thread's */
    uint32_t n_wishes;
    struct kafka_reads *reads;
    struct kafka_tail *tail;
    /* A count that rises when a topic has got partitions, and up to where the line
     * has asked the cluster since. */
    _Atomic uint32_t news, news_known;
    /* The smallest max_message_bytes of the topics: to a broker a batch is one piece. */
    _Atomic size_t batch_max;
    /* The log thread's. */
    struct kafka_line *line;    /* NULL: one has yet to be made again */
    struct kafka_line *retired; /* that are being emptied */
    struct kafka_draft draft;
    struct kafka_whole *whole; /* NULL: no kafka_transactional_id */
};

enum { KAFKA_MAGIC = 0x6b61666b };

/* conf.c */
extern const struct hg_directive kafka_rows[];
int kafka_conf_check(struct hg_conf_load *load, struct hg_conf_block *block, void *conf);
/* As hg_log_ops.whole. */
int kafka_conf_whole(const struct hg_log_open *open, struct hg_why *why);
/* Fills bootstrap, base and what is the same for all topics. */
int kafka_conf_read(const struct hg_log_open *open, struct kafka *k, struct hg_why *why);
void kafka_conf_fini(struct kafka *k);
/* What hinders this mechanism with the librdkafka that is here, whatever the password is;
 * NULL: nothing that is known. */
const char *kafka_conf_scram_fault(struct hg_slice mechanism);

/* handle.c. Any thread, but for renew. */
void kafka_handles_init(struct kafka *k, const struct kafka_settings *s); /* s may be NULL */
void kafka_handles_fini(struct kafka *k);                                 /* none is open */
int kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct hg_why *why);
/* Pairs of name and value, NULL at the end. */
int kafka_conf_set_pairs(rd_kafka_conf_t *conf, const char *const *pairs, struct hg_why *why);
/* A whole number that conf has; -1: none. */
int64_t kafka_conf_number(const rd_kafka_conf_t *conf, const char *name);
void kafka_conf_set_number(rd_kafka_conf_t *conf, const char *name, int64_t n);
/* A copy of base with pairs set over it. */
rd_kafka_conf_t *kafka_handle_conf(struct kafka *k, const char *const *pairs, struct hg_why *why);
/* Takes conf. NULL and why. For kafka_handle_destroy. */
rd_kafka_t *kafka_handle_new(struct kafka *k, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                             struct hg_why *why);
void kafka_handle_destroy(struct kafka *k, rd_kafka_t *rk);
/* The same, for one question, and for rd_kafka_destroy. */
rd_kafka_t *kafka_handle_make(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct hg_why *why);
/* As hg_log_ops.renew: another user and password. */
int kafka_renew(void *state, const struct hg_log_open *open, struct hg_why *why);

/* fault.c: what a handle's error callback told; begins as zeros. */
struct kafka_fault {
    int rank;
    char text[400];
};
/* Keeps what says most: a refusal before a connection lost before all are down. */
void kafka_fault_note(struct kafka_fault *f, int err, const char *reason);
/* A broker did not believe who came, or was not believed: to wait would not help. */
bool kafka_fault_is_refusal(const struct kafka_fault *f);
const char *kafka_fault_text(const struct kafka_fault *f, const char *nothing);

/* topics.c */
/* The cluster's name of it. HG_EINVAL: it would be too long, why. */
int kafka_topic_name(const struct kafka *k, const struct hg_log_topic *topic,
                     char ret[KAFKA_NAME_MAX + 1], struct hg_why *why);
int kafka_topics_init(struct kafka *k);
void kafka_topics_fini(struct kafka *k);
struct kafka_topic *kafka_topic(struct kafka *k, uint32_t id); /* NULL: none. Any thread */
int kafka_topic_open(void *state, const struct hg_log_topic *topic, struct hg_why *why);
int kafka_describe(void *state, uint32_t id, uint32_t partition, struct hg_log_range *ret);
/* A message to it was refused so. Any thread. */
void kafka_topic_doubt(struct kafka_topic *t, rd_kafka_resp_err_t err);
/* And open topics have as many partitions as it tells from then on, and take messages of what
 * size they do if that was doubted. */
int kafka_list(void *state, hg_log_topic_fn fn, void *arg);

/* ask.c. Any thread: what the cluster says of a topic, or of all (NULL); 5 s at most, and where
 * one broker hangs what another says. For rd_kafka_metadata_destroy. */
rd_kafka_resp_err_t kafka_ask(struct kafka *k, const char *topic,
                              const struct rd_kafka_metadata **ret);

/* view.c. The errand thread: all topics as they are now; kept until the next call of
 * either. */
rd_kafka_resp_err_t kafka_view_make(struct kafka *k, const struct rd_kafka_metadata **ret);
/* A topic as it was less than a second ago, and not before the first of many was looked
 * for. NULL: it is to be asked for by its name; so is one that is looked for alone. */
const struct rd_kafka_metadata_topic *kafka_view_find(struct kafka *k, const char *name);
void kafka_view_fini(struct kafka_view *v);

/* end.c */
int kafka_end(void *state, uint32_t topic, uint32_t partition, uint64_t *ret_next);

/* leader.c. Any thread; they wait: 3 s at most where the last question was answered, else
 * 0.3 s, and a second more while another thread looks who leads. Of an open topic: the
 * first record and the one after the last that all see; the first that is not older than
 * a time, or -1. */
int kafka_leaders_init(struct kafka *k); /* HG_ENOMEM */
void kafka_leaders_fini(struct kafka *k);
rd_kafka_resp_err_t kafka_leader_range(struct kafka *k, uint32_t topic, uint32_t partition,
                                       int64_t *ret_low, int64_t *ret_high);
rd_kafka_resp_err_t kafka_leader_time(struct kafka *k, uint32_t topic, uint32_t partition,
                                      int64_t time_ms, int64_t *ret);
/* Does who leads it, as the client has heard, know of it? A second at most. */
bool kafka_leader_serves(struct kafka *k, const char *topic, uint32_t partition);

struct kafka_ask {
    const char *topic; /* the cluster's name */
    uint32_t partition;
    int64_t time_ms; /* or what librdkafka calls the beginning and the end */
};

/* One question as this handle sees the log, tried once. */
rd_kafka_resp_err_t kafka_leader_ask(rd_kafka_t *rk, const struct kafka_ask *q, int wait_ms,
                                     int64_t *ret);

/* trim.c. HG_EINVAL: the topic is compacted, so the cluster refuses. */
int kafka_trim(void *state, uint32_t topic, uint32_t partition, uint64_t before);

/* admin.c: how the cluster keeps a topic. */
struct kafka_kept {
    size_t max_message_bytes;
    int64_t has[KAFKA_SETTINGS]; /* 0: not told */
    bool is_unclean, is_compacted;
    bool has_producer_time; /* records bear the producers' time */
};

/* What is told of its partitions and copies. */
void kafka_kept_take(struct kafka_kept *kept, const struct rd_kafka_metadata_topic *m);

int kafka_admin_make(struct kafka *k, const struct hg_log_topic *topic,
                     const struct kafka_wish *wish, const char *name, struct hg_why *why);
/* Fills what it is told. */
rd_kafka_resp_err_t kafka_admin_kept(struct kafka *k, const char *name, struct kafka_kept *ret);
/* Removes what stands before an offset of the partition, which is in its range. */
rd_kafka_resp_err_t kafka_admin_trim(struct kafka *k, const char *name, uint32_t partition,
                                     int64_t before);

/* alter.c. Values that are not 0, of those settings that are a topic's in the
 * cluster too. HG_EINVAL, HG_EDENIED, HG_EAGAIN: why. */
int kafka_admin_alter(struct kafka *k, const char *name, const int64_t values[KAFKA_SETTINGS],
                      struct hg_why *why);
int kafka_admin_grow(struct kafka *k, const char *name, int64_t partitions, struct hg_why *why);

/* Something to be said of a topic; line NULL: of none of the conf's. */
typedef void (*kafka_remark_fn)(void *arg, const struct hg_conf_line *line, const char *text);

/* wish.c. Lines are the conf's, for as long as the topic's are. */
void kafka_wish_fill(const struct hg_log_topic *topic, struct kafka_wish *ret);
const char *kafka_setting_config(enum kafka_setting setting); /* NULL: it has no name there */
/* Where its lines say something else than the cluster has. */
void kafka_wish_compare(const struct kafka_wish *w, const char *name, const struct kafka_kept *kept,
                        kafka_remark_fn fn, void *arg);
/* What its lines changed since before is changed in the cluster, and kept is new then.
 * HG_EINVAL: it cannot be; HG_EDENIED, HG_EAGAIN: why. */
int kafka_wish_apply(struct kafka *k, const char *name, const struct kafka_wish *now,
                     const struct kafka_wish *before, struct kafka_kept *kept, struct hg_why *why);
/* Not known: the topic is opened for the first time. Lines are forgotten. */
void kafka_wish_recall(const struct kafka *k, uint32_t id, struct kafka_wish *ret);
int kafka_wish_keep(struct kafka *k, uint32_t id, const struct kafka_wish *wish);

/* promise.c: what weakens a 2xx on it; is_compacted: as the conf says. */
void kafka_promise_judge(const struct kafka_kept *kept, bool is_compacted, kafka_remark_fn fn,
                         void *arg);

/* Bodies of so many bytes (0: unknown) may hold events that it does not take. */
void kafka_promise_room(const struct kafka_kept *kept, int64_t event_bytes_max, kafka_remark_fn fn,
                        void *arg);

/* check.c */
int kafka_check(const struct hg_log_open *open, const struct hg_log_topic *topics, size_t n,
                int64_t wait_ms, hg_log_remark_fn fn, void *arg, struct hg_why *why);

/* ready.c: waits until the cluster has given a producer its id, which a new
 * cluster takes seconds for. HG_EAGAIN and why. */
int kafka_ready_wait(struct kafka *k, struct hg_why *why);
/* The same as somebody else. HG_EDENIED: the cluster does not believe it. */
int kafka_ready_try(struct kafka *k, const struct kafka_identity *id, struct hg_why *why);

/* message.c */
/* Bounds the batches that conf lets a producer make by what all topics take, and
 * kafka_property says; gives how large a topic's limit must be for it. */
size_t kafka_batch_bound(const struct kafka *k, rd_kafka_conf_t *conf);
/* For rd_kafka_headers_destroy, or a message that takes them. */
rd_kafka_headers_t *kafka_headers_of(const struct kafka_draft *d);

/* line.c. What is of the log thread alone: */
int kafka_line_open(struct kafka *k, struct kafka_line **ret, struct hg_why *why);
/* 0: mark comes back in kafka_delivered, maybe before this returns. HG_EAGAIN: at the client's
 * limits, or the line is fatal. HG_E2BIG. */
int kafka_line_send(struct kafka_line *l, const struct kafka_topic *t, uint32_t partition,
                    const struct kafka_draft *d, bool is_copied, void *mark);
/* Nothing more is sent, and what is under way is given up: in doubt, or not stored
 * where it never left. */
void kafka_line_end(struct kafka_line *l);
/* Waits, a bounded time, until the line knows the partitions of its topics anew:
 * else it would refuse what goes to new ones. The errand thread. */
void kafka_lines_learn(struct kafka *k);
/* Waits for its thread. */
void kafka_line_free(struct kafka_line **pl);

/* fatal.c: the line to send on, made again if that is needed. NULL: there is none now. */
struct kafka_line *kafka_line_now(struct kafka *k);
void kafka_lines_close(struct kafka *k);

/* produce.c */
void kafka_append(void *state, struct hg_append *append);
void kafka_flush(void *state);
/* What waits for its turn: those whose turn it is, or all, for nothing comes any more. */
void kafka_give_waiting(struct kafka *k, struct kafka_line *l, bool is_all);
/* The line's thread: what became of a message. */
void kafka_delivered(struct kafka_line *l, const rd_kafka_message_t *m);
/* 0: it is stored, and where is known. HG_EDOUBT; any other: it is not stored. */
int kafka_result_of(const rd_kafka_message_t *m);

/* whole.c: appends of which all or nothing is stored, on a thread of their own. The
 * log thread: */
struct kafka_whole *kafka_whole_new(struct kafka *k); /* NULL: no memory */
/* What is left is refused, or in doubt. */
void kafka_whole_free(struct kafka_whole **pw);
/* The gateway runs; what an earlier one of this id left open is ended. */
void kafka_whole_begin(struct kafka_whole *w);
/* a was checked, and is completed later. HG_EAGAIN: it is not. */
int kafka_whole_put(struct kafka_whole *w, struct hg_append *a);

/* read.c, seek.c, tail.c: how they are made is in read.h. */
int kafka_read(void *state, const struct hg_log_read *want, struct hg_records *out);
int kafka_seek(void *state, uint32_t topic, uint32_t partition, int64_t time_ms,
               uint64_t *ret_offset);
/* Consumers that nobody reads from any more stop asking the cluster. */
void kafka_tick(void *state);
int kafka_follow(void *state, uint32_t topic, bool is_wanted);

#endif
