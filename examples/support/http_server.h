/* SPDX-License-Identifier: MIT */
/*
 * http_server.h - the greeting server as async functions: one task accepts, one for each client
 * answers, one renews the date. Shared by hello_http and the benchmark's server.
 */
#ifndef EXAMPLES_HTTP_SERVER_H
#define EXAMPLES_HTTP_SERVER_H

#include "http.h"

struct http_server {
    struct http_greeting greeting;
    uint64_t requests;
};

/* ---- one client: keep-alive, pipelining, requests split at any byte ---- */

struct http_client {
    EDDY_FRAME;
    struct http_server *server;
    eddy_tcp *tcp;
    size_t want; /* bytes that must be in view before it is worth looking */
    bool close;  /* the last request that is answered has been */
};

static inline void http_client_done(struct http_client *self)
{
    eddy_tcp_free(self->tcp); /* what was answered is still delivered */
}

/* Queue the answer to a request; a write of so few bytes is accepted whole or not yet. */
static inline eddy_result http_client_answer(struct http_client *self, eddy_task *task,
                                             const struct http_head *head)
{
    const struct http_greeting *greeting = &self->server->greeting;

    if (head->refusal != NULL)
        return eddy_tcp_poll_write(self->tcp, task, head->refusal, strlen(head->refusal));
    return eddy_tcp_poll_write(self->tcp, task, greeting->text[head->close],
                               greeting->len[head->close] -
                                   (head->bodiless ? strlen(HTTP_BODY) : 0));
}

/* Answer the requests that are in view, all of them. What is not answered stays unread. */
static inline eddy_result http_client_poll_answers(struct http_client *self, eddy_task *task)
{
    eddy_bytes view = eddy_tcp_view(self->tcp), rest = view;
    eddy_result n = 1;

    self->want = 1;
    while (n > 0 && rest.len > 0 && !self->close) {
        struct http_head head = http_head_parse(rest);

        if (head.len == 0) {
            self->want = rest.len + 1;
            break;
        }
        n = http_client_answer(self, task, &head);
        if (n <= 0)
            break;
        self->close = head.close;
        self->server->requests++;
        rest.data += head.len;
        rest.len -= head.len;
    }
    eddy_tcp_consume(self->tcp, view.len - rest.len);
    return n;
}

EDDY_ASYNC(http_client, http_client_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->want = 1;
        while (!self->close) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, self->want));
            if (n <= 0)
                break; /* 0: the client closed */
            EDDY_POLL(n, http_client_poll_answers(self, task));
            if (n < 0)
                break;
        }
        EDDY_END(0); /* a client that went away is no error of ours */
}

/* ---- the server ---- */

/* As of struct eddy_server; `arg` is the server. */
static inline int http_client_start(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    return eddy_group_spawn(group, EDDY_FUTURE(http_client, .server = arg, .tcp = tcp));
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

/* Before the first client: the greeting, and the task that keeps its date. */
static inline int http_server_start(struct http_server *self, eddy_handle *handle)
{
    http_greeting_make(&self->greeting);
    return eddy_spawn(handle, EDDY_FUTURE(http_date, .server = self));
}

#endif
