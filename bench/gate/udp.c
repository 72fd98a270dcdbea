/* SPDX-License-Identifier: MIT */
/*
 * udp.c - the workload over UDP, served by the function that the example and the benchmark's server
 * have.
 */
#include <string.h>
#include <sys/socket.h>

#include "../../examples/support/udp_echo_server.h"
#include "../load/pattern.h"
#include "gate.h"

enum { SOCKETS = 8, DATAGRAMS = 8, DATAGRAM_BYTES = 64, TURNS_MAX = 100 };

static struct pattern pattern;
static int fds[SOCKETS];
static uint64_t rounds;

static void start_udp_c8(struct gate *self)
{
    eddy_addr address = eddy_addr_ipv4_loopback(0);
    eddy_dgram *dgram;

    pattern_fill(&pattern);
    gate_check(eddy_dgram_bind(self->handle, &address, NULL, &dgram) == 0, "bind");
    gate_check(eddy_dgram_local_addr(dgram, &address) == 0, "address");
    gate_spawn(self, EDDY_FUTURE(udp_echo, .dgram = dgram));
    for (int i = 0; i < SOCKETS; i++)
        fds[i] = gate_socket_connect(SOCK_DGRAM, address.port);
}

/* Datagram `k` of socket `i` in this round. */
static const unsigned char *datagram_of(int i, int k)
{
    return pattern_at(&pattern, rounds * 7919 + (uint64_t)(i * DATAGRAMS + k) * 127);
}

/* The datagrams that have come to socket `i`, of which `have` came before. Over the loopback none is
 * lost, and they keep their order. */
static int receive(int i, int have)
{
    unsigned char bytes[2 * DATAGRAM_BYTES];
    size_t n;

    while (have < DATAGRAMS && (n = gate_socket_recv(fds[i], bytes, sizeof bytes)) > 0) {
        gate_check(n == DATAGRAM_BYTES && memcmp(bytes, datagram_of(i, have), n) == 0,
                   "what came back is not what was sent");
        have++;
    }
    return have;
}

static uint64_t round_udp_c8(struct gate *self)
{
    int have[SOCKETS] = {0}, all = 0;

    for (int k = 0; k < DATAGRAMS; k++)
        for (int i = 0; i < SOCKETS; i++)
            gate_socket_send(fds[i], datagram_of(i, k), DATAGRAM_BYTES);
    for (int turns = 0; all < SOCKETS * DATAGRAMS; turns++) {
        gate_check(turns < TURNS_MAX, "a datagram was lost");
        gate_turn(self);
        all = 0;
        for (int i = 0; i < SOCKETS; i++)
            all += have[i] = receive(i, have[i]);
    }
    rounds++;
    return SOCKETS * DATAGRAMS;
}

const struct gate_workload gate_udp_workloads[] = {
    {"udp_c8", start_udp_c8, round_udp_c8},
    {NULL, NULL, NULL},
};
