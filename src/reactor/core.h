/* SPDX-License-Identifier: MIT */
/*
 * core.h - the inside of a loop: the structs that the reactor's files share, and what the layers
 * above it (time, net) may call. Everything here is of the loop's thread, but for the inbox.
 *
 * Who may touch what: turn.c runs tasks and waits, embed.c has another loop wait; task.c makes and
 * ends them; frame.c walks the trees of futures; waiter.c is the one place that produces
 * EDDY_PENDING; source.c is what the I/O objects stand on.
 */
#ifndef EDDY__CORE_H
#define EDDY__CORE_H

#include "base/assert.h"
#include "base/atomic.h"
#include "base/block.h"
#include "base/inbox.h"
#include "base/list.h"
#include "base/slab.h"
#include "base/ticks.h"
#include "base/wheel.h"
#include "driver/driver.h"
#include "eddy/async.h"
#include "eddy/core.h"
#include "eddy/error.h"
#include "eddy/task.h"
#include "eddy/why.h"
#include "reactor/branch.h"
#include "sys/thread.h"

/* ---- tasks ---- */

enum {
    EDDY__TASK_RUNNING = 1 << 0, /* being polled */
    EDDY__TASK_DOOMED = 1 << 1,  /* to be dropped as soon as it is possible */
    EDDY__TASK_ENDED = 1 << 2,   /* the main task: its future has a result */
    EDDY__TASK_MAIN = 1 << 3,    /* the future of eddy_core_run(); lives in the core */
    EDDY__TASK_ENDING = 1 << 4,  /* its tree is being ended */
    EDDY__TASK_ASKED = 1 << 5,   /* its group drops it when the grace time is over */
};

/* Who is told of a task's end, beside its join handle: a group. */
typedef struct eddy__owner {
    /* The tree is gone, the task is in no list. `joined`: a join handle has the result. True: the
     * owner keeps the task's memory, for eddy__task_free() later. */
    bool (*ended)(struct eddy__owner *self, eddy_task *task, eddy_result result, bool joined);
    /* The loop was full when it wanted a task, and is no longer. */
    void (*room)(struct eddy__owner *self);
    eddy__node hungry; /* in core->hungry, or alone */
} eddy__owner;

struct eddy_task {
    eddy__branch trunk; /* `ready`: in the run queue; `member`: in core->tasks */
    eddy_core *core;
    eddy_future *root;
    eddy_future *at;      /* innermost future being polled */
    eddy__branch *branch; /* the one it is in */
    const char *name;     /* NULL: the type's */
    eddy_join *join;
    eddy__owner *owner; /* NULL: the loop itself */
    eddy__node owned;   /* in a list of the owner's */
    eddy_failure *why;  /* the last error it was told; NULL: none yet */
    uint64_t id;
    union {
        int64_t spawned_ns;
        eddy_result result; /* of one that has ended and whose owner keeps it */
    };
    uint32_t polls;
    uint32_t budget;
    uint32_t memory_bytes; /* of the slab: this struct and the frame behind it */
    uint16_t state;
};

/* The note that was just left concerns a Unix socket of that name. */
void eddy__why_name(eddy_task *task, const eddy_unix_addr *name);
/* Put a task into the run queue. */
void eddy__task_wake(eddy_task *task);
/* eddy_spawn() for an owner: on success the task is not queued yet; eddy__task_wake() does that. */
int eddy__task_spawn(eddy_handle *handle, eddy_future *future, eddy__owner *owner, eddy_task **out);
/* The same for eddy_spawn_joinable(). */
int eddy__task_spawn_joinable(eddy_handle *handle, eddy_future *future, eddy__owner *owner,
                              eddy_join **join, eddy_task **out);
/* What an owner, a join handle or the hook is told. */
eddy_ended eddy__task_ended(const eddy_task *task, eddy_result result);
/* A result that nobody joined: an error is counted and goes to the hook. */
void eddy__task_report(eddy_core *core, const eddy_ended *ended);
/* The memory of a task that has ended. */
void eddy__task_free(eddy_task *task);
/* End it now, though another drop may be under way: for an owner that goes away. One that is being
 * polled or ended right now ends as soon as that is over. */
void eddy__task_drop_now(eddy_task *task);
/* It has a result: end it; the task is gone afterwards. */
void eddy__task_finish(eddy_task *task, eddy_result result);
/* End a task before its time; deferred when it is being polled or another drop is under way. */
void eddy__task_drop(eddy_task *task);
/* After a drop: carry out those that were asked for meanwhile. */
void eddy__task_drop_doomed(eddy_core *core);
void eddy__task_init(eddy_task *task, eddy_core *core, eddy_future *root);
/* The waits and children of the task's tree, then `done`; the tree's memory stays. */
void eddy__task_end_tree(eddy_task *task);

