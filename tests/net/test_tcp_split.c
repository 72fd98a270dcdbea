/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_tcp_split.c - a stream in two halves that different tasks own: both at work at once, one
 * given back before the other, in either order, misused, or left over when the loop is gone. And
 * what is under way both ways in a storm of signals.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/net.h"

enum { LARGE = 1024 * 1024 };
static unsigned char large[LARGE];
static volatile sig_atomic_t signals;

struct halves {
    eddy_tcp_reader reader;
    eddy_tcp_writer writer;
};

static int split_peer(eddy_core *core, struct halves *halves)
{
    eddy_tcp *tcp;
    int peer = test_peer_slow(core, &tcp);

    eddy_tcp_split(tcp, &halves->reader, &halves->writer);
    assert_ptr_equal(halves->reader.tcp, tcp);
    assert_ptr_equal(halves->writer.tcp, tcp);
    return peer;
}

/* ---- the halves at work ---- */

/* Copies from one half to the other until the end; gives how many bytes that were. */
struct copy {
    EDDY_FRAME;
    eddy_tcp_reader reader;
    eddy_tcp_writer writer;
    eddy_result total;
};

static void copy_done(struct copy *self)
{
    eddy_tcp_reader_free(&self->reader);
    eddy_tcp_writer_free(&self->writer);
}

EDDY_ASYNC(copy, copy_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->reader.tcp, task, 1));
            if (n <= 0)
                break;
            EDDY_POLL(n, eddy_tcp_poll_forward(self->reader.tcp, self->writer.tcp, task));
            self->total += n;
        }
        EDDY_END(n < 0 ? n : self->total);
}

struct copy_server {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp *client;
    struct copy copy;
};

EDDY_ASYNC(copy_server, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
        assert_int_equal(n, 0);
        self->copy = EDDY_INIT(copy, .total = 0);
        eddy_tcp_split(self->client, &self->copy.reader, &self->copy.writer);
        EDDY_AWAIT(n, &self->copy);
        EDDY_END(n);
}

static void echo_server_copies_1024_round_trips_until_the_client_ends(void **state)
{
    enum { ROUNDS = 1024, LEN = 11 };
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    eddy_join *join = test_spawn_join(core, copy_server, .listener = listener);
    int peer = test_peer_connect(&addr);

    (void)state;
    for (size_t i = 0; i < ROUNDS; i++) {
        test_peer_send(peer, large + i * LEN, LEN);
        test_peer_expect(core, peer, i * LEN, (i + 1) * LEN);
    }
    test_peer_shutdown(peer);
    assert_int_equal(test_join_end(core, join), ROUNDS * LEN);
    assert_int_equal(test_peer_ending(peer), 0);
    test_peer_close(peer);
    eddy_listener_free(listener);
    test_until_fds(core, fds);
    test_core_end(core);
}

struct read_half {
    EDDY_FRAME;
    eddy_tcp_reader half;
    size_t have;
};

static void read_half_done(struct read_half *self)
{
    eddy_tcp_reader_free(&self->half);
}

EDDY_ASYNC(read_half, read_half_done)
{
    eddy_bytes view;
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->half.tcp, task, 1));
            if (n <= 0)
                break;
            view = eddy_tcp_view(self->half.tcp);
            test_pattern_check(view.data, view.len, self->have);
            self->have += view.len;
            eddy_tcp_consume(self->half.tcp, view.len);
        }
        EDDY_END(n < 0 ? n : (eddy_result)self->have);
}

struct write_half {
    EDDY_FRAME;
    eddy_tcp_writer half;
    eddy_bytes rest;
};

static void write_half_done(struct write_half *self)
{
    eddy_tcp_writer_free(&self->half);
}

EDDY_ASYNC(write_half, write_half_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_write_all(self->half.tcp, task, &self->rest));
        EDDY_END(n);
}

