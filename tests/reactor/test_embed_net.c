/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_embed_net.c - eddy_core_fd(): readable for what the kernel has for the loop's sockets, and for
 * what its own thread does to them from outside of a turn.
 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "eddy/fd.h"
#include "embed.h"

/* A task that sends back what comes; its raw peer. */
static int start_echo(struct embed *self)
{
    eddy_tcp *stream = NULL;
    int peer = test_peer(self->core, &stream);

    test_spawn(self->core, test_echo, .client = stream);
    embed_pump(self);
    assert_false(embed_readable(self, 0));
    return peer;
}

static void bytes_of_a_peer_are_work(void **state)
{
    struct embed embed = embed_start();
    int peer = start_echo(&embed);
    char answer[5];

    (void)state;
    test_peer_send(peer, "hello", 5);
    assert_true(embed_readable(&embed, EMBED_LIMIT_MS));
    embed_pump(&embed);
    test_peer_recv(peer, answer, 5);
    assert_memory_equal(answer, "hello", 5);
    embed_pump(&embed);
    assert_false(embed_readable(&embed, 0));
    test_peer_close(peer);
    assert_true(embed_readable(&embed, EMBED_LIMIT_MS));
    while (test_stats(embed.core).tasks_live > 0) {
        embed_pump(&embed);
        (void)embed_readable(&embed, 1);
    }
    embed_end(&embed);
}

/* Each exchange needs a turn that reads and answers, and little else. */
static void a_thousand_messages_take_few_turns(void **state)
{
    enum { MESSAGES = 1000 };
    struct embed embed = embed_start();
    int peer = start_echo(&embed);

    (void)state;
    embed.turns = 0;
    for (int i = 0; i < MESSAGES; i++) {
        char answer[4] = {0};

        test_peer_send(peer, &i, sizeof i);
        assert_true(embed_readable(&embed, EMBED_LIMIT_MS));
        embed_pump(&embed);
        test_peer_recv(peer, answer, sizeof answer);
        assert_memory_equal(answer, &i, sizeof i);
    }
    assert_in_range(embed.turns, MESSAGES, MESSAGES * 3);
    test_peer_close(peer);
    embed_end(&embed);
}

struct conversation {
    eddy_core *core;
    eddy_addr to;
    int rounds;
    eddy_result result;
};

struct talk {
    EDDY_FRAME;
    struct conversation *with;
    eddy_tcp *tcp;
    eddy_bytes rest;
    int round;
};
static void talk_done(struct talk *self)
{
    eddy_tcp_free(self->tcp);
}
static void take_answer(struct talk *self)
{
    eddy_bytes view = eddy_tcp_view(self->tcp);

    assert_int_equal(view.len, 6);
    assert_memory_equal(view.data, "again?", 6);
    eddy_tcp_consume(self->tcp, view.len);
}
EDDY_ASYNC(talk, talk_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), &self->with->to, &self->tcp);
        if (n < 0)
            EDDY_RETURN(self->with->result = n);
        EDDY_POLL(n, eddy_tcp_poll_connected(self->tcp, task));
        for (; n >= 0 && self->round < self->with->rounds; self->round++) {
            self->rest = (eddy_bytes){(const unsigned char *)"again?", 6};
            EDDY_POLL(n, eddy_tcp_poll_write_all(self->tcp, task, &self->rest));
            if (n >= 0)
                EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 6));
            if (n >= 0)
                take_answer(self);
        }
        EDDY_END(self->with->result = n < 0 ? n : self->round);
}

struct service {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp *client;
};
static void service_done(struct service *self)
{
    eddy_listener_free(self->listener);
}
EDDY_ASYNC(service, service_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
            if (n < 0)
                EDDY_RETURN(n);
            n = eddy_spawn(eddy_task_handle(task), EDDY_FUTURE(test_echo, .client = self->client));
            if (n < 0)
                EDDY_RETURN(n);
        }
        EDDY_END(0);
}

/* A server and its clients in one loop, in two loops, all of them driven by poll(2). */
static void a_server_and_20_clients_are_driven_by_poll_alone(void **state)
{
    enum { CLIENTS = 20, ROUNDS = 10 };
    struct embed embed = embed_start();
    struct conversation talks[CLIENTS];
    eddy_addr addr;
    eddy_listener *listener = test_listener(embed.core, &addr);

    (void)state;
    test_spawn(embed.core, service, .listener = listener);
    for (int i = 0; i < CLIENTS; i++) {
        talks[i] = (struct conversation){embed.core, addr, ROUNDS, EDDY_PENDING};
        test_spawn(embed.core, talk, .with = &talks[i]);
    }
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(embed_until_done(&embed, &talks[i].result), ROUNDS);
    assert_in_range(embed.turns, 1, CLIENTS * ROUNDS * 4);
    embed_end(&embed);
}

static void two_embedded_loops_talk_to_each_other(void **state)
{
    struct embed server = embed_start();
    struct embed client = embed_start();
    struct conversation with = {client.core, {0}, 50, EDDY_PENDING};
    eddy_listener *listener = test_listener(server.core, &with.to);

    (void)state;
    test_spawn(server.core, service, .listener = listener);
    test_spawn(client.core, talk, .with = &with);
    while (with.result == EDDY_PENDING) {
        struct pollfd ready[] = {{server.fd, POLLIN, 0}, {client.fd, POLLIN, 0}};

        assert_true(poll(ready, 2, EMBED_LIMIT_MS) > 0);
        if (ready[0].revents != 0)
            embed_pump(&server);
        if (ready[1].revents != 0)
            embed_pump(&client);
    }
    assert_int_equal(with.result, 50);
    assert_in_range(server.turns + client.turns, 100, 500);
    embed_end(&client);
    embed_end(&server);
}

