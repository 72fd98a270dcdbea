/* SPDX-License-Identifier: MIT */
/*
 * udp.h - what the examples over UDP share: a socket where the command line says, and a future that runs
 * until a signal.
 */
#ifndef EXAMPLES_UDP_H
#define EXAMPLES_UDP_H

#include <eddy/eddy.h>
#include <stdio.h>

#include "args.h"
#include "until_signal.h"

/* A socket at the first address, or the end with one line. */
static inline eddy_dgram *udp_bind(const struct args *args, eddy_core *core)
{
    char text[EDDY_ADDR_TEXT_MAX];
    eddy_dgram *dgram;
    int error = eddy_dgram_bind(eddy_core_handle(core), &args->address[0], NULL, &dgram);

    if (error == 0)
        return dgram;
    eddy_addr_print(&args->address[0], text, sizeof text);
    eddy_core_free(core);
    args_fail(args, "address", text, args_listen_advice(error));
    return NULL;
}

/* Where it is; with port 0 that is the one the system chose. Of no family: the system cannot say. */
static inline eddy_addr udp_address(const eddy_dgram *dgram)
{
    eddy_addr address = {.family = EDDY_ADDR_NONE};

    (void)eddy_dgram_local_addr(dgram, &address);
    return address;
}

/* "NAME listens on ADDRESS by DRIVER". */
static inline void udp_say(const eddy_dgram *dgram, const char *name, const eddy_core *core)
{
    eddy_addr address = udp_address(dgram);
    char text[EDDY_ADDR_TEXT_MAX] = "?";

    if (address.family != EDDY_ADDR_NONE)
        eddy_addr_print(&address, text, sizeof text);
    printf("%s listens on %s by %s\n", name, text, eddy_core_driver_name(core));
    fflush(stdout);
}

/* 0, or the error that `work` ended with. */
static inline eddy_result udp_until_signal(eddy_core *core, eddy_future *work)
{
    eddy_handle *handle = eddy_core_handle(core);
    eddy_result result = eddy_core_run(
        core, eddy_race(eddy_box(handle, work), eddy_box(handle, EDDY_FUTURE(until_signal))));

    return result < 0 ? result : 0;
}

#endif
