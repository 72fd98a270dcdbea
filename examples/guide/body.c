/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Adaptors": a head of lines, a body of as many bytes as the head says, and what follows is
 * neither's. The network cuts where it likes.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char traffic[] = "PUT /poem\r\n"
                              "length: 27\r\n"
                              "\r\n"
                              "an eddy is\na loop in water\n"
                              "GET /poem\r\n";

struct reader {
    EDDY_FRAME;
    eddy_io *io;
    eddy_search search;
    eddy_bytes line;
    unsigned long long length; /* of the body */
    eddy_io *body;
    eddy_gathered text;
};

static void reader_done(struct reader *self)
{
    eddy_buf_release(self->text.buf);
    eddy_io_free(self->body);
    eddy_io_free(self->io);
}

/* Use the line that is in view, and let go of it. False: it was the empty one. */
static bool reader_take_line(struct reader *self, eddy_result line_bytes)
{
    char text[101];
    size_t len = self->line.len;

    memcpy(text, self->line.data, len); /* 100 at most, see search.limit */
    text[len] = '\0';
    eddy_io_consume(self->io, (size_t)line_bytes);
    if (len > 0)
        printf("line: %s\n", text);
    (void)sscanf(text, "length: %llu", &self->length);
    return len > 0;
}

EDDY_ASYNC(reader, reader_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->search.limit = 100;
        do {
            EDDY_POLL(n, eddy_io_poll_line(self->io, task, &self->search, &self->line));
            if (n <= 0)
                EDDY_RETURN(n < 0 ? n : EDDY_UNEXPECTED_END);
        } while (reader_take_line(self, n));

        self->body = eddy_io_take(eddy_task_handle(task),
                                  eddy_io_borrow(eddy_task_handle(task), self->io), self->length);
        EDDY_POLL(n, eddy_io_poll_read_to_end(self->body, task, 1000, &self->text));
        if (n < 0)
            EDDY_RETURN(n);
        printf("body: %d bytes\n%.*s", (int)n, (int)n, (const char *)eddy_buf_data(self->text.buf));

        EDDY_POLL(n, eddy_io_poll_line(self->io, task, &self->search, &self->line));
        if (n > 0)
            reader_take_line(self, n);
        EDDY_END(n);
}

int main(void)
{
    static const size_t cuts[] = {1, 20, 2, 3};
    eddy_core *core;
    eddy_io *near, *far;
    eddy_bytes bytes = {(const unsigned char *)traffic, sizeof traffic - 1};
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    n = eddy_io_memory_pair(eddy_core_handle(core),
                            EDDY_OPTIONS(eddy_io_memory_options, .splits = cuts,
                                         .splits_count = sizeof cuts / sizeof *cuts),
                            &near, &far);
    if (n == 0) {
        n = eddy_core_run(core, eddy_io_write_all(eddy_core_handle(core), far, &bytes));
        eddy_io_free(far); /* the bytes arrive, and then the end */
        if (n == 0)
            n = eddy_core_run(core, EDDY_FUTURE(reader, .io = near));
        else
            eddy_io_free(near);
    }
    eddy_core_free(core);
    return n < 0;
}