/* The peer reads and sends in turn, both ways are full most of the time. */
static void check_both_ways(void)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    struct halves halves;
    int peer = split_peer(core, &halves);
    eddy_join *reader = test_spawn_join(core, read_half, .half = halves.reader);
    eddy_join *writer =
        test_spawn_join(core, write_half, .half = halves.writer, .rest = {large, LARGE});
    size_t sent = 0, have = 0;
    int ending = -EAGAIN;

    for (int turns = 0; turns < 100000 && (sent < LARGE || have < LARGE); turns++) {
        unsigned char memory[4000];
        size_t part = LARGE - sent < 3000 ? LARGE - sent : 3000;
        long n;

        sent += part == 0 ? 0 : test_peer_try_send(peer, large + sent, part);
        n = test_peer_try_recv(peer, memory, sizeof memory);
        if (n > 0)
            test_pattern_check(memory, (size_t)n, have);
        have += n > 0 ? (size_t)n : 0;
        assert_true(eddy_core_turn(core, 0) >= 0);
    }
    assert_int_equal(sent, LARGE);
    test_peer_shutdown(peer);
    assert_int_equal(test_peer_drain(core, peer, have, LARGE + 1, &ending), LARGE);
    assert_int_equal(ending, 0);
    assert_int_equal(test_join_end(core, writer), 0);
    assert_int_equal(test_join_end(core, reader), LARGE);
    test_peer_close(peer);
    test_until_fds(core, fds);
    test_core_end(core);
}

static void two_tasks_read_and_write_at_once_a_megabyte_each(void **state)
{
    (void)state;
    check_both_ways();
}

static void count_signal(int number)
{
    (void)number;
    signals++;
}

