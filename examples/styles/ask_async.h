/* SPDX-License-Identifier: MIT */
/*
 * ask_async.h - a question with a time limit that is asked again, as async functions.
 */
#ifndef EXAMPLES_ASK_ASYNC_H
#define EXAMPLES_ASK_ASYNC_H

#include "ask.h"

/* One attempt. */
struct ask_once {
    EDDY_FRAME;
    const eddy_addr *server;
    struct ask_text *text;
    eddy_tcp *tcp;
    eddy_bytes rest; /* of the question */
    struct line line;
};

static inline void ask_once_done(struct ask_once *self)
{
    eddy_tcp_free(self->tcp);
}

EDDY_ASYNC(ask_once, ask_once_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_connect(eddy_task_handle(task), self->server, &self->tcp);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_tcp_poll_connected(self->tcp, task));
        if (n < 0)
            EDDY_RETURN(n);
        self->rest = ask_question(self->text);
        EDDY_POLL(n, eddy_tcp_poll_write_all(self->tcp, task, &self->rest));
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, ask_poll_answer(self->text, &self->line, self->tcp, task));
        EDDY_END(n);
}

/* The question, with all its attempts: the length of the answer. */
struct ask {
    EDDY_FRAME;
    eddy_addr server;
    struct ask_text *text;
    struct ask_once once;
    struct eddy_timeout limited;
    eddy_sleep pause;
};

EDDY_ASYNC(ask, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        for (;;) {
            self->text->attempts++;
            self->once = EDDY_INIT(ask_once, .server = &self->server, .text = self->text);
            self->limited =
                EDDY_INIT(eddy_timeout, .inner = &self->once.frame, .duration_ns = ASK_TIMEOUT_NS);
            EDDY_AWAIT(n, &self->limited);
            if (ask_is_over(self->text, n))
                EDDY_RETURN(n);
            eddy_sleep_start(&self->pause, task, ask_pause_ns(self->text));
            EDDY_POLL(n, eddy_sleep_poll(&self->pause, task));
            if (n < 0)
                EDDY_RETURN(n);
        }
        EDDY_END(0);
}

#endif
