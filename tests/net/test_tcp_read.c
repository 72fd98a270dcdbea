/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_tcp_read.c - reading a stream by view and by copy, its ends and its errors, what is kept
 * while nobody reads, and hearing that the peer is gone. The peer is a raw socket.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/net.h"
#include "net/tcp.h"

enum { LARGE = 1024 * 1024 };
static unsigned char large[LARGE];

static void read_returns_what_the_peer_sent(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    char text[16];

    (void)state;
    test_peer_send(peer, "hello", 5);
    test_expect(core, tcp, "hello", 5);
    test_peer_close(peer);
    assert_int_equal(test_read(core, tcp, text, sizeof text), 0);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void fill_waits_for_min_contiguous_bytes(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_result result = EDDY_PENDING;

    (void)state;
    test_spawn(core, test_io, .poll = test_io_fill, .tcp = tcp, .len = 7, .result = &result);
    test_settle(core);
    test_peer_send(peer, "abc", 3);
    test_pass(core, EDDY_MILLISECOND);
    assert_int_equal(result, EDDY_PENDING);
    assert_int_equal(eddy_tcp_view(tcp).len, 3);
    test_peer_send(peer, "defg", 4);
    assert_int_equal(test_until_done(core, &result), 7);
    assert_int_equal(eddy_tcp_view(tcp).len, 7);
    assert_memory_equal(eddy_tcp_view(tcp).data, "abcdefg", 7);
    eddy_tcp_consume(tcp, 2);
    assert_memory_equal(eddy_tcp_view(tcp).data, "cdefg", 5);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void fill_that_grows_byte_by_byte_sees_all(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    unsigned char byte;

    (void)state;
    for (size_t have = 0; have < 3000; have++) {
        byte = test_pattern(have);
        test_peer_send(peer, &byte, 1);
        assert_true(test_fill(core, tcp, have + 1) >= (eddy_result)have + 1);
        assert_int_equal(eddy_tcp_view(tcp).len, have + 1);
    }
    test_pattern_check(eddy_tcp_view(tcp).data, 3000, 0);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void fill_above_the_window_is_refused(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_tcp_limits limits = {.size_bytes = sizeof limits, .recv_window_bytes = 100};

    (void)state;
    assert_int_equal(test_fill(core, tcp, 64 * 1024 + 1), -EMSGSIZE);
    assert_int_equal(eddy_tcp_set_limits(tcp, &limits), 0);
    assert_int_equal(test_fill(core, tcp, 101), -EMSGSIZE);
    test_peer_send(peer, large, 100);
    assert_int_equal(test_fill(core, tcp, 100), 100);
    limits.size_bytes++;
    assert_int_equal(eddy_tcp_set_limits(tcp, &limits), -EINVAL);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void end_is_zero_for_ever_and_a_short_rest_stays_in_view(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    char text[8];

    (void)state;
    test_peer_send(peer, "ab", 2);
    assert_int_equal(test_fill(core, tcp, 1), 2);
    test_settle(core);
    test_peer_send(peer, "c", 1);
    test_peer_close(peer);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(test_fill(core, tcp, 5), 0);
        assert_int_equal(eddy_tcp_view(tcp).len, 3);
        assert_memory_equal(eddy_tcp_view(tcp).data, "abc", 3);
    }
    assert_int_equal(test_fill(core, tcp, 3), 3);
    eddy_tcp_consume(tcp, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(test_fill(core, tcp, 1), 0);
        assert_int_equal(test_read(core, tcp, text, sizeof text), 0);
    }
    eddy_tcp_free(tcp);
    test_core_end(core);
}

/* What comes before the end is read first, whatever the end is, whenever it is looked at. */
static void check_ending(eddy_core *core, const char *data, bool fin, bool reset, bool late)
{
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    char text[8];
    eddy_result expected = fin ? 0 : -ECONNRESET;

    if (!late)
        assert_int_equal(eddy_core_turn(core, 0) >= 0, 1);
    if (data[0] != '\0')
        test_peer_send(peer, data, strlen(data));
    if (data[0] != '\0')
        assert_int_equal(test_fill(core, tcp, strlen(data)), strlen(data));
    if (fin)
        test_peer_shutdown(peer);
    if (fin && !late)
        assert_int_equal(test_fill(core, tcp, 8), 0);
    if (reset)
        test_peer_reset(peer);
    else
        test_peer_close(peer);
    if (late)
        test_pass(core, EDDY_MILLISECOND);
    test_expect(core, tcp, data, strlen(data));
    if (fin && reset && late) /* who looks late may see either, but then always the same */
        expected = test_read(core, tcp, text, sizeof text);
    assert_true(expected == 0 || expected == -ECONNRESET);
    for (int i = 0; i < 3; i++)
        assert_int_equal(test_read(core, tcp, text, sizeof text), expected);
    eddy_tcp_free(tcp);
}

static void data_comes_before_end_and_reset_and_both_stay(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int i = 0; i < 2; i++) {
        check_ending(core, "data", true, false, i != 0);
        check_ending(core, "data", false, true, i != 0);
        check_ending(core, "", false, true, i != 0);
        check_ending(core, "data", true, true, i != 0);
        check_ending(core, "", true, true, i != 0);
    }
    test_core_end(core);
}

static void peek_leaves_the_bytes(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    char text[8];

    (void)state;
    test_peer_send(peer, "abcd", 4);
    assert_int_equal(test_peek(core, tcp, text, 2), 2);
    assert_memory_equal(text, "ab", 2);
    assert_int_equal(test_peek(core, tcp, text, 8), 4);
    assert_int_equal(test_read(core, tcp, text, 8), 4);
    assert_memory_equal(text, "abcd", 4);
    test_peer_close(peer);
    assert_int_equal(test_peek(core, tcp, text, 8), 0);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

/* Read in steps until `until` bytes are there, peeking before each read if asked for. */
static void read_steps(eddy_core *core, eddy_tcp *tcp, unsigned char *got, size_t *have,
                       size_t until, size_t step)
{
    unsigned char peeked[64];

    while (*have < until) {
        size_t want = step < until - *have ? step : until - *have;
        eddy_result n;

        if (step % 2 != 0) {
            n = test_peek(core, tcp, peeked, want);
            assert_true(n > 0);
            assert_memory_equal(peeked, large + *have, (size_t)n);
        }
        n = test_read(core, tcp, got + *have, want);
        assert_true(n > 0);
        *have += (size_t)n;
    }
}

static void every_split_and_every_read_size_gets_every_byte(void **state)
{
    const size_t steps[] = {1, 2, 3, 7, 16, 33, 63, 64};
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    unsigned char got[64];

    (void)state;
    for (size_t split = 1; split < 64; split++) {
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            size_t have = 0;

            test_peer_send(peer, large, split);
            read_steps(core, tcp, got, &have, i % 2 != 0 ? split : 1, steps[i]);
            test_peer_send(peer, large + split, 64 - split);
            read_steps(core, tcp, got, &have, 64, steps[i]);
            assert_memory_equal(got, large, 64);
        }
    }
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void a_small_rest_pins_no_receive_block(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    test_peer_send(peer, "partial", 7);
    assert_int_equal(test_fill(core, tcp, 7), 7);
    test_settle(core);
    assert_int_equal(tcp->rx.first->block->kind, EDDY__BLOCK_HEAP);
    assert_int_equal(tcp->rx.first->block->size_bytes, 7);
    assert_memory_equal(eddy_tcp_view(tcp).data, "partial", 7);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void unread_bytes_stop_at_the_window_and_all_arrive(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    unsigned char memory[5000];
    size_t sent = 0, have = 0;

    (void)state;
    while (have < LARGE) {
        eddy_result n;

        sent += test_peer_try_send(peer, large + sent, LARGE - sent);
        n = test_read(core, tcp, memory, sizeof memory);
        assert_true(n > 0);
        test_pattern_check(memory, (size_t)n, have);
        have += (size_t)n;
        assert_true(tcp->rx.bytes <= 2 * 64 * 1024);
    }
    assert_true(test_stats(core).limit_recv_window > 0);
    assert_true(test_stats(core).bytes_received == LARGE);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void a_tiny_window_still_lets_everything_through(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_tcp_limits limits = {.size_bytes = sizeof limits, .recv_window_bytes = 1};
    unsigned char memory[64];
    size_t have = 0;

    (void)state;
    assert_int_equal(eddy_tcp_set_limits(tcp, &limits), 0);
    test_peer_send(peer, large, 10000);
    while (have < 10000) {
        eddy_result n = test_read(core, tcp, memory, sizeof memory);

        assert_true(n > 0);
        test_pattern_check(memory, (size_t)n, have);
        have += (size_t)n;
    }
    limits.recv_window_bytes = 128 * 1024;
    assert_int_equal(eddy_tcp_set_limits(tcp, &limits), 0);
    test_peer_send(peer, large, 100000);
    assert_true(test_fill(core, tcp, 100000) >= 100000);
    test_pattern_check(eddy_tcp_view(tcp).data, 100000, 0);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

/* What the loop does in 50 ms for a stream that nobody looks at, whose peer has gone. */
static void check_quiet(bool reset, bool subscribed)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    uint64_t turns;

    test_peer_send(peer, large, 100 * 1024);
    if (subscribed)
        assert_true(test_fill(core, tcp, 1) > 0);
    test_settle(core);
    if (reset)
        test_peer_reset(peer);
    else
        test_peer_close(peer);
    turns = test_stats(core).turns;
    test_pass(core, 50 * EDDY_MILLISECOND);
    assert_true(test_stats(core).turns - turns <= 12);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void a_peer_that_hangs_up_on_nobody_spins_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        check_quiet((i & 1) != 0, (i & 2) != 0);
}

static void check_gone(eddy_core *core, size_t unread, bool reset)
{
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    eddy_result result = EDDY_PENDING, read = EDDY_PENDING;
    char byte;

    test_spawn(core, test_io, .poll = test_io_gone, .tcp = tcp, .result = &result);
    if (unread == 0)
        test_spawn(core, test_io, .poll = test_io_fill, .tcp = tcp, .len = 1, .result = &read);
    test_settle(core);
    if (unread > 0)
        test_peer_send(peer, large, unread);
    test_pass(core, EDDY_MILLISECOND);
    assert_int_equal(result, EDDY_PENDING);
    if (reset)
        test_peer_reset(peer);
    else
        test_peer_close(peer);
    (void)test_until_done(core, &result);
    assert_int_equal(result, reset ? -ECONNRESET : 0);
    assert_int_equal(test_gone(core, tcp), result);
    if (unread == 0)
        assert_int_equal(test_until_done(core, &read), reset ? -ECONNRESET : 0);
    else
        assert_int_equal(test_read(core, tcp, &byte, 1), 1);
    eddy_tcp_free(tcp);
}

static void gone_is_told_though_nobody_reads(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    check_gone(core, 0, false);
    check_gone(core, 0, true);
    check_gone(core, 10, false);
    check_gone(core, 10, true);
    check_gone(core, 100 * 1024, false);
    check_gone(core, 100 * 1024, true);
    test_core_end(core);
}

static void a_dropped_read_loses_nothing(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    unsigned char memory[64];
    size_t have = 0;

    (void)state;
    for (size_t k = 0; k < 30; k++) { /* drop it after k/2 turns, before or after bytes come */
        eddy_join *join =
            test_spawn_join(core, test_io, .poll = test_io_fill, .tcp = tcp, .len = have + 100);

        if (k % 2 != 0)
            test_peer_send(peer, large + have, 3);
        for (size_t i = 0; i < k / 2; i++)
            test_turn(core);
        if (k % 2 == 0)
            test_peer_send(peer, large + have, 3);
        have += 3;
        eddy_join_abort(join);
        assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    }
    assert_int_equal(test_fill(core, tcp, have), have);
    test_pattern_check(eddy_tcp_view(tcp).data, have, 0);
    assert_int_equal(test_read(core, tcp, memory, sizeof memory), sizeof memory);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void drive_two_readers(void *arg)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;

    (void)arg;
    (void)test_peer(core, &tcp);
    test_spawn(core, test_io, .poll = test_io_fill, .tcp = tcp, .len = 1);
    test_spawn(core, test_io, .poll = test_io_fill, .tcp = tcp, .len = 1);
    test_settle(core);
}

static void drive_foreign_stream(void *arg)
{
    eddy_core *core = test_core(), *other = test_core();
    eddy_tcp *tcp;

    (void)arg;
    (void)test_peer(core, &tcp);
    (void)test_fill(other, tcp, 1);
}

static void drive_too_much_consumed(void *arg)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)arg;
    test_peer_send(peer, "abc", 3);
    (void)test_fill(core, tcp, 1);
    eddy_tcp_consume(tcp, 4);
}

static void mistakes_of_reading_are_assertions(void **state)
{
    (void)state;
    assert_dies(drive_two_readers, NULL, "two tasks would wait for tcp: read of one object");
    assert_dies(drive_foreign_stream, NULL, "a TCP stream of another loop");
    assert_dies(drive_too_much_consumed, NULL, "4 bytes are consumed of the 3 that are in view");
}

static void a_busy_peer_does_not_starve_the_reader_of_another(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *busy, *quiet;
    int loud = test_peer(core, &busy), still = test_peer(core, &quiet);
    eddy_result result = EDDY_PENDING;
    uint64_t turns;
    char byte;

    (void)state;
    test_spawn(core, test_echo, .client = busy);
    test_spawn(core, test_io, .poll = test_io_read, .tcp = quiet, .memory = &byte, .len = 1,
               .result = &result);
    test_settle(core);
    test_peer_send(still, "x", 1);
    turns = test_stats(core).turns;
    while (result == EDDY_PENDING) {
        (void)test_peer_try_send(loud, large, 256 * 1024);
        assert_true(eddy_core_turn(core, 10 * EDDY_MILLISECOND) >= 0);
    }
    assert_true(test_stats(core).turns - turns <= 6);
    test_peer_reset(loud);
    test_peer_close(still);
    eddy_tcp_free(quiet);
    test_pass(core, EDDY_MILLISECOND);
    (void)eddy_core_free(core);
}

static void a_reader_that_never_waits_lets_others_run(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    struct test_trace trace = {0};

    (void)state;
    test_peer_send(peer, large, 1000);
    assert_int_equal(test_fill(core, tcp, 1000), 1000);
    test_spawn(core, test_value, .trace = &trace);
    for (int i = 0; i < 1000; i++) { /* one byte each: more than one budget */
        char byte;

        assert_int_equal(test_read(core, tcp, &byte, 1), 1);
    }
    assert_int_equal(trace.dones, 1);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void once_the_loop_is_gone_everything_says_so(void **state)
{
    eddy_core *core = test_core(), *other = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    test_peer_send(peer, "abc", 3);
    assert_int_equal(test_fill(core, tcp, 1), 3);
    test_core_end(core);
    assert_int_equal(test_fill(other, tcp, 1), EDDY_LOOP_GONE);
    assert_int_equal(test_gone(other, tcp), EDDY_LOOP_GONE);
    assert_int_equal(eddy_tcp_view(tcp).len, 0);
    eddy_tcp_consume(tcp, 0);
    eddy_tcp_free(tcp);
    test_peer_close(peer);
    test_core_end(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_returns_what_the_peer_sent),
        cmocka_unit_test(fill_waits_for_min_contiguous_bytes),
        cmocka_unit_test(fill_that_grows_byte_by_byte_sees_all),
        cmocka_unit_test(fill_above_the_window_is_refused),
        cmocka_unit_test(end_is_zero_for_ever_and_a_short_rest_stays_in_view),
        cmocka_unit_test(data_comes_before_end_and_reset_and_both_stay),
        cmocka_unit_test(peek_leaves_the_bytes),
        cmocka_unit_test(every_split_and_every_read_size_gets_every_byte),
        cmocka_unit_test(a_small_rest_pins_no_receive_block),
        cmocka_unit_test(unread_bytes_stop_at_the_window_and_all_arrive),
        cmocka_unit_test(a_tiny_window_still_lets_everything_through),
        cmocka_unit_test(a_peer_that_hangs_up_on_nobody_spins_nothing),
        cmocka_unit_test(gone_is_told_though_nobody_reads),
        cmocka_unit_test(a_dropped_read_loses_nothing),
        cmocka_unit_test(mistakes_of_reading_are_assertions),
        cmocka_unit_test(a_busy_peer_does_not_starve_the_reader_of_another),
        cmocka_unit_test(a_reader_that_never_waits_lets_others_run),
        cmocka_unit_test(once_the_loop_is_gone_everything_says_so),
    };

    test_pattern_fill(large, sizeof large, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
