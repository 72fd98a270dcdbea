/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Datagrams": a stream and a sink of messages over UDP: a server that doubles numbers. What is
 * no number is passed over.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct message {
    int number;
    eddy_addr peer; /* who said it; who is to hear it */
};

/* ---- the two tables ---- */

static eddy_result message_decode(void *state, const eddy_datagram *in, void *item)
{
    struct message *message = item;
    char text[16] = "";

    (void)state;
    if (in->len < sizeof text)
        memcpy(text, in->data, in->len);
    if (sscanf(text, "%d", &message->number) != 1)
        return 0; /* none of ours: on to the next */
    message->peer = in->peer;
    return 1;
}

static eddy_result message_encode(void *state, const void *item, eddy_datagram *out)
{
    const struct message *message = item;
    char text[16];
    int len = snprintf(text, sizeof text, "%d", message->number);

    (void)state;
    if ((size_t)len > out->room)
        return len; /* call again with so much room */
    memcpy(out->data, text, (size_t)len);
    out->peer = message->peer;
    return len;
}

static const eddy_dgram_decoder message_decoder = {
    .name = "message", .item_bytes = sizeof(struct message), .decode = message_decode};
static const eddy_dgram_encoder message_encoder = {
    .name = "message", .item_bytes = sizeof(struct message), .encode = message_encode};

/* ---- the server ---- */

static int twice(void *arg, const void *item, void *out)
{
    struct message *message = out;

    (void)arg;
    *message = *(const struct message *)item;
    message->number *= 2;
    return 0;
}

static eddy_future *serve(eddy_handle *handle, eddy_dgram *dgram)
{
    eddy_duplex both =
        eddy_dgram_framed(handle, dgram, &message_decoder, NULL, &message_encoder, NULL);

    return eddy_stream_forward(eddy_stream_map(both.in, sizeof(struct message), twice, NULL),
                               both.out);
}

/* ---- the client ---- */

struct client {
    EDDY_FRAME;
    eddy_dgram *dgram;
    char text[16];
};

static void client_done(struct client *self)
{
    eddy_dgram_free(self->dgram);
}

EDDY_ASYNC(client, client_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_dgram_poll_send(self->dgram, task, "what?", 5));
        if (n >= 0)
            EDDY_POLL(n, eddy_dgram_poll_send(self->dgram, task, "21", 2));
        if (n >= 0)
            EDDY_POLL(n, eddy_dgram_poll_recv(self->dgram, task, self->text, sizeof self->text));
        if (n >= 0)
            printf("twice 21 is %.*s\n", (int)n, self->text);
        EDDY_END(n);
}

static int make_sockets(eddy_handle *handle, eddy_dgram **server, eddy_dgram **client)
{
    const eddy_addr any_port = eddy_addr_ipv4_loopback(0);
    eddy_addr address;
    int error = eddy_dgram_bind(handle, &any_port, NULL, server);

    if (error == 0)
        error = eddy_dgram_local_addr(*server, &address);
    if (error == 0)
        error = eddy_dgram_bind(handle, &any_port, NULL, client);
    if (error == 0)
        error = eddy_dgram_connect(*client, &address);
    if (error < 0) {
        eddy_dgram_free(*server);
        eddy_dgram_free(*client);
    }
    return error;
}

int main(void)
{
    eddy_core *core;
    eddy_handle *handle;
    eddy_dgram *server = NULL, *client = NULL;
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    handle = eddy_core_handle(core);
    n = make_sockets(handle, &server, &client);
    if (n == 0) {
        eddy_future *both[] = {serve(handle, server),
                               eddy_box(handle, EDDY_FUTURE(client, .dgram = client))};

        n = eddy_core_run(core, eddy_select(handle, both, 2, NULL)); /* the server has no end */
    }
    printf("%s\n", n < 0 ? eddy_error_name(n) : "the end");
    eddy_core_free(core);
    return n < 0;
}
