/* SPDX-License-Identifier: MIT */
/*
 * items.c - see items.h. Of the blocks that come and go one is kept when it is emptied, so that a
 * queue of a steady length allocates nothing.
 */
#include "sync/items.h"

#include <string.h>

enum { BLOCK_BYTES = 1024 }; /* the most that the slab makes many of */

struct eddy__items_block {
    eddy__items_block *next;
    _Alignas(16) unsigned char items[];
};

size_t eddy__items_block_bytes(size_t item_bytes, size_t block_items)
{
    const size_t most = SIZE_MAX / 2 - sizeof(eddy__items_block);

    if (item_bytes > most || block_items > most / item_bytes)
        return 0;
    return sizeof(eddy__items_block) + item_bytes * block_items;
}

size_t eddy__items_per_block(size_t item_bytes)
{
    size_t fit = (BLOCK_BYTES - sizeof(eddy__items_block)) / item_bytes;

    return fit > 0 ? fit : 1;
}

void eddy__items_init(eddy__items *self, size_t item_bytes, size_t block_items,
                      eddy__items_block *ring)
{
    *self = (eddy__items){
        .item_bytes = item_bytes, .block_items = block_items, .is_ring = ring != NULL};
    self->head = self->tail = ring;
    if (ring != NULL)
        ring->next = NULL;
}

bool eddy__items_wants_block(const eddy__items *self)
{
    return !self->is_ring && self->spare == NULL &&
           (self->tail == NULL || self->tail_at == self->block_items);
}

void eddy__items_give_block(eddy__items *self, eddy__items_block *block)
{
    self->spare = block;
}

static void append_spare(eddy__items *self)
{
    eddy__items_block *block = self->spare;

    self->spare = NULL;
    block->next = NULL;
    if (self->tail != NULL)
        self->tail->next = block;
    else
        self->head = block;
    self->tail = block;
    self->tail_at = 0;
}

void eddy__items_push(eddy__items *self, const void *item)
{
    if (self->tail == NULL || (!self->is_ring && self->tail_at == self->block_items))
        append_spare(self);
    memcpy(self->tail->items + self->tail_at * self->item_bytes, item, self->item_bytes);
    self->tail_at++;
    if (self->is_ring && self->tail_at == self->block_items)
        self->tail_at = 0;
    self->count++;
}

void *eddy__items_first(const eddy__items *self)
{
    return self->head->items + self->head_at * self->item_bytes;
}

/* The first block is used up and another one follows. */
static eddy__items_block *drop_head(eddy__items *self)
{
    eddy__items_block *block = self->head;

    self->head = block->next;
    self->head_at = 0;
    if (self->spare != NULL)
        return block;
    self->spare = block;
    return NULL;
}

eddy__items_block *eddy__items_pop(eddy__items *self)
{
    self->head_at++;
    self->count--;
    if (self->is_ring) {
        if (self->head_at == self->block_items)
            self->head_at = 0;
        return NULL;
    }
    if (self->count == 0 && self->head == self->tail) {
        self->head_at = self->tail_at = 0; /* it begins anew */
        return NULL;
    }
    return self->head_at == self->block_items ? drop_head(self) : NULL;
}

eddy__items_block *eddy__items_take_block(eddy__items *self)
{
    eddy__items_block *block = self->spare;

    if (block != NULL) {
        self->spare = NULL;
        return block;
    }
    block = self->head;
    if (block != NULL)
        self->head = block->next;
    return block;
}
