/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_bridge_arrivals.c - decoded numbers of four bytes, whatever shares a packet with what; and where,
 * in bytes, a decoder was when it found something wrong.
 */
#include "../io/script.h"

#include "../support/death.h"
#include "../support/heap.h"
#include "bridge_codecs.h"
#include "eddy/stream_adapt.h"
#include "eddy/stream_collect.h"
#include "eddy/transport.h"

/* ---- numbers ---- */

/* Four bytes, big endian; with the top bit set they are bad: all four, or (the next bit) for good. */
static eddy_result number_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    uint32_t number;

    (void)state;
    *used = 4;
    if (in.len < 4)
        return 0;
    number = (uint32_t)in.data[0] << 24 | (uint32_t)in.data[1] << 16 | (uint32_t)in.data[2] << 8 |
             in.data[3];
    if (number >> 30 == 3)
        *used = 0;
    if (number >> 31 != 0)
        return -EILSEQ;
    memcpy(item, &number, sizeof number);
    return 1;
}

static const eddy_decoder number_decoder = {
    .name = "numbers",
    .item_bytes = sizeof(uint32_t),
    .decode = number_decode,
};

static eddy_stream *numbers(eddy_core *core, struct script *script)
{
    return eddy_io_decoded(eddy_core_handle(core), &script->io, &number_decoder, NULL);
}

/* Takes up to `max` items, errors among them, or all to the end. */
struct taker {
    EDDY_FRAME;
    eddy_stream *stream;
    int64_t *out; /* numbers and errors */
    size_t *count;
    size_t max;
    uint32_t number;
};

static void taker_done(struct taker *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->stream, NULL);
}

EDDY_ASYNC(taker, taker_done)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_NEXT(n, self->stream, &self->number);
            if (n != 0)
                self->out[(*self->count)++] = n > 0 ? (int64_t)self->number : n;
        } while (n != 0 && *self->count < self->max);
        EDDY_END(n);
}

/* All that the bytes give, in pieces of a size; the end is told as 0. */
static eddy_result take_all(const char *bytes, size_t len, size_t piece, eddy_result ending,
                            int64_t *out, size_t *count)
{
    eddy_core *core = test_core();
    struct script script = {.in = bytes, .in_len = len, .piece = piece, .ending = ending};
    eddy_stream *stream;
    eddy_future *future;
    eddy_result n;

    (void)script_init(&script);
    stream = numbers(core, &script);
    *count = 0;
    future = eddy_box(eddy_core_handle(core),
                      EDDY_FUTURE(taker, .stream = stream, .out = out, .count = count, .max = 5));
    n = script_run(core, future, &script, NULL);
    test_core_end(core);
    return n;
}

static void several_frames_in_a_packet_are_all_told(void **state)
{
    int64_t out[5];
    size_t count;

    (void)state;
    assert_int_equal(take_all("\0\0\0\1\0\0\0\2\0\0\0\3", 12, 12, 0, out, &count), 0);
    assert_int_equal(count, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(out[i], i + 1);
}

static void frame_across_packets_is_told_once_it_is_whole(void **state)
{
    int64_t out[5];
    size_t count;

    (void)state;
    for (size_t piece = 1; piece < 12; piece++) {
        assert_int_equal(take_all("\0\0\0\1\0\0\0\2\0\0\0\3", 12, piece, 0, out, &count), 0);
        assert_int_equal(count, 3);
        for (int i = 0; i < 3; i++)
            assert_int_equal(out[i], i + 1);
    }
}

static void nothing_and_then_a_part_is_waited_on(void **state)
{
    eddy_core *core = test_core();
    struct script script = {.in = "\0\0\0\1", .in_len = 4, .piece = 2};
    int64_t out[5];
    size_t count = 0;
    eddy_join *join;

    (void)state;
    (void)script_init(&script);
    join = test_spawn_join(core, taker, .stream = numbers(core, &script), .out = out,
                           .count = &count, .max = 5);
    (void)test_settle(core);
    assert_null(eddy_join_ended(join));
    script_step(&script);
    (void)test_settle(core);
    assert_null(eddy_join_ended(join)); /* and asked again it is no item */
    eddy_waiter_wake(&script.reader);
    (void)test_settle(core);
    assert_int_equal(count, 0);
    script_step(&script);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(count, 1);
    test_core_end(core);
}

static void error_of_reading_is_told_also_behind_a_part(void **state)
{
    int64_t out[5];
    size_t count;

    (void)state;
    (void)take_all("", 0, 0, -EIO, out, &count);
    assert_int_equal(count, 5);
    assert_int_equal(out[0], -EIO);
    (void)take_all("\0\0\0\1\0", 5, 1, -EIO, out, &count);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], -EIO);
}

