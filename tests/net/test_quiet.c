/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_quiet.c - nothing spins: whatever waits, or is there and nobody looks at it, the loop sleeps; and
 * within another loop its descriptor is not readable for nothing.
 */
#include "fd_world.h"
#include "pipes.h"
#include "unix_dgrams.h"

#define WHILE (40 * EDDY_MILLISECOND)
/* Polls, turns, wake-ups: those of receivers that are asked again, of polls that are armed anew. */
enum { FEW = 25 };

/* What a scene has made: freed when its loop is. */
static struct {
    eddy_dgram *dgrams[8];
    int dgrams_n;
    eddy_pipe *pipes[2];
    eddy_fd *fd;
    int fds[2];
} made;

static char memory[4096];
static eddy_result last;

static eddy_dgram *keep(eddy_dgram *dgram)
{
    made.dgrams[made.dgrams_n++] = dgram;
    return dgram;
}

static void free_made(void)
{
    for (int i = 0; i < made.dgrams_n; i++)
        eddy_dgram_free(made.dgrams[i]);
    eddy_pipe_free(made.pipes[0]);
    eddy_pipe_free(made.pipes[1]);
    eddy_fd_free(made.fd);
    for (int i = 0; i < 2; i++)
        if (made.fds[i] >= 0)
            assert_int_equal(close(made.fds[i]), 0);
}

/* ---- datagrams ---- */

static void send_until_it_waits(eddy_core *core, eddy_dgram *dgram)
{
    for (last = 1; last > 0;) {
        last = EDDY_PENDING;
        test_spawn(core, dg, .poll = dg_poll_send, .dgram = dgram, .memory = memory, .len = 100,
                   .result = &last);
        for (int i = 0; i < 6 && last == EDDY_PENDING; i++)
            (void)test_turn(core);
    }
    assert_int_equal(last, EDDY_PENDING);
}

static void pair_is_full(eddy_core *core, eddy_unix_type type)
{
    eddy_dgram *a, *b;

    pair_of(core, type, &a, &b);
    send_until_it_waits(core, keep(a));
    (void)keep(b);
}

static void datagrams_are_full(eddy_core *core)
{
    pair_is_full(core, EDDY_UNIX_DATAGRAM);
}

static void messages_are_full(eddy_core *core)
{
    pair_is_full(core, EDDY_UNIX_SEQPACKET);
}

static void peer_that_is_not_connected_back_is_full(eddy_core *core)
{
    eddy_unix_addr name = {0};
    eddy_dgram *a = keep(bind_at(core, &name)), *b = keep(bind_at(core, NULL));

    assert_int_equal(eddy_dgram_local_name(a, &name), 0);
    assert_int_equal(connect_name(core, b, &name), 0);
    send_until_it_waits(core, b);
}

static void receiver_that_is_no_peer_is_full(eddy_core *core)
{
    static eddy_unix_addr name;
    eddy_dgram *a, *b = keep(bind_at(core, NULL));

    name = (eddy_unix_addr){0};
    a = keep(bind_at(core, &name));
    assert_int_equal(eddy_dgram_local_name(a, &name), 0);
    for (last = 1; last == 1;) {
        last = EDDY_PENDING;
        test_spawn(core, dg, .poll = poll_send_name, .dgram = b, .memory = memory, .len = 1,
                   .name = &name, .result = &last);
        (void)test_turn(core);
        (void)test_turn(core);
    }
    assert_int_equal(last, EDDY_PENDING);
}

static void bytes_as_messages_are_full(eddy_core *core)
{
    eddy_dgram *dgram;
    int ends[2];

    fd_pair(ends);
    assert_int_equal(eddy_dgram_adopt(eddy_core_handle(core), ends[0], &dgram), 0);
    made.fds[1] = ends[1];
    send_until_it_waits(core, keep(dgram));
}

static void udp_is_unread(eddy_core *core)
{
    eddy_addr at, to;
    eddy_dgram *a = keep(dg_bind(core, &at)), *b = keep(dg_bind(core, &to));

    for (int i = 0; i < 3; i++)
        assert_int_equal(dg_send(core, a, "abc", 3, &to), 3);
    assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), 3);
}

static void udp_error_is_untold(eddy_core *core)
{
    eddy_addr at, to;
    eddy_dgram *a = keep(dg_bind(core, &at)), *b = dg_bind(core, &to);

    assert_int_equal(eddy_dgram_connect(a, &to), 0);
    eddy_dgram_free(b);
    test_pass(core, EDDY_MILLISECOND);
    assert_int_equal(dg_send(core, a, "abc", 3, NULL), 3);
}

