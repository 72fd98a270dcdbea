/* SPDX-License-Identifier: MIT */
/*
 * Locals inside a wait's expression.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

struct child {
    EDDY_FRAME;
};
struct job {
    EDDY_FRAME;
    eddy_tcp *tcp;
    eddy_listener *listener;
    struct child child;
    eddy_result results[4];
};

EDDY_ASYNC_DECLARE(child);
EDDY_ASYNC(job, eddy_nothing)
{
    eddy_result n;
    eddy_tcp *client;
    eddy_bytes rest;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, (size_t)n + 1));       /* expect A3 */
        EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &client)); /* expect A3 */
        {
            struct child *child = &self->child;
            EDDY_AWAIT(n, child); /* expect A3 */
        }
        for (size_t i = 0; i < 1; i++) {
            EDDY_POLL(self->results[i], /* expect A3 */
                      eddy_tcp_poll_flush(self->tcp, task));
            break;
        }
        EDDY_AWAIT_FUTURE(n, EDDY_FUTURE(child)); /* expect A3 */
        rest = (eddy_bytes){NULL, 0};
        EDDY_POLL(n,
                  /* a comment, (with brackets */
                  eddy_tcp_poll_write(self->tcp, task, rest.data, /* expect A3 */
                                      self->results[0] > 0 ? sizeof(self->results) : 0));
        EDDY_END(n);
}
