/* SPDX-License-Identifier: Apache-2.0 */
/* descriptors.c - the limit of open files. */
#include "server/descriptors.h"

#include <sys/resource.h>

size_t hg_descriptors_raise(size_t need) {
    struct rlimit now, want;
    if (getrlimit(RLIMIT_NOFILE, &now) != 0) {
        return 0;
    }
    want = now;
    want.rlim_cur = now.rlim_cur < need ? need : now.rlim_cur;
    want.rlim_max = now.rlim_max < want.rlim_cur ? want.rlim_cur : now.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &want) != 0) {
        now.rlim_cur = now.rlim_max;
        setrlimit(RLIMIT_NOFILE, &now);
    }
    return getrlimit(RLIMIT_NOFILE, &now) == 0 ? (size_t)now.rlim_cur : 0;
}
