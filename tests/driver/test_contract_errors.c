/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_contract_errors.c - driver.h, the errors of each verb that are not about time: which number
 * comes, where it comes, and that it comes once. Resets are in test_contract_send.c and _receive.c,
 * refused connects in test_contract_connect.c, descriptors that ran out in test_contract_accept.c.
 */
#include "support/driver_world.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { MUCH = 1 << 20, RETURNS_MAX = 5 };

static void attach_unconnected(world *w, side *s)
{
    side_init(s);
    side_attach(w, s, plain_socket(w), EDDY__SLOT_STREAM);
}

/* ---- attach, and no memory ---- */

static void attaching_without_memory_fails_and_the_descriptor_stays_the_callers(void **state)
{
    int fds[2], open_before;
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    plain_pair(&w, fds);
    open_before = plain_count(&w);
    side_init(&s);
    w.no_memory = true;
    assert_int_equal(w.type->attach(w.driver, &s.slot, fds[0], EDDY__SLOT_STREAM), -ENOMEM);
    w.no_memory = false;
    assert_int_equal(plain_count(&w), open_before);
    s.peer = fds[1];
    side_attach(&w, &s, fds[0], EDDY__SLOT_STREAM);
    side_credit(&w, &s, MUCH);
    plain_write(&w, s.peer, "all the same", 12);
    WORLD_UNTIL(&w, s.len == 12);
    side_finish(&w, &s);
    world_close(&w);
}

/* Everything after attach() must do without memory, or wait for it. */
static void without_memory_what_was_attached_works_on_or_waits(void **state)
{
    char answer[8];
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    w.no_memory = true;
    side_credit(&w, &s, MUCH);
    plain_write(&w, s.peer, "ask", 3);
    world_settle(&w);
    assert_int_equal(side_send_wait(&w, &s, "answer", 6), 6);
    assert_int_equal(plain_recv(&w, s.peer, answer, sizeof answer), 6);
    assert_true(world_returns(&w) <= RETURNS_MAX);
    assert_null(strchr(s.order, 'R'));
    w.no_memory = false;
    WORLD_UNTIL(&w, s.len == 3);
    side_finish(&w, &s);
    world_close(&w);
}

static void without_memory_what_was_attached_ends(void **state)
{
    static unsigned char data[256 * 1024];
    side s[4];
    world w;

    (void)state;
    world_open(&w, (world_options){0});
    for (size_t i = 0; i < 4; i++)
        side_tcp(&w, &s[i]);
    side_credit(&w, &s[1], MUCH);
    (void)side_block(&w, &s[2], data, sizeof data);
    w.no_memory = true;
    side_credit(&w, &s[3], MUCH);
    for (size_t i = 0; i < 4; i++)
        side_end(&w, &s[i]);
    w.no_memory = false;
    for (size_t i = 0; i < 4; i++)
        side_deinit(&w, &s[i]);
    world_close(&w);
}

/* ---- send ---- */

static void sending_after_shutdown_is_a_broken_pipe_and_receiving_goes_on(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, MUCH);
    assert_int_equal(w.type->shutdown(w.driver, &s.slot), 0);
    assert_int_equal(side_send_wait(&w, &s, "x", 1), -EPIPE);
    assert_int_equal(side_send_wait(&w, &s, "x", 1), -EPIPE);
    plain_write(&w, s.peer, "answer", 6);
    WORLD_UNTIL(&w, s.len == 6);
    assert_null(strchr(s.order, 'R'));
    side_finish(&w, &s);
    world_close(&w);
}

static void sending_on_a_socket_that_was_never_connected_is_a_broken_pipe(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    attach_unconnected(&w, &s);
    assert_int_equal(side_send_wait(&w, &s, "x", 1), -EPIPE);
    side_finish(&w, &s);
    world_close(&w);
}

/* An error of sending comes from the send; the end or the error of receiving is told besides. */
static void a_send_after_a_reset_is_a_broken_pipe_and_so_is_each_after_it(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, MUCH);
    plain_reset(&w, s.peer);
    s.peer = -1;
    WORLD_UNTIL(&w, strchr(s.order, 'R') != NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(side_send_wait(&w, &s, "x", 1), -EPIPE);
    world_settle(&w);
    assert_int_equal(s.error, -ECONNRESET);
    assert_ptr_equal(strchr(s.order, 'R'), strrchr(s.order, 'R'));
    side_finish(&w, &s);
    world_close(&w);
}

/* ---- shutdown ---- */

static void shutdown_of_a_socket_that_was_never_connected_is_an_error(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    attach_unconnected(&w, &s);
    assert_int_equal(w.type->shutdown(w.driver, &s.slot), -ENOTCONN);
    side_finish(&w, &s);
    world_close(&w);
}

