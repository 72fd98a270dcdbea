/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_stream_pair.c - streams out of sockets that are there: the connected pair, adopting, and
 * numbers of descriptors that come again.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/heap.h"
#include "../support/net.h"

static void pair_open(eddy_core *core, eddy_tcp **a, eddy_tcp **b)
{
    *a = *b = NULL;
    assert_int_equal(eddy_tcp_pair(eddy_core_handle(core), a, b), 0);
    assert_non_null(*a);
    assert_non_null(*b);
}

static void assert_carries(eddy_core *core, eddy_tcp *from, eddy_tcp *to)
{
    assert_int_equal(test_write(core, from, "carried", 7), 7);
    test_expect(core, to, "carried", 7);
}

static void a_pair_is_connected_both_ways_and_its_addresses_agree(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *a, *b;
    eddy_addr here, there;

    (void)state;
    pair_open(core, &a, &b);
    assert_int_equal(test_connected(core, a), 0);
    assert_int_equal(test_connected(core, b), 0);
    assert_carries(core, a, b);
    assert_carries(core, b, a);
    assert_int_equal(eddy_tcp_local_addr(a, &here), 0);
    assert_int_equal(eddy_tcp_peer_addr(b, &there), 0);
    assert_true(eddy_addr_equal(&here, &there));
    assert_true(eddy_addr_is_loopback(&here));
    assert_int_equal(eddy_tcp_peer_addr(a, &here), 0);
    assert_int_equal(eddy_tcp_local_addr(b, &there), 0);
    assert_true(eddy_addr_equal(&here, &there));
    eddy_tcp_free(a);
    assert_int_equal(test_fill(core, b, 1), 0);
    eddy_tcp_free(b);
    test_core_end(core);
}

static void a_pair_leaves_nothing_but_two_descriptors(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();

    (void)state;
    for (int i = 0; i < 10; i++) {
        eddy_tcp *a, *b;

        pair_open(core, &a, &b);
        assert_int_equal(test_open_fds(), fds + 2);
        assert_true(test_fd_is_careful(eddy_tcp_fd(a)));
        assert_true(test_fd_is_careful(eddy_tcp_fd(b)));
        eddy_tcp_free(a);
        eddy_tcp_free(b);
        test_until_fds(core, fds);
    }
    test_core_end(core);
}

/* With room for none, one, two descriptors. The kernel has no pairs of TCP: a third one listens for
 * a moment. */
static void without_descriptors_a_pair_fails_whole(void **state)
{
    eddy_core *core = test_core();
    const int needs = test_is_simulated() ? 2 : 3;

    (void)state;
    for (int room = 0; room < 4; room++) {
        int held[4], fds, limit;
        eddy_tcp *a = NULL, *b = NULL;
        int error;

        for (int i = 0; i < room; i++)
            held[i] = test_peer_socket();
        fds = test_open_fds();
        limit = test_fds_forbid();
        for (int i = 0; i < room; i++)
            test_peer_close(held[i]);
        error = eddy_tcp_pair(eddy_core_handle(core), &a, &b);
        test_fds_allow(limit);
        assert_int_equal(error, room < needs ? -EMFILE : 0);
        assert_true((error == 0) == (a != NULL) && (error == 0) == (b != NULL));
        assert_int_equal(test_open_fds(), fds - room + (error == 0 ? 2 : 0));
        eddy_tcp_free(a);
        eddy_tcp_free(b);
        test_until_fds(core, fds - room);
    }
    test_core_end(core);
}

static void without_memory_a_pair_fails_whole(void **state)
{
    int error = -ENOMEM;

    (void)state;
    for (long n = 0; error != 0; n++) {
        int fds = test_open_fds();
        struct test_heap heap;
        eddy_allocator allocator;
        eddy_tcp *a = NULL, *b = NULL;
        eddy_core *core;

        assert_true(n < 100);
        test_heap_init(&heap, -1);
        allocator = test_heap_allocator(&heap);
        core = test_core_with((eddy_core_options){.allocator = &allocator});
        atomic_store(&heap.fail_at, atomic_load(&heap.calls) + n);
        error = eddy_tcp_pair(eddy_core_handle(core), &a, &b);
        atomic_store(&heap.fail_at, -1);
        assert_true(error == 0 || error == -ENOMEM);
        assert_true((error == 0) == (a != NULL) && (error == 0) == (b != NULL));
        if (error == 0)
            assert_carries(core, a, b);
        eddy_tcp_free(a);
        eddy_tcp_free(b);
        test_core_end(core);
        assert_int_equal(atomic_load(&heap.blocks), 0);
        assert_int_equal(test_open_fds(), fds);
    }
}

