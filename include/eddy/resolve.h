/* SPDX-License-Identifier: MIT */
/*
 * eddy/resolve.h - from the name of a host to its addresses, by what the system uses for that:
 * getaddrinfo(3), on a thread of a pool. No cache, no protocol of our own.
 *
 * getaddrinfo cannot be stopped, and on a broken network takes minutes: give it a pool of its own, of
 * few threads, so that files do not wait behind names, and end that pool by EDDY_POOL_ABANDON.
 */
#ifndef EDDY_RESOLVE_H
#define EDDY_RESOLVE_H

#include "eddy/addr.h"
#include "eddy/pool.h"

EDDY_EXTERN_C_BEGIN

/**
 * Look a name up.
 * @param handle     loop
 * @param pool       pool
 * @param host       NUL-terminated, copied: a name, or an address without a port ("::1"), for which no
 *                   thread is used; a name of more than 255 bytes gives -ENAMETOOLONG
 * @param service    a port's number or the name of a service of TCP ("https"), copied; NULL: port 0
 * @param addrs      filled when the result is told, must stay while the future does
 * @param addrs_max  room, at least 1; what does not fit is left out
 * @return           boxed future of the number of addresses (>= 1), best first, each once;
 *                   -ENOENT: there is no such name, or it has no address; -EINVAL: no such service, or
 *                   an empty name; -EAGAIN: no server answers now, or no thread; -ENAMETOOLONG; -EIO:
 *                   the server failed; -errno of the system's; EDDY_CLOSED, EDDY_DROPPED: the pool was
 *                   ended; -ENOMEM. Waits as "pool: job"
 * On a simulated loop: the names of the world's hosts, and "localhost"; services by number only
 * (-EINVAL); every other name is -ENOENT.
 * Dropping: see eddy_blocking(). Thread: loop. Allocates: as eddy_blocking(). See: getaddrinfo(3), RFC
 * 6724 for the order
 */
EDDY_API eddy_future *eddy_resolve(eddy_handle *handle, eddy_pool *pool, const char *host,
                                   const char *service, eddy_addr *addrs, size_t addrs_max);

EDDY_EXTERN_C_END

#endif
