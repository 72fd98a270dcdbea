/* SPDX-License-Identifier: MIT */
/*
 * redis_store.h - keys and values in memory, with times at which they expire: a hash table of chains, one
 * block of memory per key. No I/O here, and no protocol.
 */
#ifndef EXAMPLES_REDIS_STORE_H
#define EXAMPLES_REDIS_STORE_H

#include <eddy/eddy.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* A key and its value, one behind the other. */
struct redis_entry {
    struct redis_entry *next; /* in its bucket */
    uint64_t hash;
    int64_t expires_ns; /* of the loop's clock; 0: never */
    uint32_t key_len, value_len, room;
    unsigned char bytes[];
};

struct redis_bucket {
    struct redis_entry *first;
};

struct redis_store {
    eddy_handle *handle; /* whose clock it is */
    struct redis_bucket *bucket;
    size_t buckets; /* a power of two; 0: none yet */
    size_t count;
    size_t expiring;  /* keys that have a time */
    size_t sweep;     /* the bucket that is looked at next for keys whose time is over */
    uint64_t seed[2]; /* nobody outside can make keys that all land in one bucket */
};

/* ---- hashing ---- */

static inline uint64_t redis_rotated(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void redis_sip_round(uint64_t *v)
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = redis_rotated(v[1], 13) ^ v[0];
    v[3] = redis_rotated(v[3], 16) ^ v[2];
    v[0] = redis_rotated(v[0], 32) + v[3];
    v[2] += v[1];
    v[1] = redis_rotated(v[1], 17) ^ v[2];
    v[3] = redis_rotated(v[3], 21) ^ v[0];
    v[2] = redis_rotated(v[2], 32);
}

static inline void redis_sip_word(uint64_t *v, uint64_t word)
{
    v[3] ^= word;
    redis_sip_round(v);
    v[0] ^= word;
}

