/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_listener.c - accepting: whoever connects is served once and in order, whenever it connects
 * and whatever becomes of the task that waits. What can fail is in test_listener_errors.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "../support/net.h"

enum { CLIENTS = 5 };

static void accept_starts(eddy_core *core, eddy_listener *listener, eddy_tcp **client,
                          eddy_result *result)
{
    *client = NULL;
    *result = EDDY_PENDING;
    test_spawn(core, test_io, .poll = test_io_accept, .listener = listener, .client = client,
               .result = result);
}

/* The raw client is the one at the other end of the stream: its byte comes through. */
static void assert_joined(eddy_core *core, eddy_tcp *client, int peer)
{
    char byte = 0;

    test_peer_send(peer, "!", 1);
    assert_int_equal(test_read(core, client, &byte, 1), 1);
    assert_int_equal(byte, '!');
}

static void a_connection_pending_before_the_loop_starts_is_accepted(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    int peer = test_peer_connect(&addr);
    eddy_tcp *client = test_accept(core, listener);

    (void)state;
    assert_joined(core, client, peer);
    test_peer_close(peer);
    eddy_tcp_free(client);
    eddy_listener_free(listener);
    test_core_end(core);
}

static void a_connection_made_after_listening_is_accepted_and_none_before_run(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    eddy_tcp *client;
    eddy_result result;
    int peer;

    (void)state;
    accept_starts(core, listener, &client, &result);
    peer = test_peer_connect(&addr);
    assert_int_equal(result, EDDY_PENDING); /* nobody has run the loop */
    assert_null(client);
    assert_int_equal(test_until_done(core, &result), 0);
    assert_joined(core, client, peer);
    assert_int_equal(test_stats(core).connections_accepted, 1);
    test_peer_close(peer);
    eddy_tcp_free(client);
    eddy_listener_free(listener);
    test_core_end(core);
}

static void a_connection_wakes_the_task_that_waits(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    eddy_tcp *client;
    eddy_result result;
    int peer;

    (void)state;
    accept_starts(core, listener, &client, &result);
    test_settle(core);
    assert_int_equal(result, EDDY_PENDING);
    peer = test_peer_connect(&addr);
    assert_int_equal(test_until_done(core, &result), 0);
    assert_joined(core, client, peer);
    test_peer_close(peer);
    eddy_tcp_free(client);
    eddy_listener_free(listener);
    test_core_end(core);
}

static void nothing_is_accepted_before_the_first_poll(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    int peer = test_peer_connect(&addr);
    int fds;

    (void)state;
    test_settle(core);
    fds = test_open_fds();
    for (int i = 0; i < 20; i++)
        test_turn(core);
    assert_int_equal(test_open_fds(), fds);
    test_peer_close(peer);
    eddy_listener_free(listener);
    test_core_end(core);
}

static void clients_come_in_the_order_in_which_they_connected(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    int peers[200];

    (void)state;
    for (int i = 0; i < 200; i++)
        peers[i] = test_peer_connect(&addr);
    for (int i = 0; i < 200; i++) {
        eddy_tcp *client = test_accept(core, listener);

        assert_joined(core, client, peers[i]);
        eddy_tcp_free(client);
        test_peer_close(peers[i]);
    }
    eddy_listener_free(listener);
    test_core_end(core);
}

static void accept_max_of_one_serves_all(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr = eddy_addr_ipv4_loopback(0);
    eddy_listener *listener = NULL;
    int peers[CLIENTS];

    (void)state;
    assert_int_equal(eddy_listener_bind(eddy_core_handle(core), &addr,
                                        EDDY_OPTIONS(eddy_listener_options, .accept_max = 1),
                                        &listener),
                     0);
    assert_int_equal(eddy_listener_local_addr(listener, &addr), 0);
    for (int i = 0; i < CLIENTS; i++)
        peers[i] = test_peer_connect(&addr);
    for (int i = 0; i < CLIENTS; i++) {
        eddy_tcp *client = test_accept(core, listener);

        assert_joined(core, client, peers[i]);
        eddy_tcp_free(client);
        test_peer_close(peers[i]);
    }
    eddy_listener_free(listener);
    test_core_end(core);
}

/* Accepts until dropped; each client goes to `clients`, which the test owns. */
struct taker {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp **clients;
    int *count;
};
EDDY_ASYNC(taker, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(
                n, eddy_listener_poll_accept(self->listener, task, &self->clients[*self->count]));
            if (n < 0)
                break;
            ++*self->count;
        }
        EDDY_END(n);
}

/* A step of the life of an accept: clients come one by one, between them the loop turns. */
static void step(eddy_core *core, const eddy_addr *addr, int k, int peers[CLIENTS], int *connected)
{
    if (k % 2 == 1 && *connected < CLIENTS)
        peers[(*connected)++] = test_peer_connect(addr);
    else
        test_turn(core);
}

