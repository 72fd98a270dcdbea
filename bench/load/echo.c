/* SPDX-License-Identifier: MIT */
/*
 * echo.c - the mode echo, and the loop of one of its connections.
 */
#include "system.h"

#include "echo.h"
#include "mode.h"
#include <sys/epoll.h>

static void send_window(struct run *run, struct conn *self, uint64_t now_ns)
{
    const struct options *options = &run->options;

    self->since_ns = now_ns;
    self->unanswered = options->depth;
    self->goal += options->depth * options->size;
    run->owed++;
    conn_push(run, self);
}

void echo_start(struct run *run, struct conn *self)
{
    conn_watch(run, self->fd, self, EPOLLOUT | EPOLLET);
    send_window(run, self, clock_now());
}

/* More bytes of the window are back: count the messages that are complete with them. */
static void count_messages(struct run *run, struct conn *self)
{
    uint64_t size = run->options.size;
    uint64_t unanswered = (self->goal - self->received + size - 1) / size;
    uint64_t now_ns;

    if (unanswered == self->unanswered)
        return;
    now_ns = clock_now();
    run_answered(run, now_ns, self->since_ns, self->unanswered - unanswered);
    self->unanswered = unanswered;
    if (unanswered > 0)
        return;
    run->owed--;
    if (run_goes_on(run))
        send_window(run, self, now_ns);
}

void echo_handle(struct run *run, void *thing, uint32_t events)
{
    struct conn *self = thing;
    size_t len;

    if (conn_is_lost(run, self->fd, events))
        return;
    conn_push(run, self);
    do {
        len = conn_take(run, self);
        if (len > 0)
            count_messages(run, self);
        /* Less than was asked for: that was all, unless the server has closed meanwhile. */
    } while (len == sizeof run->buffer || (len > 0 && (events & EPOLLRDHUP) != 0));
}

static void run_echo(struct run *run)
{
    uint64_t count = run->options.conns;
    struct conn *conns = conns_open(run, count);

    if (conns == NULL)
        return;
    run_start(run);
    for (uint64_t i = 0; i < count; i++)
        echo_start(run, &conns[i]);
    run_loop(run, echo_handle);
    conns_close(run, conns, count);
}

const struct mode mode_echo = {
    .name = "echo",
    .run = run_echo,
    .conns = {1, 1000000, 1},
    .size = {1, 1 << 24, 64},
    .depth = {1, 65536, 1},
    .pid = {0, INT32_MAX, 0},
};
