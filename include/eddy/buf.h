/* SPDX-License-Identifier: MIT */
/*
 * eddy/buf.h - reference-counted bytes: write once, then queue the same memory on many streams
 * without copying it (eddy_tcp_poll_write_buf()).
 *
 * The count may be changed from any thread; the bytes are written by whoever made the buffer,
 * before it is shared, and are read-only from then on. Ranges of one, and appending: eddy/slice.h.
 */
#ifndef EDDY_BUF_H
#define EDDY_BUF_H

#include "eddy/alloc.h"
#include "eddy/base.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_buf eddy_buf;

/**
 * Make a buffer of `len` bytes, not initialised, with one reference.
 * @param allocator  where memory comes from, copied; NULL: malloc(3)
 * @param len        bytes, 1 .. 2^31 - 1
 * @return           the buffer, owned by the caller; NULL when memory is out or `len` is out of
 * range
 * Thread: any. Allocates: once.
 */
EDDY_API eddy_buf *eddy_buf_new(const eddy_allocator *allocator, size_t len);

/**
 * The bytes, to be filled before the buffer is shared.
 * @param self  buffer, borrowed
 * @return      eddy_buf_len() bytes, valid as long as a reference is held
 * Thread: any. Allocates: no.
 */
EDDY_API unsigned char *eddy_buf_data(eddy_buf *self);

/**
 * How many bytes the buffer has.
 * @param self  buffer, borrowed
 * @return      bytes
 * Thread: any. Allocates: no.
 */
EDDY_API size_t eddy_buf_len(const eddy_buf *self);

/**
 * Take one more reference.
 * @param self  buffer, borrowed
 * @return      the same buffer
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_buf *eddy_buf_retain(eddy_buf *self);

/**
 * Give one reference back; the last one frees the memory.
 * @param self  buffer; NULL does nothing
 * Thread: any. Allocates: no.
 */
EDDY_API void eddy_buf_release(eddy_buf *self);

/**
 * Does the caller's reference keep it alone? Then nobody else sees the bytes: they may be written again.
 * @param self  buffer, of which the caller holds a reference
 * @return      true: there is no other reference; it stays so until the caller makes one
 * Thread: any. Allocates: no.
 */
EDDY_API bool eddy_buf_is_unique(const eddy_buf *self);

EDDY_EXTERN_C_END

#endif