/* A leaf that is about to succeed spends one unit; false: it must return eddy__task_yield(). */
static inline bool eddy__task_spend(eddy_task *task)
{
    if (task->budget == 0)
        return false;
    task->budget--;
    return true;
}
/* Out of budget: poll the task again next turn. EDDY_PENDING. */
eddy_result eddy__task_yield(eddy_task *task) EDDY__COLD;

/* ---- futures (frame.c, box.c) ---- */

enum {
    EDDY__FUTURE_STARTED = 1 << 0,
    EDDY__FUTURE_ENDED = 1 << 1,
    EDDY__FUTURE_BOXED = 1 << 2,
    EDDY__FUTURE_STATIC = 1 << 3, /* never freed: what eddy_box() gives when memory is out */
    EDDY__FUTURE_LINKED = 1 << 4, /* in its parent's list of children */
    EDDY__FUTURE_OVER = 1 << 5,   /* a stream that has told its end */
    EDDY__FUTURE_APART = 1 << 6,  /* in a walk: it was polled in a branch that is closed */
    EDDY__FUTURE_SHIELD = 1 << 8, /* a count of 8 bits: shields it has put up */
};

/* In front of every boxed future: whose slab it came from. */
typedef struct eddy__box {
    eddy_core *core;
    size_t size_bytes;
} eddy__box;

/* A boxed future of the type, zero but for its head; NULL: no memory, or the loop is gone, and then
 * eddy__future_failed() says which. */
void *eddy__future_new(eddy_core *core, const eddy_type *type);
/* A future that fails at once; static. */
eddy_future *eddy__future_failed(const eddy_core *core);
/* The one that fails with -ENOMEM, or with EDDY_LOOP_GONE. */
eddy_future *eddy__future_failing(eddy_result error);
/* `done` of what owns nothing that is not a child. */
void eddy__done_nothing(eddy_future *self);
/* The loop of a boxed future, which was not polled yet (asserted); NULL: a failed one. */
eddy_core *eddy__future_core(const eddy_future *future, const char *verb);
void eddy__future_free_box(eddy_future *future);

/* Mark a root or child as polled: it must not move any more. */
void eddy__future_start(eddy_future *future);
/* Before each poll of a child: link it, if it is not, start it, if it is new, check it. */
void eddy__future_begin_child(eddy_future *parent, eddy_future *child);
/* A shield was put up, or taken away: those that are left go with the future. */
void eddy__future_count_shield(eddy_future *future, bool on);
/* Disarm what waits in a future and in all below it: it goes on living, polled by nobody. */
void eddy__future_disarm(eddy_future *future, eddy__branch *branch);
/* Trip an assertion when `future` has ended or was moved. */
void eddy__future_check(const eddy_future *future);
/* Drop children, disarm waits, run `done`, free boxes: the whole tree below and with `future`. */
void eddy__future_end(eddy_future *future, eddy_task *task);

/* ---- waiters (waiter.c) ---- */

/* Unlink and disarm every waiter of the branch armed by a future that lies in [from, from + size). */
void eddy__waiters_disarm(eddy__branch *branch, const void *from, size_t size);
/* The task that waits, for messages. */
const char *eddy__waiter_name(const eddy_waiter *self);
/* Is the task that waits the one being polled? */
bool eddy__waiter_is_polled(const eddy_waiter *self);
/* May what the task polls now take over an armed wait: is it the same branch, or one around or inside
 * the other? */
bool eddy__waiter_may_move(const eddy_waiter *self, const eddy_task *task);
/* eddy_waiter_wake() for callers that are known to be on the loop's thread. */
void eddy__waiter_wake(eddy_waiter *self);

/* ---- alarms: timers of the loop's own objects ---- */

enum { EDDY__TIMER_SLEEP, EDDY__TIMER_ALARM };

typedef struct eddy__alarm {
    eddy__timer timer;
    void (*fire)(struct eddy__alarm *self);
} eddy__alarm;

void eddy__alarm_init(eddy__alarm *self, void (*fire)(eddy__alarm *self));
void eddy__alarm_start(eddy_core *core, eddy__alarm *self, int64_t delay_ns);
void eddy__alarm_stop(eddy_core *core, eddy__alarm *self);

/* ---- sources: I/O objects (source.c) ---- */

typedef struct eddy__source eddy__source;

