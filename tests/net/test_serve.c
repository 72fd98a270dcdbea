/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim */
/*
 * test_serve.c - a task of a group for each client, and a server's end in good order.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/drop.h"
#include "../support/heap.h"
#include "../support/net.h"
#include "eddy/serve.h"

#define MS EDDY_MILLISECOND

/* How many clients were handed out. */
static int spawn_echo(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    ++*(int *)arg;
    return eddy_group_spawn(group, EDDY_FUTURE(test_echo, .client = tcp));
}

struct setup {
    eddy_core *core;
    eddy_addr addr;
    eddy_group_report report;
    struct test_gate stop;
    int clients;
};

static eddy_join *start(struct setup *setup, uint32_t clients_max, int64_t finish_ns)
{
    eddy_core *core = test_core();
    eddy_listener *listener = test_listener(core, &setup->addr);

    setup->core = core;
    return test_spawn_join(
        core, eddy_server, .listener = listener, .client = spawn_echo, .arg = &setup->clients,
        .clients_max = clients_max, .finish_ns = finish_ns, .grace_ns = 5 * MS,
        .report = &setup->report,
        .until = eddy_box(eddy_core_handle(core), EDDY_FUTURE(test_wait, .gate = &setup->stop)));
}

static bool is_echoed(struct setup *setup, int fd)
{
    char got[2] = "";
    long n = -EAGAIN;

    test_peer_send(fd, "ab", 2);
    for (int i = 0; i < 100 && n == -EAGAIN; i++) {
        test_pass(setup->core, MS);
        n = test_peer_try_recv(fd, got, 2);
    }
    return n == 2 && memcmp(got, "ab", 2) == 0;
}

static void each_client_is_served_by_a_task_of_the_group(void **state)
{
    struct setup setup = {0};
    eddy_join *join = start(&setup, 0, 0);
    int a = test_peer_connect(&setup.addr), b = test_peer_connect(&setup.addr);

    (void)state;
    assert_true(is_echoed(&setup, a));
    assert_true(is_echoed(&setup, b));
    assert_int_equal(setup.clients, 2);
    test_peer_close(a);
    test_pass(setup.core, 5 * MS);
    test_gate_open(&setup.stop, 0);
    assert_int_equal(test_join_end(setup.core, join), 0);
    assert_int_equal(setup.report.spawned, 2);
    assert_int_equal(setup.report.ended, 2);
    test_peer_close(b);
    test_core_end(setup.core);
}

static void at_the_limit_clients_wait_in_the_backlog(void **state)
{
    struct setup setup = {0};
    eddy_join *join = start(&setup, 1, 0);
    int a = test_peer_connect(&setup.addr), b = test_peer_connect(&setup.addr);

    (void)state;
    assert_true(is_echoed(&setup, a));
    test_pass(setup.core, 5 * MS);
    assert_int_equal(setup.clients, 1);
    test_peer_close(a);
    assert_true(is_echoed(&setup, b));
    assert_int_equal(setup.clients, 2);
    test_gate_open(&setup.stop, 0);
    assert_int_equal(test_join_end(setup.core, join), 0);
    test_peer_close(b);
    test_core_end(setup.core);
}

/* While it shuts down nobody is taken, and who is there may finish. */
static void shutdown_stops_accepting_and_lets_clients_finish(void **state)
{
    struct setup setup = {0};
    eddy_join *join = start(&setup, 0, 10 * EDDY_SECOND);
    int a = test_peer_connect(&setup.addr);

    (void)state;
    assert_true(is_echoed(&setup, a));
    test_gate_open(&setup.stop, 0);
    test_pass(setup.core, 5 * MS);
    assert_null(eddy_join_ended(join));
    assert_true(is_echoed(&setup, a));
    test_peer_close(a);
    assert_int_equal(test_join_end(setup.core, join), 0);
    assert_int_equal(setup.report.cut_off, 0);
    test_core_end(setup.core);
}

static void server_that_is_asked_to_end_shuts_down(void **state)
{
    struct setup setup = {0};
    eddy_join *join = start(&setup, 0, 0);
    int a = test_peer_connect(&setup.addr);

    (void)state;
    assert_true(is_echoed(&setup, a));
    eddy_join_cancel(join, EDDY_FOREVER);
    assert_int_equal(test_join_end(setup.core, join), 0);
    assert_int_equal(setup.report.spawned, 1);
    assert_int_equal(test_peer_ending(a), 0);
    test_peer_close(a);
    test_core_end(setup.core);
}

/* As of a signal that cannot be waited for, or a future without memory. */
static void error_of_the_signal_to_end_is_not_lost(void **state)
{
    struct setup setup = {0};
    eddy_join *join = start(&setup, 0, 10 * EDDY_SECOND);
    int a = test_peer_connect(&setup.addr);

    (void)state;
    assert_true(is_echoed(&setup, a));
    test_gate_open(&setup.stop, -EIO);
    test_pass(setup.core, 5 * MS);
    assert_null(eddy_join_ended(join)); /* the client may finish all the same */
    test_peer_close(a);
    assert_int_equal(test_join_end(setup.core, join), -EIO);
    test_core_end(setup.core);
}

