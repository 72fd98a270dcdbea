/* SPDX-License-Identifier: MIT */
/*
 * file.h - an open file: a descriptor and the pool on which it is used, counted by its user and by
 * each operation that has not ended.
 */
#ifndef EDDY__POOL_FILE_H
#define EDDY__POOL_FILE_H

#include "eddy/file.h"
#include "pool/pool.h"

struct eddy_file {
    eddy_pool *pool; /* one reference to its memory */
    int fd;
    eddy__atomic_u32 refs;
};

/* Takes over the descriptor; NULL: no memory, and it is closed. */
eddy_file *eddy__file_new(eddy_pool *pool, int fd);
eddy_file *eddy__file_retain(eddy_file *self);
/* The last one closes it. 0, or what close said. */
int eddy__file_release(eddy_file *self);

#endif
