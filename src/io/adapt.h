/* SPDX-License-Identifier: MIT */
/*
 * adapt.h - what every adaptor begins with: its memory, its loop, the stream inside, and functions for
 * a table whose member just goes through, or has nothing to do. An adaptor's own file has the rest.
 */
#ifndef EDDY__IO_ADAPT_H
#define EDDY__IO_ADAPT_H

#include "eddy/io_adapt.h"
#include "reactor/core.h"

/* First member of every adaptor; the eddy_io is the first of all. */
typedef struct eddy__adapt {
    eddy_io io;
    eddy_core *core;
    eddy_io *inner; /* NULL: none */
    size_t size_bytes;
} eddy__adapt;

/* Zeroed memory with its first member filled in; NULL: none, or the loop is gone, and `inner` is still
 * the caller's: see eddy__adapt_failed(). `inner` (may be NULL) is whole (asserted). */
void *eddy__adapt_new(eddy_handle *handle, const eddy_io_type *type, size_t size_bytes,
                      eddy_io *inner);
/* A static stream whose every call fails; `inner` is freed. */
eddy_io *eddy__adapt_failed(const eddy_handle *handle, eddy_io *inner);
/* The same for options that make no sense. */
eddy_io *eddy__adapt_invalid(eddy_io *inner);
/* Is it one of these? */
bool eddy__adapt_is_failing(const eddy_io *io);
/* The memory alone. */
void eddy__adapt_give_back(eddy__adapt *self);
/* False: the loop is gone. A task of another loop is an assertion. */
bool eddy__adapt_enter(const eddy_io *io, const eddy_task *task);
/* More is consumed than is in view. */
void eddy__adapt_check_consume(size_t len, size_t most);

static inline eddy__adapt *eddy__adapt_of(const eddy_io *io)
{
    return (eddy__adapt *)(uintptr_t)io;
}

static inline eddy_io *eddy__adapt_inner(const eddy_io *io)
{
    return eddy__adapt_of(io)->inner;
}

/* Going through. */
eddy_result eddy__through_fill(eddy_io *self, eddy_task *task, size_t min);
eddy_bytes eddy__through_view(const eddy_io *self);
void eddy__through_consume(eddy_io *self, size_t len);
eddy_result eddy__through_writev(eddy_io *self, eddy_task *task, const eddy_bytes *parts,
                                 size_t count);
eddy_result eddy__through_write_buf(eddy_io *self, eddy_task *task, eddy_buf *buf, size_t from,
                                    size_t len);
eddy_result eddy__through_flush(eddy_io *self, eddy_task *task);
eddy_result eddy__through_shutdown(eddy_io *self, eddy_task *task);
void eddy__through_stop_reading(eddy_io *self);
void eddy__through_stop_writing(eddy_io *self);
void eddy__through_abort(eddy_io *self);
void eddy__through_free(eddy_io *self);
void eddy__through_forget_writer(eddy_io *self);

/* Without anything inside. */
eddy_result eddy__alone_writev(eddy_io *self, eddy_task *task, const eddy_bytes *parts,
                               size_t count);
eddy_result eddy__alone_write_buf(eddy_io *self, eddy_task *task, eddy_buf *buf, size_t from,
                                  size_t len);
eddy_result eddy__alone_flush(eddy_io *self, eddy_task *task);
void eddy__alone_stop(eddy_io *self);
void eddy__alone_free(eddy_io *self);

/* The tables that eddy_io_unwrap() knows. */
extern const eddy_io_type eddy__take_type, eddy__counted_type, eddy__rate_type, eddy__timed_type,
    eddy__buffered_type, eddy__borrow_type;
/* Before it is taken off: it must hold no bytes (asserted); its memory goes. */
void eddy__buffered_take_off(eddy_io *io);
/* What waits in its own memory, when that goes. */
void eddy__rate_stop(eddy_io *io);
void eddy__timed_stop(eddy_io *io);

#endif
