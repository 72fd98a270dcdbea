/* SPDX-License-Identifier: MIT */
/*
 * tcp_ring.c - the buffer of one direction: bytes, first in, first out. It doubles when it is too
 * small and gives its memory back when it is empty, so that ten thousand idle connections cost
 * none. How much it may hold is its owner's business.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/tcp.h"

enum { FIRST_BYTES = 1024 };

static size_t at(const eddy__sim_ring *self, size_t offset)
{
    return (self->first + offset) & (self->size - 1); /* a power of two */
}

static int grow(eddy__sim_ring *self, const eddy_allocator *allocator, size_t need)
{
    eddy__sim_ring bigger = {.size = FIRST_BYTES, .used = self->used};

    while (bigger.size < need)
        bigger.size *= 2;
    bigger.bytes = eddy__alloc(allocator, bigger.size);
    if (bigger.bytes == NULL)
        return -ENOMEM;
    eddy__sim_ring_copy(self, 0, bigger.bytes, self->used);
    eddy__sim_ring_free(self, allocator);
    *self = bigger;
    return 0;
}

int eddy__sim_ring_put(eddy__sim_ring *self, const eddy_allocator *allocator, const void *data,
                       size_t len)
{
    size_t end, before_wrap;

    if (len == 0)
        return 0;
    if (self->used + len > self->size && grow(self, allocator, self->used + len) != 0)
        return -ENOMEM;
    end = at(self, self->used);
    before_wrap = self->size - end < len ? self->size - end : len;
    memcpy(self->bytes + end, data, before_wrap);
    if (len > before_wrap)
        memcpy(self->bytes, (const unsigned char *)data + before_wrap, len - before_wrap);
    self->used += len;
    return 0;
}

void eddy__sim_ring_copy(const eddy__sim_ring *self, size_t offset, void *memory, size_t len)
{
    size_t start, before_wrap;

    if (len == 0)
        return;
    start = at(self, offset);
    before_wrap = self->size - start < len ? self->size - start : len;
    memcpy(memory, self->bytes + start, before_wrap);
    if (len > before_wrap)
        memcpy((unsigned char *)memory + before_wrap, self->bytes, len - before_wrap);
}

void eddy__sim_ring_drop(eddy__sim_ring *self, const eddy_allocator *allocator, size_t len)
{
    if (len == 0)
        return;
    self->first = at(self, len);
    self->used -= len;
    if (self->used == 0)
        eddy__sim_ring_free(self, allocator);
}

void eddy__sim_ring_free(eddy__sim_ring *self, const eddy_allocator *allocator)
{
    eddy__free(allocator, self->bytes, self->size);
    *self = (eddy__sim_ring){0};
}
