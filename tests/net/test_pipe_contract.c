/* SPDX-License-Identifier: MIT */
/* eddy-test: drivers slow */
/*
 * test_pipe_contract.c - Unix streams, pipes, and sockets as pipes keep what eddy/io.h promises of every
 * byte stream: see tests/io/io_contract.h.
 */
#include "io/io_contract.h"

#include <sys/socket.h>
#include <unistd.h>

#include "eddy/pipe.h"
#include "eddy/unix.h"

static int make_unix(eddy_core *core, eddy_io **a, eddy_io **b)
{
    eddy_unix *one, *other;
    int error = eddy_unix_pair(eddy_core_handle(core), &one, &other);

    if (error == 0) {
        *a = eddy_tcp_io(one);
        *b = eddy_tcp_io(other);
    }
    return error;
}

static int make_pipe(eddy_core *core, eddy_io **a, eddy_io **b)
{
    eddy_pipe *reader, *writer;
    int error = eddy_pipe_pair(eddy_core_handle(core), &reader, &writer);

    if (error == 0) {
        *a = eddy_pipe_io(writer);
        *b = eddy_pipe_io(reader);
    }
    return error;
}

static int make_socket(eddy_core *core, eddy_io **a, eddy_io **b)
{
    eddy_pipe *one = NULL, *other = NULL;
    const int bytes = 8192; /* or all of a test is there at once, and nobody ever waits */
    int fds[2];
    int error;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return -errno;
    assert_int_equal(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes), 0);
    error = eddy_pipe_new(eddy_core_handle(core), fds[0], NULL, &one);
    if (error != 0)
        close(fds[0]);
    else
        error = eddy_pipe_new(eddy_core_handle(core), fds[1], NULL, &other);
    if (error != 0) {
        close(fds[1]);
        eddy_pipe_free(one);
        return error;
    }
    *a = eddy_pipe_io(one);
    *b = eddy_pipe_io(other);
    return 0;
}

int main(void)
{
    const struct io_kind kinds[] = {
        {"unix", make_unix, .fill_max = 65536},
        {"pipe", make_pipe, .fill_max = 65536, .one_way = true},
        {"socket as a pipe", make_socket, .fill_max = 65536},
    };
    int failed = 0;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        failed += io_contract_holds(&kinds[i]);
    return failed;
}
