/* SPDX-License-Identifier: MIT */
/*
 * resolve.c - names of hosts, see eddy/resolve.h. The addresses are found into the job, and copied to
 * the user's memory when the result is told.
 */
#include "eddy/resolve.h"

#include <errno.h>
#include <string.h>

#include "pool/pool.h"
#include "sys/resolve.h"

enum {
    NAME_MAX_BYTES = 255,
    ADDRS_MAX = 256, /* no more are looked at */
    TEXT_BYTES = NAME_MAX_BYTES + 1
};

struct lookup {
    eddy_addr *out;
    eddy__sim *sim; /* NULL: on the kernel */
    uint32_t addrs_max;
    bool has_service;
    char host[TEXT_BYTES], service[TEXT_BYTES];
    eddy_addr addrs[];
};

/* ---- what needs no looking up ---- */

enum { NO_NUMBER = -1, NO_PORT = -2 };

/* glibc takes a number above 65535 modulo that. */
static int32_t port_of(const char *service)
{
    int32_t port = 0;

    if (service == NULL)
        return 0;
    if (*service == '\0')
        return NO_PORT;
    for (const char *at = service; *at != '\0'; at++) {
        if (*at < '0' || *at > '9')
            return NO_NUMBER;
        if (port <= UINT16_MAX)
            port = 10 * port + (*at - '0');
    }
    return port <= UINT16_MAX ? port : NO_PORT;
}

/* An address without a port. */
static bool is_numeric(const char *host, eddy_addr *addr)
{
    bool ipv6 = strchr(host, ':') != NULL;
    const char *allowed = ipv6 ? "0123456789abcdefABCDEF:.%" : "0123456789.";

    return host[strspn(host, allowed)] == '\0' && eddy_addr_parse(host, 0, addr, NULL) == 0 &&
           addr->family == (ipv6 ? EDDY_ADDR_IPV6 : EDDY_ADDR_IPV4);
}

/* ---- in a simulated world ---- */

static bool find_host(eddy__sim *sim, const char *name, eddy_addr *addr)
{
    *addr = eddy_addr_ipv4_loopback(0);
    if (strcmp(name, "localhost") == 0)
        return true;
    EDDY__LIST_FOR_EACH (node, &sim->hosts) {
        const eddy__sim_host *host = EDDY__CONTAINER(node, eddy__sim_host, all);

        if (strcmp(host->name, name) == 0) {
            *addr = host->addr;
            return true;
        }
    }
    return false;
}

static eddy_result lookup_simulated(struct lookup *self)
{
    int32_t port = port_of(self->has_service ? self->service : NULL);

    if (port < 0)
        return -EINVAL;
    if (!find_host(self->sim, self->host, &self->addrs[0]))
        return -ENOENT;
    self->addrs[0].port = (uint16_t)port;
    return 1;
}

/* ---- the future ---- */

static eddy_result run_lookup(void *arg)
{
    struct lookup *self = arg;

    if (self->sim != NULL)
        return lookup_simulated(self);
    return eddy__resolve(self->host, self->has_service ? self->service : NULL, self->addrs,
                         self->addrs_max);
}

static void tell_lookup(void *arg, eddy_result result)
{
    struct lookup *self = arg;

    memcpy(self->out, self->addrs, (size_t)result * sizeof self->addrs[0]);
}

static const eddy__blocking_kind lookup_kind = {
    .type = EDDY__BLOCKING_TYPE("resolve"),
    .work = {.run = run_lookup, .tell = tell_lookup},
    .operation = "resolve",
};

static bool copy_text(char *to, const char *text)
{
    size_t len = strlen(text);

    if (len > NAME_MAX_BYTES)
        return false;
    memcpy(to, text, len + 1);
    return true;
}

/* 0: somebody has to look; else the result. */
static eddy_result settle(struct lookup *self, const char *host, const char *service)
{
    int32_t port = port_of(service);

    if (*host == '\0' || port == NO_PORT)
        return -EINVAL;
    if (!copy_text(self->host, host) || (service != NULL && !copy_text(self->service, service)))
        return -ENAMETOOLONG;
    self->has_service = service != NULL;
    if (port < 0 || !is_numeric(host, &self->addrs[0]))
        return 0;
    self->addrs[0].port = (uint16_t)port;
    return 1;
}

eddy_future *eddy_resolve(eddy_handle *handle, eddy_pool *pool, const char *host,
                          const char *service, eddy_addr *addrs, size_t addrs_max)
{
    size_t room = addrs_max < ADDRS_MAX ? addrs_max : ADDRS_MAX;
    struct lookup *self;
    eddy_future *future;
    eddy_result result;
    void *payload;

    EDDY_ASSERT(addrs_max > 0, "eddy_resolve is given room for no address");
    future = eddy__blocking_new(handle, pool, &lookup_kind,
                                sizeof *self + room * sizeof self->addrs[0], &payload);
    if (future == NULL)
        return eddy__future_failed(handle->core);
    self = payload;
    self->out = addrs;
    self->addrs_max = (uint32_t)room;
    self->sim = handle->core->sim;
    result = settle(self, host, service);
    if (result != 0)
        eddy__blocking_settle(future, result);
    return future;
}
