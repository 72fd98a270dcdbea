/* SPDX-License-Identifier: MIT */
/*
 * server.c - a group, serving into it, shutting it down: the three in the order of a server's life.
 */
#include <errno.h>

#include "eddy/serve.h"
#include "reactor/core.h"

static struct eddy_server *server_of(eddy_future *future)
{
    return (struct eddy_server *)(void *)future;
}

static int make_group(struct eddy_server *self, eddy_task *task)
{
    eddy_group_options options = {
        .size_bytes = sizeof options, .name = "server", .tasks_max = self->clients_max};

    return eddy_group_new(&task->core->handle, &options, &self->group);
}

/* The listener is the serving future's from here on. */
static int begin(struct eddy_server *self, eddy_task *task)
{
    int error = self->group == NULL ? make_group(self, task) : 0;

    if (error != 0)
        return error;
    self->serve = (struct eddy_serve){.frame = {.type = &eddy_serve_type},
                                      .listener = self->listener,
                                      .group = self->group,
                                      .client = self->client,
                                      .arg = self->arg};
    self->shutdown = (struct eddy_shutdown){.frame = {.type = &eddy_shutdown_type},
                                            .group = self->group,
                                            .finish_ns = self->finish_ns,
                                            .grace_ns = self->grace_ns,
                                            .report = self->report};
    self->listener = NULL;
    self->begun = true;
    self->result = EDDY_PENDING;
    return 0;
}

/* Until serving is over, for whatever reason: 0, EDDY_PENDING, or the error that broke it. */
static eddy_result serve_until(struct eddy_server *self, eddy_task *task)
{
    eddy_result result = eddy_future_poll_child(&self->frame, &self->serve.frame, task);

    if (result != EDDY_PENDING)
        return result == -ECANCELED || result == EDDY_CLOSED ? 0 : result;
    if (self->until == NULL)
        return EDDY_PENDING;
    result = eddy_future_poll_child(&self->frame, self->until, task);
    if (result == EDDY_PENDING)
        return EDDY_PENDING;
    self->until = NULL;
    eddy_future_drop_child(&self->frame, &self->serve.frame, task);
    return result < 0 ? result : 0;
}

static void forget_until(struct eddy_server *self, eddy_task *task)
{
    if (self->until != NULL)
        eddy_future_drop_child(&self->frame, self->until, task);
    self->until = NULL;
}

/* Once serving is over the child that shuts down is polled, and nothing else. */
static eddy_result server_poll(eddy_future *future, eddy_task *task)
{
    struct eddy_server *self = server_of(future);
    eddy_result result;

    if (!self->begun) {
        eddy_future_adopt(future, self->until);
        result = begin(self, task);
        if (result != 0)
            return result;
    }
    if (self->result == EDDY_PENDING) {
        self->result = serve_until(self, task);
        if (self->result == EDDY_PENDING)
            return EDDY_PENDING;
        forget_until(self, task);
    }
    result = eddy_future_poll_child(future, &self->shutdown.frame, task);
    return result >= 0 && self->result < 0 ? self->result : result;
}

/* The children are gone; before the first poll there were none. */
static void server_done(eddy_future *future)
{
    struct eddy_server *self = server_of(future);

    if (eddy_future_is_new(future))
        eddy_future_drop(self->until);
    eddy_listener_free(self->listener);
    eddy_group_free(self->group);
}

const eddy_type eddy_server_type = {
    .poll = server_poll,
    .done = server_done,
    .size_bytes = sizeof(struct eddy_server),
    .name = "server",
};
