/* SPDX-License-Identifier: MIT */
/*
 * test_addr_parse.c - which texts are addresses, what exactly is said about the others, and that
 * no text makes the parser read where it must not. The comparison with inet_pton() is in
 * test_addr.c.
 *
 * Texts are handed over in blocks of their exact size, so that AddressSanitizer sees one byte
 * read too far.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/death.h"
#include "eddy/addr.h"

enum { DEFAULT_PORT = 7, MUTATIONS = 100000, TEXT_MAX = 128 };

static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 32) % limit;
}

/* Parses a copy of the first `len` bytes, in a block of exactly that size and a NUL. */
static eddy_result parse_copy(const char *text, size_t len, eddy_addr *out, eddy_addr_error *error)
{
    char *copy = malloc(len + 1);
    eddy_result result;

    assert_non_null(copy);
    memcpy(copy, text, len);
    copy[len] = '\0';
    result = eddy_addr_parse(copy, DEFAULT_PORT, out, error);
    free(copy);
    return result;
}

/* What is read from `text`, printed. */
static const struct {
    const char *text, *printed;
} good[] = {
    {"1.2.3.4:80", "1.2.3.4:80"},
    {"1.2.3.4", "1.2.3.4:7"},
    {"0.0.0.0:0", "0.0.0.0:0"},
    {"255.255.255.255:65535", "255.255.255.255:65535"},
    {":8080", "0.0.0.0:8080"},
    {"*:8080", "0.0.0.0:8080"},
    {"*", "0.0.0.0:7"},
    {"localhost:80", "127.0.0.1:80"},
    {"localhost", "127.0.0.1:7"},
    {"[::1]:80", "[::1]:80"},
    {"[::1]", "[::1]:7"},
    {"::1", "[::1]:7"},
    {"::", "[::]:7"},
    {"[::]:80", "[::]:80"},
    {"1::", "[1::]:7"},
    {"fe80::1%2", "[fe80::1%2]:7"},
    {"[fe80::1%2]:80", "[fe80::1%2]:80"},
    {"[::%4294967295]:1", "[::%4294967295]:1"},
    {"1:2:3:4:5:6:7:8", "[1:2:3:4:5:6:7:8]:7"},
    {"[1:2:3:4:5:6:7:8]:9", "[1:2:3:4:5:6:7:8]:9"},
    {"1:2:3:4:5:6:7::", "[1:2:3:4:5:6:7:0]:7"},
    {"::2:3:4:5:6:7:8", "[0:2:3:4:5:6:7:8]:7"},
    {"1:2:3::5:6:7:8", "[1:2:3:0:5:6:7:8]:7"},
    {"ABCD:ef01::00aF", "[abcd:ef01::af]:7"},
    {"[::ffff:1.2.3.4]:80", "[::ffff:1.2.3.4]:80"},
    {"::ffff:1.2.3.4", "[::ffff:1.2.3.4]:7"},
    {"::1.2.3.4", "[::102:304]:7"},
    {"1:2:3:4:5:6:1.2.3.4", "[1:2:3:4:5:6:102:304]:7"},
    {"[1:2:3:4:5::1.2.3.4%9]:80", "[1:2:3:4:5:0:102:304%9]:80"},
    {"dead:beef::", "[dead:beef::]:7"},
    {"0:0:0:0:0:0:0:0", "[::]:7"},
};