typedef struct eddy__source_type {
    const char *name;
    uint32_t size_bytes;
    /* Something happened: mark and wake, no user code. Not called for EDDY__ENDED. */
    void (*event)(eddy__source *self, const eddy__event *event);
    /* Once per turn, after tasks ran, for sources that asked for it: flush, put leftovers away. */
    void (*tend)(eddy__source *self);
    /* The driver has ended it (also at the end of the loop): release queues and what else it owns,
       in-flight bytes included; nothing can be sent any more. With core->gone, bytes never sent are
       added to core->stats.bytes_cut_off. The struct itself is freed by source.c when the user has
       given it back. */
    void (*ended)(eddy__source *self);
    /* Bytes were accepted that the kernel has not taken: the end of the loop waits a little for
       them. NULL: never. */
    bool (*busy)(const eddy__source *self);
    /* Something of the loop's has closed its descriptor; called only while
       core->descriptor_waiters > 0. NULL: not interested. */
    void (*descriptor_free)(eddy__source *self);
} eddy__source_type;

enum {
    EDDY__SOURCE_ATTACHED = 1 << 0, /* the driver knows it */
    EDDY__SOURCE_DETACHING = 1 << 1,
    EDDY__SOURCE_HELD = 1 << 2,   /* the user has it */
    EDDY__SOURCE_TENDED = 1 << 3, /* in core->attention */
    EDDY__SOURCE_LATER = 1 << 4,  /* wants attention when core->later fires */
    EDDY__SOURCE_ENDS = 1 << 5, /* it waits for a descriptor to attach, and is ended all the same */
    EDDY__SOURCE_OWN = 1 << 8,  /* from this bit on: the object's own */
};

/* First member of every I/O object. Its memory is the slab's and goes when the user has given it
 * back *and* the driver has ended it. */
struct eddy__source {
    eddy__slot slot;
    const eddy__source_type *type;
    eddy_core *core;
    eddy__node all;       /* in core->sources */
    eddy__node attention; /* in core->attention, or alone */
    uint32_t flags;
};

/* Zeroed memory of type->size_bytes, held by the user, not attached. NULL: no memory. */
eddy__source *eddy__source_new(eddy_core *core, const eddy__source_type *type);
/* Hand the descriptor to the driver. On error it is still the caller's. */
int eddy__source_attach(eddy__source *self, int fd, eddy__slot_kind kind);
/* Ask the driver to end it; once, harmless when not attached. One that is EDDY__SOURCE_ENDS ends in
 * this call. */
void eddy__source_detach(eddy__source *self);
/* The user gives it back; with the driver's end the memory goes. Call detach too, now or later. */
void eddy__source_release(eddy__source *self);
/* What the driver told; then the sources that asked to be tended. */
void eddy__source_deliver(eddy_core *core, const eddy__event *events, int count);
void eddy__source_tend_all(eddy_core *core);
/* Have `tend` called at the end of this turn. */
static inline void eddy__source_attend(eddy__source *self);
/* Have it called in a while: what it was to do lacked memory. Needs none itself. */
void eddy__source_attend_later(eddy__source *self) EDDY__COLD;
void eddy__source_later_init(eddy_core *core);

/* ---- the loop ---- */

struct eddy_handle {
    eddy_core *core;
};

/* Counts what the loop takes from the user's allocator. */
typedef struct eddy__counted {
    eddy_allocator counting; /* what the loop's parts use */
    eddy_allocator inner;
    uint64_t calls;
    uint64_t bytes;
} eddy__counted;

