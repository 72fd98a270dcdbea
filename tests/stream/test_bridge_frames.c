/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_bridge_frames.c - decoded frames whose length is known, ends in the middle of one, and limits.
 */
#include <errno.h>

#include "bridge_lines.h"

/* ---- frames whose length is known ---- */

/* Takes one block. */
struct block_reader {
    EDDY_FRAME;
    eddy_stream *stream;
    struct block *block;
};

static void block_reader_done(struct block_reader *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->stream, NULL);
}

EDDY_ASYNC(block_reader, block_reader_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_NEXT(n, self->stream, self->block);
        EDDY_END(n);
}

static eddy_result read_block(eddy_core *core, eddy_tcp *tcp, const eddy_decoder *decoder,
                              struct block *block)
{
    eddy_stream *stream = eddy_io_decoded(eddy_core_handle(core), eddy_tcp_io(tcp), decoder, NULL);

    return test_run(core, block_reader, .stream = stream, .block = block);
}

static void decoder_that_knows_the_length_is_asked_when_all_is_there(void **state)
{
    static const unsigned char bytes[2 + 40] = {0, 40, 7};
    eddy_core *core = test_core();
    struct block block = {0};
    int calls = 0;
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_stream *stream =
        eddy_io_decoded(eddy_core_handle(core), eddy_tcp_io(tcp), &block_decoder, &calls);
    eddy_join *join = test_spawn_join(core, block_reader, .stream = stream, .block = &block);

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        test_peer_send(peer, bytes + i, 1);
        test_settle(core);
    }
    assert_int_equal(test_join_end(core, join), 1);
    assert_int_equal(block.len, 40);
    assert_int_equal(block.bytes[0], 7);
    assert_int_equal(calls, 3); /* at the first byte, at the second, at the last */
    end(core, tcp, peer);
}

static void frame_that_ends_early_is_an_error(void **state)
{
    eddy_core *core = test_core();
    struct block block;
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    test_peer_send(peer, "\0\3ab", 4);
    test_peer_shutdown(peer);
    assert_int_equal(read_block(core, tcp, &block_decoder, &block), -EBADMSG);
    assert_int_equal(read_block(core, tcp, &block_decoder, &block), -EBADMSG);
    end(core, tcp, peer);
}

static void end_between_two_frames_is_the_end(void **state)
{
    eddy_core *core = test_core();
    struct block block;
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    test_peer_send(peer, "\0\2ab", 4);
    test_peer_shutdown(peer);
    assert_int_equal(read_block(core, tcp, &block_decoder, &block), 1);
    assert_int_equal(block.len, 2);
    assert_int_equal(read_block(core, tcp, &block_decoder, &block), 0);
    end(core, tcp, peer);
}

/* ---- limits ---- */

/* Polls again and again after errors. */
struct stubborn {
    EDDY_FRAME;
    eddy_stream *stream;
    eddy_bytes line;
    int errors;
};

EDDY_ASYNC(stubborn, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->errors = 0; self->errors < 3; self->errors++) {
            EDDY_NEXT(n, self->stream, &self->line);
            assert_int_equal(n, -EMSGSIZE);
        }
        EDDY_END(n);
}

static void frame_above_the_limit_is_an_error_told_again_and_again(void **state)
{
    static const unsigned char long_block[] = {0, BLOCK_MAX + 1, 1, 2, 3};
    static const unsigned char huge_block[] = {255, 255, 1};
    static char long_line[4096];
    eddy_core *core = test_core();
    struct line_state lines = {0};
    struct block block;
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    memset(long_line, 'x', sizeof long_line);
    test_peer_send(peer, long_block, sizeof long_block);
    assert_int_equal(read_block(core, tcp, &block_decoder, &block), -EMSGSIZE);
    end(core, tcp, peer);

    core = test_core();
    peer = test_peer(core, &tcp);
    test_peer_send(peer, huge_block, sizeof huge_block); /* above the window */
    assert_int_equal(read_block(core, tcp, &any_block_decoder, &block), -EMSGSIZE);
    end(core, tcp, peer);

    core = test_core();
    peer = test_peer(core, &tcp);
    test_peer_send(peer, long_line, sizeof long_line);
    assert_int_equal(test_run(core, stubborn,
                              .stream = eddy_io_decoded(eddy_core_handle(core), eddy_tcp_io(tcp),
                                                        &line_decoder, &lines)),
                     -EMSGSIZE);
    end(core, tcp, peer);
}

static void frames_as_long_as_the_limit_are_whole(void **state)
{
    static char line[4096];
    eddy_core *core = test_core();
    static char text[sizeof line + 10];
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    test_peer_send(peer, line, sizeof line);
    assert_int_equal(read_lines(core, tcp, 1, text), 1);
    assert_int_equal(strlen(text), sizeof line);
    end(core, tcp, peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoder_that_knows_the_length_is_asked_when_all_is_there),
        cmocka_unit_test(frame_that_ends_early_is_an_error),
        cmocka_unit_test(end_between_two_frames_is_the_end),
        cmocka_unit_test(frame_above_the_limit_is_an_error_told_again_and_again),
        cmocka_unit_test(frames_as_long_as_the_limit_are_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
