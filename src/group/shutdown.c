/* SPDX-License-Identifier: MIT */
/*
 * shutdown.c - a group ended in good order: closed, waited for, asked, cut off.
 */
#include <errno.h>

#include "eddy/serve.h"
#include "reactor/core.h"

static void ask(struct eddy_shutdown *self, eddy_task *task)
{
    self->asked = true;
    eddy_sleep_stop(&self->limit, task);
    eddy_group_cancel(self->group, self->grace_ns);
}

static uint64_t cut_off(const struct eddy_shutdown *self)
{
    eddy_group_report report;

    eddy_group_report_get(self->group, &report);
    if (self->report != NULL)
        *self->report = report;
    return report.cut_off;
}

static void begin(struct eddy_shutdown *self, eddy_task *task)
{
    eddy_group_close(self->group);
    eddy_sleep_start(&self->limit, task, self->finish_ns);
}

/* Idle beats the limit; a request to end is the end of the time to finish in. */
static eddy_result shutdown_poll(eddy_future *future, eddy_task *task)
{
    struct eddy_shutdown *self = (struct eddy_shutdown *)(void *)future;
    eddy_result result;

    if (!self->limit.started && !self->asked)
        begin(self, task);
    for (;;) {
        result = eddy_group_poll_idle(self->group, task);
        if (!self->asked)
            result = eddy_within(&self->limit, task, result);
        if (result == 0)
            return (eddy_result)cut_off(self);
        if (result == EDDY_PENDING)
            return EDDY_PENDING;
        if (!self->asked)
            ask(self, task);
    }
}

const eddy_type eddy_shutdown_type = {
    .poll = shutdown_poll,
    .done = eddy__done_nothing,
    .size_bytes = sizeof(struct eddy_shutdown),
    .name = "shutdown",
};
