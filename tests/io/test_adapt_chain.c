/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_adapt_chain.c - one byte stream behind another. The test of tokio-core's chain.rs is here under its
 * name.
 */
#include "eddy/io_adapt.h"
#include "eddy/io_memory.h"
#include "io_verbs.h"
#include "reactor/core.h"
#include "support/drop.h"
#include "support/heap.h"

static eddy_core *core;

static eddy_handle *handle(void)
{
    return eddy_core_handle(core);
}

static eddy_io *text(const char *bytes)
{
    return eddy_io_from_bytes(handle(), (eddy_bytes){(const unsigned char *)bytes, strlen(bytes)});
}

/* Three clients of a listener, read to their ends as one. */
static void chain_chain_clients(void **state)
{
    static const char *const texts[] = {"foo", "bar", "baz"};
    eddy_listener *listener;
    eddy_tcp *clients[3];
    eddy_io *all = NULL;
    eddy_addr addr;

    (void)state;
    core = test_core();
    listener = test_listener(core, &addr);
    for (int i = 0; i < 3; i++) {
        eddy_io *client;

        assert_int_equal(eddy_tcp_connect(handle(), &addr, &clients[i]), 0);
        io_write_text(core, eddy_tcp_io(clients[i]), texts[i]);
        client = eddy_tcp_io(test_accept(core, listener));
        eddy_tcp_free(clients[i]);
        all = i == 0 ? client : eddy_io_chain(handle(), all, client);
    }
    io_expect_text(core, all, "foobarbaz");
    io_expect_end(core, all);
    eddy_io_free(all);
    eddy_listener_free(listener);
    test_pass(core, EDDY_MILLISECOND);
    test_core_end(core);
}

static void a_fill_over_the_seam_shows_contiguous_bytes(void **state)
{
    eddy_io *all;

    (void)state;
    core = test_core();
    all = eddy_io_chain(handle(), text("abc"), text("defg"));
    assert_int_equal(io_fill(core, all, 3), 3);
    eddy_io_consume(all, 1);
    assert_int_equal(io_fill(core, all, 4), 4);
    assert_memory_equal(eddy_io_view(all).data, "bcde", 4);
    assert_int_equal(io_fill(core, all, 5), 5);
    eddy_io_consume(all, 3);
    io_expect_text(core, all, "ef");
    io_expect_text(core, all, "g");
    io_expect_end(core, all);
    eddy_io_free(all);
    test_core_end(core);
}

static void a_fill_for_more_than_both_have_is_the_end_with_all_in_view(void **state)
{
    eddy_io *all;

    (void)state;
    core = test_core();
    all = eddy_io_chain(handle(), text("abc"), text("de"));
    assert_int_equal(io_fill(core, all, 6), 0);
    assert_int_equal(eddy_io_view(all).len, 5);
    assert_memory_equal(eddy_io_view(all).data, "abcde", 5);
    io_expect_text(core, all, "abcde");
    io_expect_end(core, all);
    eddy_io_free(all);
    test_core_end(core);
}

/* The bytes that were read too far go in front of the connection again. */
static void what_is_written_goes_to_the_second(void **state)
{
    eddy_io *a, *b, *all;

    (void)state;
    core = test_core();
    assert_int_equal(eddy_io_memory_pair(handle(), NULL, &a, &b), 0);
    all = eddy_io_chain(handle(), text("before "), b);
    io_write_text(core, all, "answer");
    io_expect_text(core, a, "answer");
    io_write_text(core, a, "after");
    assert_int_equal(io_shutdown(core, a), 0);
    io_expect_text(core, all, "before after");
    io_expect_end(core, all);
    eddy_io_free(all);
    eddy_io_free(a);
    test_core_end(core);
}

static void an_error_of_the_first_is_told_and_the_second_is_not_read(void **state)
{
    eddy_io *a, *b, *all;

    (void)state;
    core = test_core();
    assert_int_equal(eddy_io_memory_pair(handle(), NULL, &a, &b), 0);
    all = eddy_io_chain(handle(), b, text("never"));
    eddy_io_abort(a);
    assert_int_equal(io_fill(core, all, 1), -ECONNRESET);
    assert_int_equal(io_fill(core, all, 1), -ECONNRESET);
    eddy_io_abort(all);
    test_core_end(core);
}

