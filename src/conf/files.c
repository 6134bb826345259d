/* SPDX-License-Identifier: Apache-2.0 */
/* files.c - the files a configuration is made of, as a set of named bytes.
 *
 * Three kinds of names: a path, "env:NAME" for a variable, "glob:PATTERN" for
 * the sorted matches of a pattern, each ended by a 0. The worker, which reads
 * no disk, so sees exactly what the master saw. Knows no grammar. */
#include "conf/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_BYTES_MAX = 16 << 20,
    SET_BYTES_MAX = 128 << 20,
    READ_BYTES = 64 << 10,
    PACK_VERSION = 1,
};

struct entry {
    struct entry *next; /* in the order of first use */
    struct hg_slice name, bytes;
    bool is_open_to_all;
    bool is_replaced; /* kept for whoever still holds its bytes */
    char room[];
};

struct hg_conf_files {
    bool may_read_disk;
    struct entry *first, **tail;
    struct hg_map by_name;
    size_t used_bytes;
    uint32_t n; /* entries that are not replaced */
};

struct hg_conf_files *hg_conf_files_new(bool may_read_disk) {
    struct hg_conf_files *f = hg_try_alloc(sizeof(*f));
    if (f != NULL) {
        f->may_read_disk = may_read_disk;
        f->tail = &f->first;
    }
    return f;
}

void hg_conf_files_free(struct hg_conf_files **pf) {
    struct hg_conf_files *f = *pf;
    if (f == NULL) {
        return;
    }
    hg_map_fini(&f->by_name);
    for (struct entry *e = f->first, *next; e != NULL; e = next) {
        next = e->next;
        /* Any of them may be a key. */
        explicit_bzero(e->room, e->name.len + 1 + e->bytes.len);
        hg_free(e);
    }
    hg_free(f);
    *pf = NULL;
}

static struct entry *find(const struct hg_conf_files *f, struct hg_slice name) {
    return hg_map_get(&f->by_name, name);
}

static int add(struct hg_conf_files *f, struct hg_slice name, struct hg_slice bytes,
               struct entry **ret) {
    if (bytes.len > FILE_BYTES_MAX || name.len > FILE_BYTES_MAX ||
        name.len + bytes.len > SET_BYTES_MAX - f->used_bytes) {
        return HG_E2BIG;
    }
    struct entry *e = hg_try_alloc(sizeof(*e) + name.len + bytes.len + 2);
    if (e == NULL) {
        return HG_ENOMEM;
    }
    e->name = (struct hg_slice){e->room, name.len};
    e->bytes = (struct hg_slice){e->room + name.len + 1, bytes.len};
    memcpy(e->room, name.ptr, name.len);
    if (bytes.len > 0) {
        memcpy(e->room + name.len + 1, bytes.ptr, bytes.len);
    }
    struct entry *old = find(f, name);
    /* Removed first: the map must not go on holding the old entry's name. */
    if (old != NULL) {
        hg_map_remove(&f->by_name, name);
        old->is_replaced = true;
        f->n--;
    }
    if (hg_map_put(&f->by_name, e->name, e) != 0) {
        hg_free(e);
        return HG_ENOMEM;
    }
    *f->tail = e;
    f->tail = &e->next;
    f->used_bytes += name.len + bytes.len;
    f->n++;
    *ret = e;
    return 0;
}

int hg_conf_files_put(struct hg_conf_files *f, struct hg_slice path, struct hg_slice bytes) {
    struct entry *e;
    return add(f, path, bytes, &e);
}

/* --- reading --- */

static int read_all(int fd, struct hg_buf *out) {
    for (;;) {
        if (hg_buf_reserve(out, READ_BYTES) != 0) {
            return out->len + READ_BYTES > out->max ? HG_E2BIG : HG_ENOMEM;
        }
        const ssize_t n = read(fd, out->ptr + out->len, READ_BYTES);
        if (n == 0) {
            return out->len > FILE_BYTES_MAX ? HG_E2BIG : 0;
        }
        if (n < 0 && errno != EINTR) {
            return HG_EIO;
        }
        out->len += n > 0 ? (size_t)n : 0;
    }
}

static int read_file(struct hg_conf_files *f, struct hg_slice path, struct entry **ret) {
    struct hg_buf bytes = {.max = FILE_BYTES_MAX + 2 * READ_BYTES};
    struct stat st;
    if (memchr(path.ptr, '\0', path.len) != NULL) {
        errno = ENOENT;
        return HG_ENOENT;
    }
    char *name = strndup(path.ptr, path.len);
    const int fd = name != NULL ? open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
    free(name);
    if (fd < 0) {
        return errno == ENOENT ? HG_ENOENT : HG_EIO;
    }
    int err = fstat(fd, &st) == 0 ? 0 : HG_EIO;
    if (err == 0 && st.st_size <= FILE_BYTES_MAX) {
        /* At once: a buffer that grew would leave copies of a key behind. */
        err = hg_buf_reserve(&bytes, (size_t)st.st_size + READ_BYTES);
    }
    if (err == 0) {
        err = read_all(fd, &bytes);
    }
    const int kept = errno;
    if (err == 0) {
        err = add(f, path, hg_buf_slice(&bytes), ret);
    }
    if (err == 0) {
        (*ret)->is_open_to_all = S_ISREG(st.st_mode) && (st.st_mode & S_IROTH) != 0;
    }
    if (bytes.ptr != NULL) {
        explicit_bzero(bytes.ptr, bytes.len);
    }
    hg_buf_fini(&bytes);
    close(fd);
    errno = kept;
    return err;
}

