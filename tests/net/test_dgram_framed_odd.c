/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_dgram_framed_odd.c - a framed datagram socket without memory, without room, with joined segments, and
 * where it ends.
 */
#include "letters.h"

#include "../support/heap.h"

/* False: the n-th allocation was never made. */
static bool once_without(long n)
{
    static struct world world;
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_duplex both;
    eddy_core *core;
    eddy_addr at;
    eddy_result result;
    bool failed;
    int fds;

    test_heap_init(&heap, -1);
    allocator = test_heap_allocator(&heap);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    world = (struct world){.core = core};
    world.a = dg_bind(core, &world.at_a);
    world.b = dg_bind(core, &at);
    test_settle(core);
    fds = test_open_fds();
    world.letter = letter_to(&world.at_a, "x");
    atomic_store(&heap.fail_at, atomic_load(&heap.calls) + n);
    both = eddy_dgram_framed(eddy_core_handle(core), world.b, &decoder, NULL, &encoder, NULL);
    result = eddy_core_run(core, eddy_sink_send(both.out, &world.letter));
    assert_true(result == 0 || result == -ENOMEM);
    failed = atomic_load(&heap.calls) > atomic_load(&heap.fail_at);
    atomic_store(&heap.fail_at, -1);
    eddy_duplex_drop(&both, NULL);
    test_until_fds(core, fds - 1);
    eddy_dgram_free(world.a);
    test_core_end(core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    return failed;
}

static void without_memory_a_half_fails_and_nothing_leaks(void **state)
{
    long n = 0;

    (void)state;
    while (once_without(n))
        n++;
    assert_in_range(n, 3, 100);
}

/* ---- of the kernel only ---- */

static void joined_segments_come_one_by_one(void **state)
{
    struct world *world = begin();
    eddy_datagram bulk = {
        .data = "aaaa?bbbcccc-ddde", .len = 17, .peer = world->at_b, .segment_bytes = 4};

    (void)state;
    assert_int_equal(eddy_dgram_set_join_segments(world->b, true), 0);
    assert_int_equal(dg_send_many(world->core, world->a, &bulk, 1), 1);
    assert_int_equal(get(world), 1);
    assert_memory_equal(world->letter.text, "aaaa", 4);
    assert_int_equal(get(world), -EBADMSG);
    assert_int_equal(get(world), 1);
    assert_memory_equal(world->letter.text, "cccc", 4);
    assert_int_equal(get(world), 1);
    assert_int_equal(world->letter.len, 1);
    assert_int_equal(world->letter.text[0], 'e');
    end(world);
}

/* The first that there is no room for is kept, the next refused, and all come in the end. */
struct talker {
    EDDY_FRAME;
    eddy_sink *sink;
    int count, sent;
    struct letter letter;
};

EDDY_ASYNC(talker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->sent < self->count; self->sent++) {
            self->letter.len = (size_t)self->sent % 3;
            EDDY_POLL(n, eddy_sink_poll_send(self->sink, task, &self->letter));
            assert_int_equal(n, 0);
        }
        EDDY_POLL(n, eddy_sink_poll_flush(self->sink, task));
        EDDY_END(n);
}

static void without_room_one_is_kept_and_none_is_lost(void **state)
{
    enum { COUNT = 2000 };
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_dgram *a, *b;
    eddy_sink *out;
    char memory[4];

    (void)state;
    assert_int_equal(eddy_unix_dgram_pair(handle, EDDY_UNIX_DATAGRAM, &a, &b), 0);
    out = eddy_dgram_encoded(handle, a, &encoder, NULL);
    test_spawn(core, talker, .sink = out, .count = COUNT);
    test_settle(core);
    assert_int_equal(test_stats(core).tasks_live, 1); /* it waits */
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), i % 3);
    test_settle(core);
    assert_int_equal(test_stats(core).tasks_live, 0); /* and the sink went with it */
    eddy_dgram_free(a);
    eddy_dgram_free(b);
    test_core_end(core);
}

static void a_stream_ends_where_its_socket_does(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_dgram *a, *b;
    eddy_stream *in;
    struct letter letter;

    (void)state;
    assert_int_equal(eddy_unix_dgram_pair(handle, EDDY_UNIX_SEQPACKET, &a, &b), 0);
    in = eddy_dgram_decoded(handle, b, &decoder, NULL);
    assert_int_equal(dg_send(core, a, "", 0, NULL), 0);
    eddy_dgram_free(a);
    assert_int_equal(eddy_core_run(core, eddy_stream_next(handle, in, &letter)), 1);
    assert_int_equal(letter.len, 0);
    assert_int_equal(eddy_core_run(core, eddy_stream_next(handle, in, &letter)), 0);
    eddy_stream_drop(in, NULL);
    eddy_dgram_free(b);
    test_core_end(core);
}

/* A Unix datagram may have more than one of the network: then it is an error, and not a shorter one. */
static void a_datagram_that_is_too_long_is_one_error(void **state)
{
    static char large[EDDY_DGRAM_BYTES_MAX + 2];
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_dgram *a, *b;
    eddy_stream *in;
    struct letter letter;

    (void)state;
    assert_int_equal(eddy_unix_dgram_pair(handle, EDDY_UNIX_DATAGRAM, &a, &b), 0);
    in = eddy_dgram_decoded(handle, b, &decoder, NULL);
    assert_int_equal(dg_send(core, a, large, sizeof large, NULL), sizeof large);
    assert_int_equal(dg_send(core, a, "x", 1, NULL), 1);
    assert_int_equal(eddy_core_run(core, eddy_stream_next(handle, in, &letter)), -EMSGSIZE);
    assert_int_equal(eddy_core_run(core, eddy_stream_next(handle, in, &letter)), 1);
    assert_int_equal(letter.len, 1);
    eddy_stream_drop(in, NULL);
    eddy_dgram_free(a);
    eddy_dgram_free(b);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(without_memory_a_half_fails_and_nothing_leaks),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(joined_segments_come_one_by_one),
        cmocka_unit_test(without_room_one_is_kept_and_none_is_lost),
        cmocka_unit_test(a_stream_ends_where_its_socket_does),
        cmocka_unit_test(a_datagram_that_is_too_long_is_one_error),
    };

    return TEST_GROUPS(everywhere, kernel);
}
