/* SPDX-License-Identifier: MIT */
/*
 * eddy/why.h - what went wrong: a bare -ECONNRESET does not say which peer or which call. What fails
 * leaves a note with the task that was told: the operation, the peer, the error, the time. The note
 * of the error that a task ends with goes where its result goes: to the join handle, the group, or
 * the loop's on_task_error hook.
 */
#ifndef EDDY_WHY_H
#define EDDY_WHY_H

#include "eddy/addr.h"
#include "eddy/future.h"
#include "eddy/unix_addr.h"

EDDY_EXTERN_C_BEGIN

/** One error, as the operation that failed has noted it. */
typedef struct eddy_failure {
    const char *operation; /* static text, as waits are named: "tcp: read"; NULL: no note */
    eddy_result result;    /* the error */
    int64_t when_ns;       /* by the loop's clock */
    eddy_addr peer;        /* family 0: none, or it is not known any more */
    eddy_unix_addr name;   /* of a Unix socket; kind 0: none */
} eddy_failure;

/** A task that has ended. */
typedef struct eddy_ended {
    uint64_t id;        /* eddy_task_id() */
    const char *name;   /* eddy_task_name(); text that outlives the task */
    eddy_result result; /* EDDY_DROPPED: it was dropped before its end */
    eddy_failure why;   /* about `result`; operation NULL: nothing is known */
} eddy_ended;

/**
 * The last error that an operation of eddy's told this task.
 * @param task  task
 * @return      the note, valid until the next error; NULL: no error yet, or no memory to note it
 * Thread: loop. Allocates: no.
 */
EDDY_API const eddy_failure *eddy_why(const eddy_task *task);

/**
 * Leave a note for an operation of your own, before its poll function returns the error.
 * @param task       current task
 * @param operation  text that outlives the task, not copied
 * @param peer       address concerned, copied; NULL: none
 * @param error      what is returned, < 0 and not EDDY_PENDING (asserted)
 * @return           `error`, to be returned
 * Thread: loop. Allocates: once per task that is ever told an error; without memory there is no note.
 */
EDDY_API eddy_result eddy_why_note(eddy_task *task, const char *operation, const eddy_addr *peer,
                                   eddy_result error);

/**
 * Write a note as a line: "tcp: read with 127.0.0.1:80: ECONNRESET (connection reset by peer)", "tcp:
 * connect with unix:/run/a.sock: ENOENT (no such file or directory)".
 * @param why   note; one without operation gives the result's text alone
 * @param text  memory
 * @param size  its bytes; the line is cut off and always ended by NUL; 0 writes nothing
 * @return      length of the whole line, without the NUL
 * Thread: any. Allocates: no.
 */
EDDY_API size_t eddy_why_text(const eddy_failure *why, char *text, size_t size);

EDDY_EXTERN_C_END

#endif
