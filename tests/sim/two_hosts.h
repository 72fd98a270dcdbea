/* SPDX-License-Identifier: MIT */
/*
 * two_hosts.h - for tests of the simulated network: a room with two hosts, and the verbs of their
 * sockets in one line each. Everything here is static, a test includes it once.
 */
#ifndef EDDY_TEST_TWO_HOSTS_H
#define EDDY_TEST_TWO_HOSTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "eddy/error.h"
#include "sim/sim.h"

static eddy__sim *room;
static eddy__sim_host *a, *b;

#define MS EDDY_MILLISECOND
#define US EDDY_MICROSECOND

static inline void open_room(const eddy__sim_options *options)
{
    const eddy_addr first = eddy_addr_ipv4(10, 0, 0, 1, 0), second = eddy_addr_ipv4(10, 0, 0, 2, 0);

    assert_int_equal(eddy__sim_new(options, &room), 0);
    assert_int_equal(eddy__sim_host_new(room, "a", &first, &a), 0);
    assert_int_equal(eddy__sim_host_new(room, "b", &second, &b), 0);
}

static inline int calm_room(void **state)
{
    (void)state;
    open_room(&(eddy__sim_options){.calm = true});
    return 0;
}

static inline int close_room(void **state)
{
    (void)state;
    eddy__sim_release(room);
    return 0;
}

/* ---- time ---- */

static inline void run_until(int64_t time_ns)
{
    while (eddy__sim_next_ns(room, false) <= time_ns)
        (void)eddy__sim_step(room, NULL, time_ns);
    if (room->now_ns < time_ns)
        (void)eddy__sim_step(room, NULL, time_ns);
    assert_int_equal(room->now_ns, time_ns);
}

static inline void run_for(int64_t time_ns)
{
    run_until(room->now_ns + time_ns);
}

/* Until these bits are shown; when that was. */
static inline int64_t wait_for(eddy__sim_host *host, int fd, uint32_t bits)
{
    while ((eddy__sim_ready(host, fd) & bits) != bits)
        if (!eddy__sim_step(room, NULL, EDDY_FOREVER))
            fail_msg("%x is never shown, but %x", bits, eddy__sim_ready(host, fd));
    return room->now_ns;
}

/* Until nothing can happen. */
static inline void run_out(void)
{
    while (eddy__sim_step(room, NULL, EDDY_FOREVER))
        continue;
}

/* ---- sockets ---- */

static inline eddy_addr addr_of(const eddy__sim_host *host, uint16_t port)
{
    eddy_addr addr = host->addr;

    addr.port = port;
    return addr;
}

static inline int listen_at(eddy__sim_host *host, uint16_t port, int backlog)
{
    eddy__socket_listen how = {.backlog = backlog, .reuse_address = true, .only_v6 = -1};
    eddy_addr addr = addr_of(host, port);
    int fd = host->system.type->listen(&host->system, &addr, &how);

    assert_true(fd >= 0);
    return fd;
}

static inline int start_connect(eddy__sim_host *from, eddy__sim_host *to, uint16_t port)
{
    eddy_addr addr = addr_of(to, port);
    int fd = from->system.type->stream(&from->system, &addr);

    assert_true(fd >= 0);
    assert_int_equal(eddy__sim_connect(from, fd, &addr), -EINPROGRESS);
    return fd;
}

static inline void hang_up(eddy__sim_host *host, int fd)
{
    host->system.type->close(&host->system, fd);
}

typedef struct two {
    int a, b;
} two;

/* From a to b, by a listener that has gone. */
static inline two couple(void)
{
    int l = listen_at(b, 80, 16);
    two it;

    it.a = start_connect(a, b, 80);
    (void)wait_for(b, l, EDDY__SIM_READABLE);
    it.b = eddy__sim_accept(b, l);
    assert_true(it.b >= 0);
    hang_up(b, l);
    assert_int_equal(eddy__sim_ready(a, it.a), EDDY__SIM_WRITABLE);
    return it;
}

/* ---- bytes ---- */

static inline unsigned char pattern(size_t at)
{
    return (unsigned char)(at * 7 + at / 251 + at / 65521);
}

/* Send what there is room for, of `total` bytes of the pattern of which `*sent` have gone. */
static inline int64_t pour(eddy__sim_host *host, int fd, size_t *sent, size_t total)
{
    unsigned char block[4096];

    while (*sent < total) {
        size_t len = total - *sent < sizeof block ? total - *sent : sizeof block;
        int64_t n;

        for (size_t i = 0; i < len; i++)
            block[i] = pattern(*sent + i);
        n = eddy__sim_send(host, fd, block, len);
        if (n < 0)
            return n;
        *sent += (size_t)n;
    }
    return 0;
}

/* Take what is there, and check it. What the last recv said. */
static inline int64_t drink(eddy__sim_host *host, int fd, size_t *got)
{
    unsigned char block[5000];
    int64_t n;

    while ((n = eddy__sim_recv(host, fd, block, sizeof block)) > 0) {
        for (int64_t i = 0; i < n; i++)
            assert_int_equal(block[i], pattern(*got + (size_t)i));
        *got += (size_t)n;
    }
    return n;
}

static inline void say(eddy__sim_host *host, int fd, const char *text)
{
    assert_int_equal(eddy__sim_send(host, fd, text, strlen(text)), strlen(text));
}

static inline void hear(eddy__sim_host *host, int fd, const char *text)
{
    char memory[64] = {0};

    assert_int_equal(eddy__sim_recv(host, fd, memory, sizeof memory - 1), strlen(text));
    assert_string_equal(memory, text);
}

static inline int hear_none(eddy__sim_host *host, int fd)
{
    char memory[16];
    int64_t n = eddy__sim_recv(host, fd, memory, sizeof memory);

    assert_true(n <= 0);
    return (int)n;
}

/* ---- links ---- */

static inline eddy__sim_link *way(eddy__sim_host *from, eddy__sim_host *to)
{
    eddy__sim_link *link = eddy__sim_link_get(from, to);

    assert_non_null(link);
    return link;
}

static inline void cut(eddy__sim_host *from, eddy__sim_host *to)
{
    way(from, to)->cut_until_ns = EDDY_FOREVER;
}

static inline void heal(eddy__sim_host *from, eddy__sim_host *to)
{
    way(from, to)->cut_until_ns = 0;
}

static inline void odds(eddy_chaos chaos, uint32_t ppm)
{
    room->chances[chaos].ppm = ppm;
}

#endif
