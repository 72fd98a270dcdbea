/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_tcp_connect.c - connecting: how it goes well, every way in which it does not, and giving it
 * up at any moment. Only loopback is used; what hangs is a connect to a backlog that is full.
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

enum { LARGE = 300 * 1000 };
static unsigned char large[LARGE];

static eddy_tcp *connecting(eddy_core *core, eddy_addr to)
{
    eddy_tcp *tcp = NULL;

    assert_int_equal(eddy_tcp_connect(eddy_core_handle(core), &to, &tcp), 0);
    assert_non_null(tcp);
    return tcp;
}

/* A listener whose backlog is full: connecting to it hangs. */
struct full {
    int listener;
    eddy_addr addr;
    int peers[4];
};

static void full_open(struct full *self)
{
    self->listener = test_peer_listen(0, &self->addr);
    for (int i = 0; i < 4; i++)
        self->peers[i] = test_peer_connect_later(&self->addr);
}

static void full_close(struct full *self)
{
    for (int i = 0; i < 4; i++)
        test_peer_close(self->peers[i]);
    test_peer_close(self->listener);
}

/* ---- it goes well ---- */

static void addresses_agree_on_both_sides(eddy_tcp *here, eddy_tcp *there)
{
    eddy_addr a, b;

    assert_int_equal(eddy_tcp_local_addr(here, &a), 0);
    assert_int_equal(eddy_tcp_peer_addr(there, &b), 0);
    assert_true(eddy_addr_equal(&a, &b));
    assert_int_equal(eddy_tcp_peer_addr(here, &a), 0);
    assert_int_equal(eddy_tcp_local_addr(there, &b), 0);
    assert_true(eddy_addr_equal(&a, &b));
}

static void connect_reaches_a_listener_and_addresses_agree_on_both_sides(void **state)
{
    eddy_addr hosts[] = {eddy_addr_ipv4_loopback(0), eddy_addr_ipv6_loopback(0)};

    (void)state;
    for (int i = 0; i < 2; i++) {
        eddy_core *core = test_core();
        eddy_listener *listener;
        eddy_tcp *here, *there;
        eddy_addr addr;

        assert_int_equal(eddy_listener_bind(eddy_core_handle(core), &hosts[i], NULL, &listener), 0);
        assert_int_equal(eddy_listener_local_addr(listener, &addr), 0);
        here = connecting(core, addr);
        there = test_accept(core, listener);
        assert_int_equal(test_connected(core, here), 0);
        assert_int_equal(test_connected(core, here), 0); /* told as often as one asks */
        addresses_agree_on_both_sides(here, there);
        assert_int_equal(test_stats(core).connections_opened, 1);
        eddy_tcp_free(here);
        eddy_tcp_free(there);
        eddy_listener_free(listener);
        test_core_end(core);
    }
}

