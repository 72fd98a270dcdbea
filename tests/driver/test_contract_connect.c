/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_contract_connect.c - driver.h, the verb connect: one EDDY__CONNECTED for each, success only
 * when it is one; a connect that is given up ends like anything else.
 */
#include "support/driver_world.h"

#include <errno.h>
#include <string.h>

enum { MUCH = 1 << 20, RETURNS_MAX = 5 };

static void connect_to(world *w, side *s, uint16_t port)
{
    eddy_addr to = {.family = EDDY_ADDR_IPV4, .port = port, .ip = {127, 0, 0, 1}};
    int fd = plain_socket(w);

    assert_true(fd >= 0);
    side_init(s);
    side_attach(w, s, fd, EDDY__SLOT_STREAM);
    w->type->connect(w->driver, &s->slot, &to);
}

/* Nobody listens there, and it is none of those that the system gives away: one of these may be
 * taken by another program meanwhile, or be the connecting socket's own. */
enum { NOBODYS_PORT = 1 };

static void connecting_to_a_listener_succeeds_once_and_carries_bytes(void **state)
{
    world w;
    side listener, s;
    uint16_t port;

    (void)state;
    world_open(&w, (world_options){0});
    port = side_listen(&w, &listener, 10);
    side_credit(&w, &listener, 10);
    for (uint32_t i = 0; i < 10; i++) {
        connect_to(&w, &s, port);
        WORLD_UNTIL(&w, s.connected != 1 && listener.fds_count == i + 1);
        assert_int_equal(s.connected, 0);
        s.peer = listener.fds[i];
        listener.fds[i] = -1;
        side_credit(&w, &s, MUCH);
        plain_write(&w, s.peer, "welcome", 7);
        WORLD_UNTIL(&w, s.len == 7);
        assert_int_equal(side_send_wait(&w, &s, "thanks", 6), 6);
        world_settle(&w);
        assert_string_equal(strchr(s.order, 'B')[1] == 'S' ? "CBS" : "CB", s.order);
        side_finish(&w, &s);
    }
    side_finish(&w, &listener);
    world_close(&w);
}

static void credit_before_the_connect_has_finished_is_no_harm(void **state)
{
    world w;
    side listener, s;
    uint16_t port;

    (void)state;
    world_open(&w, (world_options){0});
    port = side_listen(&w, &listener, 10);
    side_credit(&w, &listener, 10);
    connect_to(&w, &s, port);
    side_credit(&w, &s, MUCH);
    side_watch(&w, &s);
    WORLD_UNTIL(&w, listener.fds_count == 1);
    plain_write(&w, listener.fds[0], "first", 5);
    WORLD_UNTIL(&w, s.len == 5);
    assert_string_equal(s.order, "CB");
    assert_int_equal(s.connected, 0);
    side_finish(&w, &s);
    side_finish(&w, &listener);
    world_close(&w);
}

static void connecting_where_nobody_listens_is_refused_once(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    for (int i = 0; i < 10; i++) {
        connect_to(&w, &s, NOBODYS_PORT);
        if (i % 2 != 0)
            side_credit(&w, &s, MUCH);
        WORLD_UNTIL(&w, s.connected != 1);
        assert_int_equal(s.connected, -ECONNREFUSED);
        assert_true(world_returns(&w) <= RETURNS_MAX);
        assert_string_equal(s.order, "C");
        side_finish(&w, &s);
    }
    world_close(&w);
}

static void a_listener_that_closes_at_once_gives_a_stream_that_ends(void **state)
{
    world w;
    side listener, s;
    uint16_t port;

    (void)state;
    world_open(&w, (world_options){0});
    for (int i = 0; i < 10; i++) {
        port = side_listen(&w, &listener, 10);
        connect_to(&w, &s, port);
        side_credit(&w, &s, MUCH);
        if (i % 2 != 0)
            WORLD_UNTIL(&w, s.connected != 1);
        side_finish(&w, &listener);
        WORLD_UNTIL(&w, s.connected < 0 || strpbrk(s.order, "ER") != NULL);
        world_settle(&w);
        assert_int_equal(s.order[0], 'C');
        /* Refused, too: a driver may begin to connect in its next wait. */
        assert_true(s.connected == 0 || s.connected == -ECONNRESET || s.connected == -ECONNREFUSED);
        assert_int_equal(strlen(s.order), s.connected == 0 ? 2 : 1);
        side_finish(&w, &s);
    }
    world_close(&w);
}

