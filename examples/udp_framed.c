/* SPDX-License-Identifier: MIT */
/*
 * udp_framed - a ping-pong of messages, each of which is a datagram: a server answers every ping with a
 * pong, a client sends five of them and prints what comes back.
 *
 *     udp_framed [ADDRESS] [--port=N] [--driver=NAME]     default 127.0.0.1, any port
 *
 * A message knows its peer: so the server is one expression, the messages that come, each made its
 * answer, forwarded to where they go.
 */
#include <eddy/eddy.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "support/udp.h"

enum { PINGS = 5, TEXT_BYTES = 32 };

/* ---- a message ---- */

struct message {
    eddy_addr peer;
    bool is_pong;
    uint32_t number;
};

/* What is no message is thrown away: anybody can send anything. */
static eddy_result decode(void *state, const eddy_datagram *in, void *item)
{
    struct message *message = item;
    char text[TEXT_BYTES] = "", verb[TEXT_BYTES];

    (void)state;
    if (in->len >= sizeof text)
        return 0;
    memcpy(text, in->data, in->len);
    if (sscanf(text, "%5s %" SCNu32, verb, &message->number) != 2)
        return 0;
    message->is_pong = strcmp(verb, "pong") == 0;
    message->peer = in->peer;
    return message->is_pong || strcmp(verb, "ping") == 0;
}

static eddy_result encode(void *state, const void *item, eddy_datagram *out)
{
    const struct message *message = item;

    (void)state;
    if (out->room < TEXT_BYTES)
        return TEXT_BYTES;
    out->peer = message->peer;
    return snprintf(out->data, out->room, "%s %" PRIu32, message->is_pong ? "pong" : "ping",
                    message->number);
}

static const eddy_dgram_decoder decoder = {"ping", sizeof(struct message), decode, NULL};
static const eddy_dgram_encoder encoder = {"ping", sizeof(struct message), TEXT_BYTES, encode,
                                           NULL};

static eddy_duplex messages(eddy_handle *handle, eddy_dgram *dgram)
{
    return eddy_dgram_framed(handle, dgram, &decoder, NULL, &encoder, NULL);
}

/* ---- the server ---- */

static int answer(void *arg, const void *item, void *out)
{
    struct message *message = out;

    (void)arg;
    *message = *(const struct message *)item;
    message->is_pong = true;
    return 0;
}

static eddy_future *serve(eddy_handle *handle, eddy_dgram *dgram)
{
    eddy_duplex both = messages(handle, dgram);

    return eddy_stream_forward(eddy_stream_map(both.in, sizeof(struct message), answer, NULL),
                               both.out);
}

/* ---- the client ---- */

struct client {
    EDDY_FRAME;
    eddy_duplex both;
    eddy_addr server;
    struct message message;
    uint32_t next;
};

static void client_done(struct client *self)
{
    if (eddy_future_is_new(&self->frame))
        eddy_duplex_drop(&self->both, NULL);
}

static void print(const struct message *message)
{
    char text[EDDY_ADDR_TEXT_MAX];

    eddy_addr_print(&message->peer, text, sizeof text);
    printf("%s %" PRIu32 " from %s\n", message->is_pong ? "pong" : "ping", message->number, text);
}

EDDY_ASYNC(client, client_done)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_future_adopt(&self->frame, &self->both.in->frame);
        eddy_future_adopt(&self->frame, &self->both.out->frame);
        for (self->next = 1; self->next <= PINGS; self->next++) {
            self->message = (struct message){.peer = self->server, .number = self->next};
            EDDY_POLL(n, eddy_sink_poll_send(self->both.out, task, &self->message));
            if (n == 0)
                EDDY_POLL(n, eddy_sink_poll_flush(self->both.out, task));
            if (n == 0)
                EDDY_NEXT(n, self->both.in, &self->message);
            if (n <= 0)
                break;
            print(&self->message);
        }
        EDDY_END(n < 0 ? n : 0);
}

/* UDP may lose a ping or a pong: then there is an end, too. */
static eddy_result play(eddy_core *core, eddy_dgram *server, eddy_dgram *dgram, eddy_addr address)
{
    eddy_handle *handle = eddy_core_handle(core);
    eddy_result result = eddy_spawn(handle, serve(handle, server));
    eddy_future *client;

    if (result != 0) {
        eddy_dgram_free(dgram);
        return result;
    }
    client =
        eddy_box(handle, EDDY_FUTURE(client, .both = messages(handle, dgram), .server = address));
    return eddy_core_run(core, eddy_timeout_after(client, 2 * EDDY_SECOND));
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "udp_framed [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(0)}};
    eddy_dgram *server, *dgram;
    eddy_addr address;
    eddy_core *core;
    eddy_result result;

    args_parse(&args, argc, argv);
    core = args_core(&args);
    server = udp_bind(&args, core);
    address = udp_address(server);
    args.address[0].port = 0;
    result = eddy_dgram_bind(eddy_core_handle(core), &args.address[0], NULL, &dgram);
    if (result == 0)
        result = play(core, server, dgram, address);
    else
        eddy_dgram_free(server);
    eddy_core_free(core);
    return args_end(&args, result);
}
