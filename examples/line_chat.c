/* SPDX-License-Identifier: MIT */
/*
 * line_chat - a chat over framed lines: each client's byte stream is split into a stream of the lines it
 * says and a sink of the lines it hears. The first line it says is its name. One who does not read loses
 * lines, and is told how many: it slows nobody down.
 *
 *     line_chat [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080; try: nc 127.0.0.1 8080
 *
 * What is said goes to all by eddy_broadcast, as slices: the bytes of a line are there once, however many
 * hear it. chat.c does the same by hand.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/args.h"
#include "support/serve.h"

#define LINE_MAX_BYTES 1000 /* what one says in a line */
#define NAME_MAX_BYTES 32
#define LINES_KEPT     64 /* for those who are slower than the others */

struct room {
    eddy_broadcast_sender *lines;
};

/* A line in the room, and the number of who said it: that one does not hear it. */
struct said {
    uint64_t by;
    eddy_slice line;
};

static void said_copy(void *arg, void *to, const void *from)
{
    const struct said *said = from;
    struct said *copy = to;

    (void)arg;
    copy->by = said->by;
    copy->line = eddy_slice_clone(&said->line);
}

static void said_drop(void *arg, void *item)
{
    struct said *said = item;

    (void)arg;
    eddy_slice_release(&said->line);
}

/* ---- one client ---- */

/* Takes the lines that the client says. */
struct speaks {
    EDDY_FRAME;
    struct client *client;
    eddy_stream *lines; /* owned */
    eddy_bytes line;    /* valid until the next one is asked for */
};

/* Gives it the lines that others say. */
struct hears {
    EDDY_FRAME;
    struct client *client;
    eddy_sink *lines; /* owned */
    struct said said; /* on its way into the sink */
};

struct client {
    EDDY_FRAME;
    struct room *room;
    eddy_tcp *tcp; /* until it is framed */
    uint64_t number;
    eddy_broadcast_receiver *ears;
    eddy_lines_codec in, out;
    eddy_copied_codec slices; /* the sink's items are slices */
    char name[NAME_MAX_BYTES + 1];
    struct speaks speaks;
    struct hears hears;
    struct eddy_select2 either;
};

/* Tell all others; what cannot be told for want of memory is not. */
static void tell(struct client *self, const char *format, eddy_bytes line)
{
    char text[NAME_MAX_BYTES + LINE_MAX_BYTES + 32];
    int len = snprintf(text, sizeof text, format, self->name, (int)line.len, line.data);
    struct said said = {.by = self->number};

    if (eddy_slice_copy(NULL, text, (size_t)len, &said.line) != 0)
        return;
    if (eddy_broadcast_send(self->room->lines, &said) < 0)
        eddy_slice_release(&said.line);
}

static void enter(struct client *self, eddy_bytes name)
{
    size_t len = name.len < NAME_MAX_BYTES ? name.len : NAME_MAX_BYTES;

    memcpy(self->name, name.data, len);
    self->name[len] = '\0';
    tell(self, "* %s is here%.*s", (eddy_bytes){(const unsigned char *)"", 0});
}

static void speaks_done(struct speaks *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_stream_drop(self->lines, NULL);
    if (self->client->name[0] != '\0')
        tell(self->client, "* %s has left%.*s", (eddy_bytes){(const unsigned char *)"", 0});
}

EDDY_ASYNC(speaks, speaks_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_future_adopt(&self->frame, &self->lines->frame);
        for (;;) {
            EDDY_NEXT(n, self->lines, &self->line);
            if (n == -EMSGSIZE)
                continue; /* a line that is too long is lost, the next one counts */
            if (n <= 0)
                break;
            if (self->client->name[0] != '\0')
                tell(self->client, "%s: %.*s", self->line);
            else if (self->line.len > 0)
                enter(self->client, self->line);
            EDDY_YIELD(); /* a line a turn: all that is told leaves before the next one */
        }
        EDDY_END(n);
}

static void hears_done(struct hears *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_sink_drop(self->lines, NULL);
    eddy_slice_release(&self->said.line);
}

