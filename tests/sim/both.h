/* SPDX-License-Identifier: MIT */
/*
 * both.h - for tests that ask the kernel and a simulated host the same: the verbs of a socket over
 * either, words made of them, and a runner that runs each claim once on the kernel's loopback and
 * once on a simulated host. Everything here is static, a test includes it once.
 */
#ifndef EDDY_TEST_BOTH_H
#define EDDY_TEST_BOTH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "eddy/error.h"
#include "sim/sim.h"
#include "sys/sockaddr.h"

/* ---- the verbs ---- */

typedef struct verbs {
    const char *name;
    int (*connect)(int fd, const eddy_addr *to);
    int (*accept)(int fd);
    int64_t (*send)(int fd, const void *data, size_t len);
    int64_t (*recv)(int fd, void *memory, size_t len);
    int (*shutdown)(int fd);
    int (*take_error)(int fd);
    uint32_t (*ready)(int fd);
    bool (*step)(void); /* let something happen; false: nothing more will */
} verbs;

static const verbs *net;
static eddy__system *at; /* making, closing, addresses, options */

/* The kernel's */

static inline int result(long value)
{
    return value < 0 ? -errno : (int)value;
}

static inline int kernel_connect(int fd, const eddy_addr *to)
{
    struct sockaddr_storage storage;
    socklen_t size = eddy__sockaddr_from(to, &storage);

    return result(connect(fd, (struct sockaddr *)&storage, size));
}

static inline int kernel_accept(int fd)
{
    return result(accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

static inline int64_t kernel_send(int fd, const void *data, size_t len)
{
    return result(send(fd, data, len, MSG_NOSIGNAL));
}

static inline int64_t kernel_recv(int fd, void *memory, size_t len)
{
    return result(recv(fd, memory, len, 0));
}

static inline int kernel_shutdown(int fd)
{
    return result(shutdown(fd, SHUT_WR));
}

static inline int kernel_take_error(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;

    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), 0);
    return -error;
}

static inline uint32_t kernel_ready(int fd)
{
    struct pollfd it = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};
    uint32_t ready = 0;

    assert_true(poll(&it, 1, 0) >= 0);
    ready |= (it.revents & POLLIN) != 0 ? EDDY__SIM_READABLE : 0u;
    ready |= (it.revents & POLLOUT) != 0 ? EDDY__SIM_WRITABLE : 0u;
    ready |= (it.revents & POLLRDHUP) != 0 ? EDDY__SIM_PEER_END : 0u;
    ready |= (it.revents & POLLHUP) != 0 ? EDDY__SIM_HUNG : 0u;
    ready |= (it.revents & POLLERR) != 0 ? EDDY__SIM_BROKEN : 0u;
    return ready;
}

/* Loopback needs nobody's help, but now and then another processor's. */
static inline bool kernel_step(void)
{
    (void)poll(NULL, 0, 1);
    return true;
}

static const verbs kernel_verbs = {
    "kernel",        kernel_connect,    kernel_accept, kernel_send, kernel_recv,
    kernel_shutdown, kernel_take_error, kernel_ready,  kernel_step,
};

/* The simulated host's */

static eddy__sim *room;
static eddy__sim_host *host;

static inline int sim_connect(int fd, const eddy_addr *to)
{
    return eddy__sim_connect(host, fd, to);
}

static inline int sim_accept(int fd)
{
    return eddy__sim_accept(host, fd);
}

static inline int64_t sim_send(int fd, const void *data, size_t len)
{
    return eddy__sim_send(host, fd, data, len);
}

static inline int64_t sim_recv(int fd, void *memory, size_t len)
{
    return eddy__sim_recv(host, fd, memory, len);
}

static inline int sim_shutdown(int fd)
{
    return eddy__sim_shutdown(host, fd);
}

static inline int sim_take_error(int fd)
{
    return eddy__sim_take_error(host, fd);
}

static inline uint32_t sim_ready(int fd)
{
    return eddy__sim_ready(host, fd) & ~(uint32_t)EDDY__SIM_CONNECTING;
}

static inline bool sim_step(void)
{
    return eddy__sim_step(room, NULL, EDDY_FOREVER);
}

static const verbs sim_verbs = {
    "sim",        sim_connect,    sim_accept, sim_send, sim_recv,
    sim_shutdown, sim_take_error, sim_ready,  sim_step,
};

/* ---- words ---- */

enum { STEPS_MAX = 5000 };

/* Until all of these are shown. */
static inline void wait_for(int fd, uint32_t bits)
{
    for (int i = 0; (net->ready(fd) & bits) != bits; i++) {
        if (i == STEPS_MAX || !net->step())
            fail_msg("%s: %x is not shown, but %x", net->name, bits, net->ready(fd));
    }
}

