/* SPDX-License-Identifier: MIT */
/*
 * signal.c - waiting for a signal. The handler counts, and wakes who waits.
 *
 * Which order pairs with which: the handler adds to `came`, then loads `target`; who waits stores
 * `target`, then loads `came`; all four seq_cst. In their single order either the load of `target`
 * comes after the store, and the wake goes where somebody waits; or the load of `came` comes after the
 * addition, and nobody goes to sleep.
 *
 * Is a wake allowed in a signal handler? What it does is in base/inbox.c and base/wakes.c: loads,
 * compare-and-swap, and fetch-and-add on words that are lock-free (asserted below), and write(2) to the
 * loop's eventfd, which POSIX allows; no lock, no allocation, no other library's function. Interrupted
 * in the middle of a wake of its own, a thread has either not yet marked the slot, and then the handler
 * does, and the thread finds it marked; or it has, and will put it in the queue itself. Interrupted in
 * the middle of the loop's side, the same holds as for a wake of another thread. The inbox is not freed
 * meanwhile: the listener has a reference, which it gives back when no handler looks at it any more.
 */
#include "signal/signal.h"

#include <errno.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_POINTER_LOCK_FREE == 2,
               "a handler may only use atomics without locks");

static const eddy_wait_type signal_wait = {"signal", NULL, true};

static void signal_came(eddy__signal_listener *listener)
{
    eddy_signal *self = EDDY__CONTAINER(listener, eddy_signal, listener);
    uint64_t target;

    eddy__atomic_fetch_add(&self->came, 1, memory_order_seq_cst);    /* eddy_signal_poll */
    target = eddy__atomic_load(&self->target, memory_order_seq_cst); /* aim */
    if (target != 0)
        (void)eddy__inbox_wake(self->inbox, (uint32_t)(target >> 32), (uint32_t)target);
}

static eddy_signal *new_signal(eddy_core *core, eddy__inbox *inbox, int signum)
{
    eddy_signal *self = eddy__slab_alloc(&core->slab, sizeof *self);

    if (self == NULL)
        return NULL;
    eddy__core_memory_retain(core);
    eddy__inbox_retain(inbox);
    self->listener = (eddy__signal_listener){.came = signal_came, .number = signum};
    self->core = core;
    self->inbox = inbox;
    eddy__atomic_init(&self->came, 0);
    eddy__atomic_init(&self->target, 0);
    return self;
}

static void free_signal(eddy_signal *self)
{
    eddy_core *core = self->core;

    eddy__inbox_release(self->inbox);
    eddy__core_object_free(core, self, sizeof *self);
    eddy__core_memory_release(core);
}

int eddy_signal_new(eddy_handle *handle, int signum, eddy_signal **signal)
{
    eddy_core *core = handle->core;
    eddy__inbox *inbox;
    eddy_signal *self;
    int error;

    eddy__core_check(core, "eddy_signal_new");
    if (core->gone)
        return EDDY_LOOP_GONE;
    inbox = eddy__core_inbox(core);
    self = inbox != NULL ? new_signal(core, inbox, signum) : NULL;
    if (self == NULL)
        return -ENOMEM;
    error = eddy__signals_add(&self->listener, core->sim != NULL);
    if (error != 0) {
        free_signal(self);
        return error;
    }
    *signal = self;
    return 0;
}

void eddy_signal_free(eddy_signal *self)
{
    if (self == NULL)
        return;
    if (self->waiter.branch != NULL) {
        EDDY_ASSERT(self->core->gone || eddy__waiter_is_polled(&self->waiter),
                    "signal %d is freed while task '%s' waits for it", self->listener.number,
                    eddy__waiter_name(&self->waiter));
        eddy_waiter_clear(&self->waiter);
    }
    if (!self->core->gone)
        eddy__core_check(self->core, "eddy_signal_free");
    eddy__signals_remove(&self->listener);
    free_signal(self);
}

/* The handler wakes the branch that is being polled, from now on. */
static int aim(eddy_signal *self, eddy_task *task)
{
    eddy_waker waker;
    int error = eddy_task_waker(task, &waker);

    if (error != 0)
        return error;
    eddy__atomic_store(&self->target, (uint64_t)waker.slot << 32 | waker.generation,
                       memory_order_seq_cst); /* signal_came */
    eddy_waker_release(&waker);               /* the listener has a reference of its own */
    return 0;
}

static eddy_result tell(eddy_signal *self, eddy_task *task)
{
    if (!eddy__task_spend(task))
        return eddy__task_yield(task);
    eddy_waiter_clear(&self->waiter);
    /* Relaxed: the count is all that the handler hands over. */
    return (eddy_result)eddy__atomic_exchange(&self->came, 0, memory_order_relaxed);
}

eddy_result eddy_signal_poll(eddy_signal *self, eddy_task *task)
{
    int error = 0;

    EDDY_ASSERT(task->core == self->core, "task '%s' waits for signal %d on another loop's object",
                eddy_task_name(task), self->listener.number);
    if (self->waiter.branch != task->branch)
        error = aim(self, task);
    if (error != 0)
        return error;
    if (eddy__atomic_load(&self->came, memory_order_seq_cst) > 0) /* signal_came */
        return tell(self, task);
    return eddy_waiter_park(&self->waiter, task, &signal_wait);
}

int eddy_signal_number(const eddy_signal *self)
{
    return self->listener.number;
}

static bool is_of_loop(const eddy__signal_listener *listener, const void *core)
{
    return EDDY__CONTAINER(listener, const eddy_signal, listener)->core == core;
}

uint32_t eddy_signal_raise(eddy_handle *handle, int signum)
{
    eddy__core_check(handle->core, "eddy_signal_raise");
    return eddy__signals_raise(signum, is_of_loop, handle->core);
}
