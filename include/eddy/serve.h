/* SPDX-License-Identifier: MIT */
/*
 * eddy/serve.h - the two ends of a server's life as futures: serve each client in a task of a group,
 * and shut down in good order.
 */
#ifndef EDDY_SERVE_H
#define EDDY_SERVE_H

#include "eddy/async.h"
#include "eddy/group.h"
#include "eddy/listener.h"
#include "eddy/time.h"

EDDY_EXTERN_C_BEGIN

/**
 * A future that accepts clients and spawns a task for each; see eddy_serve_type. It waits for room in
 * the group before it accepts: at the limit, clients wait in the kernel's backlog. Set the first
 * four; the rest is zero.
 */
struct eddy_serve {
    EDDY_FRAME;
    eddy_listener *listener; /* owned */
    eddy_group *group;       /* borrowed; outlives this future */
    /* Spawn the task that serves one client, and own the client from now on:
       return eddy_group_spawn(group, EDDY_FUTURE(echo, .client = tcp)); */
    int (*client)(void *arg, eddy_group *group, eddy_tcp *tcp);
    void *arg;
    /* private */
    eddy_ticket room, closing;
};

/**
 * The type of struct eddy_serve. Ends with EDDY_CLOSED when the group closes, -ECANCELED when it is
 * asked to end, or the error that broke the listener; the listener is freed then, which stops the
 * kernel from taking more clients. A client that could not be spawned for want of memory is closed.
 */
EDDY_API extern const eddy_type eddy_serve_type;

/**
 * A future that ends a group in good order; see eddy_shutdown_type. Set the first four.
 */
struct eddy_shutdown {
    EDDY_FRAME;
    eddy_group *group;         /* borrowed; closed at the first poll: eddy_serve stops accepting */
    int64_t finish_ns;         /* so long its tasks may go on; 0: they are asked at once */
    int64_t grace_ns;          /* so long they may take to end when asked; then they are dropped */
    eddy_group_report *report; /* filled at the end; may be NULL */
    /* private */
    eddy_deadline limit;
    bool asked;
};

/**
 * The type of struct eddy_shutdown. Stops accepting, lets the tasks finish until a deadline, asks
 * those that are left to end, drops those that do not. Result: how many were cut off; each of them
 * was told to the group's on_cut_off hook. Asked to end itself it hurries: the finish time is over.
 */
EDDY_API extern const eddy_type eddy_shutdown_type;

/**
 * A future that is a whole server: a group, serving into it, and its end in good order; see
 * eddy_server_type. Set what you need of the public members; the rest is zero.
 */
struct eddy_server {
    EDDY_FRAME;
    eddy_listener *listener; /* owned */
    /* As of struct eddy_serve. */
    int (*client)(void *arg, eddy_group *group, eddy_tcp *tcp);
    void *arg;
    eddy_future *until;        /* its end is the signal to shut down: boxed, owned; NULL: none */
    eddy_group *group;         /* owned; NULL: one of its own is made at the first poll */
    uint32_t clients_max;      /* of a group of its own; 0: the loop's limit on tasks */
    int64_t finish_ns;         /* as of struct eddy_shutdown */
    int64_t grace_ns;          /* as of struct eddy_shutdown */
    eddy_group_report *report; /* filled at the end; may be NULL */
    /* private */
    bool begun;
    eddy_result result;
    struct eddy_serve serve;
    struct eddy_shutdown shutdown;
};

/**
 * The type of struct eddy_server. Serves until `until` ends or the server is asked to end, then shuts
 * down as struct eddy_shutdown does. Result: how many clients were cut off; or, after shutting down,
 * the error that broke the listener, or with which `until` has ended; -ENOMEM. Dropped, it drops its
 * clients' tasks with it.
 */
EDDY_API extern const eddy_type eddy_server_type;

EDDY_EXTERN_C_END

#endif
