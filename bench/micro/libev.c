/* SPDX-License-Identifier: MIT */
/*
 * libev.c - the in-process figures of libev. A task is a watcher that is fed with an event, and once
 * more from its own callback.
 */
#include <ev.h>
#include <stdlib.h>

#include "micro.h"

static struct ev_loop *loop;
static ev_timer *timers;
static uint64_t *due_ns;

/* ---- timers ---- */

static double seconds(uint64_t ms)
{
    return (double)ms / 1e3;
}

static void on_nothing(struct ev_loop *of, ev_timer *timer, int events)
{
    (void)of, (void)timer, (void)events; /* it is stopped before its time */
}

static void start_and_cancel(void)
{
    const uint32_t *order = micro_shuffled(TIMERS);
    uint64_t start_ns = micro_thread_ns();

    for (int i = 0; i < TIMERS; i++) {
        ev_timer_init(&timers[i], on_nothing,
                      seconds(START_MIN_MS + micro_random() % START_SPAN_MS), 0);
        ev_timer_start(loop, &timers[i]);
    }
    micro_print_since("timer_start_1M", start_ns, TIMERS);
    start_ns = micro_thread_ns();
    for (int i = 0; i < TIMERS; i++)
        ev_timer_stop(loop, &timers[order[i]]);
    micro_print_since("timer_cancel_1M", start_ns, TIMERS);
    for (int i = 0; i < TIMERS; i++)
        micro_check(!ev_is_active(&timers[i]), "timers that were stopped");
}

/* ev_timer_again() is what libev has for timeouts that are put off. */
static void rearm(void)
{
    uint64_t start_ns;

    for (int i = 0; i < TIMERS_LIVE; i++) {
        ev_timer_init(&timers[i], on_nothing, 0,
                      seconds(REARM_MS + micro_random() % REARM_SPAN_MS));
        ev_timer_again(loop, &timers[i]);
    }
    start_ns = micro_thread_ns();
    for (uint64_t i = 0; i < TIMERS; i++) {
        ev_timer *timer = &timers[micro_random() % TIMERS_LIVE];

        timer->repeat = seconds(REARM_MS + i / 1000);
        ev_timer_again(loop, timer);
    }
    micro_print_since("timer_rearm_10k", start_ns, TIMERS);
    for (int i = 0; i < TIMERS_LIVE; i++)
        ev_timer_stop(loop, &timers[i]);
}

static void run_timers(void)
{
    timers = micro_memory(TIMERS, sizeof *timers);
    start_and_cancel();
    rearm();
}

static void on_fired(struct ev_loop *of, ev_timer *timer, int events)
{
    (void)of, (void)events;
    (void)micro_fired(due_ns[timer - timers]);
}

static void run_fire(void)
{
    uint64_t base_ns, start_ns;

    timers = micro_memory(TIMERS, sizeof *timers);
    due_ns = micro_memory(TIMERS, sizeof *due_ns);
    ev_now_update(loop);
    base_ns = micro_now_ns();
    for (int i = 0; i < TIMERS; i++) {
        uint64_t delay_ms = FIRE_MIN_MS + micro_random() % FIRE_SPAN_MS;

        due_ns[i] = base_ns + delay_ms * 1000000;
        ev_timer_init(&timers[i], on_fired, seconds(delay_ms), 0);
        ev_timer_start(loop, &timers[i]);
    }
    start_ns = micro_thread_ns();
    ev_run(loop, 0);
    micro_print_fired(start_ns);
}

/* ---- tasks ---- */

struct work {
    ev_prepare watcher;
    int calls;
};

static unsigned works_live;
static uint64_t works_ended;

static void on_fed(struct ev_loop *of, ev_prepare *watcher, int events)
{
    struct work *self = (struct work *)(void *)watcher;

    (void)events;
    if (++self->calls < 2) {
        ev_feed_event(of, watcher, EV_CUSTOM);
        return;
    }
    free(self);
    works_live--;
    works_ended++;
}

static void spawn_work(void)
{
    struct work *self = malloc(sizeof *self);

    micro_check(self != NULL, "memory");
    self->calls = 0;
    ev_prepare_init(&self->watcher, on_fed);
    ev_feed_event(loop, &self->watcher, EV_CUSTOM);
}

static void run_spawn(void)
{
    uint64_t start_ns = micro_thread_ns();

    for (int i = 0; i < TASKS / BATCH; i++) {
        for (works_live = 0; works_live < BATCH; works_live++)
            spawn_work();
        while (works_live > 0)
            ev_run(loop, EVRUN_NOWAIT);
    }
    micro_print_since("spawn_yield", start_ns, TASKS);
    micro_check(works_ended == TASKS, "tasks that ended");
}

/* ---- threads ---- */

static ev_async async;
static bool is_over;

static void on_async(struct ev_loop *of, ev_async *self, int events)
{
    (void)self, (void)events;
    is_over = micro_queue_receive();
    if (is_over)
        ev_break(of, EVBREAK_ONE);
}

static void wake(void)
{
    ev_async_send(loop, &async);
}

static void run_until_over(void)
{
    for (is_over = false; !is_over;)
        ev_run(loop, 0);
}

static void run_threads(void)
{
    ev_async_init(&async, on_async);
    ev_async_start(loop, &async);
    micro_queue_threads(wake, run_until_over);
}

int main(int argc, char **argv)
{
    static const micro_group groups[] = {{"timers", run_timers},
                                         {"fire", run_fire},
                                         {"spawn", run_spawn},
                                         {"threads", run_threads},
                                         {NULL, NULL}};

    loop = ev_default_loop(EVBACKEND_EPOLL);
    micro_check(loop != NULL, "a loop");
    return micro_main(argc, argv, groups);
}