/* SipHash-1-3: a weaker one lets anybody find keys of the same hash, whatever the seed. */
static inline uint64_t redis_hash(const struct redis_store *self, eddy_bytes key)
{
    const uint64_t *seed = self->seed;
    uint64_t v[] = {seed[0] ^ UINT64_C(0x736f6d6570736575), seed[1] ^ UINT64_C(0x646f72616e646f6d),
                    seed[0] ^ UINT64_C(0x6c7967656e657261), seed[1] ^ UINT64_C(0x7465646279746573)};
    uint64_t last = (uint64_t)key.len << 56, word;

    for (; key.len >= sizeof word; key.data += sizeof word, key.len -= sizeof word) {
        memcpy(&word, key.data, sizeof word);
        redis_sip_word(v, word);
    }
    for (size_t i = 0; i < key.len; i++)
        last |= (uint64_t)key.data[i] << (8 * i);
    redis_sip_word(v, last);
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        redis_sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- making ---- */

static inline void redis_store_init(struct redis_store *self, eddy_handle *handle)
{
    *self = (struct redis_store){.handle = handle};
    if (getrandom(self->seed, sizeof self->seed, 0) != sizeof self->seed)
        self->seed[0] = (uint64_t)eddy_now_ns(handle);
}

static inline void redis_store_clear(struct redis_store *self)
{
    for (size_t i = 0; i < self->buckets; i++) {
        while (self->bucket[i].first != NULL) {
            struct redis_entry *entry = self->bucket[i].first;

            self->bucket[i].first = entry->next;
            free(entry);
        }
    }
    self->count = self->expiring = 0;
}

static inline void redis_store_deinit(struct redis_store *self)
{
    redis_store_clear(self);
    free(self->bucket);
    self->bucket = NULL;
    self->buckets = 0;
}

/* Twice the buckets. Without memory the chains just grow longer. */
static inline void redis_store_grow(struct redis_store *self)
{
    size_t buckets = self->buckets > 0 ? 2 * self->buckets : 1024;
    struct redis_bucket *bucket = calloc(buckets, sizeof *bucket);

    if (bucket == NULL)
        return;
    for (size_t i = 0; i < self->buckets; i++) {
        struct redis_entry *next;

        for (struct redis_entry *entry = self->bucket[i].first; entry != NULL; entry = next) {
            struct redis_bucket *to = &bucket[entry->hash & (buckets - 1)];

            next = entry->next;
            entry->next = to->first;
            to->first = entry;
        }
    }
    free(self->bucket);
    self->bucket = bucket;
    self->buckets = buckets;
}

/* ---- looking ---- */

static inline eddy_bytes redis_value(const struct redis_entry *entry)
{
    return (eddy_bytes){entry->bytes + entry->key_len, entry->value_len};
}

static inline void redis_unlink(struct redis_store *self, struct redis_entry **at)
{
    struct redis_entry *entry = *at;

    *at = entry->next;
    self->count--;
    self->expiring -= entry->expires_ns != 0;
    free(entry);
}

static inline bool redis_is_over(const struct redis_store *self, const struct redis_entry *entry)
{
    return entry->expires_ns != 0 && entry->expires_ns <= eddy_now_ns(self->handle);
}

/* Where the key is linked, or NULL. One whose time is over is gone. */
static inline struct redis_entry **redis_find(struct redis_store *self, eddy_bytes key,
                                              uint64_t hash)
{
    struct redis_entry **at;

    if (self->buckets == 0)
        return NULL;
    at = &self->bucket[hash & (self->buckets - 1)].first;
    while (*at != NULL && ((*at)->hash != hash || (*at)->key_len != key.len ||
                           memcmp((*at)->bytes, key.data, key.len) != 0))
        at = &(*at)->next;
    if (*at == NULL)
        return NULL;
    if (redis_is_over(self, *at)) {
        redis_unlink(self, at);
        return NULL;
    }
    return at;
}

static inline struct redis_entry *redis_get(struct redis_store *self, eddy_bytes key)
{
    struct redis_entry **at = redis_find(self, key, redis_hash(self, key));

    return at != NULL ? *at : NULL;
}

/* ---- changing ---- */

static inline bool redis_delete(struct redis_store *self, eddy_bytes key)
{
    struct redis_entry **at = redis_find(self, key, redis_hash(self, key));

    if (at != NULL)
        redis_unlink(self, at);
    return at != NULL;
}

static inline void redis_expire(struct redis_store *self, struct redis_entry *entry,
                                int64_t expires_ns)
{
    self->expiring -= entry->expires_ns != 0;
    entry->expires_ns = expires_ns;
    self->expiring += expires_ns != 0;
}

static inline struct redis_entry *redis_entry_new(eddy_bytes key, uint64_t hash, size_t room)
{
    struct redis_entry *entry = malloc(sizeof *entry + key.len + room);

    if (entry == NULL)
        return NULL;
    *entry =
        (struct redis_entry){.hash = hash, .key_len = (uint32_t)key.len, .room = (uint32_t)room};
    memcpy(entry->bytes, key.data, key.len);
    return entry;
}

static inline struct redis_entry *redis_add(struct redis_store *self, eddy_bytes key, uint64_t hash,
                                            size_t room)
{
    struct redis_bucket *bucket;
    struct redis_entry *entry;

    if (self->count >= self->buckets)
        redis_store_grow(self);
    if (self->buckets == 0)
        return NULL;
    entry = redis_entry_new(key, hash, room);
    if (entry == NULL)
        return NULL;
    bucket = &self->bucket[hash & (self->buckets - 1)];
    entry->next = bucket->first;
    bucket->first = entry;
    self->count++;
    return entry;
}

/* An entry with more room in the place of one; it keeps its time. */
static inline struct redis_entry *redis_replace(struct redis_entry **at, eddy_bytes key,
                                                size_t room)
{
    struct redis_entry *entry = redis_entry_new(key, (*at)->hash, room);

    if (entry == NULL)
        return NULL;
    entry->next = (*at)->next;
    entry->expires_ns = (*at)->expires_ns;
    free(*at);
    *at = entry;
    return entry;
}

/* Set a value; the time stays as it is. NULL: no memory, and nothing has changed. The value may not lie
   in the store. */
static inline struct redis_entry *redis_set(struct redis_store *self, eddy_bytes key,
                                            eddy_bytes value)
{
    uint64_t hash = redis_hash(self, key);
    struct redis_entry **at = redis_find(self, key, hash);
    struct redis_entry *entry = at != NULL ? *at : NULL;

    if (entry == NULL)
        entry = redis_add(self, key, hash, value.len);
    else if (entry->room < value.len)
        entry = redis_replace(at, key, value.len);
    if (entry == NULL)
        return NULL;
    memcpy(entry->bytes + entry->key_len, value.data, value.len);
    entry->value_len = (uint32_t)value.len;
    return entry;
}

/* Look at some buckets for keys whose time is over, so that those nobody asks for go, too. */
static inline void redis_sweep(struct redis_store *self, size_t buckets)
{
    if (self->expiring == 0)
        return;
    if (buckets > self->buckets)
        buckets = self->buckets;
    while (buckets-- > 0) {
        struct redis_entry **at = &self->bucket[self->sweep++ & (self->buckets - 1)].first;

        while (*at != NULL) {
            if (redis_is_over(self, *at))
                redis_unlink(self, at);
            else
                at = &(*at)->next;
        }
    }
}

#endif
