/* SPDX-License-Identifier: MIT */
/*
 * http_server.h - the greeting server as async functions: one task accepts, one for each client
 * answers, one renews the date. Shared by hello_http and the benchmark's server.
 */
#ifndef EXAMPLES_HTTP_SERVER_H
#define EXAMPLES_HTTP_SERVER_H

#include "http.h"

struct http_server {
    eddy_listener *listener; /* freed by the task that accepts */
    struct http_greeting greeting;
    uint64_t requests;
};

/* ---- one client: keep-alive, pipelining, requests split at any byte ---- */

struct http_client {
    EDDY_FRAME;
    struct http_server *server;
    eddy_tcp *tcp;
    struct http_head head; /* of the request in view */
    size_t want;           /* bytes that must be in view before it is worth looking */
};

static inline void http_client_done(struct http_client *self)
{
    eddy_tcp_free(self->tcp); /* what was answered is still delivered */
}

/* Find the request in front of what has arrived. False: wait for more of it. */
static inline bool http_client_look(struct http_client *self)
{
    eddy_bytes view = eddy_tcp_view(self->tcp);

    self->head = http_head_parse(view);
    self->want = self->head.len == 0 ? view.len + 1 : 1;
    return self->head.len > 0 || view.len >= HTTP_HEAD_MAX;
}

/* Queue the answer to it; a write of so few bytes is accepted whole or not yet. */
static inline eddy_result http_client_answer(struct http_client *self, eddy_task *task)
{
    const char *refusal = self->head.len == 0 ? HTTP_TOO_LARGE : HTTP_NOT_GET;

    if (self->head.len > 0 && self->head.is_get)
        return eddy_tcp_poll_write(self->tcp, task, self->server->greeting.text,
                                   self->server->greeting.len);
    self->head.close = true;
    return eddy_tcp_poll_write(self->tcp, task, refusal, strlen(refusal));
}

EDDY_ASYNC(http_client, http_client_done)
{
    eddy_result n;

    EDDY_BEGIN
    self->want = 1;
    do {
        EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, self->want));
        if (n <= 0)
            break; /* 0: the client closed */
        if (!http_client_look(self))
            continue;
        EDDY_POLL(n, http_client_answer(self, task));
        if (n < 0)
            break;
        eddy_tcp_consume(self->tcp, self->head.len);
        self->server->requests++;
    } while (!self->head.close);
    EDDY_END(0); /* a client that went away is no error of ours */
}

/* ---- the server ---- */

struct http_accept {
    EDDY_FRAME;
    struct http_server *server;
    eddy_tcp *client;
};

static inline void http_accept_done(struct http_accept *self)
{
    eddy_listener_free(self->server->listener);
}

EDDY_ASYNC(http_accept, http_accept_done)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            EDDY_POLL(n, eddy_listener_poll_accept(self->server->listener, task, &self->client));
            if (n < 0)
                break;
            /* When there is no memory for a task, `done` closes the client: nothing to do here. */
            (void)eddy_spawn(eddy_task_handle(task),
                             EDDY_FUTURE(http_client, .server = self->server, .tcp = self->client));
        }
        EDDY_END(n);
}

struct http_date {
    EDDY_FRAME;
    struct http_server *server;
    eddy_interval second;
};

EDDY_ASYNC(http_date, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_interval_start(&self->second, task, EDDY_SECOND, EDDY_MISSED_SKIP);
        do {
            http_greeting_make(&self->server->greeting);
            EDDY_POLL(n, eddy_interval_poll(&self->second, task));
        } while (n >= 0);
        EDDY_END(n);
}

/* Takes the listener over, also on error. */
static inline int http_server_start(struct http_server *self, eddy_handle *handle)
{
    int error;

    http_greeting_make(&self->greeting);
    error = eddy_spawn(handle, EDDY_FUTURE(http_accept, .server = self));
    if (error == 0)
        error = eddy_spawn(handle, EDDY_FUTURE(http_date, .server = self));
    return error;
}

#endif
