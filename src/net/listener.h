/* SPDX-License-Identifier: MIT */
/*
 * listener.h - the inside of a listener: what its two files share. Nobody else includes it.
 *
 *   listener.c           accepting, handing out, ending
 *   listener_options.c   its address and socket options
 */
#ifndef EDDY__LISTENER_H
#define EDDY__LISTENER_H

#include "eddy/listener.h"
#include "reactor/core.h"

struct eddy_listener {
    eddy__source source;
    eddy_waiter waiter;
    eddy__alarm retry;
    int64_t retry_ns; /* the next delay; 0: the last accept succeeded */
    int32_t *fds;     /* a ring of accepted descriptors */
    uint32_t fds_size, fds_first, fds_count;
    uint32_t accept_max;
    int32_t error;   /* of the listener itself, for good */
    bool subscribed; /* the driver has been given credit */
    bool waiting;    /* for a descriptor or memory; the alarm runs */
};

#endif
