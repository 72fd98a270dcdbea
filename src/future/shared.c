/* SPDX-License-Identifier: MIT */
/*
 * shared.c - one future, many who wait. Three kinds of objects: the shared one, which is counted; the
 * frame of the task that polls the future, from the first wait on; and the futures that wait, each
 * with a reference.
 *
 * The shared one is a boxed future that nobody polls: so it goes by the walk that drops trees, and a
 * million of them, each waited for in the next, need no stack; and a failed one is the static future
 * that says why. Its task has no reference, or it would keep itself: with the last reference the task
 * is dropped, which may be later (when that happens inside its own poll), and then the task's `done`
 * is the end of the shared one.
 */
#include "eddy/shared.h"

#include "eddy/task.h"
#include "future/future.h"
#include "reactor/join.h"

struct eddy_shared {
    EDDY_FRAME;
    eddy_core *core;
    eddy_future *inner; /* boxed, a child; NULL: its task has it */
    eddy_join *join;    /* of its task, as long as that lives */
    eddy__node waiters; /* shared_wait.member of those that wait */
    eddy_result result; /* EDDY_PENDING: not yet */
    size_t refs;
};

struct shared_wait {
    EDDY_FRAME;
    eddy_shared *shared;
    eddy_waiter waiter;
    eddy__node member;
};

/* ---- the shared one ---- */

static const eddy_type shared_type = {
    .poll = NULL, /* nobody does */
    .done = eddy__done_nothing,
    .size_bytes = sizeof(eddy_shared),
    .name = "shared",
};

/* A static future in place of one: see eddy__future_failed(). */
static bool is_failed(const eddy_shared *self)
{
    return (((const eddy_future *)(const void *)self)->state & EDDY__FUTURE_STATIC) != 0;
}

static eddy_shared *failed(eddy_future *future)
{
    return (eddy_shared *)(void *)future;
}

eddy_shared *eddy_shared_new(eddy_future *future)
{
    eddy_core *core = eddy__future_core(future, "eddy_shared_new");
    eddy_shared *self;

    if (core == NULL)
        return failed(future);
    eddy__core_check(core, "eddy_shared_new");
    self = eddy__future_new(core, &shared_type);
    if (self == NULL) {
        self = failed(eddy__future_failed(core));
        eddy_future_drop(future);
        return self;
    }
    self->core = core;
    self->inner = future;
    self->result = EDDY_PENDING;
    self->refs = 1;
    eddy_future_adopt(&self->frame, future);
    eddy__list_init(&self->waiters);
    return self;
}

eddy_shared *eddy_shared_retain(eddy_shared *self)
{
    if (!is_failed(self)) {
        eddy__core_check(self->core, "eddy_shared_retain");
        self->refs++;
    }
    return self;
}

/* The task's end is ours, when there is a task. */
static void unref(eddy_shared *self)
{
    if (--self->refs > 0)
        return;
    if (self->join != NULL)
        eddy__join_drop_now(self->join); /* who let go may be about to free what it uses */
    else
        eddy_future_drop(&self->frame);
}

void eddy_shared_release(eddy_shared *self)
{
    if (self == NULL || is_failed(self))
        return;
    if (!self->core->gone)
        eddy__core_check(self->core, "eddy_shared_release");
    unref(self);
}

bool eddy_shared_peek(const eddy_shared *self, eddy_result *result)
{
    eddy_result now;

    if (is_failed(self))
        now = ((const eddy_future *)(const void *)self)->type->poll(NULL, NULL);
    else
        now = self->result;
    if (now != EDDY_PENDING && result != NULL)
        *result = now;
    return now != EDDY_PENDING;
}

/* Once; whoever comes later finds it. */
static void settle(eddy_shared *self, eddy_result result)
{
    if (self->result != EDDY_PENDING)
        return;
    self->result = result;
    while (!eddy__list_empty(&self->waiters)) {
        struct shared_wait *wait = EDDY__CONTAINER(self->waiters.next, struct shared_wait, member);

        eddy__list_remove(&wait->member);
        eddy_waiter_wake(&wait->waiter);
    }
}

/* ---- its task ---- */

struct runner {
    EDDY_FRAME;
    eddy_shared *shared;
    eddy_future *inner;
};

static eddy_result runner_poll(eddy_future *future, eddy_task *task)
{
    struct runner *self = (struct runner *)(void *)future;
    eddy_result result = eddy_future_poll_child(future, self->inner, task);

    if (result == EDDY_PENDING)
        return EDDY_PENDING;
    settle(self->shared, result);
    return 0; /* an error is told to those who wait, not to the hook of the loop */
}

static void runner_done(eddy_future *future)
{
    eddy_shared *shared = ((struct runner *)(void *)future)->shared;

    eddy_join_free(shared->join);
    shared->join = NULL;
    settle(shared, EDDY_DROPPED);
    if (shared->refs == 0)
        eddy_future_drop(&shared->frame);
}

static const eddy_type runner_type = {
    .poll = runner_poll,
    .done = runner_done,
    .size_bytes = sizeof(struct runner),
    .name = "shared",
};

static void start(eddy_shared *self)
{
    eddy_future *frame = EDDY_FUTURE(runner, .shared = self, .inner = self->inner);
    int error;

    eddy__future_disown(&self->frame, self->inner);
    eddy_future_adopt(frame, self->inner);
    self->inner = NULL;
    error = eddy_spawn_joinable(&self->core->handle, frame, &self->join);
    if (error != 0)
        self->result = error; /* in place of EDDY_DROPPED: nobody has seen that yet */
}

/* ---- those who wait ---- */

static const eddy_wait_type shared_wait_wait = {.why = "shared"};

static eddy_result wait_poll(eddy_future *future, eddy_task *task)
{
    struct shared_wait *self = (struct shared_wait *)(void *)future;
    eddy_shared *shared = self->shared;

    EDDY_ASSERT(task->core == shared->core,
                "task '%s' waits for a shared future of another loop: use eddy_remote_call",
                eddy_task_name(task));
    if (shared->inner != NULL)
        start(shared);
    if (shared->result == EDDY_PENDING) {
        eddy__list_remove(&self->member);
        eddy__list_append(&shared->waiters, &self->member);
        return eddy_waiter_park(&self->waiter, task, &shared_wait_wait);
    }
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    return shared->result;
}

/* The shared one itself, when nobody else has it. */
static eddy_future *wait_take_child(eddy_future *future)
{
    struct shared_wait *self = (struct shared_wait *)(void *)future;
    eddy_shared *shared = self->shared;

    if (shared == NULL || shared->refs > 1 || shared->join != NULL)
        return NULL;
    eddy__list_remove(&self->member);
    self->shared = NULL;
    return &shared->frame;
}

static void wait_done(eddy_future *future)
{
    struct shared_wait *self = (struct shared_wait *)(void *)future;

    eddy__list_remove(&self->member);
    if (self->shared != NULL)
        unref(self->shared);
}

static const eddy_type wait_type = {
    .poll = wait_poll,
    .done = wait_done,
    .size_bytes = sizeof(struct shared_wait),
    .name = "shared",
    .take_child = wait_take_child,
};

eddy_future *eddy_shared_wait(eddy_shared *self)
{
    struct shared_wait *wait;

    if (is_failed(self))
        return (eddy_future *)(void *)self;
    eddy__core_check(self->core, "eddy_shared_wait");
    wait = eddy__future_new(self->core, &wait_type);
    if (wait == NULL)
        return eddy__future_failed(self->core);
    wait->shared = self;
    eddy__list_init(&wait->member);
    self->refs++;
    return &wait->frame;
}