struct eddy_core {
    eddy_handle handle;
    eddy__driver *driver;
    eddy__sim *sim;       /* the simulated world it is in; NULL: on the kernel */
    eddy__node ready;     /* tasks to be polled */
    eddy__node attention; /* sources to be tended at the end of the turn */
    bool quiet;     /* outside of a turn, with nothing to do, in another loop that waits for us */
    int64_t now_ns; /* read after the last wait or job; for expiry, and as the tasks' start */
    uint64_t now_ticks; /* the processor's counter, just after that */
    eddy__wheel wheel;
    int64_t read_ns;      /* the clock when it was read last for the start of a timer */
    uint64_t read_ticks;  /* the processor's counter, just before that */
    uint64_t slack_ticks; /* counted since: as long as that is far less than a tick of the wheel */
    eddy_task main;
    eddy_result main_result;
    eddy__node tasks;
    eddy__node hungry; /* owners that wait until it has fewer tasks */
    eddy__node sources;
    eddy__alarm later;                 /* runs while a source wants attention later */
    eddy__pool pool;                   /* received bytes, and every piece */
    eddy__pool cork_pool;              /* small writes are copied into its blocks */
    eddy__block *cork;                 /* the block being filled, shared by all streams */
    unsigned char *cork_at, *cork_end; /* its room; NULL without a cork */
    eddy__slab slab;
    eddy__counted memory;
    eddy__inbox *inbox; /* NULL until another thread can know us */
    int wake_fd;        /* -1: simulated, nobody sleeps in a kernel */
    eddy_core_options options;
    const char *driver_reason;
    eddy_core_stats stats;
    uint64_t next_id;
    uint64_t draws;              /* taken by eddy__branches_draw() */
    uint32_t external_waits;     /* waiters armed whose type is external */
    uint32_t descriptor_waiters; /* sources that would like to hear of a free descriptor */
    uint32_t drops;              /* drops under way: they nest as groups do */
    bool doomed;                 /* some task waits for its drop */
    bool running;                /* inside run or turn */
    bool embedded;               /* another loop drives it (embed.c) */
    bool of_world;               /* a world makes and ends it */
    bool gone;                   /* being freed, or freed while objects are held */
    eddy__thread owner;          /* zero: nobody has run it yet */
    uint32_t fork_generation;
    eddy__atomic_u32 memory_refs;   /* the core and every object the user holds */
    eddy_core *next_owned;          /* in the list of its thread's loops */
    const eddy__driver_type *inner; /* embedded: the driver's own operations */
    eddy__driver_type outer;        /* the same, which also tell the other loop */
    char deadlock[256];             /* what the future of run() waited for */
};

/* The loop's thread, not forked: asserted. `verb`: the public function, for the message. */
void eddy__core_check(const eddy_core *core, const char *verb);
void eddy__core_memory_retain(eddy_core *core);
void eddy__core_memory_release(eddy_core *core);
/* Memory of the slab back; also after the loop is gone, from any thread. */
void eddy__core_object_free(eddy_core *core, void *memory, size_t size);
/* True on the thread that owns the loop with this inbox. */
bool eddy__core_is_mine(const eddy__inbox *inbox);
/* The loop is no longer this thread's, if it was. */
void eddy__core_disown(eddy_core *core);
/* The inbox, made at first use; NULL: no memory. */
eddy__inbox *eddy__core_inbox(eddy_core *core);
/* eddy_core_new() on a simulated host (NULL: what the options and the environment say). */
int eddy__core_new(const eddy_core_options *options, eddy__sim_host *host, eddy_core **out);
/* eddy_core_free() of a loop whose host has crashed: nothing is sent or waited for any more. */
void eddy__core_crash(eddy_core *core);
/* What remains of it when all that it did has ended (core.c). */
void eddy__core_drop_wakefd(eddy_core *core);
void eddy__core_drop_parts(eddy_core *core);
/* The loop is this thread's from now on. */
void eddy__core_own(eddy_core *core);
/* Around each run and turn. `verb`: the public function, for messages. */
void eddy__core_enter(eddy_core *core, const char *verb);
void eddy__core_leave(eddy_core *core);
/* embed.c: tell the loop around this one that there is work; to be called when core->quiet. */
void eddy__core_stir(eddy_core *core) EDDY__COLD;
/* The same, or when there will be. */
void eddy__core_settle(eddy_core *core) EDDY__COLD;
/* Would a turn that does not wait do anything now? */
bool eddy__core_is_ready(eddy_core *core);
/* When its next timer is due, by its own clock; EDDY_FOREVER: never. */
int64_t eddy__core_next_ns(const eddy_core *core);
/* simulated.c: what is left to chance in a turn, and told of it. */
uint32_t eddy__simulated_budget(eddy_core *core) EDDY__COLD;
void eddy__simulated_trace(const eddy_core *core, const eddy_task *task,
                           eddy_result result) EDDY__COLD;
void eddy__simulated_shuffle(eddy_core *core, eddy__node *batch) EDDY__COLD;
/* turn.c: one pass of tending, waiting and delivering. */
int eddy__core_wait(eddy_core *core, int64_t deadline_ns);
/* Jobs and wakes of other threads; then timers. */
void eddy__core_begin_turn(eddy_core *core);
/* remote.c: run or drop what came by the inbox. */
void eddy__core_run_jobs(eddy_core *core, uint32_t max);
void eddy__core_drop_jobs(eddy_core *core);
/* dump.c: what one task waits for, as text. */
void eddy__task_describe(const eddy_task *task, int64_t now_ns, char *text, size_t size);

/* ---- what is on the way of every byte, inline ---- */

