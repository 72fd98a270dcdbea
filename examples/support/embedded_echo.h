/* SPDX-License-Identifier: MIT */
/*
 * embedded_echo.h - an echo server as one task of a loop that another loop drives: what the examples
 * of embedding have in common. Beside eddy_core_fd() and eddy_core_turn() nothing is special about it.
 */
#ifndef EXAMPLES_EMBEDDED_ECHO_H
#define EXAMPLES_EMBEDDED_ECHO_H

#include <eddy/eddy.h>

#include "args.h"
#include "echo_server.h"

struct embedded_echo {
    const struct args *args;
    eddy_core *core;
    eddy_join *server;
    eddy_group_report report;
    uint64_t turns;
};

/* The end of the program with one line. */
static inline void embedded_echo_fail(struct embedded_echo *self, eddy_result error)
{
    eddy_join_free(self->server);
    eddy_core_free(self->core);
    exit(args_end(self->args, error));
}

/* The descriptor to watch, or the end of the program. */
static inline int embedded_echo_start(struct embedded_echo *self, const struct args *args,
                                      const char *name)
{
    eddy_listener *listener;
    int fd;
    int error;

    self->args = args;
    self->core = args_core(args);
    listener = args_listen(args, self->core, NULL);
    args_say(listener, name, self->core);
    fd = eddy_core_fd(self->core);
    if (fd < 0) {
        eddy_listener_free(listener);
        embedded_echo_fail(self, fd);
    }
    error = eddy_spawn_joinable(eddy_core_handle(self->core),
                                EDDY_FUTURE(eddy_server, .listener = listener,
                                            .client = echo_client, .finish_ns = EDDY_SECOND / 10,
                                            .grace_ns = EDDY_SECOND / 10, .report = &self->report),
                                &self->server);
    if (error != 0)
        embedded_echo_fail(self, error);
    return fd;
}

/* The descriptor is readable. */
static inline void embedded_echo_turn(struct embedded_echo *self)
{
    eddy_result polls = eddy_core_turn(self->core, 0);

    self->turns++;
    if (polls < 0) /* the loop is broken */
        embedded_echo_fail(self, polls);
}

static inline void embedded_echo_print(const struct embedded_echo *self)
{
    eddy_core_stats stats;

    eddy_core_stats_get(self->core, &stats);
    printf("%llu clients so far, %llu bytes, %llu turns\n",
           (unsigned long long)stats.connections_accepted, (unsigned long long)stats.bytes_received,
           (unsigned long long)self->turns);
    fflush(stdout);
}

/* No more clients; those that are there get a moment. It takes turns until it has ended. */
static inline void embedded_echo_stop(struct embedded_echo *self)
{
    eddy_join_cancel(self->server, EDDY_FOREVER);
}

static inline bool embedded_echo_has_ended(const struct embedded_echo *self)
{
    return eddy_join_ended(self->server) != NULL;
}

/* Stop watching the descriptor before this. Returns what the server ended with. */
static inline eddy_result embedded_echo_free(struct embedded_echo *self)
{
    eddy_result result = eddy_join_ended(self->server)->result;

    eddy_join_free(self->server);
    eddy_core_free(self->core);
    return result == -ECANCELED ? 0 : result; /* as we have asked */
}

#endif
