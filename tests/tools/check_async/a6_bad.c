/* SPDX-License-Identifier: MIT */
/*
 * The frame around the sequence is broken.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

#define FRAME                                                                                      \
    EDDY_FRAME;                                                                                    \
    eddy_tcp *tcp;                                                                                 \
    size_t count
struct no_begin {
    FRAME;
};
struct no_end {
    FRAME;
};
struct neither {
    FRAME;
};
struct outside {
    FRAME;
};
struct plain_return {
    FRAME;
};

EDDY_ASYNC(no_begin, eddy_nothing) /* expect A6 */
{
    eddy_result n;

    EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
    EDDY_END(n);
}

EDDY_ASYNC(no_end, eddy_nothing) /* expect A6 */
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
}

EDDY_ASYNC(neither, eddy_nothing) /* expect A6 */
{
    return self->tcp ? 0 : -1; /* EDDY_BEGIN EDDY_END(0) */
}

EDDY_ASYNC(outside, eddy_nothing)
{
    eddy_result n;

    EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1)); /* expect A6 */
    EDDY_BEGIN
        n = 0;
        EDDY_END(n);
        EDDY_YIELD(); /* expect A6 */
}

EDDY_ASYNC(plain_return, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        if (n < 0)
            return n; /* expect A6 */
        for (;;) {
            if (n > 1) {
                return 1; /* expect A6 */
            }
            break;
        }
        EDDY_END(n);
}
