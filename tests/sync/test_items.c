/* SPDX-License-Identifier: MIT */
/*
 * test_items.c - the queue of items, a ring or blocks that come and go, against a count of what was
 * put in and taken out, for many patterns of both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/items.h"

/* An item is a number, repeated to its size. */
struct world {
    eddy__items items;
    size_t item_bytes;
    uint32_t in, out;
    int blocks;
    unsigned char item[3000];
};

static eddy__items_block *new_block(struct world *self)
{
    self->blocks++;
    return malloc(eddy__items_block_bytes(self->items.item_bytes, self->items.block_items));
}

static void free_block(struct world *self, eddy__items_block *block)
{
    self->blocks -= block != NULL;
    free(block);
}

static void begin(struct world *self, size_t item_bytes, size_t ring)
{
    size_t block_items = ring > 0 ? ring : eddy__items_per_block(item_bytes);
    eddy__items_block *block = ring > 0 ? malloc(eddy__items_block_bytes(item_bytes, ring)) : NULL;

    memset(self, 0, sizeof *self);
    self->item_bytes = item_bytes;
    self->blocks = ring > 0;
    eddy__items_init(&self->items, item_bytes, block_items, block);
}

static void fill(struct world *self, uint32_t number)
{
    for (size_t i = 0; i < self->item_bytes; i++)
        self->item[i] = (unsigned char)(number >> 8 * (i % 4));
}

static void push(struct world *self)
{
    if (eddy__items_wants_block(&self->items))
        eddy__items_give_block(&self->items, new_block(self));
    fill(self, self->in++);
    eddy__items_push(&self->items, self->item);
    assert_int_equal(self->items.count, self->in - self->out);
}

static void pop(struct world *self)
{
    fill(self, self->out++);
    assert_memory_equal(eddy__items_first(&self->items), self->item, self->item_bytes);
    free_block(self, eddy__items_pop(&self->items));
    assert_int_equal(self->items.count, self->in - self->out);
}

static void end(struct world *self)
{
    eddy__items_block *block;

    while (self->items.count > 0)
        pop(self);
    while ((block = eddy__items_take_block(&self->items)) != NULL)
        free_block(self, block);
    assert_int_equal(self->blocks, 0);
}

/* Up to `high` items, down to `low`, again and again. */
static void swing(struct world *self, uint32_t low, uint32_t high)
{
    for (int round = 0; round < 50; round++) {
        while (self->items.count < high)
            push(self);
        while (self->items.count > low)
            pop(self);
    }
}

static const size_t sizes[] = {1, 4, 7, 16, 500, 1008, 1009, 3000};

static void blocks_keep_all_in_order_whatever_the_pattern(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint32_t fit = (uint32_t)eddy__items_per_block(sizes[i]);
        const uint32_t ends[] = {0, 1, 2, fit - 1, fit, fit + 1, 2 * fit, 2 * fit + 1, 5 * fit};

        for (size_t low = 0; low < sizeof ends / sizeof *ends; low++) {
            for (size_t high = 0; high < sizeof ends / sizeof *ends; high++) {
                struct world world;

                if (ends[low] >= ends[high] || ends[high] > 3000)
                    continue;
                begin(&world, sizes[i], 0);
                swing(&world, ends[low], ends[high]);
                end(&world);
            }
        }
    }
}

static void one_in_one_out_needs_one_block(void **state)
{
    struct world world;

    (void)state;
    begin(&world, 4, 0);
    for (int i = 0; i < 100000; i++) {
        push(&world);
        pop(&world);
    }
    assert_int_equal(world.blocks, 1);
    end(&world);
}

static void a_ring_keeps_all_in_order_and_asks_for_no_block(void **state)
{
    (void)state;
    for (uint32_t capacity = 1; capacity < 20; capacity++) {
        for (uint32_t low = 0; low < capacity; low++) {
            struct world world;

            begin(&world, 4, capacity);
            swing(&world, low, capacity);
            assert_int_equal(world.blocks, 1);
            end(&world);
        }
    }
}

static void a_block_that_no_memory_could_hold_has_no_size(void **state)
{
    (void)state;
    assert_int_equal(eddy__items_block_bytes(SIZE_MAX, 1), 0);
    assert_int_equal(eddy__items_block_bytes(8, SIZE_MAX / 8), 0);
    assert_int_equal(eddy__items_block_bytes(1, SIZE_MAX), 0);
    assert_true(eddy__items_block_bytes(8, 100) > 800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_keep_all_in_order_whatever_the_pattern),
        cmocka_unit_test(one_in_one_out_needs_one_block),
        cmocka_unit_test(a_ring_keeps_all_in_order_and_asks_for_no_block),
        cmocka_unit_test(a_block_that_no_memory_could_hold_has_no_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
