/* SPDX-License-Identifier: MIT */
/*
 * echo_client.h - clients of an echo server, or of what stands before one: they write and read at
 * once (echo_talk.h), and know each byte that may come back.
 *
 * One kind says all, ends its side and wants all of it back and then the end; it may leave in the
 * middle. One says all and reads nothing before the other side is gone. One says one byte, gets it
 * and waits for more that never comes: it ends when it is cancelled, and never by itself. Private to
 * tests/explore.
 */
#ifndef EXPLORE_ECHO_CLIENT_H
#define EXPLORE_ECHO_CLIENT_H

#include "echo_talk.h"

/* How a client that has left lets its connection go. */
enum echo_leave { ECHO_FREE, ECHO_ABORT, ECHO_CLOSE };

/* ---- the one that says all ---- */

struct echo_client {
    EDDY_FRAME;
    eddy_addr server;
    struct echo_talk talk;
    int64_t delay_ns; /* before it begins */
    enum echo_leave leave;
    bool calm; /* has begun without faults */
    struct nap nap, limit;
    struct echo_say say;
    struct echo_hear hear;
    bool said; /* as much as it could */
    bool complete;
};

static inline void echo_client_done(struct echo_client *self)
{
    if (!self->complete && self->leave == ECHO_ABORT)
        eddy_tcp_abort(self->talk.tcp);
    else
        eddy_tcp_free(self->talk.tcp);
    scene_ended();
}

/* What comes is read also when nothing can be said any more; the end of hearing is the end. */
static inline eddy_result echo_client_poll(struct echo_client *self, eddy_task *task)
{
    if (!self->said) {
        eddy_result n = eddy_future_poll_child(&self->frame, &self->say.frame, task);

        self->said = n != EDDY_PENDING;
        if (n == -ECANCELED)
            return n;
    }
    return eddy_future_poll_child(&self->frame, &self->hear.frame, task);
}

static inline void echo_client_judge(struct echo_client *self, eddy_result n)
{
    const struct echo_talk *talk = &self->talk;

    self->complete = n == 0 && talk->said_all && talk->heard == talk->total;
    SCENE_CHECK(!talk->end || !talk->said_all || self->complete || !scene_ends_are_true(),
                "client %u: the end has come after %u of %u bytes", (unsigned)talk->number,
                (unsigned)talk->heard, (unsigned)talk->total);
    if (!self->calm)
        return;
    SCENE_CHECK(self->complete || n == 1, "client %u: %s after %u of %u bytes, without faults",
                (unsigned)talk->number, eddy_error_name(n), (unsigned)talk->heard,
                (unsigned)talk->total);
    self->complete = true; /* the server knows the end, also that of one that leaves */
}

static inline eddy_result echo_client_connect(struct echo_client *self, eddy_task *task)
{
    nap_start(&self->limit, task, SCENE_LIMIT_NS);
    self->say = EDDY_INIT(echo_say, .talk = &self->talk);
    self->hear = EDDY_INIT(echo_hear, .talk = &self->talk);
    return eddy_tcp_connect(eddy_task_handle(task), &self->server, &self->talk.tcp);
}

EDDY_ASYNC(echo_client, echo_client_done)
{
    eddy_result n;

    EDDY_BEGIN
        nap_start(&self->nap, task, self->delay_ns);
        EDDY_POLL(n, nap_poll(&self->nap, task));
        n = echo_client_connect(self, task);
        if (n == 0)
            EDDY_POLL(
                n, nap_within(&self->limit, task, eddy_tcp_poll_connected(self->talk.tcp, task)));
        if (n == 0)
            EDDY_POLL(n, nap_within(&self->limit, task, echo_client_poll(self, task)));
        echo_client_judge(self, n);
        if (n == 1 && self->leave == ECHO_CLOSE) {
            EDDY_SOMETIMES("echo client: closes in the middle");
            eddy_future_drop_child(&self->frame, &self->say.frame, task);
            EDDY_POLL(n, eddy_tcp_poll_close(self->talk.tcp, task));
        }
        EDDY_END(0);
}

static inline void echo_client_spawn(eddy_handle *handle, const eddy_addr *server, uint64_t number)
{
    uint64_t total = scene_random(4) == 0 ? scene_random(60000) : scene_random(500);
    uint64_t leave = scene_random(6) == 0 ? 1 + scene_random((uint32_t)total + 1) : ECHO_NEVER;

    scene_spawn(handle, EDDY_FUTURE(echo_client, .server = *server,
                                    .talk = {.number = number, .total = total, .leave = leave},
                                    .delay_ns = scene_random(3000) * EDDY_MILLISECOND,
                                    .leave = (enum echo_leave)scene_random(3), .calm = scene.calm));
}

/* ---- the one that reads late ---- */

#define ECHO_LATE_MAX    16000
#define ECHO_LATE_WINDOW 3500 /* of what is read at once, ECHO_PIECE_MAX at most */

struct echo_late {
    EDDY_FRAME;
    eddy_addr server;
    struct echo_talk talk;
    bool calm;
    struct nap limit;
    struct echo_say say;
    struct echo_hear hear;
};

static inline void echo_late_done(struct echo_late *self)
{
    eddy_tcp_free(self->talk.tcp);
    scene_ended();
}

