/* SPDX-License-Identifier: MIT */
/*
 * test_addr.c - addresses as values: made, compared, printed, and printed texts read back. The
 * oracles are inet_ntop() for what is printed and inet_pton() for what is read; the table of
 * good and bad texts is in test_addr_parse.c.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "eddy/addr.h"

enum { ROUNDS = 20000, TEXT_MAX = 128 };

static uint64_t random_state;

static uint32_t random_next(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 32);
}

static uint32_t random_below(uint32_t limit)
{
    return random_next() % limit;
}

/* Runs of zero groups and small groups are as frequent as full ones. */
static eddy_addr random_addr(void)
{
    eddy_addr addr = eddy_addr_ipv6_any((uint16_t)random_next());

    if (random_below(4) == 0) {
        uint32_t ip = random_next();

        return eddy_addr_ipv4((uint8_t)ip, (uint8_t)(ip >> 8), (uint8_t)(ip >> 16),
                              (uint8_t)(ip >> 24), (uint16_t)random_next());
    }
    for (size_t i = 0; i < sizeof(addr.ip); i += 2) {
        uint32_t kind = random_below(4);

        addr.ip[i] = (uint8_t)(kind >= 2 ? random_next() : 0);
        addr.ip[i + 1] = (uint8_t)(kind >= 1 ? random_next() : 0);
        if (random_below(3) == 0)
            addr.ip[i] = addr.ip[i + 1] = 0;
    }
    if (random_below(2) == 0)
        addr.scope_id = random_next();
    return addr;
}

static void assert_prints(eddy_addr addr, const char *expected)
{
    char text[EDDY_ADDR_TEXT_MAX];

    assert_int_equal(eddy_addr_print(&addr, text, sizeof(text)), strlen(expected));
    assert_string_equal(text, expected);
}

static eddy_addr ipv6(const char *ip, uint32_t scope_id, uint16_t port)
{
    eddy_addr addr = eddy_addr_ipv6_any(port);

    assert_int_equal(inet_pton(AF_INET6, ip, addr.ip), 1);
    addr.scope_id = scope_id;
    return addr;
}

static void constructors_make_what_they_say(void **state)
{
    (void)state;
    assert_prints(eddy_addr_ipv4(192, 168, 0, 1, 80), "192.168.0.1:80");
    assert_prints(eddy_addr_ipv4_any(0), "0.0.0.0:0");
    assert_prints(eddy_addr_ipv4_loopback(8080), "127.0.0.1:8080");
    assert_prints(eddy_addr_ipv6_any(65535), "[::]:65535");
    assert_prints(eddy_addr_ipv6_loopback(1), "[::1]:1");
}

static void zeroed_address_is_none(void **state)
{
    eddy_addr none;

    (void)state;
    memset(&none, 0, sizeof(none));
    assert_int_equal(none.family, EDDY_ADDR_NONE);
    assert_prints(none, "none");
    none.family = 77;
    assert_prints(none, "none");
}

/* The examples of RFC 5952, section 4 and 5. */
static void ipv6_prints_in_the_form_of_rfc_5952(void **state)
{
    (void)state;
    assert_prints(ipv6("2001:0db8::0001", 0, 1), "[2001:db8::1]:1");
    assert_prints(ipv6("2001:db8:0:0:0:0:2:1", 0, 1), "[2001:db8::2:1]:1");
    assert_prints(ipv6("2001:db8:0:1:1:1:1:1", 0, 1), "[2001:db8:0:1:1:1:1:1]:1");
    assert_prints(ipv6("2001:0:0:1:0:0:0:1", 0, 1), "[2001:0:0:1::1]:1");
    assert_prints(ipv6("2001:db8:0:0:1:0:0:1", 0, 1), "[2001:db8::1:0:0:1]:1");
    assert_prints(ipv6("2001:DB8::AAAA", 0, 1), "[2001:db8::aaaa]:1");
    assert_prints(ipv6("::ffff:192.0.2.1", 0, 1), "[::ffff:192.0.2.1]:1");
    assert_prints(ipv6("1:2:3:4:5:6::", 0, 1), "[1:2:3:4:5:6::]:1");
}

