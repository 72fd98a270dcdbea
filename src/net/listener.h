/* SPDX-License-Identifier: MIT */
/*
 * listener.h - the inside of a listener: what its files share. Nobody else includes it.
 *
 *   listener.c           accepting, handing out, ending
 *   listener_options.c   its address and socket options
 *   unix_listener.c      one at a Unix name, and its path
 */
#ifndef EDDY__LISTENER_H
#define EDDY__LISTENER_H

#include "eddy/listener.h"
#include "reactor/core.h"
#include "sys/unix.h"

/* More accepted connections are not held for the task. */
enum { EDDY__LISTENER_ACCEPT_MOST = 65536 };

struct eddy_listener {
    eddy__source source;
    eddy_waiter waiter;
    eddy__alarm retry;
    int64_t retry_ns; /* the next delay; 0: the last accept succeeded */
    int32_t *fds;     /* a ring of accepted descriptors */
    uint32_t fds_size, fds_first, fds_count;
    uint32_t accept_max;
    int32_t error;           /* of the listener itself, for good */
    bool subscribed;         /* the driver has been given credit */
    bool waiting;            /* for a descriptor or memory; the alarm runs */
    eddy__unix_place *place; /* the path to be removed in the end; NULL: none */
    eddy__system *system;    /* it outlives the driver, which a loop that ends may close first */
};

/* A listener over a socket that listens, which is the listener's when this succeeds. `accept_max` 0:
 * the default. 0 or -errno. */
int eddy__listener_new(eddy_core *core, int fd, uint32_t accept_max, eddy_listener **out);
/* unix_listener.c: its path is to be there no more; once, harmless without one. */
void eddy__listener_remove_path(eddy_listener *self);

#endif
