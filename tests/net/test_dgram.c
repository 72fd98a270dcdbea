/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers sim chance */
/*
 * test_dgram.c - datagrams sent and received: whole, each on its own, from whom they are; and what
 * a socket is and becomes. Drops are in test_dgram_drop.c, batches in test_dgram_many.c.
 */
#include "dgrams.h"

#include "../support/death.h"

struct pair {
    eddy_core *core;
    eddy_dgram *a, *b;
    eddy_addr at_a, at_b;
};

static struct pair pair_new(void)
{
    struct pair pair = {.core = test_core()};

    pair.a = dg_bind(pair.core, &pair.at_a);
    pair.b = dg_bind(pair.core, &pair.at_b);
    return pair;
}

static void pair_end(struct pair *pair)
{
    eddy_dgram_free(pair->a);
    eddy_dgram_free(pair->b);
    test_core_end(pair->core);
}

static void bytes_and_source_arrive_and_empty_datagrams_too(void **state)
{
    struct pair pair = pair_new();
    char memory[32];
    eddy_addr from;

    (void)state;
    assert_int_equal(dg_send(pair.core, pair.a, "hello", 5, &pair.at_b), 5);
    assert_int_equal(dg_recv(pair.core, pair.b, memory, sizeof memory, &from), 5);
    assert_memory_equal(memory, "hello", 5);
    assert_addr(&from, &pair.at_a);
    assert_int_equal(dg_send(pair.core, pair.a, "", 0, &pair.at_b), 0);
    assert_int_equal(dg_send(pair.core, pair.a, "x", 1, &pair.at_b), 1);
    assert_int_equal(dg_recv(pair.core, pair.b, memory, sizeof memory, &from), 0);
    assert_addr(&from, &pair.at_a);
    assert_int_equal(dg_recv(pair.core, pair.b, memory, sizeof memory, NULL), 1);
    pair_end(&pair);
}

static void connected_sockets_need_no_addresses(void **state)
{
    struct pair pair = pair_new();
    char memory[32];
    eddy_addr peer;

    (void)state;
    assert_int_equal(eddy_dgram_peer_addr(pair.a, &peer), -ENOTCONN);
    assert_int_equal(eddy_dgram_connect(pair.a, &pair.at_b), 0);
    assert_int_equal(eddy_dgram_connect(pair.b, &pair.at_a), 0);
    assert_int_equal(eddy_dgram_peer_addr(pair.a, &peer), 0);
    assert_addr(&peer, &pair.at_b);
    assert_int_equal(dg_send(pair.core, pair.a, "hello", 5, NULL), 5);
    assert_int_equal(dg_recv(pair.core, pair.b, memory, sizeof memory, NULL), 5);
    assert_int_equal(dg_send(pair.core, pair.b, "", 0, NULL), 0);
    assert_int_equal(dg_recv(pair.core, pair.a, memory, sizeof memory, NULL), 0);
    pair_end(&pair);
}

static void without_a_peer_a_send_without_address_fails_and_the_socket_goes_on(void **state)
{
    struct pair pair = pair_new();
    char memory[8];

    (void)state;
    assert_int_equal(dg_send(pair.core, pair.a, "x", 1, NULL), -EDESTADDRREQ);
    assert_int_equal(dg_send(pair.core, pair.a, "x", 1, &pair.at_b), 1);
    assert_int_equal(dg_recv(pair.core, pair.b, memory, sizeof memory, NULL), 1);
    pair_end(&pair);
}

static void futures_send_and_receive_from_memory_of_the_callers(void **state)
{
    struct pair pair = pair_new();
    eddy_handle *handle = eddy_core_handle(pair.core);
    char memory[16];
    eddy_addr from;

    (void)state;
    assert_int_equal(
        eddy_core_run(pair.core, eddy_send_dgram(handle, pair.a, "four", 4, &pair.at_b)), 4);
    assert_int_equal(
        eddy_core_run(pair.core, eddy_recv_dgram(handle, pair.b, memory, sizeof memory, &from)), 4);
    assert_memory_equal(memory, "four", 4);
    assert_addr(&from, &pair.at_a);
    assert_int_equal(eddy_dgram_connect(pair.a, &pair.at_b), 0);
    assert_int_equal(eddy_core_run(pair.core, eddy_send_dgram(handle, pair.a, NULL, 0, NULL)), 0);
    assert_int_equal(
        eddy_core_run(pair.core, eddy_recv_dgram(handle, pair.b, memory, sizeof memory, NULL)), 0);
    pair_end(&pair);
}

