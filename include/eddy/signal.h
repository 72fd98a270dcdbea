/* SPDX-License-Identifier: MIT */
/*
 * eddy/signal.h - the signals of the process (SIGINT, SIGTERM, SIGHUP, SIGCHLD ...) as something a task
 * can wait for.
 *
 * Any number of objects, on any loops, may listen to one signal: each is told of it. With the first
 * one a handler is installed (restarting system calls), with the last one that goes what was there
 * before is put back; meanwhile what was there before is called too, but "die" and "ignore" are not
 * done. A handler that somebody installs later over ours has to call ours.
 *
 * What is told is how often the signal came since it was told last, at least 1. Signals of one number
 * that come while one is pending in the kernel are one, so it may be fewer than were sent; only
 * real-time signals are all counted.
 *
 * On a simulated loop the kernel's signals do not come, which would be no simulation; but those of
 * eddy_signal_raise() do. After fork(2) the child has no listeners, and the handlers from before.
 */
#ifndef EDDY_SIGNAL_H
#define EDDY_SIGNAL_H

#include "eddy/stream.h"

EDDY_EXTERN_C_BEGIN

/** Listens to one signal, for one task at a time. */
typedef struct eddy_signal eddy_signal;

/**
 * Begin to listen. From now on no signal is lost, also before somebody waits.
 * @param handle  loop
 * @param signum  SIGINT, SIGTERM, ...
 * @param signal  set; owned by the caller
 * @return        0; -EINVAL: no such signal, or one that nobody can handle (SIGKILL, SIGSTOP) or go on
 *                after (SIGSEGV, SIGBUS, SIGFPE, SIGILL); -ENOMEM; EDDY_LOOP_GONE
 * As long as it lives the loop does not report a deadlock, because a signal may still come.
 * Thread: loop. Allocates: from the loop's slab. Cost: two system calls for the first of a signal. See:
 * sigaction(2)
 */
EDDY_API int eddy_signal_new(eddy_handle *handle, int signum, eddy_signal **signal);

/**
 * Stop listening. What came and was not told is forgotten. Others that listen are not affected.
 * @param self  signal; NULL does nothing; nobody but the current task may wait for it (asserted)
 * Thread: loop; any once the loop is freed. Allocates: no.
 */
EDDY_API void eddy_signal_free(eddy_signal *self);

/**
 * Wait for the signal.
 * @param self  signal                    borrowed
 * @param task  current task, of its loop; woken when it comes; waits as "signal"
 * @return      > 0: how often it came since this was told last; EDDY_PENDING; -ECANCELED; -ENOMEM
 * Dropping: loses nothing, what came is told to the next who asks. Allocates: once per task that waits
 * for anything from outside. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_signal_poll(eddy_signal *self, eddy_task *task);

/**
 * The number it listens to.
 * @param self  signal
 * @return      as given to eddy_signal_new()
 * Thread: any. Allocates: no.
 */
EDDY_API int eddy_signal_number(const eddy_signal *self);

/**
 * Let the listeners of one loop believe that a signal came: for tests, and the only way on simulated
 * loops. No handler runs.
 * @param handle  loop
 * @param signum  its number
 * @return        how many listeners were told
 * Thread: loop. Allocates: no.
 */
EDDY_API uint32_t eddy_signal_raise(eddy_handle *handle, int signum);

/**
 * The signal as a stream: one item for each time that it is told. It never ends.
 * @param signal  borrowed until the stream is gone
 * @return        boxed stream of uint32_t, as eddy_signal_poll() has it
 * Dropping: as eddy_signal_poll(); the signal stays. Thread: loop. Allocates: from the loop's slab. See:
 * tokio-signal unix::Signal
 */
EDDY_API eddy_stream *eddy_signal_stream(eddy_signal *signal);

EDDY_EXTERN_C_END

#endif
