/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - unit tests of src/fetch. */
#include "unit/fetch/tests.h"

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    return (test_fetch() | test_url() | test_link() | test_retry_after() | test_transfer() |
            test_client()) != 0;
}
