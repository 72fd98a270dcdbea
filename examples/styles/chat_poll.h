/* SPDX-License-Identifier: MIT */
/*
 * chat_poll.h - one member of the chat, in the style of poll functions and boxed combinators: it
 * speaks and hears at once, and is out when either is over.
 */
#ifndef EXAMPLES_CHAT_POLL_H
#define EXAMPLES_CHAT_POLL_H

#include <stdlib.h>

#include "room.h"

/* What both share; freed when both are over. */
struct talker {
    struct room *room;
    eddy_tcp *tcp;
    eddy_broadcast_receiver *ears;
    uint64_t number;
    struct line line;
    struct said said; /* line NULL: none that is still to be written */
};

static inline void talker_free(void *arg)
{
    struct talker *self = arg;

    said_drop(NULL, &self->said);
    eddy_broadcast_receiver_free(self->ears);
    eddy_tcp_free(self->tcp);
    free(self);
}

/* Say all lines that come. */
static inline eddy_result talker_speak(void *arg, eddy_task *task)
{
    struct talker *self = arg;
    eddy_result n;

    for (;;) {
        n = line_poll(&self->line, self->tcp, task, ROOM_LINE_MAX);
        if (n <= 0)
            return n == EDDY_PENDING ? n : 0; /* how a member leaves is no error of ours */
        room_say(self->room, self->number, self->line.text);
        eddy_tcp_consume(self->tcp, self->line.text.len);
    }
}

/* One line, until it is written. */
static inline eddy_result talker_hear_one(struct talker *self, eddy_task *task)
{
    eddy_result n = 1;

    if (self->said.line == NULL)
        n = room_poll_next(self->ears, task, self->number, &self->said);
    if (n > 0)
        n = eddy_tcp_poll_write_buf(self->tcp, task, self->said.line, 0,
                                    eddy_buf_len(self->said.line));
    if (n > 0)
        said_drop(NULL, &self->said);
    return n;
}

/* Write all lines that others say. */
static inline eddy_result talker_hear(void *arg, eddy_task *task)
{
    eddy_result n;

    do {
        n = talker_hear_one(arg, task);
    } while (n > 0);
    return n == EDDY_PENDING ? n : 0;
}

/* The future of one member, which owns the stream; also when memory is out. */
static inline eddy_future *talker_new(eddy_handle *handle, struct room *room, eddy_tcp *tcp)
{
    struct talker *self = calloc(1, sizeof *self);

    if (self == NULL) {
        eddy_tcp_free(tcp);
        return eddy_ready(handle, -ENOMEM);
    }
    self->room = room;
    self->tcp = tcp;
    self->number = ++room->members;
    if (eddy_broadcast_subscribe(room->sender, &self->ears) < 0)
        return eddy_finally(eddy_ready(handle, -ENOMEM), talker_free, self);
    return eddy_finally(eddy_race(eddy_poll_fn(handle, talker_speak, self),
                                  eddy_poll_fn(handle, talker_hear, self)),
                        talker_free, self);
}

#endif
