/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_tcp_shutdown.c - half-closing a stream, and what the ends of its peer look like: the end,
 * the reset, one after the other. Closing it whole is test_tcp_close.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/net.h"
#include "eddy/tcp_options.h"

enum { LARGE = 1024 * 1024 };
static unsigned char large[LARGE];

static void spawn_io(eddy_core *core, test_io_fn *poll, eddy_tcp *tcp, eddy_result *result)
{
    *result = EDDY_PENDING;
    test_spawn(core, test_io, .poll = poll, .tcp = tcp, .result = result);
}

static void lift_limit(eddy_tcp *tcp)
{
    eddy_tcp_limits limits = {.size_bytes = sizeof limits, .send_queue_bytes = 2 * LARGE};

    assert_int_equal(eddy_tcp_set_limits(tcp, &limits), 0);
}

static void shutdown_is_queued_behind_data(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer_slow(core, &tcp);
    eddy_result result;
    int ending;

    (void)state;
    lift_limit(tcp);
    assert_int_equal(test_write(core, tcp, large, LARGE), LARGE);
    spawn_io(core, test_io_shutdown, tcp, &result);
    test_pass(core, EDDY_MILLISECOND);
    assert_int_equal(result, EDDY_PENDING);
    assert_true(eddy_tcp_queued(tcp) > LARGE / 2);
    assert_int_equal(eddy_tcp_try_write(tcp, "x", 1), -EPIPE);
    assert_int_equal(test_peer_drain(core, peer, 0, 2 * LARGE, &ending), LARGE);
    assert_int_equal(ending, 0);
    assert_int_equal(test_until_done(core, &result), 0);
    assert_int_equal(eddy_tcp_queued(tcp), 0);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

struct write_then_end {
    EDDY_FRAME;
    eddy_tcp *tcp;
    eddy_bytes rest;
};

EDDY_ASYNC(write_then_end, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_write_all(self->tcp, task, &self->rest));
        assert_int_equal(n, 0);
        EDDY_POLL(n, eddy_tcp_poll_shutdown(self->tcp, task));
        EDDY_END(n);
}

