/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_tcp_close.c - the ends of a whole stream: closed and waited for, given back, thrown away,
 * ended with its loop. What was accepted arrives, or is counted; descriptors go back. Half-closing
 * is test_tcp_shutdown.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/net.h"

enum { LARGE = 1024 * 1024, QUEUED = 60000 };
static unsigned char large[LARGE];

static void limit(eddy_tcp *tcp, int64_t linger_ns, size_t linger_bytes)
{
    eddy_tcp_limits limits = {
        .size_bytes = sizeof limits, .linger_ns = linger_ns, .linger_bytes = linger_bytes};

    assert_int_equal(eddy_tcp_set_limits(tcp, &limits), 0);
}

/* A peer that does not read, so that most of what is written stays queued. */
static int stuck_peer(eddy_core *core, eddy_tcp **tcp)
{
    int peer = test_peer_slow(core, tcp);

    assert_int_equal(test_write(core, *tcp, large, QUEUED), QUEUED);
    assert_true(eddy_tcp_queued(*tcp) > QUEUED / 2);
    return peer;
}

/* Every byte is sent or counted, none both. The peer reads what has come of those that were sent, then
 * learns by a reset that it is not all. */
static void assert_cut_off(eddy_core *core, int peer)
{
    eddy_core_stats stats;
    int ending;
    size_t got = test_peer_drain(core, peer, 0, LARGE, &ending);

    test_settle(core);
    stats = test_stats(core);
    assert_int_equal(stats.bytes_sent + stats.bytes_cut_off, QUEUED);
    assert_true(got <= stats.bytes_sent);
    assert_int_equal(ending, -ECONNRESET);
    assert_int_equal(stats.closes_cut_off, 1);
}

/* ---- closing ---- */

static void close_flushes_then_fin_then_waits_for_the_peers_end(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_tcp *tcp;
    int peer = stuck_peer(core, &tcp);
    eddy_result result = EDDY_PENDING;
    int ending;

    (void)state;
    test_spawn(core, test_io, .poll = test_io_close, .tcp = tcp, .result = &result);
    assert_int_equal(test_peer_drain(core, peer, 0, LARGE, &ending), QUEUED);
    assert_int_equal(ending, 0);
    test_pass(core, EDDY_MILLISECOND);
    assert_int_equal(result, EDDY_PENDING);
    test_peer_close(peer);
    assert_int_equal(test_until_done(core, &result), 0);
    assert_int_equal(test_close(core, tcp), 0); /* the same answer afterwards */
    eddy_tcp_free(tcp);
    test_until_fds(core, fds);
    assert_int_equal(test_stats(core).closes_cut_off, 0);
    test_core_end(core);
}

static void close_refuses_writes_and_throws_away_what_comes(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_result result = EDDY_PENDING;
    char byte;

    (void)state;
    test_peer_send(peer, "unread", 6);
    assert_int_equal(test_fill(core, tcp, 6), 6);
    test_spawn(core, test_io, .poll = test_io_close, .tcp = tcp, .result = &result);
    test_peer_send(peer, large, 30000);
    test_pass(core, EDDY_MILLISECOND);
    assert_int_equal(result, EDDY_PENDING);
    assert_int_equal(eddy_tcp_view(tcp).len, 0);
    assert_int_equal(eddy_tcp_try_write(tcp, "x", 1), -EPIPE);
    test_peer_shutdown(peer);
    assert_int_equal(test_until_done(core, &result), 0);
    assert_int_equal(test_read(core, tcp, &byte, 1), 0);
    eddy_tcp_free(tcp);
    test_pass(core, EDDY_MILLISECOND);
    assert_int_equal(test_peer_ending(peer), 0); /* no reset: all was read */
    test_peer_close(peer);
    test_core_end(core);
}

