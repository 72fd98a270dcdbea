/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Limits and times": a line that is too long, and a stream that is slowed down.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>

struct limited {
    EDDY_FRAME;
    eddy_io *near, *far;
    eddy_search search;
    eddy_bytes line;
    eddy_io_counts counts;
    eddy_gathered rest;
    int64_t begin_ns;
};

static void limited_done(struct limited *self)
{
    eddy_buf_release(self->rest.buf);
    eddy_io_free(self->near);
    eddy_io_free(self->far);
}

/* From here on no more than 10,000 bytes a second, and all that is read is counted. */
static void limited_slow_down(struct limited *self, eddy_task *task)
{
    eddy_handle *handle = eddy_task_handle(task);

    self->near =
        eddy_io_rate(handle, self->near,
                     EDDY_OPTIONS(eddy_io_rate_options, .read_per_s = 10000, .burst_bytes = 1000));
    self->near = eddy_io_counted(handle, self->near, &self->counts);
    self->begin_ns = eddy_now_ns(handle);
}

static void limited_tell(struct limited *self, eddy_task *task)
{
    int64_t took_ns = eddy_now_ns(eddy_task_handle(task)) - self->begin_ns;

    printf("%d bytes, %s\n", (int)self->counts.read,
           took_ns >= 200 * EDDY_MILLISECOND ? "in a fifth of a second or more" : "too fast");
}

EDDY_ASYNC(limited, limited_done)
{
    static const char bytes[3000] = "no end of this line in sight";
    eddy_result n;

    EDDY_BEGIN
        n = eddy_io_memory_pair(eddy_task_handle(task), NULL, &self->near, &self->far);
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_io_poll_write(self->far, task, bytes, sizeof bytes));
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_io_poll_shutdown(self->far, task));

        self->search.limit = 20;
        EDDY_POLL(n, eddy_io_poll_line(self->near, task, &self->search, &self->line));
        printf("%s, and %zu bytes are where they were\n", eddy_error_name(n),
               eddy_io_view(self->near).len);

        limited_slow_down(self, task);
        EDDY_POLL(n, eddy_io_poll_read_to_end(self->near, task, 5000, &self->rest));
        if (n > 0)
            limited_tell(self, task);
        EDDY_END(n);
}

int main(void)
{
    eddy_core *core;
    eddy_result n = eddy_core_new(NULL, &core);

    if (n < 0)
        return 1;
    n = eddy_core_run(core, EDDY_FUTURE(limited));
    eddy_core_free(core);
    return n < 0;
}
