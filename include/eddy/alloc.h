/* SPDX-License-Identifier: MIT */
/*
 * eddy/alloc.h - where eddy gets its memory: a pair of functions and their argument.
 *
 * A loop copies the pair when it is made and goes through it for everything it allocates from then
 * on. Running out of memory is an ordinary error (-ENOMEM), never an abort. This is not a pool:
 * what the loop uses often it keeps in slabs of its own, so the pair is called rarely.
 */
#ifndef EDDY_ALLOC_H
#define EDDY_ALLOC_H

#include "eddy/base.h"

EDDY_EXTERN_C_BEGIN

/**
 * Memory for a loop and all that belongs to it. Both functions must be thread-safe: what threads
 * share with a loop is freed by the last of them to let go, whichever it is.
 *
 * alloc(size, arg) returns `size` bytes (size > 0), aligned for any type, or NULL when there are
 * none; their content does not matter.
 * free(memory, size, arg) takes back what alloc returned, with the size it was asked for; memory is
 * never NULL.
 */
typedef struct eddy_allocator {
    void *(*alloc)(size_t size, void *arg);
    void (*free)(void *memory, size_t size, void *arg);
    void *arg;
} eddy_allocator;

EDDY_EXTERN_C_END

#endif
