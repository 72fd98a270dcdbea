/* SPDX-License-Identifier: MIT */
/*
 * eddy/chain.h - a chain: slices in a row (eddy/slice.h), to be written as one run of bytes without
 * being copied together: a header and a body, frames that wait for room.
 *
 *     error = eddy_chain_push_back(&self->out, &header);
 *     EDDY_POLL(n, eddy_io_poll_write_chain(self->io, task, &self->out));
 *
 * It is a struct in the caller's memory; all zero is an empty one that allocates by malloc(3). One that
 * is assigned has moved. A chain is used by one thread at a time. Not to be mistaken for
 * eddy_io_chain(), one byte stream behind another.
 */
#ifndef EDDY_CHAIN_H
#define EDDY_CHAIN_H

#include "eddy/io.h"
#include "eddy/slice.h"

EDDY_EXTERN_C_BEGIN

/** Slices in a row. Private members. */
typedef struct eddy_chain {
    eddy_allocator allocator; /* alloc NULL: malloc(3) */
    eddy_slice *places;       /* a ring */
    uint32_t room;            /* places, a power of two; 0: no memory yet */
    uint32_t first;
    uint32_t count;
    size_t len;
} eddy_chain;

/**
 * Make an empty chain.
 * @param self       chain
 * @param allocator  where the list of slices comes from, copied; NULL: malloc(3)
 * Thread: any. Allocates: no.
 */
EDDY_API void eddy_chain_init(eddy_chain *self, const eddy_allocator *allocator);

/**
 * Release all slices and the memory of the list.
 * @param self  chain; empty afterwards, and may be used again
 * Thread: any. Allocates: no.
 */
EDDY_API void eddy_chain_deinit(eddy_chain *self);

/**
 * Put a slice behind the others.
 * @param self   chain
 * @param slice  taken over, zeroed; still the caller's on error. An empty one is released at once
 * @return       0; -ENOMEM
 * Thread: any. Allocates: when there are more slices than ever before: doubling, from 8.
 */
EDDY_API int eddy_chain_push_back(eddy_chain *self, eddy_slice *slice);

/**
 * Put a slice before the others.
 * @param self   chain
 * @param slice  as for eddy_chain_push_back()
 * @return       0; -ENOMEM
 * Thread: any. Allocates: as eddy_chain_push_back().
 */
EDDY_API int eddy_chain_push_front(eddy_chain *self, eddy_slice *slice);

/**
 * Take the first slice off.
 * @param self  chain
 * @return      the slice, the caller's; an empty one when the chain is empty
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_slice eddy_chain_pop_front(eddy_chain *self);

/**
 * Drop bytes from the front.
 * @param self  chain
 * @param len   bytes, at most all (asserted)
 * Thread: any. Allocates: no.
 */
EDDY_API void eddy_chain_consume(eddy_chain *self, size_t len);

/**
 * All bytes, counted.
 * @param self  chain
 * @return      bytes
 * Thread: any. Allocates: no.
 */
EDDY_API size_t eddy_chain_len(const eddy_chain *self);

/**
 * All slices, counted; none of them is empty.
 * @param self  chain
 * @return      slices
 * Thread: any. Allocates: no.
 */
EDDY_API size_t eddy_chain_count(const eddy_chain *self);

/**
 * One of the slices.
 * @param self  chain
 * @param at    0 is the first; less than eddy_chain_count() (asserted)
 * @return      slice, borrowed until the chain is changed
 * Thread: any. Allocates: no.
 */
EDDY_API const eddy_slice *eddy_chain_at(const eddy_chain *self, size_t at);

/**
 * The bytes of the first slices, for eddy_io_poll_writev().
 * @param self   chain
 * @param parts  filled; valid until the chain is changed
 * @param max    how many there is room for
 * @return       how many were filled
 * Thread: any. Allocates: no.
 */
EDDY_API size_t eddy_chain_parts(const eddy_chain *self, eddy_bytes *parts, size_t max);

/**
 * Write all of a chain. Slices of more than EDDY_IO_WRITE_WHOLE bytes are handed over as buffers, not
 * copied, where the byte stream can do that; small ones are written together.
 * @param io    byte stream
 * @param task  current task
 * @param self  chain; what was accepted is consumed, so that a drop loses and repeats nothing
 * @return      0: all accepted, the chain is empty; EDDY_PENDING; errors as eddy_io_poll_write()
 * Dropping: what was accepted is delivered, the rest stays in the chain. Thread: loop. Allocates: as
 * the byte stream's writing does.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_io_poll_write_chain(eddy_io *io, eddy_task *task,
                                                             eddy_chain *self);

EDDY_EXTERN_C_END

#endif
