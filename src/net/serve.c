/* SPDX-License-Identifier: MIT */
/*
 * serve.c - accept, and a task for each client; stops when the group closes. It accepts only while
 * the group has room, in the same poll, so that a client that was accepted is not turned away.
 */
#include "eddy/serve.h"

#include "eddy/error.h"
#include "reactor/core.h"

/* Does the error say that serving is over? One client's want of memory does not. */
static bool is_over(int error)
{
    return error == EDDY_CLOSED || error == EDDY_LOOP_GONE;
}

/* One client: 0; EDDY_PENDING; the end. */
static eddy_result serve_one(struct eddy_serve *self, eddy_task *task)
{
    eddy_result result = eddy_group_poll_room(self->group, task, &self->room);
    eddy_tcp *client;
    int error;

    if (result == 0)
        result = eddy_listener_poll_accept(self->listener, task, &client);
    if (result != 0)
        return result;
    error = self->client(self->arg, self->group, client);
    return is_over(error) ? error : 0;
}

static eddy_result serve_poll(eddy_future *future, eddy_task *task)
{
    struct eddy_serve *self = (struct eddy_serve *)(void *)future;
    eddy_result result;

    do {
        result = serve_one(self, task);
    } while (result == 0);
    if (result != EDDY_PENDING)
        return result;
    return eddy_group_poll_closing(self->group, task, &self->closing);
}

static void serve_done(eddy_future *future)
{
    eddy_listener_free(((struct eddy_serve *)(void *)future)->listener);
}

const eddy_type eddy_serve_type = {
    .poll = serve_poll,
    .done = serve_done,
    .size_bytes = sizeof(struct eddy_serve),
    .name = "serve",
};
