/* SPDX-License-Identifier: MIT */
/*
 * One wait on a line, others in comments, strings and other functions.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

struct job {
    EDDY_FRAME;
    eddy_tcp *tcp;
};
struct a {
    EDDY_FRAME;
};
struct b {
    EDDY_FRAME;
};

/* clang-format off */
EDDY_ASYNC(job, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
    EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1)); /* EDDY_YIELD(); */ // EDDY_YIELD();
    if (n > 0)
        EDDY_YIELD();
    else
        EDDY_YIELD();
    EDDY_POLL(n,
              eddy_tcp_poll_fill(self->tcp, task, 1));
    EDDY_POLL(n, eddy_tcp_poll_write(self->tcp, task, "EDDY_YIELD();", 1));
    EDDY_END(n);
}
EDDY_ASYNC(a, eddy_nothing) { EDDY_BEGIN EDDY_YIELD(); EDDY_END(0); } EDDY_ASYNC(b, eddy_nothing) { EDDY_BEGIN EDDY_YIELD(); EDDY_END(0); }
