/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance threads */
/*
 * test_file_drop.c - futures of files that are dropped at any moment, or for which there is no memory:
 * no descriptor and no byte is lost, and nobody writes into memory of a future that is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "place.h"

#include "../support/drop.h"
#include "../support/heap.h"
#include "eddy/error.h"

/* Reads into memory that goes with the future; the thread is held up by a FIFO without a writer. */
static void read_that_is_dropped_while_it_runs_touches_no_memory_of_the_user(void **state)
{
    struct place place;
    eddy_join *join = NULL;
    eddy_buf *buf = NULL;
    int fd;

    (void)state;
    place_open(&place);
    assert_int_equal(mkfifo(place.path, 0600), 0);
    assert_int_equal(
        eddy_spawn_joinable(place.handle,
                            eddy_file_read(place.handle, place.pool, place.path, 100, &buf), &join),
        0);
    test_settle(place.core);
    while (stage_stats(place.pool).running == 0)
        sched_yield();
    eddy_join_abort(join);
    eddy_join_free(join);
    do { /* fails until the thread is inside its open */
        fd = open(place.path, O_WRONLY | O_NONBLOCK);
    } while (fd < 0 && errno == ENXIO);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "hello", 5), 5);
    assert_int_equal(close(fd), 0);
    (void)eddy_pool_end(place.pool, EDDY_POOL_FINISH);
    assert_null(buf);
    place_close(&place);
}

struct world {
    char path[64];
    eddy_pool *pool;
    unsigned char *memory; /* what is read to, of the future's life only */
    eddy_file *file;
    struct stage blocker;
};

static void step(void *arg, eddy_core *core)
{
    (void)core;
    sem_post(&((struct world *)arg)->blocker.go);
}

static void open_file(struct world *world, eddy_core *core)
{
    world->pool = stage_pool(1, 0);
    assert_int_equal(eddy_core_run(core, eddy_file_open(eddy_core_handle(core), world->pool,
                                                        world->path, EDDY_FILE_READ, &world->file)),
                     0);
}

/* A pool whose thread is busy, and room for what a future tells. */
static void block_pool(struct world *world, size_t room_bytes)
{
    world->pool = stage_pool(1, 0);
    world->memory = calloc(1, room_bytes);
    stage_block(&world->blocker, world->pool);
}

/* The memory goes before the thread is done with it. */
static void unblock_pool(struct world *world)
{
    free(world->memory);
    stage_unblock(&world->blocker, world->pool);
}

static eddy_future *begin_read_at(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_handle *handle = eddy_core_handle(core);

    open_file(world, core);
    world->memory = malloc(5000);
    stage_block(&world->blocker, world->pool);
    return eddy_file_read_at(handle, world->file, world->memory, 5000, 10);
}

static void end_read_at(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    if (result != EDDY_DROPPED) {
        assert_int_equal(result, 4990);
        place_check(world->memory, 10, 4990);
    }
    free(world->memory); /* before the thread is done with it */
    eddy_file_free(world->file);
    stage_unblock(&world->blocker, world->pool);
}

static eddy_future *begin_read(void *arg, eddy_core *core)
{
    struct world *world = arg;

    block_pool(world, sizeof(eddy_buf *));
    return eddy_file_read(eddy_core_handle(core), world->pool, world->path, 5000,
                          (eddy_buf **)(void *)world->memory);
}

static void end_read(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    if (result != EDDY_DROPPED) {
        assert_int_equal(result, 5000);
        eddy_buf_release(*(eddy_buf **)(void *)world->memory);
    }
    unblock_pool(world);
}

static eddy_future *begin_open(void *arg, eddy_core *core)
{
    struct world *world = arg;

    block_pool(world, sizeof(eddy_file *));
    return eddy_file_open(eddy_core_handle(core), world->pool, world->path, EDDY_FILE_READ,
                          (eddy_file **)(void *)world->memory);
}

static void end_open(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    if (result != EDDY_DROPPED) {
        assert_int_equal(result, 0);
        eddy_file_free(*(eddy_file **)(void *)world->memory);
    }
    unblock_pool(world);
}

static eddy_future *begin_close(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_handle *handle = eddy_core_handle(core);

    open_file(world, core);
    stage_block(&world->blocker, world->pool);
    return eddy_file_close(handle, world->file);
}

/* The standard test looks at the descriptors, too. */
static void end_close(void *arg, eddy_core *core, eddy_result result)
{
    (void)core;
    assert_true(result == 0 || result == EDDY_DROPPED);
    stage_unblock(&((struct world *)arg)->blocker, ((struct world *)arg)->pool);
}

static void operations_can_be_dropped_at_any_moment(void **state)
{
    struct world world = {.path = "/tmp/eddy-test-drop-XXXXXX"};
    struct test_drop drops[] = {
        {begin_read_at, step, end_read_at, &world, {0}},
        {begin_read, step, end_read, &world, {0}},
        {begin_open, step, end_open, &world, {0}},
        {begin_close, step, end_close, &world, {0}},
    };
    int fd = mkstemp(world.path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    place_put(world.path, 5000);
    for (size_t i = 0; i < sizeof drops / sizeof drops[0]; i++)
        assert_true(test_drop_anywhere(&drops[i]) >= 1);
    assert_int_equal(unlink(world.path), 0);
}

/* ---- memory ---- */

/* Of the loop's and the pool's allocations the n-th fails. True: none did. */
static bool try_allocation(const char *path, long n)
{
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_pool *pool = NULL;
    eddy_file *file = NULL;
    eddy_buf *buf = NULL;
    eddy_result result;
    char byte;

    test_heap_init(&heap, n);
    allocator = test_heap_allocator(&heap);
    result = eddy_pool_new(EDDY_OPTIONS(eddy_pool_options, .threads = 1, .allocator = &allocator),
                           &pool);
    if (result == 0)
        result = eddy_core_run(core, eddy_file_read(handle, pool, path, 5000, &buf));
    if (result == 5000)
        result = eddy_core_run(core, eddy_file_open(handle, pool, path, EDDY_FILE_READ, &file));
    if (result == 0)
        result = eddy_core_run(core, eddy_file_read_at(handle, file, &byte, 1, 0));
    if (result == 1)
        result = eddy_core_run(core, eddy_file_close(handle, file));
    else if (file != NULL)
        eddy_file_free(file);
    assert_true(result == 0 || result == -ENOMEM);
    eddy_buf_release(buf);
    eddy_pool_release(pool);
    test_core_end(core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
    return result == 0;
}

static void any_allocation_may_fail(void **state)
{
    struct place place;
    long n = 0;

    (void)state;
    place_open(&place);
    place_put(place.path, 5000);
    while (!try_allocation(place.path, n))
        n++;
    assert_int_equal(n, 7); /* pool, 4 jobs, buffer, file */
    place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_can_be_dropped_at_any_moment),
        cmocka_unit_test(any_allocation_may_fail),
    };
    /* A simulated job would wait for ever, with the world. */
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(read_that_is_dropped_while_it_runs_touches_no_memory_of_the_user),
    };

    return TEST_GROUPS(tests, kernel);
}
