/* SPDX-License-Identifier: Apache-2.0 */
/* principal.c - who is calling, as proved. Immutable once it is given away;
 * shared by reference between exchanges and streams of one loop or several. */
#include "right/right.h"

#include <stdatomic.h>

#include "base/hash.h"

enum { ROLES_MAX = 64 };

struct hg_principal {
    _Atomic uint32_t refs;
    uint32_t n_roles, cap_roles;
    struct hg_slice *roles;
    const char *how;
    struct hg_slice issuer;
    struct hg_slice id;
    int64_t expires_ms;
    uint64_t owner;
    char texts[]; /* of how, issuer and id, each with a 0 behind it */
};

/* Owners are written into the log, so the key is the same everywhere: what
 * keeps two owners apart is that a principal cannot choose its issuer. */
static const struct hg_hash_key owner_key = {0x68656164676174ULL, 0x6f776e6572ULL};

static struct hg_slice copy(char *to, struct hg_slice s) {
    if (s.len > 0) {
        memcpy(to, s.ptr, s.len);
    }
    to[s.len] = 0;
    return (struct hg_slice){to, s.len};
}

/* With its length before it, so that no text can look like the end of another. */
static void feed(struct hg_hash *h, struct hg_slice s) {
    uint64_t len = s.len;
    hg_hash_feed(h, &len, sizeof(len));
    hg_hash_feed(h, s.ptr, s.len);
}

static uint64_t hash_owner(const struct hg_principal *p) {
    struct hg_hash h;
    uint8_t out[16];
    uint64_t owner;
    hg_hash_begin(&h, &owner_key);
    feed(&h, hg_slice_of(p->how));
    feed(&h, p->issuer);
    feed(&h, p->id);
    hg_hash_end128(&h, out);
    memcpy(&owner, out, sizeof(owner));
    return owner;
}

struct hg_principal *hg_principal_new(const char *how, struct hg_slice issuer, struct hg_slice id,
                                      int64_t expires_ms) {
    size_t how_len = strlen(how);
    struct hg_principal *p = hg_try_alloc(sizeof(*p) + how_len + issuer.len + id.len + 3);
    if (p == NULL) {
        return NULL;
    }
    atomic_init(&p->refs, 1);
    p->how = copy(p->texts, (struct hg_slice){how, how_len}).ptr;
    p->issuer = copy(p->texts + how_len + 1, issuer);
    p->id = copy(p->texts + how_len + issuer.len + 2, id);
    p->expires_ms = expires_ms;
    p->owner = hash_owner(p);
    return p;
}

static int make_room(struct hg_principal *p) {
    if (p->n_roles == ROLES_MAX) {
        return HG_E2BIG;
    }
    if (p->n_roles < p->cap_roles) {
        return 0;
    }
    uint32_t cap = p->cap_roles > 0 ? p->cap_roles * 2 : 2;
    struct hg_slice *roles = hg_try_realloc(p->roles, cap * sizeof(*roles));
    if (roles == NULL) {
        return HG_ENOMEM;
    }
    p->roles = roles;
    p->cap_roles = cap;
    return 0;
}

int hg_principal_add_role(struct hg_principal *p, struct hg_slice role) {
    int err = make_room(p);
    char *bytes = err == 0 ? hg_try_alloc(role.len + 1) : NULL;
    if (err != 0 || bytes == NULL) {
        return err != 0 ? err : HG_ENOMEM;
    }
    p->roles[p->n_roles++] = copy(bytes, role);
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
    hg_free(p->roles);
    hg_free(p);
}

struct hg_slice hg_principal_id(const struct hg_principal *p) {
    return p->id;
}
const char *hg_principal_how(const struct hg_principal *p) {
    return p->how;
}
int64_t hg_principal_expires_ms(const struct hg_principal *p) {
    return p->expires_ms;
}
uint64_t hg_principal_owner(const struct hg_principal *p) {
    return p->owner;
}

bool hg_principal_has_role(const struct hg_principal *p, struct hg_slice role) {
    for (size_t i = 0; i < p->n_roles; i++) {
        if (hg_slice_eq(p->roles[i], role)) {
            return true;
        }
    }
    return false;
}

struct hg_principal *hg_principal_anonymous(void) {
    struct hg_principal *p = hg_principal_new("anonymous", HG_SLICE(""), HG_SLICE("anonymous"), 0);
    if (p != NULL && hg_principal_add_role(p, HG_SLICE("anonymous")) != 0) {
        hg_principal_unref(&p);
    }
    return p;
}
