/* SPDX-License-Identifier: MIT */
/*
 * sink.h - what sources, adaptors and futures of sinks share: making a boxed sink, the one to give
 * instead, standing in front of another one, and memory for items.
 */
#ifndef EDDY__SINK_H
#define EDDY__SINK_H

#include <errno.h>
#include <stdint.h>

#include "eddy/sink.h"
#include "reactor/core.h"
#include "stream/stream.h"

/* ---- making one ---- */

/* A boxed sink, zero but for its head; NULL: no memory, or the loop is gone: give
 * eddy__sink_failed(). */
void *eddy__sink_new(eddy_core *core, const eddy_sink_type *type, size_t item_bytes);
/* A static sink whose polls all return -ENOMEM or EDDY_LOOP_GONE. */
eddy_sink *eddy__sink_failed(const eddy_core *core);
/* Flush, or close, of a sink whose items are where they go as soon as they are taken. */
eddy_result eddy__sink_flush_nothing(eddy_sink *self, eddy_task *task);
/* The future to give when a sink is such a one: fails likewise, static. */
eddy_future *eddy__sink_failed_future(const eddy_sink *failed);

/* Does no poll of it give anything but one and the same error? */
static inline bool eddy__sink_is_failed(const eddy_sink *self)
{
    return (self->frame.state & EDDY__FUTURE_STATIC) != 0;
}

/* ---- given and lent ---- */

/* The loop of a boxed sink or stream (asserted); NULL: a failed one. */
eddy_core *eddy__lent_core(const eddy_future *frame, const char *verb);
/* The same of one that is taken over: it is nobody's child (asserted). */
eddy_core *eddy__given_core(const eddy_future *frame, const char *verb);
/* Make it a child, though the parent may never be polled. */
void eddy__given_adopt(eddy_future *parent, eddy_future *frame);

/* ---- memory for items ---- */

/* The loop that a boxed future, stream or sink is of, also once that is gone. */
static inline eddy_core *eddy__boxed_core(const eddy_future *frame)
{
    return ((const eddy__box *)(const void *)frame - 1)->core;
}

/* Room for `count` items, each aligned as malloc's memory when its size allows that; NULL: none. */
void *eddy__items_new(eddy_core *core, size_t item_bytes, size_t count);
/* A new sink gets room for `count` items in *room; without memory it is dropped, and a failed one is
 * what to give instead. */
eddy_sink *eddy__sink_with_room(eddy_sink *self, unsigned char **room, size_t item_bytes,
                                size_t count);
/* NULL does nothing; also after the loop is gone. */
void eddy__items_free(const eddy_future *owner, void *items, size_t item_bytes, size_t count);

/* ---- in front of another ---- */

/* The first member of every adaptor of one sink. */
typedef struct eddy__over {
    eddy_sink sink;
    eddy_sink *inner; /* a child from the beginning */
    /* Pass on what it holds; 0: it holds nothing any more. NULL: it never does. */
    eddy_result (*pass)(eddy_sink *self, eddy_task *task);
} eddy__over;

/* Items that go in are those of the inner sink. */
#define EDDY__SAME_ITEMS SIZE_MAX

/* A boxed adaptor, zero but for this, that has taken `inner` over; or a failed sink, and then `inner`
 * is dropped. */
eddy_sink *eddy__over_new(eddy_sink *inner, const eddy_sink_type *type, size_t item_bytes,
                          const char *verb);
/* Flush and close: what the adaptor holds goes first. */
eddy_result eddy__over_flush(eddy_sink *self, eddy_task *task);
eddy_result eddy__over_close(eddy_sink *self, eddy_task *task);

/* Is an error a request to end that a wait has told? Then nothing has failed, and nothing is lost. */
static inline bool eddy__is_request(eddy_result error)
{
    return error == -ECANCELED || error == -ETIMEDOUT;
}

/* ---- in front of another, holding one item for it ---- */

/* The first member of every adaptor that makes items. */
typedef struct eddy__maker {
    eddy__over over;
    unsigned char *in;  /* room for one item that came; NULL: none was asked for */
    unsigned char *out; /* room for one item of the inner sink */
    size_t out_bytes;
    void (*drop_out)(void *item);
    eddy_result error; /* to be told next; 0: none */
    bool holds;        /* an item, in `out`, that the inner sink has not taken */
} eddy__maker;

/* As eddy__over_new(), with `out`; `pass` is eddy__maker_pass(). */
eddy_sink *eddy__maker_new(eddy_sink *inner, const eddy_sink_type *type, size_t item_bytes,
                           const char *verb);
/* The same, with `in`, for one that makes its items in several polls, and passes them on by `pass`. */
eddy_sink *eddy__maker_new_slow(eddy_sink *inner, const eddy_sink_type *type, size_t item_bytes,
                                eddy_result (*pass)(eddy_sink *self, eddy_task *task),
                                const char *verb);
/* Pass on what is held. 0: nothing is held any more; EDDY_PENDING; an error. */
eddy_result eddy__maker_pass(eddy_sink *sink, eddy_task *task);
/* The result of a send that has taken its item, and then got so far: 0; an error is kept for the next
 * call, because one that is told now would say that the item was not taken. */
static inline eddy_result eddy__maker_taken(eddy__maker *self, eddy_result result)
{
    if (result != EDDY_PENDING)
        self->error = result;
    return 0;
}
/* Its type's `done`. */
void eddy__maker_done(eddy_future *frame);

#endif