static void no_client_is_lost_when_the_accept_is_dropped_at_moment(eddy_core *core, int k)
{
    eddy_addr addr;
    int fds = test_open_fds();
    eddy_listener *listener = test_listener(core, &addr);
    eddy_tcp *clients[CLIENTS];
    int peers[CLIENTS], connected = 0, count = 0;
    eddy_join *join =
        test_spawn_join(core, taker, .listener = listener, .clients = clients, .count = &count);

    for (int i = 0; i < k; i++)
        step(core, &addr, i, peers, &connected);
    eddy_join_abort(join);
    eddy_join_free(join);
    for (int i = k; connected < CLIENTS; i++)
        step(core, &addr, i, peers, &connected);
    while (count < CLIENTS)
        clients[count++] = test_accept(core, listener);
    for (int i = 0; i < CLIENTS; i++) {
        assert_joined(core, clients[i], peers[i]);
        eddy_tcp_free(clients[i]);
        test_peer_close(peers[i]);
    }
    eddy_listener_free(listener);
    test_until_fds(core, fds);
}

static void no_client_is_lost_when_the_accept_is_dropped_at_any_moment(void **state)
{
    eddy_core *core = test_core();

    (void)state;
    for (int k = 0; k < 20; k++)
        no_client_is_lost_when_the_accept_is_dropped_at_moment(core, k);
    test_core_end(core);
}

static void a_cancelled_accept_is_told_and_the_next_gets_the_client(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    eddy_tcp *client = NULL;
    eddy_join *join = test_spawn_join(core, test_io, .poll = test_io_accept, .listener = listener,
                                      .client = &client);
    int peer;

    (void)state;
    test_settle(core);
    eddy_join_cancel(join, EDDY_SECOND);
    peer = test_peer_connect(&addr);
    assert_int_equal(test_join_end(core, join), -ECANCELED);
    assert_null(client);
    client = test_accept(core, listener);
    assert_joined(core, client, peer);
    test_peer_close(peer);
    eddy_tcp_free(client);
    eddy_listener_free(listener);
    test_core_end(core);
}

/* Connect clients, let the listener accept them all, and have nobody take them. */
static eddy_listener *full_listener(eddy_core *core, int peers[CLIENTS])
{
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    eddy_tcp *client = NULL;
    int fds = test_open_fds();
    eddy_join *join = test_spawn_join(core, test_io, .poll = test_io_accept, .listener = listener,
                                      .client = &client);

    test_turn(core);
    eddy_join_abort(join);
    eddy_join_free(join);
    for (int i = 0; i < CLIENTS; i++)
        peers[i] = test_peer_connect(&addr);
    for (int turns = 0; turns < 1000 && test_open_fds() < fds + 2 * CLIENTS; turns++)
        test_turn(core);
    assert_int_equal(test_open_fds(), fds + 2 * CLIENTS);
    assert_null(client);
    return listener;
}

static void assert_ended(int peer)
{
    int error = test_peer_ending(peer);

    assert_true(error == 0 || error == -ECONNRESET);
    test_peer_close(peer);
}

static void freeing_a_listener_closes_the_clients_that_nobody_took(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    int peers[CLIENTS];
    eddy_listener *listener = full_listener(core, peers);

    (void)state;
    eddy_listener_free(listener);
    test_until_fds(core, fds + CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        assert_ended(peers[i]);
    test_core_end(core);
}

static void the_end_of_the_loop_closes_the_clients_that_nobody_took(void **state)
{
    int fds = test_open_fds();
    eddy_core *core = test_core();
    int peers[CLIENTS];
    eddy_listener *listener = full_listener(core, peers);

    (void)state;
    test_core_end(core);
    assert_int_equal(test_open_fds(), fds + CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        assert_ended(peers[i]);
    eddy_listener_free(listener);
    assert_int_equal(test_open_fds(), fds);
}

static void a_listener_freed_at_any_moment_leaks_no_descriptor(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();

    (void)state;
    for (int k = 0; k < 12; k++) {
        eddy_addr addr;
        eddy_listener *listener = test_listener(core, &addr);
        eddy_tcp *clients[CLIENTS];
        int peers[CLIENTS], connected = 0, count = 0;
        eddy_join *join =
            test_spawn_join(core, taker, .listener = listener, .clients = clients, .count = &count);

        for (int i = 0; i < k; i++)
            step(core, &addr, i, peers, &connected);
        eddy_join_abort(join);
        eddy_join_free(join);
        eddy_listener_free(listener);
        for (int i = 0; i < count; i++)
            eddy_tcp_free(clients[i]);
        test_until_fds(core, fds + connected);
        for (int i = 0; i < connected; i++)
            assert_ended(peers[i]);
    }
    test_core_end(core);
}

/* Waits for a client and frees the listener when it is dropped. */
struct owner {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp *client;
};
static void owner_done(struct owner *self)
{
    eddy_listener_free(self->listener);
}
EDDY_ASYNC(owner, owner_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
        EDDY_END(n);
}

static void a_task_that_waits_may_free_its_listener_as_it_is_dropped(void **state)
{
    eddy_core *core = test_core();
    int fds = test_open_fds();
    eddy_addr addr;
    eddy_join *join = test_spawn_join(core, owner, .listener = test_listener(core, &addr));

    (void)state;
    test_settle(core);
    eddy_join_abort(join);
    eddy_join_free(join);
    test_until_fds(core, fds);
    test_core_end(core);
}

static void free_under_a_waiting_task(void *arg)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    eddy_tcp *client;
    eddy_result result;

    (void)arg;
    accept_starts(core, listener, &client, &result);
    test_settle(core);
    eddy_listener_free(listener);
}

static void freeing_a_listener_while_another_task_waits_is_an_assertion(void **state)
{
    (void)state;
    assert_dies(free_under_a_waiting_task, NULL,
                "a listener is freed while task 'test_io' waits for a connection");
}

static void accept_twice(void *arg)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    eddy_tcp *client;
    eddy_result result;

    (void)arg;
    accept_starts(core, listener, &client, &result);
    accept_starts(core, listener, &client, &result);
    test_settle(core);
}

