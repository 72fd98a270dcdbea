/* SPDX-License-Identifier: MIT */
/*
 * ask_poll.h - a question with a time limit that is asked again, in the style of poll functions and
 * boxed combinators: each wait is a small future, and they are put together.
 */
#ifndef EXAMPLES_ASK_POLL_H
#define EXAMPLES_ASK_POLL_H

#include "ask.h"

/* What the steps share; the caller's, for as long as the future lives. */
struct asking {
    eddy_addr server;
    struct ask_text *text;
    eddy_tcp *tcp;
    eddy_bytes rest; /* of the question */
    struct line line;
};

/* ---- the waits ---- */

static inline eddy_result asking_connected(void *arg, eddy_task *task)
{
    return eddy_tcp_poll_connected(((struct asking *)arg)->tcp, task);
}

static inline eddy_result asking_said(void *arg, eddy_task *task)
{
    struct asking *self = arg;

    return eddy_tcp_poll_write_all(self->tcp, task, &self->rest);
}

static inline eddy_result asking_heard(void *arg, eddy_task *task)
{
    struct asking *self = arg;

    return ask_poll_answer(self->text, &self->line, self->tcp, task);
}

/* ---- the steps ---- */

static inline eddy_future *asking_say(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)value;
    return eddy_poll_fn(handle, asking_said, arg);
}

static inline eddy_future *asking_hear(void *arg, eddy_handle *handle, eddy_result value)
{
    (void)value;
    return eddy_poll_fn(handle, asking_heard, arg);
}

static inline void asking_hang_up(void *arg)
{
    struct asking *self = arg;

    eddy_tcp_free(self->tcp);
    self->tcp = NULL;
}

static inline eddy_result asking_continue(void *arg, eddy_result value)
{
    (void)arg;
    (void)value;
    return EDDY_CONTINUE;
}

/* After an attempt: the end, or a pause and another round. */
static inline eddy_future *asking_again(void *arg, eddy_handle *handle, eddy_result n)
{
    struct asking *self = arg;
    int64_t pause_ns;

    if (ask_is_over(self->text, n))
        return eddy_ready(handle, n);
    pause_ns = ask_pause_ns(self->text);
    return eddy_map(eddy_box(handle, EDDY_FUTURE(eddy_sleep_for, .duration_ns = pause_ns)),
                    asking_continue, NULL);
}

static inline eddy_future *asking_attempt(void *arg, eddy_handle *handle)
{
    struct asking *self = arg;
    int error = eddy_tcp_connect(handle, &self->server, &self->tcp);
    eddy_future *work =
        error != 0 ? eddy_ready(handle, error) : eddy_poll_fn(handle, asking_connected, self);

    self->text->attempts++;
    self->rest = ask_question(self->text);
    self->line = (struct line){.want = 0};
    work = eddy_and_then(work, asking_say, self);
    work = eddy_and_then(work, asking_hear, self);
    work = eddy_timeout_after(work, ASK_TIMEOUT_NS);
    work = eddy_finally(work, asking_hang_up, self);
    return eddy_then(work, asking_again, self);
}

/* The future: the length of the answer. */
static inline eddy_future *asking_start(eddy_handle *handle, struct asking *self)
{
    return eddy_loop(handle, asking_attempt, self);
}

#endif
