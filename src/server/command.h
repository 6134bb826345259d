/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - how a shell speaks to the running master: its pid file and the
 * unix socket beside it, PID_PATH.sock, one word in, one text out. */
#ifndef HG_SERVER_COMMAND_H
#define HG_SERVER_COMMAND_H

#include "headgate/buf.h"

/* Is there room for the path of a socket beside this pid file? */
bool hg_command_fits(struct hg_slice pid_path);
/* The master's side: a listening socket, or -1 with why. */
int hg_command_listen(struct hg_slice pid_path, struct hg_why *why);
/* Accept one caller and read its word; the descriptor to answer on, or -1. */
int hg_command_accept(int listen_fd, char word[16]);
/* Answer and hang up: empty text means well done. */
void hg_command_answer(int fd, struct hg_slice text);
void hg_command_unlink(struct hg_slice pid_path);

/* Those who wait for one answer. */
enum { HG_CALLERS_MAX = 16 };

struct hg_callers {
    int fds[HG_CALLERS_MAX];
    size_t n;
};

/* Takes fd; one too many is told so and hung up on. */
void hg_callers_add(struct hg_callers *c, int fd);
void hg_callers_answer(struct hg_callers *c, struct hg_slice text);
/* All of from are among those of to. */
void hg_callers_move(struct hg_callers *to, struct hg_callers *from);

/* The shell's side: 0 when the answer is empty, else 1 and the answer on
 * standard error; 1 when no master is there, or says nothing within
 * timeout_ms. */
int hg_command_send(struct hg_slice pid_path, const char *word, int64_t timeout_ms);

/* The pid file. HG_EEXIST: a gateway answers at the socket beside it. HG_EIO:
 * why. */
int hg_command_write_pid(struct hg_slice pid_path, struct hg_why *why);

#endif
