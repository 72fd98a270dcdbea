/* SPDX-License-Identifier: MIT */
/* eddy-test: threads */
/*
 * test_block.c - blocks, pieces and shared buffers: who owns what, and that all of it comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/alloc.h"
#include "base/block.h"
#include "base/poison.h"
#include "support/death.h"

enum { BLOCK_BYTES = 4096, BLOCKS_MAX = 3, THREADS = 4, ROUNDS = 20000 };

/* Counts what is out, and refuses after `left` allocations. */
typedef struct counted {
    long out_bytes;
    long left;
} counted;

static void *counted_alloc(size_t size, void *arg)
{
    counted *self = arg;

    if (self->left-- <= 0)
        return NULL;
    self->out_bytes += (long)size;
    return eddy__alloc(&eddy__allocator_malloc, size);
}

static void counted_free(void *memory, size_t size, void *arg)
{
    counted *self = arg;

    self->out_bytes -= (long)size;
    eddy__free(&eddy__allocator_malloc, memory, size);
}

typedef struct fixture {
    counted memory;
    eddy_allocator allocator;
    eddy__pool pool;
} fixture;

static void fixture_init(fixture *self)
{
    self->memory = (counted){.left = 1000000};
    self->allocator = (eddy_allocator){counted_alloc, counted_free, &self->memory};
    eddy__pool_init(&self->pool, &self->allocator, BLOCK_BYTES, BLOCKS_MAX);
}

static void fixture_deinit(fixture *self)
{
    eddy__pool_deinit(&self->pool);
    assert_int_equal(self->memory.out_bytes, 0);
}

static void pool_gives_blocks_up_to_its_limit(void **state)
{
    fixture f;
    eddy__block *blocks[BLOCKS_MAX];

    (void)state;
    fixture_init(&f);
    for (int i = 0; i < BLOCKS_MAX; i++) {
        blocks[i] = eddy__pool_take(&f.pool);
        assert_non_null(blocks[i]);
        assert_int_equal(blocks[i]->refs, 1);
        assert_int_equal(blocks[i]->size_bytes, BLOCK_BYTES);
        memset(blocks[i]->data, i, BLOCK_BYTES);
    }
    assert_null(eddy__pool_take(&f.pool));
    assert_int_equal(f.pool.blocks, BLOCKS_MAX);
    assert_int_equal(f.pool.returned, 0);
    for (int i = 0; i < BLOCKS_MAX; i++)
        eddy__block_release(blocks[i]);
    assert_int_equal(f.pool.blocks_free, BLOCKS_MAX);
    assert_int_equal(f.pool.returned, BLOCKS_MAX);
    fixture_deinit(&f);
}

static void pool_gives_the_block_that_came_back_last_first(void **state)
{
    fixture f;
    eddy__block *a, *b;

    (void)state;
    fixture_init(&f);
    a = eddy__pool_take(&f.pool);
    b = eddy__pool_take(&f.pool);
    eddy__block_release(b);
    eddy__block_release(a);
    assert_ptr_equal(eddy__pool_take(&f.pool), a);
    assert_ptr_equal(eddy__pool_take(&f.pool), b);
    assert_int_equal(f.pool.blocks, 2);
    eddy__block_release(a);
    eddy__block_release(b);
    fixture_deinit(&f);
}

static void pool_block_comes_back_with_its_last_reference_only(void **state)
{
    fixture f;
    eddy__block *block;

    (void)state;
    fixture_init(&f);
    block = eddy__pool_take(&f.pool);
    eddy__block_retain(block);
    eddy__block_release(block);
    assert_int_equal(f.pool.blocks_free, 0);
    eddy__block_release(block);
    assert_int_equal(f.pool.blocks_free, 1);
    fixture_deinit(&f);
}

static void pool_block_that_is_free_is_poisoned(void **state)
{
    fixture f;
    eddy__block *block;

    (void)state;
    fixture_init(&f);
    block = eddy__pool_take(&f.pool);
    assert_null(eddy__poison_find(block->data, BLOCK_BYTES));
    eddy__block_release(block);
#if defined(EDDY__ASAN)
    assert_ptr_equal(eddy__poison_find(block->data, BLOCK_BYTES), block->data);
#endif
    assert_ptr_equal(eddy__pool_take(&f.pool), block);
    assert_null(eddy__poison_find(block->data, BLOCK_BYTES));
    eddy__block_release(block);
    fixture_deinit(&f);
}

static void heap_blocks_are_right_sized_and_counted_in_bytes(void **state)
{
    fixture f;
    eddy__block *a, *b;

    (void)state;
    fixture_init(&f);
    a = eddy__pool_heap_block(&f.pool, 1);
    b = eddy__pool_heap_block(&f.pool, 100000);
    assert_non_null(a);
    assert_non_null(b);
    memset(b->data, 1, 100000);
    assert_int_equal(f.pool.heap_bytes, 100001);
    assert_int_equal(f.pool.blocks, 0);
    eddy__block_release(b);
    assert_int_equal(f.pool.heap_bytes, 1);
    eddy__block_release(a);
    assert_int_equal(f.pool.heap_bytes, 0);
    fixture_deinit(&f);
}

static void no_memory_is_null_and_takes_nothing(void **state)
{
    fixture f;
    eddy__block *block;

    (void)state;
    fixture_init(&f);
    block = eddy__pool_take(&f.pool);
    f.memory.left = 0;
    assert_null(eddy__pool_take(&f.pool));
    assert_null(eddy__pool_heap_block(&f.pool, 10));
    assert_null(eddy__piece_new(&f.pool, block, block->data, 1));
    assert_int_equal(block->refs, 1);
    assert_int_equal(f.pool.blocks, 1);
    assert_int_equal(f.pool.heap_bytes, 0);
    f.memory.left = 1;
    eddy__block_release(block);
    fixture_deinit(&f);
}

