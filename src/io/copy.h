/* SPDX-License-Identifier: MIT */
/*
 * copy.h - what a copy one way and one both ways share.
 */
#ifndef EDDY__IO_COPY_H
#define EDDY__IO_COPY_H

#include "eddy/io_copy.h"

/* Bits of a struct eddy_copy's state. */
enum {
    EDDY__COPY_FILLED = 1 << 0, /* bytes are in view, to be forwarded */
    EDDY__COPY_UNSENT = 1 << 1, /* something was written and not flushed */
    EDDY__COPY_ENDED = 1 << 2,  /* `from` has; all of it was forwarded */
    EDDY__COPY_OVER = 1 << 3,   /* both ways: `to` was shut down, too */
};

/* Pass bytes on until `from` ends. 0: so it has, at every later call too; EDDY_PENDING; an error, and
 * `failed` says whose. */
eddy_result eddy__copy_poll_end(struct eddy_copy *self, eddy_task *task);
/* What the stream has told is the result; if it is an error, it is noted as the stream's. */
eddy_result eddy__copy_told(struct eddy_copy *self, eddy_io *stream, eddy_result result);

#endif
