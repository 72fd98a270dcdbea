/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_tcp_write.c - writing a stream: the limit of the queue, vectored writes, buffers
 * that are referenced, forwarding, flushing, and errors that are told once. The peer is a raw
 * socket that reads when the test says so.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/heap.h"
#include "../support/net.h"
#include "eddy/tcp_options.h"
#include "net/tcp.h"

enum { LARGE = 2 * 1024 * 1024, QUEUE = 64 * 1024 };
static unsigned char large[LARGE];

static void a_slow_reader_makes_the_write_pend_and_memory_stay(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer_slow(core, &tcp);
    eddy_result result = EDDY_PENDING;

    (void)state;
    test_spawn(core, test_io, .poll = test_io_write_all, .tcp = tcp, .rest = {large, LARGE},
               .result = &result);
    test_pass(core, 5 * EDDY_MILLISECOND);
    assert_int_equal(result, EDDY_PENDING);
    assert_true(eddy_tcp_queued(tcp) <= QUEUE);
    assert_true(test_stats(core).heap_bytes < 1024 * 1024);
    assert_true(test_stats(core).limit_send_queue > 0);
    test_peer_expect(core, peer, 0, LARGE);
    assert_int_equal(test_until_done(core, &result), 0);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void the_writer_goes_on_when_half_of_its_queue_has_left(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer_slow(core, &tcp);
    eddy_tcp_limits limits = {.size_bytes = sizeof limits, .send_queue_bytes = 10000};
    eddy_result result = EDDY_PENDING;

    (void)state;
    assert_int_equal(eddy_tcp_set_limits(tcp, &limits), 0);
    test_spawn(core, test_io, .poll = test_io_write_all, .tcp = tcp, .rest = {large, LARGE / 4},
               .result = &result);
    test_pass(core, 5 * EDDY_MILLISECOND);
    assert_true(eddy_tcp_queued(tcp) <= 10000);
    test_peer_expect(core, peer, 0, LARGE / 4);
    assert_int_equal(test_until_done(core, &result), 0);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void peers_that_never_read_slow_nobody_down(void **state)
{
    enum { STUCK = 100 };
    eddy_core *core = test_core();
    eddy_tcp *stuck[STUCK], *good;
    int peers[STUCK];
    int good_peer = test_peer(core, &good);
    uint64_t bytes;
    char byte;

    (void)state;
    for (int i = 0; i < STUCK; i++) {
        peers[i] = test_peer_slow(core, &stuck[i]);
        test_spawn(core, test_io, .poll = test_io_write_all, .tcp = stuck[i],
                   .rest = {large, LARGE});
    }
    test_spawn(core, test_echo, .client = good);
    test_pass(core, 20 * EDDY_MILLISECOND);
    bytes = test_stats(core).heap_bytes;
    for (int i = 0; i < 50; i++) {
        uint64_t turns = test_stats(core).turns;

        test_peer_send(good_peer, "x", 1);
        while (test_peer_try_recv(good_peer, &byte, 1) != 1) {
            assert_true(eddy_core_turn(core, 10 * EDDY_MILLISECOND) >= 0);
            assert_true(test_stats(core).turns - turns <= 8);
        }
    }
    assert_true(test_stats(core).heap_bytes <= bytes + 200 * 1024);
    assert_true(bytes < STUCK * (QUEUE + 32 * 1024));
    test_peer_close(good_peer);
    for (int i = 0; i < STUCK; i++)
        test_peer_reset(peers[i]);
    test_pass(core, 5 * EDDY_MILLISECOND);
    for (int i = 0; i < STUCK; i++)
        eddy_tcp_free(stuck[i]);
    test_core_end(core);
}

static void writev_takes_ranges_in_order_within_the_limit(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    char text[16];

    (void)state;
    assert_int_equal(test_run(core, test_io, .poll = test_io_writev, .tcp = tcp,
                              .memory = (eddy_bytes[]){{(const unsigned char *)"ab", 2},
                                                       {NULL, 0},
                                                       {(const unsigned char *)"cdefg", 5}},
                              .len = 3),
                     7);
    test_peer_recv(peer, text, 7);
    assert_memory_equal(text, "abcdefg", 7);
    assert_int_equal(test_run(core, test_io, .poll = test_io_writev, .tcp = tcp,
                              .memory = (eddy_bytes[]){{NULL, 0}}, .len = 1),
                     0);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void a_write_of_more_than_the_limit_accepts_what_fits(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);

    (void)state;
    assert_int_equal(test_write(core, tcp, large, LARGE), QUEUE);
    test_peer_expect(core, peer, 0, QUEUE);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void try_write_takes_all_or_nothing(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer_slow(core, &tcp);
    size_t accepted = 0;

    (void)state;
    assert_int_equal(eddy_tcp_try_write(tcp, large, QUEUE + 1), -EAGAIN);
    assert_int_equal(eddy_tcp_queued(tcp), 0);
    for (;;) {
        eddy_result n = eddy_tcp_try_write(tcp, large + accepted, 20000);

        assert_true(eddy_core_turn(core, 0) >= 0);
        if (n == -EAGAIN)
            break;
        assert_int_equal(n, 20000);
        accepted += 20000;
    }
    assert_true(accepted >= 60000);
    assert_true(eddy_tcp_queued(tcp) <= QUEUE);
    test_peer_expect(core, peer, 0, accepted);
    assert_int_equal(test_flush(core, tcp), 0);
    assert_int_equal(eddy_tcp_try_write(tcp, large + accepted, 10), 10);
    test_peer_expect(core, peer, accepted, accepted + 10);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

struct buffers {
    EDDY_FRAME;
    eddy_tcp *tcp;
    const eddy_allocator *allocator;
    eddy_buf *buf;
    size_t at;
    int i;
};
static void buffers_done(struct buffers *self)
{
    eddy_buf_release(self->buf);
}

EDDY_ASYNC(buffers, buffers_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (self->i = 0; self->i < 5000; self->i++) {
            self->buf = eddy_buf_new(self->allocator, (size_t)(1 + self->i % 29));
            test_pattern_fill(eddy_buf_data(self->buf), eddy_buf_len(self->buf), self->at);
            EDDY_POLL(
                n, eddy_tcp_poll_write_buf(self->tcp, task, self->buf, 0, eddy_buf_len(self->buf)));
            assert_int_equal(n, eddy_buf_len(self->buf));
            self->at += (size_t)n;
            eddy_buf_release(self->buf);
            self->buf = NULL;
        }
        EDDY_END((eddy_result)self->at);
}

/* More pieces than one send takes, and sends that fall short at any byte. */
static void thousands_of_small_buffers_arrive_in_order(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer_slow(core, &tcp);
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_join *join;

    (void)state;
    test_heap_init(&heap, -1);
    allocator = test_heap_allocator(&heap);
    join = test_spawn_join(core, buffers, .tcp = tcp, .allocator = &allocator);
    test_peer_expect(core, peer, 0, 74898);
    assert_int_equal(test_join_end(core, join), 74898);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
    assert_int_equal(heap.blocks, 0);
}

static void forwarding_moves_pieces_not_bytes(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *from, *to;
    int source = test_peer(core, &from), sink = test_peer(core, &to);
    const unsigned char *at;

    (void)state;
    assert_int_equal(test_forward(core, from, to), 0);
    test_peer_send(source, large, 30000);
    assert_true(test_fill(core, from, 30000) >= 30000);
    at = eddy_tcp_view(from).data;
    assert_int_equal(test_forward(core, from, to), 30000);
    assert_int_equal(eddy_tcp_view(from).len, 0);
    assert_true(to->tx.first == NULL || to->tx.first->at == at);
    test_peer_expect(core, sink, 0, 30000);
    test_peer_close(source);
    test_peer_close(sink);
    eddy_tcp_free(from);
    eddy_tcp_free(to);
    test_core_end(core);
}

static void forwarding_to_a_slow_reader_waits_and_loses_nothing(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *from;
    int peer = test_peer_slow(core, &from);
    unsigned char memory[4096];
    size_t sent = 0, have = 0;

    (void)state;
    test_spawn(core, test_echo, .client = from);
    for (int turns = 0; have < LARGE; turns++) { /* in spurts: sends much, then reads some */
        long n;

        assert_true(turns < 100 * 1000);

        sent += test_peer_try_send(peer, large + sent, LARGE - sent < 3000 ? LARGE - sent : 3000);
        assert_true(eddy_core_turn(core, EDDY_MILLISECOND) >= 0);
        assert_true(from->tx.bytes <= QUEUE + 64 * 1024);
        n = test_peer_try_recv(peer, memory, sizeof memory);
        if (n > 0) {
            test_pattern_check(memory, (size_t)n, have);
            have += (size_t)n;
        }
    }
    test_peer_close(peer);
    test_pass(core, 5 * EDDY_MILLISECOND);
    test_core_end(core);
}

/* Forwards four bytes that have just come, and tells whether they were copied for that: 1 they
 * were, 0 they were moved; -EAGAIN: nothing was queued before them. */
struct tiny {
    EDDY_FRAME;
    eddy_tcp *from, *to;
};

EDDY_ASYNC(tiny, eddy_nothing)
{
    const unsigned char *at;
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->from, task, 4));
        assert_int_equal(n, 4);
        if (eddy_tcp_queued(self->to) == 0) {
            eddy_tcp_consume(self->from, 4);
            EDDY_RETURN(-EAGAIN);
        }
        at = eddy_tcp_view(self->from).data;
        assert_int_equal(eddy_tcp_poll_forward(self->from, self->to, task), 4);
        EDDY_END(self->to->tx.last->at + self->to->tx.last->len - 4 != at);
}

static void tiny_pieces_behind_others_are_copied(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *from, *to;
    int source = test_peer(core, &from), sink = test_peer_slow(core, &to);
    eddy_result copied;
    int copies = 0;

    (void)state;
    assert_int_equal(test_write(core, to, large, 50000), 50000);
    for (int i = 0; i < 20; i++) {
        test_peer_send(source, "tiny", 4);
        copied = test_run(core, tiny, .from = from, .to = to);
        assert_true(copied == 1 || copied == -EAGAIN);
        copies += copied == 1;
    }
    assert_true(copies > 0);
    test_peer_close(source);
    test_peer_reset(sink);
    eddy_tcp_free(from);
    eddy_tcp_abort(to);
    test_core_end(core);
}

static void flush_waits_until_the_kernel_has_taken_all(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer_slow(core, &tcp);
    eddy_result result = EDDY_PENDING;
    size_t written = 0;

    (void)state;
    assert_int_equal(test_flush(core, tcp), 0);
    while (eddy_tcp_queued(tcp) < QUEUE / 2)
        written += (size_t)test_write(core, tcp, large + written, 30000);
    test_spawn(core, test_io, .poll = test_io_flush, .tcp = tcp, .result = &result);
    test_pass(core, 2 * EDDY_MILLISECOND);
    assert_int_equal(result, EDDY_PENDING);
    test_peer_expect(core, peer, 0, written);
    assert_int_equal(test_until_done(core, &result), 0);
    assert_int_equal(eddy_tcp_queued(tcp), 0);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static bool write_is_broken(void *arg)
{
    return ((eddy_tcp *)arg)->write_error != 0;
}

static void an_error_is_told_once_then_it_is_a_broken_pipe(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    char byte;

    (void)state;
    assert_int_equal(signal(SIGPIPE, SIG_DFL) != SIG_ERR, 1);
    test_peer_reset(peer);
    assert_int_equal(test_read(core, tcp, &byte, 1), -ECONNRESET);
    assert_int_equal(test_write(core, tcp, "x", 1), -ECONNRESET);
    assert_int_equal(test_write(core, tcp, "x", 1), -EPIPE);
    assert_int_equal(eddy_tcp_try_write(tcp, "x", 1), -EPIPE);
    assert_int_equal(test_flush(core, tcp), -EPIPE);
    assert_int_equal(test_shutdown(core, tcp), -EPIPE);
    assert_int_equal(test_read(core, tcp, &byte, 1), -ECONNRESET);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

/* The first send makes the peer answer with a reset; a later one gets EPIPE from the kernel. */
static void no_write_verb_raises_sigpipe(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(signal(SIGPIPE, SIG_DFL) != SIG_ERR, 1);
    for (int push = 0; push < 2; push++) {
        eddy_tcp *tcp;
        int peer = test_peer(core, &tcp);

        test_peer_close(peer);
        for (int turns = 0; !write_is_broken(tcp); turns++) {
            assert_true(turns < 1000);
            if (eddy_tcp_try_write(tcp, "x", 1) < 0)
                break;
            if (push)
                eddy_tcp_push(tcp);
            assert_true(eddy_core_turn(core, 0) >= 0);
        }
        assert_true(test_write(core, tcp, "x", 1) < 0);
        assert_int_equal(test_write(core, tcp, "x", 1), -EPIPE);
        eddy_tcp_free(tcp);
    }
    test_core_end(core);
}

static void a_reset_wakes_the_writer_that_waits_and_is_told_as_what_it_is(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer_slow(core, &tcp);
    eddy_result result = EDDY_PENDING;

    (void)state;
    test_spawn(core, test_io, .poll = test_io_write_all, .tcp = tcp, .rest = {large, LARGE},
               .result = &result);
    test_pass(core, EDDY_MILLISECOND);
    test_peer_reset(peer);
    assert_int_equal(test_until_done(core, &result), -ECONNRESET);
    assert_int_equal(test_write(core, tcp, "x", 1), -EPIPE);
    eddy_tcp_free(tcp);
    test_pass(core, EDDY_MILLISECOND);
    (void)eddy_core_free(core);
}

struct cursor_write {
    EDDY_FRAME;
    eddy_tcp *tcp;
    eddy_bytes *rest;
};

EDDY_ASYNC(cursor_write, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_write_all(self->tcp, task, self->rest));
        EDDY_END(n);
}

/* After k turns; the peer begins to read when the writer is gone. */
static void check_dropped_write(eddy_core *core, int k)
{
    eddy_tcp *tcp;
    int peer = test_peer_slow(core, &tcp);
    eddy_bytes rest = {large, LARGE};
    eddy_join *join = test_spawn_join(core, cursor_write, .tcp = tcp, .rest = &rest);
    size_t accepted;
    int ending;

    for (int i = 0; i < k; i++)
        assert_true(eddy_core_turn(core, EDDY_MILLISECOND) >= 0);
    eddy_join_abort(join);
    assert_int_equal(test_join_end(core, join), EDDY_DROPPED);
    accepted = LARGE - rest.len;
    assert_int_equal(accepted > 0, k > 0);
    assert_int_equal(test_peer_drain(core, peer, 0, accepted, NULL), accepted);
    eddy_tcp_free(tcp);
    assert_int_equal(test_peer_drain(core, peer, accepted, LARGE, &ending), accepted);
    assert_int_equal(ending, 0);
    test_peer_close(peer);
    test_pass(core, EDDY_MILLISECOND);
}

static void a_dropped_write_delivers_what_was_accepted(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int k = 0; k < 8; k++)
        check_dropped_write(core, k);
    test_core_end(core);
}

static void a_steady_echo_calls_no_allocator(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    uint64_t calls = 0;
    char text[64];

    (void)state;
    test_spawn(core, test_echo, .client = tcp);
    for (int i = 0; i < 1000; i++) {
        if (i == 100)
            calls = test_stats(core).heap_calls;
        test_peer_send(peer, large, sizeof text);
        for (int turns = 0; test_peer_try_recv(peer, text, sizeof text) < 0; turns++) {
            assert_true(turns < 100);
            assert_true(eddy_core_turn(core, 10 * EDDY_MILLISECOND) >= 0);
        }
    }
    assert_int_equal(test_stats(core).heap_calls, calls);
    test_peer_close(peer);
    test_pass(core, EDDY_MILLISECOND);
    test_core_end(core);
}

/* What is written to `a`, `b` sends back: driven until something has come, `a` is broken, or for so
 * many turns - when `b` lacks memory, nobody tells. */
static void echo_for_a_while(eddy_core *core, eddy_tcp *a, eddy_tcp *b)
{
    eddy_handle *handle = eddy_core_handle(core);
    eddy_result got = EDDY_PENDING;
    unsigned char memory[256];
    eddy_join *join = NULL;

    (void)eddy_spawn(handle, EDDY_FUTURE(test_echo, .client = b));
    if (eddy_spawn_joinable(handle,
                            EDDY_FUTURE(test_io, .poll = test_io_read, .tcp = a, .memory = memory,
                                        .len = sizeof memory, .result = &got),
                            &join) != 0)
        return;
    if (eddy_tcp_try_write(a, large, 40000) == 40000)
        for (int turns = 0; turns < 20 && got == EDDY_PENDING && a->write_error == 0; turns++)
            assert_true(eddy_core_turn(core, EDDY_MILLISECOND) >= 0);
    eddy_join_abort(join);
    eddy_join_free(join);
}

/* An echo over a core whose n-th allocation fails: whatever is told, nothing crashes and nothing
 * leaks. Returns whether that allocation was reached. */
static bool echo_without_memory(long n)
{
    struct test_heap heap;
    eddy_core_options options = {.size_bytes = sizeof options};
    eddy_core *core = NULL;
    eddy_allocator allocator;
    eddy_tcp *a = NULL, *b = NULL;

    test_heap_init(&heap, n);
    allocator = test_heap_allocator(&heap);
    options.allocator = &allocator;
    if (eddy_core_new(&options, &core) == 0) {
        if (eddy_tcp_pair(eddy_core_handle(core), &a, &b) == 0) {
            echo_for_a_while(core, a, b);
            eddy_tcp_free(a);
        }
        (void)eddy_core_free(core);
    }
    assert_int_equal(heap.blocks, 0);
    return heap.calls > n;
}

static void every_failed_allocation_is_survived(void **state)
{
    long n = 0;

    (void)state;
    while (echo_without_memory(n))
        n++;
    assert_true(n > 5);
}

static void drive_two_writers(void *arg)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;

    (void)arg;
    (void)test_peer_slow(core, &tcp);
    test_spawn(core, test_io, .poll = test_io_write_all, .tcp = tcp, .rest = {large, LARGE});
    test_spawn(core, test_io, .poll = test_io_write_all, .tcp = tcp, .rest = {large, LARGE});
    test_settle(core);
    test_pass(core, EDDY_MILLISECOND);
}

static void two_tasks_that_wait_to_write_are_an_assertion(void **state)
{
    (void)state;
    assert_dies(drive_two_writers, NULL, "two tasks");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_reader_makes_the_write_pend_and_memory_stay),
        cmocka_unit_test(the_writer_goes_on_when_half_of_its_queue_has_left),
        cmocka_unit_test(peers_that_never_read_slow_nobody_down),
        cmocka_unit_test(writev_takes_ranges_in_order_within_the_limit),
        cmocka_unit_test(a_write_of_more_than_the_limit_accepts_what_fits),
        cmocka_unit_test(try_write_takes_all_or_nothing),
        cmocka_unit_test(thousands_of_small_buffers_arrive_in_order),
        cmocka_unit_test(forwarding_moves_pieces_not_bytes),
        cmocka_unit_test(forwarding_to_a_slow_reader_waits_and_loses_nothing),
        cmocka_unit_test(tiny_pieces_behind_others_are_copied),
        cmocka_unit_test(flush_waits_until_the_kernel_has_taken_all),
        cmocka_unit_test(an_error_is_told_once_then_it_is_a_broken_pipe),
        cmocka_unit_test(no_write_verb_raises_sigpipe),
        cmocka_unit_test(a_reset_wakes_the_writer_that_waits_and_is_told_as_what_it_is),
        cmocka_unit_test(a_dropped_write_delivers_what_was_accepted),
        cmocka_unit_test(a_steady_echo_calls_no_allocator),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(two_tasks_that_wait_to_write_are_an_assertion),
    };

    test_pattern_fill(large, sizeof large, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