static void part_before_the_end_is_an_error(void **state)
{
    int64_t out[5];
    size_t count;

    (void)state;
    (void)take_all("\0\0\0\1\0", 5, 1, 0, out, &count);
    assert_int_equal(out[0], 1);
    for (size_t i = 1; i < 5; i++)
        assert_int_equal(out[i], -EBADMSG);
}

static void frames_that_stand_before_the_end_are_told_before_it(void **state)
{
    int64_t out[5];
    size_t count;

    (void)state;
    assert_int_equal(take_all("\0\0\0\1\0\0\0\2", 8, 0, 0, out, &count), 0);
    assert_int_equal(count, 2);
}

/* ---- where it went wrong ---- */

/* Takes one item, or an error and what is noted about it. */
static eddy_result take_into(eddy_core *core, eddy_stream *stream, void *item, eddy_failure *why)
{
    eddy_join *join = test_spawn_join_future(
        core, eddy_stream_next(eddy_core_handle(core), stream, item), __FILE__, __LINE__);

    while (eddy_join_ended(join) == NULL)
        (void)test_turn(core);
    *why = eddy_join_ended(join)->why;
    return test_join_end(core, join);
}

static eddy_result take_one(eddy_core *core, eddy_stream *stream, eddy_failure *why)
{
    uint32_t number;

    return take_into(core, stream, &number, why);
}

static void error_says_at_which_byte(void **state)
{
    static const char bytes[] = "\0\0\0\1\x80\0\0\0\0\0\0\2\0\0\0\3\xc0\0\0\0";
    eddy_core *core = test_core();
    struct script script = {.in = bytes, .in_len = 20};
    eddy_failure why;
    eddy_stream *stream;

    (void)state;
    (void)script_init(&script);
    stream = numbers(core, &script);
    assert_int_equal(eddy_decoded_offset(stream), 0);
    assert_int_equal(take_one(core, stream, &why), 1);
    assert_int_equal(eddy_decoded_offset(stream), 4);
    assert_int_equal(take_one(core, stream, &why), -EILSEQ);
    assert_string_equal(why.operation, "decode");
    assert_int_equal(eddy_decoded_error_offset(stream), 4);
    assert_int_equal(eddy_decoded_offset(stream), 8); /* four bytes are bad, it goes on */
    assert_int_equal(take_one(core, stream, &why), 1);
    assert_int_equal(take_one(core, stream, &why), 1);
    assert_int_equal(eddy_decoded_error_offset(stream), 4);
    for (int i = 0; i < 2; i++) { /* there is no going on */
        assert_int_equal(take_one(core, stream, &why), -EILSEQ);
        assert_int_equal(eddy_decoded_error_offset(stream), 16);
        assert_int_equal(eddy_decoded_offset(stream), 16);
    }
    eddy_stream_drop(stream, NULL);
    assert_int_equal(script.consumed, 16);
    test_core_end(core);
}

static void offset_counts_what_is_skipped(void **state)
{
    eddy_core *core = test_core();
    struct script script = script_reading("   a ?", 0);
    eddy_failure why;
    eddy_stream *stream;

    (void)state;
    (void)script_init(&script);
    stream = eddy_io_decoded(eddy_core_handle(core), &script.io, &letter_decoder, NULL);
    assert_int_equal(take_one(core, stream, &why), 1);
    assert_int_equal(eddy_decoded_offset(stream), 4);
    assert_int_equal(take_one(core, stream, &why), -EILSEQ);
    assert_int_equal(eddy_decoded_error_offset(stream), 5);
    eddy_stream_drop(stream, NULL);
    test_core_end(core);
}

