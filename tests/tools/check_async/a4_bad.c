/* SPDX-License-Identifier: MIT */
/*
 * Locals that are read after a wait took their value.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

#define FRAME                                                                                      \
    EDDY_FRAME;                                                                                    \
    eddy_tcp *tcp;                                                                                 \
    size_t count
struct straight {
    FRAME;
};
struct declared {
    FRAME;
};
struct branches {
    FRAME;
};
struct jumps {
    FRAME;
};

void use(size_t value);

EDDY_ASYNC(straight, eddy_nothing)
{
    eddy_result n, m;
    size_t total;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        total = (size_t)n;
        EDDY_POLL(m, eddy_tcp_poll_flush(self->tcp, task));
        use(total); /* expect A4 */
        if (m < 0)
            EDDY_RETURN(m);
        EDDY_YIELD();
        EDDY_END(n); /* expect A4 */
}

EDDY_ASYNC(declared, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        {
            eddy_bytes view = eddy_tcp_view(self->tcp);
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
            use(view.len + 1); /* expect A4 */
        }
        for (size_t i = 0; i < 3; /* read first here */
             i++) {               /* expect A4 */
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        }
        EDDY_END(n);
}

EDDY_ASYNC(branches, eddy_nothing)
{
    eddy_result n;
    size_t a, b, c;
    eddy_bytes *p;

    EDDY_BEGIN
        a = b = c = self->count;
        p = NULL;
        if (self->count > 1)
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        else
            a = 2;
        use(a); /* expect A4 */
        while (self->count > 0) {
            use(b); /* expect A4 */
            EDDY_YIELD();
        }
        c += 1;        /* expect A4 */
        if (p != NULL) /* expect A4 */
            p->len = c;
        EDDY_END(0);
}

EDDY_ASYNC(jumps, eddy_nothing)
{
    eddy_result n;
    size_t k;

    EDDY_BEGIN
        k = 1;
    again:
        use(k); /* expect A4 */
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        if (n > 0)
            goto again;
        do {
            k = 2;
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
            if (n == 3)
                continue;
            k = 3;
        } while (k < 3); /* expect A4 */
        EDDY_END(n);
}
