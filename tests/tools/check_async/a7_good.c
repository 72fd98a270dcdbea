/* SPDX-License-Identifier: MIT */
/*
 * Results of poll calls that are waited for, or told apart from EDDY_PENDING first.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

struct job {
    EDDY_FRAME;
    eddy_tcp *tcp;
    eddy_sleep sleep;
};

EDDY_ASYNC(job, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        if (n < 0)
            break;
        if (eddy_tcp_poll_fill(self->tcp, task, 1) == EDDY_PENDING)
            EDDY_YIELD();
        if (EDDY_PENDING != (n = eddy_sleep_poll(&self->sleep, task)))
            break;
        if (eddy_is_error(eddy_tcp_poll_flush(self->tcp, task)))
            break;
        n = eddy_tcp_poll_flush(self->tcp, task);
        if (n != EDDY_PENDING && n < 0)
            break;
        n = eddy_tcp_poll_flush(self->tcp, task);
        if (eddy_is_error(n))
            break;
        if (poll(NULL, 0, 0) < 0 || epoll_wait(0, NULL, 0, 0) < 0)
            break;
        n = eddy_tcp_poll_flush(self->tcp, task);
        n = 3;
        if (n < 0)
            break;
        EDDY_END(n);
}

static bool outside(eddy_tcp *tcp, eddy_task *task)
{
    return eddy_tcp_poll_flush(tcp, task) < 0;
}
