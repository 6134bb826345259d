/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/log_kafka/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "log/settings.h"

static const struct hg_conf_owner owner = {"log_kafka", kafka_rows, sizeof(struct kafka_settings),
                                           kafka_conf_check};
static const struct hg_conf_owner *const owners[] = {&hg_log_owner, &owner, NULL};

const char *kafka_rig_bootstrap(void) {
    const char *text = getenv("KAFKA_BOOTSTRAP");
    return text != NULL && text[0] != '\0' ? text : NULL;
}

void kafka_rig_conf(struct conf_text *text, const char *rows) {
    conf_text_open(text, owners, NULL, NULL, rows);
}

static void on_complete(struct hg_log_up *up, struct hg_append *append, int err) {
    struct kafka_try *t = HG_CONTAINER(append, struct kafka_try, append);
    (void)up;
    t->err = err;
    atomic_fetch_add(&t->n_answers, 1);
    atomic_store(&t->is_done, true);
}

int kafka_rig_try(struct kafka_rig *rig, const char *bootstrap, const char *rows,
                  struct hg_why *why) {
    *rig = (struct kafka_rig){.up.on_complete = on_complete, .ops = hg_module_log_kafka.log};
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

struct hg_log_topic kafka_rig_wanted(const struct kafka_rig *rig, uint32_t id, const char *name) {
    const struct hg_conf *conf = rig->text.conf;
    const struct hg_conf_block *b = NULL;
    struct hg_log_topic topic;
    enum hg_topic_key key;
    while ((b = hg_log_settings_topic(conf, b, &topic, &key)) != NULL) {
        if (hg_slice_eq(topic.name, hg_slice_of(name))) {
            topic.id = id;
            return topic;
        }
    }
    return (struct hg_log_topic){.name = hg_slice_of(name),
                                 .id = id,
                                 .partitions = 1,
                                 .retention_ms = hg_log_settings(conf)->retention_ms,
                                 .conf = hg_conf_main(conf)};
}

void kafka_rig_reload(struct kafka_rig *rig, const char *rows) {
    conf_text_close(&rig->text);
    kafka_rig_conf(&rig->text, rows);
    conf_text_assert_good(&rig->text);
}

int kafka_rig_topic(struct kafka_rig *rig, uint32_t id, const char *name, struct hg_why *why) {
    const struct hg_log_topic topic = kafka_rig_wanted(rig, id, name);
    return rig->ops->topic_open(rig->state, &topic, why);
}

const char *kafka_rig_new_topic(struct kafka_rig *rig, uint32_t id) {
    struct hg_why why = {""};
    const char *name = kafka_rig_name(rig, id);
    int err = kafka_rig_topic(rig, id, name, &why);
    if (err != 0) {
        fail_msg("%s: %s", hg_err_text(err), why.text);
    }
    return name;
}

struct hg_event *kafka_rig_event(const char *id, const char *data, size_t len) {
    struct hg_event_builder *b = hg_event_builder_new();
    struct hg_event *e = NULL;
    const char *missing = NULL;
    assert_non_null(b);
    const char *const attrs[][2] = {
        {"specversion", "1.0"}, {"id", id}, {"source", "/test"}, {"type", "test.made"}};
    for (size_t i = 0; i < HG_COUNT(attrs); i++) {
        assert_int_equal(hg_event_builder_set(b, hg_slice_of(attrs[i][0]), hg_slice_of(attrs[i][1]),
                                              HG_ATTR_STRING),
                         0);
    }
    if (data != NULL) {
        hg_event_builder_data(b, HG_DATA_BINARY, (struct hg_slice){data, len});
    }
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), 0);
    hg_event_builder_free(&b);
    return e;
}

void kafka_try_begin(struct kafka_rig *rig, struct kafka_try *t) {
    *t = (struct kafka_try){.append = {.items = t->items, .refused = SIZE_MAX, .up = &rig->up}};
}

struct hg_append_item *kafka_try_add(struct kafka_try *t, uint32_t topic, const char *key,
                                     struct hg_event *event) {
    assert_true(t->append.n_items < RIG_ITEMS);
    struct hg_append_item *item = &t->items[t->append.n_items++];
    *item = (struct hg_append_item){
        .topic = topic, .record = {.event = event, .key = hg_slice_of(key)}, .err = 1};
    return item;
}

void kafka_try_send(struct kafka_rig *rig, struct kafka_try *t) {
    rig->ops->append(rig->state, &t->append);
    rig->ops->flush(rig->state);
}

int kafka_try_wait(struct kafka_try *t) {
    static const struct timespec pause = {.tv_nsec = 1000 * 1000};
    struct kafka_rig *rig = HG_CONTAINER(t->append.up, struct kafka_rig, up);
    for (int i = 0; !atomic_load(&t->is_done); i++) {
        rig->ops->flush(rig->state); /* as the log thread does with each answer */
        if (i > 40000) {
            fail_msg("no answer");
        }
        (void)nanosleep(&pause, NULL);
    }
    assert_int_equal(atomic_load(&t->n_answers), 1);
    for (size_t i = 0; i < t->append.n_items; i++) {
        if (t->items[i].record.event != NULL) {
            hg_event_unref(&t->items[i].record.event);
        }
    }
    return t->err;
}

int kafka_rig_append(struct kafka_rig *rig, uint32_t topic, const char *key, struct hg_event *event,
                     uint64_t *ret_offset) {
    struct kafka_try t;
    kafka_try_begin(rig, &t);
    (void)kafka_try_add(&t, topic, key, event);
    kafka_try_send(rig, &t);
    int err = kafka_try_wait(&t);
    if (ret_offset != NULL) {
        *ret_offset = t.items[0].record.offset;
    }
    return err;
}

size_t kafka_rig_read(const char *topic, kafka_rig_fn on_message, void *arg) {
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(
        rd_kafka_conf_set(conf, "bootstrap.servers", kafka_rig_bootstrap(), text, sizeof text),
        RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "group.id", "rig", text, sizeof text),
                     RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "enable.partition.eof", "true", text, sizeof text),
                     RD_KAFKA_CONF_OK);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    assert_non_null(rk);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    assert_int_equal(rd_kafka_assign(rk, list), 0);
    size_t n = 0;
    for (bool is_end = false; !is_end;) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 20000);
        assert_non_null(m);
        is_end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            n++;
            on_message(arg, m);
        }
        rd_kafka_message_destroy(m);
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    return n;
}
