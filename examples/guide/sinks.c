/* SPDX-License-Identifier: MIT */
/*
 * Guide, "Sinks": a quick stream, a slow sink, and who waits for whom.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>

/* ---- a sink of functions: a printer that takes its time for each page ---- */

struct printer {
    eddy_sleep busy; /* not started: it is idle */
    bool prints;
};

static eddy_result printer_flush(void *arg, eddy_task *task)
{
    struct printer *self = arg;
    eddy_result n = self->prints ? eddy_sleep_poll(&self->busy, task) : 0;

    if (n == 0)
        self->prints = false;
    return n;
}

/* Takes a page when the last one is out. */
static eddy_result printer_send(void *arg, eddy_task *task, const void *item)
{
    struct printer *self = arg;
    eddy_result n = printer_flush(self, task);

    if (n < 0)
        return n;
    printf("    prints %d\n", *(const int *)item);
    eddy_sleep_start(&self->busy, task, 5 * EDDY_MILLISECOND);
    self->prints = true;
    return 0;
}

static const eddy_sink_fns printer_fns = {.send = printer_send, .flush = printer_flush};

/* ---- pages ---- */

static void look(void *arg, const void *item)
{
    (void)arg;
    printf("page %d is there\n", *(const int *)item);
}

static eddy_stream *pages(eddy_handle *handle)
{
    static const int numbers[] = {1, 2, 3, 4};

    return eddy_stream_inspect(eddy_stream_array(handle, numbers, 4, sizeof *numbers), look, NULL);
}

static int add_cover(void *arg, const void *item, void *out)
{
    (void)arg;
    *(int *)out = 100 + *(const int *)item;
    return 0;
}

static eddy_sink *printer(eddy_handle *handle, struct printer *self)
{
    return eddy_sink_poll_fn(handle, sizeof(int), &printer_fns, self);
}

int main(void)
{
    struct printer first = {.prints = false}, second = {.prints = false};
    eddy_core *core;
    eddy_handle *handle;
    eddy_sink *sink;
    eddy_result n;

    if (eddy_core_new(NULL, &core) != 0)
        return 1;
    handle = eddy_core_handle(core);
    printf("without a buffer:\n");
    n = eddy_core_run(core, eddy_stream_forward(pages(handle), printer(handle, &first)));

    printf("with room for two:\n");
    sink = eddy_sink_map(printer(handle, &second), sizeof(int), add_cover, NULL);
    sink = eddy_sink_buffer(sink, 2);
    if (n >= 0)
        n = eddy_core_run(core, eddy_stream_forward(pages(handle), sink));
    else
        eddy_sink_drop(sink, NULL);
    printf("%s\n", n < 0 ? eddy_error_name(n) : "all is printed");
    eddy_core_free(core);
    return n < 0;
}
