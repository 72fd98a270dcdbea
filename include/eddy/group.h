/* SPDX-License-Identifier: MIT */
/*
 * eddy/group.h - a group: owns tasks, so that none of them outlives what it works for.
 *
 * A task spawned into a group ends before the group does: freeing the group drops those that are
 * left, at once, children's rules: all their `done` have run when eddy_group_free() returns. A group
 * has a limit on its tasks (backpressure on accept: wait for room, then accept), a policy on the first
 * error, and hands out results as they come, or counts them. It closes as *cancel, grace, drop,
 * report*. eddy_spawn() alone spawns into the loop's own group, which has none of this but the limit.
 *
 * Groups nest by tasks that own groups. A group belongs to the thread of its loop.
 */
#ifndef EDDY_GROUP_H
#define EDDY_GROUP_H

#include "eddy/task.h"
#include "eddy/ticket.h"

EDDY_EXTERN_C_BEGIN

typedef struct eddy_group eddy_group;

/** What a group does when a task ends with an error that no join handle takes, and that is not the
 * answer to a request of the group's to end. */
typedef enum eddy_on_error {
    EDDY_KEEP_GOING,    /* nothing: the error is counted, and told as any other result */
    EDDY_CANCEL_OTHERS, /* as eddy_group_cancel() with grace_ns */
    EDDY_DROP_OTHERS,   /* as eddy_group_abort() */
} eddy_on_error;

/** Zero means the default, for every member but size_bytes. */
typedef struct eddy_group_options {
    size_t size_bytes;      /* sizeof(eddy_group_options) */
    const char *name;       /* for reports; text that outlives the group; default "group" */
    uint32_t tasks_max;     /* live tasks, and results not taken; default: the loop's limit alone */
    eddy_on_error on_error; /* default EDDY_KEEP_GOING */
    int64_t grace_ns;       /* of EDDY_CANCEL_OTHERS; default 1 s */
    bool keep_results;      /* each is kept for eddy_group_poll_next(). Else they are counted, and
                               errors go to the loop's on_task_error hook */
    /* A task was dropped because its grace time was over: `waits` tells in a line what it waited
       for. May end other tasks, and the group. */
    void (*on_cut_off)(void *arg, const eddy_ended *ended, const char *waits);
    void *hook_arg;
} eddy_group_options;

/** Plain counters since the group was made. */
typedef struct eddy_group_report {
    uint64_t spawned, ended; /* tasks */
    uint64_t errors;         /* ended with an error, being dropped not counted */
    uint64_t dropped;        /* ended with EDDY_DROPPED, those cut off included */
    uint64_t cut_off;        /* dropped because their grace time was over */
    eddy_ended first_error;  /* id 0: none yet */
} eddy_group_report;

/**
 * Make a group.
 * @param handle   loop
 * @param options  NULL for all defaults; copied
 * @param out      set to the group, owned by the caller
 * @return         0; -EINVAL: options of an unknown size or with an impossible value; -ENOMEM,
 *                 EDDY_LOOP_GONE
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API int eddy_group_new(eddy_handle *handle, const eddy_group_options *options,
                            eddy_group **out);

/**
 * End the group: its tasks are dropped now, and have ended when this returns; only one that is being
 * polled (the caller's own) ends as soon as its poll returns. Results not taken are thrown away.
 * Groups whose tasks own groups are dropped by recursion: a thousand levels are fine.
 * @param self  group; NULL does nothing; nobody may wait at it (asserted)
 * Thread: loop; once the loop is freed, any. Allocates: no. Runs the tasks' `done`.
 */
EDDY_API void eddy_group_free(eddy_group *self);

/**
 * Spawn a task into the group.
 * @param self    group
 * @param future  as for eddy_spawn()
 * @return        as eddy_spawn(); EDDY_TASKS_FULL also at the group's limit; EDDY_CLOSED: the group
 *                is closing. On an error the future's `done` has run
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API int eddy_group_spawn(eddy_group *self, eddy_future *future);

/**
 * The same for a task whose result somebody wants: the join handle gets it, not the group.
 * @param self    group
 * @param future  as for eddy_spawn()
 * @param join    set to the join handle, owned by the caller; untouched on error
 * @return        as eddy_group_spawn()
 * Thread: loop. Allocates: from the loop's slab.
 */
EDDY_API int eddy_group_spawn_joinable(eddy_group *self, eddy_future *future, eddy_join **join);

/**
 * Wait until there is room for one more task. Several may wait; room is told in order.
 * @param self   group
 * @param task   current task; waits as "group: room"
 * @param place  the caller's place in the queue, all zero at first
 * @return       0: a spawn finds room as long as this poll lasts; EDDY_CLOSED: the group is closing;
 *               EDDY_PENDING; -ECANCELED
 * Dropping: the room goes to the next in line. Allocates: no. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_group_poll_room(eddy_group *self, eddy_task *task,
                                                         eddy_ticket *place);

/**
 * Wait until the group is closing: for those who feed it, beside what they wait for otherwise.
 * @param self   group
 * @param task   current task; waits as "group: closing"
 * @param place  the caller's place in the queue, all zero at first
 * @return       EDDY_CLOSED; EDDY_PENDING; -ECANCELED
 * Dropping: loses nothing. Allocates: no. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_group_poll_closing(eddy_group *self, eddy_task *task,
                                                            eddy_ticket *place);

/**
 * Wait for the next task to end, in a group that keeps results (asserted).
 * @param self   group
 * @param task   current task, one at a time; waits as "group: next"
 * @param ended  filled when the result is 1
 * @return       1: a task has ended; 0: none is left; EDDY_PENDING; -ECANCELED
 * Dropping: loses no result. Allocates: no. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_group_poll_next(eddy_group *self, eddy_task *task,
                                                         eddy_ended *ended);

/**
 * Wait until no task is left. Results that were not taken do not count.
 * @param self  group
 * @param task  current task, one at a time, beside eddy_group_poll_next(); waits as "group: idle"
 * @return      0; EDDY_PENDING; -ECANCELED
 * Dropping: loses nothing. Allocates: no. Thread: loop.
 */
EDDY_API EDDY_NODISCARD eddy_result eddy_group_poll_idle(eddy_group *self, eddy_task *task);

/**
 * Refuse new tasks from now on; those that are there go on. Who waits for room is told EDDY_CLOSED.
 * @param self  group
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_group_close(eddy_group *self);

/**
 * Ask every task to end, as eddy_join_cancel() does; those that have not after the grace time are
 * dropped, and counted as cut off. The group stays open unless it was closed.
 * @param self      group
 * @param grace_ns  nanoseconds; EDDY_FOREVER: never dropped
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_group_cancel(eddy_group *self, int64_t grace_ns);

/**
 * Drop every task now, as eddy_group_free() does; the group stays.
 * @param self  group
 * Thread: loop. Allocates: no. Runs the tasks' `done`.
 */
EDDY_API void eddy_group_abort(eddy_group *self);

/**
 * How many tasks it has.
 * @param self  group
 * @return      live tasks
 * Thread: loop. Allocates: no.
 */
EDDY_API size_t eddy_group_tasks(const eddy_group *self);

/**
 * Read the counters.
 * @param self    group
 * @param report  filled
 * Thread: loop. Allocates: no.
 */
EDDY_API void eddy_group_report_get(const eddy_group *self, eddy_group_report *report);

/**
 * The group that a task is in.
 * @param task  task
 * @return      group, borrowed; NULL: the loop's own
 * Thread: loop. Allocates: no.
 */
EDDY_API eddy_group *eddy_task_group(const eddy_task *task);

EDDY_EXTERN_C_END

#endif
