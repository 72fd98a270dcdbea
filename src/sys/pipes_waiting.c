/* SPDX-License-Identifier: MIT */
/*
 * pipes_waiting.c - reading and writing what may have to be waited for, on the threads of a pool: until
 * it is ready, or nobody wants it any more. What is ready is not taken when nobody does.
 */
#include <errno.h>
#include <poll.h>

#include "sys/pipes.h"

enum { READY_BYTES = 4096 }; /* a pipe that is ready has room for so many */

/* 0: it is ready, or cannot be asked; -ECANCELED. */
static int wait_for(int fd, int stop, short events)
{
    struct pollfd both[] = {{.fd = fd, .events = events}, {.fd = stop, .events = POLLIN}};

    if (stop < 0)
        return 0;
    while (poll(both, 2, -1) < 0) {
        if (errno != EINTR)
            return 0;
    }
    return both[1].revents != 0 ? -ECANCELED : 0;
}

int64_t eddy__pipe_read_waiting(int fd, int stop, void *memory, size_t len)
{
    int64_t n;

    do {
        int error = wait_for(fd, stop, POLLIN);

        if (error != 0)
            return error;
        n = eddy__pipe_read(fd, false, memory, len);
    } while (n == -EAGAIN && stop >= 0); /* another program was faster */
    return n;
}

int64_t eddy__pipe_write_waiting(int fd, int stop, const void *data, size_t len)
{
    eddy_bytes rest = {data, len};

    while (rest.len > 0) {
        int error = wait_for(fd, stop, POLLOUT);
        eddy_bytes part = {rest.data, stop >= 0 && rest.len > READY_BYTES ? READY_BYTES : rest.len};
        int64_t n = error != 0 ? error : eddy__pipe_write(fd, false, &part, 1);

        if (n == -EAGAIN && stop >= 0)
            continue;
        if (n <= 0)
            return n < 0 ? n : -EIO;
        rest.data += n;
        rest.len -= (size_t)n;
    }
    return (int64_t)len;
}
