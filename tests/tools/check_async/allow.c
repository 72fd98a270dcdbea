/* SPDX-License-Identifier: MIT */
/*
 * Findings that a comment allows, and comments that allow another rule.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

struct job {
    EDDY_FRAME;
    eddy_listener *listener;
    eddy_tcp *tcp;
};

/* check_async: allow A6 */
EDDY_ASYNC(no_sequence, eddy_nothing)
{
    return 0;
}

EDDY_ASYNC(job, eddy_nothing)
{
    eddy_result n;
    struct job *const me = self; /* check_async: allow A2: never assigned again */
    eddy_tcp *client;
    const size_t min = 1; /* expect A2 */

    EDDY_BEGIN
        /* check_async: allow A3 */
        EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &client));
        eddy_tcp_free(client);
        EDDY_POLL(n, /* check_async: allow A1, A3 */
                  eddy_listener_poll_accept(me->listener, task, &client));
        eddy_tcp_free(client);
        EDDY_POLL(n, eddy_tcp_poll_fill(me->tcp, task, min));
        /* check_async: allow A3 */
        if (n < 0)
            return n; /* expect A6 */
        /* a long explanation
         * check_async: allow A3 A6
         * that goes on */
        return n;
        EDDY_YIELD();
        EDDY_END(0);
}
