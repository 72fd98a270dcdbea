/* SPDX-License-Identifier: MIT */
/*
 * Initialised locals above EDDY_BEGIN.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

struct job {
    EDDY_FRAME;
    eddy_tcp *tcp;
};

EDDY_ASYNC(job, eddy_nothing)
{
    eddy_result n = 0;                                 /* expect A2 */
    const size_t max = 10;                             /* expect A2 */
    size_t i, len[2] = {1, 2}, j;                      /* expect A2 */
    struct job *const me = self;                       /* expect A2 */
    int (*compare)(const void *, const void *) = NULL; /* expect A2 */

    EDDY_BEGIN
        i = j = max + len[0];
        (void)me, (void)compare, (void)i;
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        EDDY_END(n);
}
