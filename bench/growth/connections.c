/* SPDX-License-Identifier: MIT */
/*
 * connections.c - the memory of X idle connections to the echo server of the examples: bytes that
 * the loop holds more than with one connection that has been served, when they have just come and
 * after one message each. The clients are plain sockets of the same process.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../examples/support/echo_server.h"
#include "growth.h"

enum { MESSAGE = 64 };

static void allow_descriptors(uint32_t count)
{
    struct rlimit limit;

    growth_check(getrlimit(RLIMIT_NOFILE, &limit) == 0, "the limit on descriptors");
    if (limit.rlim_cur >= count)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    growth_check(limit.rlim_cur >= count, "the hard limit on descriptors (ulimit -Hn) is too low");
}

/* Turns until nothing is left to do. */
static void turn(eddy_core *core)
{
    eddy_result n;

    do
        n = eddy_core_turn(core, EDDY_MILLISECOND);
    while (n > 0);
    growth_check(n == 0, "a turn");
}

static uint64_t accepted(eddy_core *core)
{
    eddy_core_stats stats;

    eddy_core_stats_get(core, &stats);
    return stats.connections_accepted;
}

/* Each 200 the server takes in what waits, so that no backlog overflows. */
static void connect_all(eddy_core *core, int *clients, uint32_t count, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    uint64_t before = accepted(core);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (uint32_t i = 0; i < count; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        growth_check(clients[i] >= 0 &&
                         connect(clients[i], (struct sockaddr *)(void *)&to, sizeof to) == 0,
                     "connect");
        if (i % 200 == 199)
            turn(core);
    }
    while (accepted(core) < before + count)
        turn(core);
    turn(core);
}

static void message_of(unsigned char message[MESSAGE], uint32_t client)
{
    for (uint32_t i = 0; i < MESSAGE; i++)
        message[i] = (unsigned char)(client * 7 + i);
}

/* Windows of a hundred: sent, answered, compared. */
static void echo_all(eddy_core *core, const int *clients, uint32_t count)
{
    unsigned char message[MESSAGE], answer[MESSAGE];

    for (uint32_t from = 0; from < count; from += 100) {
        uint32_t to = from + 100 < count ? from + 100 : count;

        for (uint32_t i = from; i < to; i++) {
            message_of(message, i);
            growth_check(send(clients[i], message, MESSAGE, 0) == MESSAGE, "send");
        }
        turn(core);
        for (uint32_t i = from; i < to; i++) {
            message_of(message, i);
            growth_check(recv(clients[i], answer, MESSAGE, MSG_WAITALL) == MESSAGE &&
                             memcmp(message, answer, MESSAGE) == 0,
                         "an answer");
        }
    }
    turn(core);
}

static uint16_t serve(eddy_core *core)
{
    eddy_addr address = eddy_addr_ipv4_loopback(0);
    eddy_listener *listener;

    growth_check(eddy_listener_bind(eddy_core_handle(core), &address, NULL, &listener) == 0,
                 "listen");
    growth_check(eddy_listener_local_addr(listener, &address) == 0, "the port");
    growth_check(eddy_spawn(eddy_core_handle(core), EDDY_FUTURE(eddy_server, .listener = listener,
                                                                .client = echo_client)) == 0,
                 "spawn");
    turn(core);
    return address.port;
}

/* Closed with a reset: nothing is left in TIME_WAIT for who comes next. */
static void close_all(const int *clients, uint32_t count)
{
    struct linger reset = {.l_onoff = 1};

    for (uint32_t i = 0; i < count; i++) {
        (void)setsockopt(clients[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(clients[i]);
    }
}

void growth_connections(uint32_t x)
{
    int *clients = growth_memory(x, sizeof *clients), first;
    eddy_core *core;
    uint64_t before;
    uint16_t port;

    allow_descriptors(2 * x + 64);
    core = growth_core(0);
    port = serve(core);
    connect_all(core, &first, 1, port);
    echo_all(core, &first, 1);
    before = growth_heap(core);
    connect_all(core, clients, x, port);
    growth_print("connection_bytes", (double)(growth_heap(core) - before) / x, "B");
    echo_all(core, clients, x);
    growth_print("connection_bytes_used", (double)(growth_heap(core) - before) / x, "B");
    close_all(clients, x);
    close_all(&first, 1);
    turn(core);
    eddy_core_free(core);
    free(clients);
}
