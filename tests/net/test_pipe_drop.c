/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_pipe_drop.c - pipes cut off at every moment and without memory at every allocation, whether they
 * are polled or on a pool: no byte is lost, nothing leaks, what is shared is left as it was. And who may
 * still wait on one that is freed.
 */
#include "pipes.h"

#include "../support/death.h"
#include "../support/drop.h"
#include "../support/heap.h"

enum { SENT = 100, LARGE = 300 * 1000 };
static unsigned char large[LARGE];

struct world {
    eddy_pipe *pipe;
    int peer;
    int shared; /* -1: none */
    int flags;
    size_t sent, have;
    eddy_bytes rest;
};

/* ---- reading ---- */

struct reading {
    EDDY_FRAME;
    struct world *world;
    unsigned char memory[10];
};

static void take(struct world *world, const void *data, size_t len)
{
    test_pattern_check(data, len, world->have);
    world->have += len;
}

EDDY_ASYNC(reading, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->world->have < SENT) {
            EDDY_POLL(n, eddy_io_poll_read(eddy_pipe_io(self->world->pipe), task, self->memory,
                                           sizeof self->memory));
            assert_true(n > 0);
            take(self->world, self->memory, (size_t)n);
        }
        EDDY_END(0);
}

static eddy_future *begin_reading(void *arg, eddy_core *core)
{
    struct world *world = arg;
    int fds[2];

    raw_pipe(fds);
    *world = (struct world){.peer = fds[1], .shared = -1};
    world->pipe = pipe_over(core, fds[0], false, NULL);
    return eddy_box(eddy_core_handle(core), EDDY_FUTURE(reading, .world = world));
}

static eddy_future *begin_reading_shared(void *arg, eddy_core *core)
{
    struct world *world = arg;
    int fds[2];

    raw_pipe(fds);
    *world = (struct world){.peer = fds[1], .shared = fds[0], .flags = flags_of(fds[0])};
    world->pipe = pipe_over(core, fds[0], true, NULL);
    return eddy_box(eddy_core_handle(core), EDDY_FUTURE(reading, .world = world));
}

static void send_some(void *arg, eddy_core *core)
{
    struct world *world = arg;
    size_t part = SENT - world->sent < 7 ? SENT - world->sent : 7;

    (void)core;
    if (world->peer < 0 || part == 0)
        return;
    assert_int_equal(write(world->peer, large + world->sent, part), part);
    world->sent += part;
}

static void give_back(struct world *world)
{
    eddy_pipe_free(world->pipe);
    close(world->peer);
    world->peer = -1;
    if (world->shared < 0)
        return;
    assert_int_equal(flags_of(world->shared), world->flags);
    close(world->shared);
    world->shared = -1;
}

/* Another reader goes on where the dropped one stopped. */
static void end_reading(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    unsigned char memory[SENT];

    assert_true(result == 0 || result == EDDY_DROPPED);
    while (core != NULL && world->have < SENT) {
        eddy_result n;

        send_some(world, core);
        n = do_read(core, eddy_pipe_io(world->pipe), memory, sizeof memory);
        assert_true(n > 0);
        take(world, memory, (size_t)n);
    }
    give_back(world);
}

static void a_read_can_be_dropped_at_any_moment_and_loses_nothing(void **state)
{
    struct world world;
    struct test_drop drop = {begin_reading, send_some, end_reading, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 5, 100);
    drop.begin = begin_reading_shared;
    assert_in_range(test_drop_anywhere(&drop), 5, 100);
}

/* ---- writing ---- */

static eddy_future *begin_writing(void *arg, eddy_core *core)
{
    struct world *world = arg;
    int fds[2];

    raw_pipe(fds);
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    *world = (struct world){.peer = fds[0], .shared = -1, .rest = {large, LARGE}};
    world->pipe = pipe_over(core, fds[1], false, NULL);
    return eddy_box(eddy_core_handle(core), EDDY_FUTURE(talk, .io = eddy_pipe_io(world->pipe),
                                                        .verb = WRITE_ALL, .rest = &world->rest));
}

static void receive_some(void *arg, eddy_core *core)
{
    struct world *world = arg;
    unsigned char memory[50000];
    ssize_t n;

    (void)core;
    if (world->peer < 0)
        return;
    n = read(world->peer, memory, sizeof memory);
    if (n > 0)
        take(world, memory, (size_t)n);
}

static bool is_quiet(void *arg)
{
    return test_stats(arg).timers_live == 0;
}

static void end_writing(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    size_t accepted = (size_t)(world->rest.data - large);

    assert_true(result == 0 || result == EDDY_DROPPED);
    for (int i = 0; core != NULL && world->have < accepted && i < 100; i++) {
        receive_some(world, core);
        (void)eddy_core_turn(core, 0);
    }
    if (core != NULL)
        assert_int_equal(world->have, accepted);
    give_back(world);
    if (core != NULL)
        test_until(core, is_quiet, core);
}

static void a_write_can_be_dropped_at_any_moment_and_what_it_wrote_arrives(void **state)
{
    struct world world;
    struct test_drop drop = {begin_writing, receive_some, end_writing, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 3, 100);
}

