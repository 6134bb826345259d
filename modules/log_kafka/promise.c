/* SPDX-License-Identifier: Apache-2.0 */
/* promise.c - does the way in which a topic is kept hold what a 2xx promises? */
#include "kafka.h"

static void judge_copies(const struct kafka_kept *kept, kafka_remark_fn fn, void *arg) {
    int64_t copies = kept->has[KAFKA_REPLICATION], least = kept->has[KAFKA_MIN_INSYNC];
    if (copies == 1) {
        fn(arg, NULL, "it has one copy: what is acknowledged is lost with its broker");
    } else if (copies > 1 && least == 1) {
        fn(arg, NULL, "min.insync.replicas is 1: an event is acknowledged when one copy has it");
    } else if (copies > 1 && least >= copies) {
        fn(arg, NULL,
           "min.insync.replicas is as high as the number of copies: nothing can be "
           "acknowledged while one broker is away");
    }
}

/* An event's attributes come beside its data, and the record has bytes of its own. */
enum { BESIDE_BYTES = 4096 };

void kafka_promise_room(const struct kafka_kept *kept, int64_t event_bytes_max, kafka_remark_fn fn,
                        void *arg) {
    struct hg_why text = {""};
    size_t most = kept->max_message_bytes;
    if (event_bytes_max > 0 && most > 0 && (size_t)event_bytes_max + BESIDE_BYTES > most) {
        hg_why_set(&text,
                   "its max.message.bytes is %zu, and what publishes to it takes bodies of %lld "
                   "(client_max_body_size): an event between the two is answered 413",
                   most, (long long)event_bytes_max);
        fn(arg, NULL, text.text);
    }
}

void kafka_promise_judge(const struct kafka_kept *kept, bool is_compacted, kafka_remark_fn fn,
                         void *arg) {
    judge_copies(kept, fn, arg);
    if (kept->is_unclean) {
        fn(arg, NULL,
           "unclean.leader.election.enable is true: a copy that lacks acknowledged events may "
           "become the leader");
    }
    if (kept->is_compacted && !is_compacted) {
        fn(arg, NULL,
           "the cluster compacts it, of which the conf says nothing: of the events with one key "
           "the last one is kept, and events without a key are refused");
    }
    if (kept->has_producer_time) {
        fn(arg, NULL,
           "message.timestamp.type is CreateTime: since= goes by the clocks of producers, and "
           "copies are told by them");
    }
}
