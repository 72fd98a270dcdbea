/* SPDX-License-Identifier: MIT */
/*
 * letters.h - for tests of simulated datagrams: the verbs of their sockets in one line each, over the
 * room of two_hosts.h. Everything here is static, a test includes it once.
 */
#ifndef EDDY_TEST_LETTERS_H
#define EDDY_TEST_LETTERS_H

#include "two_hosts.h"

#include "sys/datagrams.h"

static inline const eddy__datagrams *udp_of(const eddy__sim_host *host)
{
    return host->system.type->datagrams;
}

static inline int udp_open(eddy__sim_host *host)
{
    int fd = udp_of(host)->open(&host->system, &host->addr);

    assert_true(fd >= 0);
    return fd;
}

static inline int udp_bind(eddy__sim_host *host, int fd, eddy_addr addr)
{
    const eddy__datagram_bind how = {.only_v6 = -1};

    return udp_of(host)->bind(&host->system, fd, &addr, &how);
}

/* Bound to every address of the host. */
static inline int udp_at(eddy__sim_host *host, uint16_t port)
{
    int fd = udp_open(host);

    assert_int_equal(udp_bind(host, fd, eddy_addr_ipv4_any(port)), 0);
    return fd;
}

static inline int udp_connect(eddy__sim_host *host, int fd, eddy_addr to)
{
    return udp_of(host)->connect(&host->system, fd, &to);
}

static inline void udp_set(eddy__sim_host *host, int fd, eddy__datagram_option option, int value)
{
    assert_int_equal(udp_of(host)->set(&host->system, fd, option, value), 0);
}

static inline eddy_addr udp_local(eddy__sim_host *host, int fd)
{
    eddy_addr addr;

    assert_int_equal(host->system.type->local_addr(&host->system, fd, &addr), 0);
    return addr;
}

static inline int udp_send(eddy__sim_host *host, int fd, eddy_datagram it)
{
    int later = 0, n = udp_of(host)->send(&host->system, fd, &it, 1, &later);

    assert_int_equal(later, 0);
    return n;
}

/* Bytes of the pattern, to that address or (NONE) the connected one. */
static inline int post_bytes(eddy__sim_host *host, int fd, eddy_addr to, size_t len)
{
    static unsigned char bytes[70000];

    for (size_t i = 0; i < len; i++)
        bytes[i] = pattern(i);
    return udp_send(host, fd, (eddy_datagram){.data = bytes, .len = len, .peer = to});
}

static inline int post(eddy__sim_host *host, int fd, eddy_addr to, const char *text)
{
    char copy[64];

    strcpy(copy, text);
    return udp_send(host, fd, (eddy_datagram){.data = copy, .len = strlen(text), .peer = to});
}

static const eddy_addr nowhere = {0};

/* One datagram into `room` bytes: what recv said. */
static inline int fetch_into(eddy__sim_host *host, int fd, void *memory, size_t space,
                             eddy_datagram *it)
{
    *it = (eddy_datagram){.data = memory, .room = space};
    return udp_of(host)->recv(&host->system, fd, it, 1);
}

static inline int fetch_none(eddy__sim_host *host, int fd)
{
    char memory[64];
    eddy_datagram it;
    int n = fetch_into(host, fd, memory, sizeof memory, &it);

    assert_true(n < 0);
    return n;
}

/* One is there, and it is that; the rest of it. */
static inline eddy_datagram fetch(eddy__sim_host *host, int fd, const char *text)
{
    char memory[64] = {0};
    eddy_datagram it;

    assert_int_equal(fetch_into(host, fd, memory, sizeof memory - 1, &it), 1);
    assert_string_equal(memory, text);
    assert_int_equal(it.len, strlen(text));
    assert_int_equal(it.full_len, it.len);
    it.data = NULL;
    return it;
}

/* How many are there; all are taken. */
static inline int fetch_all(eddy__sim_host *host, int fd)
{
    char memory[64];
    eddy_datagram it;
    int n = 0;

    while (fetch_into(host, fd, memory, sizeof memory, &it) == 1)
        n++;
    return n;
}

#endif
