/* SPDX-License-Identifier: MIT */
/*
 * eddy/slice.h - a slice: a range of reference-counted bytes (eddy/buf.h), as a value. Cutting one is
 * O(1) and copies nothing; appending to one is in place while nobody else refers to its memory, and a
 * copy otherwise: what one slice shows never changes because of another.
 *
 *     eddy_slice line = eddy_slice_split_to(&input, at + 1);
 *
 * It is not a string and not a builder of text. All zero is a valid slice: empty, without memory. Each
 * slice that a function returns or fills is given back by eddy_slice_release(); one that is assigned
 * has moved, and only one of the two is the slice from then on.
 *
 * A slice is used by one thread at a time; slices that share memory may be used by different ones. Out
 * of range is a mistake of the programmer (asserted). Queues of slices: eddy/chain.h.
 */
#ifndef EDDY_SLICE_H
#define EDDY_SLICE_H

#include "eddy/buf.h"

EDDY_EXTERN_C_BEGIN

/** The least that appending takes memory for, so that the next ones need none. */
#define EDDY_SLICE_ROOM 8192

/** A range of bytes; holds one reference. Private members: see eddy_slice_bytes(). */
typedef struct eddy_slice {
    eddy_buf *buf; /* NULL: no memory, and then it is empty */
    uint32_t from;
    uint32_t len;
    bool frozen;
} eddy_slice;

/* ---- making one ---- */

/**
 * An empty slice with room to append.
 * @param allocator  where memory comes from, copied; NULL: malloc(3)
 * @param room       bytes, up to 2^31 - 1; 0: EDDY_SLICE_ROOM
 * @param out        set to the slice; untouched on error
 * @return           0; -ENOMEM; -EMSGSIZE: too much room
 * Thread: any. Allocates: once. See: tokio_core EasyBuf::with_capacity
 */
EDDY_API int eddy_slice_new(const eddy_allocator *allocator, size_t room, eddy_slice *out);

/**
 * A slice of a copy of bytes.
 * @param allocator  where memory comes from, copied; NULL: malloc(3)
 * @param data       bytes, copied
 * @param len        bytes, up to 2^31 - 1; 0 gives an empty slice, without memory
 * @param out        set to the slice; untouched on error
 * @return           0; -ENOMEM; -EMSGSIZE: too many bytes
 * Thread: any. Allocates: once, as much as that.
 */
EDDY_API int eddy_slice_copy(const eddy_allocator *allocator, const void *data, size_t len,
                             eddy_slice *out);

/**
 * A slice of a buffer.
 * @param buf   buffer; the caller's reference is taken over
 * @param from  offset of the first byte
 * @param len   bytes; from + len within the buffer (asserted)
 * @return      the slice
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_slice eddy_slice_of_buf(eddy_buf *buf, size_t from, size_t len);

/**
 * One more slice of the same bytes.
 * @param self  slice, borrowed
 * @return      the other; frozen when this one is
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_slice eddy_slice_clone(const eddy_slice *self);

/**
 * Give a slice back; the last one of its memory frees that.
 * @param self  slice; zeroed, and may be used again
 * Thread: any. Allocates: no.
 */
EDDY_API void eddy_slice_release(eddy_slice *self);

/* ---- looking ---- */

/**
 * The bytes.
 * @param self  slice, borrowed
 * @return      bytes, valid until the slice is changed or released; data NULL only without memory
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_bytes eddy_slice_bytes(const eddy_slice *self);

/**
 * The buffer that the bytes lie in, for eddy_io_poll_write_buf().
 * @param self  slice, borrowed
 * @param from  set to the offset of the first byte
 * @return      buffer, borrowed; NULL: there is none, the slice is empty
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_buf *eddy_slice_buf(const eddy_slice *self, size_t *from);

/**
 * Are these the same bytes, wherever they lie?
 * @param a  slice
 * @param b  slice
 * @return   true when content and length are equal
 * Thread: any. Allocates: no.
 */
EDDY_API bool eddy_slice_equal(const eddy_slice *a, const eddy_slice *b);

/**
 * Which comes first, by unsigned bytes; of two that begin alike the shorter.
 * @param a  slice
 * @param b  slice
 * @return   < 0: a, 0: they are equal, > 0: b
 * Thread: any. Allocates: no.
 */
EDDY_API int eddy_slice_compare(const eddy_slice *a, const eddy_slice *b);

