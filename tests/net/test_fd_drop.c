/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_fd_drop.c - the standard tests of what waits for a foreign descriptor: dropped at any moment
 * in any way it loses no readiness and no byte; without memory it fails as a value.
 */
#include "../support/drop.h"
#include "../support/heap.h"
#include "fd_world.h"

enum { SENT = 40, CAPACITY = 300 * 1000 };

struct world {
    eddy_fd *fd;
    int ends[2];
    size_t sent, have; /* bytes */
};

static struct world *fresh(void *arg, eddy_core *core, int end)
{
    struct world *world = arg;

    *world = (struct world){NULL, {-1, -1}, 0, 0};
    fd_pair(world->ends);
    world->fd = fd_new(core, world->ends[end]);
    return world;
}

static void give_back(struct world *world)
{
    eddy_fd_free(world->fd);
    (void)close(world->ends[0]);
    (void)close(world->ends[1]);
}

static void send_some(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    if (world->sent == SENT)
        return;
    fd_put(world->ends[1], "4444");
    world->sent += 4;
}

/* ---- reading ---- */

struct reading {
    EDDY_FRAME;
    struct world *world;
    char memory[3];
};

EDDY_ASYNC(reading, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->world->have < SENT) {
            EDDY_POLL(n,
                      eddy_fd_poll_read(self->world->fd, task, self->memory, sizeof self->memory));
            assert_true(n > 0);
            self->world->have += (size_t)n;
        }
        EDDY_END(0);
}

static eddy_future *begin_reading(void *arg, eddy_core *core)
{
    return eddy_box(eddy_core_handle(core), EDDY_FUTURE(reading, .world = fresh(arg, core, 0)));
}

/* Another goes on where the dropped one stopped. */
static void end_reading(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == 0 || result == EDDY_DROPPED);
    while (world->sent < SENT)
        send_some(world, core);
    if (core != NULL) {
        assert_int_equal(test_run(core, reading, .world = world), 0);
        assert_int_equal(world->have, SENT);
    }
    give_back(world);
}

static void a_read_can_be_dropped_at_any_moment_and_loses_no_byte(void **state)
{
    struct world world;
    struct test_drop drop = {begin_reading, send_some, end_reading, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 3, 100);
}

/* ---- writing ---- */

struct writing {
    EDDY_FRAME;
    struct world *world;
};

static char large[CAPACITY];

EDDY_ASYNC(writing, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->world->sent < CAPACITY) {
            EDDY_POLL(n, eddy_fd_poll_write(self->world->fd, task, large + self->world->sent,
                                            CAPACITY - self->world->sent));
            assert_true(n > 0);
            self->world->sent += (size_t)n;
        }
        EDDY_END(0);
}

static eddy_future *begin_writing(void *arg, eddy_core *core)
{
    return eddy_box(eddy_core_handle(core), EDDY_FUTURE(writing, .world = fresh(arg, core, 1)));
}

static void receive_some(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    world->have += fd_drain(world->ends[0]);
}

static void end_writing(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == 0 || result == EDDY_DROPPED);
    receive_some(world, core);
    assert_int_equal(world->have, world->sent);
    give_back(world);
}

static void a_write_can_be_dropped_at_any_moment_and_what_it_told_was_written(void **state)
{
    struct world world;
    struct test_drop drop = {begin_writing, receive_some, end_writing, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 1, 100);
}

/* ---- the future ---- */

static eddy_future *begin_ready(void *arg, eddy_core *core)
{
    return eddy_fd_ready(eddy_core_handle(core), fresh(arg, core, 0)->fd, EDDY_FD_READABLE);
}

static void end_ready(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == EDDY_FD_READABLE || result == EDDY_DROPPED);
    if (world->sent == 0)
        send_some(world, core);
    if (core != NULL)
        assert_int_equal(fd_until(core, world->fd, EDDY_FD_READABLE), EDDY_FD_READABLE);
    give_back(world);
}

static void waiting_can_be_dropped_at_any_moment_and_loses_no_readiness(void **state)
{
    struct world world;
    struct test_drop drop = {begin_ready, send_some, end_ready, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 1, 100);
}

/* ---- without memory ---- */

/* Registers, waits and frees; false: memory was out, which was told as a value. */
static bool try_all(eddy_core *core, int ends[2])
{
    eddy_handle *handle = eddy_core_handle(core);
    eddy_fd *fd = NULL;
    eddy_result result;
    int error = eddy_fd_new(handle, ends[0], NULL, &fd);

    if (error != 0) {
        assert_int_equal(error, -ENOMEM);
        assert_null(fd);
        return false;
    }
    result = eddy_core_run(core, eddy_fd_ready(handle, fd, EDDY_FD_READABLE));
    eddy_fd_free(fd);
    assert_true(result == -ENOMEM || result == EDDY_FD_READABLE);
    return result == EDDY_FD_READABLE;
}

static void each_failing_allocation_is_told_and_leaks_nothing(void **state)
{
    bool done = false;
    int failures = 0;

    (void)state;
    for (long n = 0; !done; n++) {
        struct test_heap heap;
        eddy_allocator allocator;
        eddy_core *core;
        long calls;
        int ends[2];

        test_heap_init(&heap, -1);
        allocator = test_heap_allocator(&heap);
        core = test_core_with((eddy_core_options){.allocator = &allocator});
        fd_pipe(ends);
        fd_put(ends[1], "x");
        calls = heap.calls;
        heap.fail_at = calls + n;
        done = try_all(core, ends) && heap.calls <= calls + n;
        failures += !done;
        heap.fail_at = -1;
        assert_true(try_all(core, ends));
        test_core_end(core);
        assert_int_equal(heap.blocks, 0);
        assert_false(heap.bad_free);
        assert_true(fd_is_open(ends[0]));
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
    assert_true(failures >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_can_be_dropped_at_any_moment_and_loses_no_byte),
        cmocka_unit_test(a_write_can_be_dropped_at_any_moment_and_what_it_told_was_written),
        cmocka_unit_test(waiting_can_be_dropped_at_any_moment_and_loses_no_readiness),
        cmocka_unit_test(each_failing_allocation_is_told_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