/* The loop gets ends[0], in which something is unread. */
static void adopt_end(const int ends[2])
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    char text[4];
    eddy_tcp *tcp = NULL;

    test_peer_send(ends[1], "old", 3);
    assert_int_equal(eddy_tcp_adopt(eddy_core_handle(core), ends[0], &tcp), 0);
    assert_int_equal(eddy_tcp_fd(tcp), ends[0]);
    assert_true(test_fd_is_careful(ends[0]));
    assert_int_equal(test_connected(core, tcp), 0);
    test_expect(core, tcp, "old", 3);
    assert_int_equal(test_write(core, tcp, "new", 3), 3);
    assert_int_equal(test_flush(core, tcp), 0);
    test_peer_recv(ends[1], text, 3);
    assert_memory_equal(text, "new", 3);
    test_peer_close(ends[1]);
    eddy_tcp_free(tcp);
    test_until_fds(core, fds - 2);
    test_core_end(core);
}

static void an_adopted_socket_is_a_stream_with_what_was_unread(void **state)
{
    eddy_addr addr;
    int listener = test_peer_listen(1, &addr);
    int ends[2];

    (void)state;
    ends[1] = test_peer_connect(&addr);
    ends[0] = test_peer_accept(listener);
    test_peer_close(listener);
    adopt_end(ends);
}

static void an_adopted_socket_may_be_of_any_family(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    adopt_end(ends);
}

static void adopt_refused(eddy_core *core, int fd, int expected)
{
    eddy_tcp *tcp = (eddy_tcp *)(void *)&core;
    int flags = test_fd_flags(fd);

    assert_int_equal(eddy_tcp_adopt(eddy_core_handle(core), fd, &tcp), expected);
    assert_ptr_equal(tcp, &core);
    assert_int_equal(test_fd_flags(fd), flags);
}

static void adopting_what_is_no_stream_is_refused_and_stays_the_callers(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    int listener = test_peer_listen(1, &addr);

    (void)state;
    adopt_refused(core, listener, -EINVAL);
    adopt_refused(core, -1, -EBADF);
    test_peer_close(listener);
    adopt_refused(core, listener, -EBADF);
    test_core_end(core);
}

static void adopting_what_is_no_stream_socket_is_refused(void **state)
{
    eddy_core *core = test_core();
    int datagram = socket(AF_INET, SOCK_DGRAM, 0);
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    adopt_refused(core, fds[0], -ENOTSOCK);
    adopt_refused(core, datagram, -EINVAL);
    close(fds[0]);
    close(fds[1]);
    close(datagram);
    test_core_end(core);
}

/* Not an error of adopting: an accepted socket whose peer has reset looks the same. */
static void an_adopted_socket_without_a_peer_ends_and_does_not_spin(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp = NULL;
    eddy_core_stats before;
    eddy_result result;

    (void)state;
    assert_int_equal(eddy_tcp_adopt(eddy_core_handle(core), test_peer_socket(), &tcp), 0);
    result = test_fill(core, tcp, 1);
    assert_true(result == 0 || result == -ENOTCONN || result == -ECONNRESET);
    before = test_stats(core);
    test_pass(core, 30 * EDDY_MILLISECOND);
    assert_true(test_stats(core).turns - before.turns < 10);
    (void)test_write(core, tcp, "x", 1);
    assert_true(test_flush(core, tcp) < 0);
    eddy_tcp_free(tcp);
    (void)eddy_core_free(core);
}

/* Frees one stream as soon as the other can be read, and opens a third in its place. */
struct swapper {
    EDDY_FRAME;
    eddy_tcp *first, **second, **third, **other;
    int number;
};
EDDY_ASYNC(swapper, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->first, task, 1));
        self->number = eddy_tcp_fd(*self->second);
        eddy_tcp_abort(*self->second);
        n = eddy_tcp_pair(eddy_task_handle(task), self->third, self->other);
        EDDY_END(n);
}