static void shutdown_twice_is_no_error_and_one_end(void **state)
{
    char byte;
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    assert_int_equal(w.type->shutdown(w.driver, &s.slot), 0);
    assert_int_equal(w.type->shutdown(w.driver, &s.slot), 0);
    assert_int_equal(plain_recv(&w, s.peer, &byte, 1), 0);
    side_finish(&w, &s);
    world_close(&w);
}

static void shutdown_after_a_reset_is_an_error(void **state)
{
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    side_credit(&w, &s, MUCH);
    plain_reset(&w, s.peer);
    s.peer = -1;
    WORLD_UNTIL(&w, strchr(s.order, 'R') != NULL);
    assert_int_equal(w.type->shutdown(w.driver, &s.slot), -ENOTCONN);
    side_finish(&w, &s);
    world_close(&w);
}

/* ---- connect ---- */

static void connect_fails(world *w, side *s, const eddy_addr *to)
{
    w->type->connect(w->driver, &s->slot, to);
    assert_string_equal(s->order, "");
    WORLD_UNTIL(w, s->connected != 1);
    assert_true(world_returns(w) <= RETURNS_MAX);
    assert_string_equal(s->order, "C");
}

/* A group can be connected to by nobody: the kernel has no way there, whatever its routes. */
static void connecting_where_no_way_leads_is_unreachable(void **state)
{
    const eddy_addr to = eddy_addr_ipv4(224, 0, 0, 1, 80);
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    attach_unconnected(&w, &s);
    connect_fails(&w, &s, &to);
    assert_int_equal(s.connected, -ENETUNREACH);
    side_finish(&w, &s);
    world_close(&w);
}

static void connecting_twice_is_an_error_and_leaves_the_connection(void **state)
{
    eddy_addr to;
    world w;
    side s;

    (void)state;
    world_open(&w, (world_options){0});
    side_tcp(&w, &s);
    assert_int_equal(w.driver->system->type->peer_addr(w.driver->system, s.slot.fd, &to), 0);
    connect_fails(&w, &s, &to);
    assert_int_equal(s.connected, -EISCONN);
    side_finish(&w, &s);
    world_close(&w);
}

/* All ports but one are taken away from the socket, and that one is in use. */
static void connecting_without_a_free_port_is_address_not_available(void **state)
{
    enum { IP_LOCAL_PORTS = 51 }; /* IP_LOCAL_PORT_RANGE */
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    eddy_addr to = eddy_addr_ipv4_loopback(0);
    side listener, s;
    world w;
    int client;
    uint32_t range;

    (void)state;
    world_open(&w, (world_options){0});
    to.port = side_listen(&w, &listener, 4);
    client = plain_connect(&w, to.port);
    assert_int_equal(getsockname(client, (struct sockaddr *)&at, &size), 0);
    range = (uint32_t)ntohs(at.sin_port) << 16 | ntohs(at.sin_port);
    attach_unconnected(&w, &s);
    if (setsockopt(s.slot.fd, IPPROTO_IP, IP_LOCAL_PORTS, &range, sizeof range) == 0) {
        connect_fails(&w, &s, &to);
        assert_int_equal(s.connected, -EADDRNOTAVAIL);
    } else {
        print_message("this kernel is older than 6.3: a socket's ports cannot be limited\n");
    }
    plain_close(&w, client);
    side_finish(&w, &s);
    side_finish(&w, &listener);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest everywhere[] = {
        cmocka_unit_test(attaching_without_memory_fails_and_the_descriptor_stays_the_callers),
        cmocka_unit_test(without_memory_what_was_attached_works_on_or_waits),
        cmocka_unit_test(without_memory_what_was_attached_ends),
        cmocka_unit_test(sending_after_shutdown_is_a_broken_pipe_and_receiving_goes_on),
        cmocka_unit_test(sending_on_a_socket_that_was_never_connected_is_a_broken_pipe),
        cmocka_unit_test(a_send_after_a_reset_is_a_broken_pipe_and_so_is_each_after_it),
        cmocka_unit_test(shutdown_of_a_socket_that_was_never_connected_is_an_error),
        cmocka_unit_test(shutdown_twice_is_no_error_and_one_end),
        cmocka_unit_test(shutdown_after_a_reset_is_an_error),
        cmocka_unit_test(connecting_where_no_way_leads_is_unreachable),
        cmocka_unit_test(connecting_twice_is_an_error_and_leaves_the_connection),
    };
    const struct CMUnitTest kernel[] = {
        cmocka_unit_test(connecting_without_a_free_port_is_address_not_available),
    };

    return WORLD_RUN(everywhere, kernel);
}
