/* SPDX-License-Identifier: MIT */
/*
 * request_client.h - the client of request_server.h as async functions: each request has a time
 * limit, and is sent again, on a new connection and after a growing delay, when it was not answered.
 *
 * The delays are first_delay_ns, twice that, ... at most last_delay_ns: without jitter, so that a
 * run can be foretold. The server executes a request at most once in its life, however often it is
 * sent; a request that failed may have been executed or not.
 *
 *     struct request_client client;       // one connection, one request at a time
 *     request_client_init(&client, &address);
 *     self->call = EDDY_INIT(request_call, .client = &client, .id = 7, .payload = text);
 *     EDDY_AWAIT(n, &self->call);         // the length of client.answer, or an error
 *     request_client_close(&client);
 */
#ifndef EXAMPLES_REQUEST_CLIENT_H
#define EXAMPLES_REQUEST_CLIENT_H

#include <eddy/eddy.h>
#include <errno.h>

#include "line.h"
#include "request_text.h"

/* The caller's memory. The settings may be changed between two requests. */
struct request_client {
    eddy_addr address;
    int64_t timeout_ns;     /* of one attempt, connecting included */
    int64_t first_delay_ns; /* after the first attempt */
    int64_t last_delay_ns;  /* no delay is longer */
    uint32_t attempts_max;
    eddy_tcp *server;                       /* connection; kept for the next request */
    unsigned char line[REQUEST_LINE_MAX];   /* the request */
    unsigned char answer[REQUEST_TEXT_MAX]; /* the last one */
    uint64_t attempts;                      /* of all requests */
};

/**
 * Make a client with the usual settings: 5 attempts of 1 s, delays from 100 ms to 5 s.
 * @param self     set
 * @param address  of the server; copied
 */
static inline void request_client_init(struct request_client *self, const eddy_addr *address)
{
    *self = (struct request_client){.address = *address,
                                    .timeout_ns = EDDY_SECOND,
                                    .first_delay_ns = 100 * EDDY_MILLISECOND,
                                    .last_delay_ns = 5 * EDDY_SECOND,
                                    .attempts_max = 5};
}

/**
 * End the connection. The client may be used again.
 * @param self  client; no request is under way
 */
static inline void request_client_close(struct request_client *self)
{
    eddy_tcp_free(self->server);
    self->server = NULL;
}

/* One attempt: connect if need be, ask, wait for the answer, all within the time limit. */
struct request_attempt {
    EDDY_FRAME;
    struct request_client *client;
    uint64_t id;
    eddy_bytes rest; /* of the request */
    eddy_deadline limit;
    struct line line;
    bool answered;
};

/* What came too late or is not ours lies in that connection: no other attempt may use it. */
static inline void request_attempt_done(struct request_attempt *self)
{
    if (self->answered)
        return;
    eddy_tcp_abort(self->client->server);
    self->client->server = NULL;
}

/* Keep the answer that has come. */
static inline eddy_result request_attempt_take(struct request_attempt *self)
{
    eddy_bytes text;
    uint64_t id;

    if (!request_parse(self->line.text, &id, &text) || id != self->id)
        return -EPROTO;
    memcpy(self->client->answer, text.data, text.len);
    eddy_tcp_consume(self->client->server, self->line.text.len);
    self->answered = true;
    return (eddy_result)text.len;
}

static inline eddy_result request_attempt_connect(struct request_attempt *self, eddy_task *task)
{
    eddy_sleep_start(&self->limit, task, self->client->timeout_ns);
    if (self->client->server != NULL)
        return 0;
    return eddy_tcp_connect(eddy_task_handle(task), &self->client->address, &self->client->server);
}

static inline eddy_result request_attempt_hear(struct request_attempt *self, eddy_task *task)
{
    eddy_result n = line_poll(&self->line, self->client->server, task, REQUEST_LINE_MAX);

    return eddy_within(&self->limit, task, n);
}

EDDY_ASYNC(request_attempt, request_attempt_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = request_attempt_connect(self, task);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_within(&self->limit, task,
                                 eddy_tcp_poll_connected(self->client->server, task)));
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_within(&self->limit, task,
                                 eddy_tcp_poll_write_all(self->client->server, task, &self->rest)));
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, request_attempt_hear(self, task));
        if (n == 0)
            n = -ECONNRESET; /* an end instead of an answer */
        else if (n > 0)
            n = request_attempt_take(self);
        EDDY_END(n);
}

/*
 * One request, with all its attempts. The result: the length of client->answer; -EINVAL: the payload
 * is too long or has a newline, or the ID is none; -ECANCELED, EDDY_LOOP_GONE; else what the last
 * attempt failed with (-ETIMEDOUT, -ECONNREFUSED, -ECONNRESET, ...). Dropped: as failed.
 */
struct request_call {
    EDDY_FRAME;
    struct request_client *client;
    uint64_t id;
    eddy_bytes payload; /* copied at the first poll */
    uint32_t attempts;  /* made */
    int64_t delay_ns;
    eddy_sleep pause;
    struct request_attempt attempt;
    eddy_result error; /* of the last attempt */
    size_t line_len;
};

static inline bool request_call_valid(const struct request_call *self)
{
    return self->id > 0 && self->id < UINT64_C(10000000000000000000) &&
           self->payload.len <= REQUEST_TEXT_MAX &&
           (self->payload.len == 0 || memchr(self->payload.data, '\n', self->payload.len) == NULL);
}

static inline void request_call_begin(struct request_call *self)
{
    struct request_client *client = self->client;

    self->attempts++;
    client->attempts++;
    self->attempt = EDDY_INIT(request_attempt, .client = client, .id = self->id,
                              .rest = {client->line, self->line_len});
}

/* Whether to try again, and then when. */
static inline bool request_call_again(struct request_call *self, eddy_task *task)
{
    if (self->error == -ECANCELED || self->error == EDDY_LOOP_GONE ||
        self->attempts >= self->client->attempts_max)
        return false;
    self->delay_ns = self->attempts == 1 ? self->client->first_delay_ns : 2 * self->delay_ns;
    if (self->delay_ns > self->client->last_delay_ns)
        self->delay_ns = self->client->last_delay_ns;
    eddy_sleep_start(&self->pause, task, self->delay_ns);
    return true;
}

EDDY_ASYNC(request_call, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        if (!request_call_valid(self))
            EDDY_RETURN(-EINVAL);
        self->line_len = request_print((char *)self->client->line, self->id, self->payload);
        for (;;) {
            request_call_begin(self);
            EDDY_AWAIT(n, &self->attempt);
            if (n >= 0)
                EDDY_RETURN(n);
            self->error = n;
            if (!request_call_again(self, task))
                EDDY_RETURN(n);
            EDDY_POLL(n, eddy_sleep_poll(&self->pause, task));
            if (n < 0)
                EDDY_RETURN(n);
        }
        EDDY_END(0);
}

#endif
