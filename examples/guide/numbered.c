/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Standard input": numbers the lines it reads. Input and output may be anything: a terminal, a
 * pipe, a file, /dev/null.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>

#define LINE_MAX_BYTES 1000

struct numbered {
    EDDY_FRAME;
    eddy_pool *pool;
    eddy_pipe *in, *out;
    eddy_search search;
    eddy_bytes line;
    int number;
    char text[LINE_MAX_BYTES + 16];
    eddy_bytes rest; /* of the text */
};

static void numbered_done(struct numbered *self)
{
    eddy_pipe_free(self->in);
    eddy_pipe_free(self->out); /* what was written is still delivered */
}

static void numbered_make(struct numbered *self, eddy_result line_bytes)
{
    int len = snprintf(self->text, sizeof self->text, "%d: %.*s\n", ++self->number,
                       (int)self->line.len, (const char *)self->line.data);

    eddy_io_consume(eddy_pipe_io(self->in), (size_t)line_bytes);
    self->rest = (eddy_bytes){(const unsigned char *)self->text, (size_t)len};
}

EDDY_ASYNC(numbered, numbered_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->search.limit = LINE_MAX_BYTES;
        n = eddy_stdin(eddy_task_handle(task), self->pool, &self->in);
        if (n == 0)
            n = eddy_stdout(eddy_task_handle(task), self->pool, &self->out);
        if (n < 0)
            EDDY_RETURN(n);
        for (;;) {
            EDDY_POLL(n,
                      eddy_io_poll_line(eddy_pipe_io(self->in), task, &self->search, &self->line));
            if (n <= 0)
                EDDY_RETURN(n);
            numbered_make(self, n);
            EDDY_POLL(n, eddy_io_poll_write_all(eddy_pipe_io(self->out), task, &self->rest));
            if (n < 0)
                EDDY_RETURN(n);
        }
        EDDY_END(n);
}

int main(void)
{
    eddy_core *core;
    eddy_pool *pool;
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    n = eddy_pool_new(EDDY_OPTIONS(eddy_pool_options, .threads = 2), &pool);
    if (n == 0) {
        n = eddy_core_run(core, EDDY_FUTURE(numbered, .pool = pool));
        eddy_pool_release(pool);
    }
    eddy_core_free(core);
    if (n < 0)
        fprintf(stderr, "%s\n", eddy_strerror(n));
    return n < 0;
}
