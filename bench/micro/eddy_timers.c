/* SPDX-License-Identifier: MIT */
/*
 * eddy_timers.c - timers: a million that are started and cancelled, some that are put off again and
 * again as idle limits are, and a million tasks that sleep until some time within one second.
 */
#include "eddy.h"

/* ---- start, cancel, re-arm ---- */

struct timers {
    EDDY_FRAME;
    eddy_sleep *sleeps;
    const uint32_t *order;
};

static int64_t random_ms(int64_t min_ms, uint64_t span_ms)
{
    return (min_ms + (int64_t)(micro_random() % span_ms)) * EDDY_MILLISECOND;
}

/* Started and waited for: it is the first poll that arms a timer. */
static bool start(eddy_sleep *sleep, eddy_task *task, int64_t delay_ns)
{
    eddy_sleep_start(sleep, task, delay_ns);
    return eddy_sleep_poll(sleep, task) == EDDY_PENDING;
}

static void start_and_cancel(struct timers *self, eddy_task *task)
{
    uint64_t started = 0, start_ns = micro_thread_ns();

    for (int i = 0; i < TIMERS; i++)
        started += start(&self->sleeps[i], task, random_ms(START_MIN_MS, START_SPAN_MS));
    micro_print_since("timer_start_1M", start_ns, TIMERS);
    micro_check(started == TIMERS, "timers that run");
    start_ns = micro_thread_ns();
    for (int i = 0; i < TIMERS; i++)
        eddy_sleep_stop(&self->sleeps[self->order[i]], task);
    micro_print_since("timer_cancel_1M", start_ns, TIMERS);
}

static void rearm(struct timers *self, eddy_task *task)
{
    uint64_t start_ns;

    for (int i = 0; i < TIMERS_LIVE; i++)
        (void)start(&self->sleeps[i], task, random_ms(REARM_MS, REARM_SPAN_MS));
    start_ns = micro_thread_ns();
    for (int64_t i = 0; i < TIMERS; i++)
        eddy_sleep_start(&self->sleeps[micro_random() % TIMERS_LIVE], task,
                         (REARM_MS + i / 1000) * EDDY_MILLISECOND);
    micro_print_since("timer_rearm_10k", start_ns, TIMERS);
    for (int i = 0; i < TIMERS_LIVE; i++)
        eddy_sleep_stop(&self->sleeps[i], task);
}

EDDY_ASYNC(timers, eddy_nothing)
{
    EDDY_BEGIN
        start_and_cancel(self, task);
        rearm(self, task);
        EDDY_END(0);
}

static uint64_t timers_live(eddy_core *core)
{
    eddy_core_stats stats;

    eddy_core_stats_get(core, &stats);
    return stats.timers_live;
}

void eddy_run_timers(void)
{
    eddy_core *core = new_core(0);
    eddy_sleep *sleeps = micro_memory(TIMERS, sizeof *sleeps);

    run_one(core, EDDY_FUTURE(timers, .sleeps = sleeps, .order = micro_shuffled(TIMERS)));
    micro_check(timers_live(core) == 0, "timers that were stopped");
    eddy_core_free(core);
}

/* ---- fire ---- */

struct fire {
    EDDY_FRAME;
    uint64_t spawned, armed, start_ns;
    int64_t base_ns;
    struct latch fired;
};

struct alarm {
    EDDY_FRAME;
    struct fire *all;
    int64_t due_ns;
    eddy_sleep sleep;
};
EDDY_ASYNC(alarm, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        eddy_sleep_start_at(&self->sleep, task, self->due_ns);
        self->all->armed++;
        EDDY_POLL(n, eddy_sleep_poll(&self->sleep, task));
        (void)micro_fired((uint64_t)self->due_ns);
        latch_count_down(&self->all->fired);
        EDDY_END(n);
}

EDDY_ASYNC(fire, eddy_nothing)
{
    eddy_result n;

    EDDY_BEGIN
        self->fired.left = TIMERS;
        self->base_ns = eddy_now_ns(eddy_task_handle(task));
        for (int i = 0; i < TIMERS; i++)
            spawn(eddy_task_handle(task),
                  EDDY_FUTURE(alarm, .all = self,
                              .due_ns = self->base_ns + random_ms(FIRE_MIN_MS, FIRE_SPAN_MS)));
        while (self->armed < TIMERS)
            EDDY_YIELD();
        micro_check(self->fired.left == TIMERS, "a timer fired before all were armed");
        self->start_ns = micro_thread_ns();
        EDDY_POLL(n, latch_poll(&self->fired, task));
        micro_print_fired(self->start_ns);
        EDDY_END(n);
}

void eddy_run_fire(void)
{
    eddy_core *core = new_core(TIMERS + 1);

    run_one(core, EDDY_FUTURE(fire));
    eddy_core_free(core);
}
