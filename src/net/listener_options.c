/* SPDX-License-Identifier: MIT */
/*
 * listener_options.c - address and socket options of a listener: checked, and handed to the system.
 */
#include <errno.h>

#include "net/listener.h"
#include "sys/system.h"

static int descriptor(const eddy_listener *self, const char *verb)
{
    if (self->source.core->gone)
        return EDDY_LOOP_GONE;
    eddy__core_check(self->source.core, verb);
    return self->source.slot.fd;
}

int eddy_listener_local_addr(const eddy_listener *self, eddy_addr *addr)
{
    int fd = descriptor(self, "eddy_listener_local_addr");
    eddy__system *system;

    if (fd < 0)
        return fd;
    system = self->source.core->driver->system;
    return system->type->local_addr(system, fd, addr);
}

int eddy_listener_set_ttl(eddy_listener *self, uint32_t ttl)
{
    int fd = descriptor(self, "eddy_listener_set_ttl");
    eddy__system *system;

    if (fd < 0)
        return fd;
    if (ttl < 1 || ttl > 255)
        return -EINVAL;
    system = self->source.core->driver->system;
    return system->type->set(system, fd, EDDY__SOCKET_TTL, (int)ttl);
}

static int get(const eddy_listener *self, const char *verb, eddy__socket_option option, int *value)
{
    int fd = descriptor(self, verb);
    eddy__system *system;

    if (fd < 0)
        return fd;
    system = self->source.core->driver->system;
    return system->type->get(system, fd, option, value);
}

int eddy_listener_ttl(const eddy_listener *self, uint32_t *ttl)
{
    int value;
    int error = get(self, "eddy_listener_ttl", EDDY__SOCKET_TTL, &value);

    if (error == 0)
        *ttl = (uint32_t)value;
    return error;
}

int eddy_listener_only_v6(const eddy_listener *self, bool *only_v6)
{
    int value;
    int error = get(self, "eddy_listener_only_v6", EDDY__SOCKET_ONLY_V6, &value);

    if (error == 0)
        *only_v6 = value != 0;
    return error;
}
