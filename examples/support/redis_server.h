/* SPDX-License-Identifier: MIT */
/*
 * redis_server.h - a server that speaks RESP as async functions: one task for each client, which answers
 * all requests that have come before it waits for more, and one that sweeps out what has expired.
 *
 * The decoder is called where the bytes were received, so arguments are never copied but into the store.
 * The answers to all requests of a view are one write, and leave when the loop's turn ends. An idle
 * client has no memory but its task, and that for the arguments of its longest request; one that does not
 * read its answers is not listened to meanwhile.
 */
#ifndef EXAMPLES_REDIS_SERVER_H
#define EXAMPLES_REDIS_SERVER_H

#include "redis_commands.h"

#define REDIS_VALUE_MAX  ((size_t)1 << 20) /* bytes of one argument */
#define REDIS_WINDOW     ((size_t)2 << 20) /* bytes of one request */
#define REDIS_OUT_BYTES  16384             /* of answers at once; beyond, at most one more */
#define REDIS_SWEEP_PART 1024              /* buckets that are looked at in a tick */

struct redis_server {
    struct redis_store store;
    struct redis_out out; /* answers that are being made: empty between two polls */
    uint64_t requests;
};

/* ---- one client ---- */

struct redis_session {
    EDDY_FRAME;
    struct redis_server *server;
    eddy_tcp *tcp;
    eddy_resp_requests requests;
    size_t need;         /* bytes that must be in view before it is worth looking */
    unsigned char *kept; /* answers for which there was no room; NULL: none */
    eddy_bytes rest;     /* of them */
    bool close;          /* when those are written */
};

static inline void redis_session_done(struct redis_session *self)
{
    eddy_resp_requests_deinit(&self->requests);
    free(self->kept);
    eddy_tcp_free(self->tcp); /* what was answered is still delivered */
}

/* Write the answers, or keep them until there is room. */
static inline eddy_result redis_session_send(struct redis_session *self, struct redis_out *out)
{
    eddy_result n = out->len > 0 ? eddy_tcp_try_write(self->tcp, out->data, out->len) : 0;

    if (n == -EAGAIN) {
        self->kept = malloc(out->len);
        if (self->kept == NULL)
            return -ENOMEM;
        memcpy(self->kept, out->data, out->len);
        self->rest = (eddy_bytes){self->kept, out->len};
        n = 0;
    }
    out->len = 0;
    return n < 0 ? n : 0;
}

static inline void redis_session_run(struct redis_session *self, const eddy_resp_request *request)
{
    struct redis_call call = {&self->server->store, request->argv, request->argc,
                              &self->server->out, false};

    redis_run(&call);
    self->close = call.quit;
    self->server->requests++;
}

/* Answer the requests that are in view; as many as there is room for in one go. */
static inline eddy_result redis_session_answer(struct redis_session *self)
{
    struct redis_out *out = &self->server->out;
    eddy_bytes view = eddy_tcp_view(self->tcp), rest = view;
    eddy_resp_request request;
    eddy_result n = 1;

    self->need = 1;
    while (n > 0 && !self->close && out->len < REDIS_OUT_BYTES) {
        n = eddy_decode(&eddy_resp_requests_decoder, &self->requests, &rest, &self->need, &request);
        if (n > 0)
            redis_session_run(self, &request);
    }
    eddy_tcp_consume(self->tcp, view.len - rest.len);
    if (n < 0) { /* nothing that follows could be understood */
        redis_out_error(out, "ERR Protocol error: %s", eddy_strerror(n));
        self->close = true;
    }
    if (out->failed) {
        out->failed = false;
        out->len = 0;
        return -ENOMEM;
    }
    return redis_session_send(self, out);
}

static inline void redis_session_written(struct redis_session *self)
{
    free(self->kept);
    self->kept = NULL;
}

EDDY_ASYNC(redis_session, redis_session_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->need = 1;
        while (!self->close) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, self->need));
            if (n <= 0)
                break; /* 0: the client closed; -EMSGSIZE: a request beyond all measure */
            n = redis_session_answer(self);
            if (n < 0)
                break;
            if (self->kept == NULL)
                continue;
            EDDY_POLL(n, eddy_tcp_poll_write_all(self->tcp, task, &self->rest));
            redis_session_written(self);
            if (n < 0)
                break;
        }
        EDDY_END(0); /* a client that went away is no error of ours */
}

/* As of struct eddy_server; `arg` is the server. */
static inline int redis_client_start(void *arg, eddy_group *group, eddy_tcp *tcp)
{
    (void)eddy_tcp_set_limits(tcp,
                              EDDY_OPTIONS(eddy_tcp_limits, .recv_window_bytes = REDIS_WINDOW));
    return eddy_group_spawn(group, EDDY_FUTURE(redis_session, .server = arg, .tcp = tcp,
                                               .requests = {.bulk_max = REDIS_VALUE_MAX}));
}

/* ---- the server ---- */

struct redis_sweeper {
    EDDY_FRAME;
    struct redis_server *server;
    eddy_interval tick;
};

EDDY_ASYNC(redis_sweeper, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_interval_start(&self->tick, task, EDDY_SECOND / 10, EDDY_MISSED_SKIP);
        do {
            EDDY_POLL(n, eddy_interval_poll(&self->tick, task));
            redis_sweep(&self->server->store, REDIS_SWEEP_PART);
        } while (n >= 0);
        EDDY_END(n);
}

/* Before the first client. */
static inline int redis_server_start(struct redis_server *self, eddy_handle *handle)
{
    *self = (struct redis_server){.requests = 0};
    redis_store_init(&self->store, handle);
    return eddy_spawn(handle, EDDY_FUTURE(redis_sweeper, .server = self));
}

/* When no client is left. */
static inline void redis_server_deinit(struct redis_server *self)
{
    redis_store_deinit(&self->store);
    free(self->out.data);
    self->out = (struct redis_out){0};
}

#endif
