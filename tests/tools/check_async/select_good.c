/* SPDX-License-Identifier: MIT */
/*
 * Waits that run several futures at once, without a trap: what is given to a join or select is
 * evaluated once, so that locals may be used in it.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

struct child {
    EDDY_FRAME;
    int count;
};
struct job {
    EDDY_FRAME;
    eddy_handle *handle;
    eddy_mutex *mutex;
    eddy_stream *stream;
    struct child child, other;
    struct eddy_join2 both;
    struct eddy_select2 either;
    struct eddy_select3 any;
    eddy_future *held;
    eddy_result result;
    int item;
};

EDDY_ASYNC(child, eddy_nothing)
{
    EDDY_BEGIN
        while (self->count-- > 0)
            EDDY_YIELD();
        EDDY_END(0);
}

EDDY_ASYNC(job, eddy_nothing)
{
    eddy_result n;
    eddy_handle *handle;
    eddy_future *first, *second;
    int count;

    EDDY_BEGIN
        handle = self->handle;
        first = eddy_lock(handle, self->mutex);
        count = 3;
        self->child = EDDY_INIT(child, .count = count);
        EDDY_SELECT2(n, &self->either, first, &self->child.frame);
        if (n < 0)
            break;
        handle = self->handle;
        count = (int)n;
        second = eddy_ready(handle, count);
        EDDY_SELECT3(self->result, &self->any, eddy_box(handle, EDDY_FUTURE(child, .count = count)),
                     eddy_map(second, NULL, NULL), eddy_never(handle));
        while (self->item < 3)
            EDDY_JOIN2(n, &self->both, eddy_lock(self->handle, self->mutex), self->held);
        self->held = eddy_race(eddy_lock(self->handle, self->mutex), eddy_never(self->handle));
        EDDY_AWAIT_FUTURE(n, self->held);
        do {
            EDDY_NEXT(n, self->stream, &self->item);
        } while (n > 0);
        first = eddy_poll_fn(self->handle, NULL, NULL);
        if (eddy_poll_fn(self->handle, NULL, NULL) == first)
            break;
        EDDY_END(n);
}
