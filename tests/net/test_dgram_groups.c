/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers */
/*
 * test_dgram_groups.c - groups, of both families, on interfaces of this machine.
 */
#include "dgrams.h"

#include "eddy/dgram_multicast.h"

/* One that hears the group on the loopback interface. */
static eddy_dgram *member(eddy_core *core, eddy_addr any, const eddy_multicast *group,
                          eddy_addr *at)
{
    eddy_dgram *dgram = dg_bind_with(
        core, any, (eddy_dgram_options){.reuse_address = true, .tell_local = true}, at);

    assert_int_equal(eddy_dgram_join(dgram, group), 0);
    return dgram;
}

/* A datagram to `where`, by the interface. */
static void check_group(eddy_addr any, const char *where, uint32_t interface_index)
{
    eddy_core *core = test_core();
    const eddy_multicast group = {.group = address(where), .interface_index = interface_index};
    eddy_addr at, second_at, sender_at, target, told;
    eddy_dgram *first = member(core, any, &group, &at);
    eddy_dgram *second = member(core, with_port(any, at.port), &group, &second_at);
    eddy_dgram *sender = dg_bind_with(core, any, (eddy_dgram_options){0}, &sender_at);
    eddy_datagram datagram;
    char memory[8];

    target = with_port(group.group, at.port);
    assert_int_equal(eddy_dgram_set_multicast_interface(sender, interface_index), 0);
    assert_int_equal(dg_send(core, sender, "all", 3, &target), 3);
    datagram = recv_one(core, first, memory, sizeof memory);
    told = datagram.local;
    told.scope_id = 0;
    assert_addr(&told, &group.group);
    assert_int_equal(datagram.interface_index, interface_index);
    assert_int_equal(recv_one(core, second, memory, sizeof memory).len, 3);
    assert_int_equal(eddy_dgram_join(second, &group), -EADDRINUSE);
    assert_int_equal(eddy_dgram_leave(second, &group), 0);
    assert_int_equal(eddy_dgram_leave(second, &group), -EADDRNOTAVAIL);
    eddy_dgram_free(first);
    eddy_dgram_free(second);
    eddy_dgram_free(sender);
    test_core_end(core);
}

static void members_of_a_group_hear_what_is_sent_to_it(void **state)
{
    (void)state;
    check_group(eddy_addr_ipv4_any(0), "239.255.7.1:0", loopback());
}

/* An interface that has a route to IPv6 groups; 0: none. Loopback has not. */
static uint32_t with_groups_v6(void)
{
    eddy_addr any = eddy_addr_ipv6_any(0), to = address("[ff01::7:1]:9");
    struct if_nameindex *all = if_nameindex();
    uint32_t found = 0;

    for (struct if_nameindex *it = all; it != NULL && it->if_index != 0 && found == 0; it++) {
        eddy_core *core = test_core();
        eddy_addr at;
        eddy_dgram *dgram = dg_bind_with(core, any, (eddy_dgram_options){0}, &at);

        if (eddy_dgram_set_multicast_interface(dgram, it->if_index) == 0 &&
            dg_send(core, dgram, "", 0, &to) == 0)
            found = it->if_index;
        eddy_dgram_free(dgram);
        test_core_end(core);
    }
    if_freenameindex(all);
    return found;
}

/* Of the scope that does not leave the machine. */
static void members_of_an_ipv6_group_hear_what_is_sent_to_it(void **state)
{
    uint32_t interface_index = with_groups_v6();

    (void)state;
    if (interface_index == 0) {
        print_message("no interface has a route to IPv6 groups\n");
        skip();
    }
    check_group(eddy_addr_ipv6_any(0), "[ff01::7:1]:0", interface_index);
}

