/* SPDX-License-Identifier: Apache-2.0 */
/* death.c - signals by name, and what each is likely to mean here. */
#include "server/death.h"

#include <signal.h>
#include <sys/wait.h>

#define OF_OURS "a fault of the gateway or of a module; keep the core and the error log"

static const struct meaning {
    int signo;
    const char *name, *text;
} meanings[] = {
    /* The event log is read through memory: what the disk does not give, or a
     * page points at beyond the file's end, comes as this. */
    {SIGBUS, "SIGBUS",
     "a page of the event log could not be read: its files are damaged or cut short, or the disk "
     "fails; see dmesg, then move the event log away and put back a backup"},
    {SIGKILL, "SIGKILL", "somebody's kill, or the kernel's for lack of memory; see dmesg"},
    {SIGSEGV, "SIGSEGV", OF_OURS},
    {SIGABRT, "SIGABRT", OF_OURS},
    {SIGILL, "SIGILL", OF_OURS},
    {SIGFPE, "SIGFPE", OF_OURS},
    {SIGSYS, "SIGSYS", "a system call that is forbidden where the gateway runs"},
};

void hg_death_print(int status, struct hg_buf *out) {
    if (!WIFSIGNALED(status)) {
        hg_buf_printf(out, "exit status %d", WEXITSTATUS(status));
        return;
    }
    for (size_t i = 0; i < HG_COUNT(meanings); i++) {
        if (meanings[i].signo == WTERMSIG(status)) {
            hg_buf_printf(out, "killed by %s: %s", meanings[i].name, meanings[i].text);
            return;
        }
    }
    hg_buf_printf(out, "killed by signal %d", WTERMSIG(status));
}