/* Both streams are ready in one batch; what is left of the second's must not reach the third. */
static void an_event_of_a_stream_that_is_gone_does_not_reach_the_next_with_its_number(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int i = 0; i < 20; i++) {
        eddy_tcp *first, *second, *third, *other;
        int peers[2] = {test_peer(core, &first), test_peer(core, &second)};
        eddy_result result = EDDY_PENDING;
        eddy_join *join;
        char byte;

        join = test_spawn_join(core, swapper, .first = first, .second = &second, .third = &third,
                               .other = &other);
        test_peer_send(peers[0], "1", 1);
        test_peer_send(peers[1], "2", 1);
        assert_int_equal(test_join_end(core, join), 0);
        test_spawn(core, test_io, .poll = test_io_read, .tcp = third, .memory = &byte, .len = 1,
                   .result = &result);
        test_peer_send(peers[0], "1", 1);
        for (int turns = 0; turns < 10; turns++)
            test_turn(core);
        assert_int_equal(result, EDDY_PENDING);
        assert_carries(core, third, other);
        assert_int_equal(test_write(core, other, "3", 1), 1);
        assert_int_equal(test_until_done(core, &result), 1);
        assert_int_equal(byte, '3');
        test_peer_close(peers[0]);
        test_peer_close(peers[1]);
        eddy_tcp_free(first);
        eddy_tcp_free(third);
        eddy_tcp_free(other);
    }
    test_core_end(core);
}

/* A copy of the descriptor keeps the socket alive after the stream is gone. */
static void no_event_comes_for_a_stream_that_is_gone_though_its_socket_lives(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    int copy = dup(eddy_tcp_fd(tcp));
    eddy_result result = EDDY_PENDING;
    eddy_join *join;
    eddy_core_stats before;
    char byte;

    (void)state;
    join = test_spawn_join(core, test_io, .poll = test_io_read, .tcp = tcp, .memory = &byte,
                           .len = 1, .result = &result);
    test_settle(core);
    eddy_join_abort(join);
    eddy_join_free(join);
    eddy_tcp_free(tcp);
    test_until_fds(core, fds + 2);
    before = test_stats(core);
    for (int i = 0; i < 10; i++)
        test_peer_send(peer, "late", 4);
    test_pass(core, 30 * EDDY_MILLISECOND);
    assert_true(test_stats(core).turns - before.turns < 10);
    assert_int_equal(test_stats(core).bytes_received, before.bytes_received);
    assert_int_equal(recv(copy, &byte, 1, MSG_DONTWAIT), 1); /* the copy has it */
    close(copy);
    test_peer_close(peer);
    test_core_end(core);
}

static void streams_that_outlive_their_loop_can_be_freed(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *a, *b;

    (void)state;
    pair_open(core, &a, &b);
    test_core_end(core);
    eddy_tcp_free(a);
    eddy_tcp_abort(b);
    eddy_tcp_free(NULL);
    eddy_tcp_abort(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_is_connected_both_ways_and_its_addresses_agree),
        cmocka_unit_test(a_pair_leaves_nothing_but_two_descriptors),
        cmocka_unit_test(without_descriptors_a_pair_fails_whole),
        cmocka_unit_test(without_memory_a_pair_fails_whole),
        cmocka_unit_test(an_adopted_socket_is_a_stream_with_what_was_unread),
        cmocka_unit_test(adopting_what_is_no_stream_is_refused_and_stays_the_callers),
        cmocka_unit_test(an_adopted_socket_without_a_peer_ends_and_does_not_spin),
        cmocka_unit_test(an_event_of_a_stream_that_is_gone_does_not_reach_the_next_with_its_number),
        cmocka_unit_test(streams_that_outlive_their_loop_can_be_freed),
    };
    /* A simulated host has stream sockets of TCP only, and one descriptor for each. */
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(an_adopted_socket_may_be_of_any_family),
        cmocka_unit_test(adopting_what_is_no_stream_socket_is_refused),
        cmocka_unit_test(no_event_comes_for_a_stream_that_is_gone_though_its_socket_lives),
    };

    return TEST_GROUPS(tests, kernel);
}
