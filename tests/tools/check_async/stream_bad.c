/* SPDX-License-Identifier: MIT */
/*
 * The traps of stream functions: those of async functions, and that *item is other memory after a
 * wait.
 * Read by tests/tools/test_check_async.py, not built; what the tool must say stands in comments,
 * `expect RULE`, at the lines it must name. It must say nothing else.
 */
#include "eddy/eddy.h"

#define FRAME                                                                                      \
    EDDY_STREAM_FRAME;                                                                             \
    eddy_tcp *tcp;                                                                                 \
    eddy_stream *input;                                                                            \
    int kind
struct point {
    int x, y;
    struct point *next;
};
struct points {
    FRAME;
};
struct lost {
    FRAME;
};
struct numbers {
    FRAME;
};
struct outside {
    FRAME;
};

void use(int x);

EDDY_STREAM(points, struct point, eddy_nothing)
{
    eddy_result n = 0; /* expect A2 */
    int x;

    EDDY_BEGIN
        x = 1;
        switch (self->kind) {
        case 1:
            item->x = x;
            EDDY_EMIT(); /* expect A1 */
        case 2:
            EDDY_EMIT_ERROR(-EINVAL); /* expect A1 */
        }
        item->x = 1;
        EDDY_EMIT();
        item->x = x; /* expect A4 */
        EDDY_EMIT();
        x = -5;
        EDDY_EMIT_ERROR(x);
        use(x); /* expect A4 */
        if (self->kind == 7)
            return 0; /* expect A6 */
                      /* clang-format off */
        *item = (struct point){0}; EDDY_EMIT(); EDDY_EMIT_ERROR(-EINVAL); /* expect A5 */
        EDDY_END(n);
}

EDDY_STREAM(lost, struct point, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        item->x = 3;
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
        EDDY_EMIT();  /* expect A4 */
        use(item->x); /* nothing is said: a function may fill what it is given */
        item->y += 1;
        EDDY_EMIT();
        EDDY_EMIT(); /* expect A4 */
        while (self->kind > 0) {
            if (item->x > 3) /* expect A4 */
                break;
            item->y++; /* expect A4 */
            EDDY_YIELD();
        }
        *item = (struct point){.x = 1};
        self->kind = (*item).x;
        EDDY_YIELD();
        self->kind = item->next->x; /* expect A4 */
        EDDY_YIELD();
        if (self->kind > 3)
            use(1 + (*item).x); /* expect A4 */
        EDDY_END(0);
}

EDDY_STREAM(numbers, int, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        *item = 0;
        for (;;) {
            EDDY_EMIT(); /* expect A4 */
            *item += 1;  /* expect A4 */
            EDDY_NEXT(n, self->input, item);
            if (n <= 0)
                break;
            if (self->kind == 0)
                EDDY_YIELD();
            EDDY_EMIT(); /* expect A4 */
        }
        EDDY_END(n);
}

EDDY_STREAM(outside, int, eddy_nothing) /* expect A6 */
{
    *item = 3;
    EDDY_EMIT();
    return 0;
}