/* eddy__source_attend() while events are delivered: no other loop waits for us then. */
static inline void eddy__source_attend_told(eddy__source *self)
{
    if ((self->flags & EDDY__SOURCE_TENDED) != 0)
        return;
    self->flags |= EDDY__SOURCE_TENDED;
    eddy__list_append(&self->core->attention, &self->attention);
}

/* Is it a task's trunk that is not queued yet? */
static inline bool eddy__branch_is_idle_trunk(const eddy__branch *self)
{
    return self->set == NULL && (self->state & (EDDY__BRANCH_QUEUED | EDDY__BRANCH_CLOSED)) == 0;
}

/* Put the task of an idle trunk into the run queue. */
static inline void eddy__branch_queue_trunk(eddy__branch *self)
{
    eddy_core *core = self->core;

    self->state |= EDDY__BRANCH_QUEUED;
    core->stats.wakes++;
    eddy__list_append(&core->ready, &self->ready);
    if (core->quiet)
        eddy__core_stir(core);
}

/* eddy__branch_wake(), inline where the branch is a task's trunk. */
static inline void eddy__branch_wake_here(eddy__branch *self)
{
    if (eddy__branch_is_idle_trunk(self))
        eddy__branch_queue_trunk(self);
    else
        eddy__branch_wake(self);
}

static inline eddy__node *eddy__waiter_link(eddy_waiter *self)
{
    return (eddy__node *)(void *)&self->in_branch;
}

/* One that is not armed waits for what is being polled. */
static inline void eddy__waiter_arm(eddy_waiter *self, eddy_task *task, const eddy_wait_type *type)
{
    eddy__branch *branch = task->branch;

    eddy__list_append(&branch->waits, eddy__waiter_link(self));
    self->branch = branch;
    self->type = type;
    self->frame = task->at;
    branch->core->external_waits += type->external;
}

/* One that is armed waits no more. */
static inline void eddy__waiter_disarm(eddy_waiter *self)
{
    self->branch->core->external_waits -= self->type->external;
    eddy__list_take(eddy__waiter_link(self));
    self->branch = NULL;
}

/* eddy_waiter_park(), inline where nothing stands in the way. */
static inline eddy_result eddy__waiter_park(eddy_waiter *self, eddy_task *task,
                                            const eddy_wait_type *type)
{
    if (self->branch != NULL || task->branch->asked != 0 || (task->state & EDDY__TASK_RUNNING) == 0)
        return eddy_waiter_park(self, task, type);
    eddy__waiter_arm(self, task, type);
    return EDDY_PENDING;
}

/* A point of time and a duration; beyond the end of the clock it is EDDY_FOREVER. */
static inline int64_t eddy__time_add(int64_t when_ns, int64_t duration_ns)
{
    return duration_ns > 0 && when_ns > INT64_MAX - duration_ns ? EDDY_FOREVER
                                                                : when_ns + duration_ns;
}

static inline int64_t eddy__core_now(eddy_core *core)
{
    return core->driver->type->now(core->driver);
}

static inline void eddy__core_read_clock(eddy_core *core)
{
    core->now_ns = eddy__core_now(core);
    core->now_ticks = eddy__ticks();
}

static inline void eddy__source_attend(eddy__source *self)
{
    if ((self->flags & EDDY__SOURCE_TENDED) != 0)
        return;
    eddy__source_attend_told(self);
    if (self->core->quiet)
        eddy__core_stir(self->core);
}

/* A time that is now, or a little later: by far less than a tick of the wheel, so that what is started
 * by it does not fire early, and hardly later. Each reading of the clock is good for some thousand
 * counts of the processor, of which two nanoseconds are more than each takes. */
static inline int64_t eddy__core_soon(eddy_core *core)
{
    uint64_t ticks = eddy__ticks();

    if (ticks - core->read_ticks < core->slack_ticks && core->sim == NULL)
        return core->read_ns + 2 * (int64_t)(ticks - core->read_ticks);
    core->read_ticks = ticks;
    core->read_ns = eddy__core_now(core);
    return core->read_ns;
}

/* eddy__core_check(), inline where all is well. */
static inline void eddy__core_check_here(const eddy_core *core, const char *verb)
{
    if (core->fork_generation != eddy__fork_generation || !eddy__thread_is_self(&core->owner))
        eddy__core_check(core, verb);
}

/* eddy_waiter_clear(), inline. */
static inline void eddy__waiter_clear(eddy_waiter *self)
{
    if (self->branch != NULL)
        eddy__waiter_disarm(self);
}

#endif
