/* SPDX-License-Identifier: MIT */
/*
 * A wait inside a nested switch.
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
        switch (self->kind) {
        case 0:
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1)); /* expect A1 */
            break;
        case 1:
            for (;;) {
                if (self->kind == 1) {
                    EDDY_YIELD(); /* expect A1 */
                }
            }
        default:
            n = 0;
        }
        while (n > 0) {
            switch (self->kind)
            case 2:
                EDDY_AWAIT_FUTURE(n, &self->frame); /* expect A1 */
            EDDY_POLL(n, eddy_tcp_poll_flush(self->tcp, task));
        }
        EDDY_END(n);
}
