/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Framed": a server that answers lines with lines, and a client that asks three things, one of
 * which is too long.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- the server ---- */

/* What it remembers of one client. */
struct session {
    eddy_lines_codec in, out;
    eddy_stream *lines;
    char text[64];
};

/* A line in, a line out. */
static int answer(void *arg, const void *item, void *out)
{
    struct session *self = arg;
    const eddy_bytes *line = item;
    int len = snprintf(self->text, sizeof self->text, "%zu letters", line->len);

    *(eddy_bytes *)out = (eddy_bytes){(const unsigned char *)self->text, (size_t)len};
    return 0;
}

/* A line that is too long is an error, and has an answer, too; any other error is the end. */
static eddy_future *excuse(void *arg, eddy_handle *handle, eddy_result error, void *out)
{
    struct session *self = arg;

    if (error == -EMSGSIZE) {
        printf("server: byte %d is one too many\n", (int)eddy_decoded_error_offset(self->lines));
        *(eddy_bytes *)out = (eddy_bytes){(const unsigned char *)"too long", 8};
        error = 0;
    }
    return eddy_ready(handle, error);
}

static eddy_future *serve(eddy_handle *handle, eddy_io *io, struct session *session)
{
    eddy_duplex lines = eddy_io_framed(handle, io, &eddy_lines_decoder, &session->in,
                                       &eddy_lines_encoder, &session->out);
    eddy_stream *answers;

    session->lines = lines.in;
    answers = eddy_stream_map(lines.in, sizeof(eddy_bytes), answer, session);
    answers = eddy_stream_or_else(answers, excuse, session);
    return eddy_stream_forward(answers, lines.out);
}

/* ---- the client ---- */

struct client {
    EDDY_FRAME;
    eddy_io *io; /* until it is framed */
    eddy_lines_codec in, out;
    eddy_duplex lines;
    int at;
    eddy_bytes asks, hears;
};

static void client_done(struct client *self)
{
    if (self->lines.in == NULL) /* else the halves, which are children, have it */
        eddy_io_free(self->io);
}

static void client_frame(struct client *self, eddy_task *task)
{
    self->lines = eddy_io_framed(eddy_task_handle(task), self->io, &eddy_lines_decoder, &self->in,
                                 &eddy_lines_encoder, &self->out);
    eddy_future_adopt(&self->frame, &self->lines.in->frame);
    eddy_future_adopt(&self->frame, &self->lines.out->frame);
}

static bool client_think(struct client *self)
{
    static const char *const questions[] = {"hello", "supercalifragilistic", "goodbye"};
    const char *text;

    if (self->at == 3)
        return false;
    text = questions[self->at++];
    self->asks = (eddy_bytes){(const unsigned char *)text, strlen(text)};
    return true;
}

EDDY_ASYNC(client, client_done)
{
    eddy_result n;

    EDDY_BEGIN
        client_frame(self, task);
        while (client_think(self)) {
            EDDY_POLL(n, eddy_sink_poll_send(self->lines.out, task, &self->asks));
            if (n == 0)
                EDDY_POLL(n, eddy_sink_poll_flush(self->lines.out, task));
            if (n < 0)
                EDDY_RETURN(n);
            EDDY_NEXT(n, self->lines.in, &self->hears);
            if (n <= 0)
                EDDY_RETURN(n < 0 ? n : EDDY_UNEXPECTED_END);
            printf("client: %.*s\n", (int)self->hears.len, (const char *)self->hears.data);
        }
        EDDY_POLL(n, eddy_sink_poll_close(self->lines.out, task));
        EDDY_END(n);
}

int main(void)
{
    struct session session = {.in = {.line_max = 10}};
    eddy_core *core;
    eddy_handle *handle;
    eddy_io *near, *far;
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    handle = eddy_core_handle(core);
    n = eddy_io_memory_pair(handle, EDDY_OPTIONS(eddy_io_memory_options, .split_bytes = 1), &near,
                            &far);
    if (n == 0) {
        eddy_future *both[] = {eddy_box(handle, EDDY_FUTURE(client, .io = near)),
                               serve(handle, far, &session)};

        n = eddy_core_run(core, eddy_try_join_all(handle, both, 2, NULL));
    }
    printf("%s\n", eddy_error_name(n));
    eddy_core_free(core);
    return n < 0;
}