static void close_gives_up_when_its_time_is_over_and_counts(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_tcp *tcp;
    int peer = stuck_peer(core, &tcp);
    int64_t began_ns = eddy_now_ns(eddy_core_handle(core));

    (void)state;
    limit(tcp, 20 * EDDY_MILLISECOND, 0);
    assert_int_equal(test_close(core, tcp), -ETIMEDOUT);
    assert_true(eddy_now_ns(eddy_core_handle(core)) - began_ns >= 20 * EDDY_MILLISECOND);
    assert_int_equal(test_close(core, tcp), -ETIMEDOUT);
    eddy_tcp_free(tcp);
    test_until_fds(core, fds + 1);
    assert_cut_off(core, peer);
    test_peer_close(peer);
    assert_true(eddy_core_free(core) > 0);
}

static void close_gives_up_on_a_peer_that_sends_without_end(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_result result = EDDY_PENDING;
    size_t sent = 0;

    (void)state;
    limit(tcp, 0, 200000);
    test_spawn(core, test_io, .poll = test_io_close, .tcp = tcp, .result = &result);
    for (int turns = 0; turns < 10000 && result == EDDY_PENDING; turns++) {
        sent += test_peer_try_send(peer, large, 10000);
        assert_true(eddy_core_turn(core, EDDY_MILLISECOND) >= 0);
    }
    assert_int_equal(result, -EMSGSIZE);
    assert_in_range(sent, 200001, 200000 + 8 * LARGE);
    assert_int_equal(test_stats(core).closes_cut_off, 1);
    eddy_tcp_free(tcp);
    test_until_fds(core, fds + 1);
    test_peer_close(peer);
    test_core_end(core); /* nothing was queued, so no byte is missing */
}

static void close_of_a_stream_that_breaks_tells_why(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_tcp *tcp;
    int peer = stuck_peer(core, &tcp);
    eddy_result result = EDDY_PENDING;

    (void)state;
    test_spawn(core, test_io, .poll = test_io_close, .tcp = tcp, .result = &result);
    test_pass(core, EDDY_MILLISECOND);
    assert_int_equal(result, EDDY_PENDING);
    test_peer_reset(peer);
    assert_int_equal(test_until_done(core, &result), -ECONNRESET);
    assert_int_equal(test_close(core, tcp), -ECONNRESET);
    eddy_tcp_free(tcp);
    test_until_fds(core, fds);
    test_core_end(core);
}

static void free_after_a_dropped_close_does_the_rest(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_tcp *tcp;
    int peer = stuck_peer(core, &tcp);
    eddy_join *join = test_spawn_join(core, test_io, .poll = test_io_close, .tcp = tcp);
    int ending;

    (void)state;
    test_settle(core);
    eddy_join_abort(join);
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    eddy_tcp_free(tcp);
    assert_int_equal(test_peer_drain(core, peer, 0, LARGE, &ending), QUEUED);
    assert_int_equal(ending, 0);
    test_peer_close(peer);
    test_until_fds(core, fds);
    test_core_end(core);
}

/* ---- giving back ---- */

struct answer {
    EDDY_FRAME;
    eddy_tcp *tcp;
    eddy_bytes rest;
};

static void answer_done(struct answer *self)
{
    eddy_tcp_free(self->tcp);
}

EDDY_ASYNC(answer, answer_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_write_all(self->tcp, task, &self->rest));
        EDDY_END(n);
}

static void what_a_task_wrote_arrives_though_it_is_gone(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();

    (void)state;
    for (size_t len = 1; len <= LARGE; len *= 4) {
        eddy_tcp *tcp;
        int peer = test_peer_slow(core, &tcp);
        eddy_join *join;
        int ending;

        join = test_spawn_join(core, answer, .tcp = tcp, .rest = {large, len});
        if (len < QUEUED) /* it ends before the peer reads */
            assert_int_equal(test_join_end(core, join), 0);
        assert_int_equal(test_peer_drain(core, peer, 0, 2 * LARGE, &ending), len);
        assert_int_equal(ending, 0);
        if (len >= QUEUED)
            assert_int_equal(test_join_end(core, join), 0);
        test_peer_close(peer);
        test_until_fds(core, fds);
    }
    assert_int_equal(test_stats(core).closes_cut_off, 0);
    test_core_end(core);
}

