/* SPDX-License-Identifier: MIT */
/*
 * test_sockaddr.c - addresses on their way to the kernel and back, by hand-made structs and by a
 * socket that is really bound.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/sockaddr.h"

static void ipv4_becomes_sockaddr_in(void **state)
{
    const eddy_addr addr = eddy_addr_ipv4(1, 2, 3, 4, 0x1234);
    struct sockaddr_storage storage;
    struct sockaddr_in sin;

    (void)state;
    memset(&storage, 0xaa, sizeof(storage));
    assert_int_equal(eddy__sockaddr_from(&addr, &storage), sizeof(sin));
    memcpy(&sin, &storage, sizeof(sin));
    assert_int_equal(sin.sin_family, AF_INET);
    assert_memory_equal(&sin.sin_port, "\x12\x34", 2);
    assert_memory_equal(&sin.sin_addr, "\1\2\3\4", 4);
    assert_memory_equal(sin.sin_zero, "\0\0\0\0\0\0\0\0", 8);
}

static void ipv6_becomes_sockaddr_in6(void **state)
{
    eddy_addr addr = eddy_addr_ipv6_loopback(0x1234);
    struct sockaddr_storage storage;
    struct sockaddr_in6 sin6;

    (void)state;
    addr.scope_id = 77;
    memset(&storage, 0xaa, sizeof(storage));
    assert_int_equal(eddy__sockaddr_from(&addr, &storage), sizeof(sin6));
    memcpy(&sin6, &storage, sizeof(sin6));
    assert_int_equal(sin6.sin6_family, AF_INET6);
    assert_memory_equal(&sin6.sin6_port, "\x12\x34", 2);
    assert_int_equal(sin6.sin6_flowinfo, 0);
    assert_int_equal(sin6.sin6_scope_id, 77);
    assert_memory_equal(&sin6.sin6_addr, &in6addr_loopback, sizeof(in6addr_loopback));
}

static void none_becomes_unspec_of_length_zero(void **state)
{
    const eddy_addr none = {.family = EDDY_ADDR_NONE};
    struct sockaddr_storage storage;

    (void)state;
    memset(&storage, 0xaa, sizeof(storage));
    assert_int_equal(eddy__sockaddr_from(&none, &storage), 0);
    assert_int_equal(storage.ss_family, AF_UNSPEC);
}

static void way_there_and_back_changes_nothing(void **state)
{
    static const char *const texts[] = {
        "1.2.3.4:80",     "0.0.0.0:0",           "255.255.255.255:65535", "[::1]:80",
        "[fe80::1%2]:80", "[::ffff:1.2.3.4]:80", "[1:2:3:4:5:6:7:8]:256",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sockaddr_storage storage;
        eddy_addr addr, back;

        assert_int_equal(eddy_addr_parse(texts[i], 0, &addr, NULL), 0);
        memset(&storage, 0xaa, sizeof(storage));
        eddy__sockaddr_from(&addr, &storage);
        back = eddy__sockaddr_to_addr(&storage);
        assert_memory_equal(&back, &addr, sizeof(addr));
    }
}

static void other_families_read_as_none(void **state)
{
    static const int families[] = {AF_UNSPEC, AF_UNIX, AF_NETLINK};

    (void)state;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        struct sockaddr_storage storage;
        eddy_addr addr;

        memset(&storage, 0xaa, sizeof(storage));
        storage.ss_family = (sa_family_t)families[i];
        addr = eddy__sockaddr_to_addr(&storage);
        assert_int_equal(addr.family, EDDY_ADDR_NONE);
        assert_int_equal(addr.port, 0);
    }
}

static void kernel_understands_and_answers(void **state)
{
    const eddy_addr addr = eddy_addr_ipv4_loopback(0);
    struct sockaddr_storage storage;
    socklen_t len = eddy__sockaddr_from(&addr, &storage);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    eddy_addr bound;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&storage, len), 0);
    len = sizeof(storage);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&storage, &len), 0);
    close(fd);
    bound = eddy__sockaddr_to_addr(&storage);
    assert_int_not_equal(bound.port, 0);
    bound.port = 0;
    assert_true(eddy_addr_equal(&bound, &addr));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_becomes_sockaddr_in),
        cmocka_unit_test(ipv6_becomes_sockaddr_in6),
        cmocka_unit_test(none_becomes_unspec_of_length_zero),
        cmocka_unit_test(way_there_and_back_changes_nothing),
        cmocka_unit_test(other_families_read_as_none),
        cmocka_unit_test(kernel_understands_and_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
