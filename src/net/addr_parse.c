/* SPDX-License-Identifier: MIT */
/*
 * addr_parse.c - reads an eddy_addr from text and says exactly what is wrong with a bad one.
 * Nothing is looked up: names are refused, `localhost` excepted.
 *
 * The parser is a cursor over the text. Each read_ function either moves it behind what it read
 * and returns true, or notes where and why it cannot and returns false. None looks behind the
 * NUL: a byte is read only after all before it were seen not to be the NUL.
 */
#include "eddy/addr.h"

#include <errno.h>
#include <string.h>

#include "base/assert.h"

enum { V6_GROUPS = 8, V4_OCTETS = 4 };

typedef struct cursor {
    const char *text;
    size_t at;
    eddy_addr addr;
    eddy_addr_error error;
} cursor;

static char peek(const cursor *c)
{
    return c->text[c->at];
}

static bool fail(cursor *c, size_t at, const char *what)
{
    c->error.at = at;
    c->error.what = what;
    return false;
}

/* Not <ctype.h>: that asks the locale. */
static bool is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

static bool is_letter(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
}

static bool is_name_byte(char ch)
{
    return is_digit(ch) || is_letter(ch) || ch == '-' || ch == '_' || ch == '.';
}

static int hex_value(char ch)
{
    if (is_digit(ch))
        return ch - '0';
    if (ch >= 'a' && ch <= 'f')
        return ch - 'a' + 10;
    if (ch >= 'A' && ch <= 'F')
        return ch - 'A' + 10;
    return -1;
}

/* Read all digits that follow. The value stops growing above 2^32, which is above every limit. */
static uint64_t read_digits(cursor *c)
{
    uint64_t value = 0;

    for (; is_digit(peek(c)); c->at++) {
        if (value <= UINT32_MAX)
            value = value * 10 + (uint64_t)(peek(c) - '0');
    }
    return value;
}

static bool has_leading_zero(const cursor *c)
{
    return peek(c) == '0' && is_digit(c->text[c->at + 1]);
}

static bool read_port(cursor *c)
{
    size_t start = c->at;
    bool leading_zero = has_leading_zero(c);
    uint64_t value;

    if (peek(c) == '\0')
        return fail(c, start, "the port is missing after ':'");
    if (!is_digit(peek(c)))
        return fail(c, start, "the port is not a number");
    value = read_digits(c);
    if (leading_zero)
        return fail(c, start, "the port has a leading zero");
    if (value > UINT16_MAX)
        return fail(c, start, "the port is above 65535");
    c->addr.port = (uint16_t)value;
    return true;
}

/* What follows a complete host: nothing, or a port and then nothing. */
static bool read_tail(cursor *c)
{
    if (peek(c) == ':') {
        c->at++;
        if (!read_port(c))
            return false;
        if (peek(c) == ':')
            return fail(c, c->at, "there is a second port");
        if (peek(c) != '\0')
            return fail(c, c->at, "there is text after the port");
    }
    if (peek(c) != '\0')
        return fail(c, c->at, "there is text after the address");
    return true;
}

static bool read_octet(cursor *c, uint8_t *octet)
{
    size_t start = c->at;
    bool leading_zero = has_leading_zero(c);
    uint64_t value;

    if (!is_digit(peek(c)))
        return fail(c, start, "an octet is missing");
    value = read_digits(c);
    if (leading_zero)
        return fail(c, start, "the octet has a leading zero");
    if (value > UINT8_MAX)
        return fail(c, start, "the octet is above 255");
    *octet = (uint8_t)value;
    return true;
}

static bool read_octets(cursor *c, uint8_t octets[V4_OCTETS])
{
    for (int i = 0; i < V4_OCTETS; i++) {
        if (i > 0) {
            if (peek(c) != '.')
                return fail(c, c->at, "the IPv4 address has fewer than four octets");
            c->at++;
        }
        if (!read_octet(c, &octets[i]))
            return false;
    }
    if (peek(c) == '.')
        return fail(c, c->at, "the IPv4 address has more than four octets");
    return true;
}

/* Eight groups in the making. `gap` is the index at which '::' stands, -1 without one. */
typedef struct groups {
    uint8_t ip[16];
    int count;
    int gap;
} groups;

/* '::' stands for at least one group. */
static int room_for_groups(const groups *g)
{
    return V6_GROUPS - g->count - (g->gap >= 0 ? 1 : 0);
}

static bool fail_too_many(cursor *c, size_t at)
{
    return fail(c, at,
                "the IPv6 address has more than eight groups (with a port, write [address]:port)");
}

static bool read_group(cursor *c, groups *g)
{
    size_t start = c->at;
    unsigned value = 0;

    for (; hex_value(peek(c)) >= 0; c->at++)
        value = (value << 4 | (unsigned)hex_value(peek(c))) & 0xffffu;
    if (is_letter(peek(c)))
        return fail(c, c->at, "not a hexadecimal digit");
    if (c->at == start)
        return fail(c, start, "a group is missing");
    if (c->at - start > 4)
        return fail(c, start, "the group is longer than four digits");
    if (room_for_groups(g) < 1)
        return fail_too_many(c, start);
    g->ip[2 * g->count] = (uint8_t)(value >> 8);
    g->ip[2 * g->count + 1] = (uint8_t)value;
    g->count++;
    return true;
}

static bool is_dotted(const cursor *c)
{
    size_t i = c->at;

    while (is_digit(c->text[i]))
        i++;
    return c->text[i] == '.';
}

