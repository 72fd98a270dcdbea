/* SPDX-License-Identifier: MIT */
/*
 * tcp_options.c - socket options whose value is one number. Those that mean nothing here (time to
 * live, keep-alive) are kept and given back; the ranges are those of Linux.
 */
#include <errno.h>

#include "sim/unix.h"

enum {
    BUFFER_MIN = 1152, /* Linux keeps twice as much, at least 2304 */
    BUFFER_MAX = 212992,
    KEEPALIVE_MOST = 32767,
    PROBES_MOST = 127,
    TTL = 64,
};

typedef struct range {
    int least, most;
    int by_default;
} range;

static const range ranges[EDDY__SOCKET_OPTIONS] = {
    [EDDY__SOCKET_NODELAY] = {INT32_MIN, INT32_MAX, 0},
    [EDDY__SOCKET_RECV_BUFFER] = {INT32_MIN, INT32_MAX, EDDY__SIM_BUFFER_BYTES},
    [EDDY__SOCKET_SEND_BUFFER] = {INT32_MIN, INT32_MAX, EDDY__SIM_BUFFER_BYTES},
    [EDDY__SOCKET_ONLY_V6] = {INT32_MIN, INT32_MAX, 0},
    [EDDY__SOCKET_KEEPALIVE] = {INT32_MIN, INT32_MAX, 0},
    [EDDY__SOCKET_KEEPALIVE_IDLE] = {1, KEEPALIVE_MOST, 7200},
    [EDDY__SOCKET_KEEPALIVE_INTERVAL] = {1, KEEPALIVE_MOST, 75},
    [EDDY__SOCKET_KEEPALIVE_PROBES] = {1, PROBES_MOST, 9},
    [EDDY__SOCKET_TTL] = {1, 255, TTL},
    [EDDY__SOCKET_LINGER] = {INT32_MIN, INT32_MAX, -1},
};

void eddy__sim_options_init(eddy__sim_socket *self)
{
    for (int i = 0; i < EDDY__SOCKET_OPTIONS; i++)
        self->options[i] = ranges[i].by_default;
}

static bool is_switch(eddy__socket_option option)
{
    return option == EDDY__SOCKET_NODELAY || option == EDDY__SOCKET_ONLY_V6 ||
           option == EDDY__SOCKET_KEEPALIVE;
}

static bool is_buffer(eddy__socket_option option)
{
    return option == EDDY__SOCKET_RECV_BUFFER || option == EDDY__SOCKET_SEND_BUFFER;
}

static int clamp(int value)
{
    if (value < 0 || value > BUFFER_MAX) /* Linux takes a negative one for a huge one */
        return BUFFER_MAX;
    return value < BUFFER_MIN ? BUFFER_MIN : value;
}

/* What is held back for want of room, or for company, may go now. */
static void apply(eddy__sim_socket *self, eddy__socket_option option)
{
    if (option == EDDY__SOCKET_NODELAY)
        eddy__sim_tcp_push(self);
    if (option == EDDY__SOCKET_RECV_BUFFER && !self->fin_received &&
        eddy__sim_tcp_open_window(self))
        eddy__sim_tcp_ack(self);
    if (option == EDDY__SOCKET_SEND_BUFFER)
        eddy__sim_tell(self);
}

int eddy__sim_option_set(eddy__system *system, int fd, eddy__socket_option option, int value)
{
    eddy__sim_socket *self = eddy__sim_socket_of((eddy__sim_host *)(void *)system, fd);

    if (self == NULL)
        return -EBADF;
    if (self->named != NULL && !eddy__sim_named_has(option))
        return -EOPNOTSUPP;
    if (option == EDDY__SOCKET_ONLY_V6 && !self->ipv6)
        return -ENOPROTOOPT;
    if (option == EDDY__SOCKET_ONLY_V6 && self->local.port != 0)
        return -EINVAL;
    if (option == EDDY__SOCKET_TTL && value == -1)
        value = TTL;
    if (value < ranges[option].least || value > ranges[option].most)
        return -EINVAL;
    if (is_switch(option))
        value = value != 0;
    else if (is_buffer(option))
        value = clamp(value);
    else if (option == EDDY__SOCKET_LINGER && value < 0)
        value = -1;
    self->options[option] = value;
    if (self->state == EDDY__SIM_TCP_OPEN)
        apply(self, option);
    return 0;
}

int eddy__sim_option_get(eddy__system *system, int fd, eddy__socket_option option, int *value)
{
    const eddy__sim_socket *self = eddy__sim_socket_of((eddy__sim_host *)(void *)system, fd);

    if (self == NULL)
        return -EBADF;
    if (self->named != NULL && !eddy__sim_named_has(option))
        return -EOPNOTSUPP;
    if (option == EDDY__SOCKET_ONLY_V6 && !self->ipv6)
        return -ENOPROTOOPT;
    *value = self->options[option] * (is_buffer(option) ? 2 : 1);
    return 0;
}