static void scope_prints_as_a_number(void **state)
{
    (void)state;
    assert_prints(ipv6("fe80::1", 2, 80), "[fe80::1%2]:80");
    assert_prints(ipv6("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UINT32_MAX, 65535),
                  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
}

static void print_into_little_room_cuts_and_tells_the_whole_length(void **state)
{
    const char whole[] = "[fe80::1%2]:80";
    const eddy_addr addr = ipv6("fe80::1", 2, 80);

    (void)state;
    assert_int_equal(eddy_addr_print(&addr, NULL, 0), strlen(whole));
    for (size_t size = 1; size <= sizeof(whole) + 1; size++) {
        char text[32];
        size_t len = size - 1 < strlen(whole) ? size - 1 : strlen(whole);

        memset(text, '#', sizeof(text));
        assert_int_equal(eddy_addr_print(&addr, text, size), strlen(whole));
        assert_memory_equal(text, whole, len);
        assert_int_equal(text[len], '\0');
        assert_int_equal(text[len + 1], '#');
    }
}

static void what_is_printed_reads_back_equal(void **state)
{
    (void)state;
    random_state = 1;
    for (int i = 0; i < ROUNDS; i++) {
        char text[EDDY_ADDR_TEXT_MAX];
        eddy_addr addr = random_addr();
        eddy_addr back;

        assert_true(eddy_addr_print(&addr, text, sizeof(text)) < sizeof(text));
        assert_int_equal(eddy_addr_parse(text, 0, &back, NULL), 0);
        assert_true(eddy_addr_equal(&addr, &back));
        assert_memory_equal(&addr, &back, sizeof(addr));
    }
}

static void ipv6_text_agrees_with_inet_ntop(void **state)
{
    int compared = 0;

    (void)state;
    random_state = 2;
    for (int i = 0; i < ROUNDS; i++) {
        static const uint8_t zeros[10] = {0};
        char text[EDDY_ADDR_TEXT_MAX];
        char theirs[EDDY_ADDR_TEXT_MAX];
        eddy_addr addr = random_addr();

        /* they write `::1.2.3.4`, which RFC 5952 does not ask for */
        if (addr.family != EDDY_ADDR_IPV6 || memcmp(addr.ip, zeros, sizeof(zeros)) == 0)
            continue;
        addr.scope_id = 0;
        eddy_addr_print(&addr, text, sizeof(text));
        *strchr(text, ']') = '\0';
        assert_non_null(inet_ntop(AF_INET6, addr.ip, theirs, sizeof(theirs)));
        assert_string_equal(text + 1, theirs);
        compared++;
    }
    assert_true(compared > ROUNDS / 2);
}

static void equal_looks_at_every_part(void **state)
{
    eddy_addr a = ipv6("fe80::1", 2, 80);
    eddy_addr b = a;

    (void)state;
    assert_true(eddy_addr_equal(&a, &b));
    b.port = 81;
    assert_false(eddy_addr_equal(&a, &b));
    b = a;
    b.scope_id = 3;
    assert_false(eddy_addr_equal(&a, &b));
    b = a;
    b.ip[15] ^= 1;
    assert_false(eddy_addr_equal(&a, &b));
    b = a;
    b.family = EDDY_ADDR_IPV4;
    assert_false(eddy_addr_equal(&a, &b));
    a = eddy_addr_ipv4(1, 2, 3, 4, 80);
    b = eddy_addr_ipv4(1, 2, 3, 5, 80);
    assert_false(eddy_addr_equal(&a, &b));
    b = eddy_addr_ipv4(1, 2, 3, 4, 81);
    assert_false(eddy_addr_equal(&a, &b));
}

static void equal_ignores_what_is_no_part_of_the_address(void **state)
{
    eddy_addr a = eddy_addr_ipv4(1, 2, 3, 4, 80);
    eddy_addr b = a;

    (void)state;
    b.ip[4] = 9;
    b.scope_id = 9;
    assert_true(eddy_addr_equal(&a, &b));
    a.family = b.family = EDDY_ADDR_NONE;
    assert_true(eddy_addr_equal(&a, &b));
}

static void mapped_ipv4_is_not_equal_to_ipv4(void **state)
{
    const eddy_addr mapped = ipv6("::ffff:1.2.3.4", 0, 80);
    const eddy_addr plain = eddy_addr_ipv4(1, 2, 3, 4, 80);

    (void)state;
    assert_false(eddy_addr_equal(&mapped, &plain));
}

static void loopback_and_any_are_recognised(void **state)
{
    static const struct {
        const char *text;
        bool loopback, any;
    } rows[] = {
        {"127.0.0.1", true, false},
        {"127.255.3.4", true, false},
        {"126.0.0.1", false, false},
        {"128.0.0.1", false, false},
        {"0.0.0.0", false, true},
        {"0.0.0.1", false, false},
        {"::1", true, false},
        {"::2", false, false},
        {"1::1", false, false},
        {"::", false, true},
        {"::ffff:127.0.0.1", true, false},
        {"::ffff:0.0.0.0", false, true},
        {"::ffff:10.0.0.1", false, false},
        {"::fffe:127.0.0.1", false, false},
        {"1::ffff:127.0.0.1", false, false},
        {"1::", false, false},
        {"7f00::", false, false},
    };
    const eddy_addr none = {.family = EDDY_ADDR_NONE};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        eddy_addr addr;

        assert_int_equal(eddy_addr_parse(rows[i].text, 80, &addr, NULL), 0);
        assert_int_equal(eddy_addr_is_loopback(&addr), rows[i].loopback);
        assert_int_equal(eddy_addr_is_any(&addr), rows[i].any);
    }
    assert_false(eddy_addr_is_loopback(&none));
    assert_false(eddy_addr_is_any(&none));
}

/* Nearly valid: `count` numbers with separators between, one in eight of them wrong. */
static void random_numbers(char *text, size_t size, int count, const char *format, uint32_t limit,
                           char separator)
{
    size_t len = 0;

    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        bool twice = random_below(8) == 0;

        if (i > 0 || (twice && separator == ':'))
            len += (size_t)snprintf(text + len, size - len, "%c", separator);
        if (twice)
            len += (size_t)snprintf(text + len, size - len, "%c", separator);
        if (random_below(24) != 0)
            len += (size_t)snprintf(text + len, size - len, format, random_below(limit));
    }
}

