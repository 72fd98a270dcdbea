/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_contract_races.c - driver.h where an operation and its cancellation meet: whoever wins, no
 * client and no byte is lost, nobody else's operation is hit, and a loop that is freed in the
 * middle of a hundred operations leaves nothing behind.
 */
#include "support/bare.h"
#include "support/driver_world.h"

#include <eddy/eddy.h>
#include <string.h>

enum { MUCH = 1 << 20, ROUNDS = 300, HUNDRED = 100, CLIENTS_MAX = 3 };

/* So many waits that do not block: each is a chance for the kernel to be in between. */
static void some_waits(world *w, int n)
{
    while (n-- > 0)
        (void)world_wait(w, 0);
}

/* ---- accepting ---- */

/* Take the credit away and give it again, with clients that come before, between and behind. */
static void a_cancelled_accept_loses_no_client(void **state)
{
    world w;
    side listener;
    uint16_t port;

    (void)state;
    world_open(&w, (world_options){0});
    port = side_listen(&w, &listener, 64);
    for (int i = 0; i < ROUNDS; i++) {
        int clients[CLIENTS_MAX] = {-1, -1, -1};

        side_credit(&w, &listener, 1 + i % 2);
        some_waits(&w, i % 3);
        for (int at = 0; at < CLIENTS_MAX; at++) {
            if (i % 4 == at)
                side_credit(&w, &listener, 0);
            if (i % 5 == at)
                side_credit(&w, &listener, MUCH);
            if (i % 7 != at)
                clients[at] = plain_connect(&w, port);
            some_waits(&w, (i + at) % 2);
        }
        side_credit(&w, &listener, MUCH);
        WORLD_UNTIL(&w, listener.fds_count == (i % 7 < CLIENTS_MAX ? 2 : CLIENTS_MAX));
        assert_int_equal(listener.accept_error, 0);
        side_credit(&w, &listener, 0);
        while (listener.fds_count != 0)
            plain_close(&w, listener.fds[--listener.fds_count]);
        for (int at = 0; at < CLIENTS_MAX; at++)
            if (clients[at] >= 0)
                plain_close(&w, clients[at]);
    }
    side_finish(&w, &listener);
    world_close(&w);
}

/* ---- receiving ---- */

/* The last credit is used up, so the receive is cancelled; credit comes again before, while or
 * after the cancellation has ended. */
static void a_cancelled_receive_loses_no_byte_and_is_taken_up_again(void **state)
{
    unsigned char byte;
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    for (size_t i = 0; i < ROUNDS; i++) {
        side_credit(&w, &s, 1);
        some_waits(&w, i % 3 == 0);
        byte = pattern(i);
        plain_write(&w, s.peer, &byte, 1);
        some_waits(&w, (int)(i % 4));
        side_credit(&w, &s, 0);
        some_waits(&w, (int)(i / 12 % 3));
        side_credit(&w, &s, 1 + (int32_t)(i % 2));
        WORLD_UNTIL(&w, s.len == i + 1);
    }
    pattern_check(s.bytes, 0, s.len);
    assert_true(strchr(s.order, 'R') == NULL && strchr(s.order, 'E') == NULL);
    side_finish(&w, &s);
    world_close(&w);
}

/* One ends with its receive armed; the next is attached at once, in its place in the table, and
 * armed before the late cancellation of the first could come. */
static void a_late_cancel_hits_nobody_else(void **state)
{
    world w;

    (void)state;
    world_open(&w, (world_options){0});
    for (int i = 0; i < ROUNDS; i++) {
        side first, second, third;

        side_pair(&w, &first);
        side_pair(&w, &second);
        side_credit(&w, &first, MUCH);
        side_credit(&w, &second, MUCH);
        some_waits(&w, 1 + i % 2);
        if (i % 2 != 0)
            plain_write(&w, first.peer, "late", 4);
        w.type->detach(w.driver, &first.slot);
        some_waits(&w, i % 4);
        side_pair(&w, &third);
        side_credit(&w, &third, MUCH);
        some_waits(&w, i % 3);
        WORLD_UNTIL(&w, !first.attached);
        plain_write(&w, second.peer, "x", 1);
        plain_write(&w, third.peer, "y", 1);
        WORLD_UNTIL(&w, second.len == 1 && third.len == 1);
        assert_string_equal(second.order, "B");
        assert_string_equal(third.order, "B");
        side_deinit(&w, &first);
        side_finish(&w, &second);
        side_finish(&w, &third);
    }
    world_close(&w);
}

