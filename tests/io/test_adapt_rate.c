/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_adapt_rate.c - so many bytes per second, both ways, and a burst after a pause.
 */
#include "eddy/io_adapt.h"
#include "eddy/io_memory.h"
#include "io_verbs.h"
#include "reactor/core.h"
#include "support/drop.h"

static eddy_core *core;
static eddy_io *a, *b;

#define MS EDDY_MILLISECOND

static int64_t now_ns(void)
{
    return eddy_now_ns(eddy_core_handle(core));
}

/* `a` is slow. */
static void begin(uint64_t read_per_s, uint64_t write_per_s, size_t burst_bytes)
{
    core = test_core();
    assert_int_equal(eddy_io_memory_pair(eddy_core_handle(core), NULL, &a, &b), 0);
    a = eddy_io_rate(eddy_core_handle(core), a,
                     EDDY_OPTIONS(eddy_io_rate_options, .read_per_s = read_per_s,
                                  .write_per_s = write_per_s, .burst_bytes = burst_bytes));
}

static void end(void)
{
    eddy_io_free(a);
    eddy_io_free(b);
    assert_int_equal(test_stats(core).timers_live, 0);
    test_core_end(core);
}

/* 20000 bytes at 200000 per second, of which 2000 at once: 90 ms. */
static void bytes_are_read_no_faster_than_so_many_per_second(void **state)
{
    size_t sent = 0, received = 0;
    eddy_join *sender;
    int64_t begun_ns;

    (void)state;
    begin(200000, 0, 2000);
    begun_ns = now_ns();
    sender = test_spawn_join(core, io_sender, .io = b, .have = &sent, .total = 20000);
    assert_int_equal(
        test_run(core, io_receiver, .io = a, .have = &received, .total = 20000, .min = 1), 0);
    assert_true(now_ns() - begun_ns >= 89 * MS);
    if (test_is_simulated())
        assert_true(now_ns() - begun_ns <= 150 * MS);
    assert_int_equal(test_join_end(core, sender), 0);
    end();
}

static void bytes_are_written_no_faster_than_so_many_per_second(void **state)
{
    size_t sent = 0, received = 0;
    eddy_join *sender;
    int64_t begun_ns;

    (void)state;
    begin(0, 200000, 2000);
    begun_ns = now_ns();
    sender = test_spawn_join(core, io_sender, .io = a, .have = &sent, .total = 20000);
    assert_int_equal(
        test_run(core, io_receiver, .io = b, .have = &received, .total = 20000, .min = 1), 0);
    assert_int_equal(test_join_end(core, sender), 0);
    /* the last piece, of up to 4096 bytes, is paid for by who comes next */
    assert_true(now_ns() - begun_ns >= 60 * MS);
    end();
}

static void a_view_shows_what_may_be_read_now(void **state)
{
    (void)state;
    begin(1000, 0, 4);
    io_write_text(core, b, "abcdefghij");
    assert_int_equal(io_fill(core, a, 1), 4);
    assert_int_equal(eddy_io_view(a).len, 4);
    eddy_io_consume(a, 3);
    assert_int_equal(eddy_io_view(a).len, 1);
    test_pass(core, 20 * MS); /* worth 20, of which a burst is 4 */
    assert_int_equal(io_fill(core, a, 1), 4);
    end();
}

/* What must be whole goes through, and is paid for afterwards. */
static void a_fill_beyond_the_burst_is_shown_whole_and_delays_the_next(void **state)
{
    int64_t begun_ns;

    (void)state;
    begin(1000, 0, 4);
    io_write_text(core, b, "abcdefghijklmnopqrstuvwxyz1234");
    assert_int_equal(io_fill(core, a, 24), 24);
    eddy_io_consume(a, 24);
    begun_ns = now_ns();
    assert_in_range(io_fill(core, a, 1), 1, 4);
    assert_true(now_ns() - begun_ns >= 18 * MS);
    end();
}

static void a_buffer_goes_through_whole_and_delays_the_next_write(void **state)
{
    eddy_buf *buf = eddy_buf_new(NULL, 50);
    int64_t begun_ns;

    (void)state;
    memset(eddy_buf_data(buf), 'x', 50);
    begin(0, 1000, 10);
    assert_int_equal(io_write_buf(core, a, buf), 50);
    begun_ns = now_ns();
    io_write_text(core, a, "y");
    assert_true(now_ns() - begun_ns >= 38 * MS);
    eddy_buf_release(buf);
    end();
}

/* More than a small write, in parts: cut where the allowance ends. */
static void a_large_write_is_accepted_in_parts(void **state)
{
    static unsigned char memory[10000];
    const eddy_bytes parts[] = {{memory, 3000}, {memory + 3000, 0}, {memory + 3000, 7000}};

    (void)state;
    test_pattern_fill(memory, sizeof memory, 0);
    begin(0, 100000, 5000);
    assert_int_equal(io_writev(core, a, parts, 3), 5000);
    assert_in_range(io_fill(core, b, 5000), 5000, 5000);
    test_pattern_check(eddy_io_view(b).data, 5000, 0);
    end();
}

