/* SPDX-License-Identifier: MIT */
/*
 * sockaddr.c - conversion between eddy_addr and struct sockaddr_storage. Whole structs are
 * copied by memcpy, so that no storage is read or written through a pointer to another type.
 */
#include "sys/sockaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static uint32_t write_ipv4(const eddy_addr *addr, struct sockaddr_storage *storage)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(addr->port)};

    memcpy(&sin.sin_addr, addr->ip, sizeof(sin.sin_addr));
    memcpy(storage, &sin, sizeof(sin));
    return sizeof(sin);
}

static uint32_t write_ipv6(const eddy_addr *addr, struct sockaddr_storage *storage)
{
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(addr->port)};

    sin6.sin6_scope_id = addr->scope_id;
    memcpy(&sin6.sin6_addr, addr->ip, sizeof(sin6.sin6_addr));
    memcpy(storage, &sin6, sizeof(sin6));
    return sizeof(sin6);
}

uint32_t eddy__sockaddr_from(const eddy_addr *addr, struct sockaddr_storage *storage)
{
    switch (addr->family) {
    case EDDY_ADDR_IPV4:
        return write_ipv4(addr, storage);
    case EDDY_ADDR_IPV6:
        return write_ipv6(addr, storage);
    default:
        storage->ss_family = AF_UNSPEC;
        return 0;
    }
}

static eddy_addr read_ipv4(const struct sockaddr_storage *storage)
{
    eddy_addr addr = {.family = EDDY_ADDR_IPV4};
    struct sockaddr_in sin;

    memcpy(&sin, storage, sizeof(sin));
    addr.port = ntohs(sin.sin_port);
    memcpy(addr.ip, &sin.sin_addr, sizeof(sin.sin_addr));
    return addr;
}

static eddy_addr read_ipv6(const struct sockaddr_storage *storage)
{
    eddy_addr addr = {.family = EDDY_ADDR_IPV6};
    struct sockaddr_in6 sin6;

    memcpy(&sin6, storage, sizeof(sin6));
    addr.port = ntohs(sin6.sin6_port);
    addr.scope_id = sin6.sin6_scope_id;
    memcpy(addr.ip, &sin6.sin6_addr, sizeof(sin6.sin6_addr));
    return addr;
}

eddy_addr eddy__sockaddr_to_addr(const struct sockaddr_storage *storage)
{
    const eddy_addr none = {.family = EDDY_ADDR_NONE};

    switch (storage->ss_family) {
    case AF_INET:
        return read_ipv4(storage);
    case AF_INET6:
        return read_ipv6(storage);
    default:
        return none;
    }
}