/* ---- a loop that ends ---- */

struct reader {
    EDDY_FRAME;
    eddy_tcp *tcp;
};
EDDY_ASYNC(reader, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 2));
        EDDY_END(n);
}

struct acceptor {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp *client;
};
EDDY_ASYNC(acceptor, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
        EDDY_END(n);
}

/* More than the peer's buffers hold, so that a send stays in flight. */
struct writer {
    EDDY_FRAME;
    eddy_tcp *tcp;
    const unsigned char *data;
    size_t len;
};
EDDY_ASYNC(writer, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do
            EDDY_POLL(n, eddy_tcp_poll_write(self->tcp, task, self->data, self->len));
        while (n > 0);
        EDDY_END(n);
}

/* A third of them wait for bytes, a third have a send in flight, a third do both. */
static void start_streams(world *w, eddy_core *core, eddy_tcp *streams[HUNDRED], int peers[HUNDRED],
                          const unsigned char *data, size_t len)
{
    for (int i = 0; i < HUNDRED; i++) {
        int fds[2];

        plain_pair(w, fds);
        peers[i] = fds[1];
        assert_int_equal(eddy_tcp_adopt(eddy_core_handle(core), fds[0], &streams[i]), 0);
        if (i % 3 != 0)
            assert_int_equal(
                eddy_spawn(eddy_core_handle(core), EDDY_FUTURE(reader, .tcp = streams[i])), 0);
        if (i % 3 != 1)
            assert_int_equal(
                eddy_spawn(eddy_core_handle(core),
                           EDDY_FUTURE(writer, .tcp = streams[i], .data = data, .len = len)),
                0);
    }
}

/* Some bytes arrive between the last turn and the end: the kernel has them under way. */
static void a_loop_freed_with_a_hundred_operations_in_flight_leaves_nothing(void **state)
{
    static eddy_tcp *streams[HUNDRED];
    static int peers[HUNDRED];
    static unsigned char data[64 * 1024];
    world w; /* whose plain sockets the loop takes over */

    (void)state;
    world_open(&w, (world_options){0});
    for (int turns = 0; turns < 6; turns++) {
        int fds = plain_count(&w);
        eddy_listener *listener = NULL;
        eddy_addr addr = eddy_addr_ipv4_loopback(0);
        eddy_core *core = NULL;

        assert_int_equal(
            eddy_core_new(EDDY_OPTIONS(eddy_core_options, .driver_without = bare_without()), &core),
            0);
        assert_int_equal(eddy_listener_bind(eddy_core_handle(core), &addr, NULL, &listener), 0);
        assert_int_equal(
            eddy_spawn(eddy_core_handle(core), EDDY_FUTURE(acceptor, .listener = listener)), 0);
        start_streams(&w, core, streams, peers, data, sizeof data);
        for (int i = 0; i < turns; i++)
            assert_true(eddy_core_turn(core, 0) >= 0);
        for (int i = 0; i < HUNDRED; i += 2)
            plain_write(&w, peers[i], "x", 1);
        (void)eddy_core_free(core);
        for (int i = 0; i < HUNDRED; i++) {
            eddy_tcp_free(streams[i]);
            plain_close(&w, peers[i]);
        }
        eddy_listener_free(listener);
        assert_int_equal(plain_count(&w), fds);
    }
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancelled_accept_loses_no_client),
        cmocka_unit_test(a_cancelled_receive_loses_no_byte_and_is_taken_up_again),
        cmocka_unit_test(a_late_cancel_hits_nobody_else),
        cmocka_unit_test(a_loop_freed_with_a_hundred_operations_in_flight_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
