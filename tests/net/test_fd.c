/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_fd.c - foreign descriptors: what they are told to be ready for, to whom, and until when. How
 * they are registered and go: test_fd_ends.c.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "fd_world.h"

static void a_simulated_loop_has_no_foreign_descriptors(void **state)
{
    eddy_core *core = test_core();
    eddy_fd *fd = NULL;
    int ends[2], error;

    (void)state;
    fd_pipe(ends);
    error = eddy_fd_new(eddy_core_handle(core), ends[0], NULL, &fd);
    assert_int_equal(error, test_is_simulated() ? -EOPNOTSUPP : 0);
    eddy_fd_free(fd);
    assert_true(fd_is_open(ends[0]));
    (void)close(ends[0]);
    (void)close(ends[1]);
    test_core_end(core);
}

/* ---- until when ---- */

static void what_was_ready_before_it_was_registered_is_told(void **state)
{
    eddy_core *core = test_core();
    eddy_fd *in, *out;
    int ends[2];

    (void)state;
    fd_pipe(ends);
    fd_put(ends[1], "early");
    in = fd_new(core, ends[0]);
    out = fd_new(core, ends[1]);
    assert_int_equal(fd_until(core, in, EDDY_FD_READABLE), EDDY_FD_READABLE);
    assert_int_equal(fd_until(core, out, EDDY_FD_WRITABLE), EDDY_FD_WRITABLE);
    eddy_fd_free(in);
    eddy_fd_free(out);
    (void)close(ends[0]);
    (void)close(ends[1]);
    test_core_end(core);
}

static void it_is_ready_until_it_is_cleared_and_again_with_what_comes_then(void **state)
{
    eddy_core *core = test_core();
    eddy_fd *fd;
    int ends[2];

    (void)state;
    fd_pipe(ends);
    fd = fd_new(core, ends[0]);
    for (int i = 0; i < 50; i++) {
        fd_put(ends[1], "x");
        assert_int_equal(fd_until(core, fd, EDDY_FD_READABLE), EDDY_FD_READABLE);
        assert_int_equal(fd_drain(ends[0]), 1);
        assert_int_equal(fd_until(core, fd, EDDY_FD_READABLE), EDDY_FD_READABLE);
        eddy_fd_clear(fd, EDDY_FD_READABLE);
        assert_int_equal(fd_now(core, fd, EDDY_FD_READABLE), 0);
    }
    eddy_fd_free(fd);
    (void)close(ends[0]);
    (void)close(ends[1]);
    test_core_end(core);
}

/* Between the EAGAIN and the clear more has come: it is an event of a later wait. */
static void what_comes_between_eagain_and_clear_is_not_lost(void **state)
{
    eddy_core *core = test_core();
    eddy_fd *fd;
    int ends[2];

    (void)state;
    fd_pipe(ends);
    fd = fd_new(core, ends[0]);
    fd_put(ends[1], "x");
    for (int i = 0; i < 50; i++) {
        assert_int_equal(fd_until(core, fd, EDDY_FD_READABLE), EDDY_FD_READABLE);
        (void)fd_drain(ends[0]);
        fd_put(ends[1], "y");
        eddy_fd_clear(fd, EDDY_FD_READABLE);
    }
    assert_int_equal(fd_until(core, fd, EDDY_FD_READABLE), EDDY_FD_READABLE);
    eddy_fd_free(fd);
    (void)close(ends[0]);
    (void)close(ends[1]);
    test_core_end(core);
}

/* ---- to whom ---- */

static void a_reader_and_a_writer_wait_at_once_and_each_is_woken_for_its_own(void **state)
{
    eddy_core *core = test_core();
    eddy_result read_result = EDDY_PENDING, write_result = EDDY_PENDING;
    int reads = 0, writes = 0, ends[2];
    eddy_fd *fd;

    (void)state;
    fd_pair(ends);
    fd = fd_new(core, ends[0]);
    assert_int_equal(fd_until(core, fd, EDDY_FD_WRITABLE), EDDY_FD_WRITABLE);
    fd_fill(ends[0]);
    eddy_fd_clear(fd, EDDY_FD_WRITABLE);
    test_spawn(core, fd_wait, .fd = fd, .mask = EDDY_FD_READABLE, .polls = &reads,
               .result = &read_result);
    test_spawn(core, fd_wait, .fd = fd, .mask = EDDY_FD_WRITABLE, .polls = &writes,
               .result = &write_result);
    (void)test_settle(core);
    assert_int_equal(reads, 1);
    assert_int_equal(writes, 1);
    fd_put(ends[1], "x");
    while (read_result == EDDY_PENDING)
        (void)eddy_core_turn(core, EDDY_SECOND);
    assert_int_equal(read_result, EDDY_FD_READABLE);
    assert_int_equal(writes, 1);
    (void)fd_drain(ends[1]);
    while (write_result == EDDY_PENDING)
        (void)eddy_core_turn(core, EDDY_SECOND);
    assert_int_equal(write_result, EDDY_FD_WRITABLE);
    eddy_fd_free(fd);
    (void)close(ends[0]);
    (void)close(ends[1]);
    test_core_end(core);
}

