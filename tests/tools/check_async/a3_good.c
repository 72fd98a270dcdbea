/* SPDX-License-Identifier: MIT */
/*
 * Members, literals and types inside a wait's expression.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

struct child {
    EDDY_FRAME;
    size_t len;
};
struct job {
    EDDY_FRAME;
    eddy_tcp *tcp, *client;
    eddy_listener *listener;
    struct child child;
    size_t n, len;
    eddy_result result;
};

EDDY_ASYNC(child, eddy_nothing)
{
    EDDY_BEGIN
        EDDY_YIELD();
        EDDY_END((eddy_result)self->len);
}

EDDY_ASYNC(job, eddy_nothing)
{
    eddy_result n;
    size_t len;
    unsigned char block[64];
    static unsigned char shared[64];

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, self->n));
        EDDY_POLL(self->result, eddy_tcp_poll_fill(self->tcp, task, self->len));
        EDDY_POLL((n), eddy_listener_poll_accept(self->listener, task, &self->client));
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, sizeof block + sizeof(len)));
        EDDY_POLL(n, eddy_tcp_poll_read(self->tcp, task, shared, sizeof shared));
        EDDY_POLL(n, eddy_tcp_poll_write(self->tcp, task, "n, len", 'n' == 'l' ? 1 : 6));
        EDDY_POLL(n, (len = self->len + 1, eddy_tcp_poll_fill(self->tcp, task, len)));
        self->child = EDDY_INIT(child, .len = self->len);
        EDDY_AWAIT(n, &self->child);
        EDDY_END(n);
}
