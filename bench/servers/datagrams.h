/* SPDX-License-Identifier: MIT */
/*
 * datagrams.h - up to 64 datagrams by one recvmmsg(2), and back by one sendmmsg(2): for the loops
 * that tell when a descriptor is ready and leave what is done then to their user.
 */
#ifndef BENCH_SERVERS_DATAGRAMS_H
#define BENCH_SERVERS_DATAGRAMS_H

/* Once, before the first. */
void datagrams_init(void);
/* Send back those that have come, at most one batch. */
void datagrams_echo(int fd);

#endif