static void one_that_does_not_fit_is_an_error_and_never_a_shorter_one(void **state)
{
    struct pair pair = pair_new();
    char memory[4] = "....";
    eddy_addr from = {0};

    (void)state;
    assert_int_equal(dg_send(pair.core, pair.a, "too long", 8, &pair.at_b), 8);
    assert_int_equal(dg_send(pair.core, pair.a, "next", 4, &pair.at_b), 4);
    assert_int_equal(dg_recv(pair.core, pair.b, memory, 3, &from), -EMSGSIZE);
    assert_memory_equal(memory, "too.", 4);
    assert_addr(&from, &pair.at_a);
    assert_int_equal(dg_recv(pair.core, pair.b, memory, 4, &from), 4);
    assert_memory_equal(memory, "next", 4);
    pair_end(&pair);
}

static void one_that_is_too_long_for_the_network_is_refused_and_the_next_is_not(void **state)
{
    struct pair pair = pair_new();
    static char large[EDDY_DGRAM_BYTES_MAX], memory[EDDY_DGRAM_BYTES_MAX];

    (void)state;
    test_pattern_fill((unsigned char *)large, sizeof large, 0);
    assert_int_equal(dg_send(pair.core, pair.a, large, sizeof large, &pair.at_b), -EMSGSIZE);
    assert_int_equal(dg_send(pair.core, pair.a, large, 65507, &pair.at_b), 65507);
    assert_int_equal(dg_recv(pair.core, pair.b, memory, sizeof memory, NULL), 65507);
    test_pattern_check((unsigned char *)memory, 65507, 0);
    pair_end(&pair);
}

static void a_datagram_wakes_the_task_that_waits(void **state)
{
    struct pair pair = pair_new();
    eddy_result result = EDDY_PENDING;
    char memory[8];

    (void)state;
    test_spawn(pair.core, dg, .poll = dg_poll_recv, .dgram = pair.b, .memory = memory,
               .len = sizeof memory, .result = &result);
    test_settle(pair.core);
    assert_int_equal(result, EDDY_PENDING);
    assert_int_equal(dg_send(pair.core, pair.a, "!", 1, &pair.at_b), 1);
    assert_int_equal(test_until_done(pair.core, &result), 1);
    pair_end(&pair);
}

static void one_task_receives_while_another_sends(void **state)
{
    struct pair pair = pair_new();
    eddy_result result = EDDY_PENDING;
    char memory[8];

    (void)state;
    test_spawn(pair.core, dg, .poll = dg_poll_recv, .dgram = pair.a, .memory = memory,
               .len = sizeof memory, .result = &result);
    test_settle(pair.core);
    assert_int_equal(dg_send(pair.core, pair.a, "to myself", 8, &pair.at_a), 8);
    assert_int_equal(test_until_done(pair.core, &result), 8);
    pair_end(&pair);
}

static void a_connected_socket_hears_its_peer_alone(void **state)
{
    struct pair pair = pair_new();
    eddy_addr at_c;
    eddy_dgram *c = dg_bind(pair.core, &at_c);
    char memory[8];
    eddy_addr from;

    (void)state;
    assert_int_equal(eddy_dgram_connect(pair.b, &pair.at_a), 0);
    assert_int_equal(dg_send(pair.core, c, "stranger", 8, &pair.at_b), 8);
    assert_int_equal(dg_send(pair.core, pair.a, "peer", 4, &pair.at_b), 4);
    assert_int_equal(dg_recv(pair.core, pair.b, memory, sizeof memory, &from), 4);
    assert_addr(&from, &pair.at_a);
    eddy_dgram_free(c);
    pair_end(&pair);
}

static void once_disconnected_it_hears_everybody_at_the_same_port(void **state)
{
    struct pair pair = pair_new();
    eddy_addr addr, at_c;
    eddy_dgram *c = dg_bind(pair.core, &at_c);
    char memory[8];

    (void)state;
    assert_int_equal(eddy_dgram_connect(pair.b, &pair.at_a), 0);
    assert_int_equal(eddy_dgram_disconnect(pair.b), 0);
    assert_int_equal(eddy_dgram_peer_addr(pair.b, &addr), -ENOTCONN);
    assert_int_equal(eddy_dgram_local_addr(pair.b, &addr), 0);
    assert_addr(&addr, &pair.at_b);
    assert_int_equal(dg_send(pair.core, c, "new", 3, &pair.at_b), 3);
    assert_int_equal(dg_recv(pair.core, pair.b, memory, sizeof memory, NULL), 3);
    assert_int_equal(eddy_dgram_disconnect(pair.b), 0);
    eddy_dgram_free(c);
    pair_end(&pair);
}