/* The last two groups, written as an IPv4 address. */
static bool read_dotted_groups(cursor *c, groups *g)
{
    size_t start = c->at;

    if (g->count == 0 && g->gap < 0)
        return fail(c, start, "an IPv4 address stands without brackets");
    if (room_for_groups(g) < 2)
        return fail_too_many(c, start);
    if (!read_octets(c, g->ip + 2 * g->count))
        return false;
    g->count += 2;
    return true;
}

/* Read '::' if it is next; tell by *ends whether the address may be over after it. */
static bool read_gap(cursor *c, groups *g, bool *ends)
{
    if (g->gap >= 0)
        return fail(c, c->at, "'::' stands twice");
    if (room_for_groups(g) < 1)
        return fail_too_many(c, c->at);
    g->gap = g->count;
    c->at += 2;
    *ends = peek(c) == '\0' || peek(c) == ']' || peek(c) == '%';
    return true;
}

static bool read_all_groups(cursor *c, groups *g)
{
    for (;;) {
        bool ends = false;

        if (peek(c) == ':' && c->text[c->at + 1] == ':') {
            if (!read_gap(c, g, &ends))
                return false;
        } else if (g->count > 0) {
            ends = peek(c) != ':';
            c->at += ends ? 0 : 1;
        }
        if (ends)
            return true;
        if (is_dotted(c))
            return read_dotted_groups(c, g);
        if (!read_group(c, g))
            return false;
    }
}

static bool read_scope(cursor *c)
{
    size_t start = ++c->at;
    bool leading_zero = has_leading_zero(c);
    uint64_t value = read_digits(c);

    if (is_name_byte(peek(c)))
        return fail(c, start, "names of interfaces are not supported: write its number");
    if (c->at == start)
        return fail(c, start, "the scope is missing after '%'");
    if (leading_zero)
        return fail(c, start, "the scope has a leading zero");
    if (value == 0 || value > UINT32_MAX)
        return fail(c, start, "the scope is not from 1 to 4294967295");
    c->addr.scope_id = (uint32_t)value;
    return true;
}

static bool read_ipv6(cursor *c)
{
    groups g = {.count = 0, .gap = -1};
    size_t head, tail;

    if (!read_all_groups(c, &g))
        return false;
    if (g.gap < 0 && g.count < V6_GROUPS)
        return fail(c, c->at, "the IPv6 address has fewer than eight groups");
    c->addr.family = EDDY_ADDR_IPV6;
    head = 2 * (size_t)(g.gap < 0 ? g.count : g.gap);
    tail = 2 * (size_t)g.count - head;
    memcpy(c->addr.ip, g.ip, head);
    memcpy(c->addr.ip + sizeof(g.ip) - tail, g.ip + head, tail);
    return peek(c) != '%' || read_scope(c);
}

static bool read_bracketed(cursor *c)
{
    c->at++;
    if (!read_ipv6(c))
        return false;
    if (peek(c) != ']')
        return fail(c, c->at, "']' is missing");
    c->at++;
    return read_tail(c);
}

static bool read_bare_ipv6(cursor *c)
{
    if (!read_ipv6(c))
        return false;
    if (peek(c) == ':')
        return fail(c, c->at, "an IPv6 address with a port is written [address]:port");
    return read_tail(c);
}

static bool read_ipv4(cursor *c)
{
    c->addr.family = EDDY_ADDR_IPV4;
    return read_octets(c, c->addr.ip) && read_tail(c);
}

static bool read_any(cursor *c)
{
    c->addr.family = EDDY_ADDR_IPV4;
    if (peek(c) == '*')
        c->at++;
    return read_tail(c);
}

/* `letter` is where the first byte stands that makes it a name. */
static bool read_name(cursor *c, size_t len, size_t letter)
{
    static const char localhost[] = "localhost";

    if (len != sizeof(localhost) - 1 || memcmp(c->text, localhost, len) != 0)
        return fail(c, letter, "not an IP address: names need a resolver");
    c->addr = eddy_addr_ipv4_loopback(c->addr.port);
    c->at = len;
    return read_tail(c);
}

/* "fe80:" and one more ':' somewhere: one ':' alone would be a port. */
static bool is_bare_ipv6(const char *text)
{
    size_t i = 0;

    while (hex_value(text[i]) >= 0)
        i++;
    return text[i] == ':' && (i == 0 ? text[1] == ':' : strchr(text + i + 1, ':') != NULL);
}

/* The first byte tells most; digits and dots are IPv4, a letter among them makes it a name. */
static bool read_address(cursor *c)
{
    size_t len = 0;
    size_t letter = 0;

    if (peek(c) == '\0')
        return fail(c, 0, "the text is empty");
    if (peek(c) == '[')
        return read_bracketed(c);
    if (is_bare_ipv6(c->text))
        return read_bare_ipv6(c);
    if (peek(c) == ':' || peek(c) == '*')
        return read_any(c);
    while (is_name_byte(c->text[len]))
        len++;
    while (letter < len && (is_digit(c->text[letter]) || c->text[letter] == '.'))
        letter++;
    if (letter < len)
        return read_name(c, len, letter);
    if (len > 0)
        return read_ipv4(c);
    return fail(c, 0, "an address cannot begin like this");
}

eddy_result eddy_addr_parse(const char *text, uint16_t default_port, eddy_addr *out,
                            eddy_addr_error *error)
{
    cursor c = {.text = text, .addr = {.port = default_port}};

    EDDY_ASSERT(text != NULL && out != NULL,
                "eddy_addr_parse needs a text and a place for the address, not NULL");
    if (read_address(&c)) {
        *out = c.addr;
        return 0;
    }
    if (error != NULL)
        *error = c.error;
    return -EINVAL;
}