static inline int make(void)
{
    eddy_addr any = eddy_addr_ipv4_loopback(0);
    int fd = at->type->stream(at, &any);

    assert_true(fd >= 0);
    return fd;
}

static inline eddy_addr local_of(int fd)
{
    eddy_addr addr;

    assert_int_equal(at->type->local_addr(at, fd, &addr), 0);
    return addr;
}

static inline int listen_on(eddy_addr addr, int backlog)
{
    eddy__socket_listen how = {.backlog = backlog, .reuse_address = true, .only_v6 = -1};

    return at->type->listen(at, &addr, &how);
}

static inline int listener(void)
{
    int fd = listen_on(eddy_addr_ipv4_loopback(0), 16);

    assert_true(fd >= 0);
    return fd;
}

static inline int connect_to(int to)
{
    int fd = make();
    eddy_addr addr = local_of(to);
    int error = net->connect(fd, &addr);

    assert_true(error == 0 || error == -EINPROGRESS);
    return fd;
}

static inline void hang_up(int fd)
{
    at->type->close(at, fd);
}

/* Connected, by a listener that has gone. */
typedef struct two {
    int a, b;
} two;

static inline two couple(void)
{
    two it;
    int l = listener();

    it.a = connect_to(l);
    wait_for(it.a, EDDY__SIM_WRITABLE);
    wait_for(l, EDDY__SIM_READABLE);
    it.b = net->accept(l);
    assert_true(it.b >= 0);
    hang_up(l);
    return it;
}

static inline void hang_up_both(two it)
{
    hang_up(it.a);
    hang_up(it.b);
}

static inline void say(int fd, const char *text)
{
    assert_int_equal(net->send(fd, text, strlen(text)), strlen(text));
}

static inline void hear(int fd, const char *text)
{
    char memory[64] = {0};

    wait_for(fd, EDDY__SIM_READABLE);
    assert_int_equal(net->recv(fd, memory, sizeof memory - 1), strlen(text));
    assert_string_equal(memory, text);
}

static inline int hear_none(int fd)
{
    char memory[16];
    int64_t got = net->recv(fd, memory, sizeof memory);

    assert_true(got <= 0);
    return (int)got;
}

static inline int say_one(int fd)
{
    return (int)net->send(fd, "x", 1);
}

static inline void set(int fd, eddy__socket_option option, int value)
{
    assert_int_equal(at->type->set(at, fd, option, value), 0);
}

static inline void reset_from(int fd)
{
    set(fd, EDDY__SOCKET_LINGER, 0);
    hang_up(fd);
}

#define ENDED  (EDDY__SIM_READABLE | EDDY__SIM_PEER_END)
#define DEAD   (ENDED | EDDY__SIM_HUNG | EDDY__SIM_WRITABLE)
#define BROKEN (DEAD | EDDY__SIM_BROKEN)

/* ---- running ---- */

typedef struct claim {
    const char *name;
    void (*holds)(void);
} claim;

#define CLAIM(name)                                                                                \
    {                                                                                              \
#name, name                                                                                \
    }

static inline void on_kernel(void **state)
{
    net = &kernel_verbs;
    at = &eddy__kernel;
    ((claim *)*state)->holds();
}

static inline void on_sim(void **state)
{
    const eddy_addr addr = eddy_addr_ipv4(10, 0, 0, 1, 0);
    eddy__sim_options options = {.calm = true};

    assert_int_equal(eddy__sim_new(&options, &room), 0);
    assert_int_equal(eddy__sim_host_new(room, "a", &addr, &host), 0);
    net = &sim_verbs;
    at = &host->system;
    ((claim *)*state)->holds();
    assert_int_equal(host->fds_used, 0);
    eddy__sim_release(room);
}

enum { CLAIMS_MAX = 64 };

static inline int run_on_both(claim *claims, int n)
{
    static struct CMUnitTest tests[2 * CLAIMS_MAX];
    static char names[2 * CLAIMS_MAX][96];

    if (n > CLAIMS_MAX)
        abort();
    for (int i = 0; i < 2 * n; i++) {
        bool kernel = i % 2 == 0;

        (void)snprintf(names[i], sizeof names[i], "%s on_%s", claims[i / 2].name,
                       kernel ? "kernel" : "sim");
        tests[i].name = names[i];
        tests[i].test_func = kernel ? on_kernel : on_sim;
        tests[i].initial_state = &claims[i / 2];
    }
    return _cmocka_run_group_tests("both", tests, (size_t)(2 * n), NULL, NULL);
}

#endif
