/* SPDX-License-Identifier: MIT */
/*
 * unix_listen.h - the kernel's half of a Unix listener: see unix.h for what each function says.
 */
#ifndef EDDY__SYS_UNIX_LISTEN_H
#define EDDY__SYS_UNIX_LISTEN_H

#include "sys/unix.h"

int eddy__kernel_unix_listen(eddy__system *system, const eddy_unix_addr *addr,
                             const eddy__unix_listen *options, eddy__unix_place *place);
void eddy__kernel_unix_remove(eddy__system *system, eddy__unix_place *place);
int eddy__kernel_unix_is_stale(eddy__system *system, const eddy_unix_addr *addr);

#endif
