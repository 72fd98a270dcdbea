/* SPDX-License-Identifier: MIT */
/*
 * items.h - first in, first out, for items of one size: a ring of a fixed number, or blocks that
 * come and go. Not thread-safe. Allocates nothing itself: its user does, and not under a lock.
 */
#ifndef EDDY__SYNC_ITEMS_H
#define EDDY__SYNC_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct eddy__items_block eddy__items_block;

typedef struct eddy__items {
    size_t item_bytes;
    size_t block_items;
    bool is_ring;
    uint64_t count;          /* items inside */
    size_t head_at, tail_at; /* next to be taken, in the first block; next free, in the last */
    eddy__items_block *head, *tail; /* NULL: none yet */
    eddy__items_block *spare;       /* one that was emptied, or given; NULL: none */
} eddy__items;

/* Bytes of a block for so many items; 0: no memory could hold it. */
size_t eddy__items_block_bytes(size_t item_bytes, size_t block_items);
/* How many items a block has, when they come and go. */
size_t eddy__items_per_block(size_t item_bytes);

/* `ring`: its only block; NULL: they come and go. */
void eddy__items_init(eddy__items *self, size_t item_bytes, size_t block_items,
                      eddy__items_block *ring);
/* Is a block wanted for the next push? Then give one. */
bool eddy__items_wants_block(const eddy__items *self);
void eddy__items_give_block(eddy__items *self, eddy__items_block *block);
/* There is room: a ring is not full, no block is wanted. */
void eddy__items_push(eddy__items *self, const void *item);
/* Where the first item lies; there is one. */
void *eddy__items_first(const eddy__items *self);
/* Take the first item out, which was copied. Returns a block to be freed; NULL: none. */
eddy__items_block *eddy__items_pop(eddy__items *self);
/* There are no items: take out a block to be freed, until NULL. */
eddy__items_block *eddy__items_take_block(eddy__items *self);

#endif
