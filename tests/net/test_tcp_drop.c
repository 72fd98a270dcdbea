/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_tcp_drop.c - the standard test, see support/drop.h, of everything that a stream can be waited
 * on for: whatever is dropped, whenever, no byte is lost and none comes twice, and who goes on
 * where it stopped gets the rest.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/drop.h"
#include "../support/net.h"

enum { LARGE = 40 * 1000, QUEUED = 30000, SENT = 100 };
static unsigned char large[LARGE];

/* What the worlds are made of; each test uses what it needs. */
struct world {
    eddy_tcp *tcp;
    int peer;     /* -1 once it is closed */
    int listener; /* raw; -1: none */
    size_t sent;  /* by the peer */
    size_t have;  /* of the pattern, by whoever reads */
    size_t moved; /* forwarded */
    eddy_bytes rest;
    bool ended; /* the peer has read the end */
};

static struct world *fresh(void *arg, eddy_core *core, bool slow)
{
    struct world *world = arg;

    *world = (struct world){.listener = -1};
    world->peer = slow ? test_peer_slow(core, &world->tcp) : test_peer(core, &world->tcp);
    return world;
}

static eddy_future *box(eddy_core *core, eddy_future *frame)
{
    return eddy_box(eddy_core_handle(core), frame);
}

static bool is_quiet(void *arg)
{
    return test_stats(arg).timers_live == 0;
}

/* What lingers does so with a timer. */
static void linger(eddy_core *core)
{
    if (core != NULL)
        test_until(core, is_quiet, core);
}

static void give_back(struct world *world)
{
    eddy_tcp_free(world->tcp);
    test_peer_close(world->peer);
    world->peer = -1;
}

/* The peer sends 7 bytes more of SENT. */
static void send_some(void *arg, eddy_core *core)
{
    struct world *world = arg;
    size_t part = SENT - world->sent < 7 ? SENT - world->sent : 7;

    (void)core;
    if (world->peer < 0 || part == 0)
        return;
    test_peer_send(world->peer, large + world->sent, part);
    world->sent += part;
}

static void take(struct world *world, const void *data, size_t len)
{
    test_pattern_check(data, len, world->have);
    world->have += len;
}

/* ---- reading ---- */

struct reading {
    EDDY_FRAME;
    struct world *world;
    unsigned char memory[10];
};

EDDY_ASYNC(reading, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->world->have < SENT) {
            EDDY_POLL(
                n, eddy_tcp_poll_read(self->world->tcp, task, self->memory, sizeof self->memory));
            assert_true(n > 0);
            take(self->world, self->memory, (size_t)n);
        }
        EDDY_END(0);
}

struct filling {
    EDDY_FRAME;
    struct world *world;
};

/* In units of 20 bytes, of which each takes several arrivals. */
EDDY_ASYNC(filling, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->world->have < SENT) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->world->tcp, task, 20));
            assert_true(n >= 20);
            take(self->world, eddy_tcp_view(self->world->tcp).data, 20);
            eddy_tcp_consume(self->world->tcp, 20);
        }
        EDDY_END(0);
}

static eddy_future *begin_reading(void *arg, eddy_core *core)
{
    return box(core, EDDY_FUTURE(reading, .world = fresh(arg, core, false)));
}

static eddy_future *begin_filling(void *arg, eddy_core *core)
{
    return box(core, EDDY_FUTURE(filling, .world = fresh(arg, core, false)));
}

/* Another reader goes on where the dropped one stopped. */
static void end_reading(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    unsigned char memory[SENT];

    assert_true(result == 0 || result == EDDY_DROPPED);
    while (core != NULL && world->have < SENT) {
        eddy_result n;

        send_some(world, core);
        n = test_read(core, world->tcp, memory, sizeof memory);
        assert_true(n > 0);
        take(world, memory, (size_t)n);
    }
    give_back(world);
}

static void a_read_can_be_dropped_at_any_moment_and_loses_nothing(void **state)
{
    struct world world;
    struct test_drop drop = {begin_reading, send_some, end_reading, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 5, 100);
    drop.begin = begin_filling;
    assert_in_range(test_drop_anywhere(&drop), 4, 100);
}

/* ---- writing, flushing, half-closing, closing ---- */

struct writing {
    EDDY_FRAME;
    struct world *world;
};

EDDY_ASYNC(writing, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_write_all(self->world->tcp, task, &self->world->rest));
        EDDY_END(n);
}