static void who_asks_for_both_is_told_of_what_is_there(void **state)
{
    const uint32_t both = EDDY_FD_READABLE | EDDY_FD_WRITABLE;
    eddy_core *core = test_core();
    eddy_fd *fd;
    int ends[2];

    (void)state;
    fd_pair(ends);
    fd = fd_new(core, ends[0]);
    assert_int_equal(fd_until(core, fd, both), EDDY_FD_WRITABLE);
    fd_put(ends[1], "x");
    assert_int_equal(fd_until(core, fd, EDDY_FD_READABLE), EDDY_FD_READABLE);
    assert_int_equal(fd_until(core, fd, both), both);
    eddy_fd_clear(fd, EDDY_FD_WRITABLE);
    assert_int_equal(fd_until(core, fd, both), EDDY_FD_READABLE);
    eddy_fd_free(fd);
    (void)close(ends[0]);
    (void)close(ends[1]);
    test_core_end(core);
}

static void a_wait_for_the_hangup_alone_is_not_ended_by_bytes(void **state)
{
    eddy_core *core = test_core();
    eddy_result result = EDDY_PENDING;
    int polls = 0, ends[2];
    eddy_fd *fd;

    (void)state;
    fd_pair(ends);
    fd = fd_new(core, ends[0]);
    test_spawn(core, fd_wait, .fd = fd, .mask = EDDY_FD_HANGUP, .polls = &polls, .result = &result);
    (void)test_settle(core);
    fd_put(ends[1], "x");
    assert_int_equal(fd_now(core, fd, EDDY_FD_WRITABLE), EDDY_FD_WRITABLE);
    assert_int_equal(polls, 1);
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    while (result == EDDY_PENDING)
        (void)eddy_core_turn(core, EDDY_SECOND);
    assert_int_equal(result, EDDY_FD_HANGUP);
    assert_int_equal(fd_until(core, fd, EDDY_FD_READABLE), EDDY_FD_READABLE);
    eddy_fd_clear(fd, EDDY_FD_HANGUP);
    assert_int_equal(fd_now(core, fd, EDDY_FD_HANGUP), 0);
    eddy_fd_free(fd);
    (void)close(ends[0]);
    (void)close(ends[1]);
    test_core_end(core);
}

