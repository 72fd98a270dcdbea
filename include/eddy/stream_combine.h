/* SPDX-License-Identifier: MIT */
/*
 * eddy/stream_combine.h - a stream out of several streams.
 *
 * They take over their inputs, which are boxed and were not polled yet (asserted), and give back a
 * boxed stream, owned by the caller, never NULL. When one of the inputs could not be made, or memory
 * is out, all of them are dropped. An input that has told its end is dropped at once. Errors of the
 * inputs are passed on as they come, and the stream goes on.
 */
#ifndef EDDY_STREAM_COMBINE_H
#define EDDY_STREAM_COMBINE_H

#include "eddy/stream.h"

EDDY_EXTERN_C_BEGIN

/**
 * All items of one stream, then all items of another, which is not polled before.
 * @param first   stream                            taken over
 * @param second  stream of items of the same size (asserted) and kind   taken over
 * @return        boxed stream. For many streams one after the other see eddy_stream_flatten(): each
 *                chain in a chain costs a call per item, and stack
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::chain
 */
EDDY_API eddy_stream *eddy_stream_chain(eddy_stream *first, eddy_stream *second);

/**
 * Items of several streams as they come. It is fair: it begins with any of them, and after one has
 * given an item, all others that are ready come before it. Only streams that were woken are polled.
 * Ends when all have ended.
 * @param streams  count of them, of items of the same size (asserted) and kind; taken over, the array
 *                 is not. See EDDY_STREAMS
 * @param count    > 0 (asserted)
 * @return         boxed stream; waits as "select". A request to end is told to each stream
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::select
 */
EDDY_API eddy_stream *eddy_stream_select(eddy_stream *const *streams, size_t count);

/* Streams, as the two arguments of eddy_stream_select(): eddy_stream_select(EDDY_STREAMS(a, b, c)).
 * C only. */
#define EDDY_STREAMS(...)                                                                          \
    (eddy_stream *const[]){__VA_ARGS__},                                                           \
        (sizeof((eddy_stream *const[]){__VA_ARGS__}) / sizeof(eddy_stream *))

/**
 * Pairs: the first item of each, the second of each, and so on. Ends with the shorter one; an item of
 * the other that it holds then is dropped.
 * @param first          stream                     taken over
 * @param second         stream                     taken over
 * @param second_offset  where the second's item begins in a pair; the first's is at its beginning,
 *                       and has room there (asserted)
 * @param pair_bytes     size of a pair, with room for the second's item (asserted); what lies between
 *                       and behind the two is zero
 * @return               boxed stream of pairs; see EDDY_ZIP
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::zip
 */
EDDY_API eddy_stream *eddy_stream_zip(eddy_stream *first, eddy_stream *second, size_t second_offset,
                                      size_t pair_bytes);

/* Pairs as a struct whose first member is the first's item, and whose member `other` the second's:
 * EDDY_ZIP(names, ages, struct person, age). */
#define EDDY_ZIP(first, second, type, other)                                                       \
    eddy_stream_zip((first), (second), offsetof(type, other), sizeof(type))

/**
 * The items of streams that are themselves the items of a stream, one stream after the other.
 * @param input      stream of eddy_stream * (asserted by size), each boxed and not polled yet
 *                                                  taken over, and they when they come
 * @param out_bytes  size of their items, > 0 (asserted)
 * @return           boxed stream. The error of a stream that could not be made is told once
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Stream::flatten, and
 * eddy_stream_from_future()
 */
EDDY_API eddy_stream *eddy_stream_flatten(eddy_stream *input, size_t out_bytes);

EDDY_EXTERN_C_END

#endif