static void pieces_are_consumed_from_the_front_at_any_byte(void **state)
{
    fixture f;
    eddy__pieces queue = {NULL, NULL, 0};
    eddy__block *block;

    (void)state;
    fixture_init(&f);
    block = eddy__pool_take(&f.pool);
    for (uint32_t i = 0; i < 3; i++) {
        eddy__block_retain(block);
        eddy__pieces_append(&queue, eddy__piece_new(&f.pool, block, block->data + 10 * i, 10));
    }
    eddy__block_release(block);
    assert_int_equal(queue.bytes, 30);
    eddy__pieces_consume(&f.pool, &queue, 0);
    eddy__pieces_consume(&f.pool, &queue, 9);
    assert_ptr_equal(queue.first->at, block->data + 9);
    assert_int_equal(queue.first->len, 1);
    eddy__pieces_consume(&f.pool, &queue, 1);
    assert_ptr_equal(queue.first->at, block->data + 10);
    assert_int_equal(block->refs, 2);
    eddy__pieces_consume(&f.pool, &queue, 15);
    assert_int_equal(queue.bytes, 5);
    assert_int_equal(block->refs, 1);
    eddy__pieces_consume(&f.pool, &queue, 5);
    assert_null(queue.first);
    assert_null(queue.last);
    assert_int_equal(f.pool.blocks_free, 1);
    fixture_deinit(&f);
}

static void pieces_come_from_slabs_and_are_used_again(void **state)
{
    fixture f;
    eddy__pieces queue = {NULL, NULL, 0};
    long after_first;

    (void)state;
    fixture_init(&f);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++)
            eddy__pieces_append(&queue, eddy__piece_new(&f.pool, NULL, NULL, 7));
        assert_int_equal(queue.bytes, 7000);
        if (round == 0)
            after_first = f.memory.out_bytes;
        assert_int_equal(f.memory.out_bytes, after_first);
        eddy__pieces_clear(&f.pool, &queue);
        assert_int_equal(queue.bytes, 0);
        assert_null(queue.first);
    }
    fixture_deinit(&f);
}

static void buf_is_a_block_that_frees_itself(void **state)
{
    fixture f;
    eddy__pieces queue = {NULL, NULL, 0};
    eddy_buf *buf;

    (void)state;
    fixture_init(&f);
    buf = eddy_buf_new(&f.allocator, 5);
    assert_int_equal(eddy_buf_len(buf), 5);
    memcpy(eddy_buf_data(buf), "hello", 5);
    for (int i = 0; i < 2; i++)
        eddy__pieces_append(&queue,
                            eddy__piece_new(&f.pool, eddy_buf_retain(buf), eddy_buf_data(buf), 5));
    eddy_buf_release(buf);
    assert_memory_equal(queue.last->at, "hello", 5);
    eddy__pieces_clear(&f.pool, &queue);
    fixture_deinit(&f);
}

static void buf_of_no_or_too_many_bytes_is_refused(void **state)
{
    (void)state;
    assert_null(eddy_buf_new(NULL, 0));
    assert_null(eddy_buf_new(NULL, (size_t)INT32_MAX + 1));
    assert_null(eddy_buf_new(NULL, SIZE_MAX));
    eddy_buf_release(NULL);
}

static void *retain_and_release(void *arg)
{
    eddy_buf *buf = arg;
    unsigned sum = 0;

    for (int i = 0; i < ROUNDS; i++) {
        eddy_buf_release(eddy_buf_retain(buf));
        sum += eddy_buf_data(buf)[0];
    }
    eddy_buf_release(buf);
    return (void *)(uintptr_t)sum;
}

static void buf_is_counted_from_many_threads(void **state)
{
    pthread_t threads[THREADS];
    eddy_buf *buf = eddy_buf_new(NULL, 1);
    void *sum;

    (void)state;
    eddy_buf_data(buf)[0] = 1;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, retain_and_release, eddy_buf_retain(buf)), 0);
    eddy_buf_release(buf);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &sum), 0);
        assert_int_equal((uintptr_t)sum, ROUNDS);
    }
}

static void leave_with_a_block_out(void *arg)
{
    fixture f;

    (void)arg;
    fixture_init(&f);
    (void)eddy__pool_take(&f.pool);
    eddy__pool_deinit(&f.pool);
}

static void consume_too_much(void *arg)
{
    fixture f;
    eddy__pieces queue = {NULL, NULL, 0};

    (void)arg;
    fixture_init(&f);
    eddy__pieces_append(&queue, eddy__piece_new(&f.pool, NULL, NULL, 7));
    eddy__pieces_consume(&f.pool, &queue, 8);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    assert_dies(leave_with_a_block_out, NULL, "1 of its blocks are in use");
    assert_dies(consume_too_much, NULL, "8 bytes consumed of 7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool_gives_blocks_up_to_its_limit),
        cmocka_unit_test(pool_gives_the_block_that_came_back_last_first),
        cmocka_unit_test(pool_block_comes_back_with_its_last_reference_only),
        cmocka_unit_test(pool_block_that_is_free_is_poisoned),
        cmocka_unit_test(heap_blocks_are_right_sized_and_counted_in_bytes),
        cmocka_unit_test(no_memory_is_null_and_takes_nothing),
        cmocka_unit_test(pieces_are_consumed_from_the_front_at_any_byte),
        cmocka_unit_test(pieces_come_from_slabs_and_are_used_again),
        cmocka_unit_test(buf_is_a_block_that_frees_itself),
        cmocka_unit_test(buf_of_no_or_too_many_bytes_is_refused),
        cmocka_unit_test(buf_is_counted_from_many_threads),
        cmocka_unit_test(mistakes_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