static int read_variable(struct hg_conf_files *f, struct hg_slice name, struct entry **ret) {
    const size_t skip = sizeof("env:") - 1;
    char *variable = strndup(name.ptr + skip, name.len - skip);
    const char *value = variable != NULL ? getenv(variable) : NULL;
    const int err = variable == NULL ? HG_ENOMEM
                    : value == NULL  ? HG_ENOENT
                                     : add(f, name, hg_slice_of(value), ret);
    free(variable);
    return err;
}

/* A folder that is not there matches nothing; one that cannot be read is a
 * fault, or a server would vanish from the configuration unnoticed. */
static int on_glob_error(const char *path, int error) {
    (void)path;
    return error != ENOENT && error != ENOTDIR;
}

static int compare_paths(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_matches(struct hg_conf_files *f, struct hg_slice name, struct entry **ret) {
    const size_t skip = sizeof("glob:") - 1;
    struct hg_buf list = {.max = FILE_BYTES_MAX};
    glob_t found = {0};
    char *pattern = strndup(name.ptr + skip, name.len - skip);
    /* Sorted here: glob would sort by the rules of the locale. */
    const int rc =
        pattern != NULL ? glob(pattern, GLOB_NOSORT, on_glob_error, &found) : GLOB_NOSPACE;
    const int kept = errno;
    int err = rc == 0 || rc == GLOB_NOMATCH ? 0 : rc == GLOB_NOSPACE ? HG_ENOMEM : HG_EIO;
    if (rc == 0) {
        qsort(found.gl_pathv, found.gl_pathc, sizeof(char *), compare_paths);
        for (size_t i = 0; i < found.gl_pathc; i++) {
            hg_buf_put(&list, found.gl_pathv[i], strlen(found.gl_pathv[i]) + 1);
        }
    }
    if (err == 0) {
        err = list.is_failed ? HG_E2BIG : add(f, name, hg_buf_slice(&list), ret);
    }
    globfree(&found);
    free(pattern);
    hg_buf_fini(&list);
    errno = kept;
    return err;
}

int hg_conf_files_get(struct hg_conf_files *f, struct hg_slice path, struct hg_slice *ret_bytes) {
    struct entry *e = find(f, path);
    int err = 0;
    if (e == NULL && !f->may_read_disk) {
        errno = ENOENT;
        return HG_ENOENT;
    }
    if (e == NULL) {
        err = hg_slice_starts(path, HG_SLICE("env:"))    ? read_variable(f, path, &e)
              : hg_slice_starts(path, HG_SLICE("glob:")) ? read_matches(f, path, &e)
                                                         : read_file(f, path, &e);
    }
    if (err == 0) {
        *ret_bytes = e->bytes;
    }
    return err;
}

bool hg_conf__files_is_open_to_all(const struct hg_conf_files *f, struct hg_slice path) {
    const struct entry *e = find(f, path);
    return e != NULL && e->is_open_to_all;
}

/* --- flat form: version, count, then name and bytes with their lengths --- */

static void put_u32(struct hg_buf *out, uint32_t v) {
    const unsigned char b[4] = {(unsigned char)v, (unsigned char)(v >> 8), (unsigned char)(v >> 16),
                                (unsigned char)(v >> 24)};
    hg_buf_put(out, b, sizeof(b));
}

static bool take_u32(struct hg_slice *in, uint32_t *ret) {
    if (in->len < 4) {
        return false;
    }
    const unsigned char *b = (const unsigned char *)in->ptr;
    *ret = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    in->ptr += 4;
    in->len -= 4;
    return true;
}

static bool take_bytes(struct hg_slice *in, struct hg_slice *ret) {
    uint32_t len;
    if (!take_u32(in, &len) || len > in->len) {
        return false;
    }
    *ret = (struct hg_slice){in->ptr, len};
    in->ptr += len;
    in->len -= len;
    return true;
}

int hg_conf_files_pack(const struct hg_conf_files *f, struct hg_buf *out) {
    put_u32(out, PACK_VERSION);
    put_u32(out, f->n);
    for (const struct entry *e = f->first; e != NULL; e = e->next) {
        if (!e->is_replaced) {
            put_u32(out, (uint32_t)e->name.len);
            hg_buf_put_slice(out, e->name);
            put_u32(out, (uint32_t)e->bytes.len);
            hg_buf_put_slice(out, e->bytes);
        }
    }
    return out->is_failed ? HG_ENOMEM : 0;
}

static int unpack_entry(struct hg_conf_files *f, struct hg_slice *packed) {
    struct hg_slice name, bytes;
    struct entry *e;
    if (!take_bytes(packed, &name) || !take_bytes(packed, &bytes) || find(f, name) != NULL) {
        return HG_EINVAL;
    }
    return add(f, name, bytes, &e);
}

int hg_conf_files_unpack(struct hg_slice packed, struct hg_conf_files **ret) {
    uint32_t version, n;
    if (!take_u32(&packed, &version) || version != PACK_VERSION || !take_u32(&packed, &n)) {
        return HG_EINVAL;
    }
    struct hg_conf_files *f = hg_conf_files_new(false);
    int err = f == NULL ? HG_ENOMEM : 0;
    for (uint32_t i = 0; err == 0 && i < n; i++) {
        err = unpack_entry(f, &packed);
    }
    if (err == 0 && packed.len > 0) {
        err = HG_EINVAL;
    }
    if (err != 0) {
        hg_conf_files_free(&f);
        return err;
    }
    *ret = f;
    return 0;
}
