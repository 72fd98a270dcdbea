/* SPDX-License-Identifier: MIT */
/*
 * eddy/compose.h - boxed futures: work put together from smaller work by calls, at run time.
 *
 *     eddy_future *work = eddy_lazy(handle, connect, client);  // nothing runs before the first poll
 *     work = eddy_and_then(work, ask, client);                 // on success: the next future
 *     work = eddy_or_else(work, ask_another, client);          // on failure: another one
 *     work = eddy_map(work, count_lines, client);              // on success: another value
 *     work = eddy_timeout_after(work, 5 * EDDY_SECOND);
 *     work = eddy_finally(work, client_free, client);          // once, however it ends
 *     return eddy_core_run(core, work);
 *
 * Ownership. A source (ready, never, lazy, poll_fn, loop) takes a handle. All others take over their
 * input, which is boxed and was not polled yet (asserted), and give back the future to go on with:
 * it is the caller's until it is spawned, run, polled as a child, handed to another, or dropped.
 *
 * Nothing here fails: when memory is out, the input is dropped and the future given back fails with
 * -ENOMEM (EDDY_LOOP_GONE when the loop is gone). What is put on such a one is left out, eddy_or_else()
 * too, but for a `release`, which is called at once. So a chain is checked once, where it is awaited.
 *
 * Chains. The steps from eddy_then() to eddy_flatten() that are put on one future are one future with
 * a list: a million of them need no more stack than one. When a callback gives a chain, its steps go
 * before the rest of the list: recursion through such callbacks is a loop, and one that has nothing
 * left to do afterwards stays in bounded memory. Each step, taken or left out, costs one unit of the
 * task's budget, so that a long chain lets others go first now and then.
 * A time limit is a future around another: a million of those, one inside the other, are dropped
 * without stack, but polled with it. Reports call a chain what it began as: ready, lazy, loop, chain.
 *
 * Callbacks get their `arg` first; it is borrowed, and given back by eddy_finally(). A callback runs
 * in the task that polls, at most once (a loop's body: once a round), after the future before it is
 * done and freed, and never after the chain's end. One that makes a future gives a boxed one that was
 * not polled yet, never NULL (asserted). A request to end (eddy_join_cancel()) ends what waits by
 * -ECANCELED, which then goes through the steps like any error.
 *
 * Not here: the catch_unwind of other libraries. A fault in C code leaves memory that nothing can be
 * said about; where one part's crash must not end another, these parts are processes.
 */
#ifndef EDDY_COMPOSE_H
#define EDDY_COMPOSE_H

#include "eddy/future.h"
#include "eddy/task.h"

EDDY_EXTERN_C_BEGIN

/* ---- sources ---- */

/**
 * A future that ends at its first poll.
 * @param handle  loop                                   borrowed
 * @param value   its result, which may be an error; not EDDY_PENDING (asserted)
 * @return        boxed future, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 ok(), err(), result()
 */
EDDY_API eddy_future *eddy_ready(eddy_handle *handle, eddy_result value);

/**
 * A future that never ends by itself; waits as "never". Asked to end, it ends by -ECANCELED.
 * @param handle  loop                                   borrowed
 * @return        boxed future, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 empty()
 */
EDDY_API eddy_future *eddy_never(eddy_handle *handle);

/**
 * A future that is made at the first poll.
 * @param handle  loop                                   borrowed
 * @param make    gives the future to go on with, owned from then on
 * @param arg     handed to `make`                       borrowed
 * @return        boxed future, owned by the caller; never NULL
 * Dropping: before the first poll, `make` is not called.
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 lazy()
 */
EDDY_API eddy_future *eddy_lazy(eddy_handle *handle,
                                eddy_future *(*make)(void *arg, eddy_handle *handle), void *arg);

/**
 * A future from a poll function, for a single wait: eddy_poll_fn(handle, poll_reply, client).
 * @param handle  loop                                   borrowed
 * @param poll    called at each poll; gives EDDY_PENDING, with a waiter parked, or the result
 * @param arg     handed to `poll`                       borrowed
 * @return        boxed future, owned by the caller; never NULL
 * Dropping: disarms what `poll` parked at. Thread: loop. Allocates: from the loop's slab.
 * See: futures 0.1 poll_fn()
 */
EDDY_API eddy_future *eddy_poll_fn(eddy_handle *handle,
                                   eddy_result (*poll)(void *arg, eddy_task *task), void *arg);

/**
 * A loop: makes a future, runs it to its end, and again, as long as that gives EDDY_CONTINUE. A
 * million rounds that are all ready at once let others go first now and then, and need no more stack
 * or memory than one.
 * @param handle  loop                                   borrowed
 * @param body    gives the future of one round, owned from then on; not called before the first poll
 * @param arg     handed to `body`                       borrowed
 * @return        boxed future, owned by the caller, never NULL; its result is the first one of a
 *                round that is not EDDY_CONTINUE. For the steps of the body EDDY_CONTINUE is an error
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 loop_fn()
 */
EDDY_API eddy_future *eddy_loop(eddy_handle *handle,
                                eddy_future *(*body)(void *arg, eddy_handle *handle), void *arg);

/* ---- steps ---- */

/**
 * Go on with another future, whatever the result.
 * @param input  boxed future, taken over
 * @param next   gets the result; gives the future to go on with, owned from then on
 * @param arg    handed to `next`                        borrowed
 * @return       boxed future, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Future::then
 */
EDDY_API eddy_future *
eddy_then(eddy_future *input,
          eddy_future *(*next)(void *arg, eddy_handle *handle, eddy_result value), void *arg);

