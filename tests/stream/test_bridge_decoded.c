/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_bridge_decoded.c - items of what a TCP stream receives: whole ones, whatever the arrivals; limits,
 * errors and ends; and that no drop loses a byte.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/drop.h"
#include "../support/heap.h"
#include "../support/net.h"
#include "bridge_codecs.h"
#include "eddy/transport.h"

static const char poem[] = "one\ntwo\n\nthree and more\nfive\n";

/* ---- a reader of lines ---- */

/* Takes items until the end or an error, and writes them down, each with a bar behind it. */
struct reader {
    EDDY_FRAME;
    eddy_stream *stream;
    char *text;
    size_t stop_after; /* items; 0: none */
    size_t count;
    eddy_bytes line;
};

static void reader_done(struct reader *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->stream, NULL);
}

static void write_down(char *text, eddy_bytes line)
{
    size_t at = strlen(text);

    memcpy(text + at, line.data, line.len);
    memcpy(text + at + line.len, "|", 2);
}

EDDY_ASYNC(reader, reader_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_NEXT(n, self->stream, &self->line);
            if (n <= 0)
                break;
            write_down(self->text, self->line);
            if (++self->count == self->stop_after)
                break;
        }
        EDDY_END(n);
}

/* As test_run(), of lines of the TCP stream. */
static eddy_result read_lines(eddy_core *core, eddy_tcp *tcp, size_t stop_after, char *text)
{
    struct line_state state = {0};
    eddy_stream *lines = eddy_tcp_decoded(eddy_core_handle(core), tcp, &line_decoder, &state);

    text[0] = '\0';
    return test_run(core, reader, .stream = lines, .text = text, .stop_after = stop_after);
}

static void end(eddy_core *core, eddy_tcp *tcp, int peer)
{
    eddy_tcp_free(tcp);
    test_peer_close(peer);
    test_core_end(core);
}

/* ---- frames ---- */

struct sending {
    int peer;
    size_t sent, piece;
};

/* One piece more of the poem each time somebody looks; then the end. */
static bool send_piece(void *arg)
{
    struct sending *self = arg;
    size_t left = sizeof poem - 1 - self->sent;
    size_t len = left < self->piece ? left : self->piece;

    if (len > 0)
        test_peer_send(self->peer, poem + self->sent, len);
    else if (self->piece > 0)
        test_peer_shutdown(self->peer);
    if (len == 0)
        self->piece = 0;
    self->sent += len;
    return false;
}

static void lines_are_whole_whatever_the_arrivals(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < sizeof poem; piece++) {
        eddy_core *core = test_core();
        struct line_state lines = {0};
        char text[100] = "";
        eddy_tcp *tcp;
        struct sending sending = {.peer = test_peer(core, &tcp), .piece = piece};
        eddy_stream *stream = eddy_tcp_decoded(eddy_core_handle(core), tcp, &line_decoder, &lines);
        eddy_join *join = test_spawn_join(core, reader, .stream = stream, .text = text);

        while (sending.piece > 0) {
            (void)send_piece(&sending);
            assert_true(eddy_core_turn(core, 0) >= 0);
        }
        assert_int_equal(test_join_end(core, join), 0);
        assert_string_equal(text, "one|two||three and more|five|");
        end(core, tcp, sending.peer);
    }
}

static void last_line_needs_no_newline(void **state)
{
    eddy_core *core = test_core();
    char text[100];
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    test_peer_send(peer, "one\ntwo", 7);
    test_peer_shutdown(peer);
    assert_int_equal(read_lines(core, tcp, 0, text), 0);
    assert_string_equal(text, "one|two|");
    assert_int_equal(read_lines(core, tcp, 0, text), 0); /* the end stays the end */
    assert_string_equal(text, "");
    end(core, tcp, peer);
}

/* Looks at one line where it was received. */
struct looker {
    EDDY_FRAME;
    eddy_tcp *tcp;
    eddy_stream *stream;
    eddy_bytes line;
};