#define NAME            "not an IP address: names need a resolver"
#define OCTET_MISSING   "an octet is missing"
#define OCTET_ZERO      "the octet has a leading zero"
#define OCTET_ABOVE     "the octet is above 255"
#define OCTETS_FEW      "the IPv4 address has fewer than four octets"
#define OCTETS_MANY     "the IPv4 address has more than four octets"
#define GROUP_MISSING   "a group is missing"
#define GROUP_LONG      "the group is longer than four digits"
#define GROUPS_FEW      "the IPv6 address has fewer than eight groups"
#define NOT_HEX         "not a hexadecimal digit"
#define BRACKET_MISSING "']' is missing"
#define UNBRACKETED     "an IPv6 address with a port is written [address]:port"
#define SCOPE_NAME      "names of interfaces are not supported: write its number"
#define SCOPE_RANGE     "the scope is not from 1 to 4294967295"
#define PORT_MISSING    "the port is missing after ':'"
#define PORT_NUMBER     "the port is not a number"
#define PORT_ABOVE      "the port is above 65535"
#define AFTER_PORT      "there is text after the port"
#define AFTER_ADDRESS   "there is text after the address"
#define GROUPS_MANY                                                                                \
    "the IPv6 address has more than eight groups (with a port, write [address]:port)"

