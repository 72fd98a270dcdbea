/* SPDX-License-Identifier: MIT */
/*
 * block.h - reference-counted memory for bytes on their way, and the pieces that point into it.
 *
 * A block is one piece of memory with a count. Three kinds share the struct: pool blocks (fixed
 * size, received into, recycled through their pool, counted without atomics), heap blocks (right-
 * sized, of one loop) and shared ones (eddy_buf: counted with atomics, any thread).
 * A piece is a slice of a block in a queue: a stream's received bytes and its unsent ones are
 * lists of pieces, so that forwarding moves a link, never a byte.
 * Pools and pieces belong to one loop thread. No OS call here.
 */
#ifndef EDDY__BLOCK_H
#define EDDY__BLOCK_H

#include "eddy/alloc.h"
#include "eddy/buf.h"

typedef enum eddy__block_kind {
    EDDY__BLOCK_POOL,
    EDDY__BLOCK_HEAP,
    EDDY__BLOCK_SHARED,
} eddy__block_kind;

typedef struct eddy__pool eddy__pool;
typedef struct eddy_buf eddy__block;

struct eddy_buf {
    uint32_t refs; /* of a shared block: touched with atomics only */
    uint8_t kind;
    uint32_t size_bytes;
    unsigned char *data;
    union {
        eddy__pool *pool;         /* pool and heap blocks: whose they are */
        eddy_allocator allocator; /* shared blocks free themselves anywhere */
    } of;
    eddy__block *next_free;
};

typedef struct eddy__piece {
    struct eddy__piece *next;
    eddy__block *block;
    unsigned char *at;
    uint32_t len;
    uint32_t reserved;
} eddy__piece;

/* A queue of pieces with the sum of their bytes. */
typedef struct eddy__pieces {
    eddy__piece *first, *last;
    size_t bytes;
} eddy__pieces;

struct eddy__pool {
    const eddy_allocator *allocator;
    eddy__block *free_blocks;
    eddy__piece *free_pieces;
    void *piece_slabs;     /* every slab of pieces, to free them */
    uint32_t block_bytes;  /* size of each pool block */
    uint32_t blocks;       /* pool blocks that exist */
    uint32_t blocks_free;  /* of these, on the free list */
    uint32_t blocks_max;   /* then eddy__pool_take() gives NULL */
    uint32_t blocks_tight; /* three quarters of that */
    size_t heap_bytes;     /* bytes in heap blocks now */
    uint64_t returned; /* pool blocks that came back, ever: tells that a dry pool is wet again */
};

void eddy__pool_init(eddy__pool *, const eddy_allocator *, uint32_t block_bytes,
                     uint32_t blocks_max);
/* Every block must have come back (asserted), and every piece. */
void eddy__pool_deinit(eddy__pool *);
/* A pool block with one reference; NULL when the limit is reached or memory is out. */
eddy__block *eddy__pool_take(eddy__pool *);
/* A right-sized block with one reference, or NULL. */
eddy__block *eddy__pool_heap_block(eddy__pool *, uint32_t size_bytes);
/* Make more pieces. False: no memory. */
bool eddy__pool_more_pieces(eddy__pool *);
/* Last reference gone: back to the pool, the heap or the allocator. */
void eddy__block_last(eddy__block *);

static inline void eddy__block_retain(eddy__block *block)
{
    if (block->kind == EDDY__BLOCK_SHARED)
        (void)eddy_buf_retain(block);
    else
        block->refs++;
}

static inline void eddy__block_release(eddy__block *block)
{
    if (block->kind == EDDY__BLOCK_SHARED)
        eddy_buf_release(block);
    else if (--block->refs == 0)
        eddy__block_last(block);
}

static inline void eddy__pieces_append(eddy__pieces *queue, eddy__piece *piece)
{
    piece->next = NULL;
    if (queue->last != NULL)
        queue->last->next = piece;
    else
        queue->first = piece;
    queue->last = piece;
    queue->bytes += piece->len;
}

/* Take the first piece off a queue that is not empty. */
static inline eddy__piece *eddy__pieces_shift(eddy__pieces *queue)
{
    eddy__piece *piece = queue->first;

    queue->first = piece->next;
    if (queue->first == NULL)
        queue->last = NULL;
    queue->bytes -= piece->len;
    return piece;
}

/* A piece that takes over one reference of `block` (NULL: a piece that only carries `len`); NULL
 * when memory is out (nothing taken). */
static inline eddy__piece *eddy__piece_new(eddy__pool *pool, eddy__block *block, unsigned char *at,
                                           uint32_t len)
{
    eddy__piece *piece;

    if (pool->free_pieces == NULL && !eddy__pool_more_pieces(pool))
        return NULL;
    piece = pool->free_pieces;
    pool->free_pieces = piece->next;
    piece->next = NULL;
    piece->block = block;
    piece->at = at;
    piece->len = len;
    return piece;
}

/* Give back the piece and its reference. */
static inline void eddy__piece_free(eddy__pool *pool, eddy__piece *piece)
{
    if (piece->block != NULL)
        eddy__block_release(piece->block);
    piece->next = pool->free_pieces;
    pool->free_pieces = piece;
}

/* Release `len` bytes from the front; `len` is at most queue->bytes. */
void eddy__pieces_consume(eddy__pool *, eddy__pieces *queue, size_t len);
void eddy__pieces_clear(eddy__pool *, eddy__pieces *queue);

#endif
