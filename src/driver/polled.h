/* SPDX-License-Identifier: MIT */
/*
 * polled.h - what poll(2) and epoll(7) say of a descriptor, in the bits of EDDY__READY. Used by the
 * drivers of the kernel.
 *
 * An error and a hang-up (not the peer's half-close) hold for both directions: whoever waits for
 * either looks, and is told by the system call what it is. A pipe whose writer has gone says
 * POLLHUP and not POLLIN; a reader that waits for input must wake for it.
 */
#ifndef EDDY__POLLED_H
#define EDDY__POLLED_H

#include "driver/driver.h"

#include <sys/epoll.h>

/* What is asked for. EPOLLERR and EPOLLHUP come without being asked for. */
#define EDDY__POLLED_ALL (EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP)

static inline int32_t eddy__polled_bits(uint32_t events)
{
    uint32_t is = 0;

    if (events & EPOLLIN)
        is |= EDDY__IS_READABLE;
    if (events & EPOLLOUT)
        is |= EDDY__IS_WRITABLE;
    if (events & EPOLLPRI)
        is |= EDDY__IS_PRIORITY;
    if (events & EPOLLRDHUP)
        is |= EDDY__IS_HANGUP | EDDY__IS_READABLE;
    if (events & EPOLLHUP)
        is |= EDDY__IS_HANGUP | EDDY__IS_READABLE | EDDY__IS_WRITABLE;
    if (events & EPOLLERR)
        is |= EDDY__IS_ERROR | EDDY__IS_READABLE | EDDY__IS_WRITABLE;
    return (int32_t)is;
}

#endif