/* Nobody is there: the error comes back once for each datagram, and costs nothing else. */
static void nobody_at_the_port_is_told_once_and_the_socket_lives(void **state)
{
    struct pair pair = pair_new();
    char memory[8];

    (void)state;
    assert_int_equal(eddy_dgram_connect(pair.a, &pair.at_b), 0);
    eddy_dgram_free(pair.b);
    test_settle(pair.core);
    assert_int_equal(dg_send(pair.core, pair.a, "1", 1, NULL), 1);
    assert_int_equal(dg_recv(pair.core, pair.a, memory, sizeof memory, NULL), -ECONNREFUSED);
    assert_int_equal(dg_send(pair.core, pair.a, "2", 1, NULL), 1);
    test_pass(pair.core, 10 * EDDY_MILLISECOND); /* now by the other way */
    assert_int_equal(dg_send(pair.core, pair.a, "3", 1, NULL), -ECONNREFUSED);
    pair.b = dg_bind_with(pair.core, pair.at_b, (eddy_dgram_options){0}, &pair.at_b);
    assert_int_equal(dg_send(pair.core, pair.a, "4", 1, NULL), 1);
    assert_int_equal(dg_recv(pair.core, pair.b, memory, sizeof memory, NULL), 1);
    assert_memory_equal(memory, "4", 1);
    assert_int_equal(dg_send(pair.core, pair.b, "5", 1, &pair.at_a), 1);
    assert_int_equal(dg_recv(pair.core, pair.a, memory, sizeof memory, NULL), 1);
    pair_end(&pair);
}

static void an_error_wakes_who_waits_to_receive(void **state)
{
    struct pair pair = pair_new();
    eddy_result result = EDDY_PENDING;
    char memory[8];

    (void)state;
    assert_int_equal(eddy_dgram_connect(pair.a, &pair.at_b), 0);
    eddy_dgram_free(pair.b);
    pair.b = NULL;
    test_spawn(pair.core, dg, .poll = dg_poll_recv, .dgram = pair.a, .memory = memory,
               .len = sizeof memory, .result = &result);
    test_settle(pair.core);
    assert_int_equal(dg_send(pair.core, pair.a, "1", 1, NULL), 1);
    assert_int_equal(test_until_done(pair.core, &result), -ECONNREFUSED);
    pair_end(&pair);
}

static void wrong_arguments_are_refused(void **state)
{
    eddy_core *core = test_core();
    eddy_handle *handle = eddy_core_handle(core);
    eddy_addr addr = {0}, other;
    eddy_dgram_options options = {.size_bytes = 1};
    eddy_dgram *dgram = dg_bind(core, &other), *untouched = NULL;

    (void)state;
    assert_int_equal(eddy_dgram_bind(handle, &addr, NULL, &untouched), -EINVAL);
    addr = eddy_addr_ipv4_loopback(0);
    assert_int_equal(eddy_dgram_bind(handle, &addr, &options, &untouched), -EINVAL);
    assert_int_equal(eddy_dgram_bind(handle, &other, NULL, &untouched), -EADDRINUSE);
    addr = eddy_addr_ipv4(192, 0, 2, 1, 0);
    assert_int_equal(eddy_dgram_bind(handle, &addr, NULL, &untouched), -EADDRNOTAVAIL);
    assert_null(untouched);
    addr = (eddy_addr){0};
    assert_int_equal(eddy_dgram_connect(dgram, &addr), -EINVAL);
    eddy_dgram_free(dgram);
    eddy_dgram_free(NULL);
    test_core_end(core);
}

static void a_freed_socket_gives_its_port_and_descriptor_back(void **state)
{
    eddy_core *core = test_core();
    eddy_addr addr;
    eddy_dgram *dgram;
    int fds;

    (void)state;
    eddy_dgram_free(dg_bind(core, &addr)); /* the driver may make something of its own at first */
    test_settle(core);
    fds = test_open_fds();
    dgram = dg_bind(core, &addr);
    assert_int_equal(test_open_fds(), fds + 1);
    assert_true(test_fd_is_careful(eddy_dgram_fd(dgram)));
    eddy_dgram_free(dgram);
    test_until_fds(core, fds);
    dgram = dg_bind_with(core, addr, (eddy_dgram_options){0}, &addr);
    eddy_dgram_free(dgram);
    test_core_end(core);
}

