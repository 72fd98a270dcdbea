/* SPDX-License-Identifier: MIT */
/*
 * core_end.c - the end of a loop: its jobs, its tasks, what its streams still hold, its sources,
 * its driver, in this order. See eddy_core_free() for what a user may rely on, core.c for the rest
 * of a loop's life.
 */
#include "eddy/time.h"
#include "reactor/core.h"

#define LAST_FLUSH_NS (100 * EDDY_MILLISECOND)
#define RUN_DOWN_NS   EDDY_SECOND
#define EVENTS_MAX    64

static void drop_tasks(eddy_core *core)
{
    while (!eddy__list_empty(&core->tasks))
        eddy__task_drop(EDDY__CONTAINER(core->tasks.next, eddy_task, trunk.member));
}

static bool any_busy(const eddy_core *core)
{
    EDDY__LIST_FOR_EACH (node, &core->sources) {
        const eddy__source *source = EDDY__CONTAINER(node, eddy__source, all);

        if (source->type->busy != NULL && (source->flags & EDDY__SOURCE_ATTACHED) != 0 &&
            source->type->busy(source))
            return true;
    }
    return false;
}

static bool any_attached(const eddy_core *core)
{
    EDDY__LIST_FOR_EACH (node, &core->sources)
        if ((EDDY__CONTAINER(node, eddy__source, all)->flags & EDDY__SOURCE_ATTACHED) != 0)
            return true;
    return false;
}

static int wait_once(eddy_core *core, int64_t deadline_ns)
{
    eddy__event events[EVENTS_MAX];
    int count;

    eddy__source_tend_all(core);
    EDDY__LIST_FOR_EACH (node, &core->sources) /* what was sent is what is waited for */
        EDDY__CONTAINER(node, eddy__source, all)->slot.sent_late = false;
    count = core->driver->type->wait(core->driver, deadline_ns, events, EVENTS_MAX);
    if (count > 0)
        eddy__source_deliver(core, events, count);
    return count < 0 ? count : 0;
}

/* Wait, no longer than `most_ns`, while `pending` holds. */
static void run_down(eddy_core *core, int64_t most_ns, bool (*pending)(const eddy_core *core))
{
    int64_t until_ns = eddy__time_add(eddy__core_now(core), most_ns);
    int64_t wait_ns = 0;

    while (pending(core) && eddy__core_now(core) < until_ns && wait_once(core, wait_ns) == 0)
        wait_ns = until_ns;
}

static void end_sources(eddy_core *core)
{
    run_down(core, LAST_FLUSH_NS, any_busy);
    EDDY__LIST_FOR_EACH_SAFE (node, next, &core->sources)
        eddy__source_detach(EDDY__CONTAINER(node, eddy__source, all));
    run_down(core, RUN_DOWN_NS, any_attached);
}

/* Not by the driver's events: what it did not end (broken, or another thread's) ends here. */
static void forget_sources(eddy_core *core)
{
    while (!eddy__list_empty(&core->sources)) {
        eddy__source *source = EDDY__CONTAINER(core->sources.next, eddy__source, all);

        eddy__list_remove(&source->all);
        eddy__list_remove(&source->attention);
        if ((source->flags & (EDDY__SOURCE_ATTACHED | EDDY__SOURCE_ENDS)) != 0) {
            source->type->ended(source);
            source->flags &= ~(uint32_t)(EDDY__SOURCE_ATTACHED | EDDY__SOURCE_ENDS);
        }
        if ((source->flags & EDDY__SOURCE_HELD) == 0)
            eddy__core_object_free(core, source, source->type->size_bytes);
    }
}

static void close_inbox(eddy_core *core)
{
    if (core->inbox == NULL)
        return;
    eddy__inbox_close(core->inbox);
    eddy__core_drop_jobs(core);
}

static bool is_foreign(const eddy_core *core)
{
    if (core->fork_generation != eddy__fork_generation)
        return true;
    if (core->owner.token == 0 || eddy__thread_is_self(&core->owner))
        return false;
    EDDY_ASSERT(eddy__thread_ended(&core->owner),
                "eddy_core_free is called off the loop's thread, which still lives");
    return true;
}

/* Everything that happens to it happens at this moment. */
static void cut_sources(eddy_core *core)
{
    EDDY__LIST_FOR_EACH_SAFE (node, next, &core->sources)
        eddy__source_detach(EDDY__CONTAINER(node, eddy__source, all));
    while (any_attached(core) && wait_once(core, 0) == 0)
        continue;
}

/* `end`: what becomes of the sources. */
static uint64_t end_core(eddy_core *core, bool foreign, void (*end)(eddy_core *core))
{
    uint64_t cut_off;

    eddy__core_disown(core);
    core->owner = eddy__thread_self();
    core->fork_generation = eddy__fork_generation;
    core->gone = true;
    core->embedded = core->quiet = false;
    close_inbox(core);
    drop_tasks(core);
    if (!foreign)
        end(core);
    core->driver->type->close(core->driver, foreign);
    forget_sources(core);
    if (core->cork != NULL)
        eddy__block_release(core->cork);
    cut_off = core->stats.bytes_cut_off;
    if (core->inbox != NULL)
        eddy__inbox_release(core->inbox);
    else
        eddy__core_drop_wakefd(core);
    core->inbox = NULL;
    eddy__core_drop_parts(core);
    return cut_off;
}

uint64_t eddy_core_free(eddy_core *core)
{
    bool foreign;

    if (core == NULL)
        return 0;
    EDDY_ASSERT(!core->of_world,
                "eddy_core_free is called for the core of a simulated host: its world ends it");
    foreign = is_foreign(core);
    EDDY_ASSERT(!core->running, "eddy_core_free is called inside a run of the same loop");
    return end_core(core, foreign, end_sources);
}

void eddy__core_crash(eddy_core *core)
{
    (void)end_core(core, false, cut_sources);
}
