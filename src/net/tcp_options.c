/* SPDX-License-Identifier: MIT */
/*
 * tcp_options.c - socket options and addresses of a stream: typed, checked, and handed to the
 * system. Nothing is cached: what is read is what the system has.
 */
#include <errno.h>

#include "eddy/tcp_options.h"
#include "net/tcp.h"
#include "sys/system.h"

/* The descriptor to work on; EDDY_LOOP_GONE; -ENOTCONN: over a Unix socket, it is still connecting. */
static int descriptor(const eddy_tcp *self, const char *verb)
{
    if (self->source.core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(self->source.core, verb);
    return self->source.slot.fd >= 0 ? self->source.slot.fd : -ENOTCONN;
}

static int set_fd(const eddy_tcp *self, int fd, eddy__socket_option option, int value)
{
    eddy__system *system = self->source.core->driver->system;

    return system->type->set(system, fd, option, value);
}

static int get_fd(const eddy_tcp *self, int fd, eddy__socket_option option, int *value)
{
    eddy__system *system = self->source.core->driver->system;

    return system->type->get(system, fd, option, value);
}

static int set(const eddy_tcp *self, const char *verb, eddy__socket_option option, int value)
{
    int fd = descriptor(self, verb);

    return fd < 0 ? fd : set_fd(self, fd, option, value);
}

static int get(const eddy_tcp *self, const char *verb, eddy__socket_option option, int *value)
{
    int fd = descriptor(self, verb);

    return fd < 0 ? fd : get_fd(self, fd, option, value);
}

static int get_bool(const eddy_tcp *self, const char *verb, eddy__socket_option option, bool *on)
{
    int value;
    int error = get(self, verb, option, &value);

    if (error == 0)
        *on = value != 0;
    return error;
}

static int get_size(const eddy_tcp *self, const char *verb, eddy__socket_option option,
                    size_t *bytes)
{
    int value;
    int error = get(self, verb, option, &value);

    if (error == 0)
        *bytes = (size_t)value;
    return error;
}

static int at_most_int(size_t bytes)
{
    return bytes > INT32_MAX ? INT32_MAX : (int)bytes;
}

/* Whole seconds, rounded up; as many as the system takes. */
static int seconds(int64_t time_ns)
{
    int64_t whole = time_ns / EDDY_SECOND + (time_ns % EDDY_SECOND > 0);

    return whole > INT32_MAX ? INT32_MAX : (int)whole;
}

int eddy_tcp_local_addr(const eddy_tcp *self, eddy_addr *addr)
{
    int fd = descriptor(self, "eddy_tcp_local_addr");
    eddy__system *system;

    if (fd < 0)
        return fd;
    system = self->source.core->driver->system;
    return system->type->local_addr(system, fd, addr);
}

int eddy_tcp_peer_addr(const eddy_tcp *self, eddy_addr *addr)
{
    int fd = descriptor(self, "eddy_tcp_peer_addr");
    eddy__system *system;

    if (fd < 0)
        return fd;
    system = self->source.core->driver->system;
    return system->type->peer_addr(system, fd, addr);
}

int eddy_tcp_set_nodelay(eddy_tcp *self, bool on)
{
    return set(self, "eddy_tcp_set_nodelay", EDDY__SOCKET_NODELAY, on);
}

int eddy_tcp_nodelay(const eddy_tcp *self, bool *on)
{
    return get_bool(self, "eddy_tcp_nodelay", EDDY__SOCKET_NODELAY, on);
}

int eddy_tcp_set_ttl(eddy_tcp *self, uint32_t ttl)
{
    if (ttl < 1 || ttl > 255)
        return -EINVAL;
    return set(self, "eddy_tcp_set_ttl", EDDY__SOCKET_TTL, (int)ttl);
}

int eddy_tcp_ttl(const eddy_tcp *self, uint32_t *ttl)
{
    int value;
    int error = get(self, "eddy_tcp_ttl", EDDY__SOCKET_TTL, &value);

    if (error == 0)
        *ttl = (uint32_t)value;
    return error;
}

static int get_probing(const eddy_tcp *self, int fd, eddy_keepalive *keepalive)
{
    int on = 0, idle = 0, interval = 0, probes = 0;
    int error = get_fd(self, fd, EDDY__SOCKET_KEEPALIVE, &on);

    if (error == 0)
        error = get_fd(self, fd, EDDY__SOCKET_KEEPALIVE_IDLE, &idle);
    if (error == 0)
        error = get_fd(self, fd, EDDY__SOCKET_KEEPALIVE_INTERVAL, &interval);
    if (error == 0)
        error = get_fd(self, fd, EDDY__SOCKET_KEEPALIVE_PROBES, &probes);
    if (error != 0)
        return error;
    *keepalive = (eddy_keepalive){.on = on != 0,
                                  .idle_ns = idle * EDDY_SECOND,
                                  .interval_ns = interval * EDDY_SECOND,
                                  .probes = (uint32_t)probes};
    return 0;
}

/* A member that is zero keeps what the system has. */
static int set_unless_zero(const eddy_tcp *self, int fd, eddy__socket_option option, int value)
{
    return value == 0 ? 0 : set_fd(self, fd, option, value);
}

static int set_probing(const eddy_tcp *self, int fd, const eddy_keepalive *keepalive)
{
    int idle = seconds(keepalive->idle_ns), interval = seconds(keepalive->interval_ns);
    int error = set_unless_zero(self, fd, EDDY__SOCKET_KEEPALIVE_IDLE, idle);

    if (error == 0)
        error = set_unless_zero(self, fd, EDDY__SOCKET_KEEPALIVE_INTERVAL, interval);
    if (error == 0)
        error = set_unless_zero(self, fd, EDDY__SOCKET_KEEPALIVE_PROBES,
                                at_most_int(keepalive->probes));
    return error == 0 ? set_fd(self, fd, EDDY__SOCKET_KEEPALIVE, keepalive->on) : error;
}

/* The system refuses one value at a time: what was set before goes back. */
int eddy_tcp_set_keepalive(eddy_tcp *self, const eddy_keepalive *keepalive)
{
    int fd = descriptor(self, "eddy_tcp_set_keepalive");
    eddy_keepalive before;
    int error;

    if (fd < 0)
        return fd;
    if (keepalive->idle_ns < 0 || keepalive->interval_ns < 0)
        return -EINVAL;
    error = get_probing(self, fd, &before);
    if (error != 0)
        return error;
    error = set_probing(self, fd, keepalive);
    if (error != 0)
        (void)set_probing(self, fd, &before);
    return error;
}

int eddy_tcp_keepalive(const eddy_tcp *self, eddy_keepalive *keepalive)
{
    int fd = descriptor(self, "eddy_tcp_keepalive");

    return fd < 0 ? fd : get_probing(self, fd, keepalive);
}

int eddy_tcp_set_recv_buffer(eddy_tcp *self, size_t bytes)
{
    if (bytes == 0)
        return -EINVAL;
    return set(self, "eddy_tcp_set_recv_buffer", EDDY__SOCKET_RECV_BUFFER, at_most_int(bytes));
}

int eddy_tcp_recv_buffer(const eddy_tcp *self, size_t *bytes)
{
    return get_size(self, "eddy_tcp_recv_buffer", EDDY__SOCKET_RECV_BUFFER, bytes);
}

int eddy_tcp_set_send_buffer(eddy_tcp *self, size_t bytes)
{
    if (bytes == 0)
        return -EINVAL;
    return set(self, "eddy_tcp_set_send_buffer", EDDY__SOCKET_SEND_BUFFER, at_most_int(bytes));
}

int eddy_tcp_send_buffer(const eddy_tcp *self, size_t *bytes)
{
    return get_size(self, "eddy_tcp_send_buffer", EDDY__SOCKET_SEND_BUFFER, bytes);
}

int eddy_tcp_set_only_v6(eddy_tcp *self, bool only_v6)
{
    return set(self, "eddy_tcp_set_only_v6", EDDY__SOCKET_ONLY_V6, only_v6);
}

int eddy_tcp_only_v6(const eddy_tcp *self, bool *only_v6)
{
    return get_bool(self, "eddy_tcp_only_v6", EDDY__SOCKET_ONLY_V6, only_v6);
}

int eddy_tcp_set_linger(eddy_tcp *self, int64_t time_ns)
{
    int fd = descriptor(self, "eddy_tcp_set_linger");
    int error;

    if (fd < 0)
        return fd;
    error = set_fd(self, fd, EDDY__SOCKET_LINGER, time_ns < 0 ? -1 : seconds(time_ns));
    if (error != 0)
        return error;
    self->source.flags &= ~(uint32_t)EDDY__TCP_SO_LINGER;
    if (time_ns > 0)
        self->source.flags |= EDDY__TCP_SO_LINGER;
    return 0;
}

int eddy_tcp_linger(const eddy_tcp *self, int64_t *time_ns)
{
    int fd = descriptor(self, "eddy_tcp_linger");
    int value;
    int error;

    if (fd < 0)
        return fd;
    error = get_fd(self, fd, EDDY__SOCKET_LINGER, &value);
    if (error == 0)
        *time_ns = value < 0 ? -1 : value * EDDY_SECOND;
    return error;
}

int eddy_tcp_fd(const eddy_tcp *self)
{
    int fd = descriptor(self, "eddy_tcp_fd");

    return fd < 0 ? -1 : fd;
}
