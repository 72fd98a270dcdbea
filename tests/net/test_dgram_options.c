/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_dgram_options.c - options as the kernel has them, and what they change.
 */
#include "dgrams.h"

#include "eddy/dgram_multicast.h"

static void check_options(eddy_addr any)
{
    eddy_core *core = test_core();
    eddy_addr at;
    eddy_dgram *dgram = dg_bind_with(core, any, (eddy_dgram_options){0}, &at);
    uint32_t number = 0;
    uint8_t class = 0;
    size_t bytes = 0;
    bool on = false;

    assert_int_equal(eddy_dgram_set_broadcast(dgram, true), 0);
    assert_int_equal(eddy_dgram_broadcast(dgram, &on), 0);
    assert_true(on);
    assert_int_equal(eddy_dgram_set_ttl(dgram, 33), 0);
    assert_int_equal(eddy_dgram_ttl(dgram, &number), 0);
    assert_int_equal(number, 33);
    assert_int_equal(eddy_dgram_set_ttl(dgram, 0), -EINVAL);
    assert_int_equal(eddy_dgram_set_ttl(dgram, 256), -EINVAL);
    assert_int_equal(eddy_dgram_set_traffic_class(dgram, 0xb8), 0);
    assert_int_equal(eddy_dgram_traffic_class(dgram, &class), 0);
    assert_int_equal(class, 0xb8);
    assert_int_equal(eddy_dgram_set_multicast_ttl(dgram, 7), 0);
    assert_int_equal(eddy_dgram_multicast_ttl(dgram, &number), 0);
    assert_int_equal(number, 7);
    assert_int_equal(eddy_dgram_set_multicast_ttl(dgram, 256), -EINVAL);
    assert_int_equal(eddy_dgram_multicast_loop(dgram, &on), 0);
    assert_true(on);
    assert_int_equal(eddy_dgram_set_multicast_loop(dgram, false), 0);
    assert_int_equal(eddy_dgram_multicast_loop(dgram, &on), 0);
    assert_false(on);
    assert_int_equal(eddy_dgram_multicast_interface(dgram, &number), 0);
    assert_int_equal(number, 0);
    assert_int_equal(eddy_dgram_set_multicast_interface(dgram, loopback()), 0);
    assert_int_equal(eddy_dgram_multicast_interface(dgram, &number), 0);
    assert_int_equal(number, loopback());
    assert_true(eddy_dgram_set_multicast_interface(dgram, 1000000) < 0);
    assert_int_equal(eddy_dgram_tell_local(dgram, &on), 0);
    assert_false(on);
    assert_int_equal(eddy_dgram_set_tell_local(dgram, true), 0);
    assert_int_equal(eddy_dgram_tell_local(dgram, &on), 0);
    assert_true(on);
    assert_int_equal(eddy_dgram_set_tell_class(dgram, true), 0);
    assert_int_equal(eddy_dgram_tell_class(dgram, &on), 0);
    assert_true(on);
    assert_int_equal(eddy_dgram_set_recv_buffer(dgram, 0), -EINVAL);
    assert_int_equal(eddy_dgram_set_recv_buffer(dgram, 100000), 0);
    assert_int_equal(eddy_dgram_recv_buffer(dgram, &bytes), 0);
    assert_true(bytes >= 100000);
    assert_int_equal(eddy_dgram_set_send_buffer(dgram, 100000), 0);
    assert_int_equal(eddy_dgram_send_buffer(dgram, &bytes), 0);
    assert_true(bytes >= 100000);
    eddy_dgram_free(dgram);
    test_core_end(core);
}

static void options_are_read_as_they_were_set(void **state)
{
    (void)state;
    check_options(eddy_addr_ipv4_any(0));
    check_options(eddy_addr_ipv6_any(0));
}

static void an_address_is_shared_only_by_who_asks_for_it(void **state)
{
    eddy_core *core = test_core();
    eddy_addr at, second_at;
    eddy_dgram *first = dg_bind_with(core, eddy_addr_ipv4_loopback(0),
                                     (eddy_dgram_options){.reuse_port = true}, &at);
    eddy_dgram *second =
        dg_bind_with(core, at, (eddy_dgram_options){.reuse_port = true}, &second_at);
    eddy_dgram *third = NULL;
    bool on = false;

    (void)state;
    assert_addr(&at, &second_at);
    assert_int_equal(eddy_dgram_reuse_port(first, &on), 0);
    assert_true(on);
    assert_int_equal(eddy_dgram_reuse_address(first, &on), 0);
    assert_false(on);
    assert_int_equal(eddy_dgram_bind(eddy_core_handle(core), &at, NULL, &third), -EADDRINUSE);
    eddy_dgram_free(first);
    eddy_dgram_free(second);
    test_core_end(core);
}

static void an_ipv6_socket_serves_ipv4_as_it_is_told(void **state)
{
    eddy_core *core = test_core();
    eddy_addr at;
    eddy_dgram *only = dg_bind_with(core, eddy_addr_ipv6_any(0),
                                    (eddy_dgram_options){.dual_stack = EDDY_DUAL_STACK_OFF}, &at);
    eddy_dgram *both = dg_bind_with(core, eddy_addr_ipv6_any(0),
                                    (eddy_dgram_options){.dual_stack = EDDY_DUAL_STACK_ON}, &at);
    eddy_addr target = eddy_addr_ipv4_loopback(at.port), sender_at, from;
    eddy_dgram *sender = dg_bind(core, &sender_at);
    bool on = false;
    char memory[8];

    (void)state;
    assert_int_equal(eddy_dgram_only_v6(only, &on), 0);
    assert_true(on);
    assert_int_equal(eddy_dgram_only_v6(both, &on), 0);
    assert_false(on);
    assert_int_equal(dg_send(core, sender, "four", 4, &target), 4);
    assert_int_equal(dg_recv(core, both, memory, sizeof memory, &from), 4);
    assert_int_equal(from.family, EDDY_ADDR_IPV6);
    assert_int_equal(from.port, sender_at.port);
    assert_int_equal(dg_send(core, both, "back", 4, &from), 4);
    assert_int_equal(dg_recv(core, sender, memory, sizeof memory, &from), 4);
    eddy_dgram_free(only);
    eddy_dgram_free(both);
    eddy_dgram_free(sender);
    test_core_end(core);
}

static void a_broadcast_has_to_be_allowed(void **state)
{
    eddy_core *core = test_core();
    eddy_addr at, target = address("127.255.255.255:0");
    eddy_dgram *dgram = dg_bind_with(core, eddy_addr_ipv4_any(0), (eddy_dgram_options){0}, &at);
    char memory[8];

    (void)state;
    target.port = at.port;
    assert_int_equal(dg_send(core, dgram, "x", 1, &target), -EACCES);
    assert_int_equal(eddy_dgram_set_broadcast(dgram, true), 0);
    assert_int_equal(dg_send(core, dgram, "x", 1, &target), 1);
    assert_int_equal(dg_recv(core, dgram, memory, sizeof memory, NULL), 1);
    eddy_dgram_free(dgram);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read_as_they_were_set),
        cmocka_unit_test(an_address_is_shared_only_by_who_asks_for_it),
        cmocka_unit_test(an_ipv6_socket_serves_ipv4_as_it_is_told),
        cmocka_unit_test(a_broadcast_has_to_be_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
