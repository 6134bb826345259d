/* SPDX-License-Identifier: Apache-2.0 */
/* contract.c - what every log driver has to keep, on the broker. Each test has
 * the broker for itself: a prefix of topics is its storage. */
#include "modules/log_contract.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "modules/log_kafka/rig.h"

struct storage {
    struct conf_text text;
};

static void *storage_new(void) {
    static unsigned count;
    struct storage *s = hg_alloc(sizeof *s);
    char rows[128];
    (void)snprintf(rows, sizeof rows, "kafka_topic_prefix contract.%lld.%ld.%u.;",
                   (long long)time(NULL), (long)getpid(), count++);
    kafka_rig_conf(&s->text, rows);
    conf_text_assert_good(&s->text);
    return s;
}

static void storage_free(void *storage) {
    struct storage *s = storage;
    conf_text_close(&s->text);
    hg_free(s);
}

static void storage_args(void *storage, struct hg_log_open *open) {
    struct storage *s = storage;
    open->args[0] = hg_slice_of(kafka_rig_bootstrap());
    open->n_args = 1;
    open->conf = hg_conf_of_table(hg_conf_main(s->text.conf), kafka_rows);
}

int kafka_contract(void) {
    const struct log_contract contract = {
        .ops = hg_module_log_kafka.log,
        .storage_new = storage_new,
        .storage_free = storage_free,
        .storage_args = storage_args,
    };
    return log_contract_run(&contract);
}
