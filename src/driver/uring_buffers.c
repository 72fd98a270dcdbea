/* SPDX-License-Identifier: MIT */
/*
 * uring_buffers.c - the memory that io_uring receives into: a ring of buffers that the kernel
 * takes from, first in first out, made of the pool's blocks.
 *
 * Incremental rings (Linux 6.12): a buffer is a whole block, which the kernel fills end to end
 * with what arrives, of any number of streams. Each delivered slice holds a reference and so does
 * the kernel, until it says that the block is used up. Otherwise each receive uses up a buffer
 * however short it is, so blocks are cut into parts of 16 KB, a reference each.
 *
 * Used-up buffers are replaced at the next wait(), by blocks that the loop has given back meanwhile
 * and that are still in the cache, else by fresh ones: streams whose bytes nobody takes pin their
 * blocks and not the ring, until the pool's limit is reached. Then streams that find the
 * ring empty queue, and are armed again once a block has come back (uring_steps.c).
 *
 * All of the ring goes through the cache, however little is in flight. Therefore it starts small
 * and doubles when most of it was used within one wait(), up to 1 MB, or when it ran out, up to
 * 4 MB. Nothing is provided before the first stream is armed.
 */
#include "driver/uring.h"

#include <errno.h>
#include <sys/mman.h>

enum {
    PART_BYTES_MAX = 16 * 1024,
    PLAIN_PLACES = EDDY__URING_BUFFERS_MAX,
    PLAIN_FIRST = 16,
    PLAIN_LOW = 64,
    INCREMENTAL_PLACES = 64,
    INCREMENTAL_FIRST = 4,
    INCREMENTAL_LOW = 16,
    PLACES_BYTES = EDDY__URING_BUFFERS_MAX * sizeof(eddy__uring_buf),
};

int eddy__uring_buffers_init(eddy__uring *u, bool incremental)
{
    eddy__uring_buffers *self = &u->buffers;
    int error;

    self->incremental = incremental;
    self->places_n = incremental ? INCREMENTAL_PLACES : PLAIN_PLACES;
    self->target = incremental ? INCREMENTAL_FIRST : PLAIN_FIRST;
    self->target_low = incremental ? INCREMENTAL_LOW : PLAIN_LOW;
    while (self->idle_n < self->places_n) {
        self->idle[self->idle_n] = (uint16_t)(self->places_n - 1 - self->idle_n);
        self->idle_n++;
    }
    /* Whole pages: the kernel pins them. */
    self->places =
        mmap(NULL, PLACES_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (self->places == MAP_FAILED) {
        self->places = NULL;
        return -ENOMEM;
    }
    error = eddy__uring_ring_add_buffers(&u->ring, self->places, self->places_n,
                                         incremental ? EDDY__URING_PBUF_INC : 0);
    return error < 0 ? error : 0;
}

/* The block is neither the pool's nor anybody's any more: nobody ever writes over it. */
static void buffers_disown(eddy__block *block)
{
    if (block->of.pool != NULL)
        block->of.pool->blocks--;
    block->of.pool = NULL;
}

void eddy__uring_buffers_deinit(eddy__uring *u, bool lost)
{
    eddy__uring_buffers *self = &u->buffers;

    for (uint32_t id = 0; id < self->places_n; id++) {
        eddy__block *block = self->ids[id].block;

        if (block != NULL && lost)
            buffers_disown(block);
        else if (block != NULL)
            eddy__block_release(block);
        self->ids[id].block = NULL;
    }
    if (self->cut != NULL && !lost)
        eddy__block_release(self->cut);
    self->cut = NULL;
    if (self->places != NULL && !lost)
        (void)munmap(self->places, PLACES_BYTES);
    self->places = NULL;
}

/* A part of the block that is being cut, with a reference of its own; NULL: no block. */
static eddy__block *buffers_cut(eddy__uring *u, unsigned char **at, uint32_t *len)
{
    eddy__uring_buffers *self = &u->buffers;
    uint32_t part = u->pool->block_bytes < PART_BYTES_MAX ? u->pool->block_bytes : PART_BYTES_MAX;
    eddy__block *block = self->cut;

    if (block == NULL) {
        block = eddy__pool_take(u->pool);
        if (block == NULL)
            return NULL;
        self->cut_at = 0;
    }
    *at = block->data + self->cut_at;
    *len = part;
    self->cut_at += part;
    self->cut = self->cut_at + part <= block->size_bytes ? block : NULL;
    if (self->cut != NULL)
        eddy__block_retain(block);
    return block;
}

/* Give the kernel one more. False: the pool has none. */
static bool buffers_provide(eddy__uring *u)
{
    eddy__uring_buffers *self = &u->buffers;
    eddy__uring_buffer *buffer;
    eddy__block *block;
    unsigned char *at;
    uint32_t len;
    uint16_t id;

    if (self->incremental) {
        block = eddy__pool_take(u->pool);
        if (block == NULL)
            return false;
        at = block->data;
        len = block->size_bytes;
    } else {
        block = buffers_cut(u, &at, &len);
        if (block == NULL)
            return false;
    }
    id = self->idle[--self->idle_n];
    buffer = &self->ids[id];
    *buffer = (eddy__uring_buffer){.block = block, .at = at, .left = len};
    eddy__uring_buf_put(self->places, self->places_n - 1, self->tail++, at, len, id);
    self->provided++;
    return true;
}

void eddy__uring_buffers_fill(eddy__uring *u)
{
    eddy__uring_buffers *self = &u->buffers;

    /* A dry pool is asked again when a block has come back; and, as memory may have been what was
     * missing, whenever the kernel has nothing left. */
    if (self->dry && self->dry_returned == u->pool->returned && self->provided != 0)
        return;
    self->dry = false;
    while (self->provided < self->target && self->idle_n != 0 && !self->dry)
        self->dry = !buffers_provide(u);
    self->dry_returned = u->pool->returned;
    eddy__uring_buf_publish(self->places, self->tail);
}

void eddy__uring_buffers_turn(eddy__uring *u)
{
    eddy__uring_buffers *self = &u->buffers;
    uint32_t limit = self->hungry ? self->places_n : self->target_low;

    if ((self->hungry || self->used * 2 >= self->target) && self->target < limit && !self->dry)
        self->target *= 2;
    self->hungry = false;
    self->used = 0;
    eddy__uring_buffers_fill(u);
}

eddy__block *eddy__uring_buffers_claim(eddy__uring *u, uint32_t cqe_flags, uint32_t len,
                                       unsigned char **at)
{
    eddy__uring_buffers *self = &u->buffers;
    eddy__uring_buffer *buffer = eddy__uring_buffers_at(u, cqe_flags, len);
    eddy__block *block = buffer->block;

    if ((cqe_flags & EDDY__URING_CQE_BUF_MORE) != 0)
        return eddy__uring_buffers_share(u, cqe_flags, len, at);
    *at = buffer->at;
    buffer->block = NULL; /* the kernel's reference becomes the caller's */
    buffer->left = 0;
    self->idle[self->idle_n++] = (uint16_t)(buffer - self->ids);
    self->provided--;
    self->used++;
    return block;
}
