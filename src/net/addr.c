/* SPDX-License-Identifier: MIT */
/*
 * addr.c - eddy_addr as a value: made, compared, printed. Reading one from text is in
 * addr_parse.c; what the operating system calls an address is in sys/sockaddr.c. Nothing here
 * fails, allocates or asks the system.
 */
#include "eddy/addr.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(eddy_addr) == 24, "eddy_addr is part of the ABI");
_Static_assert(sizeof("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535") <=
                   EDDY_ADDR_TEXT_MAX,
               "EDDY_ADDR_TEXT_MAX holds the longest address");

enum { V6_GROUPS = 8, V4_OCTETS = 4, MAPPED_AT = 12 };

/* ---- values ---- */

eddy_addr eddy_addr_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    eddy_addr addr = {.family = EDDY_ADDR_IPV4, .port = port, .ip = {a, b, c, d}};

    return addr;
}

eddy_addr eddy_addr_ipv4_any(uint16_t port)
{
    return eddy_addr_ipv4(0, 0, 0, 0, port);
}

eddy_addr eddy_addr_ipv4_loopback(uint16_t port)
{
    return eddy_addr_ipv4(127, 0, 0, 1, port);
}

eddy_addr eddy_addr_ipv6_any(uint16_t port)
{
    eddy_addr addr = {.family = EDDY_ADDR_IPV6, .port = port};

    return addr;
}

eddy_addr eddy_addr_ipv6_loopback(uint16_t port)
{
    eddy_addr addr = {.family = EDDY_ADDR_IPV6, .port = port, .ip = {[15] = 1}};

    return addr;
}

bool eddy_addr_equal(const eddy_addr *a, const eddy_addr *b)
{
    if (a->family != b->family)
        return false;
    switch (a->family) {
    case EDDY_ADDR_IPV4:
        return a->port == b->port && memcmp(a->ip, b->ip, V4_OCTETS) == 0;
    case EDDY_ADDR_IPV6:
        return a->port == b->port && a->scope_id == b->scope_id &&
               memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
    default:
        return true; /* neither is an address */
    }
}

/* The four octets of an IPv4 address, plain or IPv4-mapped, or NULL when it is neither. */
static const uint8_t *octets_of(const eddy_addr *addr)
{
    static const uint8_t mapped[MAPPED_AT] = {[10] = 0xff, [11] = 0xff};

    if (addr->family == EDDY_ADDR_IPV4)
        return addr->ip;
    if (addr->family == EDDY_ADDR_IPV6 && memcmp(addr->ip, mapped, MAPPED_AT) == 0)
        return addr->ip + MAPPED_AT;
    return NULL;
}

bool eddy_addr_is_loopback(const eddy_addr *addr)
{
    const eddy_addr loopback = eddy_addr_ipv6_loopback(0);
    const uint8_t *octets = octets_of(addr);

    if (octets != NULL)
        return octets[0] == 127;
    return addr->family == EDDY_ADDR_IPV6 && memcmp(addr->ip, loopback.ip, sizeof(addr->ip)) == 0;
}

bool eddy_addr_is_any(const eddy_addr *addr)
{
    static const uint8_t zeros[16] = {0};
    const uint8_t *octets = octets_of(addr);

    if (octets != NULL)
        return memcmp(octets, zeros, V4_OCTETS) == 0;
    return addr->family == EDDY_ADDR_IPV6 && memcmp(addr->ip, zeros, sizeof(addr->ip)) == 0;
}

/* ---- printing ---- */

typedef struct writer {
    char text[EDDY_ADDR_TEXT_MAX];
    size_t len;
} writer;

static void put(writer *w, const char *format, ...) EDDY_PRINTF(2, 3);

static void put(writer *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    w->len += (size_t)vsnprintf(w->text + w->len, sizeof(w->text) - w->len, format, args);
    va_end(args);
}

static void put_octets(writer *w, const uint8_t octets[V4_OCTETS])
{
    put(w, "%d.%d.%d.%d", octets[0], octets[1], octets[2], octets[3]);
}

static unsigned group_at(const eddy_addr *addr, int index)
{
    return (unsigned)addr->ip[2 * index] << 8 | addr->ip[2 * index + 1];
}

static int zeros_from(const eddy_addr *addr, int start)
{
    int end = start;

    while (end < V6_GROUPS && group_at(addr, end) == 0)
        end++;
    return end - start;
}

/* The first of the longest runs of zero groups; a single zero is not shortened. */
static int longest_zeros(const eddy_addr *addr, int *len)
{
    int best = -1;

    *len = 1;
    for (int i = 0; i < V6_GROUPS; i++) {
        int n = zeros_from(addr, i);

        if (n > *len) {
            best = i;
            *len = n;
        }
    }
    return best;
}

static void put_groups(writer *w, const eddy_addr *addr)
{
    int gap_len;
    int gap = longest_zeros(addr, &gap_len);

    for (int i = 0; i < V6_GROUPS; i++) {
        if (i == gap) {
            put(w, "::");
            i += gap_len - 1;
            continue;
        }
        put(w, i == 0 || i == gap + gap_len ? "%x" : ":%x", group_at(addr, i));
    }
}

static void put_ipv6(writer *w, const eddy_addr *addr)
{
    const uint8_t *mapped = octets_of(addr);

    put(w, "[");
    if (mapped != NULL) {
        put(w, "::ffff:");
        put_octets(w, mapped);
    } else {
        put_groups(w, addr);
    }
    if (addr->scope_id != 0)
        put(w, "%%%lu", (unsigned long)addr->scope_id);
    put(w, "]:%d", addr->port);
}

size_t eddy_addr_print(const eddy_addr *addr, char *text, size_t size)
{
    writer w = {.len = 0};

    switch (addr->family) {
    case EDDY_ADDR_IPV4:
        put_octets(&w, addr->ip);
        put(&w, ":%d", addr->port);
        break;
    case EDDY_ADDR_IPV6:
        put_ipv6(&w, addr);
        break;
    default:
        put(&w, "none");
    }
    if (size > 0) {
        size_t len = w.len < size ? w.len : size - 1;

        memcpy(text, w.text, len);
        text[len] = '\0';
    }
    return w.len;
}
