/* SPDX-License-Identifier: Apache-2.0 */
/* detach.c - the background, and the three standard descriptors. */
#include "server/detach.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "headgate/base.h"

static void wait_for_child(int fd) {
    char status = 1;
    if (read(fd, &status, 1) != 1) {
        status = 1; /* it ended before all was well */
    }
    _exit(status);
}

int hg_detach(void) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return HG_EIO;
    }
    pid_t pid = fork();
    if (pid < 0) {
        close(fds[0]);
        close(fds[1]);
        return HG_EIO;
    }
    if (pid > 0) {
        close(fds[1]);
        wait_for_child(fds[0]);
    }
    close(fds[0]);
    setsid();
    return fds[1];
}

void hg_detach_done(int fd) {
    char status = 0;
    ssize_t ignored = write(fd, &status, 1); /* nobody waits: nobody to tell */
    (void)ignored;
    close(fd);
    hg_detach_silence();
}

void hg_detach_silence(void) {
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int standard = 0; fd >= 0 && standard <= STDERR_FILENO; standard++) {
        dup2(fd, standard);
    }
    if (fd > STDERR_FILENO) {
        close(fd);
    }
}

void hg_detach_fill_standard(void) {
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        close(fd);
    }
}
