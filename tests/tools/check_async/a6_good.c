/* SPDX-License-Identifier: MIT */
/*
 * Every way to leave that marks the frame as finished.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

struct job {
    EDDY_FRAME;
    eddy_tcp *tcp;
};

static int helper(int x)
{
    return x;
}

EDDY_ASYNC(job, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        if (n < -100)
            EDDY_RETURN(n);
        if (n < -10) {
            EDDY_RETURN(helper(-1));
        } else if (n < 0) {
            goto out;
        }
        if (n == 0)
            break;
        EDDY_YIELD();
    out:
        n = 0;
        EDDY_END(n);
}

EDDY_ASYNC_DECLARE(later);
eddy_result plain(eddy_tcp *tcp, eddy_task *task)
{
    eddy_result n = eddy_tcp_poll_fill(tcp, task, 1);

    if (n < 0)
        return n;
    return eddy_tcp_poll_flush(tcp, task);
}
