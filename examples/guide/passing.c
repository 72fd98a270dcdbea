/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Passing descriptors": one end of a pipe is given away, by a message.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* ---- the one who gives ---- */

struct giver {
    EDDY_FRAME;
    eddy_dgram *socket;
    eddy_pipe *reader; /* what it keeps */
    int fd;            /* what it gives; -1: done */
    eddy_passed passed;
    eddy_datagram message;
    eddy_gathered heard;
};

static void giver_done(struct giver *self)
{
    if (self->fd >= 0)
        close(self->fd);
    eddy_buf_release(self->heard.buf);
    eddy_pipe_free(self->reader);
    eddy_dgram_free(self->socket);
}

static int giver_begin(struct giver *self, eddy_handle *handle)
{
    static char text[] = "write to this";
    int ends[2];
    int error = pipe(ends) == 0 ? 0 : -errno;

    if (error < 0)
        return error;
    self->fd = ends[1];
    self->passed = (eddy_passed){.fds = &self->fd, .count = 1};
    self->message = (eddy_datagram){.data = text, .len = sizeof text - 1, .passed = &self->passed};
    error = eddy_pipe_new(handle, ends[0], NULL, &self->reader);
    if (error < 0)
        close(ends[0]);
    return error;
}

/* It was sent: ours is one too many, with it the pipe would have no end. */
static void giver_let_go(struct giver *self)
{
    close(self->fd);
    self->fd = -1;
}

EDDY_ASYNC(giver, giver_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->fd = -1;
        n = giver_begin(self, eddy_task_handle(task));
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_dgram_poll_send_many(self->socket, task, &self->message, 1));
        if (n < 0)
            EDDY_RETURN(n);
        giver_let_go(self);
        EDDY_POLL(n,
                  eddy_io_poll_read_to_end(eddy_pipe_io(self->reader), task, 1000, &self->heard));
        if (n > 0)
            printf("the pipe says: %.*s\n", (int)n, (const char *)eddy_buf_data(self->heard.buf));
        EDDY_END(n);
}

/* ---- the one who takes ---- */

struct taker {
    EDDY_FRAME;
    eddy_dgram *socket;
    eddy_pipe *writer;
    int fd;
    char text[64];
    eddy_passed passed;
    eddy_datagram message;
};

static void taker_done(struct taker *self)
{
    eddy_pipe_free(self->writer); /* what was written is delivered, then comes the end */
    eddy_dgram_free(self->socket);
}

/* The message is there: make a pipe of what came with it. */
static int taker_look(struct taker *self, eddy_handle *handle)
{
    int error;

    printf("a message: %.*s; descriptors: %zu\n", (int)self->message.len, self->text,
           self->passed.count);
    if (self->passed.count == 0)
        return -EPROTO;
    error = eddy_pipe_new(handle, self->fd, NULL, &self->writer);
    if (error < 0)
        close(self->fd);
    return error;
}

EDDY_ASYNC(taker, taker_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->passed = (eddy_passed){.fds = &self->fd, .room = 1};
        self->message =
            (eddy_datagram){.data = self->text, .room = sizeof self->text, .passed = &self->passed};
        EDDY_POLL(n, eddy_dgram_poll_recv_many(self->socket, task, &self->message, 1));
        if (n > 0)
            n = taker_look(self, eddy_task_handle(task));
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_io_poll_write(eddy_pipe_io(self->writer), task, "thank you", 9));
        EDDY_END(n);
}

int main(void)
{
    eddy_core *core;
    eddy_handle *handle;
    eddy_dgram *a, *b;
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    handle = eddy_core_handle(core);
    n = eddy_unix_dgram_pair(handle, EDDY_UNIX_SEQPACKET, &a, &b);
    if (n == 0) {
        eddy_future *both[] = {eddy_box(handle, EDDY_FUTURE(giver, .socket = a)),
                               eddy_box(handle, EDDY_FUTURE(taker, .socket = b))};

        n = eddy_core_run(core, eddy_try_join_all(handle, both, 2, NULL));
    }
    eddy_core_free(core);
    return n < 0;
}