static void check_source(eddy_addr any, const char *where, const char *heard, const char *not_heard)
{
    eddy_core *core = test_core();
    const eddy_multicast group = {
        .group = address(where), .source = address(heard), .interface_index = loopback()};
    eddy_addr at, good_at, bad_at, target, from;
    eddy_dgram *dgram = member(core, any, &group, &at);
    eddy_dgram *good = dg_bind_with(core, address(heard), (eddy_dgram_options){0}, &good_at);
    eddy_dgram *bad = dg_bind_with(core, address(not_heard), (eddy_dgram_options){0}, &bad_at);
    char memory[8];

    target = with_port(group.group, at.port);
    assert_int_equal(eddy_dgram_set_multicast_interface(good, loopback()), 0);
    assert_int_equal(eddy_dgram_set_multicast_interface(bad, loopback()), 0);
    assert_int_equal(dg_send(core, bad, "bad", 3, &target), 3);
    assert_int_equal(dg_send(core, good, "good", 4, &target), 4);
    assert_int_equal(dg_recv(core, dgram, memory, sizeof memory, &from), 4);
    assert_addr(&from, &good_at);
    assert_int_equal(eddy_dgram_leave(dgram, &group), 0);
    eddy_dgram_free(dgram);
    eddy_dgram_free(good);
    eddy_dgram_free(bad);
    test_core_end(core);
}

static void a_group_can_be_heard_of_one_source_alone(void **state)
{
    (void)state;
    check_source(eddy_addr_ipv4_any(0), "232.1.7.2:0", "127.0.0.2:0", "127.0.0.3:0");
}

/* The system takes it, and hears only the source then. */
static void a_group_joined_for_anybody_can_be_narrowed_to_a_source(void **state)
{
    eddy_core *core = test_core();
    eddy_multicast group = {.group = address("239.255.7.4:0"), .interface_index = loopback()};
    eddy_addr at, sender_at, target;
    eddy_dgram *dgram = member(core, eddy_addr_ipv4_any(0), &group, &at);
    eddy_dgram *other =
        dg_bind_with(core, address("127.0.0.3:0"), (eddy_dgram_options){0}, &sender_at);
    eddy_dgram *source =
        dg_bind_with(core, address("127.0.0.2:0"), (eddy_dgram_options){0}, &sender_at);
    char memory[8];

    (void)state;
    target = with_port(group.group, at.port);
    assert_int_equal(eddy_dgram_set_multicast_interface(other, loopback()), 0);
    assert_int_equal(eddy_dgram_set_multicast_interface(source, loopback()), 0);
    assert_int_equal(dg_send(core, other, "x", 1, &target), 1);
    assert_int_equal(dg_recv(core, dgram, memory, sizeof memory, NULL), 1);
    group.source = address("127.0.0.2:0");
    assert_int_equal(eddy_dgram_join(dgram, &group), 0);
    assert_int_equal(dg_send(core, other, "x", 1, &target), 1);
    assert_int_equal(dg_send(core, source, "yz", 2, &target), 2);
    assert_int_equal(dg_recv(core, dgram, memory, sizeof memory, NULL), 2);
    eddy_dgram_free(dgram);
    eddy_dgram_free(other);
    eddy_dgram_free(source);
    test_core_end(core);
}

static void a_group_must_be_one_and_of_one_family(void **state)
{
    eddy_core *core = test_core();
    eddy_addr at;
    eddy_dgram *dgram = dg_bind(core, &at);
    eddy_multicast group = {.interface_index = loopback()};

    (void)state;
    assert_int_equal(eddy_dgram_join(dgram, &group), -EINVAL);
    group.group = address("10.0.0.1:0");
    assert_int_equal(eddy_dgram_join(dgram, &group), -EINVAL);
    group.group = address("239.255.7.3:0");
    group.source = eddy_addr_ipv6_loopback(0);
    assert_int_equal(eddy_dgram_join(dgram, &group), -EINVAL);
    group.source = (eddy_addr){0};
    group.interface_index = 1000000;
    assert_int_equal(eddy_dgram_join(dgram, &group), -ENODEV);
    eddy_dgram_free(dgram);
    test_core_end(core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_of_a_group_hear_what_is_sent_to_it),
        cmocka_unit_test(members_of_an_ipv6_group_hear_what_is_sent_to_it),
        cmocka_unit_test(a_group_can_be_heard_of_one_source_alone),
        cmocka_unit_test(a_group_joined_for_anybody_can_be_narrowed_to_a_source),
        cmocka_unit_test(a_group_must_be_one_and_of_one_family),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
