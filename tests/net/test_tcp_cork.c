/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_tcp_cork.c - small writes: put together in the cork, sent when the turn ends or on push,
 * never torn, never mixed up with those of other streams.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/net.h"
#include "net/tcp.h"

static unsigned char large[64 * 1024];

struct many {
    EDDY_FRAME;
    eddy_tcp *tcp;
    int i;
};

EDDY_ASYNC(many, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->i = 0; self->i < 16; self->i++) {
            EDDY_POLL(n, eddy_tcp_poll_write(self->tcp, task, "answer\n", 7));
            assert_int_equal(n, 7);
        }
        assert_ptr_equal(self->tcp->tx.first, self->tcp->tx.last);
        EDDY_END((eddy_result)eddy_tcp_queued(self->tcp));
}

static void small_writes_of_a_turn_are_one_piece_and_one_send(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    char text[112];

    (void)state;
    assert_int_equal(test_run(core, many, .tcp = tcp), 112);
    assert_int_equal(test_flush(core, tcp), 0);
    assert_int_equal(test_peer_try_recv(peer, text, sizeof text), 112);
    for (int i = 0; i < 16; i++)
        assert_memory_equal(text + 7 * i, "answer\n", 7);
    assert_int_equal(test_stats(core).bytes_sent, 112);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void a_write_leaves_when_the_turn_ends_without_a_flush(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    char text[8];

    (void)state;
    assert_int_equal(test_write(core, tcp, "hello", 5), 5);
    test_peer_recv(peer, text, 5);
    assert_memory_equal(text, "hello", 5);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

struct pushed {
    EDDY_FRAME;
    eddy_tcp *tcp;
    int peer;
    bool epoll;
};

EDDY_ASYNC(pushed, eddy_nothing)
{
    eddy_result n;
    char text[8];

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_write(self->tcp, task, "now", 3));
        assert_int_equal(test_peer_try_recv(self->peer, text, sizeof text), -EAGAIN);
        eddy_tcp_push(self->tcp);
        if (self->epoll) /* the other driver hands over what is pushed with its next system call */
            assert_int_equal(test_peer_try_recv(self->peer, text, sizeof text), 3);
        EDDY_END(0);
}

static void push_sends_at_once(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    bool epoll = strcmp(eddy_core_driver_name(core), "epoll") == 0;

    (void)state;
    assert_int_equal(test_run(core, pushed, .tcp = tcp, .peer = peer, .epoll = epoll), 0);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void two_streams_share_the_cork_and_get_their_own_bytes(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *a, *b;
    int peer_a = test_peer(core, &a), peer_b = test_peer(core, &b);
    char text[4096];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(eddy_tcp_try_write(a, "aa", 2), 2);
        assert_int_equal(eddy_tcp_try_write(b, "b", 1), 1);
    }
    assert_ptr_equal(a->tx.last->block, b->tx.last->block);
    assert_int_equal(test_flush(core, a), 0);
    assert_int_equal(test_flush(core, b), 0);
    test_peer_recv(peer_a, text, 2000);
    for (int i = 0; i < 2000; i++)
        assert_int_equal(text[i], 'a');
    test_peer_recv(peer_b, text, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(text[i], 'b');
    test_peer_close(peer_a);
    test_peer_close(peer_b);
    eddy_tcp_free(a);
    eddy_tcp_free(b);
    test_core_end(core);
}

enum { STREAMS = 3, ROUNDS = 3000 };

/* Writes to one stream or to the next, now some bytes and now many, which of them changes with each
 * round; the bytes of each are the pattern. */
struct weaver {
    EDDY_FRAME;
    eddy_tcp **tcp;
    size_t *written;
    unsigned round, at;
    size_t len;
};

EDDY_ASYNC(weaver, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->round = 0; self->round < ROUNDS; self->round++) {
            self->at = (self->round * 7 / 3) % STREAMS;
            self->len = 1 + self->round * 13 % (self->round % 50 == 0 ? 4000 : 20);
            EDDY_POLL(n, eddy_tcp_poll_write(self->tcp[self->at], task,
                                             large + self->written[self->at], self->len));
            assert_int_equal(n, self->len);
            self->written[self->at] += (size_t)n;
        }
        EDDY_END(0);
}

static void writes_of_three_streams_in_any_order_are_not_mixed_up(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp[STREAMS];
    int peers[STREAMS];
    size_t written[STREAMS] = {0};
    eddy_join *join;

    (void)state;
    for (int i = 0; i < STREAMS; i++)
        peers[i] = test_peer(core, &tcp[i]);
    join = test_spawn_join(core, weaver, .tcp = tcp, .written = written);
    assert_int_equal(test_join_end(core, join), 0);
    for (int i = 0; i < STREAMS; i++) {
        assert_in_range(written[i], 10000, sizeof large);
        test_peer_expect(core, peers[i], 0, written[i]);
        test_peer_close(peers[i]);
        eddy_tcp_free(tcp[i]);
    }
    test_core_end(core);
}

/* With room for one byte in the queue. */
static void a_small_write_is_never_torn_a_larger_one_takes_what_fits(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (size_t more = 0; more < 2; more++) {
        size_t len = EDDY_TCP_WRITE_WHOLE + more;
        eddy_tcp *tcp;
        int peer = test_peer_slow(core, &tcp);
        eddy_tcp_limits limits = {.size_bytes = sizeof limits};
        size_t written = 0;

        while (eddy_tcp_queued(tcp) < 10000)
            written += (size_t)test_write(core, tcp, large + written, 10000);
        limits.send_queue_bytes = eddy_tcp_queued(tcp) + 1;
        assert_int_equal(eddy_tcp_set_limits(tcp, &limits), 0);
        assert_int_equal(test_write(core, tcp, large + written, len), more == 0 ? len : 1);
        written += more == 0 ? len : 1;
        test_peer_expect(core, peer, 0, written);
        test_peer_close(peer);
        eddy_tcp_free(tcp);
    }
    test_core_end(core);
}

/* By turns a little to a peer that does not read, and much to one that does. */
static void what_waits_for_a_slow_reader_keeps_no_more_memory_than_it_is(void **state)
{
    enum { BIT = 16, PART = 4000, MUCH = 4 * PART };
    eddy_core *core = test_core();
    eddy_tcp *slow, *fast;
    int stuck = test_peer_slow(core, &slow), reader = test_peer(core, &fast);
    static unsigned char memory[MUCH];
    size_t written = 0;
    eddy_result n;

    (void)state;
    for (;;) {
        n = eddy_tcp_try_write(slow, large + written % 4096, BIT);
        if (n < 0)
            break;
        written += BIT;
        for (int i = 0; i < MUCH / PART; i++)
            assert_int_equal(eddy_tcp_try_write(fast, large, PART), PART);
        assert_int_equal(test_flush(core, fast), 0);
        test_peer_recv(reader, memory, MUCH);
    }
    assert_int_equal(n, -EAGAIN);
    assert_true(eddy_tcp_queued(slow) >= 65000);
    assert_true(test_stats(core).heap_bytes < 512 * 1024);
    test_peer_close(stuck);
    test_peer_close(reader);
    eddy_tcp_abort(slow);
    eddy_tcp_abort(fast);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_writes_of_a_turn_are_one_piece_and_one_send),
        cmocka_unit_test(a_write_leaves_when_the_turn_ends_without_a_flush),
        cmocka_unit_test(push_sends_at_once),
        cmocka_unit_test(two_streams_share_the_cork_and_get_their_own_bytes),
        cmocka_unit_test(writes_of_three_streams_in_any_order_are_not_mixed_up),
        cmocka_unit_test(what_waits_for_a_slow_reader_keeps_no_more_memory_than_it_is),
        cmocka_unit_test(a_small_write_is_never_torn_a_larger_one_takes_what_fits),
    };

    test_pattern_fill(large, sizeof large, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