static void connect_to_a_foreign_listener_carries_bytes_both_ways(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr, told;
    int listener = test_peer_listen(1, &addr);
    eddy_tcp *tcp = connecting(core, addr);
    char text[8];
    int peer;

    (void)state;
    assert_int_equal(test_connected(core, tcp), 0);
    assert_int_equal(eddy_tcp_peer_addr(tcp, &told), 0);
    assert_true(eddy_addr_equal(&told, &addr));
    peer = test_peer_accept(listener);
    assert_int_equal(test_write(core, tcp, "there", 5), 5);
    assert_int_equal(test_flush(core, tcp), 0);
    test_peer_recv(peer, text, 5);
    assert_memory_equal(text, "there", 5);
    test_peer_send(peer, "back", 4);
    test_expect(core, tcp, "back", 4);
    test_peer_close(peer);
    test_peer_close(listener);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

/* Nothing but turns of the loop is needed for it to leave. */
static void receive_all(eddy_core *core, int peer, size_t len)
{
    static unsigned char got[LARGE];
    size_t at = 0;

    for (int turns = 0; turns < 10000 && at < len; turns++) {
        long n;

        assert_true(eddy_core_turn(core, EDDY_MILLISECOND) >= 0);
        n = test_peer_try_recv(peer, got + at, len - at);
        assert_true(n > 0 || n == -EAGAIN);
        at += n > 0 ? (size_t)n : 0;
    }
    assert_int_equal(at, len);
    test_pattern_check(got, len, 0);
}

/* With a half-close behind it, or without. */
static void written_before_connected(size_t len, bool half_close)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    int listener = test_peer_listen(1, &addr);
    eddy_tcp *tcp = connecting(core, addr);
    eddy_result result = EDDY_PENDING;
    eddy_tcp_limits limits = {.size_bytes = sizeof limits, .send_queue_bytes = LARGE};
    int peer;

    assert_int_equal(eddy_tcp_set_limits(tcp, &limits), 0);
    test_pattern_fill(large, len, 0);
    assert_int_equal(eddy_tcp_try_write(tcp, large, len), len);
    eddy_tcp_push(tcp);
    assert_int_equal(eddy_tcp_queued(tcp), len);
    if (half_close)
        test_spawn(core, test_io, .poll = test_io_shutdown, .tcp = tcp, .result = &result);
    test_turn(core);
    peer = test_peer_accept(listener);
    receive_all(core, peer, len);
    if (half_close) {
        assert_int_equal(test_until_done(core, &result), 0);
        assert_int_equal(test_peer_ending(peer), 0);
    }
    test_peer_close(peer);
    test_peer_close(listener);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

static void what_is_written_before_connected_arrives(void **state)
{
    const size_t sizes[] = {1, 5000, LARGE};

    (void)state;
    for (int i = 0; i < 3; i++) {
        written_before_connected(sizes[i], false);
        written_before_connected(sizes[i], true);
    }
}

/* Connects and reads in one poll: the driver cannot have told yet how it went. */
struct eager {
    EDDY_FRAME;
    eddy_addr to;
    eddy_tcp *tcp;
    unsigned char byte;
    bool gone; /* waits for the peer to be gone instead */
};
static void eager_done(struct eager *self)
{
    eddy_tcp_free(self->tcp);
}
EDDY_ASYNC(eager, eager_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), &self->to, &self->tcp);
        if (n < 0)
            EDDY_RETURN(n);
        if (self->gone) {
            EDDY_POLL(n, eddy_tcp_poll_gone(self->tcp, task));
            EDDY_RETURN(n);
        }
        EDDY_POLL(n, eddy_tcp_poll_read(self->tcp, task, &self->byte, 1));
        EDDY_END(n == 1 ? self->byte : n);
}

static void who_waits_to_read_before_connected_is_served(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    int listener = test_peer_listen(2, &addr);

    (void)state;
    for (int gone = 0; gone < 2; gone++) {
        eddy_join *join = test_spawn_join(core, eager, .to = addr, .gone = gone != 0);
        int peer;

        test_turn(core);
        peer = test_peer_accept(listener);
        if (gone == 0)
            test_peer_send(peer, "r", 1);
        else
            test_peer_shutdown(peer);
        assert_int_equal(test_join_end(core, join), gone == 0 ? 'r' : 0);
        test_peer_close(peer);
    }
    test_peer_close(listener);
    test_core_end(core);
}

/* ---- it does not ---- */

