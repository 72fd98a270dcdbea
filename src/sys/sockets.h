/* SPDX-License-Identifier: MIT */
/*
 * sockets.h - the kernel's sockets: every system call that is made on one outside of the drivers.
 * (Not named socket.h, which would hide the system's.)
 *
 * It moves no byte and accepts nobody: that is the drivers'. Any thread.
 */
#ifndef EDDY__SOCKETS_H
#define EDDY__SOCKETS_H

#include "sys/system.h"

/* The kernel. It keeps no state. */
extern eddy__system eddy__kernel;

/* eddy__system_type.is_reset of the kernel, for its drivers. */
bool eddy__kernel_is_reset(int fd);

/* What a failure of accept(2) says about the listener. */
typedef enum eddy__accept_class {
    EDDY__ACCEPT_CONNECTION, /* that one connection had died: go on */
    EDDY__ACCEPT_RESOURCE,   /* out of descriptors or memory: go on later */
    EDDY__ACCEPT_FATAL,      /* the listener itself is broken */
} eddy__accept_class;

eddy__accept_class eddy__socket_accept_class(int error);

#endif
