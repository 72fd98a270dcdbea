/* SPDX-License-Identifier: MIT */
/*
 * args.h - command lines of the examples: [ADDRESS ...] [--port=N] [--driver=NAME] [--help].
 * What is wrong is told in one line that says what to do.
 */
#ifndef EXAMPLES_ARGS_H
#define EXAMPLES_ARGS_H

#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_ADDRESSES_MAX 2

struct args {
    const char *usage; /* begins with the program's name */
    const char *driver;
    const char *port; /* of the first address, whatever that says */
    int addresses;
    eddy_addr address[ARGS_ADDRESSES_MAX];
};

static inline void args_fail(const struct args *args, const char *what, const char *text,
                             const char *why)
{
    fprintf(stderr, "%.*s: %s '%s': %s\n", (int)strcspn(args->usage, " "), args->usage, what, text,
            why);
    exit(2);
}

static inline void args_address(struct args *args, int index, const char *text)
{
    eddy_addr_error error;
    char why[128];

    if (eddy_addr_parse(text, args->address[index].port, &args->address[index], &error) == 0)
        return;
    snprintf(why, sizeof why, "%s (at byte %zu); try 127.0.0.1:8080", error.what, error.at + 1);
    args_fail(args, "address", text, why);
}

static inline void args_port(struct args *args)
{
    char *end;
    long port = strtol(args->port, &end, 10);

    if (*args->port < '0' || *args->port > '9' || *end != '\0' || port < 0 || port > 65535)
        args_fail(args, "port", args->port, "give a number from 0 (any free one) to 65535");
    args->address[0].port = (uint16_t)port;
}

/* Addresses not given keep what args->address holds. */
static inline void args_parse(struct args *args, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--port=", 7) == 0)
            args->port = argv[i] + 7;
        else if (strncmp(argv[i], "--driver=", 9) == 0)
            args->driver = argv[i][9] != '\0' ? argv[i] + 9 : NULL;
        else if (strcmp(argv[i], "--help") == 0) {
            printf("usage: %s\n", args->usage);
            exit(0);
        } else if (argv[i][0] == '-' || args->addresses == ARGS_ADDRESSES_MAX)
            args_fail(args, "argument", argv[i], "not understood; see --help");
        else
            args_address(args, args->addresses++, argv[i]);
    }
    if (args->port != NULL)
        args_port(args);
}

/* The exit status; an error is told in one line. */
static inline int args_end(const struct args *args, eddy_result result)
{
    if (result < 0)
        fprintf(stderr, "%.*s: %s\n", (int)strcspn(args->usage, " "), args->usage,
                eddy_strerror(result));
    return result < 0;
}

/* A loop of the driver that was asked for, or the end with one line. */
static inline eddy_core *args_core(const struct args *args)
{
    const char *driver = args->driver != NULL ? args->driver : getenv("EDDY_DRIVER");
    eddy_core *core;
    char why[128];
    int error = eddy_core_new(EDDY_OPTIONS(eddy_core_options, .driver = args->driver), &core);

    if (error == 0)
        return core;
    if (driver == NULL)
        exit(args_end(args, error));
    if (error == -EINVAL)
        args_fail(args, "driver", driver,
                  "unknown: use io_uring or epoll, or name none for the best that works");
    snprintf(why, sizeof why, "%s: name none for the best that works", eddy_strerror(error));
    args_fail(args, "driver", driver, why);
    return NULL;
}

/* What to do about an address that cannot be listened on. */
static inline const char *args_listen_advice(int error)
{
    if (error == -EADDRINUSE)
        return "in use by another program: stop it or choose another by --port=N";
    if (error == -EACCES)
        return "not allowed: choose a port from 1024 on by --port=N";
    if (error == -EADDRNOTAVAIL)
        return "not of this machine: 127.0.0.1 is, or 0.0.0.0 for all it has";
    return eddy_strerror(error);
}

/* A listener, or the end with one line. */
static inline eddy_listener *args_listen(const struct args *args, eddy_core *core,
                                         const eddy_listener_options *options)
{
    char text[EDDY_ADDR_TEXT_MAX];
    eddy_listener *listener;
    int error = eddy_listener_bind(eddy_core_handle(core), &args->address[0], options, &listener);

    if (error == 0)
        return listener;
    eddy_addr_print(&args->address[0], text, sizeof text);
    eddy_core_free(core);
    args_fail(args, "address", text, args_listen_advice(error));
    return NULL;
}

/* "NAME listens on ADDRESS by DRIVER"; with port 0 the address is the one the system chose. */
static inline void args_say(const eddy_listener *listener, const char *name, const eddy_core *core)
{
    char text[EDDY_ADDR_TEXT_MAX] = "?";
    eddy_addr address;

    if (eddy_listener_local_addr(listener, &address) == 0)
        eddy_addr_print(&address, text, sizeof text);
    printf("%s listens on %s by %s\n", name, text, eddy_core_driver_name(core));
    fflush(stdout);
}

#endif
