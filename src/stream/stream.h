/* SPDX-License-Identifier: MIT */
/*
 * stream.h - what sources and adaptors share: making a boxed stream, and the one to give instead.
 */
#ifndef EDDY__STREAM_H
#define EDDY__STREAM_H

#include "eddy/stream.h"
#include "reactor/core.h"

/* A boxed stream, zero but for its head; NULL: no memory, or the loop is gone: give
 * eddy__stream_failed(). */
void *eddy__stream_new(eddy_core *core, const eddy_stream_type *type, size_t item_bytes);
/* A static stream whose polls all return -ENOMEM or EDDY_LOOP_GONE. Consumers end at an error of it:
 * eddy__stream_is_failed(). */
eddy_stream *eddy__stream_failed(const eddy_core *core);

/* Does no poll of it give anything but one and the same error? */
static inline bool eddy__stream_is_failed(const eddy_stream *self)
{
    return (self->frame.state & EDDY__FUTURE_STATIC) != 0;
}

#endif
