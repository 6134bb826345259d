/* SPDX-License-Identifier: Apache-2.0 */
/* test_produce.c - what is acknowledged is there, as others read it. */
#include "modules/log_kafka/other.h"

#include <stdio.h>
#include <time.h>

struct found {
    size_t n;
    int64_t offsets[16], times[16];
    char ids[16][16];
    char values[16][16];
    bool has_value[16];
};

static void on_message(void *arg, const rd_kafka_message_t *m) {
    struct found *f = arg;
    rd_kafka_headers_t *headers = NULL;
    const void *id = NULL;
    size_t len = 0;
    rd_kafka_timestamp_type_t type;
    assert_true(f->n < HG_COUNT(f->offsets));
    f->offsets[f->n] = m->offset;
    f->times[f->n] = rd_kafka_message_timestamp(m, &type);
    f->has_value[f->n] = m->payload != NULL;
    memcpy(f->values[f->n], m->payload != NULL ? m->payload : "", m->len < 16 ? m->len : 15);
    if (rd_kafka_message_headers(m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_header_get_last(headers, "ce_id", &id, &len) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        memcpy(f->ids[f->n], id, len < 16 ? len : 15);
    }
    f->n++;
}

static void an_append_is_answered_with_where_and_when_it_is(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct kafka_try t;
    struct found found = {0};
    kafka_rig_open(&rig, "");
    const char *name = kafka_rig_new_topic(&rig, 0);
    kafka_try_begin(&rig, &t);
    (void)kafka_try_add(&t, 0, "k", kafka_rig_event("1", "one", 3));
    (void)kafka_try_add(&t, 0, "k", kafka_rig_event("2", "two", 3));
    (void)kafka_try_add(&t, 0, "k", kafka_rig_event("3", "three", 5));
    kafka_try_send(&rig, &t);
    assert_int_equal(kafka_try_wait(&t), 0);
    assert_int_equal(kafka_rig_read(name, on_message, &found), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(t.items[i].err, 0);
        assert_int_equal(t.items[i].record.offset, i);
        assert_int_equal(found.offsets[i], i);
        assert_int_equal(found.times[i], t.items[i].record.log_time_ms);
        assert_int_equal(found.ids[i][0], '1' + (int)i);
    }
    assert_string_equal(found.values[2], "three");
    kafka_rig_close(&rig);
}

static void a_structured_event_is_one_json_text(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct found found = {0};
    kafka_rig_open(&rig, "kafka_content_mode structured;");
    const char *name = kafka_rig_new_topic(&rig, 0);
    assert_int_equal(kafka_rig_append(&rig, 0, "", kafka_rig_event("1", "one", 3), NULL), 0);
    assert_int_equal(kafka_rig_read(name, on_message, &found), 1);
    assert_memory_equal(found.values[0], "{\"specversion\":", 14);
    kafka_rig_close(&rig);
}

static void what_is_too_large_is_named_and_nothing_of_its_append_is_sent(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct kafka_try t;
    struct found found = {0};
    kafka_rig_open(&rig, "");
    const char *name = kafka_rig_new_topic(&rig, 0);
    size_t limit = kafka_topic(rig.state, 0)->max_message_bytes;
    char *large = hg_alloc(limit);
    kafka_try_begin(&rig, &t);
    (void)kafka_try_add(&t, 0, "", kafka_rig_event("1", "one", 3));
    (void)kafka_try_add(&t, 0, "", kafka_rig_event("2", large, limit));
    kafka_try_send(&rig, &t);
    assert_int_equal(kafka_try_wait(&t), HG_E2BIG);
    assert_int_equal(t.append.refused, 1);
    assert_int_equal(t.items[0].err, HG_E2BIG);
    assert_int_equal(kafka_rig_append(&rig, 0, "", kafka_rig_event("3", large, limit - 600), NULL),
                     0);
    hg_free(large);
    assert_int_equal(kafka_rig_read(name, on_message, &found), 1);
    assert_string_equal(found.ids[0], "3");
    kafka_rig_close(&rig);
}

/* ----- the largest that is taken ----- */

enum { SMALL_LIMIT = 20000 };

/* A record as it lies in the topic, to be written again by another client. */
struct copy {
    char *value;
    size_t len;
    rd_kafka_headers_t *headers;
};

static void on_last(void *arg, const rd_kafka_message_t *m) {
    struct copy *c = arg;
    rd_kafka_headers_t *headers = NULL;
    if (c->headers != NULL) {
        rd_kafka_headers_destroy(c->headers);
    }
    assert_int_equal(rd_kafka_message_headers(m, &headers), RD_KAFKA_RESP_ERR_NO_ERROR);
    c->headers = rd_kafka_headers_copy(headers);
    c->len = m->len;
    memcpy(c->value, m->payload, m->len);
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    (void)rk;
    *(int *)opaque = m->err;
}

/* What the broker says to it, as it is and uncompressed, with so many bytes more. */
static int write_again(const char *topic, const struct copy *c, size_t more) {
    static const char *const settings[][2] = {{"bootstrap.servers", NULL},
                                              {"compression.codec", "none"},
                                              {"message.max.bytes", "1000000"}};
    char text[256];
    int err = RD_KAFKA_RESP_ERR__IN_PROGRESS;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < HG_COUNT(settings); i++) {
        const char *value = settings[i][1] != NULL ? settings[i][1] : kafka_rig_bootstrap();
        assert_int_equal(rd_kafka_conf_set(conf, settings[i][0], value, text, sizeof text),
                         RD_KAFKA_CONF_OK);
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_conf_set_opaque(conf, &err);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    assert_non_null(rk);
    rd_kafka_resp_err_t rc = rd_kafka_producev(
        rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
        RD_KAFKA_V_VALUE(c->value, c->len + more), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_HEADERS(rd_kafka_headers_copy(c->headers)), RD_KAFKA_V_END);
    assert_int_equal(rc, RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_flush(rk, 20000), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(rk);
    return err;
}

static struct hg_event *event_of(const char *data, size_t len, size_t id_len) {
    char id[] = "12345678";
    id[id_len] = '\0';
    return kafka_rig_event(id, data, len);
}

/* 0 or HG_E2BIG: a refusal by the broker would be something else. */
static bool is_taken(struct kafka_rig *rig, const char *data, size_t len, size_t id_len) {
    int err = kafka_rig_append(rig, 0, "", event_of(data, len, id_len), NULL);
    assert_true(err == 0 || err == HG_E2BIG);
    return err == 0;
}

/* What fits alone fits behind another one as well: it is in a batch of its own. */
static void write_beside(struct kafka_rig *rig, const char *data, size_t len, size_t id_len) {
    struct kafka_try t;
    kafka_try_begin(rig, &t);
    (void)kafka_try_add(&t, 0, "", kafka_rig_event("small", "x", 1));
    (void)kafka_try_add(&t, 0, "", event_of(data, len, id_len));
    kafka_try_send(rig, &t);
    assert_int_equal(kafka_try_wait(&t), 0);
}

/* In steps that structured mode writes as four characters; then byte by byte. */
static void write_largest(struct kafka_rig *rig, const char *data) {
    size_t good = 0, bad = SMALL_LIMIT / 3, id_len = 1;
    while (bad - good > 1) {
        size_t middle = (good + bad) / 2;
        bool fits = is_taken(rig, data, 3 * middle, 1);
        good = fits ? middle : good;
        bad = fits ? bad : middle;
    }
    assert_true(is_taken(rig, data, 3 * good, 1));
    while (id_len < 8 && is_taken(rig, data, 3 * good, id_len + 1)) {
        id_len++;
    }
    assert_true(id_len < 5);
    write_beside(rig, data, 3 * good, id_len);
}

static void one_byte_decides_and_the_broker_draws_the_same_line(void **state) {
    static const char *const rows[] = {
        "kafka_property compression.codec none;",
        "kafka_property compression.codec lz4;",
        "kafka_property compression.codec none; kafka_content_mode structured;",
        "kafka_property compression.codec lz4; kafka_content_mode structured;",
    };
    static const char *const settings[] = {"max.message.bytes", "20000", NULL};
    char data[SMALL_LIMIT], value[SMALL_LIMIT + 8];
    uint32_t noise = 1; /* which no compression makes smaller */
    (void)state;
    for (size_t k = 0; k < sizeof data; k++) {
        noise = noise * 1664525 + 1013904223;
        data[k] = (char)(noise >> 24);
    }
    for (size_t i = 0; i < HG_COUNT(rows); i++) {
        struct other o = {0};
        struct kafka_rig rig;
        struct copy last = {.value = value};
        other_open(&o, NULL);
        other_make(&o, 1, settings);
        other_rig_with(&o, &rig, rows[i]);
        write_largest(&rig, data);
        assert_true(kafka_rig_read(o.topic, on_last, &last) > 0);
        assert_int_equal(write_again(o.topic, &last, 0), 0);
        assert_int_equal(write_again(o.topic, &last, 1), RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        rd_kafka_headers_destroy(last.headers);
        kafka_rig_close(&rig);
        other_delete(&o);
        other_close(&o);
    }
}

/* A batch of the client's is one piece to the broker. */
static void what_fits_alone_is_taken_however_much_comes_at_once(void **state) {
    (void)state;
    enum { MANY = 100, BYTES = 1024 };
    static const char *const settings[] = {"max.message.bytes", "20000", NULL};
    struct other o = {0};
    struct kafka_rig rig;
    struct kafka_try *tries = hg_alloc(MANY * sizeof(struct kafka_try));
    char data[BYTES], id[8];
    uint32_t noise = 1; /* which no compression makes smaller */
    other_open(&o, NULL);
    other_make(&o, 1, settings);
    other_rig(&o, &rig);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < MANY; i++) {
            for (size_t k = 0; k < BYTES; k++) {
                noise = noise * 1664525 + 1013904223;
                data[k] = (char)(noise >> 24);
            }
            (void)snprintf(id, sizeof id, "%u.%u", round, i);
            kafka_try_begin(&rig, &tries[i]);
            (void)kafka_try_add(&tries[i], 0, "k", kafka_rig_event(id, data, BYTES));
            kafka_try_send(&rig, &tries[i]);
        }
        for (unsigned i = 0; i < MANY; i++) {
            assert_int_equal(kafka_try_wait(&tries[i]), 0);
            assert_int_equal(tries[i].items[0].record.offset, round * MANY + i);
        }
    }
    hg_free(tries);
    kafka_rig_close(&rig);
    other_delete(&o);
    other_close(&o);
}

/* What comes while others are under way waits for them, and for nothing else. */
static void many_at_once_are_stored_in_the_order_they_came(void **state) {
    (void)state;
    enum { MANY = 2000 };
    struct kafka_rig rig;
    struct kafka_try *tries = hg_alloc(MANY * sizeof(struct kafka_try));
    size_t most = 0;
    kafka_rig_open(&rig, "");
    (void)kafka_rig_new_topic(&rig, 0);
    struct kafka *k = rig.state;
    kafka_lanes_of(&k->line->lanes, 0, 0)->answer_us = 30 * 1000; /* a slow cluster */
    for (size_t i = 0; i < MANY; i++) {
        kafka_try_begin(&rig, &tries[i]);
        (void)kafka_try_add(&tries[i], 0, "k", kafka_rig_event("x", "1", 1));
        if (i >= MANY / 2 && i % 50 == 49) { /* several in one append; nothing waits behind it */
            (void)kafka_try_add(&tries[i], 0, "k", kafka_rig_event("y", "2", 1));
        }
        kafka_try_send(&rig, &tries[i]);
        most += k->line->lanes.listed != NULL;
        if (i % 100 == 99) {
            (void)nanosleep(&(struct timespec){.tv_nsec = 1000 * 1000}, NULL);
        }
    }
    assert_true(most > 0); /* some waited */
    uint64_t next = 0;
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(kafka_try_wait(&tries[i]), 0);
        for (size_t n = 0; n < tries[i].append.n_items; n++) {
            assert_int_equal(tries[i].items[n].record.offset, next++);
        }
    }
    assert_null(k->line->lanes.listed);
    hg_free(tries);
    kafka_rig_close(&rig);
}