static void two_tasks_waiting_at_one_listener_are_an_assertion(void **state)
{
    (void)state;
    assert_dies(accept_twice, NULL, "listener: accept");
}

static void accept_on_another_loop(void *arg)
{
    eddy_core *core = test_core(), *other = test_core();
    eddy_addr addr;
    eddy_tcp *client;

    (void)arg;
    (void)test_run(other, test_io, .poll = test_io_accept, .listener = test_listener(core, &addr),
                   .client = &client);
}

static void accepting_from_a_task_of_another_loop_is_an_assertion(void **state)
{
    (void)state;
    assert_dies(accept_on_another_loop, NULL, "accepts from a listener of another loop");
}

/* Lets the others go, for ever, and counts. */
struct ticker {
    EDDY_FRAME;
    int *ticks;
};
EDDY_ASYNC(ticker, eddy_nothing)
{
    EDDY_BEGIN
        for (;;) {
            ++*self->ticks;
            EDDY_YIELD();
        }
        EDDY_END(0);
}

static void a_crowd_of_clients_leaves_room_for_other_tasks(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_listener *listener = test_listener(core, &addr);
    enum { CROWD = 400 };
    eddy_tcp *clients[CROWD + 1];
    int peers[CROWD], count = 0, ticks = 0, before;

    (void)state;
    for (int i = 0; i < CROWD; i++)
        peers[i] = test_peer_connect(&addr);
    test_spawn(core, taker, .listener = listener, .clients = clients, .count = &count);
    test_spawn(core, ticker, .ticks = &ticks);
    for (int turns = 0; turns < 1000 && count < CROWD; turns++) {
        before = count;
        test_turn(core);
        assert_true(count - before <= 128);
        assert_true(ticks > turns);
    }
    assert_int_equal(count, CROWD);
    for (int i = 0; i < CROWD; i++) {
        eddy_tcp_free(clients[i]);
        test_peer_close(peers[i]);
    }
    test_core_end(core);
    eddy_listener_free(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_pending_before_the_loop_starts_is_accepted),
        cmocka_unit_test(a_connection_made_after_listening_is_accepted_and_none_before_run),
        cmocka_unit_test(a_connection_wakes_the_task_that_waits),
        cmocka_unit_test(nothing_is_accepted_before_the_first_poll),
        cmocka_unit_test(clients_come_in_the_order_in_which_they_connected),
        cmocka_unit_test(accept_max_of_one_serves_all),
        cmocka_unit_test(no_client_is_lost_when_the_accept_is_dropped_at_any_moment),
        cmocka_unit_test(a_cancelled_accept_is_told_and_the_next_gets_the_client),
        cmocka_unit_test(freeing_a_listener_closes_the_clients_that_nobody_took),
        cmocka_unit_test(the_end_of_the_loop_closes_the_clients_that_nobody_took),
        cmocka_unit_test(a_listener_freed_at_any_moment_leaks_no_descriptor),
        cmocka_unit_test(a_task_that_waits_may_free_its_listener_as_it_is_dropped),
        cmocka_unit_test(freeing_a_listener_while_another_task_waits_is_an_assertion),
        cmocka_unit_test(two_tasks_waiting_at_one_listener_are_an_assertion),
        cmocka_unit_test(accepting_from_a_task_of_another_loop_is_an_assertion),
        cmocka_unit_test(a_crowd_of_clients_leaves_room_for_other_tasks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
