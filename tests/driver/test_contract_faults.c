/* SPDX-License-Identifier: MIT */
/* eddy-test: sim */
/*
 * test_contract_faults.c - driver.h, the errors that a kernel gives only when its machine or its
 * network is in trouble: the simulated system gives them when asked. How an event tells them is the
 * same for every driver, so what is said here of one holds for all.
 */
#include "support/driver_world.h"

#include <errno.h>
#include <string.h>

enum { MUCH = 1 << 20, RETURNS_MAX = 5, PART = 256 * 1024 };

static eddy__sim_host *host_of(world *w)
{
    return w->driver->cpu->host;
}

/* Nothing gets through from now on, or everything again. */
static void cut(world *w, bool on)
{
    eddy__sim_link *link = eddy__sim_link_get(host_of(w), host_of(w));

    assert_non_null(link);
    link->cut_until_ns = on ? EDDY_FOREVER : 0;
}

static void connect_to(world *w, side *s, eddy_addr to)
{
    side_init(s);
    side_attach(w, s, plain_socket(w), EDDY__SLOT_STREAM);
    w->type->connect(w->driver, &s->slot, &to);
}

/* As WORLD_UNTIL, for what takes minutes of virtual time. */
#define PATIENTLY_UNTIL(w, condition)                                                              \
    do {                                                                                           \
        int waits = 0;                                                                             \
        while (!(condition)) {                                                                     \
            assert_true(waits++ < 1000);                                                           \
            (void)world_wait(w, world_now(w) + 3600 * EDDY_SECOND);                                \
        }                                                                                          \
    } while (0)

/* ---- accepting ---- */

/* A connection that was aborted is no more; the other errors leave it where it is. */
static void accept_fails(int error)
{
    world w;
    side listener;
    int clients[3];
    uint16_t port;

    world_open(&w, (world_options){0});
    port = side_listen(&w, &listener, 8);
    host_of(&w)->accept_error = error;
    host_of(&w)->accept_errors = 2;
    for (int i = 0; i < 3; i++)
        clients[i] = plain_connect(&w, port);
    side_credit(&w, &listener, 5);
    for (uint32_t fails = 1; fails <= 2; fails++) {
        WORLD_UNTIL(&w, listener.events == fails);
        assert_int_equal(listener.accept_error, error);
        assert_int_equal(listener.slot.credit, 5);
        assert_true(world_returns(&w) <= RETURNS_MAX);
        assert_int_equal(listener.events, fails);
        w.type->credit(w.driver, &listener.slot);
    }
    WORLD_UNTIL(&w, listener.fds_count == (error == -ECONNABORTED ? 1 : 3));
    assert_string_equal(listener.order, "FFA");
    for (int i = 0; i < 3; i++)
        plain_close(&w, clients[i]);
    side_finish(&w, &listener);
    world_close(&w);
}

static void every_error_of_accept_is_told_once_and_stops_until_credit(void **state)
{
    static const int errors[] = {-EMFILE, -ENFILE, -ENOBUFS, -ENOMEM, -ECONNABORTED};

    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        accept_fails(errors[i]);
}

/* ---- connecting ---- */

static void every_error_of_connect_is_its_result(void **state)
{
    static const int errors[] = {-ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH};
    world w;
    side listener, s;
    eddy_addr to;
    uint16_t port;

    (void)state;
    world_open(&w, (world_options){0});
    port = side_listen(&w, &listener, 8);
    to = host_of(&w)->addr;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        host_of(&w)->refuse = errors[i]; /* whoever comes by the network's address */
        to.port = port;
        connect_to(&w, &s, to);
        WORLD_UNTIL(&w, s.connected != 1);
        assert_int_equal(s.connected, errors[i]);
        assert_true(world_returns(&w) <= RETURNS_MAX);
        assert_string_equal(s.order, "C");
        side_finish(&w, &s);
    }
    host_of(&w)->refuse = 0;
    connect_to(&w, &s, eddy_addr_ipv4_loopback(port));
    WORLD_UNTIL(&w, s.connected == 0);
    side_finish(&w, &s);
    side_finish(&w, &listener);
    world_close(&w);
}

static void a_connect_that_nobody_answers_times_out_once(void **state)
{
    world w;
    side listener, s;
    uint16_t port;

    (void)state;
    world_open(&w, (world_options){0});
    port = side_listen(&w, &listener, 8);
    cut(&w, true);
    connect_to(&w, &s, eddy_addr_ipv4_loopback(port));
    PATIENTLY_UNTIL(&w, s.connected != 1);
    assert_int_equal(s.connected, -ETIMEDOUT);
    world_settle(&w);
    assert_string_equal(s.order, "C");
    cut(&w, false);
    side_finish(&w, &s);
    side_finish(&w, &listener);
    world_close(&w);
}

/* ---- a network that is no more ---- */

/* Nobody hears what was sent. The sender is told by his stream's error when he reads. */
static void a_peer_that_is_silent_for_too_long_is_a_time_out(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, MUCH);
    cut(&w, true);
    assert_int_equal(side_send(&w, &s, "anybody?", 8), 8);
    PATIENTLY_UNTIL(&w, strchr(s.order, 'R') != NULL);
    assert_int_equal(s.error, -ETIMEDOUT);
    world_settle(&w);
    assert_string_equal(s.order, "R");
    assert_true(side_send_wait(&w, &s, "x", 1) < 0);
    cut(&w, false);
    side_finish(&w, &s);
    world_close(&w);
}

static void a_send_that_is_blocked_by_a_silent_peer_times_out_once(void **state)
{
    static unsigned char data[PART];
    uint32_t sents;
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    (void)side_block(&w, &s, data, sizeof data);
    sents = s.sents;
    cut(&w, true);
    PATIENTLY_UNTIL(&w, s.sents != sents);
    assert_true(s.sent == -ETIMEDOUT || s.sent >= 0);
    side_credit(&w, &s, MUCH);
    PATIENTLY_UNTIL(&w, strchr(s.order, 'R') != NULL);
    assert_int_equal(s.error, -ETIMEDOUT);
    assert_int_equal(s.sents, sents + 1);
    cut(&w, false);
    side_finish(&w, &s);
    world_close(&w);
}

/* What was sent meanwhile is sent again. */
static void a_network_that_is_cut_for_a_while_loses_nothing(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, MUCH);
    cut(&w, true);
    plain_write(&w, s.peer, "through", 7);
    assert_true(world_returns(&w) <= RETURNS_MAX);
    assert_int_equal(s.len, 0);
    cut(&w, false);
    PATIENTLY_UNTIL(&w, s.len == 7);
    assert_string_equal(s.order, "B");
    side_finish(&w, &s);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_of_accept_is_told_once_and_stops_until_credit),
        cmocka_unit_test(every_error_of_connect_is_its_result),
        cmocka_unit_test(a_connect_that_nobody_answers_times_out_once),
        cmocka_unit_test(a_peer_that_is_silent_for_too_long_is_a_time_out),
        cmocka_unit_test(a_send_that_is_blocked_by_a_silent_peer_times_out_once),
        cmocka_unit_test(a_network_that_is_cut_for_a_while_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
