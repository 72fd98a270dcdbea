/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_stream_pair.c - streams out of sockets that are there: the connected pair, adopting, and
 * numbers of descriptors that come again.
 */
#include <errno.h>
#include <fcntl.h>
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
    char text[8];

    assert_int_equal(test_write(core, from, "carried", 7), 7);
    assert_true(test_fill(core, to, 7) >= 7);
    assert_int_equal(test_read(core, to, text, 7), 7);
    assert_memory_equal(text, "carried", 7);
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
        for (int side = 0; side < 2; side++) {
            int fd = eddy_tcp_fd(side == 0 ? a : b);

            assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
            assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        }
        eddy_tcp_free(a);
        eddy_tcp_free(b);
        test_until_fds(core, fds);
    }
    test_core_end(core);
}

/* With room for none, one, two descriptors: it takes three, for a moment. */
static void without_descriptors_a_pair_fails_whole(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int room = 0; room < 4; room++) {
        int held[4], fds, limit;
        eddy_tcp *a = NULL, *b = NULL;
        int error;

        for (int i = 0; i < room; i++)
            held[i] = dup(0);
        fds = test_open_fds();
        limit = test_fds_forbid();
        for (int i = 0; i < room; i++)
            close(held[i]);
        error = eddy_tcp_pair(eddy_core_handle(core), &a, &b);
        test_fds_allow(limit);
        assert_int_equal(error, room < 3 ? -EMFILE : 0);
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

static void an_adopted_socket_is_a_stream_of_any_family(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    int ends[2];
    char text[4];
    eddy_tcp *tcp = NULL;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    test_peer_send(ends[1], "old", 3); /* unread when it is taken over */
    assert_int_equal(eddy_tcp_adopt(eddy_core_handle(core), ends[0], &tcp), 0);
    assert_int_equal(eddy_tcp_fd(tcp), ends[0]);
    assert_true((fcntl(ends[0], F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(ends[0], F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(test_connected(core, tcp), 0);
    assert_int_equal(test_read(core, tcp, text, sizeof text), 3);
    assert_memory_equal(text, "old", 3);
    assert_int_equal(test_write(core, tcp, "new", 3), 3);
    assert_int_equal(test_flush(core, tcp), 0);
    test_peer_recv(ends[1], text, 3);
    assert_memory_equal(text, "new", 3);
    test_peer_close(ends[1]);
    eddy_tcp_free(tcp);
    test_until_fds(core, fds);
    test_core_end(core);
}

static void adopt_refused(eddy_core *core, int fd, int expected)
{
    eddy_tcp *tcp = (eddy_tcp *)(void *)&core;
    int flags = fcntl(fd, F_GETFL), more = fcntl(fd, F_GETFD);

    assert_int_equal(eddy_tcp_adopt(eddy_core_handle(core), fd, &tcp), expected);
    assert_ptr_equal(tcp, &core);
    assert_int_equal(fcntl(fd, F_GETFL), flags);
    assert_int_equal(fcntl(fd, F_GETFD), more);
}

static void adopting_what_is_no_stream_is_refused_and_stays_the_callers(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    int listener = test_peer_listen(1, &addr), datagram = socket(AF_INET, SOCK_DGRAM, 0);
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    adopt_refused(core, fds[0], -ENOTSOCK);
    adopt_refused(core, datagram, -EINVAL);
    adopt_refused(core, listener, -EINVAL);
    adopt_refused(core, -1, -EBADF);
    close(fds[0]);
    close(fds[1]);
    close(listener);
    close(datagram);
    adopt_refused(core, datagram, -EBADF);
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
        cmocka_unit_test(an_adopted_socket_is_a_stream_of_any_family),
        cmocka_unit_test(adopting_what_is_no_stream_is_refused_and_stays_the_callers),
        cmocka_unit_test(an_adopted_socket_without_a_peer_ends_and_does_not_spin),
        cmocka_unit_test(an_event_of_a_stream_that_is_gone_does_not_reach_the_next_with_its_number),
        cmocka_unit_test(no_event_comes_for_a_stream_that_is_gone_though_its_socket_lives),
        cmocka_unit_test(streams_that_outlive_their_loop_can_be_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
