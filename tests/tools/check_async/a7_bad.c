/* SPDX-License-Identifier: MIT */
/*
 * Results of poll calls that are compared where EDDY_PENDING was not told apart.
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
    bool bad;

    EDDY_BEGIN
        if (eddy_tcp_poll_fill(self->tcp, task, 1) < 0) /* expect A7 */
            break;
        if ((n = eddy_tcp_poll_fill(self->tcp, task, 1)) <= 0) /* expect A7 */
            break;
        if (0 > (int)eddy_tcp_poll_flush(self->tcp, task)) /* expect A7 */
            break;
        while (!eddy_sleep_poll(&self->sleep, task)) /* expect A7 */
            EDDY_YIELD();
        if (eddy_tcp_poll_flush(self->tcp, task)) /* expect A7 */
            break;
        bad = self->tcp != NULL && eddy_tcp_poll_flush(self->tcp, task); /* expect A7 */
        if (bad)
            break;
        n = eddy_tcp_poll_flush(self->tcp, task);
        if (n < 0) /* expect A7 */
            eddy_tcp_abort(self->tcp);
        EDDY_POLL(n, eddy_tcp_poll_flush(self->tcp, task));
        EDDY_END(0);
}
