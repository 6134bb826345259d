/* SPDX-License-Identifier: Apache-2.0 */
/* principal.c - who is calling, as proved. Immutable once it is given away;
 * shared by reference between exchanges and streams of one loop or several. */
#include "right/right.h"

#include <stdatomic.h>

#include "base/hash.h"

enum { ROLES_MAX = 64 };

struct hg_principal {
    _Atomic uint32_t refs;
    const char *how;
    struct hg_slice issuer;
    struct hg_slice id;
    int64_t expires_ms;
    uint64_t owner;
    size_t n_roles;
    struct hg_slice roles[ROLES_MAX];
};

/* Owners are written into the log, so the key is the same everywhere: what
 * keeps two owners apart is that a principal cannot choose its issuer. */
static const struct hg_hash_key owner_key = {0x68656164676174ULL, 0x6f776e6572ULL};

static struct hg_slice copy(struct hg_slice s) {
    char *bytes = hg_try_alloc(s.len + 1);
    if (bytes == NULL) {
        return (struct hg_slice){NULL, 0};
    }
    if (s.len > 0) {
        memcpy(bytes, s.ptr, s.len);
    }
    return (struct hg_slice){bytes, s.len};
}

static uint64_t hash_owner(const struct hg_principal *p) {
    struct hg_hash h;
    uint8_t out[16];
    uint64_t owner;
    hg_hash_begin(&h, &owner_key);
    hg_hash_feed(&h, p->how, strlen(p->how) + 1);
    hg_hash_feed(&h, p->issuer.ptr, p->issuer.len + 1); /* the copies end in 0 */
    hg_hash_feed(&h, p->id.ptr, p->id.len + 1);
    hg_hash_end128(&h, out);
    memcpy(&owner, out, sizeof(owner));
    return owner;
}

struct hg_principal *hg_principal_new(const char *how, struct hg_slice issuer, struct hg_slice id,
                                      int64_t expires_ms) {
    struct hg_principal *p = hg_try_alloc(sizeof(*p));
    if (p == NULL) {
        return NULL;
    }
    atomic_store(&p->refs, 1);
    p->how = how;
    p->issuer = copy(issuer);
    p->id = copy(id);
    p->expires_ms = expires_ms;
    if (p->issuer.ptr == NULL || p->id.ptr == NULL) {
        hg_principal_unref(&p);
        return NULL;
    }
    p->owner = hash_owner(p);
    return p;
}

int hg_principal_add_role(struct hg_principal *p, struct hg_slice role) {
    if (p->n_roles == ROLES_MAX) {
        return HG_E2BIG;
    }
    struct hg_slice kept = copy(role);
    if (kept.ptr == NULL) {
        return HG_ENOMEM;
    }
    p->roles[p->n_roles++] = kept;
    return 0;
}

struct hg_principal *hg_principal_ref(struct hg_principal *p) {
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void hg_principal_unref(struct hg_principal **pp) {
    struct hg_principal *p = *pp;
    *pp = NULL;
    if (p == NULL || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < p->n_roles; i++) {
        hg_free((void *)p->roles[i].ptr);
    }
    hg_free((void *)p->issuer.ptr);
    hg_free((void *)p->id.ptr);
    hg_free(p);
}

struct hg_slice hg_principal_id(const struct hg_principal *p) { return p->id; }
const char *hg_principal_how(const struct hg_principal *p) { return p->how; }
uint64_t hg_principal_owner(const struct hg_principal *p) { return p->owner; }

bool hg_principal_has_role(const struct hg_principal *p, struct hg_slice role) {
    for (size_t i = 0; i < p->n_roles; i++) {
        if (hg_slice_eq(p->roles[i], role)) {
            return true;
        }
    }
    return false;
}

struct hg_principal *hg_principal_anonymous(void) {
    struct hg_principal *p =
        hg_principal_new("anonymous", HG_SLICE(""), HG_SLICE("anonymous"), 0);
    if (p != NULL && hg_principal_add_role(p, HG_SLICE("anonymous")) != 0) {
        hg_principal_unref(&p);
    }
    return p;
}
