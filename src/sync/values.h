/* SPDX-License-Identifier: MIT */
/*
 * values.h - items that several look at, counted: each lies in memory of its own, which is used
 * again. For watch and broadcast. The hooks run without the lock, on a value that nobody else has
 * any more, or that stays as long as it is being copied.
 */
#ifndef EDDY__SYNC_VALUES_H
#define EDDY__SYNC_VALUES_H

#include "sync/object.h"

typedef struct eddy__value {
    struct eddy__value *next; /* of those that are to be retired, or are spare */
    uint32_t refs;
    _Alignas(16) unsigned char item[];
} eddy__value;

typedef struct eddy__values {
    eddy__sync *sync;
    size_t item_bytes;
    void (*copy_item)(void *arg, void *to, const void *from);
    void (*drop_item)(void *arg, void *item);
    void *arg;
    eddy__value *spare; /* memory to be used again */
    uint32_t spares, spares_max;
} eddy__values;

/* A value with the item's bytes and one reference; NULL: no memory. Not under the lock. */
eddy__value *eddy__value_new(eddy__values *self, const void *item);
/* Forget one that was never shown to anybody: the item is the caller's still. Not under the
 * lock. */
void eddy__value_forget(eddy__values *self, eddy__value *value);
/* Give a reference back, under the lock; the last one puts it in front of *retired. */
void eddy__value_release(eddy__value *value, eddy__value **retired);
/* Destroy the items of a chain of values, keep or free their memory. Not under the lock. */
void eddy__values_retire(eddy__values *self, eddy__value *retired);
/* Make a copy of an item to which a reference is held. Not under the lock. */
void eddy__value_copy(const eddy__values *self, const eddy__value *value, void *to);
/* All values were released; frees what is spare. */
void eddy__values_deinit(eddy__values *self);

static inline eddy__value *eddy__value_of(const void *item)
{
    return EDDY__CONTAINER((uintptr_t)item, eddy__value, item);
}

#endif
