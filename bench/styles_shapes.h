/* SPDX-License-Identifier: MIT */
/*
 * styles_shapes.h - futures of the shapes that examples/styles have, whose waits are for a bell: a
 * place to wait that costs nothing itself, so that what is measured is the shape. For styles.c.
 */
#ifndef BENCH_STYLES_SHAPES_H
#define BENCH_STYLES_SHAPES_H

#include <eddy/eddy.h>

#include "../examples/styles/ask.h"

struct bell {
    eddy_waiter waiter;
    bool rung;
    uint64_t heard;
};

static const eddy_wait_type bell_wait = {.why = "bell"};

static inline eddy_result bell_poll(struct bell *self, eddy_task *task)
{
    if (!self->rung)
        return eddy_waiter_park(&self->waiter, task, &bell_wait);
    self->rung = false;
    self->heard++;
    return 1;
}

static inline eddy_result bell_once(void *arg, eddy_task *task)
{
    return bell_poll(arg, task);
}

static inline eddy_result bell_always(void *arg, eddy_task *task)
{
    eddy_result n;

    do {
        n = bell_poll(arg, task);
    } while (n > 0);
    return n;
}

static inline void nothing(void *arg)
{
    (void)arg;
}

/* As struct echo, struct speak and struct hear. */
struct listen {
    EDDY_FRAME;
    struct bell *bell;
};

EDDY_ASYNC(listen, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            EDDY_POLL(n, bell_poll(self->bell, task));
        } while (n > 0);
        EDDY_END(n);
}

/* As struct member. */
struct listen_both {
    EDDY_FRAME;
    struct listen a, b;
    struct eddy_select2 either;
};

EDDY_ASYNC(listen_both, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_SELECT2(n, &self->either, &self->a.frame, &self->b.frame);
        EDDY_END(n);
}

/* As struct ask_once and struct ask, three waits an attempt. */
struct listen_thrice {
    EDDY_FRAME;
    struct bell *bell;
};

EDDY_ASYNC(listen_thrice, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, bell_poll(self->bell, task));
        EDDY_POLL(n, bell_poll(self->bell, task));
        EDDY_POLL(n, bell_poll(self->bell, task));
        EDDY_END(n);
}

struct listen_again {
    EDDY_FRAME;
    struct bell *bell;
    struct listen_thrice thrice;
    struct eddy_timeout limited;
};

EDDY_ASYNC(listen_again, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        do {
            self->thrice = EDDY_INIT(listen_thrice, .bell = self->bell);
            self->limited = EDDY_INIT(eddy_timeout, .inner = &self->thrice.frame,
                                      .duration_ns = ASK_TIMEOUT_NS);
            EDDY_AWAIT(n, &self->limited);
        } while (n > 0);
        EDDY_END(n);
}

static inline eddy_future *bell_step(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)value;
    return eddy_poll_fn(handle, bell_once, arg);
}

static inline eddy_future *bell_round(void *arg, eddy_handle *handle, eddy_result n)
{
    (void)arg;
    return eddy_ready(handle, n > 0 ? EDDY_CONTINUE : n);
}

static inline eddy_future *bell_attempt(void *arg, eddy_handle *handle)
{
    eddy_future *work = eddy_poll_fn(handle, bell_once, arg);

    work = eddy_and_then(work, bell_step, arg);
    work = eddy_and_then(work, bell_step, arg);
    work = eddy_timeout_after(work, ASK_TIMEOUT_NS);
    work = eddy_finally(work, nothing, arg);
    return eddy_then(work, bell_round, arg);
}

#endif
