/* SPDX-License-Identifier: MIT */
/*
 * libuv.c - the in-process figures of libuv. A task is an idle handle that is closed at its second
 * call, the nearest thing that libuv has.
 */
#include <stdlib.h>
#include <uv.h>

#include "micro.h"

static uv_loop_t loop;
static uv_timer_t *timers;
static uint64_t *due_ns;

/* ---- timers ---- */

static void on_nothing(uv_timer_t *timer)
{
    (void)timer; /* it is stopped before its time */
}

static void init_timers(void)
{
    timers = micro_memory(TIMERS, sizeof *timers);
    for (int i = 0; i < TIMERS; i++)
        uv_timer_init(&loop, &timers[i]);
}

static void start_and_cancel(void)
{
    const uint32_t *order = micro_shuffled(TIMERS);
    uint64_t start_ns = micro_thread_ns();

    for (int i = 0; i < TIMERS; i++)
        uv_timer_start(&timers[i], on_nothing, START_MIN_MS + micro_random() % START_SPAN_MS, 0);
    micro_print_since("timer_start_1M", start_ns, TIMERS);
    micro_check(uv_loop_alive(&loop) != 0, "timers that run");
    start_ns = micro_thread_ns();
    for (int i = 0; i < TIMERS; i++)
        uv_timer_stop(&timers[order[i]]);
    micro_print_since("timer_cancel_1M", start_ns, TIMERS);
    micro_check(uv_loop_alive(&loop) == 0, "timers that were stopped");
}

static void rearm(void)
{
    uint64_t start_ns;

    for (int i = 0; i < TIMERS_LIVE; i++)
        uv_timer_start(&timers[i], on_nothing, REARM_MS + micro_random() % REARM_SPAN_MS, 0);
    start_ns = micro_thread_ns();
    for (uint64_t i = 0; i < TIMERS; i++)
        uv_timer_start(&timers[micro_random() % TIMERS_LIVE], on_nothing, REARM_MS + i / 1000, 0);
    micro_print_since("timer_rearm_10k", start_ns, TIMERS);
    for (int i = 0; i < TIMERS_LIVE; i++)
        uv_timer_stop(&timers[i]);
}

static void run_timers(void)
{
    init_timers();
    start_and_cancel();
    rearm();
}

static void on_fired(uv_timer_t *timer)
{
    (void)micro_fired(due_ns[timer - timers]);
}

static void run_fire(void)
{
    uint64_t base_ns, start_ns;

    init_timers();
    due_ns = micro_memory(TIMERS, sizeof *due_ns);
    uv_update_time(&loop);
    base_ns = micro_now_ns();
    for (int i = 0; i < TIMERS; i++) {
        uint64_t delay_ms = FIRE_MIN_MS + micro_random() % FIRE_SPAN_MS;

        due_ns[i] = base_ns + delay_ms * 1000000;
        uv_timer_start(&timers[i], on_fired, delay_ms, 0);
    }
    start_ns = micro_thread_ns();
    uv_run(&loop, UV_RUN_DEFAULT);
    micro_print_fired(start_ns);
}

/* ---- tasks ---- */

struct work {
    uv_idle_t idle;
    int calls;
};

static unsigned works_live;
static uint64_t works_ended;

static void on_closed(uv_handle_t *handle)
{
    free(handle);
    works_live--;
    works_ended++;
}

static void on_idle(uv_idle_t *idle)
{
    struct work *self = (struct work *)idle;

    if (++self->calls == 2)
        uv_close((uv_handle_t *)idle, on_closed);
}

static void spawn_work(void)
{
    struct work *self = malloc(sizeof *self);

    micro_check(self != NULL, "memory");
    self->calls = 0;
    uv_idle_init(&loop, &self->idle);
    uv_idle_start(&self->idle, on_idle);
}

static void run_spawn(void)
{
    uint64_t start_ns = micro_thread_ns();

    for (int i = 0; i < TASKS / BATCH; i++) {
        for (works_live = 0; works_live < BATCH; works_live++)
            spawn_work();
        while (works_live > 0)
            uv_run(&loop, UV_RUN_NOWAIT);
    }
    micro_print_since("spawn_yield", start_ns, TASKS);
    micro_check(works_ended == TASKS, "tasks that ended");
}

/* ---- threads ---- */

static uv_async_t async;

static void on_async(uv_async_t *self)
{
    (void)self;
    if (micro_queue_receive())
        uv_stop(&loop);
}

static void wake(void)
{
    uv_async_send(&async);
}

static void run_until_stopped(void)
{
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void run_threads(void)
{
    uv_async_init(&loop, &async, on_async);
    micro_queue_threads(wake, run_until_stopped);
}

int main(int argc, char **argv)
{
    static const micro_group groups[] = {
        {"timers", run_timers},   {"fire", run_fire}, {"spawn", run_spawn},
        {"threads", run_threads}, {NULL, NULL},
    };

    uv_loop_init(&loop);
    return micro_main(argc, argv, groups);
}
