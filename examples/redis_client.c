/* SPDX-License-Identifier: MIT */
/*
 * redis_client - a client of Redis, pipelined: all requests are sent before the first reply is waited
 * for, and come back in order. Requests and replies are shown as redis-cli shows them.
 *
 *     redis_client [ADDRESS] [--port=N] [--driver=NAME] [-- REQUEST ...]      default 127.0.0.1:6379
 *     redis_client -- 'SET greeting hello' 'GET greeting'
 *
 * Without requests it shows a few of its own, among them a transaction and a list.
 */
#include <eddy/eddy.h>
#include <stdio.h>
#include <string.h>

#include "support/args.h"

static char *const own_requests[] = {
    "SET greeting hello",
    "GET greeting",
    "DEL hits",
    "MULTI",
    "INCR hits",
    "INCRBY hits 41",
    "EXEC",
    "DEL list",
    "RPUSH list a b c",
    "LRANGE list 0 -1",
    "GET nothing",
    "SET hits",
    "DEL greeting hits list",
};

/* ---- showing ---- */

static void show(const eddy_resp_value *value, int indent);

static void show_items(const eddy_resp_value *value, int indent)
{
    if (value->as.items.count == 0)
        printf("(empty)\n");
    for (size_t i = 0; i < value->as.items.count; i++) {
        printf("%*s%zu) ", i > 0 ? indent : 0, "", i + 1);
        show(&value->as.items.data[i], indent + 3);
    }
}

static void show(const eddy_resp_value *value, int indent)
{
    switch (value->kind) {
    case EDDY_RESP_NULL:
        printf("(nil)\n");
        return;
    case EDDY_RESP_INTEGER:
    case EDDY_RESP_BOOLEAN:
        printf("(integer) %lld\n", (long long)value->as.integer);
        return;
    case EDDY_RESP_BULK:
        printf("\"%.*s\"\n", (int)value->as.text.len, (const char *)value->as.text.data);
        return;
    case EDDY_RESP_ERROR:
    case EDDY_RESP_BULK_ERROR:
        printf("(error) %.*s\n", (int)value->as.text.len, (const char *)value->as.text.data);
        return;
    case EDDY_RESP_ARRAY:
    case EDDY_RESP_MAP:
    case EDDY_RESP_SET:
    case EDDY_RESP_PUSH:
    case EDDY_RESP_ATTRIBUTE:
        show_items(value, indent);
        return;
    default:
        printf("%.*s\n", (int)value->as.text.len, (const char *)value->as.text.data);
    }
}

/* ---- asking ---- */

struct client {
    EDDY_FRAME;
    eddy_addr address;
    char *const *texts; /* requests, as a person types them */
    size_t count;
    eddy_tcp *tcp; /* until it is framed */
    eddy_duplex wire;
    eddy_resp_requests requests; /* the codecs' states */
    eddy_resp_values values;
    size_t at;            /* the request that is sent, the reply that is waited for */
    eddy_bytes words[16]; /* of the request that is sent */
    eddy_resp_request request;
    eddy_resp_reply reply;
};

static void client_done(struct client *self)
{
    eddy_tcp_free(self->tcp);
    eddy_resp_requests_deinit(&self->requests);
    eddy_resp_values_deinit(&self->values);
}

static void frame(struct client *self, eddy_task *task)
{
    self->wire =
        eddy_io_framed(eddy_task_handle(task), eddy_tcp_io(self->tcp), &eddy_resp_replies_decoder,
                       &self->values, &eddy_resp_requests_encoder, &self->requests);
    self->tcp = NULL;
    eddy_future_adopt(&self->frame, &self->wire.in->frame);
    eddy_future_adopt(&self->frame, &self->wire.out->frame);
}

/* Cut a text at its blanks. */
static void split(struct client *self, const char *text)
{
    size_t count = 0;

    while (*text != '\0' && count < sizeof self->words / sizeof *self->words) {
        size_t len = strcspn(text, " ");

        if (len > 0)
            self->words[count++] = (eddy_bytes){(const unsigned char *)text, len};
        text += len + (text[len] != '\0');
    }
    self->request = (eddy_resp_request){count, self->words};
}

EDDY_ASYNC(client, client_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), &self->address, &self->tcp);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_tcp_poll_connected(self->tcp, task));
        if (n < 0)
            EDDY_RETURN(n);
        frame(self, task);
        for (self->at = 0; self->at < self->count; self->at++) {
            split(self, self->texts[self->at]);
            EDDY_POLL(n, eddy_sink_poll_send(self->wire.out, task, &self->request));
            if (n < 0)
                EDDY_RETURN(n);
        }
        EDDY_POLL(n, eddy_sink_poll_flush(self->wire.out, task));
        for (self->at = 0; self->at < self->count; self->at++) {
            EDDY_NEXT(n, self->wire.in, &self->reply);
            if (n <= 0)
                EDDY_RETURN(n < 0 ? n : -ECONNRESET);
            printf("> %s\n", self->texts[self->at]);
            show(&self->reply.value, 0);
            eddy_resp_reply_free(&self->reply);
        }
        EDDY_END(0);
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "redis_client [ADDRESS] [--port=N] [--driver=io_uring|epoll] [-- "
                                 "REQUEST ...]",
                        .address = {eddy_addr_ipv4_loopback(6379)}};
    int own = 1;
    eddy_core *core;
    struct client client;
    eddy_result result;

    while (own < argc && strcmp(argv[own], "--") != 0)
        own++;
    args_parse(&args, own, argv);
    core = args_core(&args);
    client = EDDY_INIT(client, .address = args.address[0], .texts = own_requests,
                       .count = sizeof own_requests / sizeof *own_requests);
    if (own < argc) {
        client.texts = argv + own + 1;
        client.count = (size_t)(argc - own - 1);
    }
    result = eddy_core_run(core, &client.frame);
    eddy_core_free(core);
    return args_end(&args, result);
}
