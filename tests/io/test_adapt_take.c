/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_adapt_take.c - reading no more than so many bytes, and what is left to whoever reads on. The test
 * of tokio-core's limit.rs is here under its name.
 */
#include "eddy/io_adapt.h"
#include "eddy/io_memory.h"
#include "io_verbs.h"
#include "support/death.h"
#include "support/drop.h"

static eddy_core *core;
static eddy_io *a, *b;

static eddy_handle *handle(void)
{
    return eddy_core_handle(core);
}

static void begin(size_t split_bytes)
{
    core = test_core();
    assert_int_equal(
        eddy_io_memory_pair(
            handle(), EDDY_OPTIONS(eddy_io_memory_options, .split_bytes = split_bytes), &a, &b),
        0);
}

static void end(void)
{
    eddy_io_free(a);
    eddy_io_free(b);
    test_core_end(core);
}

/* Two bytes more are there than may be read; the connection stays. */
static void limit_limit(void **state)
{
    eddy_tcp *one, *other;
    eddy_io *limited;

    (void)state;
    core = test_core();
    assert_int_equal(eddy_tcp_pair(handle(), &one, &other), 0);
    io_write_text(core, eddy_tcp_io(one), "foobar");
    limited = eddy_io_take(handle(), eddy_tcp_io(other), 4);
    io_expect_text(core, limited, "foob");
    io_expect_end(core, limited);
    eddy_io_free(limited);
    eddy_tcp_free(one);
    test_pass(core, EDDY_MILLISECOND);
    test_core_end(core);
}

static void what_follows_the_limit_is_left_to_the_inner_stream(void **state)
{
    (void)state;
    begin(0);
    io_write_text(core, a, "foobar");
    b = eddy_io_take(handle(), b, 4);
    assert_int_equal(io_fill(core, b, 1), 4);
    assert_int_equal(eddy_io_view(b).len, 4);
    eddy_io_consume(b, 3);
    assert_int_equal(eddy_io_take_left(b), 1);
    b = eddy_io_unwrap(b);
    io_expect_text(core, b, "bar");
    end();
}

static void a_fill_beyond_the_limit_is_the_end_with_the_rest_in_view(void **state)
{
    (void)state;
    begin(1);
    io_write_text(core, a, "foobar");
    b = eddy_io_take(handle(), b, 4);
    assert_int_equal(io_fill(core, b, 5), 0);
    assert_int_equal(eddy_io_view(b).len, 4);
    assert_int_equal(io_fill(core, b, 4), 4);
    io_expect_text(core, b, "foob");
    io_expect_end(core, b);
    end();
}

static void the_end_may_come_before_the_limit(void **state)
{
    (void)state;
    begin(0);
    io_write_text(core, a, "foo");
    assert_int_equal(io_shutdown(core, a), 0);
    b = eddy_io_take(handle(), b, 4);
    assert_int_equal(io_fill(core, b, 4), 0);
    io_expect_text(core, b, "foo");
    io_expect_end(core, b);
    assert_int_equal(eddy_io_take_left(b), 1);
    end();
}

static void writing_goes_through(void **state)
{
    (void)state;
    begin(0);
    b = eddy_io_take(handle(), b, 0);
    io_write_text(core, b, "foo");
    io_expect_text(core, a, "foo");
    io_expect_end(core, b);
    end();
}

/* A message on a connection that goes on: the limit is put on for a while. */
static void a_limit_on_a_borrowed_stream_comes_off_by_freeing_it(void **state)
{
    eddy_io *body;

    (void)state;
    begin(2);
    io_write_text(core, a, "bodynext");
    body = eddy_io_take(handle(), eddy_io_borrow(handle(), b), 4);
    io_expect_text(core, body, "body");
    io_expect_end(core, body);
    eddy_io_free(body);
    io_expect_text(core, b, "next");
    end();
}

/* ---- drops ---- */

struct world {
    eddy_io *a, *b;
    size_t have;
    eddy_join *sender;
    size_t sent;
};

enum { TOTAL = 3000, LIMIT = 2500 };

static eddy_future *begin_taking(void *arg, eddy_core *with)
{
    struct world *world = arg;
    eddy_handle *of = eddy_core_handle(with);

    *world = (struct world){0};
    assert_int_equal(eddy_io_memory_pair(of,
                                         EDDY_OPTIONS(eddy_io_memory_options, .split_bytes = 150,
                                                      .room_bytes = 200),
                                         &world->a, &world->b),
                     0);
    world->b = eddy_io_take(of, world->b, LIMIT);
    world->sender = test_spawn_join(with, io_sender, .io = world->a, .have = &world->sent,
                                    .total = TOTAL, .shut = true);
    return eddy_box(of, EDDY_FUTURE(io_receiver, .io = world->b, .have = &world->have,
                                    .total = TOTAL, .min = 1));
}

static void end_taking(void *arg, eddy_core *with, eddy_result result)
{
    struct world *world = arg;

    (void)result;
    if (with != NULL) {
        assert_int_equal(world->have + eddy_io_take_left(world->b), LIMIT);
        world->b = eddy_io_unwrap(world->b);
        assert_int_equal(test_run(with, io_receiver, .io = world->b, .have = &world->have,
                                  .total = TOTAL, .min = 1),
                         0);
        assert_int_equal(test_join_end(with, world->sender), 0);
    } else {
        eddy_join_free(world->sender);
    }
    eddy_io_free(world->a);
    eddy_io_free(world->b);
}

static void a_reader_can_be_dropped_and_the_adaptor_taken_off_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_taking, NULL, end_taking, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 1, 1000);
}

/* ---- mistakes ---- */

static void consume_beyond(void *arg)
{
    (void)arg;
    begin(0);
    io_write_text(core, a, "foobar");
    b = eddy_io_take(handle(), b, 4);
    (void)io_fill(core, b, 1);
    eddy_io_consume(b, 5);
}

static void ask_another(void *arg)
{
    (void)arg;
    begin(0);
    (void)eddy_io_take_left(b);
}

static void misuse_is_an_assertion(void **state)
{
    (void)state;
    assert_dies(consume_beyond, NULL, "5 bytes are consumed of the 4 that are in view");
    assert_dies(ask_another, NULL, "eddy_io_take_left: this is a memory stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_limit),
        cmocka_unit_test(what_follows_the_limit_is_left_to_the_inner_stream),
        cmocka_unit_test(a_fill_beyond_the_limit_is_the_end_with_the_rest_in_view),
        cmocka_unit_test(the_end_may_come_before_the_limit),
        cmocka_unit_test(writing_goes_through),
        cmocka_unit_test(a_limit_on_a_borrowed_stream_comes_off_by_freeing_it),
        cmocka_unit_test(a_reader_can_be_dropped_and_the_adaptor_taken_off_at_any_moment),
        cmocka_unit_test(misuse_is_an_assertion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