/**
 * Write a slice for a reader of logs: "3 of 8192 bytes: 61 62 63"; of more than ten bytes the first
 * ten and "...".
 * @param self  slice
 * @param text  memory
 * @param size  its bytes; the text is cut off and always ended by NUL; 0 writes nothing
 * @return      length of the whole text, without the NUL
 * Thread: any. Allocates: no.
 */
EDDY_API size_t eddy_slice_text(const eddy_slice *self, char *text, size_t size);

/* ---- cutting ---- */

/**
 * A part as a slice of its own.
 * @param self  slice; stays as it is
 * @param from  offset of the first byte, within the slice
 * @param len   bytes; from + len within the slice (asserted)
 * @return      the part; frozen when this one is
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_slice eddy_slice_sub(const eddy_slice *self, size_t from, size_t len);

/**
 * Cut in two: the slice keeps the front.
 * @param self  slice; keeps `at` bytes
 * @param at    bytes, at most all (asserted)
 * @return      the back
 * Thread: any. Allocates: no. See: tokio_core EasyBuf::split_off
 */
EDDY_API eddy_slice eddy_slice_split_off(eddy_slice *self, size_t at);

/**
 * Cut in two: the slice keeps the back.
 * @param self  slice; loses its first `at` bytes
 * @param at    bytes, at most all (asserted)
 * @return      the front
 * Thread: any. Allocates: no. See: tokio_core EasyBuf::drain_to
 */
EDDY_API eddy_slice eddy_slice_split_to(eddy_slice *self, size_t at);

/**
 * Drop bytes from the front.
 * @param self  slice
 * @param len   bytes, at most all (asserted)
 * Thread: any. Allocates: no.
 */
EDDY_API void eddy_slice_advance(eddy_slice *self, size_t len);

/**
 * Drop bytes from the back.
 * @param self  slice
 * @param len   bytes to keep, at most all (asserted)
 * Thread: any. Allocates: no.
 */
EDDY_API void eddy_slice_truncate(eddy_slice *self, size_t len);

/* ---- writing ---- */

/**
 * Put bytes behind. In place when nobody else refers to the memory and there is room behind the
 * bytes, or before them at least as much as they are; else they are copied to memory of their own,
 * with room for twice as many or EDDY_SLICE_ROOM.
 * @param self  slice; not frozen (asserted)
 * @param data  bytes; not in memory that this slice alone refers to (asserted)
 * @param len   bytes; 0 does nothing
 * @return      0; -ENOMEM; -EMSGSIZE: it would be longer than 2^31 - 1: on error nothing has changed
 * Thread: any. Allocates: as said, from where its memory came from; one without memory: malloc(3).
 */
EDDY_API int eddy_slice_append(eddy_slice *self, const void *data, size_t len);

/**
 * Have room behind the bytes, to be filled and then taken in by eddy_slice_extend().
 * @param self  slice; not frozen (asserted)
 * @param more  bytes
 * @param room  set to the first byte behind, of at least `more` that may be written until the slice is
 *              used otherwise; untouched on error
 * @return      as eddy_slice_append()
 * Thread: any. Allocates: as eddy_slice_append().
 */
EDDY_API int eddy_slice_reserve(eddy_slice *self, size_t more, unsigned char **room);

/**
 * Take in bytes that were written behind.
 * @param self  slice whose memory nobody else refers to (asserted)
 * @param len   bytes, at most the room there is (asserted)
 * Thread: any. Allocates: no.
 */
EDDY_API void eddy_slice_extend(eddy_slice *self, size_t len);

/**
 * Make the bytes the slice's own, to be changed in place: without copying when nobody else refers to
 * the memory; else to new memory, of EDDY_SLICE_ROOM bytes or as many as there are.
 * @param self  slice; not frozen (asserted)
 * @return      the bytes, as many as the slice has; NULL: no memory, and nothing has changed, or the
 *              slice is empty and has none
 * Thread: any. Allocates: when it copies. See: tokio_core EasyBuf::get_mut, Into<Vec>
 */
EDDY_API unsigned char *eddy_slice_own(eddy_slice *self);

/**
 * Writing is over: neither this slice nor what is cut or cloned from it can be appended to or changed
 * any more (asserted).
 * @param self  slice
 * Thread: any. Allocates: no.
 */
EDDY_API void eddy_slice_freeze(eddy_slice *self);

EDDY_EXTERN_C_END

#endif
