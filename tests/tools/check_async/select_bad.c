/* SPDX-License-Identifier: MIT */
/*
 * The traps of waits that run several futures at once: all rules hold for them.
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
    struct eddy_join3 three;
    struct eddy_select2 either;
    struct eddy_select3 any;
    eddy_result results[2];
    int kind, item;
};

EDDY_ASYNC_DECLARE(child);

EDDY_ASYNC(job, eddy_nothing)
{
    eddy_result n;
    struct eddy_select2 *either;
    eddy_future *first;
    int count = 3; /* expect A2 */
    int item;

    EDDY_JOIN2(n, &self->both, &self->child.frame, &self->other.frame); /* expect A6 */
    EDDY_BEGIN
        either = &self->either;
        EDDY_SELECT2(n, either, &self->child.frame, &self->other.frame); /* expect A3 */
        first = eddy_lock(self->handle, self->mutex);
        EDDY_JOIN3(n, &self->three, first, &self->child.frame, &self->other.frame);
        eddy_future_drop(first); /* expect A4 */
        first = eddy_lock(self->handle, self->mutex);
        EDDY_YIELD();
        EDDY_SELECT3(n, &self->any, &self->child.frame, first, &self->other.frame); /* expect A4 */
        EDDY_SELECT2(n, &self->either, &self->child.frame,
                     EDDY_FUTURE(child, .count = 1)); /* expect A3 */
        EDDY_JOIN2(n, &self->both, &self->child.frame,
                   (&EDDY_INIT(child, .count = 1).frame)); /* expect A3 */
        switch (self->kind) {
        case 0:
            EDDY_SELECT2(n, &self->either, &self->child.frame, &self->other.frame); /* expect A1 */
            EDDY_NEXT(n, self->stream, &self->item);                                /* expect A1 */
        }
        for (int i = 0; i < 2; i++)
            EDDY_JOIN2(self->results[i], &self->both, &self->child.frame, /* expect A3 */
                       eddy_ready(self->handle, i));
        EDDY_AWAIT_FUTURE(n, eddy_lock(self->handle, self->mutex)); /* expect A3 */
        EDDY_NEXT(n, self->stream, &item);                          /* expect A3 */
        EDDY_NEXT(n, eddy_stream_take(self->stream, 3),             /* expect A3 */
                  &self->item);
        if (eddy_stream_poll_next(self->stream, task, &self->item) <= 0) /* expect A7 */
            return n;                                                    /* expect A6 */
                                                                         /* clang-format off */
        EDDY_JOIN2(n, &self->both, &self->child.frame, NULL); EDDY_YIELD(); /* expect A5 */
        EDDY_END(n + count); /* expect A4 */
}