/* Ten thousand in a second, and no call is restarted after one. */
static void signals_interrupt_nothing_that_is_under_way(void **state)
{
    struct sigaction action = {.sa_handler = count_signal}, before;
    struct itimerval storm = {{0, 100}, {0, 100}}, calm = {{0, 0}, {0, 0}};

    (void)state;
    signals = 0;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &storm, NULL), 0);
    for (int rounds = 0; rounds < 100 && signals < 100; rounds++)
        check_both_ways();
    assert_int_equal(setitimer(ITIMER_REAL, &calm, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_true(signals >= 100);
}

/* ---- one half given back ---- */

static void without_the_writing_half_fin_follows_and_reading_goes_on(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    struct halves halves;
    int peer = split_peer(core, &halves);
    char text[8];
    int ending;

    (void)state;
    assert_int_equal(test_write(core, halves.writer.tcp, large, 60000), 60000);
    eddy_tcp_writer_free(&halves.writer);
    assert_null(halves.writer.tcp);
    eddy_tcp_writer_free(&halves.writer); /* left alone */
    assert_int_equal(test_peer_drain(core, peer, 0, LARGE, &ending), 60000);
    assert_int_equal(ending, 0);
    test_peer_send(peer, "after", 5);
    test_expect(core, halves.reader.tcp, "after", 5);
    test_peer_close(peer);
    assert_int_equal(test_read(core, halves.reader.tcp, text, sizeof text), 0);
    eddy_tcp_reader_free(&halves.reader);
    test_until_fds(core, fds);
    test_core_end(core);
}

static void without_the_reading_half_what_comes_is_thrown_away(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    struct halves halves;
    int peer = split_peer(core, &halves);
    int ending;

    (void)state;
    test_peer_send(peer, "unread", 6);
    assert_true(test_fill(core, halves.reader.tcp, 6) >= 6);
    eddy_tcp_reader_free(&halves.reader);
    assert_null(halves.reader.tcp);
    eddy_tcp_reader_free(&halves.reader); /* left alone */
    assert_int_equal(eddy_tcp_view(halves.writer.tcp).len, 0);
    test_peer_send(peer, "more", 4);
    test_pass(core, EDDY_MILLISECOND);
    assert_int_equal(eddy_tcp_view(halves.writer.tcp).len, 0);
    assert_int_equal(test_write(core, halves.writer.tcp, large, 60000), 60000);
    eddy_tcp_writer_free(&halves.writer);
    assert_int_equal(test_peer_drain(core, peer, 0, LARGE, &ending), 60000);
    assert_int_equal(ending, 0);
    test_peer_close(peer);
    test_until_fds(core, fds);
    assert_int_equal(test_stats(core).closes_cut_off, 0);
    test_core_end(core);
}

static void a_half_whose_task_is_dropped_leaves_the_other_working(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();

    (void)state;
    for (int drop_reader = 0; drop_reader < 2; drop_reader++) {
        struct halves halves;
        int peer = split_peer(core, &halves);
        eddy_join *reader = test_spawn_join(core, read_half, .half = halves.reader);
        eddy_join *writer =
            test_spawn_join(core, write_half, .half = halves.writer, .rest = {large, LARGE});
        eddy_join *dropped = drop_reader ? reader : writer;
        int ending;

        test_pass(core, EDDY_MILLISECOND);
        eddy_join_abort(dropped);
        assert_int_equal(test_join_end(core, dropped), EDDY_DROPPED);
        test_peer_send(peer, large, 2000);
        assert_true(test_peer_drain(core, peer, 0, LARGE + 1, &ending) <= LARGE);
        assert_int_equal(ending, 0);
        test_peer_shutdown(peer);
        if (drop_reader)
            assert_int_equal(test_join_end(core, writer), 0);
        else
            assert_int_equal(test_join_end(core, reader), 2000);
        test_peer_close(peer);
        test_until_fds(core, fds);
    }
    test_core_end(core);
}

static void the_stream_ends_with_its_second_half_in_either_order(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();

    (void)state;
    for (int reader_first = 0; reader_first < 2; reader_first++) {
        struct halves halves;
        int peer = split_peer(core, &halves);
        int ending;

        assert_int_equal(test_write(core, halves.writer.tcp, large, 60000), 60000);
        if (reader_first)
            eddy_tcp_reader_free(&halves.reader);
        eddy_tcp_writer_free(&halves.writer);
        eddy_tcp_reader_free(&halves.reader);
        assert_int_equal(test_peer_drain(core, peer, 0, LARGE, &ending), 60000);
        assert_int_equal(ending, 0);
        test_peer_close(peer);
        test_until_fds(core, fds);
    }
    test_core_end(core);
}

static void halves_that_outlive_their_loop_can_be_freed(void **state)
{
    int fds = test_open_fds();

    (void)state;
    for (int early = 0; early < 3; early++) {
        eddy_core *core = test_core();
        struct halves halves;
        int peer = split_peer(core, &halves);

        if (early == 1)
            eddy_tcp_reader_free(&halves.reader);
        if (early == 2)
            eddy_tcp_writer_free(&halves.writer);
        test_core_end(core);
        eddy_tcp_writer_free(&halves.writer);
        eddy_tcp_reader_free(&halves.reader);
        assert_int_equal(test_peer_ending(peer), 0);
        test_peer_close(peer);
        assert_int_equal(test_open_fds(), fds);
    }
}

/* ---- mistakes ---- */

static void split_twice(void *arg)
{
    eddy_core *core = test_core();
    struct halves halves;

    (void)arg;
    (void)split_peer(core, &halves);
    eddy_tcp_split(halves.reader.tcp, &halves.reader, &halves.writer);
}

static void free_what_is_split(void *arg)
{
    eddy_core *core = test_core();
    struct halves halves;

    (void)arg;
    (void)split_peer(core, &halves);
    eddy_tcp_free(halves.reader.tcp);
}

static void abort_what_is_split(void *arg)
{
    eddy_core *core = test_core();
    struct halves halves;

    (void)arg;
    (void)split_peer(core, &halves);
    eddy_tcp_abort(halves.reader.tcp);
}

static void free_a_copy_of_a_half(void *arg)
{
    eddy_core *core = test_core();
    struct halves halves, copy;

    (void)arg;
    (void)split_peer(core, &halves);
    copy = halves;
    eddy_tcp_reader_free(&halves.reader);
    eddy_tcp_reader_free(&copy.reader);
}

static void mistakes_with_halves_are_assertions(void **state)
{
    (void)state;
    assert_dies(split_twice, NULL, "a TCP stream is split twice");
    assert_dies(free_what_is_split, NULL, "eddy_tcp_free: the stream was split");
    assert_dies(abort_what_is_split, NULL, "eddy_tcp_abort: the stream was split");
    assert_dies(free_a_copy_of_a_half, NULL, "eddy_tcp_reader_free: this half was freed before");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_server_copies_1024_round_trips_until_the_client_ends),
        cmocka_unit_test(two_tasks_read_and_write_at_once_a_megabyte_each),
        cmocka_unit_test(signals_interrupt_nothing_that_is_under_way),
        cmocka_unit_test(without_the_writing_half_fin_follows_and_reading_goes_on),
        cmocka_unit_test(without_the_reading_half_what_comes_is_thrown_away),
        cmocka_unit_test(a_half_whose_task_is_dropped_leaves_the_other_working),
        cmocka_unit_test(the_stream_ends_with_its_second_half_in_either_order),
        cmocka_unit_test(halves_that_outlive_their_loop_can_be_freed),
        cmocka_unit_test(mistakes_with_halves_are_assertions),
    };

    test_pattern_fill(large, sizeof large, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
