/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_clients.c - several streams that one task works with: joined to each other, read one after
 * the other, served at once, read with a limit. What servers do, in small.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/net.h"

/* Moves all of one stream to another, ends that one, and gives how many bytes it were. */
struct copy {
    EDDY_FRAME;
    eddy_tcp *from, *to;
    eddy_result total;
};

EDDY_ASYNC(copy, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->from, task, 1));
            if (n <= 0)
                break;
            EDDY_POLL(n, eddy_tcp_poll_forward(self->from, self->to, task));
            self->total += n;
        }
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_tcp_poll_shutdown(self->to, task));
        EDDY_END(n < 0 ? n : self->total);
}

static void two_clients_are_joined_and_the_count_of_bytes_is_exact(void **state)
{
    enum { ROUNDS = 1024, BYTES = 11 };
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    int source = test_peer_connect(&addr);
    eddy_tcp *from = test_accept(core, listener);
    int sink = test_peer_connect(&addr);
    eddy_tcp *to = test_accept(core, listener);
    eddy_join *join = test_spawn_join(core, copy, .from = from, .to = to);
    char got[BYTES + 1] = "";

    (void)state;
    for (int i = 0; i < ROUNDS; i++)
        test_peer_send(source, "foo bar baz", BYTES);
    test_peer_shutdown(source);
    assert_int_equal(test_join_end(core, join), ROUNDS * BYTES);
    for (int i = 0; i < ROUNDS; i++) {
        test_peer_recv(sink, got, BYTES);
        assert_string_equal(got, "foo bar baz");
    }
    assert_int_equal(test_peer_ending(sink), 0);
    test_peer_close(source);
    test_peer_close(sink);
    eddy_tcp_free(from);
    eddy_tcp_free(to);
    eddy_listener_free(listener);
    test_core_end(core);
}

/* Accepts some clients, then reads each to its end, in the order in which they came. */
struct chain {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp *clients[3];
    char *text;
    int count;
};

static void chain_done(struct chain *self)
{
    for (int i = 0; i < 3; i++)
        eddy_tcp_free(self->clients[i]);
}

EDDY_ASYNC(chain, chain_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->count < 3; self->count++) {
            EDDY_POLL(n,
                      eddy_listener_poll_accept(self->listener, task, &self->clients[self->count]));
            if (n < 0)
                EDDY_RETURN(n);
        }
        for (self->count = 0; self->count < 3; self->count++) {
            do {
                EDDY_POLL(n, eddy_tcp_poll_read(self->clients[self->count], task, self->text, 8));
                if (n > 0)
                    self->text += n;
            } while (n > 0);
            if (n < 0)
                EDDY_RETURN(n);
        }
        EDDY_END(0);
}

static void three_accepted_streams_are_read_one_after_the_other(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    char text[64] = "";
    eddy_join *join = test_spawn_join(core, chain, .listener = listener, .text = text);
    int peers[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        peers[i] = test_peer_connect(&addr);
        test_settle(core);
    }
    test_peer_send(peers[2], "baz", 3); /* the last one first */
    test_peer_close(peers[2]);
    test_peer_send(peers[0], "foo ", 4);
    test_peer_send(peers[1], "bar ", 4);
    test_peer_close(peers[1]);
    test_peer_close(peers[0]);
    assert_int_equal(test_join_end(core, join), 0);
    assert_string_equal(text, "foo bar baz");
    eddy_listener_free(listener);
    test_core_end(core);
}

static void reading_stops_after_four_bytes_though_more_are_there(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    char text[16] = "";

    (void)state;
    test_peer_send(peer, "foo bar baz", 11);
    assert_int_equal(test_fill(core, tcp, 11), 11);
    assert_int_equal(test_read(core, tcp, text, 4), 4);
    assert_string_equal(text, "foo ");
    assert_int_equal(eddy_tcp_view(tcp).len, 7); /* the rest is still there */
    assert_memory_equal(eddy_tcp_view(tcp).data, "bar baz", 7);
    test_peer_close(peer);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

/* Takes two clients, serves both at once, and ends when both are gone. */
struct two {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_join *joins[2];
    eddy_tcp *clients[2];
    int count;
};

static void two_done(struct two *self)
{
    eddy_join_free(self->joins[0]);
    eddy_join_free(self->joins[1]);
}

EDDY_ASYNC(two, two_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (; self->count < 2; self->count++) {
            EDDY_POLL(n,
                      eddy_listener_poll_accept(self->listener, task, &self->clients[self->count]));
            if (n < 0)
                EDDY_RETURN(n);
            n = eddy_spawn_joinable(eddy_task_handle(task),
                                    EDDY_FUTURE(test_echo, .client = self->clients[self->count]),
                                    &self->joins[self->count]);
            if (n < 0)
                EDDY_RETURN(n);
        }
        for (self->count = 0; self->count < 2; self->count++)
            EDDY_POLL(n, eddy_join_poll(self->joins[self->count], task));
        EDDY_END(0);
}

static void two_clients_are_served_at_once_and_the_server_ends_after_them(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    eddy_join *join = test_spawn_join(core, two, .listener = listener);
    int first = test_peer_connect(&addr);
    int second = test_peer_connect(&addr);

    (void)state;
    for (int i = 0; i < 10; i++) { /* by turns, neither waits for the other to end */
        char text[8] = "";

        test_peer_send(i % 2 == 0 ? second : first, "hello", 5);
        test_pass(core, EDDY_MILLISECOND);
        test_peer_recv(i % 2 == 0 ? second : first, text, 5);
        assert_string_equal(text, "hello");
    }
    test_peer_close(first);
    test_peer_close(second);
    assert_int_equal(test_join_end(core, join), 0);
    eddy_listener_free(listener);
    test_core_end(core);
}

static void a_peer_that_hangs_up_after_two_writes_gives_both_and_the_end(void **state)
{
    eddy_core *core = test_core();
    eddy_tcp *tcp;
    int peer = test_peer(core, &tcp);
    char text[16] = "";
    eddy_result result = EDDY_PENDING;

    (void)state;
    test_spawn(core, test_io, .poll = test_io_fill, .tcp = tcp, .len = 10, .result = &result);
    test_peer_send(peer, "Hello", 5);
    test_settle(core);
    assert_true(result == EDDY_PENDING);
    test_peer_send(peer, "World", 5);
    test_peer_close(peer);
    assert_int_equal(test_until_done(core, &result), 10);
    assert_int_equal(test_read(core, tcp, text, sizeof text), 10);
    assert_string_equal(text, "HelloWorld");
    assert_int_equal(test_read(core, tcp, text, sizeof text), 0);
    eddy_tcp_free(tcp);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_clients_are_joined_and_the_count_of_bytes_is_exact),
        cmocka_unit_test(three_accepted_streams_are_read_one_after_the_other),
        cmocka_unit_test(reading_stops_after_four_bytes_though_more_are_there),
        cmocka_unit_test(two_clients_are_served_at_once_and_the_server_ends_after_them),
        cmocka_unit_test(a_peer_that_hangs_up_after_two_writes_gives_both_and_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
