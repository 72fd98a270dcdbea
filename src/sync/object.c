/* SPDX-License-Identifier: MIT */
/*
 * object.c - see object.h.
 */
#include "sync/object.h"

#include <errno.h>

#include "base/alloc.h"

enum { ALIGNMENT = 16 };

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static eddy__sync *new_local(eddy_core *core, const char *name, size_t size)
{
    eddy__sync *self;

    eddy__core_check_here(core, name);
    self = core->gone ? NULL : eddy__slab_alloc(&core->slab, size);
    if (self == NULL)
        return NULL;
    eddy__core_memory_retain(core);
    self->core = core;
    self->size_bytes = size;
    return self;
}

static eddy__sync *new_shared(const eddy_allocator *allocator, size_t size)
{
    size_t full = aligned(size) + sizeof(eddy__sync_shared);
    eddy__sync *self = eddy__calloc(allocator, full);

    if (self == NULL)
        return NULL;
    self->shared = (eddy__sync_shared *)(void *)((char *)self + aligned(size));
    self->shared->allocator = *allocator;
    eddy__mutex_init(&self->shared->mutex);
    self->size_bytes = full;
    return self;
}

void *eddy__sync_new(eddy_handle *handle, const eddy_allocator *allocator, const char *name,
                     size_t size, int *error)
{
    eddy__sync *self = handle != NULL ? new_local(handle->core, name, size)
                                      : new_shared(eddy__allocator_or_malloc(allocator), size);

    *error = 0;
    if (self != NULL)
        self->name = name;
    else
        *error = handle != NULL && handle->core->gone ? EDDY_LOOP_GONE : -ENOMEM;
    return self;
}

void eddy__sync_free(eddy__sync *self)
{
    eddy_core *core = self->core;
    eddy_allocator allocator;

    if (self->shared == NULL) {
        eddy__core_object_free(core, self, self->size_bytes);
        eddy__core_memory_release(core);
        return;
    }
    allocator = self->shared->allocator;
    eddy__mutex_deinit(&self->shared->mutex);
    eddy__free(&allocator, self, self->size_bytes);
}

void *eddy__sync_alloc(eddy__sync *self, size_t size)
{
    if (self->shared != NULL)
        return eddy__alloc(&self->shared->allocator, size);
    return self->core->gone ? NULL : eddy__slab_alloc(&self->core->slab, size);
}

void eddy__sync_release(eddy__sync *self, void *memory, size_t size)
{
    if (memory == NULL)
        return;
    if (self->shared != NULL)
        eddy__free(&self->shared->allocator, memory, size);
    else
        eddy__core_object_free(self->core, memory, size);
}
