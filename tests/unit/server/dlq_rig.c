/* SPDX-License-Identifier: Apache-2.0 */
/* dlq_rig.c - letters put into the log, and somebody who asks for them. */
#include "unit/server/dlq_rig.h"

#include <arpa/inet.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static uint32_t add_topic(struct dlq_rig *r, const char *name, uint32_t partitions) {
    struct hg_log_topic topic = {.name = hg_slice_of(name), .partitions = partitions};
    struct hg_why why = {""};
    uint32_t id = 0;
    assert_int_equal(hg_log_topic(r->log.log, &topic, &id, &why), 0);
    return id;
}

void dlq_open(struct dlq_rig *r) {
    dlq_open_parts(r, 1);
}

void dlq_open_parts(struct dlq_rig *r, uint32_t partitions) {
    struct hg_why why = {""};
    *r = (struct dlq_rig){.sockets = {.is_owner = true}};
    rig_open(&r->rig);
    rig_write(&r->rig, "role anonymous { publish demo.**; }",
              "location = /in { authenticate none; accept cloudevents; publish demo.events; "
              "dead_letter on; }");
    rig_plan(&r->rig, &r->plan);
    assert_int_equal(hg_sockets_open(&r->sockets, r->plan.site, r->plan.server->admin, 1, &why), 0);
    assert_int_equal(hg_admin_site(&r->admin, r->plan.conf, r->plan.server->admin, &r->site, &why),
                     0);
    assert_int_equal(hg_crew_init(&r->crew, 1, r->rig.registry), 0);
    rig_log_open_crew(&r->log, &r->crew);
    add_topic(r, "demo.events", 1);
    r->topic = add_topic(r, "demo.events.dlq", partitions);
    r->admin.log = r->log.log;
    r->admin.site = r->plan.site;
    r->admin.phase = HG_PHASE_SERVING;
    assert_int_equal(hg_crew_start(&r->crew, r->log.log, 1 << 20), 0);
    assert_int_equal(hg_crew_open_admin(&r->crew, r->site, &r->sockets), 0);
}

void dlq_close(struct dlq_rig *r) {
    hg_crew_shut(&r->crew);
    rig_log_close(&r->log);
    hg_crew_fini(&r->crew);
    assert_int_equal(r->admin.n_dlq, 0);
    hg_site_unref(&r->site);
    hg_sockets_fini(&r->sockets);
    hg_plan_fini(&r->plan);
    rig_close(&r->rig);
}

/* One append from the loop, waited for by the test. */
struct put {
    struct hg_publish p; /* first */
    struct hg_publish_item item;
    struct hg_log *log;
    sem_t is_over;
};

static void on_put(struct hg_publish *p, int err, size_t at) {
    struct put *put = (struct put *)p;
    (void)at;
    assert_int_equal(err, 0);
    sem_post(&put->is_over);
}

static void append(struct hg_lane *lane, void *arg) {
    struct put *put = arg;
    (void)lane;
    put->p = (struct hg_publish){.items = &put->item, .n_items = 1, .done = on_put};
    assert_int_equal(hg_log_append(put->log, &put->p), 0);
}

static struct hg_event *letter_of(const char *path, const char *content_type, const char *id,
                                  const char *body) {
    struct hg_event_builder *b = hg_event_builder_new();
    struct hg_event *e = NULL;
    const char *missing;
    hg_event_builder_set(b, HG_SLICE("specversion"), HG_SLICE("1.0"), HG_ATTR_STRING);
    hg_event_builder_set(b, HG_SLICE("id"), hg_slice_of(id), HG_ATTR_STRING);
    hg_event_builder_set(b, HG_SLICE("source"), hg_slice_of(path), HG_ATTR_STRING);
    hg_event_builder_set(b, HG_SLICE("type"), HG_SLICE("headgate.deadletter"), HG_ATTR_STRING);
    hg_event_builder_set(b, HG_SLICE("datacontenttype"), hg_slice_of(content_type), HG_ATTR_STRING);
    hg_event_builder_data(b, HG_DATA_BINARY, hg_slice_of(body));
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), 0);
    hg_event_builder_free(&b);
    return e;
}

void dlq_put(struct dlq_rig *r, const char *path, const char *content_type, const char *id,
             const char *body) {
    const struct hg_record_header headers[] = {
        {HG_SLICE("hg_reason"), HG_SLICE("json-invalid")},
        {HG_SLICE("hg_principal"), HG_SLICE("ada")},
        {HG_SLICE("hg_ce-specversion"), HG_SLICE("1.0")},
        {HG_SLICE("hg_ce-type"), HG_SLICE("t")},
        {HG_SLICE("hg_ce-source"), HG_SLICE("/s")},
        {HG_SLICE("hg_ce-id"), hg_slice_of(id)},
    };
    char name[16];
    struct put put = {.log = r->log.log};
    snprintf(name, sizeof(name), "letter-%zu", r->n_letters);
    assert_int_equal(sem_init(&put.is_over, 0, 0), 0);
    put.item = (struct hg_publish_item){.topic = r->topic,
                                        .event = letter_of(path, content_type, name, body),
                                        .owner = 7,
                                        .is_dedup_off = true,
                                        .headers = headers,
                                        .n_headers = id != NULL ? HG_COUNT(headers) : 2};
    hg_lane_call(&r->crew.lanes[0], append, &put);
    while (sem_wait(&put.is_over) != 0) {
    }
    sem_destroy(&put.is_over);
    hg_event_unref(&put.item.event);
    assert_true(r->n_letters < DLQ_LETTERS_MAX);
    hg_position_format(&put.item.position, r->positions[r->n_letters++]);
}

static int dial(unsigned port) {
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    return fd;
}

int dlq_ask(struct dlq_rig *r, const char *path, const char *body) {
    char text[sizeof(r->answer)];
    size_t len = 0;
    ssize_t n;
    int fd = dial(r->rig.admin), status = 0;
    int sent = snprintf(text, sizeof(text),
                        "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                        body != NULL ? "POST" : "GET", path, body != NULL ? strlen(body) : 0,
                        body != NULL ? body : "");
    assert_int_equal(send(fd, text, (size_t)sent, MSG_NOSIGNAL), sent);
    while ((n = recv(fd, text + len, sizeof(text) - 1 - len, 0)) > 0) {
        len += (size_t)n;
    }
    close(fd);
    text[len] = 0;
    const char *end = strstr(text, "\r\n\r\n");
    snprintf(r->answer, sizeof(r->answer), "%s", end != NULL ? end + 4 : "");
    return sscanf(text, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

int dlq_ask_of(struct dlq_rig *r, const char *path, const char *format, size_t i) {
    char body[256];
    const char *at = strstr(format, "%s");
    assert_non_null(at);
    snprintf(body, sizeof(body), "%.*s%s%s", (int)(at - format), format, r->positions[i], at + 2);
    return dlq_ask(r, path, body);
}

size_t dlq_n_said(const struct dlq_rig *r) {
    size_t n = 0;
    for (size_t i = 0; i < r->n_letters; i++) {
        n += dlq_said(r, r->positions[i]);
    }
    return n;
}

bool dlq_token(const struct dlq_rig *r, const char *name, char *out, size_t out_bytes) {
    char member[32];
    snprintf(member, sizeof(member), "\"%s\":\"", name);
    const char *at = strstr(r->answer, member);
    if (at == NULL) {
        return false;
    }
    at += strlen(member);
    snprintf(out, out_bytes, "%.*s", (int)strcspn(at, "\""), at);
    return true;
}

bool dlq_said(const struct dlq_rig *r, const char *part) {
    return strstr(r->answer, part) != NULL;
}
