/* SPDX-License-Identifier: MIT */
/*
 * tcp_io.c - a TCP stream as an eddy_io: its functions under the names of the trait.
 */
#include "net/tcp.h"

static eddy_tcp *tcp_of(eddy_io *io)
{
    return EDDY__CONTAINER(io, eddy_tcp, io);
}

static eddy_result tcp_fill(eddy_io *self, eddy_task *task, size_t min)
{
    return eddy_tcp_poll_fill(tcp_of(self), task, min);
}

static eddy_bytes tcp_view(const eddy_io *self)
{
    return eddy_tcp_view(EDDY__CONTAINER(self, const eddy_tcp, io));
}

static void tcp_consume(eddy_io *self, size_t len)
{
    eddy_tcp_consume(tcp_of(self), len);
}

static eddy_result tcp_writev(eddy_io *self, eddy_task *task, const eddy_bytes *parts, size_t count)
{
    if (count == 1 && parts->len > 0)
        return eddy_tcp_poll_write(tcp_of(self), task, parts->data, parts->len);
    return eddy_tcp_poll_writev(tcp_of(self), task, parts, count);
}

static eddy_result tcp_write_buf(eddy_io *self, eddy_task *task, eddy_buf *buf, size_t from,
                                 size_t len)
{
    return eddy_tcp_poll_write_buf(tcp_of(self), task, buf, from, len);
}

static eddy_result tcp_flush(eddy_io *self, eddy_task *task)
{
    return eddy_tcp_poll_flush(tcp_of(self), task);
}

static eddy_result tcp_shutdown(eddy_io *self, eddy_task *task)
{
    return eddy_tcp_poll_shutdown(tcp_of(self), task);
}

static eddy_result tcp_forward(eddy_io *self, eddy_io *to, eddy_task *task)
{
    return eddy_tcp_poll_forward(tcp_of(self), tcp_of(to), task);
}

static void tcp_stop_reading(eddy_io *self)
{
    eddy__tcp_stop_reading(tcp_of(self));
}

static void tcp_stop_writing(eddy_io *self)
{
    eddy__tcp_stop_writing(tcp_of(self));
}

static void tcp_forget_writer(eddy_io *self)
{
    eddy__tcp_forget_writer(tcp_of(self));
}

static void tcp_abort(eddy_io *self)
{
    eddy_tcp_abort(tcp_of(self));
}

static void tcp_free(eddy_io *self)
{
    eddy_tcp_free(tcp_of(self));
}

const eddy_io_type eddy__tcp_io = {
    .name = "tcp",
    .fill = tcp_fill,
    .view = tcp_view,
    .consume = tcp_consume,
    .writev = tcp_writev,
    .write_buf = tcp_write_buf,
    .flush = tcp_flush,
    .shutdown = tcp_shutdown,
    .forward = tcp_forward,
    .stop_reading = tcp_stop_reading,
    .stop_writing = tcp_stop_writing,
    .abort = tcp_abort,
    .free = tcp_free,
    .forget_writer = tcp_forget_writer,
};

eddy_io *eddy_tcp_io(eddy_tcp *tcp)
{
    return &tcp->io;
}
