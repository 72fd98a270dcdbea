/* SPDX-License-Identifier: MIT */
/*
 * passed.h - descriptors and credentials in the control data of a Unix socket's message.
 *
 * The kernel makes descriptors as soon as a message is received, and as many as the control data has
 * room for: each of them is given to the caller or closed here, never forgotten.
 */
#ifndef EDDY__PASSED_H
#define EDDY__PASSED_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "eddy/unix_dgram.h"

enum {
    EDDY__PASSED_SEND_BYTES = CMSG_SPACE(EDDY_PASSED_MAX * sizeof(int)),
    /* And who sent it, three numbers, and when. */
    EDDY__PASSED_RECV_BYTES =
        EDDY__PASSED_SEND_BYTES + CMSG_SPACE(3 * sizeof(int)) + CMSG_SPACE(sizeof(struct timeval)),
};

/* Put the descriptors into a message, whose control data has EDDY__PASSED_SEND_BYTES. `passed` may be
 * NULL. 0; -EINVAL: too many. */
int eddy__passed_put(struct msghdr *to, const eddy_passed *passed);
/* How much control data to receive with, of EDDY__PASSED_RECV_BYTES. */
size_t eddy__passed_room(const eddy_passed *passed);
/* Take them out of a message that was received; without `passed` they are closed. False: some that came
 * were closed. *stamped: the message has a time, so there was one. */
bool eddy__passed_take(struct msghdr *from, eddy_passed *passed, bool *stamped);

#endif
