/* SPDX-License-Identifier: MIT */
/*
 * Guide, "When the protocol changes": lines first, then netstrings, which come in one piece with the
 * lines.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char traffic[] = "hello\nupgrade\n5:first,6:second,";

struct session {
    EDDY_FRAME;
    eddy_io *io; /* NULL while it is framed */
    eddy_lines_codec lines_in, lines_out;
    eddy_duplex lines;
    eddy_netstring_codec netstring;
    eddy_stream *netstrings;
    eddy_bytes item;
};

static void session_done(struct session *self)
{
    eddy_io_free(self->io);
}

static void session_frame(struct session *self, eddy_task *task)
{
    self->lines = eddy_io_framed(eddy_task_handle(task), self->io, &eddy_lines_decoder,
                                 &self->lines_in, &eddy_lines_encoder, &self->lines_out);
    self->io = NULL;
    eddy_future_adopt(&self->frame, &self->lines.in->frame);
    eddy_future_adopt(&self->frame, &self->lines.out->frame);
}

/* True: this line was the last one. */
static bool session_line(struct session *self)
{
    printf("line: %.*s\n", (int)self->item.len, (const char *)self->item.data);
    return self->item.len == 7 && memcmp(self->item.data, "upgrade", 7) == 0;
}

/* The byte stream back, and another decoder on it. */
static int session_upgrade(struct session *self, eddy_task *task)
{
    self->io = eddy_duplex_into_io(&self->lines, task);
    if (self->io == NULL)
        return -ENOMEM;
    printf("%zu bytes came with it\n", eddy_io_view(self->io).len);
    self->netstrings = eddy_io_decoded(eddy_task_handle(task), self->io, &eddy_netstring_decoder,
                                       &self->netstring);
    eddy_future_adopt(&self->frame, &self->netstrings->frame);
    return 0;
}

EDDY_ASYNC(session, session_done)
{
    eddy_result n;

    EDDY_BEGIN
        session_frame(self, task);
        do {
            EDDY_NEXT(n, self->lines.in, &self->item);
            if (n <= 0)
                EDDY_RETURN(n < 0 ? n : EDDY_UNEXPECTED_END);
        } while (!session_line(self));
        EDDY_POLL(n, eddy_sink_poll_flush(self->lines.out, task));
        if (n == 0)
            n = session_upgrade(self, task);
        if (n < 0)
            EDDY_RETURN(n);
        for (;;) {
            EDDY_NEXT(n, self->netstrings, &self->item);
            if (n <= 0)
                break;
            printf("netstring: %.*s\n", (int)self->item.len, (const char *)self->item.data);
        }
        EDDY_END(n);
}

int main(void)
{
    eddy_core *core;
    eddy_handle *handle;
    eddy_io *near, *far;
    eddy_bytes bytes = {(const unsigned char *)traffic, sizeof traffic - 1};
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    handle = eddy_core_handle(core);
    n = eddy_io_memory_pair(handle, NULL, &near, &far);
    if (n == 0) {
        n = eddy_core_run(core, eddy_io_write_all(handle, far, &bytes));
        eddy_io_free(far); /* the bytes arrive, and then the end */
        if (n == 0)
            n = eddy_core_run(core, EDDY_FUTURE(session, .io = near));
        else
            eddy_io_free(near);
    }
    printf("%s\n", n < 0 ? eddy_error_name(n) : "the end");
    eddy_core_free(core);
    return n < 0;
}