/* The next line that another has said, or how many are lost. */
static eddy_result hears_poll(struct hears *self, eddy_task *task)
{
    eddy_broadcast_receiver *ears = self->client->ears;
    char text[64];
    eddy_result n;

    for (;;) {
        n = eddy_broadcast_poll_next(ears, task, &self->said);
        if (n != 1 || self->said.by != self->client->number)
            break;
        eddy_slice_release(&self->said.line);
    }
    if (n != EDDY_LAGGED)
        return n;
    snprintf(text, sizeof text, "* %llu lines are lost",
             (unsigned long long)eddy_broadcast_lost(ears));
    n = eddy_slice_copy(NULL, text, strlen(text), &self->said.line);
    return n < 0 ? n : 1;
}

EDDY_ASYNC(hears, hears_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_future_adopt(&self->frame, &self->lines->frame);
        for (;;) {
            EDDY_POLL(n, hears_poll(self, task));
            if (n <= 0)
                break;
            EDDY_POLL(n, eddy_sink_poll_send(self->lines, task, &self->said.line));
            if (n < 0)
                break;
            self->said.line = (eddy_slice){0}; /* it is the sink's */
            EDDY_POLL(n, eddy_sink_poll_flush(self->lines, task));
            if (n < 0)
                break;
        }
        EDDY_END(n);
}

static void client_done(struct client *self)
{
    eddy_broadcast_receiver_free(self->ears);
    eddy_tcp_free(self->tcp);
}

/* From here on the byte stream belongs to its halves. */
static eddy_result client_split(struct client *self, eddy_task *task)
{
    eddy_result n = eddy_broadcast_subscribe(self->room->lines, &self->ears);
    eddy_duplex both;

    if (n < 0)
        return n;
    self->number = eddy_task_id(task);
    self->in.line_max = LINE_MAX_BYTES;
    self->out.line_max = NAME_MAX_BYTES + LINE_MAX_BYTES + 32;
    self->slices = (eddy_copied_codec){.encoder = &eddy_lines_encoder, .encoder_state = &self->out};
    both = eddy_io_framed(eddy_task_handle(task), eddy_tcp_io(self->tcp), &eddy_lines_decoder,
                          &self->in, &eddy_copied_encoder, &self->slices);
    self->tcp = NULL;
    self->speaks = EDDY_INIT(speaks, .client = self, .lines = both.in);
    self->hears = EDDY_INIT(hears, .client = self, .lines = both.out);
    return 0;
}

/* It speaks and hears at once, and is out when either is over. */
EDDY_ASYNC(client, client_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = client_split(self, task);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_SELECT2(n, &self->either, &self->speaks.frame, &self->hears.frame);
        EDDY_END(0); /* how a client leaves is no error of ours */
}

/* As of struct eddy_server; `arg` is the room. */
static int client_start(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    return eddy_group_spawn(group, EDDY_FUTURE(client, .room = arg, .tcp = tcp));
}

/* ---- the room ---- */

static int room_open(struct room *self, eddy_handle *handle)
{
    eddy_broadcast_receiver *nobody;
    int error = eddy_broadcast_new(
        handle,
        EDDY_OPTIONS(eddy_broadcast_options, .item_bytes = sizeof(struct said),
                     .capacity = LINES_KEPT, .copy_item = said_copy, .drop_item = said_drop),
        &self->lines, &nobody);

    if (error == 0)
        eddy_broadcast_receiver_free(nobody);
    return error;
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "line_chat [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    struct room room = {NULL};
    eddy_core *core;
    eddy_listener *listener;
    eddy_result result;

    args_parse(&args, argc, argv);
    until_signal_prepare();
    core = args_core(&args);
    listener = args_listen(&args, core, NULL);
    args_say(listener, "line_chat", core);
    result = room_open(&room, eddy_core_handle(core));
    if (result == 0)
        result = serve_until_signal(core, listener, client_start, &room);
    else
        eddy_listener_free(listener);
    eddy_broadcast_sender_free(room.lines);
    eddy_core_free(core);
    return args_end(&args, result);
}
