/* SPDX-License-Identifier: MIT */
/*
 * held.h - bytes that a byte stream keeps in memory of its own, one behind the other: put in at the
 * back, seen in one piece, taken off the front. The memory is the loop's, grows and never shrinks.
 */
#ifndef EDDY__HELD_H
#define EDDY__HELD_H

#include "reactor/core.h"

typedef struct eddy__held {
    unsigned char *memory;
    size_t room; /* of memory */
    size_t at;   /* where the first byte is */
    size_t len;
} eddy__held;

/* Have room for `more` bytes behind. False: no memory, nothing has changed. */
bool eddy__held_reserve(eddy__held *self, eddy_core *core, size_t more);
/* Put bytes into the room that was reserved. */
void eddy__held_append(eddy__held *self, const void *data, size_t len);
/* Take `len` bytes off the front, at most all. */
void eddy__held_consume(eddy__held *self, size_t len);
/* Also after the loop is gone. */
void eddy__held_free(eddy__held *self, eddy_core *core);

static inline eddy_bytes eddy__held_bytes(const eddy__held *self)
{
    return (eddy_bytes){self->memory == NULL ? NULL : self->memory + self->at, self->len};
}

#endif
