/* SPDX-License-Identifier: MIT */
/*
 * input.h - a stream that another stream, or a future, owns: from before its first poll, when nobody
 * drops it but its owner's take_child, until it has told its end, when it is dropped at once; and
 * memory for one of its items. And the two kinds of owners that have a single one.
 */
#ifndef EDDY__INPUT_H
#define EDDY__INPUT_H

#include "stream/stream.h"

typedef struct eddy__input {
    eddy_core *core;
    eddy_stream *stream; /* NULL: it has ended, or was given away */
    void *item;          /* of item_bytes, aligned to 16; NULL: none was asked for */
    void (*drop_item)(void *item);
    size_t item_bytes;
    bool begun; /* it was polled, and so is in the owner's list of children */
    bool holds; /* *item is one that nobody has taken yet */
} eddy__input;

/* Own the stream, which was not polled yet. False: no memory for an item; it is owned all the same. */
bool eddy__input_init(eddy__input *self, eddy_core *core, eddy_stream *stream, bool with_item);
/* Its next item, to `item`; in the owner's poll. 0 once it has ended. A failed stream tells its error
 * once. */
eddy_result eddy__input_next_to(eddy__input *self, eddy_task *task, void *item);
/* Its next item, to self->item, where it is held until `holds` is taken away. */
eddy_result eddy__input_next(eddy__input *self, eddy_task *task);
/* The item that is held goes to `item`. */
void eddy__input_give(eddy__input *self, void *item);
/* The item that is held goes to nobody. */
void eddy__input_drop_item(eddy__input *self);
/* Before its end; in the owner's poll. */
void eddy__input_drop(eddy__input *self, eddy_task *task);
/* For the owner's take_child. */
eddy_future *eddy__input_take_child(eddy__input *self);
/* For the owner's done: the item that it holds, and its memory. */
void eddy__input_done(eddy__input *self);

/* The loop of two streams that become the inputs of one; NULL: one of them is failed, both are
 * dropped, and *instead is what to return. */
eddy_core *eddy__stream_core_of_both(eddy_stream *first, eddy_stream *second, const char *verb,
                                     eddy_stream **instead);

/* ---- adaptors: a stream that owns one ---- */

typedef struct eddy__adaptor {
    eddy_stream stream;
    eddy__input input;
} eddy__adaptor;

enum eddy__item_memory { EDDY__ITEM_PASSES, EDDY__ITEM_HELD };

/*
 * A new one; `out_bytes` 0: its items are the input's. NULL: without memory, or `*input` is a failed
 * stream; then the input is dropped, and *input is what to return instead.
 */
void *eddy__adaptor_new(eddy_stream **input, const eddy_stream_type *type, size_t out_bytes,
                        enum eddy__item_memory memory);
/* take_child and done of those that own nothing else. */
eddy_future *eddy__adaptor_take_child(eddy_future *frame);
void eddy__adaptor_done(eddy_future *frame);
/* The type of an adaptor. */
#define EDDY__ADAPTOR_TYPE(next_fn, done_fn, struct_type, type_name)                               \
    {                                                                                              \
        .base = {eddy_stream_no_future, done_fn, sizeof(struct_type), type_name,                   \
                 eddy__adaptor_take_child},                                                        \
        .poll_next = next_fn                                                                       \
    }

/* ---- adaptors of two ---- */

typedef struct eddy__pair {
    eddy_stream stream;
    eddy__input sides[2];
} eddy__pair;

/* A new one of both, which eddy__stream_core_of_both() has looked at; NULL: no memory, and both are
 * dropped. */
void *eddy__pair_new(eddy_core *core, const eddy_stream_type *type, size_t out_bytes,
                     eddy_stream *first, eddy_stream *second, enum eddy__item_memory memory);
/* take_child and done of those that own nothing else. */
eddy_future *eddy__pair_take_child(eddy_future *frame);
void eddy__pair_done(eddy_future *frame);

/* ---- consumers: a future that owns one ---- */

typedef struct eddy__consumer {
    eddy_future frame;
    eddy__input input;
} eddy__consumer;

/* A new one, with memory for an item; NULL: the input is dropped, and *instead is what to return. */
void *eddy__consumer_new(eddy_stream *input, const eddy_type *type, eddy_future **instead);
eddy_future *eddy__consumer_take_child(eddy_future *frame);
void eddy__consumer_done(eddy_future *frame);

#endif