/* Two ends of a TCP connection. */
static void tcp_pair(int ends[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    assert_int_equal(connect(ends[0], (struct sockaddr *)&at, size), 0);
    ends[1] = accept(listener, NULL, NULL);
    assert_true(ends[1] >= 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    (void)close(listener);
}

static void a_wait_for_urgent_data_is_not_ended_by_other_bytes(void **state)
{
    eddy_core *core = test_core();
    eddy_result result = EDDY_PENDING;
    int ends[2];
    eddy_fd *fd;

    (void)state;
    tcp_pair(ends);
    fd = fd_new(core, ends[0]);
    test_spawn(core, fd_wait, .fd = fd, .mask = EDDY_FD_PRIORITY, .result = &result);
    (void)test_settle(core);
    for (int i = 0; i < 5; i++) {
        fd_put(ends[1], "x");
        for (int turn = 0; turn < 3; turn++)
            (void)eddy_core_turn(core, EDDY_MILLISECOND);
        assert_int_equal(result, EDDY_PENDING);
    }
    assert_int_equal(send(ends[1], "!", 1, MSG_OOB), 1);
    while (result == EDDY_PENDING)
        (void)eddy_core_turn(core, EDDY_SECOND);
    assert_int_equal(result, EDDY_FD_PRIORITY);
    eddy_fd_free(fd);
    (void)close(ends[0]);
    (void)close(ends[1]);
    test_core_end(core);
}

static void an_error_wakes_reader_and_writer_alike(void **state)
{
    eddy_core *core = test_core();
    eddy_result read_result = EDDY_PENDING, write_result = EDDY_PENDING;
    int ends[2];
    eddy_fd *fd;

    (void)state;
    fd_pipe(ends);
    fd = fd_new(core, ends[1]);
    assert_int_equal(fd_until(core, fd, EDDY_FD_WRITABLE), EDDY_FD_WRITABLE);
    fd_fill(ends[1]);
    eddy_fd_clear(fd, EDDY_FD_WRITABLE);
    test_spawn(core, fd_wait, .fd = fd, .mask = EDDY_FD_READABLE, .result = &read_result);
    test_spawn(core, fd_wait, .fd = fd, .mask = EDDY_FD_WRITABLE, .result = &write_result);
    (void)test_settle(core);
    (void)close(ends[0]);
    while (read_result == EDDY_PENDING || write_result == EDDY_PENDING)
        (void)eddy_core_turn(core, EDDY_SECOND);
    assert_int_equal(fd_until(core, fd, EDDY_FD_ERROR), EDDY_FD_ERROR);
    eddy_fd_free(fd);
    (void)close(ends[1]);
    test_core_end(core);
}

/* What another library asks for changes with each of its steps. */
static void asking_for_something_else_costs_no_system_call(void **state)
{
    eddy_core *core = test_core();
    eddy_fd *fd;
    int ends[2];
    eddy_core_stats before, after;

    (void)state;
    fd_pair(ends);
    fd_put(ends[1], "x");
    fd = fd_new(core, ends[0]);
    assert_int_equal(fd_until(core, fd, EDDY_FD_READABLE), EDDY_FD_READABLE);
    (void)test_settle(core);
    before = test_stats(core);
    for (int i = 0; i < 1000; i++) {
        uint32_t mask = i % 2 == 0 ? EDDY_FD_READABLE : EDDY_FD_WRITABLE;

        assert_int_equal(fd_until(core, fd, mask), mask);
        eddy_fd_clear(fd, EDDY_FD_PRIORITY);
    }
    after = test_stats(core);
    assert_true(after.syscalls - before.syscalls < 10);
    eddy_fd_free(fd);
    (void)close(ends[0]);
    (void)close(ends[1]);
    test_core_end(core);
}

/* ---- reading and writing ---- */

struct reading {
    EDDY_FRAME;
    eddy_fd *fd;
    char text[64];
    size_t len;
};

static struct reading seen;

EDDY_ASYNC(reading, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_POLL(n, eddy_fd_poll_read(self->fd, task, self->text + self->len,
                                           sizeof self->text - self->len));
            if (n > 0)
                self->len += (size_t)n;
            seen = *self;
        } while (n > 0);
        EDDY_END(n);
}

/* tokio-core, pipe-hup::hup: the end of a pipe is a hang-up without a readable bit. */
static void the_hangup_of_a_pipe_wakes_the_reader_who_gets_all_and_the_end(void **state)
{
    eddy_core *core = test_core();
    eddy_join *join;
    eddy_fd *fd;
    int ends[2];

    (void)state;
    seen.len = 0;
    fd_pipe(ends);
    fd = fd_new(core, ends[0]);
    join = test_spawn_join(core, reading, .fd = fd);
    (void)test_settle(core);
    fd_put(ends[1], "Hello!");
    while (seen.len < 6)
        (void)eddy_core_turn(core, EDDY_SECOND);
    fd_put(ends[1], "Goodbye!");
    while (seen.len < 14)
        (void)eddy_core_turn(core, EDDY_SECOND);
    (void)test_settle(core);
    (void)close(ends[1]);
    assert_int_equal(test_join_end(core, join), 0);
    assert_memory_equal(seen.text, "Hello!Goodbye!", 14);
    eddy_fd_free(fd);
    (void)close(ends[0]);
    test_core_end(core);
}

/* Somebody else, who has the descriptor too, was faster. */
static void readiness_for_nothing_is_survived(void **state)
{
    eddy_core *core = test_core();
    eddy_join *join;
    eddy_fd *fd;
    int ends[2];

    (void)state;
    seen.len = 0;
    fd_pipe(ends);
    fd = fd_new(core, ends[0]);
    for (int i = 0; i < 10; i++) {
        fd_put(ends[1], "theirs");
        assert_int_equal(fd_until(core, fd, EDDY_FD_READABLE), EDDY_FD_READABLE);
        assert_int_equal(fd_drain(ends[0]), 6);
    }
    join = test_spawn_join(core, reading, .fd = fd);
    (void)test_settle(core);
    assert_int_equal(seen.len, 0);
    fd_put(ends[1], "ours");
    (void)close(ends[1]);
    assert_int_equal(test_join_end(core, join), 0);
    assert_int_equal(seen.len, 4);
    assert_memory_equal(seen.text, "ours", 4);
    eddy_fd_free(fd);
    (void)close(ends[0]);
    test_core_end(core);
}

enum { MUCH = 1000 * 1000 };
static char much[MUCH];

struct writing {
    EDDY_FRAME;
    eddy_fd *fd;
    size_t at;
};

EDDY_ASYNC(writing, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->at < MUCH) {
            EDDY_POLL(n, eddy_fd_poll_write(self->fd, task, much + self->at, MUCH - self->at));
            if (n < 0)
                EDDY_RETURN(n);
            self->at += (size_t)n;
        }
        EDDY_END(0);
}

