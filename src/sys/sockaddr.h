/* SPDX-License-Identifier: MIT */
/*
 * sockaddr.h - between eddy_addr and what the kernel calls an address, struct sockaddr_storage.
 *
 * Conversion only: it makes no system call and cannot fail. For the drivers and the socket
 * functions of this layer; everything above speaks eddy_addr.
 */
#ifndef EDDY__SOCKADDR_H
#define EDDY__SOCKADDR_H

#include "eddy/addr.h"

struct sockaddr_storage;

/* Write `addr` as the kernel reads it. Returns the length to hand to the kernel, 0 (and an
 * AF_UNSPEC storage) for EDDY_ADDR_NONE. Bytes behind the length are left as they were. */
uint32_t eddy__sockaddr_from(const eddy_addr *addr, struct sockaddr_storage *storage);

/* Read what the kernel wrote. An IPv4-mapped IPv6 address stays IPv6; a family that is not of
 * the internet (AF_UNIX, AF_UNSPEC) reads as EDDY_ADDR_NONE. */
eddy_addr eddy__sockaddr_to_addr(const struct sockaddr_storage *storage);

#endif
