/* SPDX-License-Identifier: MIT */
/*
 * room.h - what the ways to write the broadcast chat have in common: the room, a broadcast of lines.
 * What one says all others hear, as "NUMBER: LINE". Nobody waits for a member that does not read: who
 * falls ROOM_LINES_MAX lines behind loses lines, and is told how many, as number 0.
 */
#ifndef EXAMPLES_ROOM_H
#define EXAMPLES_ROOM_H

#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../support/line.h"

#define ROOM_LINES_MAX 256
#define ROOM_LINE_MAX  1000 /* bytes */

/* What was said: a line, shared by all who hear it. */
struct said {
    uint64_t who;
    eddy_buf *line;
};

/* The caller's memory. */
struct room {
    eddy_broadcast_sender *sender;
    uint64_t members; /* that have ever been in */
};

static inline void said_copy(void *arg, void *to, const void *from)
{
    struct said *said = to;

    (void)arg;
    *said = *(const struct said *)from;
    (void)eddy_buf_retain(said->line);
}

static inline void said_drop(void *arg, void *item)
{
    struct said *said = item;

    (void)arg;
    eddy_buf_release(said->line);
    said->line = NULL;
}

/* 0 or an error. */
static inline int room_init(struct room *self, eddy_handle *handle)
{
    eddy_broadcast_sender *sender;
    eddy_broadcast_receiver *nobody;
    int error = eddy_broadcast_new(
        handle,
        EDDY_OPTIONS(eddy_broadcast_options, .item_bytes = sizeof(struct said),
                     .capacity = ROOM_LINES_MAX, .copy_item = said_copy, .drop_item = said_drop),
        &sender, &nobody);

    *self = (struct room){.sender = error == 0 ? sender : NULL};
    if (error == 0)
        eddy_broadcast_receiver_free(nobody); /* each who enters has one of its own */
    return error;
}

/* Nobody is in any more. One that could not be made is left alone. */
static inline void room_deinit(struct room *self)
{
    eddy_broadcast_sender_free(self->sender);
}

/* A line of somebody; 1 or -ENOMEM. */
static inline eddy_result said_init(struct said *self, uint64_t who, eddy_bytes line)
{
    char name[32];
    size_t len = (size_t)snprintf(name, sizeof name, "%llu: ", (unsigned long long)who);

    *self = (struct said){.who = who, .line = eddy_buf_new(NULL, len + line.len)};
    if (self->line == NULL)
        return -ENOMEM;
    memcpy(eddy_buf_data(self->line), name, len);
    memcpy(eddy_buf_data(self->line) + len, line.data, line.len);
    return 1;
}

/* Say a line, its newline included. Without memory nobody hears it. */
static inline void room_say(struct room *self, uint64_t who, eddy_bytes line)
{
    struct said said;

    if (said_init(&said, who, line) == 1 && eddy_broadcast_send(self->sender, &said) < 0)
        said_drop(NULL, &said);
}

/* Wait for a line that somebody else has said, or that tells how many were missed: 1; or as
   eddy_broadcast_poll_next(). */
static inline eddy_result room_poll_next(eddy_broadcast_receiver *ears, eddy_task *task,
                                         uint64_t who, struct said *said)
{
    char text[64];
    eddy_result n;

    while ((n = eddy_broadcast_poll_next(ears, task, said)) == 1 && said->who == who)
        said_drop(NULL, said);
    if (n != EDDY_LAGGED)
        return n;
    snprintf(text, sizeof text, "%llu lines missed\n",
             (unsigned long long)eddy_broadcast_lost(ears));
    return said_init(said, 0, (eddy_bytes){(unsigned char *)text, strlen(text)});
}

#endif
