/* SPDX-License-Identifier: MIT */
/*
 * serve.h - run a server until a signal, and end it in good order: no more clients are taken, those
 * that are there may finish within a second, then they are asked to end, then cut off.
 */
#ifndef EXAMPLES_SERVE_H
#define EXAMPLES_SERVE_H

#include <eddy/eddy.h>
#include <stdio.h>

#include "until_signal.h"

/* `client` and `arg` as of struct eddy_server. 0, or the error that broke it. */
static inline eddy_result serve_until_signal(eddy_core *core, eddy_listener *listener,
                                             int (*client)(void *, eddy_group *, eddy_tcp *),
                                             void *arg)
{
    eddy_handle *handle = eddy_core_handle(core);
    eddy_group_report report = {0};
    eddy_result result = eddy_core_run(
        core,
        EDDY_FUTURE(eddy_server, .listener = listener, .client = client, .arg = arg,
                    .until = eddy_box(handle, EDDY_FUTURE(until_signal)), .finish_ns = EDDY_SECOND,
                    .grace_ns = EDDY_SECOND / 2, .report = &report));

    if (report.cut_off > 0)
        printf("%llu of %llu clients were cut off\n", (unsigned long long)report.cut_off,
               (unsigned long long)report.spawned);
    return result < 0 ? result : 0;
}

#endif
