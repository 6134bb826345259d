/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/server/rig.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"

enum { DEADLINE_MS = 10000, LOOK_EVERY_MS = 5 };

static const char conf[] = "worker_threads 2;\n"
                           "pid %s/pid;\n"
                           "error_log %s/errors info;\n"
                           "admin 127.0.0.1:%u;\n"
                           "load_module log_embedded;\n"
                           "load_module source_cloudevents;\n"
                           "load_module hello;\n"
                           "event_log embedded %s/events;\n"
                           "authenticate none;\n"
                           "role anonymous { publish demo.*; }\n"
                           "%s\n"
                           "server {\n"
                           "    listen 127.0.0.1:%u;\n"
                           "    %s\n"
                           "    location = /events { accept cloudevents; publish demo.events; }\n"
                           "    location = /hello { hello there; }\n"
                           "}\n";

unsigned rig_free_port(void) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    close(fd);
    return ntohs(in.sin_port);
}

void rig_open(struct rig *rig) {
    *rig = (struct rig){.port = rig_free_port()};
    do {
        rig->admin = rig_free_port();
    } while (rig->admin == rig->port);
    snprintf(rig->dir, sizeof(rig->dir), "/tmp/hg-server-XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    snprintf(rig->conf_path, sizeof(rig->conf_path), "%s/test.conf", rig->dir);
    rig->args = (struct hg_server_args){rig->conf_path, TEST_MODULES};
    rig->registry = hg_registry_new(TEST_MODULES);
    assert_non_null(rig->registry);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
    (void)st, (void)flag, (void)ftw;
    return remove(path);
}

void rig_close(struct rig *rig) {
    hg_registry_free(&rig->registry);
    nftw(rig->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void rig_write_raw(const struct rig *rig, const char *text) {
    rig_put_file(rig, "test.conf", text);
}

void rig_write(const struct rig *rig, const char *main_text, const char *server_text) {
    char text[16384];
    int n = snprintf(text, sizeof(text), conf, rig->dir, rig->dir, rig->admin, rig->dir, main_text,
                     rig->port, server_text);
    assert_true(n > 0 && (size_t)n < sizeof(text));
    rig_write_raw(rig, text);
}

const char *rig_path(const struct rig *rig, const char *name) {
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", rig->dir, name);
    return path;
}

void rig_put_file(const struct rig *rig, const char *name, const char *text) {
    int fd = open(rig_path(rig, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

char *rig_read_file(const char *path) {
    size_t len = 0, cap = 1 << 20;
    char *text = malloc(cap + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;
    assert_true(fd >= 0 && text != NULL);
    while (len < cap && (n = read(fd, text + len, cap - len)) > 0) {
        len += (size_t)n;
    }
    close(fd);
    text[len] = 0;
    return text;
}

void rig_plan(const struct rig *rig, struct hg_plan *ret) {
    struct hg_buf errors = {0};
    if (hg_plan_read(&rig->args, rig->registry, ret, &errors) != 0) {
        fail_msg("%.*s", HG_FMT(hg_buf_slice(&errors)));
    }
    hg_buf_fini(&errors);
}

void rig_log_open(struct rig_log *l, struct hg_loop **loops, unsigned n) {
    struct hg_why why = {""};
    fake_log_init(&l->fake);
    struct hg_log_setup setup = {.driver = &fake_log_ops,
                                 .open = fake_log_open(&l->fake),
                                 .loops = loops,
                                 .n_loops = n,
                                 .on_tail = hg_lane_on_tail,
                                 .dedup_window_ms = 60000,
                                 .dedup_max = 1000,
                                 .queue_bytes_max = 1 << 20,
                                 .readers = 1};
    assert_int_equal(hg_log_start(&setup, &l->log, &why), 0);
}

void rig_log_open_crew(struct rig_log *l, const struct hg_crew *crew) {
    struct hg_loop *loops[8];
    for (unsigned i = 0; i < crew->n; i++) {
        loops[i] = crew->lanes[i].loop;
    }
    rig_log_open(l, loops, crew->n);
}

void rig_log_close(struct rig_log *l) {
    hg_log_stop(&l->log);
    fake_log_fini(&l->fake);
}

static int dial(unsigned port) {
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = DEADLINE_MS / 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&in, sizeof(in)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool rig_connects(unsigned port) {
    int fd = dial(port);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

int rig_get(unsigned port, const char *path, char body[4096]) {
    char text[65536];
    size_t len = 0;
    ssize_t n;
    int fd = dial(port), status = 0;
    if (fd < 0) {
        return 0;
    }
    int sent =
        snprintf(text, sizeof(text),
                 "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n", path, port);
    assert_int_equal(send(fd, text, (size_t)sent, MSG_NOSIGNAL), sent);
    while ((n = recv(fd, text + len, sizeof(text) - 1 - len, 0)) > 0) {
        len += (size_t)n;
    }
    close(fd);
    text[len] = 0;
    const char *end = strstr(text, "\r\n\r\n");
    if (body != NULL) {
        snprintf(body, 4096, "%s", end != NULL ? end + 4 : "");
    }
    return sscanf(text, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

size_t rig_descriptors(void) {
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;
    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        n++;
    }
    closedir(dir);
    return n;
}

void rig_until(rig_condition is_met, void *arg) {
    int64_t deadline = hg_clock_mono_ms() + DEADLINE_MS;
    while (!is_met(arg)) {
        assert_true(hg_clock_mono_ms() < deadline);
        poll(NULL, 0, LOOK_EVERY_MS);
    }
}

int rig_in_child(int (*fn)(void *arg), void *arg) {
    int status;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(fn(arg));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct capture {
    int (*fn)(void *arg);
    void *arg;
    const char *path;
};

static int run_captured(void *arg) {
    struct capture *c = arg;
    int fd = open(c->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    int status = c->fn(c->arg);
    fflush(NULL);
    return status;
}

int rig_capture(int (*fn)(void *arg), void *arg, char **ret_text) {
    char path[] = "/tmp/hg-server-out-XXXXXX";
    close(mkstemp(path));
    struct capture c = {fn, arg, path};
    int status = rig_in_child(run_captured, &c);
    *ret_text = rig_read_file(path);
    unlink(path);
    return status;
}
