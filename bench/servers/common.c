/* SPDX-License-Identifier: MIT */
/*
 * common.c - the command line and the sockets of the measured servers; see common.h.
 */
#include "common.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

void server_die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

void *server_alloc(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);

    if (memory == NULL)
        server_die("calloc");
    return memory;
}

struct sockaddr_in server_address(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void set(int fd, int level, int option, int value)
{
    if (setsockopt(fd, level, option, &value, sizeof value) < 0)
        server_die("setsockopt");
}

void server_nodelay(int fd)
{
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

static int bound(int type, uint16_t port)
{
    struct sockaddr_in address = server_address(port);
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        server_die("socket");
    if (type == SOCK_STREAM)
        set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        server_die("bind");
    return fd;
}

int server_listen(uint16_t port)
{
    int fd = bound(SOCK_STREAM, port);

    server_nodelay(fd);
    if (listen(fd, SERVER_BACKLOG) < 0)
        server_die("listen");
    return fd;
}

int server_udp(uint16_t port)
{
    int fd = bound(SOCK_DGRAM, port);

    set(fd, SOL_SOCKET, SO_RCVBUF, SERVER_UDP_BUFFER);
    return fd;
}

static void end(int number)
{
    (void)number;
    _exit(0);
}

/* As many descriptors as the machine allows; a write to a closed stream is an error value. */
static void prepare_process(void)
{
    struct rlimit files;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, end);
    signal(SIGINT, end);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static _Noreturn void usage(const char *name, const struct server_mode *modes)
{
    fprintf(stderr, "usage: %s MODE PORT [UPSTREAM_PORT]\nmodes:", name);
    for (; modes->name != NULL; modes++)
        fprintf(stderr, " %s", modes->name);
    fprintf(stderr, "\n");
    exit(2);
}

static uint16_t read_port(const char *text)
{
    char *end_of_number;
    unsigned long port = strtoul(text, &end_of_number, 10);

    return *end_of_number != '\0' || port > UINT16_MAX ? 0 : (uint16_t)port;
}

int server_main(int argc, char **argv, const struct server_mode *modes)
{
    struct server_args args = {.name = argv[0]};
    const struct server_mode *mode = modes;

    if (argc < 3 || argc > 4)
        usage(args.name, modes);
    while (mode->name != NULL && strcmp(mode->name, argv[1]) != 0)
        mode++;
    args.port = read_port(argv[2]);
    args.upstream = argc > 3 ? read_port(argv[3]) : 0;
    if (mode->name == NULL || args.port == 0 || (argc > 3) != (strcmp(argv[1], "proxy") == 0) ||
        (argc > 3 && args.upstream == 0))
        usage(args.name, modes);
    prepare_process();
    mode->run(&args);
    return 1;
}
