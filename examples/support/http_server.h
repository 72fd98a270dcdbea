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
    size_t head_len; /* of the request in view; 0: it is not complete */
    size_t want;     /* bytes that must be in view before it is worth looking */
    bool close;
};

static inline void http_client_done(struct http_client *self)
{
    eddy_tcp_free(self->tcp); /* what was answered is still delivered */
}

/* Find the request in front of what has arrived. */
static inline void http_client_look(struct http_client *self)
{
    eddy_bytes view = eddy_tcp_view(self->tcp);

    self->head_len = http_head_len(view);
    self->want = self->head_len == 0 ? view.len + 1 : 1;
    if (self->head_len > HTTP_HEAD_MAX)
        self->head_len = 0; /* however it was cut into pieces on its way, it is too large */
    self->close = self->head_len == 0 && view.len >= HTTP_HEAD_MAX;
    view.len = self->head_len;
    if (self->head_len > 0)
        self->close = !http_is_get(view) || http_wants_close(view);
}

/* Queue the answer to it; a write of so few bytes is accepted whole or not yet. */
static inline eddy_result http_client_answer(struct http_client *self, eddy_task *task)
{
    eddy_bytes head = {eddy_tcp_view(self->tcp).data, self->head_len};
    const char *answer = self->server->greeting.text;
    size_t len = self->server->greeting.len;

    if (self->head_len == 0)
        len = strlen(answer = HTTP_TOO_LARGE);
    else if (!http_is_get(head))
        len = strlen(answer = HTTP_NOT_GET);
    return eddy_tcp_poll_write(self->tcp, task, answer, len);
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
            http_client_look(self);
            if (self->head_len == 0 && !self->close)
                continue;
            EDDY_POLL(n, http_client_answer(self, task));
            if (n < 0)
                break;
            eddy_tcp_consume(self->tcp, self->head_len);
            self->server->requests++;
        } while (!self->close);
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
