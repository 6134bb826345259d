/* SPDX-License-Identifier: Apache-2.0 */
/* detach.h - going to the background, once it is known that all is well. */
#ifndef HG_SERVER_DETACH_H
#define HG_SERVER_DETACH_H

/* Fork. The parent never returns: it waits until the child calls
 * hg_detach_done, and exits with 0 then, with 1 when the child ends before;
 * so a start that fails says so on its terminal. The child is in a session of
 * its own; it gets the descriptor for hg_detach_done. Negative: HG_EIO. */
int hg_detach(void);
/* Let the parent go. */
void hg_detach_done(int fd);

/* Standard input, output and error lead to /dev/null. */
void hg_detach_silence(void);
/* A descriptor below 3 that is closed would be given to a socket or a log:
 * each is open when this returns. */
void hg_detach_fill_standard(void);

#endif
