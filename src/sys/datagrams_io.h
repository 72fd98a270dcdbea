/* SPDX-License-Identifier: MIT */
/*
 * datagrams_io.h - private to datagrams*.c: sendmsg(2), recvmsg(2) and what goes with a message.
 */
#ifndef EDDY__DATAGRAMS_IO_H
#define EDDY__DATAGRAMS_IO_H

#include <stddef.h>
#include <sys/socket.h>

#include "sys/datagrams.h"

/* `send` and `recv` of the kernel's table: sockets of the internet. */
int eddy__kernel_datagrams_send(eddy__system *system, int fd, const eddy_datagram *list, uint32_t n,
                                int *later);
int eddy__kernel_datagrams_recv(eddy__system *system, int fd, eddy_datagram *list, uint32_t n);

/* An error of sending that an earlier datagram caused, or the way: the system forgets it once told. */
bool eddy__datagram_error_is_passing(int error);
/* Append to the control data of a message, for which there is room. */
void eddy__control_put(struct msghdr *to, int level, int type, const void *value, size_t size);

#endif
