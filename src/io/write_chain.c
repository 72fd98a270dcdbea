/* SPDX-License-Identifier: MIT */
/*
 * write_chain.c - writing a chain of slices to a byte stream. See eddy/chain.h.
 */
#include "base/assert.h"
#include "eddy/chain.h"

enum { PARTS_MAX = 16 };

/* The parts before the first large one. */
static size_t small_parts(const eddy_chain *chain, eddy_bytes *parts)
{
    size_t count = eddy_chain_parts(chain, parts, PARTS_MAX);
    size_t small = 0;

    while (small < count && parts[small].len <= EDDY_IO_WRITE_WHOLE)
        small++;
    return small;
}

static eddy_result write_some(eddy_io *io, eddy_task *task, const eddy_chain *chain)
{
    eddy_bytes parts[PARTS_MAX];
    size_t count = small_parts(chain, parts);
    eddy_buf *buf;
    size_t from;

    if (count > 0)
        return eddy_io_poll_writev(io, task, parts, count);
    buf = eddy_slice_buf(eddy_chain_at(chain, 0), &from);
    return eddy_io_poll_write_buf(io, task, buf, from, parts[0].len);
}

eddy_result eddy_io_poll_write_chain(eddy_io *io, eddy_task *task, eddy_chain *self)
{
    while (eddy_chain_len(self) > 0) {
        eddy_result written = write_some(io, task, self);

        if (written < 0)
            return written;
        EDDY_ASSERT(written > 0, "a %s stream has accepted 0 bytes of some", io->type->name);
        eddy_chain_consume(self, (size_t)written);
    }
    return 0;
}