static const struct {
    const char *text;
    size_t at;
    const char *what;
} bad[] = {
    {"", 0, "the text is empty"},
    {" 1.2.3.4", 0, "an address cannot begin like this"},
    {"/tmp/socket", 0, "an address cannot begin like this"},
    {"]:80", 0, "an address cannot begin like this"},
    {"example.com:80", 0, NAME},
    {"abcd:80", 0, NAME},
    {"Localhost:80", 0, NAME},
    {"localhost.", 0, NAME},
    {"localhos", 0, NAME},
    {"-1.2.3.4", 0, NAME},
    {"1.2.3.x", 6, NAME},
    {"0x7f.1", 1, NAME},
    {"localhost:", 10, PORT_MISSING},
    {"localhost/", 9, AFTER_ADDRESS},
    {"1.2.3.4:", 8, PORT_MISSING},
    {":", 1, PORT_MISSING},
    {"*:", 2, PORT_MISSING},
    {"[::1]:", 6, PORT_MISSING},
    {"1.2.3.4:http", 8, PORT_NUMBER},
    {"1.2.3.4:-1", 8, PORT_NUMBER},
    {"1.2.3.4:+1", 8, PORT_NUMBER},
    {"1.2.3.4: 1", 8, PORT_NUMBER},
    {"1.2.3.4::80", 8, PORT_NUMBER},
    {"1.2.3.4:65536", 8, PORT_ABOVE},
    {"1.2.3.4:4294967376", 8, PORT_ABOVE},
    {"1.2.3.4:18446744073709551696", 8, PORT_ABOVE},
    {"[::1]:99999999999999999999999999", 6, PORT_ABOVE},
    {"1.2.3.4:080", 8, "the port has a leading zero"},
    {"1.2.3.4:80:90", 10, "there is a second port"},
    {"[::1]:80:90", 8, "there is a second port"},
    {"1.2.3.4:80x", 10, AFTER_PORT},
    {"1.2.3.4:80 ", 10, AFTER_PORT},
    {"1.2.3.4/24", 7, AFTER_ADDRESS},
    {"1.2.3.4 ", 7, AFTER_ADDRESS},
    {"**", 1, AFTER_ADDRESS},
    {"*8080", 1, AFTER_ADDRESS},
    {"[::1]80", 5, AFTER_ADDRESS},
    {"[::1]]", 5, AFTER_ADDRESS},
    {"::1/64", 3, AFTER_ADDRESS},
    {"1.2.3", 5, OCTETS_FEW},
    {"1.2.3:80", 5, OCTETS_FEW},
    {"80", 2, OCTETS_FEW},
    {"1:2", 1, OCTETS_FEW},
    {"1.2.3.4.5", 7, OCTETS_MANY},
    {"1.2.3.4.", 7, OCTETS_MANY},
    {"1.2.3.", 6, OCTET_MISSING},
    {"1..3.4", 2, OCTET_MISSING},
    {".1.2.3", 0, OCTET_MISSING},
    {"256.2.3.4", 0, OCTET_ABOVE},
    {"1.2.3.256:80", 6, OCTET_ABOVE},
    {"1.2.3.4294967297", 6, OCTET_ABOVE},
    {"1.02.3.4", 2, OCTET_ZERO},
    {"1.2.3.00", 6, OCTET_ZERO},
    {"[", 1, GROUP_MISSING},
    {"[]", 1, GROUP_MISSING},
    {"[]:80", 1, GROUP_MISSING},
    {"[:1]:80", 1, GROUP_MISSING},
    {"[1:]:80", 3, GROUP_MISSING},
    {"1::2:", 5, GROUP_MISSING},
    {":::", 2, GROUP_MISSING},
    {"1:::2", 3, GROUP_MISSING},
    {"1::2::3", 4, "'::' stands twice"},
    {"[::1::]", 4, "'::' stands twice"},
    {"[::1", 4, BRACKET_MISSING},
    {"[::1:80", 7, BRACKET_MISSING},
    {"[fe80::1%2", 10, BRACKET_MISSING},
    {"[::1 ]", 4, BRACKET_MISSING},
    {"12345::1", 0, GROUP_LONG},
    {"1::00001", 3, GROUP_LONG},
    {"[::g]", 3, NOT_HEX},
    {"[::1x]", 4, NOT_HEX},
    {"[localhost]:80", 1, NOT_HEX},
    {"1::2z", 4, NOT_HEX},
    {"1:2:3", 5, GROUPS_FEW},
    {"[1:2:3:4:5:6:7]:80", 14, GROUPS_FEW},
    {"1:2:3:4:5:1.2.3.4", 17, GROUPS_FEW},
    {"1:2:3:4:5:6:7:8:80", 16, GROUPS_MANY},
    {"[1:2:3:4:5:6:7:8:9]", 17, GROUPS_MANY},
    {"1:2:3:4:5:6:7:8::", 15, GROUPS_MANY},
    {"1:2:3:4::5:6:7:8", 15, GROUPS_MANY},
    {"1:2:3:4:5:6:7:1.2.3.4", 14, GROUPS_MANY},
    {"1:2:3:4:5:6::1.2.3.4", 13, GROUPS_MANY},
    {"[1.2.3.4]:80", 1, "an IPv4 address stands without brackets"},
    {"::ffff:1.2.3", 12, OCTETS_FEW},
    {"::ffff:1.2.3.256", 13, OCTET_ABOVE},
    {"[::ffff:1.2.3.04]", 14, OCTET_ZERO},
    {"::ffff:1.2.3.4:80", 14, UNBRACKETED},
    {"fe80::1%2:80", 9, UNBRACKETED},
    {"[fe80::1%eth0]:80", 9, SCOPE_NAME},
    {"fe80::1%eth0", 8, SCOPE_NAME},
    {"fe80::1%2eth", 8, SCOPE_NAME},
    {"[fe80::1%]:80", 9, "the scope is missing after '%'"},
    {"fe80::1%", 8, "the scope is missing after '%'"},
    {"fe80::1%0", 8, SCOPE_RANGE},
    {"fe80::1%4294967296", 8, SCOPE_RANGE},
    {"fe80::1%18446744073709551617", 8, SCOPE_RANGE},
    {"fe80::1%02", 8, "the scope has a leading zero"},
    {"1.2.3.4%2:80", 7, AFTER_ADDRESS},
    {"b\xc3\xbc"
     "cher.example:80",
     0, NAME},
    {"\xff", 0, "an address cannot begin like this"},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void good_texts_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        char printed[EDDY_ADDR_TEXT_MAX];
        eddy_addr addr;

        if (parse_copy(good[i].text, strlen(good[i].text), &addr, NULL) != 0)
            fail_msg("\"%s\" was refused", good[i].text);
        eddy_addr_print(&addr, printed, sizeof(printed));
        assert_string_equal(printed, good[i].printed);
        assert_int_equal(addr.reserved[0], 0);
    }
}

static void bad_texts_are_refused_saying_what_and_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        eddy_addr addr;
        eddy_addr_error error = {0, NULL};

        if (parse_copy(bad[i].text, strlen(bad[i].text), &addr, &error) != -EINVAL)
            fail_msg("\"%s\" was read", bad[i].text);
        if (error.at != bad[i].at || strcmp(error.what, bad[i].what) != 0)
            fail_msg("\"%s\": at %zu: %s", bad[i].text, error.at, error.what);
    }
}

