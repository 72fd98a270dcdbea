/* SPDX-License-Identifier: MIT */
/*
 * Two waits on one line.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

struct job {
    EDDY_FRAME;
    eddy_tcp *tcp;
};

/* clang-format off */
EDDY_ASYNC(job, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
    EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1)); EDDY_YIELD(); /* expect A5 */
    if (self->tcp) EDDY_YIELD(); else EDDY_YIELD(); /* expect A5 */
    EDDY_POLL(n,
              eddy_tcp_poll_fill(self->tcp, task, 1)); EDDY_YIELD(); /* expect A5 */
    EDDY_END(0);
}