EDDY_ASYNC(looker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_NEXT(n, self->stream, &self->line);
        assert_int_equal(n, 1);
        assert_ptr_equal(self->line.data, eddy_tcp_view(self->tcp).data);
        assert_int_equal(self->line.len, 3);
        EDDY_NEXT(n, self->stream, &self->line);
        assert_int_equal(n, 1);
        assert_ptr_equal(self->line.data, eddy_tcp_view(self->tcp).data);
        assert_memory_equal(self->line.data, "two", 3);
        EDDY_END(0);
}

static void item_shows_the_bytes_where_they_were_received(void **state)
{
    eddy_core *core = test_core();
    struct line_state lines = {0};
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_stream *stream = eddy_tcp_decoded(eddy_core_handle(core), tcp, &line_decoder, &lines);

    (void)state;
    test_peer_send(peer, "one\ntwo\n", 8);
    assert_int_equal(test_run(core, looker, .tcp = tcp, .stream = stream), 0);
    end(core, tcp, peer);
}

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
    eddy_stream *stream = eddy_tcp_decoded(eddy_core_handle(core), tcp, decoder, NULL);

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
    eddy_stream *stream = eddy_tcp_decoded(eddy_core_handle(core), tcp, &block_decoder, &calls);
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
    assert_int_equal(
        test_run(core, stubborn,
                 .stream = eddy_tcp_decoded(eddy_core_handle(core), tcp, &line_decoder, &lines)),
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

/* ---- errors ---- */

/* Takes letters, and a question mark for each error, until the end. */
struct speller {
    EDDY_FRAME;
    eddy_stream *stream;
    char *text;
    char letter;
};

EDDY_ASYNC(speller, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_NEXT(n, self->stream, &self->letter);
            if (n == 0)
                break;
            if (n < 0)
                assert_int_equal(n, -EILSEQ);
            *self->text++ = n > 0 ? self->letter : '?';
        }
        EDDY_END(0);
}

static void decoder_skips_what_is_bad_and_goes_on(void **state)
{
    eddy_core *core = test_core();
    char text[20] = "";
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    test_peer_send(peer, " ab  XcY d ", 11);
    test_peer_shutdown(peer);
    assert_int_equal(
        test_run(core, speller,
                 .stream = eddy_tcp_decoded(eddy_core_handle(core), tcp, &letter_decoder, NULL),
                 .text = text),
        0);
    assert_string_equal(text, "ab?c?d");
    end(core, tcp, peer);
}