struct verb {
    test_io_fn *poll;
    bool writes; /* its error is told once, then it is -EPIPE */
};
static const struct verb verbs[] = {
    {test_io_connected, false}, {test_io_fill, false},    {test_io_read, false},
    {test_io_peek, false},      {test_io_gone, false},    {test_io_write, true},
    {test_io_flush, true},      {test_io_shutdown, true}, {test_io_close, true},
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

static eddy_result use(eddy_core *core, const struct verb *verb, eddy_tcp *tcp)
{
    static unsigned char byte;

    return test_run(core, test_io, .poll = verb->poll, .tcp = tcp, .memory = &byte, .len = 1,
                    .rest = {&byte, 1});
}

static void after_connected_told(eddy_core *core, const struct verb *verb, eddy_tcp *tcp, int error)
{
    assert_int_equal(test_connected(core, tcp), error);
    assert_int_equal(use(core, verb, tcp), verb->writes ? -EPIPE : error);
}

static void before_anybody_was_told(eddy_core *core, const struct verb *verb, eddy_tcp *tcp,
                                    int error)
{
    assert_int_equal(eddy_tcp_try_write(tcp, "x", 1), 1);
    if (verb->poll == test_io_write)
        assert_int_equal(use(core, &verbs[1], tcp), error); /* or it would not wait */
    assert_int_equal(use(core, verb, tcp), error);
    assert_int_equal(test_connected(core, tcp), error);
}

/* Every verb tells it, each on a stream of its own. */
static void assert_told_by_every_verb(eddy_addr to, int error)
{
    eddy_core *core = test_core();
    int fds;

    test_settle(core);
    fds = test_open_fds();
    for (int i = 0; i < 2 * VERBS; i++) {
        eddy_tcp *tcp = connecting(core, to);

        if (i < VERBS)
            after_connected_told(core, &verbs[i], tcp, error);
        else
            before_anybody_was_told(core, &verbs[i - VERBS], tcp, error);
        eddy_tcp_free(tcp);
        test_until_fds(core, fds);
    }
    assert_int_equal(test_stats(core).connections_opened, 0);
    (void)eddy_core_free(core);
}

static void a_port_where_nobody_listens_is_refused_and_every_verb_tells(void **state)
{
    eddy_addr addr;
    int fd = test_peer_deaf(&addr);

    (void)state;
    assert_told_by_every_verb(addr, -ECONNREFUSED);
    test_peer_close(fd);
}

/* No packet leaves: the system itself says no. */
static void an_address_that_cannot_be_reached_is_told_by_every_verb(void **state)
{
    eddy_addr multicast = {.family = EDDY_ADDR_IPV6, .port = 80, .ip = {0xff, 2, [15] = 1}};

    (void)state;
    assert_told_by_every_verb(eddy_addr_ipv4(255, 255, 255, 255, 80), -ENETUNREACH);
    assert_told_by_every_verb(multicast, -ENETUNREACH);
    if (test_is_simulated()) /* the kernel's network has no address that nobody surely has */
        assert_told_by_every_verb(eddy_addr_ipv4(10, 0, 0, 99, 80), -EHOSTUNREACH);
}

static void a_failed_connect_is_told_to_connected_for_ever_and_does_not_spin(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    int fd = test_peer_deaf(&addr);
    eddy_tcp *tcp = connecting(core, addr);
    eddy_core_stats before;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(test_connected(core, tcp), -ECONNREFUSED);
    assert_int_equal(test_stats(core).connections_opened, 0);
    before = test_stats(core);
    test_pass(core, 50 * EDDY_MILLISECOND);
    assert_true(test_stats(core).turns - before.turns < 10);
    test_peer_close(fd);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

/* Connects, with a time limit, and frees the stream in any case. */
struct patient {
    EDDY_FRAME;
    eddy_tcp *tcp;
    eddy_deadline limit;
};
static void patient_done(struct patient *self)
{
    eddy_tcp_free(self->tcp);
}
EDDY_ASYNC(patient, patient_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start(&self->limit, task, 5 * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_within(&self->limit, task, eddy_tcp_poll_connected(self->tcp, task)));
        EDDY_END(n);
}

static void a_connect_that_hangs_ends_with_its_time_limit_and_leaks_nothing(void **state)
{
    eddy_core *core = test_core();
    struct full full;
    int fds;
    eddy_core_stats before;

    (void)state;
    full_open(&full);
    fds = test_open_fds();
    before = test_stats(core);
    assert_int_equal(test_run(core, patient, .tcp = connecting(core, full.addr)), -ETIMEDOUT);
    assert_int_equal(
        test_run(core, eddy_timeout, .duration_ns = 5 * EDDY_MILLISECOND,
                 .inner = eddy_box(eddy_core_handle(core),
                                   EDDY_FUTURE(patient, .tcp = connecting(core, full.addr)))),
        -ETIMEDOUT);
    assert_true(test_stats(core).turns - before.turns < 30);
    test_until_fds(core, fds);
    full_close(&full);
    test_core_end(core);
}

static void a_cancelled_wait_is_told_and_the_attempt_goes_on(void **state)
{
    eddy_core *core = test_core();
    struct full full;
    eddy_tcp *tcp;
    eddy_join *join;
    eddy_result result = EDDY_PENDING;

    (void)state;
    full_open(&full);
    tcp = connecting(core, full.addr);
    join = test_spawn_join(core, test_io, .poll = test_io_connected, .tcp = tcp);
    test_settle(core);
    eddy_join_cancel(join, EDDY_SECOND);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    join = test_spawn_join(core, test_io, .poll = test_io_connected, .tcp = tcp, .result = &result);
    test_settle(core);
    assert_int_equal(result, EDDY_PENDING);
    eddy_join_abort(join);
    eddy_join_free(join);
    eddy_tcp_free(tcp);
    full_close(&full);
    test_core_end(core);
}

/* Start, make k turns, drop the wait (odd k) or not, free or abort: nothing is left. */
static void given_up_at_moment(eddy_core *core, eddy_addr to, int k, bool abort_it)
{
    int fds = test_open_fds();
    eddy_tcp *tcp = connecting(core, to);
    eddy_join *join = test_spawn_join(core, test_io, .poll = test_io_connected, .tcp = tcp);

    assert_int_equal(eddy_tcp_try_write(tcp, "unsent", 6), 6);
    for (int i = 0; i < k; i++)
        test_turn(core);
    eddy_join_abort(join);
    eddy_join_free(join);
    if (abort_it)
        eddy_tcp_abort(tcp);
    else
        eddy_tcp_free(tcp);
    for (int turns = 0; turns < 1000 && test_open_fds() > fds; turns++)
        assert_true(eddy_core_turn(core, EDDY_MILLISECOND) >= 0);
    assert_int_equal(test_open_fds(), fds);
}

static void a_connect_can_be_given_up_at_any_moment(void **state)
{
    eddy_core *core = test_core();
    struct full full;
    eddy_addr open, deaf;
    int listener = test_peer_listen(100, &open), fd = test_peer_deaf(&deaf);

    (void)state;
    full_open(&full);
    for (int k = 0; k < 8; k++) {
        given_up_at_moment(core, deaf, k, false);
        given_up_at_moment(core, full.addr, k, false);
        given_up_at_moment(core, open, k, true);
        given_up_at_moment(core, deaf, k, true);
        given_up_at_moment(core, full.addr, k, true);
    }
    full_close(&full);
    test_peer_close(listener);
    test_peer_close(fd);
    (void)eddy_core_free(core); /* it counts what was given up */
}

static void the_loop_may_end_at_any_moment_of_a_connect(void **state)
{
    struct full full;
    eddy_addr open, deaf;
    int listener = test_peer_listen(100, &open), fd = test_peer_deaf(&deaf);

    (void)state;
    full_open(&full);
    for (int k = 0; k < 6; k++) {
        int fds = test_open_fds();
        eddy_core *core = test_core();
        eddy_tcp *tcps[] = {connecting(core, open), connecting(core, deaf),
                            connecting(core, full.addr)};

        for (int i = 0; i < k; i++)
            test_turn(core);
        (void)eddy_core_free(core);
        assert_int_equal(test_open_fds(), fds);
        for (int i = 0; i < 3; i++)
            eddy_tcp_free(tcps[i]);
    }
    full_close(&full);
    test_peer_close(listener);
    test_peer_close(fd);
}

/* ---- it does not even begin ---- */

static int connect_error(eddy_core *core, eddy_addr to)
{
    eddy_tcp *tcp = (eddy_tcp *)(void *)&core;
    int error = eddy_tcp_connect(eddy_core_handle(core), &to, &tcp);

    assert_ptr_equal(tcp, &core); /* untouched */
    return error;
}

static void no_address_and_port_0_are_einval(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    assert_int_equal(connect_error(core, (eddy_addr){0}), -EINVAL);
    assert_int_equal(connect_error(core, eddy_addr_ipv4_loopback(0)), -EINVAL);
    assert_int_equal(connect_error(core, eddy_addr_ipv6_loopback(0)), -EINVAL);
    test_core_end(core);
}

static void without_a_descriptor_connect_is_emfile(void **state)
{
    eddy_core *core = test_core();
    int limit = test_fds_forbid();

    (void)state;
    assert_int_equal(connect_error(core, eddy_addr_ipv4_loopback(80)), -EMFILE);
    test_fds_allow(limit);
    test_core_end(core);
}

static void without_memory_connect_is_enomem_and_leaks_nothing(void **state)
{
    eddy_addr addr;
    int listener = test_peer_listen(100, &addr);
    int error = -ENOMEM;

    (void)state;
    for (long n = 0; error != 0; n++) {
        int fds = test_open_fds();
        struct test_heap heap;
        eddy_allocator allocator;
        eddy_tcp *tcp = NULL;
        eddy_core *core;

        assert_true(n < 100);
        test_heap_init(&heap, -1);
        allocator = test_heap_allocator(&heap);
        core = test_core_with((eddy_core_options){.allocator = &allocator});
        atomic_store(&heap.fail_at, atomic_load(&heap.calls) + n);
        error = eddy_tcp_connect(eddy_core_handle(core), &addr, &tcp);
        atomic_store(&heap.fail_at, -1);
        assert_true(error == 0 || error == -ENOMEM);
        assert_true((error == 0) == (tcp != NULL));
        eddy_tcp_free(tcp);
        test_core_end(core);
        assert_int_equal(atomic_load(&heap.blocks), 0);
        assert_int_equal(test_open_fds(), fds);
    }
    test_peer_close(listener);
}

/* ---- a socket of the caller's ---- */

/* `fd` is connected; returns where it is then. */
static eddy_addr addr_of_connected(int fd)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_addr addr, told;
    int listener = test_peer_listen(1, &addr);
    eddy_tcp *tcp = NULL;
    int peer;

    assert_int_equal(eddy_tcp_connect_fd(eddy_core_handle(core), fd, &addr, &tcp), 0);
    assert_int_equal(eddy_tcp_fd(tcp), fd);
    assert_true(test_fd_is_careful(fd));
    assert_int_equal(test_connected(core, tcp), 0);
    assert_int_equal(eddy_tcp_local_addr(tcp, &told), 0);
    peer = test_peer_accept(listener);
    test_peer_close(peer);
    test_peer_close(listener);
    eddy_tcp_free(tcp);
    test_until_fds(core, fds - 1); /* it was the stream's */
    test_core_end(core);
    return told;
}

static void connect_fd_uses_the_callers_socket(void **state)
{
    (void)state;
    assert_int_not_equal(addr_of_connected(test_peer_socket()).port, 0);
}

static void connect_fd_keeps_the_port_that_the_socket_has(void **state)
{
    eddy_addr bound, told;
    int fd = test_peer_deaf(&bound);

    (void)state;
    told = addr_of_connected(fd);
    assert_true(eddy_addr_equal(&told, &bound));
}

static void connect_fd_refused(eddy_core *core, int fd, eddy_addr to, int expected)
{
    eddy_tcp *tcp = (eddy_tcp *)(void *)&core;
    int flags = test_fd_flags(fd);

    assert_int_equal(eddy_tcp_connect_fd(eddy_core_handle(core), fd, &to, &tcp), expected);
    assert_ptr_equal(tcp, &core);
    assert_int_equal(test_fd_flags(fd), flags);
}

static void connect_fd_of_what_cannot_connect_is_refused_and_stays_the_callers(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    int listener = test_peer_listen(1, &addr), fresh = test_peer_socket();

    (void)state;
    connect_fd_refused(core, listener, addr, -EINVAL);
    connect_fd_refused(core, -1, addr, -EBADF);
    connect_fd_refused(core, fresh, (eddy_addr){0}, -EINVAL);
    connect_fd_refused(core, fresh, eddy_addr_ipv4_loopback(0), -EINVAL);
    test_peer_close(fresh);
    test_peer_close(listener);
    test_core_end(core);
}

static void connect_fd_of_what_is_no_stream_socket_is_refused(void **state)
{
    const eddy_addr addr = eddy_addr_ipv4_loopback(80);
    eddy_core *core = test_core();
    int datagram = socket(AF_INET, SOCK_DGRAM, 0);
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    connect_fd_refused(core, fds[0], addr, -ENOTSOCK);
    connect_fd_refused(core, datagram, addr, -EINVAL);
    close(fds[0]);
    close(fds[1]);
    close(datagram);
    test_core_end(core);
}

static void connect_fd_tells_when_the_socket_does_not_fit(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    int listener = test_peer_listen(2, &addr);
    eddy_tcp *connected = NULL, *wrong = NULL;

    (void)state;
    assert_int_equal(
        eddy_tcp_connect_fd(eddy_core_handle(core), test_peer_connect(&addr), &addr, &connected),
        0);
    assert_int_equal(test_connected(core, connected), -EISCONN);
    assert_int_equal(
        eddy_tcp_connect_fd(eddy_core_handle(core), test_peer_socket_v6(), &addr, &wrong), 0);
    assert_true(test_connected(core, wrong) < 0);
    eddy_tcp_free(connected);
    eddy_tcp_free(wrong);
    test_peer_close(listener);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_reaches_a_listener_and_addresses_agree_on_both_sides),
        cmocka_unit_test(connect_to_a_foreign_listener_carries_bytes_both_ways),
        cmocka_unit_test(what_is_written_before_connected_arrives),
        cmocka_unit_test(who_waits_to_read_before_connected_is_served),
        cmocka_unit_test(a_port_where_nobody_listens_is_refused_and_every_verb_tells),
        cmocka_unit_test(an_address_that_cannot_be_reached_is_told_by_every_verb),
        cmocka_unit_test(a_failed_connect_is_told_to_connected_for_ever_and_does_not_spin),
        cmocka_unit_test(a_connect_that_hangs_ends_with_its_time_limit_and_leaks_nothing),
        cmocka_unit_test(a_cancelled_wait_is_told_and_the_attempt_goes_on),
        cmocka_unit_test(a_connect_can_be_given_up_at_any_moment),
        cmocka_unit_test(the_loop_may_end_at_any_moment_of_a_connect),
        cmocka_unit_test(no_address_and_port_0_are_einval),
        cmocka_unit_test(without_a_descriptor_connect_is_emfile),
        cmocka_unit_test(without_memory_connect_is_enomem_and_leaks_nothing),
        cmocka_unit_test(connect_fd_uses_the_callers_socket),
        cmocka_unit_test(connect_fd_of_what_cannot_connect_is_refused_and_stays_the_callers),
        cmocka_unit_test(connect_fd_tells_when_the_socket_does_not_fit),
    };
    const struct CMUnitTest kernel[] = {
        /* Nobody but the system's own calls can bind a socket that does not listen. */
        cmocka_unit_test(connect_fd_keeps_the_port_that_the_socket_has),
        /* A simulated host has stream sockets only. */
        cmocka_unit_test(connect_fd_of_what_is_no_stream_socket_is_refused),
    };

    return TEST_GROUPS(tests, kernel);
}
