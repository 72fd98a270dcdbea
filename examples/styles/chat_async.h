/* SPDX-License-Identifier: MIT */
/*
 * chat_async.h - one member of the chat, as three async functions: it speaks and hears at once, and is
 * out when either is over.
 */
#ifndef EXAMPLES_CHAT_ASYNC_H
#define EXAMPLES_CHAT_ASYNC_H

#include "room.h"

/* Say all lines that come. */
struct speak {
    EDDY_FRAME;
    struct room *room;
    eddy_tcp *tcp;
    uint64_t number;
    struct line line;
};

EDDY_ASYNC(speak, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, line_poll(&self->line, self->tcp, task, ROOM_LINE_MAX));
            if (n <= 0)
                break;
            room_say(self->room, self->number, self->line.text);
            eddy_tcp_consume(self->tcp, self->line.text.len);
        }
        EDDY_END(n);
}

/* Write all lines that others say. */
struct hear {
    EDDY_FRAME;
    eddy_broadcast_receiver *ears;
    eddy_tcp *tcp;
    uint64_t number;
    struct said said;
};

static inline void hear_done(struct hear *self)
{
    said_drop(NULL, &self->said);
}

EDDY_ASYNC(hear, hear_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, room_poll_next(self->ears, task, self->number, &self->said));
            if (n <= 0)
                break;
            EDDY_POLL(n, eddy_tcp_poll_write_buf(self->tcp, task, self->said.line, 0,
                                                 eddy_buf_len(self->said.line)));
            said_drop(NULL, &self->said);
            if (n < 0)
                break;
        }
        EDDY_END(n);
}

/* One member. */
struct member {
    EDDY_FRAME;
    struct room *room;
    eddy_tcp *tcp;
    eddy_broadcast_receiver *ears;
    uint64_t number;
    struct speak speak;
    struct hear hear;
    struct eddy_select2 either;
};

static inline void member_done(struct member *self)
{
    eddy_broadcast_receiver_free(self->ears);
    eddy_tcp_free(self->tcp);
}

static inline int member_enter(struct member *self)
{
    int error = eddy_broadcast_subscribe(self->room->sender, &self->ears);

    self->number = ++self->room->members;
    self->speak = EDDY_INIT(speak, .room = self->room, .tcp = self->tcp, .number = self->number);
    self->hear = EDDY_INIT(hear, .ears = self->ears, .tcp = self->tcp, .number = self->number);
    return error;
}

EDDY_ASYNC(member, member_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = member_enter(self);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_SELECT2(n, &self->either, &self->speak.frame, &self->hear.frame);
        if (n == -ECANCELED)
            EDDY_POLL(n, eddy_tcp_poll_write(self->tcp, task, "goodbye\n", 8));
        EDDY_END(0); /* how a member leaves is no error of ours */
}

#endif
