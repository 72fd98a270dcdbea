/* SPDX-License-Identifier: MIT */
/*
 * Guide, "I/O": a function that takes an eddy_io, over memory and over a Unix socket.
 */
#include <eddy/eddy.h>
#include <errno.h>
#include <stdio.h>

/* Greets each name, a line each. */
struct greeter {
    EDDY_FRAME;
    eddy_io *io;
    eddy_search search;
    eddy_bytes name;
    char text[64];
    eddy_bytes rest; /* of the text */
};

static void greeter_done(struct greeter *self)
{
    eddy_io_free(self->io); /* what was written still arrives, and then the end */
}

/* The name is in view: make the answer, and let go of the name. */
static void greeter_answer(struct greeter *self, eddy_result line_bytes)
{
    int len = snprintf(self->text, sizeof self->text, "hello %.*s\n", (int)self->name.len,
                       (const char *)self->name.data);

    eddy_io_consume(self->io, (size_t)line_bytes);
    self->rest = (eddy_bytes){(const unsigned char *)self->text, (size_t)len};
}

EDDY_ASYNC(greeter, greeter_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->search.limit = 40;
        for (;;) {
            EDDY_POLL(n, eddy_io_poll_line(self->io, task, &self->search, &self->name));
            if (n <= 0)
                break; /* 0: the end; < 0: -errno, -EMSGSIZE when a name is too long */
            greeter_answer(self, n);
            EDDY_POLL(n, eddy_io_poll_write_all(self->io, task, &self->rest));
            if (n < 0)
                break;
        }
        EDDY_END(n);
}

/* Says two names, and hears all there is to hear. */
struct guest {
    EDDY_FRAME;
    eddy_io *io;
    eddy_bytes says;
    eddy_gathered heard;
};

static void guest_done(struct guest *self)
{
    eddy_buf_release(self->heard.buf);
    eddy_io_free(self->io);
}

EDDY_ASYNC(guest, guest_done)
{
    eddy_result n;

    EDDY_BEGIN
        self->says = (eddy_bytes){(const unsigned char *)"anna\r\nbert", 10};
        EDDY_POLL(n, eddy_io_poll_write_all(self->io, task, &self->says));
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_io_poll_shutdown(self->io, task));
        if (n < 0)
            EDDY_RETURN(n);
        EDDY_POLL(n, eddy_io_poll_read_to_end(self->io, task, 1000, &self->heard));
        if (n > 0)
            printf("%.*s", (int)n, (const char *)eddy_buf_data(self->heard.buf));
        EDDY_END(n);
}

/* The two, each at one end. */
static eddy_result meet(eddy_core *core, eddy_io *a, eddy_io *b)
{
    eddy_handle *handle = eddy_core_handle(core);
    eddy_future *both[] = {eddy_box(handle, EDDY_FUTURE(greeter, .io = a)),
                           eddy_box(handle, EDDY_FUTURE(guest, .io = b))};

    return eddy_core_run(core, eddy_try_join_all(handle, both, 2, NULL));
}

int main(void)
{
    eddy_core *core;
    eddy_handle *handle;
    eddy_io *a, *b;
    eddy_unix *c, *d;
    eddy_result n;

    if (eddy_core_new(NULL, &core) != 0)
        return 1;
    handle = eddy_core_handle(core);

    printf("in memory, a byte at a time:\n");
    n = eddy_io_memory_pair(handle, EDDY_OPTIONS(eddy_io_memory_options, .split_bytes = 1), &a, &b);
    if (n == 0)
        n = meet(core, a, b);

    printf("by a Unix socket:\n");
    if (n >= 0)
        n = eddy_unix_pair(handle, &c, &d);
    if (n == 0)
        n = meet(core, eddy_tcp_io(c), eddy_tcp_io(d));
    eddy_core_free(core);
    return n < 0;
}