static void refusal_leaves_the_address_and_success_leaves_the_error(void **state)
{
    eddy_addr addr = eddy_addr_ipv4(9, 8, 7, 6, 5);
    const eddy_addr before = addr;
    eddy_addr_error error = {99, "untouched"};

    (void)state;
    assert_int_equal(eddy_addr_parse("1.2.3.4:x", 0, &addr, NULL), -EINVAL);
    assert_memory_equal(&addr, &before, sizeof(addr));
    assert_int_equal(eddy_addr_parse("1.2.3.4:1", 0, &addr, &error), 0);
    assert_int_equal(error.at, 99);
    assert_string_equal(error.what, "untouched");
}

static void parse_null(void *arg)
{
    eddy_addr addr;

    (void)!eddy_addr_parse(arg, 0, &addr, NULL);
}

static void null_text_is_the_callers_mistake(void **state)
{
    (void)state;
    assert_dies(parse_null, NULL, "eddy_addr_parse needs a text");
}

/* Whatever the text: an address that reads back, or an error that points into the text. */
static void check_any_text(const char *text, size_t len)
{
    eddy_addr addr;
    eddy_addr_error error = {SIZE_MAX, NULL};

    if (parse_copy(text, len, &addr, &error) == 0) {
        char printed[EDDY_ADDR_TEXT_MAX];
        eddy_addr back;

        assert_true(eddy_addr_print(&addr, printed, sizeof(printed)) < sizeof(printed));
        assert_int_equal(eddy_addr_parse(printed, 0, &back, NULL), 0);
        assert_true(eddy_addr_equal(&addr, &back));
        return;
    }
    assert_true(error.at <= strlen(text));
    assert_true(error.at <= len);
    assert_non_null(error.what);
}

static void every_prefix_of_a_good_text_is_handled(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        for (size_t len = 0; len <= strlen(good[i].text); len++)
            check_any_text(good[i].text, len);
    }
}

static const char *any_text(void)
{
    uint32_t i = random_below((uint32_t)(COUNT_OF(good) + COUNT_OF(bad)));

    return i < COUNT_OF(good) ? good[i].text : bad[i - COUNT_OF(good)].text;
}

/* Overwrite, cut out or put in one byte; half of the time one that means something. */
static void mutate(char text[TEXT_MAX])
{
    static const char meaningful[] = "0123456789aFxl:::...[]%*";
    size_t len = strlen(text);
    size_t at = random_below((uint32_t)len + 1);
    char byte = random_below(2) != 0 ? meaningful[random_below(sizeof(meaningful) - 1)]
                                     : (char)(1 + random_below(255));

    switch (random_below(3)) {
    case 0:
        if (at < len)
            text[at] = byte;
        break;
    case 1:
        if (at < len)
            memmove(text + at, text + at + 1, len - at);
        break;
    default:
        if (len + 1 < TEXT_MAX) {
            memmove(text + at + 1, text + at, len - at + 1);
            text[at] = byte;
        }
    }
}

static void mutated_texts_are_handled(void **state)
{
    (void)state;
    random_state = 3;
    for (int i = 0; i < MUTATIONS; i++) {
        char text[TEXT_MAX];

        snprintf(text, sizeof(text), "%s", any_text());
        for (uint32_t n = 1 + random_below(4); n > 0; n--)
            mutate(text);
        check_any_text(text, strlen(text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_texts_are_read),
        cmocka_unit_test(bad_texts_are_refused_saying_what_and_where),
        cmocka_unit_test(refusal_leaves_the_address_and_success_leaves_the_error),
        cmocka_unit_test(null_text_is_the_callers_mistake),
        cmocka_unit_test(every_prefix_of_a_good_text_is_handled),
        cmocka_unit_test(mutated_texts_are_handled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