static void frame_that_is_too_long_or_cut_off_is_where_it_begins(void **state)
{
    static const char bytes[] = {0, 1, 'x', 0, (char)255};
    eddy_core *core = test_core();
    struct script script = {.in = bytes, .in_len = sizeof bytes};
    struct block block;
    eddy_failure why;
    eddy_stream *stream;

    (void)state;
    (void)script_init(&script);
    for (int i = 0; i < 2; i++) {
        stream = eddy_io_decoded(eddy_core_handle(core), &script.io,
                                 i == 0 ? &block_decoder : &any_block_decoder, NULL);
        script.consumed = 0;
        assert_int_equal(take_into(core, stream, &block, &why), 1);
        assert_int_equal(take_into(core, stream, &block, &why), i == 0 ? -EMSGSIZE : -EBADMSG);
        assert_string_equal(why.operation, "decode");
        assert_int_equal(eddy_decoded_error_offset(stream), 3);
        assert_int_equal(eddy_decoded_offset(stream), 3);
        eddy_stream_drop(stream, NULL);
    }
    test_core_end(core);
}

/* ---- limits ---- */

/* Four bytes of length, then so many, which nobody reads here. */
static eddy_result huge_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    (void)state;
    (void)item;
    *used = 4;
    if (in.len >= 4)
        *used += (size_t)in.data[0] << 24 | (size_t)in.data[1] << 16 | (size_t)in.data[2] << 8 |
                 in.data[3];
    return 0;
}

static const eddy_decoder huge_decoders[] = {
    {.name = "huge", .item_bytes = 4, .frame_max = 1 << 20, .decode = huge_decode},
    {.name = "any huge", .item_bytes = 4, .decode = huge_decode}, /* what the window shows */
};

static void frame_of_4_gib_is_refused_before_memory_is_taken(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct test_heap heap;
        const eddy_allocator allocator = test_heap_allocator(&heap);
        eddy_core *core;
        eddy_failure why;
        eddy_stream *stream;
        eddy_tcp *tcp;
        long bytes;
        int peer;

        test_heap_init(&heap, -1);
        core = test_core_with((eddy_core_options){.allocator = &allocator});
        peer = test_peer(core, &tcp);
        stream = eddy_io_decoded(eddy_core_handle(core), eddy_tcp_io(tcp), &huge_decoders[i], NULL);
        test_peer_send(peer, "\0\0\0\1", 4);
        assert_int_equal(test_fill(core, tcp, 4), 4);
        eddy_tcp_consume(tcp, 4); /* what the first bytes take is taken */
        test_peer_send(peer, "\xff\xff\xff\xff", 4);
        bytes = atomic_load(&heap.bytes);
        assert_int_equal(take_one(core, stream, &why), -EMSGSIZE);
        assert_in_range(atomic_load(&heap.bytes), 0, bytes + 300000);
        assert_int_equal(eddy_decoded_error_offset(stream), 0);
        eddy_stream_drop(stream, NULL);
        end(core, tcp, peer);
    }
}

/* ---- misuse ---- */

static void stream_of_others(void *arg)
{
    eddy_core *core = test_core();
    struct script script = script_reading("", 0);

    (void)script_init(&script);
    if (arg == NULL)
        (void)eddy_decoded_offset(eddy_stream_skip(numbers(core, &script), 1));
    else
        (void)eddy_decoded_error_offset(eddy_stream_skip(numbers(core, &script), 1));
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_dies(stream_of_others, NULL, "is not what eddy_io_decoded() gave");
    assert_dies(stream_of_others, "", "is not what eddy_io_decoded() gave");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_frames_in_a_packet_are_all_told),
        cmocka_unit_test(frame_across_packets_is_told_once_it_is_whole),
        cmocka_unit_test(nothing_and_then_a_part_is_waited_on),
        cmocka_unit_test(error_of_reading_is_told_also_behind_a_part),
        cmocka_unit_test(part_before_the_end_is_an_error),
        cmocka_unit_test(frames_that_stand_before_the_end_are_told_before_it),
        cmocka_unit_test(error_says_at_which_byte),
        cmocka_unit_test(offset_counts_what_is_skipped),
        cmocka_unit_test(frame_that_is_too_long_or_cut_off_is_where_it_begins),
        cmocka_unit_test(frame_of_4_gib_is_refused_before_memory_is_taken),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