static void a_connect_from_outside_is_submitted(void **state)
{
    struct embed embed = embed_start();
    eddy_addr addr;
    int listener = test_peer_listen(1, &addr);
    eddy_tcp *tcp = NULL;
    int peer;

    (void)state;
    assert_int_equal(eddy_tcp_connect(eddy_core_handle(embed.core), &addr, &tcp), 0);
    assert_true(embed_readable(&embed, 0)); /* nobody waits for it yet */
    embed_pump(&embed);
    peer = test_peer_accept(listener); /* so it has gone out */
    eddy_tcp_free(tcp);
    assert_true(embed_readable(&embed, 0));
    embed_pump(&embed);
    assert_int_equal(test_peer_ending(peer), 0); /* and the closing, too */
    test_peer_close(peer);
    test_peer_close(listener);
    embed_end(&embed);
}

static void a_write_from_outside_leaves(void **state)
{
    struct embed embed = embed_start();
    eddy_tcp *tcp = NULL;
    int peer = test_peer(embed.core, &tcp);
    char got[4];

    (void)state;
    embed_pump(&embed);
    assert_int_equal(eddy_tcp_try_write(tcp, "ping", 4), 4);
    embed_pump(&embed);
    test_peer_recv(peer, got, 4);
    assert_memory_equal(got, "ping", 4);
    eddy_tcp_free(tcp);
    embed_pump(&embed);
    assert_int_equal(test_peer_ending(peer), 0);
    test_peer_close(peer);
    embed_end(&embed);
}

/* What is read from outside gives room again: the peer's next bytes must be heard of. */
static void reading_from_outside_opens_the_window(void **state)
{
    enum { ALL = 4 * 1024 * 1024 };
    struct embed embed = embed_start();
    eddy_tcp *tcp = NULL;
    int peer = test_peer(embed.core, &tcp);
    size_t sent = 1;
    size_t got = 0;

    (void)state;
    test_peer_send(peer, &(unsigned char){test_pattern(0)}, 1);
    assert_int_equal(test_fill(embed.core, tcp, 1), 1); /* it is read from now on */
    while (got < ALL) {
        unsigned char out[16 * 1024];
        eddy_bytes view = eddy_tcp_view(tcp);

        test_pattern_check(view.data, view.len, got);
        got += view.len;
        eddy_tcp_consume(tcp, view.len);
        if (sent < ALL) {
            test_pattern_fill(out, sizeof out, sent);
            sent +=
                test_peer_try_send(peer, out, ALL - sent < sizeof out ? ALL - sent : sizeof out);
        }
        if (view.len == 0)
            assert_true(sent < ALL ? true : embed_readable(&embed, EMBED_LIMIT_MS));
        embed_pump(&embed);
    }
    eddy_tcp_free(tcp);
    test_peer_close(peer);
    embed_end(&embed);
}

/* A loop inside a loop inside poll(2). */
struct keeper {
    EDDY_FRAME;
    eddy_core *inner;
    eddy_fd *fd;
};
static void keeper_done(struct keeper *self)
{
    eddy_fd_free(self->fd);
}
EDDY_ASYNC(keeper, keeper_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_fd_poll_readable(self->fd, task));
            if (n < 0)
                EDDY_RETURN(n);
            n = eddy_core_turn(self->inner, 0);
            if (n < 0)
                EDDY_RETURN(n);
            if (poll(&(struct pollfd){eddy_core_fd(self->inner), POLLIN, 0}, 1, 0) == 0)
                eddy_fd_clear(self->fd, EDDY_FD_READABLE);
        }
        EDDY_END(0);
}

static void a_loop_in_a_loop_in_poll_works(void **state)
{
    struct embed outer = embed_start();
    struct embed inner = embed_start();
    struct conversation with = {inner.core, {0}, 20, EDDY_PENDING};
    eddy_listener *listener = test_listener(outer.core, &with.to);
    eddy_fd *fd = NULL;

    (void)state;
    assert_int_equal(eddy_fd_new(eddy_core_handle(outer.core), inner.fd, NULL, &fd), 0);
    test_spawn(outer.core, keeper, .inner = inner.core, .fd = fd);
    test_spawn(outer.core, service, .listener = listener);
    test_spawn(inner.core, talk, .with = &with);
    assert_int_equal(embed_until_done(&outer, &with.result), 20);
    embed_end(&outer);
    embed_end(&inner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_a_peer_are_work),
        cmocka_unit_test(a_thousand_messages_take_few_turns),
        cmocka_unit_test(a_server_and_20_clients_are_driven_by_poll_alone),
        cmocka_unit_test(two_embedded_loops_talk_to_each_other),
        cmocka_unit_test(a_connect_from_outside_is_submitted),
        cmocka_unit_test(a_write_from_outside_leaves),
        cmocka_unit_test(reading_from_outside_opens_the_window),
        cmocka_unit_test(a_loop_in_a_loop_in_poll_works),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