static void server_dropped_before_its_first_poll_frees_what_it_owns(void **state)
{
    struct setup setup = {0};
    eddy_join *join = start(&setup, 0, 0);

    (void)state;
    eddy_join_abort(join);
    eddy_join_free(join);
    test_core_end(setup.core);
}

/* ---- dropped anywhere ---- */

struct drop_world {
    eddy_addr addr;
    int clients;
    int fd;
};

static eddy_future *drop_begin(void *arg, eddy_core *core)
{
    struct drop_world *world = arg;
    eddy_listener *listener = test_listener(core, &world->addr);
    eddy_handle *handle = eddy_core_handle(core);

    world->clients = 0;
    world->fd = test_peer_connect(&world->addr);
    test_peer_send(world->fd, "x", 1);
    return eddy_box(handle, EDDY_FUTURE(eddy_server, .listener = listener, .client = spawn_echo,
                                        .arg = &world->clients, .finish_ns = 2 * MS, .grace_ns = MS,
                                        .until = eddy_box(
                                            handle, EDDY_FUTURE(test_nap, .duration_ns = 4 * MS))));
}

static void drop_end(void *arg, eddy_core *core, eddy_result result)
{
    struct drop_world *world = arg;

    (void)result;
    test_peer_close(world->fd);
    if (core != NULL)
        test_pass(core, 5 * MS); /* until the loop has seen it, and given up the stream */
}

static void server_dropped_anywhere_leaves_nothing(void **state)
{
    struct drop_world world;
    struct test_drop drop = {.begin = drop_begin, .end = drop_end, .world = &world};

    (void)state;
    assert_true(test_drop_anywhere(&drop) >= 2);
}

/* ---- memory ---- */

static int clients_spawned, clients_done;

struct counted {
    EDDY_FRAME;
    eddy_tcp *tcp;
};
static void counted_done(struct counted *self)
{
    clients_done++;
    eddy_tcp_free(self->tcp);
}
EDDY_ASYNC(counted, counted_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        EDDY_END(0);
}

static int spawn_counted(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    (void)arg;
    clients_spawned++;
    return eddy_group_spawn(group, EDDY_FUTURE(counted, .tcp = tcp));
}

/* Serves one client for a moment, with the n-th allocation failing. Returns whether one did. */
static bool serve_without(long n)
{
    struct test_heap heap;
    eddy_allocator allocator;
    eddy_listener *listener = NULL;
    eddy_core *core = NULL;
    eddy_addr addr = eddy_addr_ipv4_loopback(0);
    int fd;

    test_heap_init(&heap, -1);
    allocator = test_heap_allocator(&heap);
    clients_spawned = clients_done = 0;
    core = test_core_with((eddy_core_options){.allocator = &allocator});
    atomic_store(&heap.fail_at, atomic_load(&heap.calls) + n);
    if (eddy_listener_bind(eddy_core_handle(core), &addr, NULL, &listener) == 0) {
        (void)eddy_listener_local_addr(listener, &addr);
        fd = test_peer_connect(&addr);
        (void)eddy_core_run(
            core, EDDY_FUTURE(eddy_server, .listener = listener, .client = spawn_counted,
                              .finish_ns = MS, .grace_ns = MS,
                              .until = eddy_box(eddy_core_handle(core),
                                                EDDY_FUTURE(test_nap, .duration_ns = 2 * MS))));
        test_peer_close(fd);
    }
    assert_int_equal(clients_spawned, clients_done);
    n = atomic_load(&heap.calls) - atomic_load(&heap.fail_at);
    (void)eddy_core_free(core);
    assert_int_equal(atomic_load(&heap.blocks), 0);
    assert_false(atomic_load(&heap.bad_free));
    return n > 0;
}

static void any_allocation_of_a_server_may_fail(void **state)
{
    long n = 0;

    (void)state;
    while (serve_without(n))
        n++;
    assert_true(n >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_client_is_served_by_a_task_of_the_group),
        cmocka_unit_test(at_the_limit_clients_wait_in_the_backlog),
        cmocka_unit_test(shutdown_stops_accepting_and_lets_clients_finish),
        cmocka_unit_test(server_that_is_asked_to_end_shuts_down),
        cmocka_unit_test(error_of_the_signal_to_end_is_not_lost),
        cmocka_unit_test(server_dropped_before_its_first_poll_frees_what_it_owns),
        cmocka_unit_test(server_dropped_anywhere_leaves_nothing),
        cmocka_unit_test(any_allocation_of_a_server_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
