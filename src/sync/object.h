/* SPDX-License-Identifier: MIT */
/*
 * object.h - what every object of this layer begins with: whose it is, its memory, and its lock.
 *
 * An object made with a handle is of one loop: its memory is the loop's, locking it checks the
 * thread and nothing else. One made without is of all threads: its memory is an allocator's, and it
 * has a mutex. Under the lock there are only a few loads and stores and copies of items: no wake,
 * no hook, no allocator.
 */
#ifndef EDDY__SYNC_OBJECT_H
#define EDDY__SYNC_OBJECT_H

#include "eddy/alloc.h"
#include "reactor/core.h"
#include "sys/thread.h"

/* What only thread-safe ones have; it lies behind the object, in the same memory. */
typedef struct eddy__sync_shared {
    eddy__mutex mutex;
    eddy_allocator allocator;
} eddy__sync_shared;

/* First member of every object. */
typedef struct eddy__sync {
    const char *name;          /* of its type, for messages */
    eddy_core *core;           /* NULL: of all threads */
    eddy__sync_shared *shared; /* NULL: of one loop */
    size_t size_bytes;
} eddy__sync;

/* Zeroed memory of `size` bytes, its first member filled in; NULL: see *error (-ENOMEM,
 * EDDY_LOOP_GONE). `allocator` may be NULL, and does not matter with a handle. */
void *eddy__sync_new(eddy_handle *handle, const eddy_allocator *allocator, const char *name,
                     size_t size, int *error);
void eddy__sync_free(eddy__sync *self);

/* More memory for it, not initialised; NULL: none, or the loop is gone. Not under the lock. */
void *eddy__sync_alloc(eddy__sync *self, size_t size);
void eddy__sync_release(eddy__sync *self, void *memory, size_t size);

/* Once the loop is being freed, a thread that gives back what is left need not be the loop's. */
static inline void eddy__sync_lock(eddy__sync *self)
{
    if (self->shared != NULL)
        eddy__mutex_lock(&self->shared->mutex);
    else if (!self->core->gone)
        eddy__core_check_here(self->core, self->name);
}

static inline void eddy__sync_unlock(eddy__sync *self)
{
    if (self->shared != NULL)
        eddy__mutex_unlock(&self->shared->mutex);
}

#endif