/* It asks for little, answers, and is gone, while the client goes on sending. */
static void an_early_answer_reaches_a_client_that_is_still_sending(void **state)
{
    enum { BODY = 900 * 1000 }; /* less than linger_bytes, more than the kernel holds */
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    char text[16];
    size_t sent;

    (void)state;
    sent = test_peer_try_send(peer, large, LARGE / 2);
    assert_true(test_fill(core, tcp, 100) >= 100);
    assert_int_equal(test_write(core, tcp, "413 too large", 13), 13);
    eddy_tcp_free(tcp);
    for (int turns = 0; turns < 10000 && sent < BODY; turns++) {
        sent += test_peer_try_send(peer, large, BODY - sent < 50000 ? BODY - sent : 50000);
        assert_true(eddy_core_turn(core, EDDY_MILLISECOND) >= 0);
    }
    assert_int_equal(sent, BODY);
    test_peer_recv(peer, text, 13);
    assert_memory_equal(text, "413 too large", 13);
    assert_int_equal(test_peer_ending(peer), 0);
    test_peer_close(peer);
    test_until_fds(core, fds);
    assert_int_equal(test_stats(core).closes_cut_off, 0);
    test_core_end(core);
}

/* There is no FIN to wait for, but there are bytes to send. */
static void what_was_written_arrives_at_a_peer_that_ended_first(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_tcp *tcp;
    int peer = stuck_peer(core, &tcp);
    char byte;
    int ending;

    (void)state;
    test_peer_shutdown(peer);
    assert_int_equal(test_read(core, tcp, &byte, 1), 0);
    eddy_tcp_free(tcp);
    assert_int_equal(test_peer_drain(core, peer, 0, LARGE, &ending), QUEUED);
    assert_int_equal(ending, 0);
    test_until_fds(core, fds + 1); /* though the peer keeps its end open */
    test_peer_close(peer);
    test_core_end(core);
}

static void free_lingers_no_longer_than_it_may_and_counts(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_tcp *tcp;
    int peer = stuck_peer(core, &tcp);

    (void)state;
    limit(tcp, 300 * EDDY_MILLISECOND, 0);
    eddy_tcp_free(tcp);
    test_pass(core, 5 * EDDY_MILLISECOND);
    assert_int_equal(test_open_fds(), fds + 2);
    test_until_fds(core, fds + 1);
    assert_cut_off(core, peer);
    test_peer_close(peer);
    assert_true(eddy_core_free(core) > 0);
}

static void free_without_anything_written_closes_at_once(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();

    (void)state;
    for (int read = 0; read < 2; read++) {
        eddy_tcp *tcp;
        int peer = test_peer(core, &tcp);

        if (read) {
            test_peer_send(peer, "asked", 5);
            assert_int_equal(test_fill(core, tcp, 5), 5);
        }
        eddy_tcp_free(tcp);
        for (int turns = 0; turns < 3; turns++)
            test_turn(core);
        assert_int_equal(test_open_fds(), fds + 1);
        assert_int_equal(test_peer_ending(peer), 0);
        test_peer_close(peer);
    }
    test_core_end(core);
}

static void a_peer_that_reset_leaves_nothing_to_linger_for(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();

    (void)state;
    for (int early = 0; early < 2; early++) {
        eddy_tcp *tcp;
        int peer = stuck_peer(core, &tcp);

        if (early)
            test_peer_reset(peer);
        eddy_tcp_free(tcp);
        test_turn(core);
        if (!early)
            test_peer_reset(peer);
        test_until_fds(core, fds);
    }
    assert_true(eddy_core_free(core) > 0); /* freed with bytes that the peer did not take */
}

/* ---- throwing away ---- */

