/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Copying": a relay between two connections, with the end of each direction passed on.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>

/* ---- the relay ---- */

struct relay {
    EDDY_FRAME;
    eddy_io *client, *server;
    struct eddy_copy_bidirectional both;
};

static void relay_done(struct relay *self)
{
    eddy_io_free(self->client);
    eddy_io_free(self->server);
}

EDDY_ASYNC(relay, relay_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->both = EDDY_INIT(eddy_copy_bidirectional, .a = self->client, .b = self->server,
                               .half_close_timeout_ns = 10 * EDDY_SECOND,
                               .idle_timeout_ns = 60 * EDDY_SECOND);
        EDDY_AWAIT(n, &self->both);
        printf("relay: %s, %d bytes there, %d back\n", eddy_error_name(n),
               (int)self->both.a_to_b.copied, (int)self->both.b_to_a.copied);
        EDDY_END(n);
}

/* ---- who talks ---- */

/* Says something to its end, and hears the other to its end; one of the two first. */
struct talker {
    EDDY_FRAME;
    const char *name;
    eddy_io *io;
    eddy_bytes says;
    bool hears_first;
    eddy_gathered heard;
};

static void talker_done(struct talker *self)
{
    eddy_buf_release(self->heard.buf);
    eddy_io_free(self->io);
}

/* May be asked again at the end: there is no more to hear, then. */
static eddy_result talker_hear(struct talker *self, eddy_task *task)
{
    return eddy_io_poll_read_to_end(self->io, task, 1000, &self->heard);
}

EDDY_ASYNC(talker, talker_done)
{
    eddy_result n;

    EDDY_BEGIN
        if (self->hears_first)
            EDDY_POLL(n, talker_hear(self, task));
        EDDY_POLL(n, eddy_io_poll_write_all(self->io, task, &self->says));
        if (n == 0)
            EDDY_POLL(n, eddy_io_poll_shutdown(self->io, task));
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, talker_hear(self, task));
        if (n > 0)
            printf("%s hears: %.*s\n", self->name, (int)n,
                   (const char *)eddy_buf_data(self->heard.buf));
        EDDY_END(n);
}

static eddy_bytes bytes(const char *text, size_t len)
{
    return (eddy_bytes){(const unsigned char *)text, len};
}

int main(void)
{
    eddy_core *core;
    eddy_handle *handle;
    eddy_io *ends[4] = {NULL};
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    handle = eddy_core_handle(core);
    n = eddy_io_memory_pair(handle, NULL, &ends[0], &ends[1]);
    if (n == 0)
        n = eddy_io_memory_pair(handle, NULL, &ends[2], &ends[3]);
    if (n == 0) {
        eddy_future *all[] = {
            eddy_box(handle, EDDY_FUTURE(talker, .name = "client", .io = ends[0],
                                         .says = bytes("how are you?", 12))),
            eddy_box(handle, EDDY_FUTURE(relay, .client = ends[1], .server = ends[2])),
            eddy_box(handle, EDDY_FUTURE(talker, .name = "server", .io = ends[3],
                                         .hears_first = true, .says = bytes("fine", 4)))};

        n = eddy_core_run(core, eddy_try_join_all(handle, all, 3, NULL));
    } else {
        eddy_io_free(ends[0]);
        eddy_io_free(ends[1]);
    }
    eddy_core_free(core);
    return n < 0;
}