static void peer_is_gone_and_bytes_are_unread(eddy_core *core)
{
    eddy_dgram *a, *b;

    pair_of(core, EDDY_UNIX_SEQPACKET, &a, &b);
    assert_int_equal(dg_send(core, a, "abc", 3, NULL), 3);
    assert_int_equal(dg_send(core, a, "abc", 3, NULL), 3);
    assert_int_equal(dg_recv(core, b, memory, sizeof memory, NULL), 3);
    eddy_dgram_free(a);
    (void)keep(b);
}

static void backlog_is_full(eddy_core *core)
{
    static eddy_unix_addr name;
    eddy_handle *handle = eddy_core_handle(core);
    eddy_dgram *listener, *client;

    name = (eddy_unix_addr){0};
    assert_int_equal(eddy_unix_seqpacket_listen(handle, &name,
                                                EDDY_OPTIONS(eddy_unix_dgram_options, .backlog = 1),
                                                &listener),
                     0);
    assert_int_equal(eddy_dgram_local_name(keep(listener), &name), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(eddy_unix_seqpacket_new(handle, &client), 0);
        test_spawn(core, dg, .poll = poll_connect_name, .dgram = keep(client), .name = &name,
                   .result = &last);
        (void)test_turn(core);
    }
}

/* ---- pipes ---- */

static void write_until_it_waits(eddy_core *core, eddy_pipe *pipe)
{
    for (last = 1; last > 0;) {
        last = EDDY_PENDING;
        test_spawn(core, talk, .verb = WRITE, .io = eddy_pipe_io(pipe), .memory = memory,
                   .len = 3000, .result = &last);
        for (int i = 0; i < 6 && last == EDDY_PENDING; i++)
            (void)test_turn(core);
    }
    assert_int_equal(last, EDDY_PENDING);
}

static void pipe_is_full(eddy_core *core)
{
    assert_int_equal(eddy_pipe_pair(eddy_core_handle(core), &made.pipes[0], &made.pipes[1]), 0);
    write_until_it_waits(core, made.pipes[1]);
}

static void pipe_has_nothing(eddy_core *core)
{
    assert_int_equal(eddy_pipe_pair(eddy_core_handle(core), &made.pipes[0], &made.pipes[1]), 0);
    test_spawn(core, talk, .verb = FILL, .io = eddy_pipe_io(made.pipes[0]), .len = 1,
               .result = &last);
}

static void writer_is_gone_and_bytes_are_unread(eddy_core *core)
{
    assert_int_equal(eddy_pipe_pair(eddy_core_handle(core), &made.pipes[0], &made.pipes[1]), 0);
    assert_int_equal(do_write(core, eddy_pipe_io(made.pipes[1]), "abc", 3), 3);
    assert_int_equal(do_fill(core, eddy_pipe_io(made.pipes[0]), 1), 3);
    eddy_pipe_free(made.pipes[1]);
    made.pipes[1] = NULL;
}

static void share(eddy_core *core)
{
    assert_int_equal(eddy_pipe_new(eddy_core_handle(core), made.fds[1],
                                   EDDY_OPTIONS(eddy_pipe_options, .shared = true), &made.pipes[1]),
                     0);
    write_until_it_waits(core, made.pipes[1]);
}

static void shared_pipe_is_full(eddy_core *core)
{
    assert_int_equal(pipe(made.fds), 0);
    share(core);
}

static void shared_socket_is_full_and_has_nothing(eddy_core *core)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, made.fds), 0);
    share(core);
    test_spawn(core, talk, .verb = FILL, .io = eddy_pipe_io(made.pipes[1]), .len = 1,
               .result = &last);
}

/* ---- foreign descriptors ---- */

static void wait_for(eddy_core *core, uint32_t mask)
{
    eddy_fd_clear(made.fd, EDDY_FD_READABLE | EDDY_FD_WRITABLE);
    last = EDDY_PENDING;
    test_spawn(core, fd_wait, .fd = made.fd, .mask = mask, .result = &last);
}

static void fd_is_full_and_unread(eddy_core *core)
{
    fd_pair(made.fds);
    fd_put(made.fds[1], "x");
    made.fd = fd_new(core, made.fds[0]);
    fd_fill(made.fds[0]);
    wait_for(core, EDDY_FD_WRITABLE);
}