static void abort_resets_the_peer_and_drops_the_unsent(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();

    (void)state;
    for (int queued = 0; queued < 2; queued++) {
        eddy_tcp *tcp;
        int peer = queued ? stuck_peer(core, &tcp) : test_peer(core, &tcp);
        int ending;

        eddy_tcp_abort(tcp);
        test_until_fds(core, fds + 1);
        assert_true(test_peer_drain(core, peer, 0, LARGE, &ending) < QUEUED);
        assert_int_equal(ending, -ECONNRESET);
        test_peer_close(peer);
    }
    assert_int_equal(test_stats(core).closes_cut_off, 0);
    test_core_end(core); /* on purpose, so nothing was cut off */
}

static void what_was_aborted_is_not_cut_off_though_its_loop_ends(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = stuck_peer(core, &tcp);

    (void)state;
    eddy_tcp_abort(tcp);
    test_core_end(core);
    test_peer_close(peer);
}

/* ---- the end of the loop ---- */

/* The peer reads what the kernel has, to the end. */
static size_t rest_of(int peer)
{
    static unsigned char memory[LARGE];
    size_t have = 0;
    long n;

    while ((n = test_peer_try_recv(peer, memory + have, LARGE - have)) > 0 || n == -EAGAIN)
        have += n > 0 ? (size_t)n : 0;
    test_pattern_check(memory, have, 0);
    return have;
}

static void ending_the_loop_sends_once_more(void **state)
{
    int fds = test_open_fds();

    (void)state;
    for (int freed = 0; freed < 2; freed++) {
        eddy_core *core = test_core();
        eddy_tcp *tcp;
        int peer = test_peer(core, &tcp);

        assert_int_equal(test_turn(core), 0);
        assert_int_equal(eddy_tcp_try_write(tcp, large, QUEUED), QUEUED);
        if (freed)
            eddy_tcp_free(tcp);
        test_core_end(core);
        if (!freed)
            eddy_tcp_free(tcp);
        assert_int_equal(rest_of(peer), QUEUED);
        test_peer_close(peer);
        assert_int_equal(test_open_fds(), fds);
    }
}

static void ending_the_loop_tells_how_many_bytes_it_cut_off(void **state)
{
    int fds = test_open_fds();

    (void)state;
    for (int freed = 0; freed < 2; freed++) {
        eddy_core *core = test_core();
        eddy_tcp *tcp;
        int peer = stuck_peer(core, &tcp);
        uint64_t cut_off;

        if (freed)
            eddy_tcp_free(tcp);
        cut_off = eddy_core_free(core);
        if (!freed)
            eddy_tcp_free(tcp);
        assert_in_range(cut_off, 1, QUEUED - 1);
        assert_int_equal(rest_of(peer) + cut_off, QUEUED);
        test_peer_close(peer);
        assert_int_equal(test_open_fds(), fds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(close_flushes_then_fin_then_waits_for_the_peers_end),
        cmocka_unit_test(close_refuses_writes_and_throws_away_what_comes),
        cmocka_unit_test(close_gives_up_when_its_time_is_over_and_counts),
        cmocka_unit_test(close_gives_up_on_a_peer_that_sends_without_end),
        cmocka_unit_test(close_of_a_stream_that_breaks_tells_why),
        cmocka_unit_test(free_after_a_dropped_close_does_the_rest),
        cmocka_unit_test(what_a_task_wrote_arrives_though_it_is_gone),
        cmocka_unit_test(an_early_answer_reaches_a_client_that_is_still_sending),
        cmocka_unit_test(what_was_written_arrives_at_a_peer_that_ended_first),
        cmocka_unit_test(free_lingers_no_longer_than_it_may_and_counts),
        cmocka_unit_test(free_without_anything_written_closes_at_once),
        cmocka_unit_test(a_peer_that_reset_leaves_nothing_to_linger_for),
        cmocka_unit_test(abort_resets_the_peer_and_drops_the_unsent),
        cmocka_unit_test(what_was_aborted_is_not_cut_off_though_its_loop_ends),
        cmocka_unit_test(ending_the_loop_sends_once_more),
        cmocka_unit_test(ending_the_loop_tells_how_many_bytes_it_cut_off),
    };

    test_pattern_fill(large, sizeof large, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
