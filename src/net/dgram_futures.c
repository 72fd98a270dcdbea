/* SPDX-License-Identifier: MIT */
/*
 * dgram_futures.c - the boxed futures of a datagram socket: a poll form and its arguments.
 */
#include "net/dgram.h"

struct send_dgram {
    eddy_future frame;
    eddy_dgram *self;
    const void *data;
    size_t len;
    eddy_addr to;
};

struct recv_dgram {
    eddy_future frame;
    eddy_dgram *self;
    void *memory;
    size_t room;
    eddy_addr *from;
};

static eddy_result send_poll(eddy_future *future, eddy_task *task)
{
    struct send_dgram *self = (struct send_dgram *)(void *)future;

    return eddy_dgram_poll_send_to(self->self, task, self->data, self->len, &self->to);
}

static eddy_result recv_poll(eddy_future *future, eddy_task *task)
{
    struct recv_dgram *self = (struct recv_dgram *)(void *)future;

    return eddy_dgram_poll_recv_from(self->self, task, self->memory, self->room, self->from);
}

static const eddy_type send_type = {send_poll, eddy__done_nothing, sizeof(struct send_dgram),
                                    "eddy_send_dgram", NULL};
static const eddy_type recv_type = {recv_poll, eddy__done_nothing, sizeof(struct recv_dgram),
                                    "eddy_recv_dgram", NULL};

eddy_future *eddy_send_dgram(eddy_handle *handle, eddy_dgram *self, const void *data, size_t len,
                             const eddy_addr *to)
{
    struct send_dgram future = {
        .frame = {.type = &send_type}, .self = self, .data = data, .len = len};

    eddy__core_check(handle->core, "eddy_send_dgram");
    if (to != NULL)
        future.to = *to;
    return eddy_box(handle, &future.frame);
}

eddy_future *eddy_recv_dgram(eddy_handle *handle, eddy_dgram *self, void *memory, size_t room,
                             eddy_addr *from)
{
    struct recv_dgram future = {
        .frame = {.type = &recv_type}, .self = self, .memory = memory, .room = room, .from = from};

    eddy__core_check(handle->core, "eddy_recv_dgram");
    return eddy_box(handle, &future.frame);
}