/**
 * On success, a result >= 0, go on with another future; an error passes by.
 * @param input  boxed future, taken over
 * @param next   gets the value; gives the future to go on with, owned from then on
 * @param arg    handed to `next`                        borrowed
 * @return       boxed future, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Future::and_then
 */
EDDY_API eddy_future *
eddy_and_then(eddy_future *input,
              eddy_future *(*next)(void *arg, eddy_handle *handle, eddy_result value), void *arg);

/**
 * On an error go on with another future; a success passes by.
 * @param input  boxed future, taken over
 * @param next   gets the error; gives the future to go on with, owned from then on
 * @param arg    handed to `next`                        borrowed
 * @return       boxed future, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Future::or_else
 */
EDDY_API eddy_future *
eddy_or_else(eddy_future *input,
             eddy_future *(*next)(void *arg, eddy_handle *handle, eddy_result error), void *arg);

/**
 * On success make another result of it, which may be an error.
 * @param input  boxed future, taken over
 * @param map    gets the value; gives the result, not EDDY_PENDING (asserted)
 * @param arg    handed to `map`                         borrowed
 * @return       boxed future, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Future::map
 */
EDDY_API eddy_future *eddy_map(eddy_future *input, eddy_result (*map)(void *arg, eddy_result value),
                               void *arg);

/**
 * On an error make another result of it, which may be a success.
 * @param input  boxed future, taken over
 * @param map    gets the error; gives the result, not EDDY_PENDING (asserted)
 * @param arg    handed to `map`                         borrowed
 * @return       boxed future, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Future::map_err
 */
EDDY_API eddy_future *eddy_map_err(eddy_future *input,
                                   eddy_result (*map)(void *arg, eddy_result error), void *arg);

/**
 * Look at a success in passing.
 * @param input  boxed future, taken over
 * @param look   gets the value
 * @param arg    handed to `look`                        borrowed
 * @return       boxed future with the same result, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Future::inspect
 */
EDDY_API eddy_future *eddy_inspect(eddy_future *input, void (*look)(void *arg, eddy_result value),
                                   void *arg);

/**
 * Look at an error in passing.
 * @param input  boxed future, taken over
 * @param look   gets the error
 * @param arg    handed to `look`                        borrowed
 * @return       boxed future with the same result, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_future *eddy_inspect_err(eddy_future *input,
                                       void (*look)(void *arg, eddy_result error), void *arg);

/**
 * Release something exactly once: when all that stands before it has ended, well or badly, and before
 * the steps after it; or when the future is dropped, polled or not; or in this call, when memory is
 * out or `input` has failed already.
 * @param input    boxed future, taken over
 * @param release  must not wait, may wake and spawn
 * @param arg      handed to `release`
 * @return         boxed future with the same result, owned by the caller; never NULL
 * Dropping: calls `release`, after the `done` of what stands before it.
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_future *eddy_finally(eddy_future *input, void (*release)(void *arg), void *arg);

/**
 * On success go on with the future that `input` has put into `*inner`. Whatever is put there, it is
 * dropped when it is not gone on with; but a future that failed while it was made looks at no place.
 * @param input  boxed future, taken over
 * @param inner  set to NULL now; holds a boxed future when `input` succeeds (asserted), owned from
 *               then on. The place outlives the future that is given back
 * @return       boxed future, owned by the caller; never NULL
 * Thread: loop. Allocates: from the loop's slab. See: futures 0.1 Future::flatten
 */
EDDY_API eddy_future *eddy_flatten(eddy_future *input, eddy_future **inner);

/* ---- time limits ---- */

/**
 * Drop a future that does not end in time; what is ready beats a limit that is over. Like a struct
 * eddy_timeout (eddy/time.h), boxed: a request to end is told to `input`.
 * @param input        boxed future, taken over
 * @param duration_ns  nanoseconds from the first poll on; <= 0: one poll; EDDY_FOREVER: no limit
 * @return             boxed future, owned by the caller, never NULL; the input's result, or
 *                     -ETIMEDOUT once it is dropped; waits as "deadline" beside what `input` waits for
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_future *eddy_timeout_after(eddy_future *input, int64_t duration_ns);

/**
 * The same with a point of time.
 * @param input    boxed future, taken over
 * @param when_ns  of the loop's clock, see eddy_now_ns(); in the past: one poll; EDDY_FOREVER: no limit
 * @return         as of eddy_timeout_after()
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API eddy_future *eddy_deadline_at(eddy_future *input, int64_t when_ns);

/* ---- polled after the end ---- */

/** A future that may be polled after its end: for poll functions that look at several at once. A
 * member of the future that polls it. All zero but for `inner`. */
typedef struct eddy_fuse {
    eddy_future *inner; /* as a child: embedded, or boxed and adopted; NULL: it has ended */
    eddy_waiter ended;
} eddy_fuse;

/**
 * Poll it as a child of the future that is being polled.
 * @param self  fuse
 * @param task  current task; after the end waits as "fuse: ended"
 * @return      its result, once; EDDY_PENDING before, and ever after, also when asked to end
 * Dropping: by the future that polls it. Thread: loop. Allocates: no. See: futures 0.1 Future::fuse
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_fuse_poll(eddy_fuse *self, eddy_task *task);

/**
 * Has it ended?
 * @param self  fuse
 * @return      true once its result was given
 * Thread: loop. Allocates: no.
 */
EDDY_API bool eddy_fuse_is_done(const eddy_fuse *self);

EDDY_EXTERN_C_END

#endif
