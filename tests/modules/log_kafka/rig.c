/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/log_kafka/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const struct hg_conf_owner owner = {"log_kafka", kafka_rows, sizeof(struct kafka_settings),
                                           NULL};
static const struct hg_conf_owner *const owners[] = {&owner, NULL};

const char *kafka_rig_bootstrap(void) {
    const char *text = getenv("KAFKA_BOOTSTRAP");
    return text != NULL && text[0] != '\0' ? text : NULL;
}

void kafka_rig_conf(struct conf_text *text, const char *rows) {
    conf_text_open(text, owners, NULL, NULL, rows);
}

int kafka_rig_try(struct kafka_rig *rig, const char *bootstrap, const char *rows,
                  struct hg_why *why) {
    *rig = (struct kafka_rig){.ops = hg_module_log_kafka.log};
    kafka_rig_conf(&rig->text, rows);
    conf_text_assert_good(&rig->text);
    struct hg_log_open open = {
        .args = {hg_slice_of(bootstrap)},
        .n_args = bootstrap != NULL,
        .conf = hg_conf_of_table(hg_conf_main(rig->text.conf), kafka_rows),
        .up = &rig->up,
    };
    assert_non_null(open.conf);
    int err = rig->ops->open(&open, &rig->state, why);
    if (err != 0) {
        conf_text_close(&rig->text);
    }
    return err;
}

void kafka_rig_open(struct kafka_rig *rig, const char *rows) {
    struct hg_why why = {""};
    int err = kafka_rig_try(rig, kafka_rig_bootstrap(), rows, &why);
    if (err != 0) {
        fail_msg("%s: %s", hg_err_text(err), why.text);
    }
}

void kafka_rig_close(struct kafka_rig *rig) {
    rig->ops->close(rig->state);
    conf_text_close(&rig->text);
    for (size_t i = 0; i < HG_COUNT(rig->names); i++) {
        free(rig->names[i]);
    }
}

const char *kafka_rig_name(struct kafka_rig *rig, uint32_t id) {
    static unsigned count;
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    assert_true(id < HG_COUNT(rig->names));
    free(rig->names[id]);
    int n =
        asprintf(&rig->names[id], "test.%lld.%ld.%u", (long long)t.tv_sec, (long)getpid(), count++);
    assert_true(n > 0);
    return rig->names[id];
}

int kafka_rig_topic(struct kafka_rig *rig, uint32_t id, const char *name, struct hg_why *why) {
    const struct hg_log_topic topic = {.name = hg_slice_of(name), .id = id, .partitions = 1};
    return rig->ops->topic_open(rig->state, &topic, why);
}
