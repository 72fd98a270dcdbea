/* SPDX-License-Identifier: MIT */
/*
 * A wait macro of the user's own, named by --wait-macro WAIT_LINE.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

struct job {
    EDDY_FRAME;
    eddy_tcp *tcp;
    size_t need;
};

#define WAIT_LINE(result, min) EDDY_POLL(result, eddy_tcp_poll_fill(self->tcp, task, min))

EDDY_ASYNC(job, eddy_nothing)
{
    eddy_result n;
    size_t need;

    EDDY_BEGIN
        WAIT_LINE(n, self->need);
        if (n < 0)
            EDDY_RETURN(n);
        need = self->need;
        WAIT_LINE(n, need); /* expect A3 */
        need = 2;
        switch (self->need) {
        case 1:
            WAIT_LINE(n, self->need); /* expect A1 */
        }
        self->need = need; /* expect A4 */
        EDDY_END(n);
}
