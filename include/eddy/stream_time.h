/* SPDX-License-Identifier: MIT */
/*
 * eddy/stream_time.h - adaptors that look at the clock. As those of eddy/stream_adapt.h they take over
 * their input, which is boxed and was not polled yet (asserted), and give back a boxed stream, owned by
 * the caller, never NULL. Durations are nanoseconds of the loop's clock, above 0 (asserted);
 * EDDY_FOREVER never passes. A request to end is told to the input.
 */
#ifndef EDDY_STREAM_TIME_H
#define EDDY_STREAM_TIME_H

#include "eddy/stream.h"

EDDY_EXTERN_C_BEGIN

/**
 * Wait only so long for each item. What is ready beats a time that is over.
 * @param input        stream                       taken over
 * @param duration_ns  from the first poll after the last item, error or timeout on
 * @return             boxed stream; waits as "deadline" beside what the input waits for. -ETIMEDOUT is
 *                     an error in place of an item: the input is polled again afterwards, for the same
 *                     time, and loses nothing
 * Thread: loop. Allocates: from the loop's slab. See: tokio-timer 0.1 TimeoutStream
 */
EDDY_API eddy_stream *eddy_stream_timeout(eddy_stream *input, int64_t duration_ns);

/**
 * At most one item in so much time. Until it has passed the input is not polled.
 * @param input      stream                         taken over
 * @param period_ns  from one item to the next; an error does not count
 * @return           boxed stream; waits as "sleep"
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_stream *eddy_stream_throttle(eddy_stream *input, int64_t period_ns);

/**
 * Items by the dozen, or as many as there are when the first of them has waited so long.
 * @param input    stream                           taken over
 * @param count    items in a chunk, > 0 (asserted)
 * @param age_ns   of the first item of a chunk, from when it came
 * @return         boxed stream of eddy_chunk, as of eddy_stream_chunks(), see eddy/stream_adapt.h
 * Thread: loop. Allocates: from the loop's slab, count items.
 */
EDDY_API eddy_stream *eddy_stream_chunks_timeout(eddy_stream *input, size_t count, int64_t age_ns);

EDDY_EXTERN_C_END

#endif