/* Through the default limit, and with a peer that begins to read late. */
static void a_megabyte_then_shutdown_is_a_megabyte_then_the_end(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer_slow(core, &tcp);
    eddy_join *join;
    int ending;

    (void)state;
    join = test_spawn_join(core, write_then_end, .tcp = tcp, .rest = {large, LARGE});
    test_pass(core, EDDY_MILLISECOND);
    assert_int_equal(test_peer_drain(core, peer, 0, 2 * LARGE, &ending), LARGE);
    assert_int_equal(ending, 0);
    assert_int_equal(test_join_end(core, join), 0);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void after_a_shutdown_writing_is_over_and_reading_goes_on(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    char text[8];

    (void)state;
    assert_int_equal(test_write(core, tcp, "asked", 5), 5);
    assert_int_equal(test_shutdown(core, tcp), 0);
    test_peer_recv(peer, text, 5);
    assert_memory_equal(text, "asked", 5);
    assert_int_equal(test_peer_ending(peer), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(test_write(core, tcp, "x", 1), -EPIPE);
        assert_int_equal(eddy_tcp_try_write(tcp, "x", 1), -EPIPE);
        assert_int_equal(test_shutdown(core, tcp), 0); /* as before, no second FIN */
        assert_int_equal(test_flush(core, tcp), 0);
        test_peer_send(peer, "answer", 6);
        test_expect(core, tcp, "answer", 6);
    }
    test_peer_close(peer);
    assert_int_equal(test_read(core, tcp, text, sizeof text), 0);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void a_dropped_shutdown_still_sends_data_then_fin(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer_slow(core, &tcp);
    eddy_join *join;
    int ending;

    (void)state;
    assert_int_equal(test_write(core, tcp, large, 60000), 60000);
    join = test_spawn_join(core, test_io, .poll = test_io_shutdown, .tcp = tcp);
    test_settle(core);
    eddy_join_abort(join);
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    assert_int_equal(test_peer_drain(core, peer, 0, LARGE, &ending), 60000);
    assert_int_equal(ending, 0);
    assert_int_equal(test_write(core, tcp, "x", 1), -EPIPE);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void both_ends_may_half_close_at_once(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *a, *b;
    char text[8];

    (void)state;
    assert_int_equal(eddy_tcp_pair(eddy_core_handle(core), &a, &b), 0);
    assert_int_equal(test_write(core, a, "from a", 6), 6);
    assert_int_equal(test_write(core, b, "from b", 6), 6);
    assert_int_equal(test_shutdown(core, a), 0);
    assert_int_equal(test_shutdown(core, b), 0);
    test_expect(core, b, "from a", 6);
    assert_int_equal(test_read(core, b, text, sizeof text), 0);
    test_expect(core, a, "from b", 6);
    assert_int_equal(test_read(core, a, text, sizeof text), 0);
    assert_int_equal(test_close(core, a), 0);
    assert_int_equal(test_close(core, b), 0);
    eddy_tcp_free(a);
    eddy_tcp_free(b);
    test_core_end(core);
}

/* ---- the ends of the peer ---- */

/* What the peer does; the loop sees it piece by piece when it looks between, else all at once. */
struct ending {
    const char *data;
    bool fin, reset;
    bool look_between;
    eddy_result expected;
};

static void check_ending(eddy_core *core, const struct ending *ending)
{
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    size_t len = strlen(ending->data);
    char text[16];

    if (len > 0)
        test_peer_send(peer, ending->data, len);
    if (ending->look_between && len > 0)
        assert_int_equal(test_fill(core, tcp, len), len);
    if (ending->fin)
        test_peer_shutdown(peer);
    if (ending->look_between && ending->fin)
        assert_int_equal(test_fill(core, tcp, len + 1), 0);
    if (ending->reset)
        test_peer_reset(peer);
    test_expect(core, tcp, ending->data, len);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(test_read(core, tcp, text, sizeof text), ending->expected);
        assert_int_equal(test_fill(core, tcp, 1), ending->expected);
        assert_int_equal(test_peek(core, tcp, text, 1), ending->expected);
        assert_int_equal(test_gone(core, tcp), ending->expected);
    }
    if (!ending->reset)
        test_peer_close(peer);
    eddy_tcp_free(tcp);
}

/* Not among them: an end and a reset that are both there when the loop first looks; the kernel
 * tells either. */
static void data_end_and_reset_are_told_in_order_and_the_answer_stays(void **state)
{
    static const struct ending endings[] = {
        {"data", true, false, false, 0},
        {"data", true, false, true, 0},
        {"", true, false, false, 0},
        {"data", false, true, false, -ECONNRESET},
        {"data", false, true, true, -ECONNRESET},
        {"", false, true, false, -ECONNRESET},
        {"data", true, true, true, 0},
        {"", true, true, true, 0},
    };
    eddy_core *core = test_core();
    int fds = test_open_fds();

    (void)state;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        check_ending(core, &endings[i]);
    test_until_fds(core, fds);
    test_core_end(core);
}

/* The write side is told of the reset once, though the read side has seen an ordinary end. */
static void a_reset_after_the_end_is_told_to_writers_once(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_result error = 0;
    char byte;

    (void)state;
    test_peer_shutdown(peer);
    assert_int_equal(test_read(core, tcp, &byte, 1), 0);
    assert_int_equal(test_write(core, tcp, "still open", 10), 10);
    assert_int_equal(test_flush(core, tcp), 0);
    test_peer_reset(peer);
    for (int turns = 0; turns < 100 && error == 0; turns++) {
        eddy_result n = eddy_tcp_try_write(tcp, "x", 1);

        error = n < 0 ? n : 0;
        assert_true(eddy_core_turn(core, EDDY_MILLISECOND) >= 0);
    }
    assert_true(error == -ECONNRESET || error == -EPIPE);
    assert_int_equal(test_write(core, tcp, "x", 1), -EPIPE);
    assert_int_equal(test_read(core, tcp, &byte, 1), 0);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void ending_verbs_on_a_broken_stream_raise_no_sigpipe(void **state)
{
    static test_io_fn *const verbs[] = {test_io_shutdown, test_io_close, test_io_flush};
    eddy_core *core = test_core();

    (void)state;
    assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    for (size_t i = 0; i <= sizeof verbs / sizeof *verbs; i++) {
        eddy_tcp *tcp;
        int peer = test_peer_slow(core, &tcp);
        eddy_result result;

        assert_int_equal(test_write(core, tcp, large, 60000), 60000);
        test_peer_reset(peer);
        assert_int_equal(eddy_tcp_queued(tcp) > 0, 1);
        if (i < sizeof verbs / sizeof *verbs) {
            spawn_io(core, verbs[i], tcp, &result);
            assert_true(test_until_done(core, &result) < 0);
        }
        eddy_tcp_free(tcp);
        test_pass(core, EDDY_MILLISECOND);
    }
    (void)eddy_core_free(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shutdown_is_queued_behind_data),
        cmocka_unit_test(a_megabyte_then_shutdown_is_a_megabyte_then_the_end),
        cmocka_unit_test(after_a_shutdown_writing_is_over_and_reading_goes_on),
        cmocka_unit_test(a_dropped_shutdown_still_sends_data_then_fin),
        cmocka_unit_test(both_ends_may_half_close_at_once),
        cmocka_unit_test(data_end_and_reset_are_told_in_order_and_the_answer_stays),
        cmocka_unit_test(a_reset_after_the_end_is_told_to_writers_once),
        cmocka_unit_test(ending_verbs_on_a_broken_stream_raise_no_sigpipe),
    };

    test_pattern_fill(large, sizeof large, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
