/* SPDX-License-Identifier: MIT */
/*
 * resolve.h - names of hosts to addresses, by a call that blocks, for minutes at times. For the
 * threads of a pool.
 */
#ifndef EDDY__SYS_RESOLVE_H
#define EDDY__SYS_RESOLVE_H

#include "eddy/addr.h"

/* How many addresses (>= 1) were put to `addrs`, best first, each once; or an error as
 * eddy/resolve.h has them. `service` may be NULL. */
int eddy__resolve(const char *host, const char *service, eddy_addr *addrs, size_t addrs_max);
/* What an error of getaddrinfo(3) means, as -errno; `system`: errno, for EAI_SYSTEM. */
int eddy__resolve_error(int error, int system);

#endif