static void an_accepted_stream_that_is_closed_at_once_ends(void **state)
{
    world w;
    side listener, s;
    uint16_t port;

    (void)state;
    world_open(&w, (world_options){0});
    port = side_listen(&w, &listener, 10);
    side_credit(&w, &listener, 1);
    connect_to(&w, &s, port);
    side_credit(&w, &s, MUCH);
    WORLD_UNTIL(&w, listener.fds_count == 1);
    plain_close(&w, listener.fds[0]);
    listener.fds_count = 0;
    WORLD_UNTIL(&w, strchr(s.order, 'E') != NULL);
    world_settle(&w);
    assert_string_equal(s.order, "CE");
    assert_int_equal(s.connected, 0);
    side_finish(&w, &s);
    side_finish(&w, &listener);
    world_close(&w);
}

static void a_connect_can_be_given_up_at_any_moment(void **state)
{
    world w;
    side listener, s;
    uint16_t port;

    (void)state;
    world_open(&w, (world_options){0});
    port = side_listen(&w, &listener, 100);
    for (int waits = 0; waits < 4; waits++) {
        int fds = plain_count(&w);

        connect_to(&w, &s, port);
        for (int i = 0; i < waits; i++)
            (void)world_wait(&w, 0);
        side_finish(&w, &s);
        connect_to(&w, &s, NOBODYS_PORT);
        for (int i = 0; i < waits; i++)
            (void)world_wait(&w, 0);
        side_finish(&w, &s);
        assert_int_equal(plain_count(&w), fds);
    }
    side_finish(&w, &listener);
    world_close(&w);
}

/* A full backlog swallows the SYN: the connect hangs for as long as the test likes. */
static void a_connect_that_hangs_does_not_spin_and_can_be_given_up(void **state)
{
    world w;
    side listener, s[4];
    uint16_t port;
    size_t hanging = 0;

    (void)state;
    world_open(&w, (world_options){0});
    port = side_listen(&w, &listener, 0);
    for (size_t i = 0; i < 4; i++) {
        connect_to(&w, &s[i], port);
        world_settle(&w);
    }
    assert_true(world_returns(&w) <= 4 + RETURNS_MAX);
    for (size_t i = 0; i < 4; i++)
        hanging += s[i].connected == 1;
    assert_true(hanging > 0);
    for (size_t i = 0; i < 4; i++)
        side_finish(&w, &s[i]);
    side_finish(&w, &listener);
    world_close(&w);
}

static void an_address_that_does_not_fit_fails_as_a_result(void **state)
{
    eddy_addr ipv6 = {.family = EDDY_ADDR_IPV6, .port = 1, .ip = {[15] = 1}};
    eddy_addr none = {0};
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    for (int i = 0; i < 2; i++) {
        int fd = plain_socket(&w);

        side_init(&s);
        side_attach(&w, &s, fd, EDDY__SLOT_STREAM);
        w.type->connect(w.driver, &s.slot, i == 0 ? &ipv6 : &none);
        assert_string_equal(s.order, "");
        WORLD_UNTIL(&w, s.connected != 1);
        assert_true(s.connected < 0);
        assert_string_equal(s.order, "C");
        side_finish(&w, &s);
    }
    world_close(&w);
}

static void reading_from_a_socket_that_was_never_connected_is_one_error(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_init(&s);
    side_attach(&w, &s, plain_socket(&w), EDDY__SLOT_STREAM);
    side_credit(&w, &s, MUCH);
    WORLD_UNTIL(&w, s.events != 0);
    assert_true(world_returns(&w) <= RETURNS_MAX);
    assert_string_equal(s.order, "R");
    assert_int_equal(s.error, -ENOTCONN);
    side_finish(&w, &s);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connecting_to_a_listener_succeeds_once_and_carries_bytes),
        cmocka_unit_test(credit_before_the_connect_has_finished_is_no_harm),
        cmocka_unit_test(connecting_where_nobody_listens_is_refused_once),
        cmocka_unit_test(a_listener_that_closes_at_once_gives_a_stream_that_ends),
        cmocka_unit_test(an_accepted_stream_that_is_closed_at_once_ends),
        cmocka_unit_test(a_connect_can_be_given_up_at_any_moment),
        cmocka_unit_test(a_connect_that_hangs_does_not_spin_and_can_be_given_up),
        cmocka_unit_test(an_address_that_does_not_fit_fails_as_a_result),
        cmocka_unit_test(reading_from_a_socket_that_was_never_connected_is_one_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
