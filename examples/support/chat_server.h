/* SPDX-License-Identifier: MIT */
/*
 * chat_server.h - the chat room as async functions: what one client writes, line by line, all
 * others get, as "client NUMBER: LINE". A client that does not read what the others write is put
 * out when 64 KiB wait for it: it never slows the room down. One that says more than
 * CHAT_LINE_MAX_BYTES in a line is put out, too.
 *
 * A line is told whole or not at all, the lines of one client in the order it wrote them. The room
 * is the caller's memory, all zero at first; it must outlive the loop, or a restart of it.
 */
#ifndef EXAMPLES_CHAT_SERVER_H
#define EXAMPLES_CHAT_SERVER_H

#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "line.h"

#define CHAT_LINE_MAX_BYTES 1024

struct chat_client;

/* Who is in. */
struct chat_room {
    struct chat_client *first;
};

/* One client: tell the others what it says. */
struct chat_client {
    EDDY_FRAME;
    struct chat_room *room;
    eddy_tcp *tcp;
    uint64_t number;
    struct chat_client *next; /* in the room */
    bool entered;
    bool slow;        /* found by whoever could not queue a line for us */
    eddy_waiter kick; /* where we wait for that */
    struct line line;
};

static const eddy_wait_type chat_kick_wait = {.why = "chat: being put out"};

static inline void chat_room_enter(struct chat_client *self)
{
    self->entered = true;
    self->next = self->room->first;
    self->room->first = self;
}

static inline void chat_room_leave(struct chat_client *self)
{
    struct chat_client **at = &self->room->first;

    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
}

static inline void chat_client_done(struct chat_client *self)
{
    if (self->entered)
        chat_room_leave(self);
    if (self->slow)
        eddy_tcp_abort(self->tcp);
    else
        eddy_tcp_free(self->tcp);
}

static inline void chat_client_hear(struct chat_client *self, const char *text, size_t len)
{
    eddy_result n = self->slow ? 0 : eddy_tcp_try_write(self->tcp, text, len);

    if (n == -EAGAIN) { /* from here on it hears nothing: what came next would follow a gap */
        self->slow = true;
        eddy_waiter_wake(&self->kick);
    }
    /* Any other error ends the client's own task at its next read. */
}

static inline void chat_room_tell(const struct chat_client *from, eddy_bytes line)
{
    char text[CHAT_LINE_MAX_BYTES + 32];
    size_t len =
        (size_t)snprintf(text, sizeof text, "client %llu: ", (unsigned long long)from->number);

    memcpy(text + len, line.data, line.len);
    len += line.len;
    if (text[len - 1] != '\n') /* a client's last line may lack it */
        text[len++] = '\n';
    for (struct chat_client *to = from->room->first; to != NULL; to = to->next)
        if (to != from)
            chat_client_hear(to, text, len);
}

/* A wait made of two: a line has come, or we are put out. */
static inline eddy_result chat_client_poll(struct chat_client *self, eddy_task *task)
{
    eddy_result n =
        self->slow ? -ENOBUFS : line_poll(&self->line, self->tcp, task, CHAT_LINE_MAX_BYTES);

    return n == EDDY_PENDING ? eddy_waiter_park(&self->kick, task, &chat_kick_wait) : n;
}

EDDY_ASYNC(chat_client, chat_client_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->number = eddy_task_id(task);
        chat_room_enter(self);
        for (;;) {
            EDDY_POLL(n, chat_client_poll(self, task));
            if (n <= 0)
                break; /* 0: the client closed; < 0: it broke, or is put out */
            chat_room_tell(self, self->line.text);
            eddy_tcp_consume(self->tcp, self->line.text.len);
            EDDY_YIELD(); /* a line a turn: all that is told leaves before the next one */
        }
        if (n == 0 && eddy_tcp_view(self->tcp).len > 0)
            chat_room_tell(self, eddy_tcp_view(self->tcp));
        EDDY_END(0);
}

/* As of struct eddy_server; `arg` is the room. */
static inline int chat_enter(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    return eddy_group_spawn(group, EDDY_FUTURE(chat_client, .room = arg, .tcp = tcp));
}

#endif
