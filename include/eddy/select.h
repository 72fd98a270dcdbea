/* SPDX-License-Identifier: MIT */
/*
 * eddy/select.h - some boxed futures at once: all of them (join), or the first (select).
 *
 *     eddy_future *both = eddy_join_all(handle, EDDY_FUTURES(ask(a), ask(b)), results);
 *
 * Each child is woken, asked to end and shielded on its own, and only those that were woken are
 * polled: one wake among a hundred thousand costs one poll. A request to end (eddy_join_cancel())
 * goes down to every child, whose next wait returns -ECANCELED; the outcome is then what the children
 * make of it. (When all of them end without another wait, it goes on to the task's next wait.) A child
 * that waits for a lock, a place in a queue or a permit which another child of the same future holds is
 * fine: both are polled as long as the future is.
 *
 * Ownership. The futures are boxed and were not polled yet (asserted), and all of them are taken over,
 * also when memory is out: then they are dropped, and the future given back fails with -ENOMEM
 * (EDDY_LOOP_GONE when the loop is gone). Arrays of futures are not needed after the call, but for
 * that of eddy_select_keep(). What is given back is boxed: the caller's until it is spawned, run,
 * polled as a child, handed to another, or dropped. Dropping it drops all children that are left, in
 * bounded stack, however deep such futures stand in each other without having been polled. A polled one
 * needs stack for each level at each poll.
 *
 * For two or three children in an async function see eddy/select_inline.h, which allocates nothing;
 * for children that come and go, eddy/futures.h.
 */
#ifndef EDDY_SELECT_H
#define EDDY_SELECT_H

#include "eddy/future.h"

EDDY_EXTERN_C_BEGIN

/* Two arguments, an array and its length, out of some futures, each of which is evaluated once:
 * eddy_join_all(handle, EDDY_FUTURES(a, b), NULL). C only. */
#define EDDY_FUTURES(...)                                                                          \
    (eddy_future *const[]){__VA_ARGS__},                                                           \
        (sizeof((eddy_future *const[]){__VA_ARGS__}) / sizeof(eddy_future *))

/**
 * All of them, whatever they say.
 * @param handle   loop                                                            borrowed
 * @param futures  `count` boxed futures                                           taken over
 * @param count    how many; 0: ends at its first poll
 * @param results  memory for `count` results, borrowed until the end: EDDY_DROPPED from this call on,
 *                 each set when its future ends; NULL: not wanted
 * @return         boxed future: how many of them failed
 * Dropping: drops those that have not ended. Thread: loop. Allocates: from the loop's slab, 96 bytes
 * per future. See: futures 0.1 join_all(), Future::join
 */
EDDY_API eddy_future *eddy_join_all(eddy_handle *handle, eddy_future *const *futures, size_t count,
                                    eddy_result *results);

/**
 * All of them, or the first error: then the others are dropped at once, before it is told.
 * @param handle   loop                                                            borrowed
 * @param futures  `count` boxed futures                                           taken over
 * @param count    how many; 0: ends at its first poll
 * @param results  as for eddy_join_all(); those that an error dropped stay EDDY_DROPPED
 * @return         boxed future: 0, or the first error
 * Dropping: drops those that have not ended. Thread: loop. Allocates: from the loop's slab, 96 bytes
 * per future. See: futures 0.1 join_all(), Future::join
 */
EDDY_API eddy_future *eddy_try_join_all(eddy_handle *handle, eddy_future *const *futures,
                                        size_t count, eddy_result *results);

/**
 * The first that ends, well or not; the others are dropped before it is told. Fair: which one is
 * polled first is drawn each time, later they are polled in the order of their wakes.
 * @param handle   loop                                                            borrowed
 * @param futures  `count` boxed futures                                           taken over
 * @param count    how many, at least 1 (asserted)
 * @param winner   set to the place of the one that ended, when it does; borrowed until then; NULL:
 *                 not wanted
 * @return         boxed future: what the winner says
 * Dropping: drops all. Thread: loop. Allocates: from the loop's slab, 96 bytes per future.
 * See: futures 0.1 select_all(), Future::select, tokio::select!
 */
EDDY_API eddy_future *eddy_select(eddy_handle *handle, eddy_future *const *futures, size_t count,
                                  size_t *winner);

/**
 * eddy_select() with an order: of those that are ready in one poll, the first in the array wins. So
 * what is ready in each of many such selects keeps those behind it from ever winning. (One that spends the
 * budget of a poll and does not end does not: the next poll begins behind it.)
 * @param handle   loop                                                            borrowed
 * @param futures  `count` boxed futures                                           taken over
 * @param count    how many, at least 1 (asserted)
 * @param winner   as for eddy_select()
 * @return         boxed future: what the winner says
 * Dropping: drops all. Thread: loop. Allocates: from the loop's slab, 96 bytes per future.
 * Cost: looks at each of `count` per poll, without polling it.
 */
EDDY_API eddy_future *eddy_select_biased(eddy_handle *handle, eddy_future *const *futures,
                                         size_t count, size_t *winner);

/**
 * The first success; the others are dropped before it is told. When all fail, the last error.
 * @param handle   loop                                                            borrowed
 * @param futures  `count` boxed futures                                           taken over
 * @param count    how many, at least 1 (asserted)
 * @param winner   set to the place of the one whose result is told; else as for eddy_select()
 * @return         boxed future: what that one says
 * Dropping: drops those that have not ended. Thread: loop. Allocates: from the loop's slab, 96 bytes
 * per future. See: futures 0.1 select_ok()
 */
EDDY_API eddy_future *eddy_select_ok(eddy_handle *handle, eddy_future *const *futures, size_t count,
                                     size_t *winner);

/**
 * eddy_select() of two, which finds the loop by itself.
 * @param first   boxed future                                                     taken over
 * @param second  boxed future                                                     taken over
 * @return        boxed future: what the one that ended first says
 * Dropping: drops both. Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_future *eddy_race(eddy_future *first, eddy_future *second);

/**
 * eddy_select() that gives the losers back: once it has ended, futures[*winner] is NULL and all the
 * others stand where they stood, boxed, as far as they had come, for as long as you like. Each may be
 * awaited, spawned, handed to any of these functions again, by another task of the loop too, or
 * dropped by eddy_future_drop(). What wakes one meanwhile is not lost: it is polled for it when
 * somebody polls it again.
 *
 * Mind what a future may hold while nobody polls it: a lock, a permit, a place in a queue, the right
 * to read from a stream. It keeps that, does not go on, and so whoever wants it waits for ever
 * ("futurelock"); a lock that was about to be its own is its own and unused. So poll the losers again
 * soon, or drop them before you wait for anything that they may hold. eddy_select(), which drops its
 * losers, has no such trap.
 * @param handle   loop                                                            borrowed
 * @param futures  `count` boxed futures, taken over; the array is borrowed until the end and all NULL
 *                 meanwhile, so that whoever owns it may always drop what is in it
 * @param count    how many, at least 1 (asserted)
 * @param winner   as for eddy_select()
 * @return         boxed future: what the winner says. When memory is out all are dropped, and the
 *                 array is all NULL
 * Dropping: drops all. Thread: loop. Allocates: from the loop's slab: all that it needs, also to give
 * the losers back, which cannot fail. See: futures 0.1 select_all(), Future::select
 */
EDDY_API eddy_future *eddy_select_keep(eddy_handle *handle, eddy_future **futures, size_t count,
                                       size_t *winner);

EDDY_EXTERN_C_END

#endif
