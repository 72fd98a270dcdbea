/* SPDX-License-Identifier: MIT */
/*
 * tcp.c - workloads over TCP, served by the functions that the examples and the benchmark's server
 * have: echo, HTTP, and connections that live for one byte each way.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../examples/support/echo_server.h"
#include "../../examples/support/http_server.h"
#include "../load/pattern.h"
#include "gate.h"

enum {
    CLIENTS_MAX = 64,
    CHURN_CLIENTS = 32,
    MESSAGE_BYTES = 64,
    DEPTH = 16,
    ANSWERS_BYTES_MAX = 8192,
    TURNS_MAX = 100, /* of one round: a server that never answers is found out */
};

static uint16_t port;
static uint32_t clients;
static int fds[CLIENTS_MAX];
static size_t received[CLIENTS_MAX];
static unsigned char answers[CLIENTS_MAX][ANSWERS_BYTES_MAX];
static uint64_t rounds;

/* ---- the server ---- */

static void serve(struct gate *self, int (*client)(void *, eddy_group *, eddy_tcp *), void *arg)
{
    eddy_addr address = eddy_addr_ipv4_loopback(0);
    eddy_listener *listener;

    gate_check(eddy_listener_bind(self->handle, &address, NULL, &listener) == 0, "bind");
    gate_check(eddy_listener_local_addr(listener, &address) == 0, "address");
    port = address.port;
    gate_spawn(self, EDDY_FUTURE(eddy_server, .listener = listener, .client = client, .arg = arg));
}

static void connect_all(uint32_t count)
{
    clients = count;
    for (uint32_t i = 0; i < count; i++)
        fds[i] = gate_socket_connect(SOCK_STREAM, port);
}

/* ---- one message and its answer on each connection ---- */

/* Whether all has come that client `i` waits for; a byte too many is an error. */
static bool is_answered(uint32_t i, size_t len)
{
    if (received[i] < len)
        received[i] +=
            gate_socket_recv(fds[i], answers[i] + received[i], sizeof answers[i] - received[i]);
    gate_check(received[i] <= len, "more came than was asked for");
    return received[i] == len;
}

/* Turns until `len` bytes have come on each connection. */
static void turn_until_answered(struct gate *self, size_t len)
{
    uint32_t done = 0;

    memset(received, 0, sizeof received);
    for (int turns = 0; done < clients; turns++) {
        gate_check(turns < TURNS_MAX, "no answer came");
        gate_turn(self);
        done = 0;
        for (uint32_t i = 0; i < clients; i++)
            done += is_answered(i, len);
    }
}

/* ---- echo ---- */

static struct pattern pattern;

static void start_echo(struct gate *self)
{
    pattern_fill(&pattern);
    serve(self, echo_client, NULL);
}

/* What client `i` says in this round: nobody else says it, and it does not in the next. */
static const unsigned char *message_of(uint32_t i)
{
    return pattern_at(&pattern, rounds * 7919 + i * 127);
}

static uint64_t round_echo(struct gate *self, size_t depth)
{
    size_t len = depth * MESSAGE_BYTES;

    for (uint32_t i = 0; i < clients; i++)
        gate_socket_send(fds[i], message_of(i), len);
    turn_until_answered(self, len);
    for (uint32_t i = 0; i < clients; i++)
        gate_check(memcmp(answers[i], message_of(i), len) == 0,
                   "what came back is not what was sent");
    rounds++;
    return clients * depth;
}

static void start_echo_c64(struct gate *self)
{
    start_echo(self);
    connect_all(64);
}

static void start_echo_c1(struct gate *self)
{
    start_echo(self);
    connect_all(1);
}

static uint64_t round_echo_p1(struct gate *self)
{
    return round_echo(self, 1);
}

static uint64_t round_echo_p16(struct gate *self)
{
    return round_echo(self, DEPTH);
}

/* ---- HTTP ---- */

static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: gate\r\n"
                              "Accept: */*\r\nConnection: keep-alive\r\n\r\n";

enum { REQUEST_BYTES = sizeof request - 1 };

static struct http_server http;

static void start_http_c64(struct gate *self)
{
    gate_check(http_server_start(&http, self->handle) == 0, "HTTP server");
    serve(self, http_client_start, &http);
    connect_all(64);
}

/* The answers of one client: so many greetings, whole. */
static bool are_greetings(const unsigned char *text, size_t depth)
{
    const struct http_greeting *greeting = &http.greeting;

    for (size_t i = 0; i < depth; i++)
        if (memcmp(text + i * greeting->len[0], greeting->text[0], greeting->len[0]) != 0)
            return false;
    return memcmp(text, "HTTP/1.1 200 OK\r\n", 17) == 0;
}

static uint64_t round_http(struct gate *self, size_t depth)
{
    static char requests[DEPTH * REQUEST_BYTES];
    size_t len = depth * REQUEST_BYTES;

    for (size_t i = 0; i < depth; i++)
        memcpy(requests + i * REQUEST_BYTES, request, REQUEST_BYTES);
    for (uint32_t i = 0; i < clients; i++)
        gate_socket_send(fds[i], requests, len);
    turn_until_answered(self, depth * http.greeting.len[0]);
    for (uint32_t i = 0; i < clients; i++)
        gate_check(are_greetings(answers[i], depth), "not the greeting");
    return clients * depth;
}

static uint64_t round_http_p1(struct gate *self)
{
    return round_http(self, 1);
}

static uint64_t round_http_p16(struct gate *self)
{
    return round_http(self, DEPTH);
}

/* ---- churn ---- */

static void turn_until_closed(struct gate *self)
{
    uint32_t open = clients;

    for (int turns = 0; open > 0; turns++) {
        gate_check(turns < TURNS_MAX, "a connection is not closed");
        gate_turn(self);
        open = clients;
        for (uint32_t i = 0; i < clients; i++)
            open -= gate_socket_at_end(fds[i]);
    }
}

/* Connections that are opened, say one byte, hear it and are closed. */
static uint64_t round_churn(struct gate *self)
{
    clients = CHURN_CLIENTS;
    for (uint32_t i = 0; i < clients; i++)
        fds[i] = gate_socket_connect_from(SOCK_STREAM, port, rounds);
    for (uint32_t i = 0; i < clients; i++)
        gate_socket_send(fds[i], message_of(i), 1);
    turn_until_answered(self, 1);
    for (uint32_t i = 0; i < clients; i++) {
        gate_check(answers[i][0] == message_of(i)[0], "what came back is not what was sent");
        gate_check(shutdown(fds[i], SHUT_WR) == 0, "shutdown");
    }
    turn_until_closed(self);
    for (uint32_t i = 0; i < clients; i++)
        close(fds[i]);
    rounds++;
    return clients;
}

const struct gate_workload gate_tcp_workloads[] = {
    {"echo_c1", start_echo_c1, round_echo_p1},
    {"echo_c64", start_echo_c64, round_echo_p1},
    {"echo_c64_p16", start_echo_c64, round_echo_p16},
    {"http_c64_p1", start_http_c64, round_http_p1},
    {"http_c64_p16", start_http_c64, round_http_p16},
    {"churn", start_echo, round_churn},
    {NULL, NULL, NULL},
};