static void a_partition_that_is_not_there_is_refused(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct kafka_try t;
    kafka_rig_open(&rig, "");
    (void)kafka_rig_new_topic(&rig, 0);
    kafka_try_begin(&rig, &t);
    kafka_try_add(&t, 0, "", kafka_rig_event("1", "one", 3))->partition = 99;
    kafka_try_send(&rig, &t);
    assert_int_equal(kafka_try_wait(&t), HG_EAGAIN);
    assert_int_equal(kafka_rig_append(&rig, 5, "", kafka_rig_event("1", "one", 3), NULL),
                     HG_EINVAL);
    kafka_rig_close(&rig);
}

static void an_event_without_data_removes_no_key_unless_that_is_wanted(void **state) {
    (void)state;
    static const char *const rows[] = {"", "kafka_tombstones on;"};
    static const int wanted[] = {HG_EINVAL, 0};
    for (int i = 0; i < 2; i++) {
        struct kafka_rig rig;
        struct hg_why why = {""};
        struct found found = {0};
        kafka_rig_open(&rig, rows[i]);
        const struct hg_log_topic topic = {.name = hg_slice_of(kafka_rig_name(&rig, 0)),
                                           .is_compacted = true};
        assert_int_equal(rig.ops->topic_open(rig.state, &topic, &why), 0);
        assert_int_equal(kafka_rig_append(&rig, 0, "k", kafka_rig_event("1", NULL, 0), NULL),
                         wanted[i]);
        assert_int_equal(kafka_rig_append(&rig, 0, "", kafka_rig_event("1", "x", 1), NULL),
                         HG_EINVAL); /* without a key */
        assert_int_equal(kafka_rig_append(&rig, 0, "k", kafka_rig_event("2", "", 0), NULL), 0);
        size_t n = kafka_rig_read(topic.name.ptr, on_message, &found);
        assert_int_equal(n, i + 1);
        assert_true(found.has_value[n - 1]); /* empty is not null */
        kafka_rig_close(&rig);
    }
}

int test_produce(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_append_is_answered_with_where_and_when_it_is),
        cmocka_unit_test(a_structured_event_is_one_json_text),
        cmocka_unit_test(what_is_too_large_is_named_and_nothing_of_its_append_is_sent),
        cmocka_unit_test(one_byte_decides_and_the_broker_draws_the_same_line),
        cmocka_unit_test(what_fits_alone_is_taken_however_much_comes_at_once),
        cmocka_unit_test(many_at_once_are_stored_in_the_order_they_came),
        cmocka_unit_test(a_partition_that_is_not_there_is_refused),
        cmocka_unit_test(an_event_without_data_removes_no_key_unless_that_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
