/* SPDX-License-Identifier: MIT */
/*
 * embed_libuv - a program of libuv's loop that lives with eddy in it: libuv keeps the time and hears
 * signals, and beside that an echo server of eddy's runs. The program ends by SIGINT or SIGTERM. Built
 * where libuv is found.
 *
 *     embed_libuv [ADDRESS] [--port=N] [--driver=NAME]      default 127.0.0.1:8080; try: nc 127.0.0.1 8080
 */
#include <eddy/eddy.h>
#include <signal.h>
#include <stdio.h>
#include <uv.h>

#include "../support/args.h"
#include "../support/embedded_echo.h"

struct program {
    struct embedded_echo echo;
    uv_loop_t loop;
    uv_poll_t work; /* the descriptor of eddy's loop */
    uv_timer_t clock;
    uv_signal_t signals[2];
    unsigned ticks;
};

static void on_clock(uv_timer_t *clock)
{
    ((struct program *)clock->data)->ticks++;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void on_work(uv_poll_t *work, int status, int events)
{
    struct program *self = work->data;

    (void)status;
    (void)events;
    embedded_echo_turn(&self->echo);
    if (embedded_echo_has_ended(&self->echo)) /* with its last handle libuv's loop ends, too */
        uv_walk(&self->loop, close_handle, NULL);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct program *self = signal->data;

    (void)number;
    uv_signal_stop(signal); /* a second one kills */
    embedded_echo_print(&self->echo);
    printf("%s\n", self->ticks > 0 ? "the clock ticked" : "the clock never ticked");
    embedded_echo_stop(&self->echo);
}

static int start_uv(struct program *self, int fd)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    int error = uv_loop_init(&self->loop);

    if (error == 0)
        error = uv_poll_init(&self->loop, &self->work, fd);
    self->work.data = self->clock.data = self;
    if (error == 0)
        error = uv_poll_start(&self->work, UV_READABLE, on_work);
    if (error == 0)
        error = uv_timer_init(&self->loop, &self->clock);
    if (error == 0)
        error = uv_timer_start(&self->clock, on_clock, 1, 100);
    for (int i = 0; error == 0 && i < 2; i++) {
        error = uv_signal_init(&self->loop, &self->signals[i]);
        self->signals[i].data = self;
        if (error == 0)
            error = uv_signal_start(&self->signals[i], on_signal, numbers[i]);
    }
    return error;
}

int main(int argc, char **argv)
{
    struct args args = {.usage = "embed_libuv [ADDRESS] [--port=N] [--driver=io_uring|epoll]",
                        .address = {eddy_addr_ipv4_loopback(8080)}};
    static struct program self;
    int error;

    args_parse(&args, argc, argv);
    error = start_uv(&self, embedded_echo_start(&self.echo, &args, "embed_libuv"));
    if (error != 0)
        return args_end(&args, error); /* libuv's numbers are errno's, negative */
    (void)uv_run(&self.loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&self.loop);
    return args_end(&args, embedded_echo_free(&self.echo));
}
