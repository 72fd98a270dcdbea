/* SPDX-License-Identifier: MIT */
/*
 * buf.c - eddy_buf, the shared kind of block: counted with atomics, freed by whichever thread
 * lets go last. See eddy/buf.h, and block.h for the struct it is.
 */
#include "eddy/buf.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/block.h"

#include <stdatomic.h>

/* The bytes start on a cache line of their own. */
enum { BUF_HEADER = 64 };

_Static_assert(sizeof(eddy_buf) <= BUF_HEADER, "the header of a buffer fits its room");
_Static_assert(sizeof(_Atomic uint32_t) == sizeof(uint32_t), "the count is a plain word");

/* The count is a plain member because loop-owned blocks use it without atomics. */
static _Atomic uint32_t *buf_refs(eddy_buf *self)
{
    return (_Atomic uint32_t *)&self->refs;
}

eddy_buf *eddy_buf_new(const eddy_allocator *allocator, size_t len)
{
    const eddy_allocator *from = eddy__allocator_or_malloc(allocator);
    eddy_buf *self;

    if (len == 0 || len > INT32_MAX)
        return NULL;
    self = eddy__alloc(from, BUF_HEADER + len);
    if (self == NULL)
        return NULL;
    *self = (eddy_buf){.kind = EDDY__BLOCK_SHARED,
                       .size_bytes = (uint32_t)len,
                       .data = (unsigned char *)self + BUF_HEADER,
                       .of.allocator = *from};
    atomic_init(buf_refs(self), 1);
    return self;
}

unsigned char *eddy_buf_data(eddy_buf *self)
{
    return self->data;
}

size_t eddy_buf_len(const eddy_buf *self)
{
    return self->size_bytes;
}

eddy_buf *eddy_buf_retain(eddy_buf *self)
{
    /* Relaxed: whoever retains holds a reference, so the memory cannot go meanwhile. */
    uint32_t before = atomic_fetch_add_explicit(buf_refs(self), 1, memory_order_relaxed);

    EDDY_ASSERT(before != 0, "eddy_buf retained after its last reference was released");
    return self;
}

void eddy_buf_release(eddy_buf *self)
{
    eddy_allocator allocator;
    uint32_t before;

    if (self == NULL)
        return;
    /* Release pairs with the acquire of the same operation by the thread that lets go last: all
     * that others did with the bytes happened before it frees them. */
    before = atomic_fetch_sub_explicit(buf_refs(self), 1, memory_order_acq_rel);
    EDDY_ASSERT(before != 0, "eddy_buf released more often than retained");
    if (before != 1)
        return;
    allocator = self->of.allocator;
    eddy__free(&allocator, self, BUF_HEADER + (size_t)self->size_bytes);
}

bool eddy_buf_is_unique(const eddy_buf *self)
{
    /* Acquire pairs with the release of another thread's eddy_buf_release(): what it read of the
     * bytes it read before they are written again. */
    return atomic_load_explicit(buf_refs((eddy_buf *)(uintptr_t)self), memory_order_acquire) == 1;
}
