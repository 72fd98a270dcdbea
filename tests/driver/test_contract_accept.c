/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_contract_accept.c - driver.h, listeners: no connection without credit, none lost, and a
 * failure stops accepting until credit() is called.
 */
#include "support/driver_world.h"

#include <errno.h>
#include <sys/socket.h>

enum { CLIENTS = 20, RETURNS_MAX = 5, MUCH = 1 << 20 };

static void clients_connect(world *w, int fds[CLIENTS], uint16_t port)
{
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = plain_connect(w, port);
        plain_write(w, fds[i], &(char){(char)i}, 1);
    }
}

static void clients_close(world *w, int fds[CLIENTS])
{
    for (int i = 0; i < CLIENTS; i++)
        plain_close(w, fds[i]);
}

static void every_client_is_accepted_in_order_non_blocking_and_close_on_exec(void **state)
{
    int clients[CLIENTS];
    world w;
    side s;
    char byte;

    (void)state;
    world_open(&w, (world_options){0});
    clients_connect(&w, clients, side_listen(&w, &s, CLIENTS));
    side_credit(&w, &s, CLIENTS);
    WORLD_UNTIL(&w, s.fds_count == CLIENTS);
    world_settle(&w);
    assert_string_equal(s.order, "A");
    for (int i = 0; i < CLIENTS; i++) {
        assert_true(plain_is_adoptable(&w, s.fds[i]));
        assert_int_equal(plain_recv(&w, s.fds[i], &byte, 1), 1);
        assert_int_equal(byte, i);
    }
    clients_close(&w, clients);
    side_finish(&w, &s);
    world_close(&w);
}

static void a_credit_of_one_gives_one_connection_at_a_time(void **state)
{
    int clients[CLIENTS];
    world w;
    side s;
    char byte;

    (void)state;
    world_open(&w, (world_options){0});
    clients_connect(&w, clients, side_listen(&w, &s, CLIENTS));
    world_settle(&w);
    assert_string_equal(s.order, "");
    for (uint32_t i = 0; i < CLIENTS; i++) {
        assert_true(s.slot.credit <= 0);
        side_credit(&w, &s, 1);
        WORLD_UNTIL(&w, s.fds_count == i + 1);
        world_settle(&w);
        assert_int_equal(s.fds_count, i + 1);
        assert_int_equal(plain_recv(&w, s.fds[i], &byte, 1), 1);
        assert_int_equal(byte, i);
    }
    clients_close(&w, clients);
    side_finish(&w, &s);
    world_close(&w);
}

static void clients_that_wait_for_credit_do_not_spin(void **state)
{
    int clients[CLIENTS];
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    clients_connect(&w, clients, side_listen(&w, &s, CLIENTS));
    side_credit(&w, &s, 1);
    WORLD_UNTIL(&w, s.fds_count == 1);
    assert_true(world_returns(&w) <= RETURNS_MAX);
    clients_close(&w, clients);
    side_finish(&w, &s);
    world_close(&w);
}

static void no_descriptor_left_stops_accepting_until_credit_and_nothing_else(void **state)
{
    world w;
    side s, other;
    int client;
    uint64_t limit;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &other);
    side_credit(&w, &other, MUCH);
    client = plain_connect(&w, side_listen(&w, &s, CLIENTS));
    limit = plain_forbid_descriptors(&w);
    side_credit(&w, &s, 5);
    WORLD_UNTIL(&w, s.accept_error != 0);
    assert_int_equal(s.accept_error, -EMFILE);
    assert_true(world_returns(&w) <= RETURNS_MAX);
    assert_string_equal(s.order, "F");
    plain_write(&w, other.peer, "still here", 10);
    WORLD_UNTIL(&w, other.len == 10);
    plain_allow_descriptors(&w, limit);
    world_settle(&w);
    assert_string_equal(s.order, "F");
    w.type->credit(w.driver, &s.slot);
    WORLD_UNTIL(&w, s.fds_count == 1);
    assert_string_equal(s.order, "FA");
    assert_int_equal(s.slot.credit, 4);
    plain_close(&w, client);
    side_finish(&w, &other);
    side_finish(&w, &s);
    world_close(&w);
}

static void a_listener_that_was_shut_down_fails_and_does_not_spin(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    (void)side_listen(&w, &s, CLIENTS);
    side_credit(&w, &s, 5);
    world_settle(&w);
    assert_int_equal(shutdown(s.slot.fd, SHUT_RDWR), 0);
    WORLD_UNTIL(&w, s.accept_error != 0);
    assert_int_equal(s.accept_error, -EINVAL);
    assert_true(world_returns(&w) <= RETURNS_MAX);
    assert_string_equal(s.order, "F");
    side_finish(&w, &s);
    world_close(&w);
}

static void detach_of_an_armed_listener_loses_no_descriptor(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    for (int waits = 0; waits < 4; waits++) {
        int fds = plain_count(&w), client;
        uint16_t port = side_listen(&w, &s, CLIENTS);

        side_credit(&w, &s, 1 + waits % 2);
        for (int i = 0; i < waits; i++)
            (void)world_wait(&w, 0);
        client = plain_connect(&w, port);
        side_finish(&w, &s);
        plain_close(&w, client);
        assert_int_equal(plain_count(&w), fds);
    }
    world_close(&w);
}

static void a_client_that_resets_before_it_is_accepted_stops_nobody(void **state)
{
    world w;
    side s;
    uint16_t port;
    int second;

    (void)state;
    world_open(&w, (world_options){0});
    port = side_listen(&w, &s, CLIENTS);
    plain_reset(&w, plain_connect(&w, port));
    second = plain_connect(&w, port);
    side_credit(&w, &s, 5);
    WORLD_UNTIL(&w, s.fds_count + (s.accept_error != 0) >= 1);
    if (s.accept_error != 0)
        w.type->credit(w.driver, &s.slot);
    WORLD_UNTIL(&w, s.fds_count + (s.accept_error != 0) >= 2);
    plain_close(&w, second);
    side_finish(&w, &s);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(every_client_is_accepted_in_order_non_blocking_and_close_on_exec),
        cmocka_unit_test(a_credit_of_one_gives_one_connection_at_a_time),
        cmocka_unit_test(clients_that_wait_for_credit_do_not_spin),
        cmocka_unit_test(no_descriptor_left_stops_accepting_until_credit_and_nothing_else),
        cmocka_unit_test(detach_of_an_armed_listener_loses_no_descriptor),
        cmocka_unit_test(a_client_that_resets_before_it_is_accepted_stops_nobody),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(a_listener_that_was_shut_down_fails_and_does_not_spin),
    };

    return WORLD_RUN(everywhere, kernel);
}
