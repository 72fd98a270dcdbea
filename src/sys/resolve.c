/* SPDX-License-Identifier: MIT */
/*
 * resolve.c - see sys/resolve.h.
 */
#include "sys/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/sockaddr.h"

int eddy__resolve_error(int error, int system)
{
    switch (error) {
    case EAI_NONAME:
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
    case EAI_ADDRFAMILY:
#endif
        return -ENOENT;
    case EAI_SERVICE:
    case EAI_SOCKTYPE:
        return -EINVAL;
    case EAI_AGAIN:
        return -EAGAIN;
    case EAI_MEMORY:
        return -ENOMEM;
    case EAI_OVERFLOW:
        return -ENAMETOOLONG;
    case EAI_SYSTEM:
        return system > 0 ? -system : -EIO;
    default:
        return -EIO; /* EAI_FAIL, and what is not known here */
    }
}

static bool is_there(const eddy_addr *addrs, size_t n, const eddy_addr *addr)
{
    for (size_t i = 0; i < n; i++)
        if (eddy_addr_equal(&addrs[i], addr))
            return true;
    return false;
}

static int collect(const struct addrinfo *list, eddy_addr *addrs, size_t addrs_max)
{
    size_t n = 0;

    for (; list != NULL && n < addrs_max; list = list->ai_next) {
        struct sockaddr_storage storage = {0};
        eddy_addr addr;

        if (list->ai_addrlen > sizeof storage)
            continue;
        memcpy(&storage, list->ai_addr, list->ai_addrlen);
        addr = eddy__sockaddr_to_addr(&storage);
        if (addr.family != EDDY_ADDR_NONE && !is_there(addrs, n, &addr))
            addrs[n++] = addr;
    }
    return n > 0 ? (int)n : -ENOENT;
}

int eddy__resolve(const char *host, const char *service, eddy_addr *addrs, size_t addrs_max)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int error = getaddrinfo(host, service, &hints, &list);
    int system = errno;
    int result;

    if (error != 0)
        return eddy__resolve_error(error, system);
    result = collect(list, addrs, addrs_max);
    freeaddrinfo(list);
    return result;
}
