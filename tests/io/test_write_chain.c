/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_write_chain.c - writing a chain of slices: all of it, in order, without copying what is large.
 */
#include "eddy/chain.h"
#include "eddy/io_memory.h"
#include "io_verbs.h"
#include "support/drop.h"

enum { BYTES = 100 * 1000 };

static const size_t lengths[] = {1, 4096, 4097, 10, 20, 30000, 7, 20000, 3};

/* Slices of many lengths with the bytes of the pattern. */
static void fill(eddy_chain *chain)
{
    size_t at = 0;

    for (int i = 0; at < BYTES; i++) {
        size_t len = lengths[(size_t)i % (sizeof lengths / sizeof lengths[0])];
        eddy_slice slice = {0};
        unsigned char *room;

        len = len < BYTES - at ? len : BYTES - at;
        assert_int_equal(eddy_slice_reserve(&slice, len, &room), 0);
        test_pattern_fill(room, len, at);
        eddy_slice_extend(&slice, len);
        assert_int_equal(eddy_chain_push_back(chain, &slice), 0);
        at += len;
    }
    assert_int_equal(eddy_chain_len(chain), BYTES);
}

struct world {
    eddy_io *a, *b;
    eddy_chain chain;
    size_t have;
    eddy_join *receiver;
};

struct writing {
    EDDY_FRAME;
    struct world *world;
};

EDDY_ASYNC(writing, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_io_poll_write_chain(self->world->a, task, &self->world->chain));
        EDDY_END(n);
}

static void make_tcp(eddy_core *core, struct world *world)
{
    eddy_tcp *one, *other;

    assert_int_equal(eddy_tcp_pair(eddy_core_handle(core), &one, &other), 0);
    world->a = eddy_tcp_io(one);
    world->b = eddy_tcp_io(other);
}

static void make_memory(eddy_core *core, struct world *world)
{
    assert_int_equal(eddy_io_memory_pair(eddy_core_handle(core),
                                         EDDY_OPTIONS(eddy_io_memory_options, .room_bytes = 5000),
                                         &world->a, &world->b),
                     0);
}

static void begin(eddy_core *core, struct world *world,
                  void (*make)(eddy_core *core, struct world *world))
{
    *world = (struct world){0};
    make(core, world);
    fill(&world->chain);
    world->receiver = test_spawn_join(core, io_receiver, .io = world->b, .have = &world->have,
                                      .total = BYTES, .min = 1);
}

static void end(eddy_core *core, struct world *world)
{
    assert_int_equal(eddy_chain_len(&world->chain), 0);
    assert_int_equal(test_join_end(core, world->receiver), 0);
    assert_int_equal(world->have, BYTES);
    eddy_chain_deinit(&world->chain);
    eddy_io_free(world->a);
    eddy_io_free(world->b);
}

static void a_chain_is_written_in_order_over_any_stream(void **state)
{
    eddy_core *core = test_core();
    struct world world;

    (void)state;
    begin(core, &world, make_tcp);
    assert_int_equal(test_run(core, writing, .world = &world), 0);
    end(core, &world);
    begin(core, &world, make_memory);
    assert_int_equal(test_run(core, writing, .world = &world), 0);
    end(core, &world);
    test_pass(core, EDDY_MILLISECOND);
    test_core_end(core);
}

/* ---- what goes as a buffer ---- */

struct seen {
    eddy_io io;
    size_t parts, buffers;
};

static eddy_result see_writev(eddy_io *self, eddy_task *task, const eddy_bytes *parts, size_t count)
{
    size_t len = 0;

    (void)task;
    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    ((struct seen *)(void *)self)->parts += count;
    return (eddy_result)len;
}

static eddy_result see_write_buf(eddy_io *self, eddy_task *task, eddy_buf *buf, size_t from,
                                 size_t len)
{
    (void)task;
    (void)buf;
    (void)from;
    assert_true(len > EDDY_IO_WRITE_WHOLE);
    ((struct seen *)(void *)self)->buffers++;
    return (eddy_result)len;
}

static const eddy_io_type seen_type = {
    .name = "seen", .writev = see_writev, .write_buf = see_write_buf};

static void large_slices_go_as_buffers_and_small_ones_together(void **state)
{
    eddy_core *core = test_core();
    struct seen seen = {.io.type = &seen_type};
    struct world world = {.a = &seen.io};

    (void)state;
    fill(&world.chain);
    assert_int_equal(test_run(core, writing, .world = &world), 0);
    assert_int_equal(seen.buffers, 5);
    assert_int_equal(seen.parts, 12);
    eddy_chain_deinit(&world.chain);
    test_core_end(core);
}

/* ---- drops ---- */

static eddy_future *begin_writing(void *arg, eddy_core *core)
{
    begin(core, arg, make_memory);
    return eddy_box(eddy_core_handle(core), EDDY_FUTURE(writing, .world = arg));
}

/* Another goes on with the chain. */
static void end_writing(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)result;
    if (core == NULL) {
        eddy_join_free(world->receiver);
        eddy_chain_deinit(&world->chain);
        eddy_io_free(world->a);
        eddy_io_free(world->b);
        return;
    }
    assert_int_equal(test_run(core, writing, .world = world), 0);
    end(core, world);
}

static void a_chain_can_be_dropped_at_any_moment_and_no_byte_is_lost(void **state)
{
    struct world world;
    struct test_drop drop = {begin_writing, NULL, end_writing, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 5, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_written_in_order_over_any_stream),
        cmocka_unit_test(large_slices_go_as_buffers_and_small_ones_together),
        cmocka_unit_test(a_chain_can_be_dropped_at_any_moment_and_no_byte_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
