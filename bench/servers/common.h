/* SPDX-License-Identifier: MIT */
/*
 * common.h - what the servers that eddy is measured against share: the command line
 *
 *     NAME MODE PORT [UPSTREAM_PORT]
 *
 * and the sockets, set alike in every one of them. Nothing in here runs while a request is served.
 * A server that cannot go on says why and ends; it is a program to be measured, not one to be kept.
 */
#ifndef BENCH_SERVERS_COMMON_H
#define BENCH_SERVERS_COMMON_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a stream is read with, at once and in all servers that choose it themselves. */
#define SERVER_READ_BYTES   ((size_t)64 * 1024)
#define SERVER_BACKLOG      4096
/* A datagram's most bytes; a larger one is not answered. */
#define SERVER_DATAGRAM_MAX 2048

struct server_args {
    const char *name; /* of the program, for what it says */
    uint16_t port;
    uint16_t upstream; /* where `proxy` connects to; 0: not given */
};

struct server_mode {
    const char *name;
    void (*run)(const struct server_args *args); /* returns only when it has failed */
};

/* Find the mode that the command line names, in a list that ends with an empty name, and run it. The
 * process ends with status 0 on SIGTERM and SIGINT. */
int server_main(int argc, char **argv, const struct server_mode *modes);

/* Say what failed, why by errno, and end. */
__attribute__((noreturn)) void server_die(const char *what);

/* Zeroed memory; none left ends the server. */
void *server_alloc(size_t count, size_t bytes);

/* 127.0.0.1 and a port. */
struct sockaddr_in server_address(uint16_t port);

/* Non-blocking sockets, bound: one that listens, whose connections have TCP_NODELAY, too, as Linux
 * gives it on to them; one for datagrams. */
int server_listen(uint16_t port);
int server_udp(uint16_t port);
void server_nodelay(int fd);

/* What a bound datagram socket should have as its receive buffer, where a library makes the socket. */
#define SERVER_UDP_BUFFER (1 << 20)

#ifdef __cplusplus
}
#endif

#endif
