/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_bridge_decoded.c - items of what a TCP stream receives: whole ones, whatever the arrivals, where
 * they were received; and errors in their places.
 */
#include <errno.h>

#include "../support/death.h"
#include "bridge_lines.h"

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
        eddy_stream *stream =
            eddy_io_decoded(eddy_core_handle(core), eddy_tcp_io(tcp), &line_decoder, &lines);
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
    eddy_stream *stream =
        eddy_io_decoded(eddy_core_handle(core), eddy_tcp_io(tcp), &line_decoder, &lines);

    (void)state;
    test_peer_send(peer, "one\ntwo\n", 8);
    assert_int_equal(test_run(core, looker, .tcp = tcp, .stream = stream), 0);
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
    assert_int_equal(test_run(core, speller,
                              .stream = eddy_io_decoded(eddy_core_handle(core), eddy_tcp_io(tcp),
                                                        &letter_decoder, NULL),
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
    eddy_stream *stream =
        eddy_io_decoded(eddy_core_handle(core), eddy_tcp_io(tcp), &line_decoder, &lines);
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
                   .stream = eddy_io_decoded(eddy_core_handle(core), eddy_tcp_io(tcp), &bad, NULL),
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
        cmocka_unit_test(decoder_skips_what_is_bad_and_goes_on),
        cmocka_unit_test(items_that_came_before_an_error_are_told_first),
        cmocka_unit_test(misuse_is_asserted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
