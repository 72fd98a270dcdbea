/* SPDX-License-Identifier: MIT */
/*
 * timed.c - time limits around boxed futures: a struct eddy_timeout (time/timeout.c) in a box, whose
 * input is its child from the beginning: so that dropping many of them, one inside the other, needs no
 * stack.
 */
#include "eddy/time.h"
#include "future/future.h"

static eddy_result timeout_poll(eddy_future *future, eddy_task *task)
{
    return eddy_timeout_type.poll(future, task);
}

/* `duration_ns` is the point of time. */
static eddy_result deadline_poll(eddy_future *future, eddy_task *task)
{
    struct eddy_timeout *self = (struct eddy_timeout *)(void *)future;

    if (!self->limit.started)
        eddy_sleep_start_at(&self->limit, task, self->duration_ns);
    return eddy_timeout_type.poll(future, task);
}

static const eddy_type timeout_type = {
    .poll = timeout_poll,
    .done = eddy__done_nothing,
    .size_bytes = sizeof(struct eddy_timeout),
    .name = "timeout",
};
static const eddy_type deadline_type = {
    .poll = deadline_poll,
    .done = eddy__done_nothing,
    .size_bytes = sizeof(struct eddy_timeout),
    .name = "deadline",
};

static eddy_future *limited(eddy_future *input, const eddy_type *type, int64_t time_ns,
                            const char *verb)
{
    eddy_core *core = eddy__future_core(input, verb);
    struct eddy_timeout *self;

    if (core == NULL)
        return input;
    eddy__core_check(core, verb);
    self = eddy__future_new(core, type);
    if (self == NULL) {
        eddy_future *failed = eddy__future_failed(core);

        eddy_future_drop(input);
        return failed;
    }
    self->inner = input;
    self->duration_ns = time_ns;
    eddy_future_adopt(&self->frame, input);
    return &self->frame;
}

eddy_future *eddy_timeout_after(eddy_future *input, int64_t duration_ns)
{
    return limited(input, &timeout_type, duration_ns, "eddy_timeout_after");
}

eddy_future *eddy_deadline_at(eddy_future *input, int64_t when_ns)
{
    return limited(input, &deadline_type, when_ns, "eddy_deadline_at");
}
