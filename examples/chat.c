/* SPDX-License-Identifier: MIT */
/*
 * chat - what one client writes, line by line, all others get. A client that does not read what
 * the others write is put out when 64 KiB wait for it: it never slows the room down.
 *
 *     chat [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080; try: nc 127.0.0.1 8080
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/args.h"
#include "support/until_signal.h"

#define LINE_MAX_BYTES 1024

struct client;

struct room {
    struct client *first;
};

struct client {
    EDDY_FRAME;
    struct room *room;
    eddy_tcp *tcp;
    uint64_t number;
    struct client *next; /* in the room */
    bool entered;
    bool slow;        /* found by whoever could not queue a line for us */
    eddy_waiter kick; /* where we wait for that */
    size_t want, line_len;
};

static const eddy_wait_type kick_wait = {.why = "chat: being put out"};

static void room_enter(struct client *self)
{
    self->entered = true;
    self->next = self->room->first;
    self->room->first = self;
}

static void room_leave(struct client *self)
{
    struct client **at = &self->room->first;

    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
}

static void client_done(struct client *self)
{
    if (self->entered)
        room_leave(self);
    if (self->slow)
        eddy_tcp_abort(self->tcp);
    else
        eddy_tcp_free(self->tcp);
}

static void client_hear(struct client *self, const char *text, size_t len)
{
    eddy_result n = eddy_tcp_try_write(self->tcp, text, len);

    if (n == -EAGAIN) {
        self->slow = true;
        eddy_waiter_wake(&self->kick);
    }
    /* Any other error ends the client's own task at its next read. */
}

static void room_tell(const struct client *from, eddy_bytes line)
{
    char text[LINE_MAX_BYTES + 32];
    size_t len =
        (size_t)snprintf(text, sizeof text, "client %llu: ", (unsigned long long)from->number);

    memcpy(text + len, line.data, line.len);
    len += line.len;
    if (text[len - 1] != '\n') /* a client's last line may lack it */
        text[len++] = '\n';
    for (struct client *to = from->room->first; to != NULL; to = to->next)
        if (to != from)
            client_hear(to, text, len);
}

/* A wait made of two: bytes have come, or we are put out. */
static eddy_result client_poll(struct client *self, eddy_task *task)
{
    eddy_result n = self->slow ? -ENOBUFS : eddy_tcp_poll_fill(self->tcp, task, self->want);

    return n == EDDY_PENDING ? eddy_waiter_park(&self->kick, task, &kick_wait) : n;
}

/* Tell the room the first line, when all of it has come. False: it is too long. */
static bool client_speak(struct client *self)
{
    eddy_bytes view = eddy_tcp_view(self->tcp);
    const unsigned char *end = memchr(view.data, '\n', view.len);
    eddy_bytes line = {view.data, end != NULL ? (size_t)(end + 1 - view.data) : 0};

    if (line.len > LINE_MAX_BYTES || (line.len == 0 && view.len >= LINE_MAX_BYTES))
        return false;
    self->want = line.len > 0 ? 1 : view.len + 1;
    if (line.len > 0)
        room_tell(self, line);
    eddy_tcp_consume(self->tcp, line.len);
    return true;
}

EDDY_ASYNC(client, client_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->number = eddy_task_id(task);
        self->want = 1;
        room_enter(self);
        for (;;) {
            EDDY_POLL(n, client_poll(self, task));
            if (n <= 0 || !client_speak(self))
                break;
            EDDY_YIELD(); /* a line a turn: all that is told leaves before the next one */
        }
        if (n == 0 && eddy_tcp_view(self->tcp).len > 0)
            room_tell(self, eddy_tcp_view(self->tcp));
        EDDY_END(0);
}

struct accept {
    EDDY_FRAME;
    struct room *room;
    eddy_listener *listener;
    eddy_tcp *client;
};

static void accept_done(struct accept *self)
{
    eddy_listener_free(self->listener);
}

EDDY_ASYNC(accept, accept_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_listener_poll_accept(self->listener, task, &self->client));
            if (n < 0)
                break;
            (void)eddy_spawn(eddy_task_handle(task),
                             EDDY_FUTURE(client, .room = self->room, .tcp = self->client));
        }
        EDDY_END(n);
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "chat [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    struct room room = {NULL};
    eddy_core *core;
    eddy_listener *listener;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    listener = args_listen(&args, core, NULL);
    args_say(listener, "chat", core);
    result = eddy_spawn(eddy_core_handle(core),
                        EDDY_FUTURE(accept, .room = &room, .listener = listener));
    if (result == 0)
        result = eddy_core_run(core, EDDY_FUTURE(until_signal));
    eddy_core_free(core);
    return args_end(&args, result);
}