static void all_that_is_written_arrives(void **state)
{
    void (*const make[])(int ends[2]) = {fd_pipe, fd_pair};
    eddy_core *core = test_core();

    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        eddy_join *join;
        size_t got = 0;
        eddy_fd *fd;
        int ends[2];

        make[kind](ends);
        fd = fd_new(core, ends[1]);
        join = test_spawn_join(core, writing, .fd = fd);
        while (got < MUCH) {
            got += fd_drain(ends[0]);
            (void)eddy_core_turn(core, EDDY_MILLISECOND);
        }
        assert_int_equal(got, MUCH);
        assert_int_equal(test_join_end(core, join), 0);
        eddy_fd_free(fd);
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
    test_core_end(core);
}

/* pitfall 41: the default of SIGPIPE would end this program. */
static void a_write_that_nobody_reads_fails_without_a_signal(void **state)
{
    void (*const make[])(int ends[2]) = {fd_pipe, fd_pair};
    void (*before)(int) = signal(SIGPIPE, SIG_DFL);
    eddy_core *core = test_core();

    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        sigset_t pending;
        eddy_fd *fd;
        int ends[2];

        make[kind](ends);
        fd = fd_new(core, ends[1]);
        (void)close(ends[0]);
        for (int i = 0; i < 2; i++)
            assert_int_equal(test_run(core, writing, .fd = fd), -EPIPE);
        assert_int_equal(sigpending(&pending), 0);
        assert_int_equal(sigismember(&pending, SIGPIPE), 0);
        eddy_fd_free(fd);
        (void)close(ends[1]);
    }
    (void)signal(SIGPIPE, before);
    test_core_end(core);
}

/* ---- others ---- */

static void a_future_tells_readiness(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_future *both[2];
    eddy_fd *in, *out;
    int ends[2];

    (void)state;
    fd_pipe(ends);
    in = fd_new(core, ends[0]);
    out = fd_new(core, ends[1]);
    assert_int_equal(eddy_core_run(core, eddy_fd_ready(handle, out, EDDY_FD_WRITABLE)),
                     EDDY_FD_WRITABLE);
    fd_put(ends[1], "x");
    both[0] = eddy_fd_ready(handle, in, EDDY_FD_READABLE);
    both[1] = eddy_fd_ready(handle, out, EDDY_FD_WRITABLE);
    assert_int_equal(eddy_core_run(core, both[0]), EDDY_FD_READABLE);
    eddy_future_drop(both[1]);
    eddy_fd_free(in);
    eddy_fd_free(out);
    (void)close(ends[0]);
    (void)close(ends[1]);
    test_core_end(core);
}

static void an_eventfd_and_a_timerfd_are_descriptors_like_others(void **state)
{
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    const struct itimerspec soon = {.it_value = {.tv_nsec = 1000}};
    eddy_core *core = test_core();
    eddy_fd *of_event = fd_new(core, event), *of_timer = fd_new(core, timer);
    uint64_t count = 3;

    (void)state;
    assert_int_equal(fd_now(core, of_event, EDDY_FD_READABLE), 0);
    assert_int_equal(write(event, &count, sizeof count), sizeof count);
    assert_int_equal(fd_until(core, of_event, EDDY_FD_READABLE), EDDY_FD_READABLE);
    assert_int_equal(timerfd_settime(timer, 0, &soon, NULL), 0);
    assert_int_equal(fd_until(core, of_timer, EDDY_FD_READABLE), EDDY_FD_READABLE);
    eddy_fd_free(of_event);
    eddy_fd_free(of_timer);
    (void)close(event);
    (void)close(timer);
    test_core_end(core);
}