static void what_is_taken_out_keeps_its_datagrams_and_can_be_taken_over(void **state)
{
    struct pair pair = pair_new();
    char memory[8];
    eddy_dgram *again;
    int fd;

    (void)state;
    assert_int_equal(dg_send(pair.core, pair.a, "kept", 4, &pair.at_b), 4);
    fd = eddy_dgram_into_fd(pair.b);
    assert_true(fd >= 0);
    test_settle(pair.core);
    assert_int_equal(eddy_dgram_adopt(eddy_core_handle(pair.core), fd, &again), 0);
    pair.b = again;
    assert_int_equal(dg_recv(pair.core, pair.b, memory, sizeof memory, NULL), 4);
    pair_end(&pair);
}

static void sockets_outlive_their_loop(void **state)
{
    struct pair pair = pair_new();
    eddy_addr addr;

    (void)state;
    test_core_end(pair.core);
    assert_int_equal(eddy_dgram_local_addr(pair.a, &addr), EDDY_LOOP_GONE);
    assert_int_equal(eddy_dgram_connect(pair.a, &pair.at_b), EDDY_LOOP_GONE);
    assert_int_equal(eddy_dgram_set_broadcast(pair.a, true), EDDY_LOOP_GONE);
    eddy_dgram_free(pair.a);
    assert_int_equal(eddy_dgram_into_fd(pair.b), EDDY_LOOP_GONE);
}

/* ---- mistakes ---- */

static void receive_twice(void *arg)
{
    struct pair pair = pair_new();
    char memory[8];

    (void)arg;
    for (int i = 0; i < 2; i++)
        test_spawn(pair.core, dg, .poll = dg_poll_recv, .dgram = pair.b, .memory = memory,
                   .len = sizeof memory);
    test_settle(pair.core);
}

static void free_while_waiting(void *arg)
{
    struct pair pair = pair_new();
    char memory[8];

    (void)arg;
    test_spawn(pair.core, dg, .poll = dg_poll_recv, .dgram = pair.b, .memory = memory,
               .len = sizeof memory);
    test_settle(pair.core);
    eddy_dgram_free(pair.b);
}

static void send_to_a_name(void *arg)
{
    struct pair pair = pair_new();
    eddy_unix_addr name = {0};
    eddy_datagram datagram = {.name = &name};

    (void)arg;
    (void)dg_send_many(pair.core, pair.b, &datagram, 1);
}

static void mistakes_are_told_apart(void **state)
{
    (void)state;
    assert_dies(receive_twice, NULL, "two tasks would wait for dgram: receive of one object");
    assert_dies(free_while_waiting, NULL, "waits for dgram: receive");
    assert_dies(send_to_a_name, NULL, "to go to a Unix name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_and_source_arrive_and_empty_datagrams_too),
        cmocka_unit_test(connected_sockets_need_no_addresses),
        cmocka_unit_test(without_a_peer_a_send_without_address_fails_and_the_socket_goes_on),
        cmocka_unit_test(futures_send_and_receive_from_memory_of_the_callers),
        cmocka_unit_test(one_that_does_not_fit_is_an_error_and_never_a_shorter_one),
        cmocka_unit_test(one_that_is_too_long_for_the_network_is_refused_and_the_next_is_not),
        cmocka_unit_test(a_datagram_wakes_the_task_that_waits),
        cmocka_unit_test(one_task_receives_while_another_sends),
        cmocka_unit_test(a_connected_socket_hears_its_peer_alone),
        cmocka_unit_test(once_disconnected_it_hears_everybody_at_the_same_port),
        cmocka_unit_test(nobody_at_the_port_is_told_once_and_the_socket_lives),
        cmocka_unit_test(an_error_wakes_who_waits_to_receive),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(a_freed_socket_gives_its_port_and_descriptor_back),
        cmocka_unit_test(what_is_taken_out_keeps_its_datagrams_and_can_be_taken_over),
        cmocka_unit_test(sockets_outlive_their_loop),
        cmocka_unit_test(mistakes_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