static eddy_future *begin_writing(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core, true);
    eddy_tcp_limits limits = {.size_bytes = sizeof limits, .send_queue_bytes = 10000};

    assert_int_equal(eddy_tcp_set_limits(world->tcp, &limits), 0);
    world->rest = (eddy_bytes){large, LARGE};
    return box(core, EDDY_FUTURE(writing, .world = world));
}

static struct world *fresh_queued(void *arg, eddy_core *core)
{
    struct world *world = fresh(arg, core, true);

    assert_int_equal(test_write(core, world->tcp, large, QUEUED), QUEUED);
    world->rest.data = large + QUEUED;
    return world;
}

static eddy_future *begin_io(void *arg, eddy_core *core, test_io_fn *poll)
{
    return box(core, EDDY_FUTURE(test_io, .poll = poll, .tcp = fresh_queued(arg, core)->tcp));
}

static eddy_future *begin_flushing(void *arg, eddy_core *core)
{
    return begin_io(arg, core, test_io_flush);
}

static eddy_future *begin_half_closing(void *arg, eddy_core *core)
{
    return begin_io(arg, core, test_io_shutdown);
}

static eddy_future *begin_closing(void *arg, eddy_core *core)
{
    return begin_io(arg, core, test_io_close);
}

/* The peer reads on, and answers the end with its own. */
static void receive_some(void *arg, eddy_core *core)
{
    struct world *world = arg;
    unsigned char memory[16000];
    long n;

    (void)core;
    if (world->peer < 0 || world->ended)
        return;
    n = test_peer_try_recv(world->peer, memory, sizeof memory);
    if (n > 0)
        take(world, memory, (size_t)n);
    world->ended = n == 0;
    if (world->ended)
        test_peer_shutdown(world->peer);
}

/* All that was accepted arrives, and then the end, as the stream is freed. */
static void end_writing(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    size_t accepted = (size_t)(world->rest.data - large);
    int ending = 0;

    assert_true(result == 0 || result == EDDY_DROPPED);
    eddy_tcp_free(world->tcp);
    if (core != NULL && !world->ended)
        world->have = test_peer_drain(core, world->peer, world->have, 2 * LARGE, &ending);
    assert_int_equal(ending, 0);
    if (core != NULL)
        assert_int_equal(world->have, accepted);
    else
        assert_true(world->have <= accepted);
    test_peer_close(world->peer);
    world->peer = -1;
    linger(core);
}

static void a_write_can_be_dropped_at_any_moment_and_what_it_wrote_arrives(void **state)
{
    struct world world;
    struct test_drop drop = {begin_writing, receive_some, end_writing, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 3, 100);
}

static void flush_shutdown_and_close_can_be_dropped_and_all_arrives(void **state)
{
    struct world world;
    struct test_drop drop = {begin_flushing, receive_some, end_writing, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 1, 100);
    drop.begin = begin_half_closing;
    assert_in_range(test_drop_anywhere(&drop), 1, 100);
    drop.begin = begin_closing;
    assert_in_range(test_drop_anywhere(&drop), 1, 100);
}

/* ---- forwarding ---- */

struct forwarding {
    EDDY_FRAME;
    struct world *world;
};

EDDY_ASYNC(forwarding, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        while (self->world->moved < SENT) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->world->tcp, task, 1));
            assert_true(n > 0);
            EDDY_POLL(n, eddy_tcp_poll_forward(self->world->tcp, self->world->tcp, task));
            assert_true(n > 0);
            self->world->moved += (size_t)n;
        }
        EDDY_END(0);
}

static eddy_future *begin_forwarding(void *arg, eddy_core *core)
{
    return box(core, EDDY_FUTURE(forwarding, .world = fresh(arg, core, false)));
}

/* Another goes on where the dropped one stopped. */
static void end_forwarding(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    unsigned char memory[SENT];
    eddy_join *join = core == NULL ? NULL : test_spawn_join(core, forwarding, .world = world);

    assert_true(result == 0 || result == EDDY_DROPPED);
    for (int turns = 0; core != NULL && world->have < SENT; turns++) {
        long n;

        assert_true(turns < 1000);
        send_some(world, core);
        assert_true(eddy_core_turn(core, EDDY_MILLISECOND) >= 0);
        n = test_peer_try_recv(world->peer, memory, sizeof memory);
        if (n > 0)
            take(world, memory, (size_t)n);
    }
    if (core != NULL)
        assert_int_equal(test_join_end(core, join), 0);
    give_back(world);
    linger(core);
}