/* ---- without memory ---- */

static eddy_result use_pipes(eddy_core *core)
{
    eddy_pipe *reader = NULL, *writer = NULL;
    eddy_buf *buf = eddy_buf_new(NULL, LARGE);
    eddy_result result = eddy_pipe_pair(eddy_core_handle(core), &reader, &writer);

    assert_non_null(buf);
    if (result == 0)
        result = do_write(core, eddy_pipe_io(writer), "hello", 5);
    if (result == 5)
        result = do_fill(core, eddy_pipe_io(reader), 5);
    if (result == 5) {
        eddy_io_consume(eddy_pipe_io(reader), 1);
        result = do_write(core, eddy_pipe_io(writer), "more", 4);
    }
    if (result == 4)
        result = do_fill(core, eddy_pipe_io(reader), 8);
    if (result == 8)
        result = test_run(core, talk, .io = eddy_pipe_io(writer), .verb = WRITE_BUF, .buf = buf,
                          .len = LARGE);
    eddy_buf_release(buf);
    if (writer != NULL)
        eddy_io_abort(eddy_pipe_io(writer));
    eddy_pipe_free(reader);
    return result;
}

static eddy_result use_file(eddy_core *core, eddy_pool *pool)
{
    const eddy_pipe_options options = {.size_bytes = sizeof options, .pool = pool};
    int fd = raw_file();
    eddy_pipe *file = NULL;
    eddy_result result = eddy_pipe_new(eddy_core_handle(core), fd, &options, &file);

    if (result < 0)
        close(fd);
    if (result == 0)
        result = do_write(core, eddy_pipe_io(file), "hello", 5);
    if (result == 5)
        result = do_flush(core, eddy_pipe_io(file));
    if (result == 0)
        result = do_fill(core, eddy_pipe_io(file), 1);
    eddy_pipe_free(file);
    return result;
}

/* Returns whether an allocation failed. */
static bool fail_once(long at, bool pooled)
{
    int fds = test_open_fds();
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    const eddy_pool_options pool_options = {
        .size_bytes = sizeof pool_options, .threads = 1, .allocator = &allocator};
    eddy_pool *pool = NULL;
    eddy_result result;
    eddy_core *core;

    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    if (pooled)
        assert_int_equal(eddy_pool_new(&pool_options, &pool), 0);
    atomic_store(&heap.fail_at, atomic_load(&heap.calls) + at);
    result = pooled ? use_file(core, pool) : use_pipes(core);
    assert_true(result == -ENOMEM || result == (pooled ? 0 : LARGE));
    eddy_core_free(core);
    eddy_pool_release(pool);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
    assert_int_equal(test_open_fds(), fds);
    return atomic_load(&heap.fail_at) < atomic_load(&heap.calls);
}

static void any_allocation_may_fail_and_nothing_leaks(void **state)
{
    (void)state;
    for (int pooled = 0; pooled < 2; pooled++) {
        long at = 0;

        while (fail_once(at, pooled != 0))
            assert_true(at++ < 200);
        assert_true(at > 2);
    }
}

/* ---- mistakes ---- */

static void free_under_a_reader(void *arg)
{
    eddy_core *core = test_core();
    eddy_pipe *reader, *writer;

    (void)arg;
    assert_int_equal(eddy_pipe_pair(eddy_core_handle(core), &reader, &writer), 0);
    test_spawn(core, talk, .io = eddy_pipe_io(reader), .verb = FILL, .len = 1);
    test_settle(core);
    eddy_pipe_free(reader);
}

static void read_twice(void *arg)
{
    eddy_core *core = test_core();
    eddy_pipe *reader, *writer;

    (void)arg;
    assert_int_equal(eddy_pipe_pair(eddy_core_handle(core), &reader, &writer), 0);
    test_spawn(core, talk, .io = eddy_pipe_io(reader), .verb = FILL, .len = 1);
    test_spawn(core, talk, .io = eddy_pipe_io(reader), .verb = FILL, .len = 1);
    test_settle(core);
}

static void consume_too_much(void *arg)
{
    eddy_core *core = test_core();
    eddy_pipe *reader, *writer;

    (void)arg;
    assert_int_equal(eddy_pipe_pair(eddy_core_handle(core), &reader, &writer), 0);
    eddy_io_consume(eddy_pipe_io(reader), 1);
}

static void mistakes_are_assertions_that_name_them(void **state)
{
    (void)state;
    assert_dies(free_under_a_reader, NULL,
                "a pipe is freed while task 'talk' waits for pipe: read");
    assert_dies(read_twice, NULL, "pipe: read");
    assert_dies(consume_too_much, NULL, "1 bytes are consumed of the 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_can_be_dropped_at_any_moment_and_loses_nothing),
        cmocka_unit_test(a_write_can_be_dropped_at_any_moment_and_what_it_wrote_arrives),
        cmocka_unit_test(any_allocation_may_fail_and_nothing_leaks),
        cmocka_unit_test(mistakes_are_assertions_that_name_them),
    };

    test_pattern_fill(large, sizeof large, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