static void without_a_limit_all_goes_through(void **state)
{
    size_t sent = 0, received = 0;
    eddy_join *sender;

    (void)state;
    begin(0, 0, 0);
    sender = test_spawn_join(core, io_sender, .io = b, .have = &sent, .total = 200000);
    assert_int_equal(
        test_run(core, io_receiver, .io = a, .have = &received, .total = 200000, .min = 1), 0);
    assert_int_equal(test_join_end(core, sender), 0);
    assert_int_equal(test_stats(core).timers_started, 0);
    end();
}

static void values_beyond_all_bounds_are_cut_off(void **state)
{
    (void)state;
    begin(UINT64_MAX, UINT64_MAX, SIZE_MAX);
    io_write_text(core, a, "abc");
    io_expect_text(core, b, "abc");
    io_write_text(core, b, "abc");
    io_expect_text(core, a, "abc");
    end();
    begin(1, 1, 0);
    io_write_text(core, b, "a");
    io_expect_text(core, a, "a");
    end();
}

/* ---- drops ---- */

enum { TOTAL = 3000 };

struct world {
    eddy_io *a, *b;
    size_t sent, have;
    eddy_join *other;
};

static void make_world(struct world *world, eddy_core *with)
{
    *world = (struct world){0};
    assert_int_equal(eddy_io_memory_pair(eddy_core_handle(with), NULL, &world->a, &world->b), 0);
    world->a = eddy_io_rate(eddy_core_handle(with), world->a,
                            EDDY_OPTIONS(eddy_io_rate_options, .read_per_s = 1000000,
                                         .write_per_s = 1000000, .burst_bytes = 500));
}

static eddy_future *begin_reading(void *arg, eddy_core *with)
{
    struct world *world = arg;

    make_world(world, with);
    world->other = test_spawn_join(with, io_sender, .io = world->b, .have = &world->sent,
                                   .total = TOTAL, .shut = true);
    return eddy_box(
        eddy_core_handle(with),
        EDDY_FUTURE(io_receiver, .io = world->a, .have = &world->have, .total = TOTAL, .min = 1));
}

static eddy_future *begin_writing(void *arg, eddy_core *with)
{
    struct world *world = arg;

    make_world(world, with);
    world->other = test_spawn_join(with, io_receiver, .io = world->b, .have = &world->have,
                                   .total = TOTAL, .min = 1);
    return eddy_box(
        eddy_core_handle(with),
        EDDY_FUTURE(io_sender, .io = world->a, .have = &world->sent, .total = TOTAL, .shut = true));
}

static void end_world(struct world *world, eddy_core *with)
{
    if (with != NULL) {
        assert_int_equal(test_join_end(with, world->other), 0);
        assert_int_equal(world->have, TOTAL);
    } else {
        eddy_join_free(world->other);
    }
    eddy_io_free(world->a);
    eddy_io_free(world->b);
}

static void end_reading(void *arg, eddy_core *with, eddy_result result)
{
    struct world *world = arg;

    (void)result;
    if (with != NULL)
        assert_int_equal(test_run(with, io_receiver, .io = world->a, .have = &world->have,
                                  .total = TOTAL, .min = 1),
                         0);
    end_world(world, with);
}

static void end_writing(void *arg, eddy_core *with, eddy_result result)
{
    struct world *world = arg;

    (void)result;
    if (with != NULL)
        assert_int_equal(test_run(with, io_sender, .io = world->a, .have = &world->sent,
                                  .total = TOTAL, .shut = true),
                         0);
    end_world(world, with);
}

static void waiting_for_the_rate_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_reading, NULL, end_reading, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 1, 1000);
    drop.begin = begin_writing;
    drop.end = end_writing;
    assert_in_range(test_drop_anywhere(&drop), 0, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_read_no_faster_than_so_many_per_second),
        cmocka_unit_test(bytes_are_written_no_faster_than_so_many_per_second),
        cmocka_unit_test(a_view_shows_what_may_be_read_now),
        cmocka_unit_test(a_fill_beyond_the_burst_is_shown_whole_and_delays_the_next),
        cmocka_unit_test(a_buffer_goes_through_whole_and_delays_the_next_write),
        cmocka_unit_test(a_large_write_is_accepted_in_parts),
        cmocka_unit_test(without_a_limit_all_goes_through),
        cmocka_unit_test(values_beyond_all_bounds_are_cut_off),
        cmocka_unit_test(waiting_for_the_rate_can_be_dropped_at_any_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
