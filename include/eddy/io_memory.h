/* SPDX-License-Identifier: MIT */
/*
 * eddy/io_memory.h - two byte streams that are connected to each other in memory: for tests of whatever
 * takes an eddy_io, with the splits and the delays that a network makes, at will; and to connect two
 * tasks of one loop.
 *
 *     error = eddy_io_memory_pair(handle, EDDY_OPTIONS(eddy_io_memory_options, .split_bytes = 1), &a, &b);
 *
 * What one end writes the other reads, both ways; no descriptor and no system call. It is the reference
 * of the trait: a byte stream of your own that differs from it is wrong, or says where. No pipe between
 * loops or threads: see eddy/channel.h for that.
 */
#ifndef EDDY_IO_MEMORY_H
#define EDDY_IO_MEMORY_H

#include "eddy/core.h"
#include "eddy/io.h"

EDDY_EXTERN_C_BEGIN

/** Both directions of a pair. Zero means the default. */
typedef struct eddy_io_memory_options {
    size_t size_bytes; /* sizeof(eddy_io_memory_options) */
    size_t
        room_bytes; /* so many unread bytes, and a write waits until no more than half of them are
                           left; the most that fill can be asked for; 64 KiB. Exceeded by at most one write
                           of EDDY_IO_WRITE_WHOLE or one buffer */
    size_t
        split_bytes; /* bytes arrive in pieces of so many: a view ends where a piece does, unless fill
                           asks for more; 0: all at once */
    const size_t
        *splits; /* the same by a list of lengths, from its beginning again at its end; borrowed
                             as long as the pair; each > 0 */
    size_t splits_count; /* 0: no list */
    size_t (*next_split)(
        void *arg);  /* the same by a function; 0 is all that is there. NULL: none */
    void *split_arg; /* handed to next_split */
    int64_t
        delay_ns; /* bytes, and the end, arrive so much later, by the loop's clock; rounded up to its
                         ticks, and a little more when many writes are under way. 0: at once */
} eddy_io_memory_options;

/**
 * Make two connected byte streams. At one, see eddy/io.h for each: a shutdown is seen behind the bytes
 * that were written before; so is eddy_io_free(), and what the other then writes gets -EPIPE, as what
 * it had written and was not read is lost. eddy_io_abort() throws away what has not arrived yet: the
 * other reads what has, then -ECONNRESET for ever; a write of its gets -ECONNRESET once, then -EPIPE.
 * A buffer that is written is copied.
 * @param handle   loop of both
 * @param options  NULL for all defaults                      borrowed for the call
 * @param a        set to one end, owned by the caller; untouched on error
 * @param b        set to the other
 * @return         0; -EINVAL: options of an unknown size or a negative delay; -ENOMEM, EDDY_LOOP_GONE
 * Reading waits as "memory: read", writing as "memory: write". Without memory for its bytes a write
 * returns -ENOMEM, and may be tried again.
 * Thread: loop. Allocates: from the loop's slab: the pair, and room for bytes as they come, kept.
 * See: socketpair(2)
 */
EDDY_API int eddy_io_memory_pair(eddy_handle *handle, const eddy_io_memory_options *options,
                                 eddy_io **a, eddy_io **b);

/**
 * Break the connection, as a network does: bytes that have not arrived are lost. Both ends read what
 * has, then the error, for ever; a write gets the error once, then -EPIPE.
 * @param end    one of a pair (asserted)
 * @param error  what is told, < 0 and not EDDY_PENDING (asserted), for instance -ECONNRESET
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_io_memory_break(eddy_io *end, eddy_result error);

EDDY_EXTERN_C_END

#endif
