/* SPDX-License-Identifier: MIT */
/*
 * Stream functions without a trap: *item is filled between the last wait and EDDY_EMIT.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

#include <string.h>

#define FRAME                                                                                      \
    EDDY_STREAM_FRAME;                                                                             \
    eddy_tcp *tcp;                                                                                 \
    eddy_receiver *input;                                                                          \
    int count
struct line {
    size_t len;
    char text[64];
};
struct lines {
    FRAME;
};
struct passed {
    FRAME;
};
struct numbers {
    FRAME;
};
struct job {
    EDDY_FRAME;
    int item;
};

#define FILL(item, value) ((item) = (value))
bool lines_take(struct lines *self, struct line *item);

EDDY_STREAM(lines, struct line, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
            if (n <= 0)
                break;
            if (!lines_take(self, item))
                continue;
            if (item->len > 3)
                EDDY_EMIT();
            else
                EDDY_EMIT_ERROR(-EINVAL);
            memcpy(item->text, "text", 4);
            item->len = strlen(item->text);
            EDDY_EMIT();
            item->text[0] = '\0';
            EDDY_EMIT();
            (*item).len = 3;
            EDDY_EMIT();
            memset(item, 0, sizeof *item);
            EDDY_EMIT();
            FILL(*item, (struct line){0});
            EDDY_EMIT();
            memset(&item->text, 0, sizeof item->text);
            EDDY_EMIT();
        }
        EDDY_END(n);
}

EDDY_STREAM(passed, int, eddy_nothing)
{
    eddy_result n;
    int error;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_receiver_poll_next(self->input, task, item));
            if (n == 0)
                break;
            error = (int)n;
            if (error < 0)
                EDDY_EMIT_ERROR(error);
            else
                EDDY_EMIT();
        }
        EDDY_END(0);
}

EDDY_STREAM(numbers, int, eddy_nothing)
{
    EDDY_BEGIN
        while (self->count < 10) {
            *item = self->count++;
            *item *= 2;
            EDDY_EMIT();
        }
        EDDY_RETURN(-EINVAL);
        EDDY_END(0);
}

EDDY_ASYNC(job, eddy_nothing)
{
    int item;

    EDDY_BEGIN
        item = self->item;
        self->item = item + 1;
        EDDY_YIELD();
        EDDY_END(0);
}