static void items_that_came_before_an_error_are_told_first(void **state)
{
    eddy_core *core = test_core();
    char text[100];
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    struct line_state lines = {0};
    eddy_stream *stream = eddy_tcp_decoded(eddy_core_handle(core), tcp, &line_decoder, &lines);
    eddy_join *join;

    (void)state;
    text[0] = '\0';
    join = test_spawn_join(core, reader, .stream = stream, .text = text);
    test_peer_send(peer, "one\ntwo\nthr", 11);
    test_settle(core);
    test_peer_reset(peer);
    assert_int_equal(test_join_end(core, join), -ECONNRESET);
    assert_string_equal(text, "one|two|");
    assert_int_equal(read_lines(core, tcp, 0, text), -ECONNRESET);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

/* ---- drops ---- */

static void bytes_of_no_item_stay_in_the_tcp_stream(void **state)
{
    eddy_core *core = test_core();
    char text[100];
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    test_peer_send(peer, "one\ntwo\nthr", 11);
    assert_int_equal(read_lines(core, tcp, 1, text), 1);
    assert_string_equal(text, "one|");
    test_expect(core, tcp, "two\n", 4);
    test_peer_send(peer, "ee\nfour\n", 8);
    assert_int_equal(read_lines(core, tcp, 2, text), 1);
    assert_string_equal(text, "three|four|");
    end(core, tcp, peer);
}

struct world {
    eddy_tcp *tcp;
    int peer;
    size_t sent;
    struct line_state lines;
    char text[100];
};

static eddy_future *begin_lines(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_handle *handle = eddy_core_handle(core);

    *world = (struct world){.sent = 0};
    world->peer = test_peer(core, &world->tcp);
    return eddy_box(handle, EDDY_FUTURE(reader,
                                        .stream = eddy_tcp_decoded(handle, world->tcp,
                                                                   &line_decoder, &world->lines),
                                        .text = world->text));
}

static void send_some(void *arg, eddy_core *core)
{
    struct world *world = arg;
    size_t left = sizeof poem - 1 - world->sent;
    size_t len = left < 3 ? left : 3;

    (void)core;
    if (len == 0)
        return;
    test_peer_send(world->peer, poem + world->sent, len);
    world->sent += len;
    if (len == left)
        test_peer_shutdown(world->peer);
}

/* Another reader goes on where the dropped one stopped. */
static void end_lines(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    char rest[100];

    if (result != EDDY_DROPPED)
        assert_int_equal(result, 0);
    while (core != NULL && world->sent < sizeof poem - 1)
        send_some(world, core);
    if (core != NULL) {
        assert_int_equal(read_lines(core, world->tcp, 0, rest), 0);
        strcat(world->text, rest);
        assert_string_equal(world->text, "one|two||three and more|five|");
    }
    eddy_tcp_free(world->tcp);
    test_peer_close(world->peer);
}

static void lines_can_be_dropped_anywhere_and_be_gone_on_with(void **state)
{
    struct world world;
    const struct test_drop drop = {begin_lines, send_some, end_lines, &world, {0}};

    (void)state;
    assert_true(test_drop_anywhere(&drop) > 3);
}

/* ---- fairness, memory, mistakes ---- */

static void many_lines_at_once_let_others_go_first(void **state)
{
    static char many[20000];
    static char text[sizeof many + 1];
    eddy_core *core = test_core();
    struct test_trace trace = {0};
    struct line_state lines = {0};
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_stream *stream = eddy_tcp_decoded(eddy_core_handle(core), tcp, &line_decoder, &lines);
    eddy_join *join;

    (void)state;
    memset(many, '\n', sizeof many);
    text[0] = '\0';
    test_peer_send(peer, many, sizeof many);
    join = test_spawn_join(core, reader, .stream = stream, .text = text, .stop_after = sizeof many);
    test_spawn(core, test_value, .trace = &trace, .yields = 30);
    for (int i = 0; i < 100 && trace.dones == 0; i++)
        (void)test_turn(core);
    assert_int_equal(trace.dones, 1);
    assert_true(lines.calls < (int)sizeof many);
    assert_int_equal(test_join_end(core, join), 1);
    assert_int_equal(strlen(text), sizeof many);
    end(core, tcp, peer);
}

static void without_memory_the_stream_is_a_failed_one(void **state)
{
    struct test_heap heap;
    const eddy_allocator allocator = test_heap_allocator(&heap);
    eddy_core *core;
    char text[100];
    eddy_tcp *tcp;
    int peer;

    (void)state;
    test_heap_init(&heap, -1);
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    peer = test_peer(core, &tcp);
    test_peer_send(peer, poem, sizeof poem - 1);
    if (test_is_simulated()) {
        atomic_store(&heap.fail_at, atomic_load(&heap.calls));
        assert_int_equal(read_lines(core, tcp, 0, text), -ENOMEM);
    }
    assert_int_equal(read_lines(core, tcp, 1, text), 1);
    end(core, tcp, peer);
    assert_int_equal(atomic_load(&heap.blocks), 0);
}

/* Wants more than will come, and is told how much there was. */
static eddy_result greedy_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    (void)state;
    (void)in;
    (void)item;
    *used = 65000;
    return 0;
}

