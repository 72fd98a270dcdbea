/* SPDX-License-Identifier: MIT */
/*
 * embed_poll - a program that has a loop of its own, around poll(2), and lives with eddy in it: it
 * reads standard input, and beside that an echo server runs. Each line of input prints what the server
 * has done; the end of input ends the program.
 *
 *     embed_poll [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080; try: nc 127.0.0.1 8080
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "support/args.h"
#include "support/embedded_echo.h"

/* True: there will be no more. */
static bool read_input(const struct embedded_echo *echo)
{
    char bytes[256];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);

    for (ssize_t i = 0; i < n; i++)
        if (bytes[i] == '\n')
            embedded_echo_print(echo);
    return n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "embed_poll [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    struct embedded_echo echo = {0};
    struct pollfd ready[2] = {{.events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};

    args_parse(&args, argc, argv);
    ready[0].fd = embedded_echo_start(&echo, &args, "embed_poll");
    while (!embedded_echo_has_ended(&echo)) {
        if (poll(ready, 2, -1) < 0) {
            if (errno != EINTR)
                embedded_echo_fail(&echo, -errno);
            continue; /* nothing is known of the descriptors */
        }
        if (ready[0].revents != 0)
            embedded_echo_turn(&echo);
        if (ready[1].revents != 0 && read_input(&echo)) {
            ready[1].fd = -1; /* poll(2) passes over it */
            embedded_echo_stop(&echo);
        }
    }
    return args_end(&args, embedded_echo_free(&echo));
}