static void random_ipv6_text(char text[TEXT_MAX])
{
    random_numbers(text, TEXT_MAX, 3 + (int)random_below(7), "%x",
                   random_below(16) == 0 ? 0x20000 : 0x10000, ':');
    if (random_below(4) == 0) {
        size_t len = strlen(text);

        text[len++] = ':';
        random_numbers(text + len, TEXT_MAX - len, 4, "%u", 256, '.');
    }
}

static void check_against_inet_pton(const char *text, bool is_ipv6, int *both, int *neither)
{
    char bracketed[TEXT_MAX + 8];
    uint8_t theirs[16] = {0};
    eddy_addr addr;
    bool accepted = inet_pton(is_ipv6 ? AF_INET6 : AF_INET, text, theirs) == 1;

    snprintf(bracketed, sizeof(bracketed), is_ipv6 ? "[%s]:1" : "%s:1", text);
    if ((eddy_addr_parse(bracketed, 0, &addr, NULL) == 0) != accepted)
        fail_msg("\"%s\": inet_pton() %s it", bracketed, accepted ? "reads" : "refuses");
    if (accepted)
        assert_memory_equal(addr.ip, theirs, sizeof(theirs));
    *(accepted ? both : neither) += 1;
}

static void random_texts_are_read_as_by_inet_pton(void **state)
{
    int both[2] = {0, 0};
    int neither[2] = {0, 0};

    (void)state;
    random_state = 4;
    for (int i = 0; i < ROUNDS; i++) {
        char text[TEXT_MAX];

        random_numbers(text, sizeof(text), 4, random_below(9) == 0 ? "%03u" : "%u", 270, '.');
        check_against_inet_pton(text, false, &both[0], &neither[0]);
        random_ipv6_text(text);
        check_against_inet_pton(text, true, &both[1], &neither[1]);
    }
    for (int i = 0; i < 2; i++) {
        assert_true(both[i] > ROUNDS / 20);
        assert_true(neither[i] > ROUNDS / 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constructors_make_what_they_say),
        cmocka_unit_test(zeroed_address_is_none),
        cmocka_unit_test(ipv6_prints_in_the_form_of_rfc_5952),
        cmocka_unit_test(scope_prints_as_a_number),
        cmocka_unit_test(print_into_little_room_cuts_and_tells_the_whole_length),
        cmocka_unit_test(what_is_printed_reads_back_equal),
        cmocka_unit_test(ipv6_text_agrees_with_inet_ntop),
        cmocka_unit_test(random_texts_are_read_as_by_inet_pton),
        cmocka_unit_test(equal_looks_at_every_part),
        cmocka_unit_test(equal_ignores_what_is_no_part_of_the_address),
        cmocka_unit_test(mapped_ipv4_is_not_equal_to_ipv4),
        cmocka_unit_test(loopback_and_any_are_recognised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
