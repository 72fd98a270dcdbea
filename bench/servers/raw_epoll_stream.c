/* SPDX-License-Identifier: MIT */
/*
 * raw_epoll_stream.c - the modes in which a stream answers itself: `echo` sends what came out of the
 * buffer it was read into; `http` answers all requests of one read by one send.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "http.h"
#include "raw_epoll.h"

struct stream {
    struct watch watch;
    struct tail *tail;
    struct http_head head;
};

/* Answers what has been read, `got` bytes of it. */
static enum sent (*stream_answer)(struct stream *self, size_t got);

static struct http_answer answer;
static char answers[HTTP_ANSWERS_MAX];

static enum sent answer_echo(struct stream *self, size_t got)
{
    return stream_send(self->watch.fd, &self->tail, read_buffer, got);
}

static enum sent answer_http(struct stream *self, size_t got)
{
    int requests = http_take(&self->head, read_buffer, got);

    if (requests < 0)
        return SENT_ENDED;
    if (requests == 0)
        return SENT_ALL;
    return stream_send(self->watch.fd, &self->tail, answers,
                       http_answer_copy(&answer, answers, requests));
}

static void stream_close(struct stream *self)
{
    close(self->watch.fd);
    free(self->tail);
    http_head_free(&self->head);
    free(self);
}

/* Read and answer until nothing is left. False: the stream is not to be read on now, or is gone. */
static bool stream_serve(struct stream *self, uint32_t events)
{
    ssize_t got;

    do {
        got = recv(self->watch.fd, read_buffer, sizeof read_buffer, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        switch (got > 0 ? stream_answer(self, (size_t)got) : SENT_ENDED) {
        case SENT_ALL:
            break;
        case SENT_PART:
            watch_change(&self->watch, WATCH_WRITE);
            return false;
        case SENT_ENDED:
            stream_close(self);
            return false;
        }
    } while (!stream_drained((size_t)got, events));
    return true;
}

static void stream_go_on(struct stream *self, uint32_t events)
{
    switch (stream_flush(self->watch.fd, &self->tail)) {
    case SENT_ALL:
        /* Read on at once: more has come meanwhile, most likely, and if that fills the socket again
         * what is registered stays as it is. */
        if (stream_serve(self, events))
            watch_change(&self->watch, WATCH_READ);
        break;
    case SENT_PART:
        break;
    case SENT_ENDED:
        stream_close(self);
        break;
    }
}

static void stream_ready(struct watch *watch, uint32_t events)
{
    struct stream *self = (struct stream *)watch;

    if (self->tail == NULL)
        stream_serve(self, events);
    else
        stream_go_on(self, events);
}

static void stream_open(int fd)
{
    struct stream *self = server_alloc(1, sizeof *self);

    self->watch = (struct watch){.ready = stream_ready, .fd = fd};
    watch_start(&self->watch, WATCH_READ);
}

static void date(void)
{
    http_answer_date(&answer, "raw_epoll");
}

void raw_epoll_echo(const struct server_args *args)
{
    stream_answer = answer_echo;
    listener_start(args->port, stream_open);
    loop_run(NULL, NULL);
}

void raw_epoll_http(const struct server_args *args)
{
    stream_answer = answer_http;
    listener_start(args->port, stream_open);
    loop_run(date, NULL);
}
