/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Inside another loop": a program that draws frames, twenty a second, and between two of them
 * sleeps in poll(2). An echo of eddy's lives in it.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

/* ---- what runs in eddy's loop ---- */

/* Says a word to itself, by a connection, ten times. */
struct talk {
    EDDY_FRAME;
    eddy_tcp *near, *far;
    eddy_sleep pause;
    int words;
};

static void talk_done(struct talk *self)
{
    eddy_tcp_free(self->near);
    eddy_tcp_free(self->far);
}

EDDY_ASYNC(talk, talk_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_tcp_pair(eddy_task_handle(task), &self->near, &self->far);
        if (n < 0)
            EDDY_RETURN(n);
        while (self->words < 10) {
            EDDY_POLL(n, eddy_tcp_poll_write(self->near, task, "word", 4));
            if (n > 0)
                EDDY_POLL(n, eddy_tcp_poll_flush(self->near, task));
            if (n == 0)
                EDDY_POLL(n, eddy_tcp_poll_fill(self->far, task, 4));
            if (n < 4)
                EDDY_RETURN(n < 0 ? n : EDDY_UNEXPECTED_END);
            eddy_tcp_consume(self->far, 4);
            self->words++;
            eddy_sleep_start(&self->pause, task, 20 * EDDY_MILLISECOND);
            EDDY_POLL(n, eddy_sleep_poll(&self->pause, task));
            if (n < 0)
                EDDY_RETURN(n);
        }
        EDDY_END(self->words);
}

/* ---- the program's own loop ---- */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Frames drawn until the talk is over; < 0: eddy's loop is broken. */
static eddy_result draw_meanwhile(eddy_core *core, eddy_join *talk)
{
    struct pollfd ready = {.fd = eddy_core_fd(core), .events = POLLIN};
    int64_t next_ms = now_ms(), left_ms;
    eddy_result frames = 0, n = ready.fd;

    while (n >= 0 && eddy_join_ended(talk) == NULL) {
        left_ms = next_ms - now_ms();
        if (left_ms <= 0) {
            frames++; /* here the frame is drawn */
            next_ms += 50;
            continue;
        }
        if (poll(&ready, 1, (int)left_ms) > 0)
            n = eddy_core_turn(core, 0);
    }
    return n < 0 ? n : frames;
}

int main(void)
{
    eddy_core *core;
    eddy_join *talk = NULL;
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    n = eddy_spawn_joinable(eddy_core_handle(core), EDDY_FUTURE(talk), &talk);
    if (n == 0)
        n = draw_meanwhile(core, talk);
    if (n >= 0)
        printf("%d words, and %s\n", (int)eddy_join_ended(talk)->result,
               n > 2 ? "frames all the while" : "hardly a frame");
    eddy_join_free(talk);
    eddy_core_free(core);
    return n < 0;
}
