/* SPDX-License-Identifier: MIT */
/*
 * wakefd.c - wakes by eventfd(2). Its counter only ever grows: 2^64 - 2 signals would fill it.
 */
#include "sys/wakefd.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"

int eddy__wakefd_open(void)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    return fd >= 0 ? fd : -errno;
}

void eddy__wakefd_signal(int fd)
{
    const uint64_t one = 1;
    ssize_t written = write(fd, &one, sizeof(one));

    EDDY_ASSERT(written == sizeof(one),
                "wake descriptor %d cannot be written (errno %d): was it closed by someone else?",
                fd, errno);
}

void eddy__wakefd_close(int fd)
{
    (void)close(fd);
}
