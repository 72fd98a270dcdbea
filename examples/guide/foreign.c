/* SPDX-License-Identifier: MIT */
/*
 * Guide, "A library with a descriptor": one that asks a server, in steps that do not block, as
 * libraries for databases and names do, awaited by an async function.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- somebody else's library: it knows nothing of loops ---- */

enum library_wants { LIBRARY_READS, LIBRARY_WRITES, LIBRARY_HAS_ENDED, LIBRARY_HAS_FAILED };

struct library {
    int fd; /* non-blocking */
    const char *question;
    char answer[32];
    size_t sent, received;
};

/* As far as it goes; then what it waits for. */
static enum library_wants library_step(struct library *self)
{
    ssize_t n = 1;

    while (n > 0 && self->question[self->sent] != '\0') {
        n = write(self->fd, self->question + self->sent, 1);
        if (n < 0)
            return errno == EAGAIN ? LIBRARY_WRITES : LIBRARY_HAS_FAILED;
        self->sent++;
    }
    while (n > 0 && self->received < sizeof self->answer - 1) {
        n = read(self->fd, self->answer + self->received, 1);
        if (n < 0)
            return errno == EAGAIN ? LIBRARY_READS : LIBRARY_HAS_FAILED;
        self->received += (size_t)n;
    }
    return LIBRARY_HAS_ENDED;
}

/* ---- its future ---- */

struct question {
    EDDY_FRAME;
    struct library library;
    eddy_fd *fd;
    enum library_wants wants;
};

static void question_done(struct question *self)
{
    eddy_fd_free(self->fd); /* first this, then what may close the descriptor */
    close(self->library.fd);
}

/* The readiness that it waits for. */
static uint32_t question_mask(const struct question *self)
{
    return self->wants == LIBRARY_READS ? EDDY_FD_READABLE : EDDY_FD_WRITABLE;
}

/* It was told EAGAIN: what was ready is so no longer. */
static void question_step(struct question *self)
{
    self->wants = library_step(&self->library);
    if (self->wants < LIBRARY_HAS_ENDED)
        eddy_fd_clear(self->fd, question_mask(self));
}

EDDY_ASYNC(question, question_done)
{
    eddy_result n;

    EDDY_BEGIN
        n = eddy_fd_new(eddy_task_handle(task), self->library.fd, NULL, &self->fd);
        if (n < 0)
            EDDY_RETURN(n);
        for (;;) {
            question_step(self);
            if (self->wants >= LIBRARY_HAS_ENDED)
                break;
            EDDY_POLL(n, eddy_fd_poll_ready(self->fd, task, question_mask(self)));
            if (n < 0)
                EDDY_RETURN(n);
        }
        printf("the library says: %s\n", self->library.answer);
        EDDY_END(self->wants == LIBRARY_HAS_ENDED ? 0 : -EIO);
}

/* ---- the server that it asks ---- */

struct server {
    EDDY_FRAME;
    eddy_tcp *client;
    eddy_sleep thinks;
};

static void server_done(struct server *self)
{
    eddy_tcp_free(self->client);
}

EDDY_ASYNC(server, server_done)
{
    eddy_result n;

    EDDY_BEGIN
        EDDY_POLL(n, eddy_tcp_poll_fill(self->client, task, 8));
        if (n < 8)
            EDDY_RETURN(n < 0 ? n : EDDY_UNEXPECTED_END);
        eddy_tcp_consume(self->client, 8);
        eddy_sleep_start(&self->thinks, task, 20 * EDDY_MILLISECOND);
        EDDY_POLL(n, eddy_sleep_poll(&self->thinks, task));
        EDDY_POLL(n, eddy_tcp_poll_write(self->client, task, "forty-two", 9));
        EDDY_END(n);
}

/* A connection: a stream of eddy's, and the descriptor of the library. */
static int make_ends(eddy_handle *handle, eddy_tcp **client, int *asker)
{
    int ends[2], error;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    error = eddy_tcp_adopt(handle, ends[0], client);
    if (error < 0) {
        close(ends[0]);
        close(ends[1]);
    }
    *asker = ends[1];
    return error;
}

int main(void)
{
    eddy_core *core;
    eddy_handle *handle;
    eddy_tcp *client;
    int asker = -1;
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    handle = eddy_core_handle(core);
    n = make_ends(handle, &client, &asker);
    if (n == 0) {
        const struct library library = {.fd = asker, .question = "6 by 7? "};
        eddy_future *both[] = {eddy_box(handle, EDDY_FUTURE(server, .client = client)),
                               eddy_box(handle, EDDY_FUTURE(question, .library = library))};

        n = eddy_core_run(core, eddy_try_join_all(handle, both, 2, NULL));
    }
    eddy_core_free(core);
    return n < 0;
}
