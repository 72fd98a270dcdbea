/* SPDX-License-Identifier: MIT */
/*
 * block.c - see block.h: where blocks and pieces come from and go back to.
 *
 * A block and its bytes are one allocation. Pool blocks that came back lie on a last-in first-out
 * list, because the one that was used last is still in the cache; AddressSanitizer sees them as
 * poisoned meanwhile. Pieces come from slabs of a page, which live as long as the pool. Shared
 * blocks are made in buf.c.
 */
#include "base/block.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/poison.h"

/* The bytes start on a cache line of their own. */
enum { BLOCK_HEADER = 64, PIECES_PER_SLAB = 100 };

_Static_assert(sizeof(eddy__block) <= BLOCK_HEADER, "the header of a block fits its room");

typedef struct piece_slab {
    struct piece_slab *next;
    eddy__piece pieces[PIECES_PER_SLAB];
} piece_slab;

void eddy__pool_init(eddy__pool *self, const eddy_allocator *allocator, uint32_t block_bytes,
                     uint32_t blocks_max)
{
    *self = (eddy__pool){.allocator = allocator,
                         .block_bytes = block_bytes,
                         .blocks_max = blocks_max,
                         .blocks_tight = (uint32_t)((uint64_t)blocks_max * 3 / 4)};
}

void eddy__pool_deinit(eddy__pool *self)
{
    piece_slab *slab = self->piece_slabs;

    EDDY_ASSERT(self->blocks == self->blocks_free, "pool freed while %u of its blocks are in use",
                self->blocks - self->blocks_free);
    EDDY_ASSERT(self->heap_bytes == 0, "pool freed while %zu bytes of heap blocks are in use",
                self->heap_bytes);
    while (self->free_blocks != NULL) {
        eddy__block *block = self->free_blocks;

        self->free_blocks = block->next_free;
        eddy__unpoison(block->data, block->size_bytes);
        eddy__free(self->allocator, block, BLOCK_HEADER + (size_t)block->size_bytes);
    }
    while (slab != NULL) {
        piece_slab *next = slab->next;

        eddy__free(self->allocator, slab, sizeof *slab);
        slab = next;
    }
    *self = (eddy__pool){.allocator = self->allocator};
}

static eddy__block *block_new(eddy__pool *pool, eddy__block_kind kind, uint32_t size_bytes)
{
    eddy__block *block = eddy__alloc(pool->allocator, BLOCK_HEADER + (size_t)size_bytes);

    if (block == NULL)
        return NULL;
    *block = (eddy__block){.refs = 1,
                           .kind = (uint8_t)kind,
                           .size_bytes = size_bytes,
                           .data = (unsigned char *)block + BLOCK_HEADER,
                           .of.pool = pool};
    return block;
}

eddy__block *eddy__pool_take(eddy__pool *self)
{
    eddy__block *block = self->free_blocks;

    if (block != NULL) {
        self->free_blocks = block->next_free;
        self->blocks_free--;
        block->refs = 1;
        eddy__unpoison(block->data, block->size_bytes);
        return block;
    }
    if (self->blocks >= self->blocks_max)
        return NULL;
    block = block_new(self, EDDY__BLOCK_POOL, self->block_bytes);
    if (block != NULL)
        self->blocks++;
    return block;
}

eddy__block *eddy__pool_heap_block(eddy__pool *self, uint32_t size_bytes)
{
    eddy__block *block = block_new(self, EDDY__BLOCK_HEAP, size_bytes);

    if (block != NULL)
        self->heap_bytes += size_bytes;
    return block;
}

void eddy__block_last(eddy__block *self)
{
    eddy__pool *pool = self->of.pool;

    if (self->kind == EDDY__BLOCK_HEAP) {
        pool->heap_bytes -= self->size_bytes;
        eddy__free(pool->allocator, self, BLOCK_HEADER + (size_t)self->size_bytes);
        return;
    }
    EDDY_ASSERT(self->kind == EDDY__BLOCK_POOL, "a shared block was released without its count");
    eddy__poison(self->data, self->size_bytes);
    self->next_free = pool->free_blocks;
    pool->free_blocks = self;
    pool->blocks_free++;
    pool->returned++;
}

EDDY__COLD bool eddy__pool_more_pieces(eddy__pool *self)
{
    piece_slab *slab = eddy__alloc(self->allocator, sizeof *slab);

    if (slab == NULL)
        return false;
    slab->next = self->piece_slabs;
    self->piece_slabs = slab;
    for (int i = PIECES_PER_SLAB; i-- > 0;) {
        slab->pieces[i].next = self->free_pieces;
        self->free_pieces = &slab->pieces[i];
    }
    return true;
}

void eddy__pieces_consume(eddy__pool *pool, eddy__pieces *queue, size_t len)
{
    EDDY_ASSERT(len <= queue->bytes, "%zu bytes consumed of %zu that are queued", len,
                queue->bytes);
    while (len != 0 && len >= queue->first->len) {
        len -= queue->first->len;
        eddy__piece_free(pool, eddy__pieces_shift(queue));
    }
    if (len != 0) {
        queue->first->at += len;
        queue->first->len -= (uint32_t)len;
        queue->bytes -= len;
    }
}

void eddy__pieces_clear(eddy__pool *pool, eddy__pieces *queue)
{
    while (queue->first != NULL)
        eddy__piece_free(pool, eddy__pieces_shift(queue));
}
