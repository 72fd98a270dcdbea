/* SPDX-License-Identifier: MIT */
/*
 * libuv_stream.c - the modes in which a stream answers itself: `echo` and `http`.
 */
#include <stdlib.h>

#include "http.h"
#include "libuv.h"

struct stream {
    uv_tcp_t tcp;
    struct http_head head;
};

static struct http_answer answer;
static char answers[HTTP_ANSWERS_MAX];

static void stream_free(uv_handle_t *handle)
{
    struct stream *self = (struct stream *)handle;

    http_head_free(&self->head);
    free(self);
}

static void stream_close(struct stream *self)
{
    if (!uv_is_closing((uv_handle_t *)self))
        uv_close((uv_handle_t *)self, stream_free);
}

/* What an answer came to, as stream_send() tells it. */
static inline void stream_answered(struct stream *self, int result)
{
    if (result < 0)
        stream_close(self);
    else if (result == 1)
        uv_read_stop((uv_stream_t *)&self->tcp);
}

/* uv_read_cb of the mode. */
static uv_read_cb stream_read;

static void read_on(uv_write_t *request, int status)
{
    uv_stream_t *tcp = stream_written(request);

    if (uv_is_closing((uv_handle_t *)tcp))
        return;
    if (status < 0 || uv_read_start(tcp, give_read_buffer, stream_read) < 0)
        stream_close((struct stream *)tcp);
}

static void read_echo(uv_stream_t *tcp, ssize_t got, const uv_buf_t *buffer)
{
    (void)buffer;
    if (got > 0)
        stream_answered((struct stream *)tcp, stream_send(tcp, read_buffer, (size_t)got, read_on));
    else if (got < 0)
        stream_close((struct stream *)tcp);
}

static void read_http(uv_stream_t *tcp, ssize_t got, const uv_buf_t *buffer)
{
    struct stream *self = (struct stream *)tcp;
    int requests = got < 0 ? -1 : http_take(&self->head, read_buffer, (size_t)got);

    (void)buffer;
    if (requests < 0)
        stream_close(self);
    else if (requests > 0)
        stream_answered(
            self, stream_send(tcp, answers, http_answer_copy(&answer, answers, requests), read_on));
}

static void stream_open(uv_stream_t *listener, int status)
{
    struct stream *self;

    if (status < 0)
        return;
    self = server_alloc(1, sizeof *self);
    must(uv_tcp_init(loop, &self->tcp), "uv_tcp_init");
    if (uv_accept(listener, (uv_stream_t *)self) < 0 ||
        uv_read_start((uv_stream_t *)self, give_read_buffer, stream_read) < 0)
        stream_close(self);
}

static void date(uv_timer_t *timer)
{
    (void)timer;
    http_answer_date(&answer, "libuv");
}

void libuv_echo(const struct server_args *args)
{
    stream_read = read_echo;
    listener_start(args->port, stream_open);
    uv_run(loop, UV_RUN_DEFAULT);
}

void libuv_http(const struct server_args *args)
{
    static uv_timer_t timer;

    stream_read = read_http;
    date(NULL);
    must(uv_timer_init(loop, &timer), "uv_timer_init");
    must(uv_timer_start(&timer, date, 500, 500), "uv_timer_start");
    listener_start(args->port, stream_open);
    uv_run(loop, UV_RUN_DEFAULT);
}
