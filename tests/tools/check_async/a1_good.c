/* SPDX-License-Identifier: MIT */
/*
 * A switch without a wait, and waits around it.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

struct job {
    EDDY_FRAME;
    eddy_tcp *tcp;
    int kind;
};

EDDY_ASYNC(job, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        switch (self->kind) {
        case 0: {
            n = 1;
            break;
        }
        case 1:
        default:
            n = 2; /* EDDY_POLL(n, this is a comment) */
        }
        if (n == 1)
            EDDY_POLL(n, eddy_tcp_poll_flush(self->tcp, task));
        else
            EDDY_YIELD();
        EDDY_END(0);
}