static void fd_is_unread_and_waits_for_urgent_data(eddy_core *core)
{
    fd_pair(made.fds);
    fd_put(made.fds[1], "x");
    made.fd = fd_new(core, made.fds[0]);
    wait_for(core, EDDY_FD_PRIORITY);
}

static void fd_peer_is_gone(eddy_core *core)
{
    fd_pair(made.fds);
    made.fd = fd_new(core, made.fds[0]);
    assert_int_equal(close(made.fds[1]), 0);
    made.fds[1] = -1;
    test_settle(core);
    eddy_fd_clear(made.fd, EDDY_FD_READABLE | EDDY_FD_WRITABLE);
}

/* ---- all of them ---- */

static const struct scene {
    const char *name;
    void (*set_up)(eddy_core *core);
} scenes[] = {
    {"datagrams are full", datagrams_are_full},
    {"messages are full", messages_are_full},
    {"a peer that is not connected back is full", peer_that_is_not_connected_back_is_full},
    {"a receiver that is no peer is full", receiver_that_is_no_peer_is_full},
    {"bytes as messages are full", bytes_as_messages_are_full},
    {"UDP is unread", udp_is_unread},
    {"an error of UDP is untold", udp_error_is_untold},
    {"a peer is gone, bytes are unread", peer_is_gone_and_bytes_are_unread},
    {"a backlog is full", backlog_is_full},
    {"a pipe is full", pipe_is_full},
    {"a pipe has nothing", pipe_has_nothing},
    {"a writer is gone, bytes are unread", writer_is_gone_and_bytes_are_unread},
    {"a shared pipe is full", shared_pipe_is_full},
    {"a shared socket is full, and has nothing", shared_socket_is_full_and_has_nothing},
    {"a descriptor is full, and unread", fd_is_full_and_unread},
    {"a descriptor is unread, and waits for urgent data", fd_is_unread_and_waits_for_urgent_data},
    {"a descriptor's peer is gone", fd_peer_is_gone},
};

/* As test_pass(), for a loop that may be busy. */
static void drive(eddy_core *core, int64_t duration_ns)
{
    int64_t until = test_clock_ns(core) + duration_ns;

    while (test_clock_ns(core) < until)
        assert_true(eddy_core_turn(core, 5 * EDDY_MILLISECOND) >= 0);
}

/* The busiest of what is counted. */
static int turns_and_polls(eddy_core *core)
{
    eddy_core_stats before = test_stats(core), after;
    uint64_t turns, polls;

    drive(core, WHILE);
    after = test_stats(core);
    turns = after.turns - before.turns;
    polls = after.polls - before.polls;
    return (int)(turns > polls ? turns : polls);
}

static int wakes_of_the_descriptor(eddy_core *core)
{
    int64_t until = test_clock_ns(core) + WHILE;
    struct pollfd state = {.fd = eddy_core_fd(core), .events = POLLIN};
    int woken = 0;

    while (test_clock_ns(core) < until && woken < 1000) {
        if (poll(&state, 1, 5) == 1) {
            woken++;
            assert_true(eddy_core_turn(core, 0) >= 0);
        }
    }
    return woken;
}

static void check_scenes(bool within_another, int (*count)(eddy_core *core))
{
    int busy = 0;

    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        eddy_core *core = test_core();
        int counted;

        memset(&made, 0, sizeof made);
        made.fds[0] = made.fds[1] = -1;
        if (within_another)
            assert_true(eddy_core_fd(core) >= 0);
        scenes[i].set_up(core);
        drive(core, 5 * EDDY_MILLISECOND);
        counted = count(core);
        if (counted > FEW)
            print_error("%s: %d in 40 ms\n", scenes[i].name, counted);
        busy += counted > FEW;
        (void)eddy_core_free(core);
        free_made();
    }
    assert_int_equal(busy, 0);
}

static void whatever_waits_the_loop_sleeps(void **state)
{
    (void)state;
    check_scenes(false, turns_and_polls);
}

static void whatever_waits_the_loops_descriptor_is_quiet(void **state)
{
    (void)state;
    check_scenes(true, wakes_of_the_descriptor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_waits_the_loop_sleeps),
        cmocka_unit_test(whatever_waits_the_loops_descriptor_is_quiet),
    };

    return cmocka_run_group_tests(tests, unixes_begin, unixes_end);
}
