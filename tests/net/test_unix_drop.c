/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_unix_drop.c - Unix streams and listeners cut off at every moment, and without memory at every
 * allocation: nothing leaks, no path is left behind.
 */
#include "unixes.h"

#include "../support/drop.h"
#include "../support/heap.h"

enum { QUEUE = 8 };

struct world {
    eddy_unix_addr addr;
    int raw; /* listens */
    int peer;
    int fds[QUEUE], n; /* that fill its queue */
    int steps;
};

/* ---- a client whose peer has no room at first ---- */

struct client {
    EDDY_FRAME;
    eddy_unix_addr addr;
    eddy_unix *unix_;
};

static void client_done(struct client *self)
{
    eddy_tcp_free(self->unix_);
}

EDDY_ASYNC(client, client_done)
{
    eddy_result n;

    EDDY_BEGIN
        assert_int_equal(eddy_unix_connect(eddy_task_handle(task), &self->addr, &self->unix_), 0);
        EDDY_POLL(n, eddy_tcp_poll_connected(self->unix_, task));
        assert_int_equal(n, 0);
        EDDY_POLL(n, eddy_tcp_poll_write(self->unix_, task, "ping", 4));
        assert_int_equal(n, 4);
        EDDY_POLL(n, eddy_tcp_poll_fill(self->unix_, task, 4));
        assert_int_equal(n, 4);
        EDDY_POLL(n, eddy_tcp_poll_close(self->unix_, task));
        EDDY_END(n);
}

static eddy_future *begin_client(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.addr = at_path("drop"), .peer = -1};
    world->raw = raw_bound(&world->addr, SOCK_STREAM, 1);
    while (world->n < QUEUE && (world->fds[world->n] = raw_connected(&world->addr)) >= 0)
        world->n++;
    return eddy_box(eddy_core_handle(core), EDDY_FUTURE(client, .addr = world->addr));
}

static void empty_queue(struct world *world)
{
    for (int i = 0; i < world->n; i++) {
        close(accept(world->raw, NULL, NULL));
        close(world->fds[i]);
    }
    world->n = 0;
}

/* After some turns there is room; then the client is answered. */
static void step_client(void *arg, eddy_core *core)
{
    struct world *world = arg;
    char text[4];
    long n;

    (void)core;
    if (++world->steps == 3)
        empty_queue(world);
    if (world->n > 0)
        return;
    if (world->peer < 0)
        world->peer = test_peer_try_accept(world->raw);
    if (world->peer < 0)
        return;
    n = test_peer_try_recv(world->peer, text, sizeof text);
    if (n > 0)
        (void)test_peer_try_send(world->peer, text, (size_t)n);
    if (n == 0)
        test_peer_shutdown(world->peer);
}

static bool is_quiet(void *arg)
{
    return test_stats(arg).timers_live == 0;
}

static void end_client(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    assert_true(result == 0 || result == EDDY_DROPPED);
    empty_queue(world);
    if (world->peer >= 0)
        close(world->peer);
    close(world->raw);
    unlink(path_of("drop"));
    if (core != NULL)
        test_until(core, is_quiet, core);
}

static void a_client_can_be_dropped_while_it_connects_and_later(void **state)
{
    struct world world;
    struct test_drop drop = {begin_client, step_client, end_client, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 2, 100);
}

/* ---- a listener ---- */

struct server {
    EDDY_FRAME;
    eddy_unix_addr addr;
    eddy_listener *listener;
    eddy_tcp *client;
};

static void server_done(struct server *self)
{
    eddy_tcp_free(self->client);
    eddy_listener_free(self->listener);
}

EDDY_ASYNC(server, server_done)
{
    eddy_result n;

    EDDY_BEGIN
        assert_int_equal(
            eddy_unix_listen(eddy_task_handle(task), &self->addr, NULL, &self->listener), 0);
        EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
        assert_int_equal(n, 0);
        EDDY_POLL(n, eddy_tcp_poll_fill(self->client, task, 1));
        EDDY_END(n);
}

static eddy_future *begin_server(void *arg, eddy_core *core)
{
    struct world *world = arg;

    *world = (struct world){.addr = at_path("drop"), .peer = -1};
    return eddy_box(eddy_core_handle(core), EDDY_FUTURE(server, .addr = world->addr));
}

static void step_server(void *arg, eddy_core *core)
{
    struct world *world = arg;

    (void)core;
    world->steps++;
    if (world->steps == 3)
        world->peer = raw_connected(&world->addr);
    if (world->steps == 6 && world->peer >= 0)
        (void)test_peer_try_send(world->peer, "x", 1);
}

static void end_server(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    assert_true(result == 1 || result == EDDY_DROPPED);
    assert_false(is_there("drop"));
    if (world->peer >= 0)
        close(world->peer);
}

static void a_server_can_be_dropped_at_any_moment_and_leaves_no_path(void **state)
{
    struct world world;
    struct test_drop drop = {begin_server, step_server, end_server, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 2, 100);
}

/* ---- without memory ---- */

/* Everything once but accepting, which is every listener's. Returns the first error. */
static int make_all(eddy_core *core)
{
    eddy_handle *handle = eddy_core_handle(core);
    eddy_unix_addr addr = at_path("memory");
    eddy_listener *listener = NULL;
    eddy_unix *client = NULL, *a = NULL, *b = NULL;
    int error = eddy_unix_listen(handle, &addr, NULL, &listener);

    if (error == 0)
        error = eddy_unix_connect(handle, &addr, &client);
    if (error == 0)
        error = (int)test_connected(core, client);
    if (error == 0)
        error = eddy_unix_pair(handle, &a, &b);
    eddy_tcp_free(a);
    eddy_tcp_free(b);
    eddy_tcp_free(client);
    eddy_listener_free(listener);
    assert_false(is_there("memory"));
    return error;
}

static void any_allocation_may_fail_and_nothing_leaks(void **state)
{
    int fds = test_open_fds();
    int error = -ENOMEM;

    (void)state;
    for (long at = 0; error != 0; at++) {
        struct test_heap heap;
        const eddy_allocator allocator = test_heap_allocator(&heap);
        eddy_core *core;

        assert_true(at < 100);
        test_heap_init(&heap, -1);
        core = test_core_with((eddy_core_options){.allocator = &allocator});
        atomic_store(&heap.fail_at, atomic_load(&heap.calls) + at);
        error = make_all(core);
        assert_true(error == 0 || error == -ENOMEM);
        eddy_core_free(core);
        assert_int_equal(atomic_load(&heap.blocks), 0);
        assert_false(atomic_load(&heap.bad_free));
        assert_int_equal(test_open_fds(), fds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_can_be_dropped_while_it_connects_and_later),
        cmocka_unit_test(a_server_can_be_dropped_at_any_moment_and_leaves_no_path),
        cmocka_unit_test(any_allocation_may_fail_and_nothing_leaks),
    };

    return cmocka_run_group_tests(tests, unixes_begin, unixes_end);
}