/* The first's memory, the second's, the chain's, the seam's. */
static bool try_without_memory(long fail_at)
{
    struct test_heap heap;
    eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_io *all;
    eddy_result n;
    long before;

    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    eddy__slab_keep_apart(&core->slab);
    before = atomic_load(&heap.calls) + fail_at;
    atomic_store(&heap.fail_at, before);
    all = eddy_io_chain(handle(), text("abc"), text("def"));
    n = io_fill(core, all, 5);
    if (n != -ENOMEM || eddy_io_view(all).len > 0) /* the seam: it may be tried again */
        n = io_fill(core, all, 5);
    assert_true(n == 5 || n == -ENOMEM);
    if (n == 5)
        io_expect_text(core, all, "abcde");
    fail_at = atomic_load(&heap.calls);
    eddy_io_free(all);
    test_core_end(core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    return fail_at > before;
}

static void without_memory_everything_is_given_back(void **state)
{
    long fail_at = 0;

    (void)state;
    while (try_without_memory(fail_at))
        fail_at++;
    assert_true(fail_at >= 4);
}

/* ---- drops ---- */

enum { FIRST = 700, TOTAL = 2000 };

struct world {
    eddy_io *a1, *a2, *all;
    size_t sent[2], have;
    eddy_join *senders[2];
};

static eddy_future *begin_reading(void *arg, eddy_core *with)
{
    struct world *world = arg;
    eddy_io *b1, *b2;
    eddy_handle *of = eddy_core_handle(with);
    const eddy_io_memory_options *options =
        EDDY_OPTIONS(eddy_io_memory_options, .room_bytes = 110, .split_bytes = 30);

    *world = (struct world){.sent = {0, FIRST}};
    assert_int_equal(eddy_io_memory_pair(of, options, &world->a1, &b1), 0);
    assert_int_equal(eddy_io_memory_pair(of, options, &world->a2, &b2), 0);
    world->all = eddy_io_chain(of, b1, b2);
    world->senders[0] = test_spawn_join(with, io_sender, .io = world->a1, .have = &world->sent[0],
                                        .total = FIRST, .shut = true);
    world->senders[1] = test_spawn_join(with, io_sender, .io = world->a2, .have = &world->sent[1],
                                        .total = TOTAL, .shut = true);
    return eddy_box(of, EDDY_FUTURE(io_receiver, .io = world->all, .have = &world->have,
                                    .total = TOTAL, .min = 90));
}

static void end_reading(void *arg, eddy_core *with, eddy_result result)
{
    struct world *world = arg;

    (void)result;
    if (with != NULL)
        assert_int_equal(test_run(with, io_receiver, .io = world->all, .have = &world->have,
                                  .total = TOTAL, .min = 90),
                         0);
    for (int i = 0; i < 2; i++)
        if (with != NULL)
            assert_int_equal(test_join_end(with, world->senders[i]), 0);
        else
            eddy_join_free(world->senders[i]);
    eddy_io_free(world->all);
    eddy_io_free(world->a1);
    eddy_io_free(world->a2);
}

static void a_reader_can_be_dropped_at_any_moment_and_no_byte_is_lost(void **state)
{
    struct world world;
    struct test_drop drop = {begin_reading, NULL, end_reading, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 1, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain_chain_clients),
        cmocka_unit_test(a_fill_over_the_seam_shows_contiguous_bytes),
        cmocka_unit_test(a_fill_for_more_than_both_have_is_the_end_with_all_in_view),
        cmocka_unit_test(what_is_written_goes_to_the_second),
        cmocka_unit_test(an_error_of_the_first_is_told_and_the_second_is_not_read),
        cmocka_unit_test(without_memory_everything_is_given_back),
        cmocka_unit_test(a_reader_can_be_dropped_at_any_moment_and_no_byte_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