static eddy_result greedy_eof(void *state, eddy_bytes in, size_t *used, void *item)
{
    (void)state;
    *used = in.len;
    memcpy(item, &in.len, sizeof in.len);
    return in.len > 0;
}

static const eddy_decoder greedy_decoder = {
    .name = "greedy",
    .item_bytes = sizeof(size_t),
    .decode = greedy_decode,
    .eof = greedy_eof,
};

/* Takes one item, and tries again when there is no memory. */
struct patient {
    EDDY_FRAME;
    eddy_stream *stream;
    size_t len;
    size_t *got;
};

EDDY_ASYNC(patient, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_NEXT(n, self->stream, &self->len);
        } while (n == -ENOMEM);
        *self->got = self->len;
        EDDY_END(n);
}

/* What is left lies in several pieces; to show them in one takes memory. */
static void lack_of_memory_never_cuts_the_rest(void **state)
{
    static const char piece[3000];

    (void)state;
    for (long at = 0; at < 8; at++) {
        struct test_heap heap;
        const eddy_allocator allocator = test_heap_allocator(&heap);
        eddy_core *core;
        size_t got = 0;
        eddy_tcp *tcp;
        eddy_join *join;
        int peer;

        test_heap_init(&heap, -1);
        core = test_core_with((eddy_core_options){.allocator = &allocator});
        peer = test_peer(core, &tcp);
        join = test_spawn_join(
            core, patient,
            .stream = eddy_tcp_decoded(eddy_core_handle(core), tcp, &greedy_decoder, NULL),
            .got = &got);
        for (int i = 0; i < 20; i++) {
            test_peer_send(peer, piece, sizeof piece);
            test_settle(core);
        }
        test_peer_shutdown(peer);
        atomic_store(&heap.fail_at, atomic_load(&heap.calls) + at);
        assert_int_equal(test_join_end(core, join), 1);
        assert_int_equal(got, 20 * sizeof piece);
        atomic_store(&heap.fail_at, -1);
        end(core, tcp, peer);
    }
}

static eddy_result bad_decode(void *state, eddy_bytes in, size_t *used, void *item)
{
    (void)state;
    memset(item, 0, 1);
    *used = in.len + 1;
    return 1;
}

static void uses_too_much(void *arg)
{
    static const eddy_decoder bad = {.name = "bad", .item_bytes = 1, .decode = bad_decode};
    eddy_core *core = test_core();
    char text[2] = "";
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)arg;
    test_peer_send(peer, "abc", 3);
    (void)test_run(core, speller,
                   .stream = eddy_tcp_decoded(eddy_core_handle(core), tcp, &bad, NULL),
                   .text = text);
}

static void misuse_is_asserted(void **state)
{
    (void)state;
    assert_dies(uses_too_much, NULL, "decoder 'bad' has used");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_whole_whatever_the_arrivals),
        cmocka_unit_test(last_line_needs_no_newline),
        cmocka_unit_test(item_shows_the_bytes_where_they_were_received),
        cmocka_unit_test(decoder_that_knows_the_length_is_asked_when_all_is_there),
        cmocka_unit_test(frame_that_ends_early_is_an_error),
        cmocka_unit_test(end_between_two_frames_is_the_end),
        cmocka_unit_test(frame_above_the_limit_is_an_error_told_again_and_again),
        cmocka_unit_test(frames_as_long_as_the_limit_are_whole),
        cmocka_unit_test(decoder_skips_what_is_bad_and_goes_on),
        cmocka_unit_test(items_that_came_before_an_error_are_told_first),
        cmocka_unit_test(bytes_of_no_item_stay_in_the_tcp_stream),
        cmocka_unit_test(lines_can_be_dropped_anywhere_and_be_gone_on_with),
        cmocka_unit_test(many_lines_at_once_let_others_go_first),
        cmocka_unit_test(without_memory_the_stream_is_a_failed_one),
        cmocka_unit_test(lack_of_memory_never_cuts_the_rest),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
