/* SPDX-License-Identifier: MIT */
/*
 * Locals above EDDY_BEGIN without a value, and those that keep it.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

struct job {
    EDDY_FRAME;
    eddy_tcp *tcp;
    int sum;
};

EDDY_ASYNC(job, eddy_nothing)
{
    eddy_result n, m;
    eddy_bytes view;
    unsigned char bytes[16];
    static const char greeting[] = "hello";
    static unsigned calls = 0;
    enum { LIMIT = 10 };
    struct pair {
        int a, b;
    };
    int strcmp(const char *, const char *);

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_write(self->tcp, task, greeting, sizeof greeting - 1));
        EDDY_POLL(m, eddy_tcp_poll_fill(self->tcp, task, LIMIT + calls));
        view = eddy_tcp_view(self->tcp);
        bytes[0] = view.data[0];
        struct pair pair = {1, bytes[0]};
        calls++;
        self->sum = pair.a + pair.b;
        EDDY_END(m);
}
