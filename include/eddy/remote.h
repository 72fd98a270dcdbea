/* SPDX-License-Identifier: MIT */
/*
 * eddy/remote.h - reach a loop from any thread: ship it a job that *makes* a future there.
 *
 * A job is a function with a small payload, copied. It runs on the loop's thread, is handed the
 * loop's handle, may make I/O objects and spawn, and returns a future to be spawned (or NULL).
 * It is always queued, never run inside the call, also when sent from the loop's own thread.
 * Jobs of one sender run in the order in which they were sent.
 */
#ifndef EDDY_REMOTE_H
#define EDDY_REMOTE_H

#include "eddy/future.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_remote eddy_remote;

/* The largest payload of a job. */
#define EDDY_JOB_PAYLOAD_MAX 48

/** What all jobs of one kind share. Exactly one of make and drop is called for an accepted job. */
typedef struct eddy_job {
    /** On the loop's thread. Returns a boxed future (eddy_box()) to be spawned, or NULL. */
    eddy_future *(*make)(void *payload, eddy_handle *handle);
    /** The loop is going away: release what the payload owns. May be NULL. */
    void (*drop)(void *payload);
    /** At most EDDY_JOB_PAYLOAD_MAX. */
    size_t payload_bytes;
} eddy_job;

/**
 * Make a thread-safe reference to the loop. It keeps no task alive, but as long as it lives the
 * loop does not report a deadlock, because a job may still come.
 * @param handle  loop
 * @param remote  set; owned by the caller
 * @return        0, -ENOMEM, EDDY_LOOP_GONE
 * Thread: loop. Allocates: yes.
 */
EDDY_API int eddy_remote_new(eddy_handle *handle, eddy_remote **remote);

/**
 * Take one more reference.
 * @param self  remote
 * @return      the same remote
 * Thread: any. Allocates: no.
 */
EDDY_API eddy_remote *eddy_remote_retain(eddy_remote *self);

/**
 * Give a reference back.
 * @param self  remote; NULL does nothing
 * Thread: any. Allocates: no.
 */
EDDY_API void eddy_remote_release(eddy_remote *self);

/**
 * Send a job.
 * @param self     remote
 * @param job      kind of job; outlives the call and the job (make it static const)
 * @param payload  job->payload_bytes bytes, copied
 * @return         0: exactly one of make and drop will be called. EDDY_INBOX_FULL, EDDY_LOOP_GONE:
 *                 neither will, what the payload owns is still the caller's
 * Thread: any. Allocates: no. Cost: at most one system call, and only when the loop sleeps.
 */
EDDY_API EDDY_NODISCARD int eddy_remote_spawn(eddy_remote *self, const eddy_job *job,
                                              const void *payload);

/**
 * Send a job and wait for the result of the future it makes.
 * @param self     remote
 * @param job      as for eddy_remote_spawn(); `make` returning NULL gives the result 0
 * @param payload  as for eddy_remote_spawn()
 * @return         the future's result; EDDY_DROPPED: accepted, but the job or its task was dropped
 *                 (the loop was freed first: `drop` or `done` has run); EDDY_LOOP_GONE,
 *                 EDDY_INBOX_FULL: not sent, what the payload owns is still the caller's
 * Thread: any but the loop's own (asserted: it would wait for itself). Blocks. Allocates: no.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_remote_call(eddy_remote *self, const eddy_job *job,
                                                     const void *payload);

EDDY_EXTERN_C_END

#endif