static inline eddy_result echo_late_connect(struct echo_late *self, eddy_task *task)
{
    int error = eddy_tcp_connect(eddy_task_handle(task), &self->server, &self->talk.tcp);

    nap_start(&self->limit, task, SCENE_LIMIT_NS);
    self->say = EDDY_INIT(echo_say, .talk = &self->talk);
    self->hear = EDDY_INIT(echo_hear, .talk = &self->talk);
    if (error == 0)
        error = eddy_tcp_set_limits(
            self->talk.tcp, EDDY_OPTIONS(eddy_tcp_limits, .recv_window_bytes = ECHO_LATE_WINDOW));
    return error;
}

/* The end of a wait for the other side's going says nothing of the bytes: they are all there. */
static inline void echo_late_judge(struct echo_late *self, eddy_result n)
{
    const struct echo_talk *talk = &self->talk;

    SCENE_CHECK(n != 0 || talk->heard == talk->total || !scene_ends_are_true(),
                "client %u: the end has come after %u of %u bytes that were read late",
                (unsigned)talk->number, (unsigned)talk->heard, (unsigned)talk->total);
    SCENE_CHECK(!self->calm || n == 0, "client %u, who reads late: %s without faults",
                (unsigned)talk->number, eddy_error_name(n));
}

static inline eddy_result echo_late_poll(struct echo_late *self, eddy_future *half, eddy_task *task)
{
    return nap_within(&self->limit, task, eddy_future_poll_child(&self->frame, half, task));
}

EDDY_ASYNC(echo_late, echo_late_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = echo_late_connect(self, task);
        if (n == 0)
            EDDY_POLL(n, echo_late_poll(self, &self->say.frame, task));
        if (n == 0)
            EDDY_POLL(n, nap_within(&self->limit, task, eddy_tcp_poll_gone(self->talk.tcp, task)));
        if (n == 0)
            EDDY_POLL(n, echo_late_poll(self, &self->hear.frame, task));
        echo_late_judge(self, n);
        EDDY_END(0);
}

static inline void echo_late_spawn(eddy_handle *handle, const eddy_addr *server, uint64_t number)
{
    scene_spawn(handle, EDDY_FUTURE(echo_late, .server = *server,
                                    .talk = {.number = number,
                                             .total = scene_random(ECHO_LATE_MAX),
                                             .leave = ECHO_NEVER},
                                    .calm = scene.calm));
}

/* ---- the one that waits ---- */

struct echo_idle {
    EDDY_FRAME;
    eddy_addr server;
    eddy_tcp *tcp;
    bool calm;
};

static inline void echo_idle_done(struct echo_idle *self)
{
    eddy_tcp_free(self->tcp);
    scene_ended();
}

EDDY_ASYNC(echo_idle, echo_idle_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), &self->server, &self->tcp);
        if (n == 0)
            EDDY_POLL(n, eddy_tcp_poll_connected(self->tcp, task));
        if (n == 0)
            EDDY_POLL(n, eddy_tcp_poll_write(self->tcp, task, "?", 1));
        while (n > 0) {
            EDDY_POLL(n, eddy_tcp_poll_fill(self->tcp, task, 1));
            if (n <= 0)
                break;
            SCENE_CHECK(n == 1 && *eddy_tcp_view(self->tcp).data == '?', "a wrong byte");
            eddy_tcp_consume(self->tcp, 1);
        }
        EDDY_END(n);
}

/* Has one wait and ends it, by a request or at once. */
struct echo_ender {
    EDDY_FRAME;
    eddy_addr server;
    bool calm, at_once;
    eddy_join *idle;
    struct nap nap;
};

/* When it is dropped, so is whom it would have ended. */
static inline void echo_ender_done(struct echo_ender *self)
{
    if (self->idle != NULL)
        eddy_join_abort(self->idle);
    eddy_join_free(self->idle);
    scene_ended();
}

static inline int echo_ender_begin(struct echo_ender *self, eddy_task *task)
{
    scene.begun++;
    nap_start(&self->nap, task, scene_random(5000) * EDDY_MILLISECOND);
    return eddy_spawn_joinable(eddy_task_handle(task),
                               EDDY_FUTURE(echo_idle, .server = self->server, .calm = self->calm),
                               &self->idle);
}

static inline void echo_ender_end(struct echo_ender *self)
{
    if (self->at_once)
        eddy_join_abort(self->idle);
    else
        eddy_join_cancel(self->idle, EDDY_FOREVER);
}

static inline void echo_ender_judge(struct echo_ender *self, eddy_result n)
{
    SCENE_CHECK(!self->calm || n == (self->at_once ? EDDY_DROPPED : -ECANCELED),
                "one that waited and was to end has ended by %s", eddy_error_name(n));
}

EDDY_ASYNC(echo_ender, echo_ender_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = echo_ender_begin(self, task);
        if (n < 0)
            EDDY_RETURN(0);
        EDDY_POLL(n, nap_poll(&self->nap, task));
        echo_ender_end(self);
        EDDY_POLL(n, eddy_join_poll(self->idle, task));
        echo_ender_judge(self, n);
        EDDY_END(0);
}

static inline void echo_ender_spawn(eddy_handle *handle, const eddy_addr *server)
{
    scene_spawn(handle, EDDY_FUTURE(echo_ender, .server = *server, .calm = scene.calm,
                                    .at_once = scene_random(2) == 0));
}

#endif