static void many_are_all_told(void **state)
{
    enum { MANY = 300 };
    static eddy_fd *fds[MANY];
    static int ends[MANY][2];
    eddy_core *core = test_core();

    (void)state;
    for (int i = 0; i < MANY; i++) {
        fd_pipe(ends[i]);
        fds[i] = fd_new(core, ends[i][0]);
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++)
            fd_put(ends[i][1], "x");
        for (int i = MANY - 1; i >= 0; i--) {
            assert_int_equal(fd_until(core, fds[i], EDDY_FD_READABLE), EDDY_FD_READABLE);
            assert_int_equal(fd_drain(ends[i][0]), 1);
            eddy_fd_clear(fds[i], EDDY_FD_READABLE);
        }
    }
    for (int i = 0; i < MANY; i++) {
        eddy_fd_free(fds[i]);
        (void)close(ends[i][0]);
        (void)close(ends[i][1]);
    }
    test_core_end(core);
}

struct greedy {
    EDDY_FRAME;
    eddy_fd *fd;
    int *rounds;
};

/* Never clears. */
EDDY_ASYNC(greedy, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (*self->rounds < 10000) {
            EDDY_POLL(n, eddy_fd_poll_writable(self->fd, task));
            assert_int_equal(n, EDDY_FD_WRITABLE);
            ++*self->rounds;
        }
        EDDY_END(0);
}

static void who_is_always_ready_lets_the_others_go(void **state)
{
    eddy_core *core = test_core();
    int rounds = 0, last = 0, ends[2];
    eddy_fd *fd;

    (void)state;
    fd_pipe(ends);
    fd = fd_new(core, ends[1]);
    test_spawn(core, greedy, .fd = fd, .rounds = &rounds);
    while (last < 10000) {
        (void)test_turn(core);
        assert_true(rounds - last <= 128);
        last = rounds;
    }
    eddy_fd_free(fd);
    (void)close(ends[0]);
    (void)close(ends[1]);
    test_core_end(core);
}

/* pitfall 3 */
static void a_hangup_that_nobody_reads_does_not_spin(void **state)
{
    eddy_core *core = test_core();
    eddy_core_stats before, after;
    eddy_fd *fd;
    int ends[2];

    (void)state;
    fd_pipe(ends);
    fd = fd_new(core, ends[0]);
    (void)close(ends[1]);
    assert_int_equal(fd_until(core, fd, EDDY_FD_HANGUP), EDDY_FD_HANGUP);
    before = test_stats(core);
    test_pass(core, 200 * EDDY_MILLISECOND);
    after = test_stats(core);
    assert_true(after.turns - before.turns <= 5);
    eddy_fd_free(fd);
    (void)close(ends[0]);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(a_simulated_loop_has_no_foreign_descriptors),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(what_was_ready_before_it_was_registered_is_told),
        cmocka_unit_test(it_is_ready_until_it_is_cleared_and_again_with_what_comes_then),
        cmocka_unit_test(what_comes_between_eagain_and_clear_is_not_lost),
        cmocka_unit_test(a_reader_and_a_writer_wait_at_once_and_each_is_woken_for_its_own),
        cmocka_unit_test(who_asks_for_both_is_told_of_what_is_there),
        cmocka_unit_test(a_wait_for_the_hangup_alone_is_not_ended_by_bytes),
        cmocka_unit_test(a_wait_for_urgent_data_is_not_ended_by_other_bytes),
        cmocka_unit_test(an_error_wakes_reader_and_writer_alike),
        cmocka_unit_test(asking_for_something_else_costs_no_system_call),
        cmocka_unit_test(the_hangup_of_a_pipe_wakes_the_reader_who_gets_all_and_the_end),
        cmocka_unit_test(readiness_for_nothing_is_survived),
        cmocka_unit_test(all_that_is_written_arrives),
        cmocka_unit_test(a_write_that_nobody_reads_fails_without_a_signal),
        cmocka_unit_test(a_future_tells_readiness),
        cmocka_unit_test(an_eventfd_and_a_timerfd_are_descriptors_like_others),
        cmocka_unit_test(many_are_all_told),
        cmocka_unit_test(who_is_always_ready_lets_the_others_go),
        cmocka_unit_test(a_hangup_that_nobody_reads_does_not_spin),
    };

    return TEST_GROUPS(everywhere, kernel);
}
