/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - the clients' side: plain sockets. What they send over the loopback is there for the
 * server when send(2) returns.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate.h"

enum { ADDRESSES = 250, ADDRESS_FIRST = 2 };

static struct sockaddr_in loopback(uint32_t host, uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffu) | host)};
}

int gate_socket_connect_from(int type, uint16_t port, uint64_t number)
{
    struct sockaddr_in from = loopback(ADDRESS_FIRST + (uint32_t)(number % ADDRESSES), 0);
    struct sockaddr_in to = loopback(1, port);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;

    gate_check(fd >= 0, "socket");
    /* The port is chosen when the peer is known: one that is free for that peer will do. */
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    gate_check(bind(fd, (void *)&from, sizeof from) == 0, "bind");
    /* The system answers for the listener: no turn of the loop is needed. */
    gate_check(connect(fd, (void *)&to, sizeof to) == 0, "connect");
    gate_check(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
    if (type == SOCK_STREAM)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

int gate_socket_connect(int type, uint16_t port)
{
    return gate_socket_connect_from(type, port, 0);
}

void gate_socket_send(int fd, const void *data, size_t len)
{
    gate_check(send(fd, data, len, MSG_NOSIGNAL) == (ssize_t)len, "send");
}

size_t gate_socket_recv(int fd, void *data, size_t room)
{
    ssize_t n = recv(fd, data, room, 0);

    if (n < 0 && errno == EAGAIN)
        return 0;
    gate_check(n > 0, "recv");
    return (size_t)n;
}

bool gate_socket_at_end(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, 0);

    gate_check(n == 0 || (n < 0 && errno == EAGAIN), "the end of a connection");
    return n == 0;
}