static void forwarding_can_be_dropped_at_any_moment_and_loses_nothing(void **state)
{
    struct world world;
    struct test_drop drop = {begin_forwarding, send_some, end_forwarding, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 5, 100);
}

/* ---- the peer's end ---- */

static eddy_future *begin_gone(void *arg, eddy_core *core)
{
    return box(core,
               EDDY_FUTURE(test_io, .poll = test_io_gone, .tcp = fresh(arg, core, false)->tcp));
}

/* Then it ends. */
static void send_some_and_end(void *arg, eddy_core *core)
{
    struct world *world = arg;
    bool more = world->sent < 21;

    if (more)
        send_some(arg, core);
    else if (world->peer >= 0 && !world->ended)
        test_peer_shutdown(world->peer);
    world->ended = !more;
}

static void end_gone(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;
    unsigned char memory[SENT];

    assert_true(result == 0 || result == EDDY_DROPPED);
    while (core != NULL && !world->ended)
        send_some_and_end(world, core);
    while (core != NULL && world->have < world->sent) {
        eddy_result n = test_read(core, world->tcp, memory, sizeof memory);

        assert_true(n > 0);
        take(world, memory, (size_t)n);
    }
    if (core != NULL)
        assert_int_equal(test_gone(core, world->tcp), 0);
    give_back(world);
}

static void waiting_for_the_peers_end_can_be_dropped_at_any_moment(void **state)
{
    struct world world;
    struct test_drop drop = {begin_gone, send_some_and_end, end_gone, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 1, 100);
}

/* ---- connecting ---- */

/* Owns what it makes; the peer answers what it is sent. */
struct client {
    EDDY_FRAME;
    eddy_addr addr;
    eddy_tcp *tcp;
    char text[4];
};

static void client_done(struct client *self)
{
    eddy_tcp_free(self->tcp);
}

EDDY_ASYNC(client, client_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), &self->addr, &self->tcp);
        assert_int_equal(n, 0);
        EDDY_POLL(n, eddy_tcp_poll_connected(self->tcp, task));
        assert_int_equal(n, 0);
        EDDY_POLL(n, eddy_tcp_poll_write(self->tcp, task, large, 4));
        assert_int_equal(n, 4);
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 4));
        assert_int_equal(n, 4);
        EDDY_POLL(n, eddy_tcp_poll_close(self->tcp, task));
        EDDY_END(n);
}

static eddy_future *begin_client(void *arg, eddy_core *core)
{
    struct world *world = arg;
    eddy_addr addr;

    *world = (struct world){.peer = -1};
    world->listener = test_peer_listen(1, &addr);
    return box(core, EDDY_FUTURE(client, .addr = addr));
}

static void serve_client(void *arg, eddy_core *core)
{
    struct world *world = arg;
    char text[4];
    long n;

    (void)core;
    if (world->listener >= 0 && world->peer < 0)
        world->peer = test_peer_try_accept(world->listener);
    if (world->peer < 0)
        return;
    n = test_peer_try_recv(world->peer, text, sizeof text);
    if (n > 0)
        (void)test_peer_try_send(world->peer, text, (size_t)n);
    if (n == 0 || (n < 0 && n != -EAGAIN)) {
        test_peer_close(world->peer);
        world->peer = -1;
        world->ended = true;
    }
}

static void end_client(void *arg, eddy_core *core, eddy_result result)
{
    struct world *world = arg;

    (void)core;
    assert_true(result == 0 || result == EDDY_DROPPED);
    if (world->peer >= 0)
        test_peer_close(world->peer);
    test_peer_close(world->listener);
    world->listener = world->peer = -1;
    linger(core);
}

static void a_client_can_be_dropped_from_connect_to_close(void **state)
{
    struct world world;
    struct test_drop drop = {begin_client, serve_client, end_client, &world, {0}};

    (void)state;
    assert_in_range(test_drop_anywhere(&drop), 3, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_can_be_dropped_at_any_moment_and_loses_nothing),
        cmocka_unit_test(a_write_can_be_dropped_at_any_moment_and_what_it_wrote_arrives),
        cmocka_unit_test(flush_shutdown_and_close_can_be_dropped_and_all_arrives),
        cmocka_unit_test(forwarding_can_be_dropped_at_any_moment_and_loses_nothing),
        cmocka_unit_test(waiting_for_the_peers_end_can_be_dropped_at_any_moment),
        cmocka_unit_test(a_client_can_be_dropped_from_connect_to_close),
    };

    test_pattern_fill(large, sizeof large, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
